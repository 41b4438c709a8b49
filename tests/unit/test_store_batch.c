/* SPDX-License-Identifier: MIT */
/* Batches and growing, as a caller sees them; tests/powercut cuts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define REGION 8192U
#define GROWN 16384U

static uint8_t region[GROWN] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_config config = {.media = {.base = region, .size = REGION}};
static struct store store;
static struct walker walk;

static int fresh_store(void **state)
{
	(void)state;
	memset(region, 0xee, sizeof(region));
	config.media.size = REGION;
	config.max_entries = 0;
	return store_format(&config.media, 1) || store_open(&store, &config);
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static void reopen(void)
{
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
}

/* The region is as a walk of it wants it, with so many entries. */
static void check(uint32_t entries)
{
	struct store_stats st;

	if (!walker_walk(&walk, region, store.super.region_size))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
	store_stat(&store, &st);
	assert_int_equal(walk.entries, entries);
	assert_int_equal(st.entries, entries);
	assert_int_equal(walk.quarantined, 0);
	assert_int_equal(walk.free_bytes, st.free_bytes);
}

static void put(const char *key, const char *value)
{
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
}

static int batch_put(const char *key, const char *value)
{
	return store_batch_put(&store, key, (uint32_t)strlen(key), value, (uint32_t)strlen(value),
			       NULL, 0, STORE_NEVER);
}

static int batch_del(const char *key)
{
	return store_batch_delete(&store, key, (uint32_t)strlen(key));
}

/* Whether KEY has VALUE; NULL: there is none. */
static void expect(const char *key, const char *value)
{
	char found[64];
	uint32_t len = 0;
	int err = store_read(&store, key, (uint32_t)strlen(key), found, sizeof(found), &len);

	assert_int_equal(err, value ? 0 : -ENOENT);
	if (value) {
		assert_int_equal(len, strlen(value));
		assert_memory_equal(found, value, len);
	}
}

static void test_nothing_is_seen_before_the_commit(void **state)
{
	(void)state;
	put("replaced", "old");
	put("deleted", "old");
	put("stays", "old");
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(batch_put("replaced", "new"), 0);
	assert_int_equal(batch_put("added", "new"), 0);
	assert_int_equal(batch_del("deleted"), 0);
	expect("replaced", "old");
	expect("deleted", "old");
	expect("added", NULL);
	assert_int_equal(store_size(&store), 3);
	assert_int_equal(store_batch_commit(&store), 0);
	for (int again = 0; again < 2; again++) {
		check(3);
		expect("replaced", "new");
		expect("added", "new");
		expect("deleted", NULL);
		expect("stays", "old");
		reopen();
	}
}

static void test_abort_leaves_all_as_it_was(void **state)
{
	struct store_stats before, after;

	(void)state;
	put("replaced", "old");
	put("deleted", "old");
	store_stat(&store, &before);
	for (int close = 0; close < 2; close++) {
		assert_int_equal(store_batch_begin(&store), 0);
		assert_int_equal(batch_put("replaced", "new"), 0);
		assert_int_equal(batch_put("added", "new"), 0);
		assert_int_equal(batch_del("deleted"), 0);
		if (close)
			reopen();
		else
			store_batch_abort(&store);
		check(2);
		expect("replaced", "old");
		expect("deleted", "old");
		expect("added", NULL);
		store_stat(&store, &after);
		assert_int_equal(after.free_bytes, before.free_bytes);
	}
}

static void test_later_operation_on_a_key_counts(void **state)
{
	(void)state;
	put("put then deleted", "old");
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(batch_put("twice", "1"), 0);
	assert_int_equal(batch_put("twice", "2"), 0);
	assert_int_equal(batch_put("put then deleted", "new"), 0);
	assert_int_equal(batch_del("put then deleted"), 0);
	assert_int_equal(batch_put("only in the batch", "new"), 0);
	assert_int_equal(batch_del("only in the batch"), 0);
	assert_int_equal(batch_del("only in the batch"), -ENOENT);
	assert_int_equal(batch_del("put then deleted"), -ENOENT);
	assert_int_equal(batch_del("never there"), -ENOENT);
	assert_int_equal(store_batch_commit(&store), 0);
	check(1);
	expect("twice", "2");
	reopen();
	check(1);
	expect("twice", "2");
}

static int visit(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	assert_int_equal(store_batch_begin(&store), -EBUSY);
	return 1;
}

