/* SPDX-License-Identifier: MIT */
/* The rules of a store that is shared, one by one; one thread plays all who share it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define SHARERS 4U
#define LONG_BATCH 200U

static uint8_t region[32768] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static uint32_t current; /* who calls */
static int64_t time_now;

static uint32_t self(void *ctx)
{
	(void)ctx;
	return current;
}

/* What happens between a read's look at the index and its look at the clock. */
static void (*meanwhile)(void);

static int64_t late_clock(void *ctx)
{
	void (*now)(void) = meanwhile;
	uint32_t reader = current;

	meanwhile = NULL;
	if (now) {
		current = 0;
		now();
		current = reader;
	}
	(void)ctx;
	return time_now;
}

/* A store in the first SIZE bytes of the region, all of which it may have, shared; sharer 0 calls.
 */
static void start(uint32_t size, uint32_t max_entries, enum store_policy policy)
{
	const struct store_sharing sharing = {.sharers = SHARERS, .self = self, .patience_ns = 1};
	struct store_config config = {.media = {.base = region, .size = size},
				      .now = late_clock,
				      .max_entries = max_entries,
				      .policy = policy};

	current = 0;
	time_now = 1;
	assert_int_equal(store_format(&config.media, 1), 0);
	config.media.size = sizeof(region);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
}

static void put(const char *key, const char *value)
{
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
}

