/* SPDX-License-Identifier: MIT */
/* A store that is shared, by sharers that this one thread plays: what each may do, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "store/store.h"
#include "tests/unit/store_test_sharers.h"
#include "tests/unit/walker.h"

#define SIZE 65536U

static uint8_t region[SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct walker walk;
static unsigned lines;

static void count_line(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	lines++;
}

static void open_store(uint32_t max_entries)
{
	const struct store_config config = {
		.media = {.base = region, .size = SIZE},
		.report = count_line,
		.max_entries = max_entries,
	};

	assert_int_equal(store_open(&store, &config), 0);
}

static int setup(void **state)
{
	const struct store_media media = {.base = region, .size = SIZE};

	(void)state;
	who = 0;
	lines = 0;
	store_format(&media, 1);
	open_store(0);
	assert_int_equal(store_share(&store, &sharing), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static void test_refused(void **state)
{
	const struct store_sharing none = {.sharers = 0, .self = self, .patience_ns = 1};
	const struct store_sharing many = {
		.sharers = STORE_SHARERS_MAX + 1, .self = self, .patience_ns = 1};
	const struct store_sharing nobody = {.sharers = 1, .patience_ns = 1};
	const struct store_sharing hasty = {.sharers = 1, .self = self};
	const struct store_config file = {.media = {.base = region, .size = SIZE},
					  .layout = &store_classic};
	struct store_view view;

	(void)state;
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_close(&store);
	assert_int_equal(store_share(&store, &sharing), -EBADF);
	open_store(0);
	assert_int_equal(store_share(&store, &none), -EINVAL);
	assert_int_equal(store_share(&store, &many), -EINVAL);
	assert_int_equal(store_share(&store, &nobody), -EINVAL);
	assert_int_equal(store_share(&store, &hasty), -EINVAL);
	assert_int_equal(put("a", "1"), 0);
	assert_int_equal(get("a", &view), 0);
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_release(&store, &view);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_batch_abort(&store);
	assert_int_equal(store_share(&store, &sharing), 0);
	assert_true(is("a", "1"));
	store_close(&store);
	memset(region, 0, sizeof(region));
	assert_int_equal(store_open(&store, &file), 0);
	assert_int_equal(store_share(&store, &sharing), -ENOTSUP);
}

static void test_views(void **state)
{
	struct store_view view[STORE_VIEWS], other, last;
	uint32_t free_bytes;

	(void)state;
	assert_int_equal(put("a", "old"), 0);
	free_bytes = stats().free_bytes;
	for (uint32_t i = 0; i < STORE_VIEWS; i++)
		assert_int_equal(get("a", &view[i]), 0);
	assert_int_equal(get("a", &last), -ENOMEM);
	assert_true(is("a", "old")); /* which needs no view */
	who = 1;
	assert_int_equal(get("a", &other), 0);
	assert_int_equal(stats().pinned, STORE_VIEWS + 1);
	assert_int_equal(put("a", "new"), 0);
	assert_true(is("a", "new"));
	assert_true(stats().free_bytes < free_bytes);
	store_release(&store, &other);
	store_release(&store, &other); /* of nothing */
	who = 0;
	for (uint32_t i = 0; i < STORE_VIEWS; i++) {
		assert_true(shows(&view[i], "old"));
		assert_int_equal(put("b", "x"), 0);
		assert_int_equal(del("b"), 0);
		assert_true(stats().free_bytes < free_bytes);
		store_release(&store, &view[i]);
	}
	assert_int_equal(stats().pinned, 0);
	assert_int_equal(del("c"), -ENOENT); /* a writer finds that nobody is left */
	assert_int_equal(stats().free_bytes, free_bytes);
}

/* A pinned record stays when the region is compacted, and moves when it was released. */
static void test_compaction_waits(void **state)
{
	struct store_view view, moved;

	(void)state;
	assert_int_equal(put("a", "1"), 0);
	assert_int_equal(put("b", "2"), 0);
	assert_int_equal(del("a"), 0);
	who = 2;
	assert_int_equal(get("b", &view), 0);
	who = 0;
	while (store_compact(&store, SIZE) == 1)
		;
	assert_int_equal(get("b", &moved), 0);
	assert_int_equal(moved.slot, view.slot);
	store_release(&store, &moved);
	who = 2;
	store_release(&store, &view);
	who = 0;
	while (store_compact(&store, SIZE) == 1)
		;
	assert_int_equal(get("b", &moved), 0);
	assert_true(moved.slot < view.slot);
	assert_true(shows(&moved, "2"));
}