static void test_nobody_else_writes_meanwhile(void **state)
{
	(void)state;
	put("a", "1");
	assert_int_equal(batch_put("b", "2"), -EINVAL);
	assert_int_equal(batch_del("a"), -EINVAL);
	assert_int_equal(store_batch_commit(&store), -EINVAL);
	assert_int_equal(store_iterate(&store, visit, NULL), 1);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_batch_begin(&store), -EBUSY);
	assert_int_equal(store_put(&store, "b", 1, "2", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_int_equal(store_delete(&store, "a", 1), -EBUSY);
	assert_int_equal(store_clear(&store), -EBUSY);
	assert_int_equal(store_purge(&store, NULL, NULL), -EBUSY);
	assert_int_equal(store_compact(&store, 1), -EBUSY);
	assert_int_equal(store_grow(&store, REGION), -EBUSY);
	assert_int_equal(batch_put("", "2"), -EDOM);
	assert_int_equal(store_batch_put(&store, "b", 1, "2", UINT32_MAX, NULL, 0, STORE_NEVER),
			 -ERANGE);
	assert_int_equal(store_batch_put(&store, "b", 1, "2", REGION, NULL, 0, STORE_NEVER),
			 -E2BIG);
	assert_int_equal(store_batch_commit(&store), 0); /* of nothing */
	check(1);
	store_close(&store);
	assert_int_equal(store_batch_begin(&store), -EBADF);
	assert_int_equal(store_batch_commit(&store), -EBADF);
	store_batch_abort(&store);
}

/* A view of a record that the batch replaces or deletes stays; its room comes back with release. */
static void test_views_outlive_a_batch(void **state)
{
	struct store_view replaced, deleted;

	(void)state;
	put("replaced", "old");
	put("deleted", "old");
	assert_int_equal(store_get(&store, "replaced", 8, &replaced), 0);
	assert_int_equal(store_get(&store, "deleted", 7, &deleted), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_batch_put(&store, "copied", 6, replaced.data, replaced.data_len,
					 NULL, 0, STORE_NEVER),
			 0);
	assert_int_equal(batch_put("replaced", "new"), 0);
	assert_int_equal(batch_del("deleted"), 0);
	assert_int_equal(store_batch_commit(&store), 0);
	assert_memory_equal(replaced.data, "old", 3);
	assert_memory_equal(deleted.data, "old", 3);
	store_release(&store, &replaced);
	store_release(&store, &deleted);
	check(2);
	expect("copied", "old");
}

/* A batch that does not fit makes room as a put does, and if there is none, none of it happens. */
static void test_full_store(void **state)
{
	char key[16], value[200];
	uint32_t n = 0;

	(void)state;
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (; snprintf(key, sizeof(key), "k%u", n),
	       store_put(&store, key, (uint32_t)strlen(key), value, sizeof(value), NULL, 0,
			 STORE_NEVER) == 0;
	     n++)
		;
	for (uint32_t i = 0; i < n; i += 2) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(store_delete(&store, key, (uint32_t)strlen(key)), 0);
	}
	assert_int_equal(store_batch_begin(&store), 0);
	for (uint32_t i = 1;; i += 2) { /* overwrites: each needs its room beside the old one */
		snprintf(key, sizeof(key), "k%u", i);
		if (i >= n)
			break;
		value[0] = 'w';
		if (batch_put(key, value) == -ENOSPC)
			break;
	}
	assert_int_equal(batch_put("large", value), -ENOSPC);
	store_batch_abort(&store);
	check(n / 2);
	for (uint32_t i = 1; i < n; i += 2) {
		struct store_view view;

		snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(store_get(&store, key, (uint32_t)strlen(key), &view), 0);
		assert_int_equal(*(const char *)view.data, 'v');
		store_release(&store, &view);
	}
}

static void test_entries_beyond_the_most_go(void **state)
{
	(void)state;
	store_close(&store);
	config.max_entries = 3;
	assert_int_equal(store_open(&store, &config), 0);
	put("eldest", "1");
	put("old", "1");
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(batch_put("new", "2"), 0);
	assert_int_equal(batch_put("old", "2"), 0);
	assert_int_equal(batch_put("newer", "2"), 0);
	assert_int_equal(store_batch_commit(&store), 0);
	check(3);
	expect("eldest", NULL);
	expect("old", "2");
}

static void test_grows_into_its_region(void **state)
{
	static uint8_t large[REGION];
	struct store_stats before, after;

	(void)state;
	put("a", "1");
	store_close(&store);
	config.media.size = GROWN;
	assert_int_equal(store_open(&store, &config), 0);
	store_stat(&store, &before);
	assert_int_equal(store_grow(&store, GROWN + 4096), -EINVAL);
	assert_int_equal(store_grow(&store, GROWN - 8), -EINVAL);
	assert_int_equal(store_grow(&store, 4096), -EINVAL);
	assert_int_equal(store_grow(&store, REGION), 0);
	assert_int_equal(store_grow(&store, GROWN), 0);
	store_stat(&store, &after);
	assert_int_equal(after.free_bytes, before.free_bytes + GROWN - REGION);
	assert_int_equal(after.free_slots, 1);
	assert_int_equal(store_put(&store, "large", 5, large, REGION, NULL, 0, STORE_NEVER), 0);
	check(2);
	reopen();
	check(2);
	expect("a", "1");
	store_close(&store);
	config.media.size = REGION;
	assert_int_equal(store_open(&store, &config), -ENOSPC);
}

#define BATCH_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BATCH_TEST(test_nothing_is_seen_before_the_commit),
		BATCH_TEST(test_abort_leaves_all_as_it_was),
		BATCH_TEST(test_later_operation_on_a_key_counts),
		BATCH_TEST(test_nobody_else_writes_meanwhile),
		BATCH_TEST(test_views_outlive_a_batch),
		BATCH_TEST(test_full_store),
		BATCH_TEST(test_entries_beyond_the_most_go),
		BATCH_TEST(test_grows_into_its_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