/* Every call that would write, by sharer 1 while sharer 0 has the lock. */
static void all_time_out(void)
{
	uint32_t was = current;

	current = 1;
	assert_int_equal(store_put(&store, "x", 1, "1", 1, NULL, 0, STORE_NEVER), -ETIMEDOUT);
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "x", 1, "1", 1, NULL, 0, STORE_NEVER),
			 -ETIMEDOUT);
	assert_int_equal(store_delete(&store, "a", 1), -ETIMEDOUT);
	assert_int_equal(store_batch_begin(&store), -ETIMEDOUT);
	assert_int_equal(store_clear(&store), -ETIMEDOUT);
	assert_int_equal(store_purge(&store, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(store_compact(&store, UINT32_MAX), -ETIMEDOUT);
	assert_int_equal(store_grow(&store, 16384), -ETIMEDOUT);
	assert_int_equal(store_contains(&store, "a", 1), 0);
	assert_int_equal(store_contains(&store, "x", 1), -ENOENT);
	current = was;
}

static int visit_once(void *ctx, const struct store_view *view)
{
	(void)view;
	all_time_out();
	assert_int_equal(store_put(&store, "y", 1, "1", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_int_equal(store_contains(&store, "a", 1), 0);
	++*(int *)ctx;
	return 0;
}

/* While one has the lock, calls that write come to nothing, and reads go on. */
static void others_wait(void **state)
{
	int visits = 0;

	(void)state;
	start(8192, 0, STORE_LRU);
	put("a", "1");
	assert_int_equal(store_batch_begin(&store), 0);
	all_time_out();
	assert_int_equal(store_batch_put(&store, "b", 1, "1", 1, NULL, 0, STORE_NEVER), 0);
	all_time_out();
	assert_int_equal(store_contains(&store, "b", 1), -ENOENT);
	assert_int_equal(store_put(&store, "a", 1, "2", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_int_equal(store_batch_commit(&store), 0);
	current = 1;
	assert_int_equal(store_contains(&store, "b", 1), 0);
	assert_int_equal(store_delete(&store, "b", 1), 0);
	current = 0;
	assert_int_equal(store_batch_begin(&store), 0);
	store_batch_abort(&store);
	assert_int_equal(store_iterate(&store, visit_once, &visits), 0);
	assert_int_equal(visits, 1);
	current = 1;
	put("b", "1");
	store_close(&store);
}

/* A view keeps its bytes although its entry is gone, and they are used again behind it. */
static void views_keep_room(void **state)
{
	static uint8_t big[3000], other[3000];
	struct store_stats before, after;
	struct store_view view;

	(void)state;
	start(8192, 0, STORE_LRU);
	memset(big, 'b', sizeof(big));
	memset(other, 'o', sizeof(other));
	store_stat(&store, &before);
	assert_int_equal(store_put(&store, "a", 1, big, sizeof(big), NULL, 0, STORE_NEVER), 0);
	current = 1;
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	current = 0;
	assert_int_equal(store_delete(&store, "a", 1), 0);
	assert_int_equal(store_put(&store, "b", 1, other, sizeof(other), NULL, 0, STORE_NEVER),
			 -ENOSPC);
	assert_int_equal(store_clear(&store), 0);
	assert_true(store_compact(&store, UINT32_MAX) >= 0);
	assert_memory_equal(view.data, big, sizeof(big));
	store_stat(&store, &after);
	assert_int_equal(after.pinned, 1);
	current = 1;
	store_release(&store, &view);
	current = 0;
	assert_int_equal(store_put(&store, "b", 1, other, sizeof(other), NULL, 0, STORE_NEVER), 0);
	assert_int_equal(store_delete(&store, "b", 1), 0);
	store_stat(&store, &after);
	assert_int_equal(after.free_bytes, before.free_bytes);
	assert_int_equal(after.pinned, 0);
	store_close(&store);
}

/* Each may hold STORE_VIEWS views, of one entry or of many. */
static void views_have_an_end(void **state)
{
	struct store_view views[SHARERS][STORE_VIEWS + 1];

	(void)state;
	start(8192, 0, STORE_LRU);
	put("a", "1");
	for (current = 0; current < SHARERS; current++) {
		for (uint32_t i = 0; i < STORE_VIEWS; i++)
			assert_int_equal(store_get(&store, "a", 1, &views[current][i]), 0);
		assert_int_equal(store_get(&store, "a", 1, &views[current][STORE_VIEWS]), -ENOMEM);
		assert_int_equal(store_contains(&store, "a", 1), 0);
	}
	current = 0;
	put("a", "2");
	assert_int_equal(store_delete(&store, "a", 1), 0);
	for (current = 0; current < SHARERS; current++)
		for (uint32_t i = 0; i < STORE_VIEWS; i++) {
			assert_memory_equal(views[current][i].data, "1", 1);
			store_release(&store, &views[current][i]);
		}
	current = 0;
	put("b", "1");
	assert_int_equal(store_get(&store, "b", 1, &views[0][0]), 0);
	store_release(&store, &views[0][0]);
	store_close(&store);
}

static int put_big(const char *key)
{
	static const uint8_t big[3000] = {1};

	return store_put(&store, key, 1, big, sizeof(big), NULL, 0, STORE_NEVER);
}

/* Readers find what lies where there was no store before. */
static void grows(void **state)
{
	static uint8_t data[3000];
	uint32_t len;

	(void)state;
	start(8192, 0, STORE_LRU);
	assert_int_equal(put_big("a"), 0);
	assert_int_equal(put_big("b"), -ENOSPC);
	assert_int_equal(store_grow(&store, sizeof(region)), 0);
	assert_int_equal(put_big("b"), 0);
	assert_int_equal(put_big("c"), 0);
	for (current = 0; current < SHARERS; current++) {
		assert_int_equal(store_read(&store, "c", 1, data, sizeof(data), &len), 0);
		assert_int_equal(store_contains(&store, "b", 1), 0);
	}
	current = 0;
	store_close(&store);
}

/* What any of them read last stays, and the next one goes. */
static void reads_count_for_the_order(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 2 * SHARERS; n++) {
		start(8192, 4, n % 2 ? STORE_LRU : STORE_SIEVE);
		put("a", "1");
		put("b", "1");
		put("c", "1");
		put("d", "1");
		current = n / 2;
		assert_int_equal(store_contains(&store, "a", 1), 0);
		current = 0;
		put("e", "1");
		assert_int_equal(store_contains(&store, "a", 1), 0);
		assert_int_equal(store_contains(&store, "b", 1), -ENOENT);
		assert_int_equal(store_size(&store), 4);
		store_close(&store);
	}
}

/* What is damaged is served to nobody, and leaves its neighbours alone. */
static void damage(void **state)
{
	struct store_view view;
	uint32_t off;
	char data[8];

	(void)state;
	start(8192, 0, STORE_LRU);
	put("a", "1");
	put("b", "2");
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	off = (uint32_t)((const uint8_t *)view.data - region);
	store_release(&store, &view);
	region[off] ^= 4;
	for (current = 0; current < SHARERS; current++) {
		uint32_t len;

		assert_int_equal(store_get(&store, "a", 1, &view), -EBADMSG);
		assert_int_equal(store_contains(&store, "a", 1), -EBADMSG);
		assert_int_equal(store_read(&store, "a", 1, data, sizeof(data), &len), -EBADMSG);
		assert_int_equal(store_contains(&store, "b", 1), 0);
	}
	current = 0;
	store_close(&store);
}

static void replace_then_expire(void)
{
	put("a", "2");
	time_now = 100;
}

/*
 * The entry is replaced by one that never expires, before the old one does: it is there all along,
 * whatever the reader has in hand when it looks at the clock.
 */
static void expiry_of_the_replaced(void **state)
{
	struct store_view view;
	uint32_t len;
	char data[8];

	(void)state;
	start(8192, 0, STORE_LRU);
	for (int call = 0; call < 3; call++) {
		time_now = 1;
		assert_int_equal(store_put(&store, "a", 1, "1", 1, NULL, 0, 50), 0);
		current = 1;
		meanwhile = replace_then_expire;
		if (call == 0) {
			assert_int_equal(store_get(&store, "a", 1, &view), 0);
			store_release(&store, &view);
		} else if (call == 1) {
			assert_int_equal(store_read(&store, "a", 1, data, sizeof(data), &len), 0);
		} else {
			assert_int_equal(store_contains(&store, "a", 1), 0);
		}
		assert_null(meanwhile);
		current = 0;
	}
	store_close(&store);
}

/* More changes at once than calls make otherwise. */
static void long_batches(void **state)
{
	(void)state;
	start(sizeof(region), 0, STORE_LRU);
	for (int del = 0; del < 2; del++) {
		assert_int_equal(store_batch_begin(&store), 0);
		for (uint32_t i = 0; i < LONG_BATCH; i++)
			assert_int_equal(del ? store_batch_delete(&store, &i, sizeof(i))
					     : store_batch_put(&store, &i, sizeof(i), "", 0, NULL,
							       0, STORE_NEVER),
					 0);
		current = 1;
		assert_int_equal(store_size(&store), del ? LONG_BATCH : 0);
		current = 0;
		assert_int_equal(store_batch_commit(&store), 0);
		current = 1;
		assert_int_equal(store_size(&store), del ? 0 : LONG_BATCH);
		current = 0;
	}
	store_close(&store);
}

static void open_both(struct store *alone, void *other, enum store_policy policy)
{
	const struct store_sharing sharing = {.sharers = SHARERS, .self = self, .patience_ns = 1};
	struct store_config config = {
		.media = {.base = region, .size = 8192}, .max_entries = 6, .policy = policy};

	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
	config.media.base = other;
	assert_int_equal(store_open(alone, &config), 0);
}

/* A random call of each of the two stores. */
static void call_both(struct store *alone, struct rng *rng)
{
	uint32_t what = rng_below(rng, 16), len = rng_below(rng, 100);
	char key = (char)('a' + rng_below(rng, 12));
	static const char value[100];
	struct store *both[] = {&store, alone};
	int answers[2];

	for (int i = 0; i < 2; i++) {
		if (what < 6)
			answers[i] = store_put(both[i], &key, 1, value, len, NULL, 0, STORE_NEVER);
		else if (what < 14)
			answers[i] = store_contains(both[i], &key, 1);
		else if (what < 15)
			answers[i] = store_delete(both[i], &key, 1);
		else
			answers[i] = store_compact(both[i], 1000);
	}
	assert_int_equal(answers[0], answers[1]);
}

/* One sharer alone has the store that it would have without sharing it, byte by byte: also who
 * goes when there is one entry too many. */
static void same_as_alone(void **state)
{
	static uint8_t other[8192] __attribute__((aligned(STORE_REGION_ALIGN)));
	struct rng rng = rng_seeded(1);
	struct store alone;

	(void)state;
	for (enum store_policy policy = STORE_LRU; policy <= STORE_SIEVE; policy++) {
		start(sizeof(other), 6, policy);
		store_close(&store);
		memcpy(other, region, sizeof(other));
		open_both(&alone, other, policy);
		for (uint32_t i = 0; i < 5000; i++) {
			call_both(&alone, &rng);
			assert_memory_equal(region, other, sizeof(other));
		}
		store_close(&store);
		store_close(&alone);
	}
}

static void refusals(void **state)
{
	struct store_sharing sharing = {.sharers = 2, .self = self, .patience_ns = 1};
	struct store_config config = {.media = {.base = region, .size = 8192}};
	struct store_view view;

	(void)state;
	assert_int_equal(store_share(&store, &sharing), -EBADF);
	start(8192, 0, STORE_LRU);
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
	sharing.sharers = 0;
	assert_int_equal(store_share(&store, &sharing), -EINVAL);
	sharing.sharers = STORE_SHARERS_MAX + 1;
	assert_int_equal(store_share(&store, &sharing), -EINVAL);
	sharing.sharers = STORE_SHARERS_MAX;
	sharing.self = NULL;
	assert_int_equal(store_share(&store, &sharing), -EINVAL);
	sharing.self = self;
	sharing.patience_ns = 0;
	assert_int_equal(store_share(&store, &sharing), -EINVAL);
	sharing.patience_ns = 1;
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_batch_abort(&store);
	put("a", "1");
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	assert_int_equal(store_share(&store, &sharing), -EBUSY);
	store_release(&store, &view);
	assert_int_equal(store_share(&store, &sharing), 0);
	assert_int_equal(store_contains(&store, "a", 1), 0);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_wait),
		cmocka_unit_test(views_keep_room),
		cmocka_unit_test(views_have_an_end),
		cmocka_unit_test(grows),
		cmocka_unit_test(reads_count_for_the_order),
		cmocka_unit_test(damage),
		cmocka_unit_test(long_batches),
		cmocka_unit_test(same_as_alone),
		cmocka_unit_test(expiry_of_the_replaced),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