static int try_writing(void *ctx, const struct store_view *view)
{
	(void)ctx;
	assert_int_equal(put("a", "within"), -EBUSY);
	assert_true(is("a", "1"));
	who = 1;
	assert_int_equal(put("a", "within"), -ETIMEDOUT);
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "a", 1, "2", 1, NULL, 0, STORE_NEVER),
			 -ETIMEDOUT);
	assert_true(is("a", "1"));
	who = 0;
	return view->data_len == 1 ? 7 : 8;
}

/* Nobody else writes within a walk or a batch, and whoever has to wait for too long did nothing. */
static void test_one_after_the_other(void **state)
{
	(void)state;
	assert_int_equal(put("a", "1"), 0);
	assert_int_equal(store_iterate(&store, try_writing, NULL), 7);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_batch_put(&store, "a", 1, "2", 1, NULL, 0, STORE_NEVER), 0);
	assert_int_equal(store_batch_put(&store, "b", 1, "2", 1, NULL, 0, STORE_NEVER), 0);
	assert_int_equal(put("a", "within"), -EBUSY);
	who = 1;
	assert_int_equal(store_batch_put(&store, "c", 1, "3", 1, NULL, 0, STORE_NEVER), -ETIMEDOUT);
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "c", 1, "3", 1, NULL, 0, STORE_NEVER),
			 -ETIMEDOUT);
	assert_int_equal(store_batch_commit(&store), -ETIMEDOUT);
	assert_int_equal(store_clear(&store), -ETIMEDOUT);
	assert_int_equal(store_purge(&store, NULL, NULL), -ETIMEDOUT);
	assert_true(is("a", "1"));
	assert_int_equal(store_size(&store), 1);
	who = 0;
	assert_int_equal(store_batch_commit(&store), 0);
	who = 1;
	assert_true(is("a", "2") && is("b", "2"));
	assert_int_equal(store_size(&store), 2);
	assert_int_equal(put("a", "3"), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_clear(&store), -EBUSY);
	store_batch_abort(&store);
	who = 2;
	assert_int_equal(store_clear(&store), 0);
	assert_int_equal(store_size(&store), 0);
}

/* A reader whose core stopped within the index: reads go on, nothing is ended any more. */
static void test_reader_that_never_returns(void **state)
{
	(void)state;
	assert_int_equal(put("a", "1"), 0);
	assert_int_equal(put("b", "1"), 0);
	stop_reader(2);
	assert_int_equal(del("a"), -ETIMEDOUT);
	assert_int_equal(lines, 1);
	assert_false(is("a", "1"));
	assert_true(is("b", "1"));
	assert_int_equal(put("b", "2"), -ETIMEDOUT);
	assert_int_equal(put("c", "2"), -ETIMEDOUT);
	assert_int_equal(store_compact(&store, SIZE), -ETIMEDOUT);
	assert_int_equal(store_iterate(&store, try_writing, NULL), -ETIMEDOUT);
	assert_int_equal(stats().entries, 0); /* nobody can say */
	assert_int_equal(store_size(&store), 1);
	store.share->reader[2].in = 0;
	assert_int_equal(put("b", "2"), -ETIMEDOUT);
	store_close(&store);
	open_store(0);
	assert_true(is("a", "1")); /* its delete was not acknowledged */
	assert_true(is("b", "1"));
	assert_true(walker_walk(&walk, region, SIZE));
}

/* The put that found out is durable, and was seen; what it replaced is ended by the next open. */
static void test_put_beside_a_reader_that_never_returns(void **state)
{
	(void)state;
	assert_int_equal(put("a", "1"), 0);
	stop_reader(1);
	assert_int_equal(put("a", "2"), 0);
	assert_true(is("a", "2"));
	assert_int_equal(del("a"), -ETIMEDOUT);
	store_close(&store);
	open_store(0);
	assert_true(is("a", "2"));
	assert_int_equal(del("a"), 0);
	store_close(&store);
	open_store(0);
	assert_int_equal(store_size(&store), 0);
}

static void test_memory(void **state)
{
	size_t alone;

	(void)state;
	store_close(&store);
	open_store(0);
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(store_put(&store, &i, sizeof(i), NULL, 0, NULL, 0, STORE_NEVER),
				 0);
	alone = stats().index_bytes;
	assert_int_equal(store_share(&store, &sharing), 0);
	assert_in_range(stats().index_bytes, 2 * alone - 100, 2 * alone);
	assert_int_equal(stats().entries, 300);
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(store_delete(&store, &i, sizeof(i)), 0);
	assert_int_equal(store_size(&store), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_views, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compaction_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_that_never_returns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put_beside_a_reader_that_never_returns, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("store share", tests, NULL, NULL);
}
