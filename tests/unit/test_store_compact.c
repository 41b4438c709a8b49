/* SPDX-License-Identifier: MIT */
/* What compaction promises: one free slot, in bounded steps, and no room lost as values grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define REGION MIB(1)
#define ROUNDS 30U
#define RECORD_MAX 2000U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static const struct store_config config = {.media = {.base = region, .size = REGION}};
static struct walker walk;
static struct store store;

static int fresh_store(void **state)
{
	(void)state;
	return store_format(&config.media, 1) || store_open(&store, &config);
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static void walk_region(void)
{
	if (!walker_walk(&walk, region, store.config.media.size))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
}

/* The value of KEY at its length LEN: nothing but these two decide it. */
static const uint8_t *value_of(uint32_t key, uint32_t len)
{
	static uint8_t value[RECORD_MAX];
	struct rng r = rng_seeded((uint64_t)key << 32 | len);

	rng_fill(&r, value, len);
	return value;
}

static void put(uint32_t key, uint32_t len)
{
	assert_in_range(len, 0, RECORD_MAX);
	assert_int_equal(
		store_put(&store, &key, sizeof(key), value_of(key, len), len, NULL, 0, STORE_NEVER),
		0);
}

static void assert_value(uint32_t key, uint32_t len)
{
	struct store_view view;

	assert_int_equal(store_get(&store, &key, sizeof(key), &view), 0);
	assert_int_equal(view.data_len, len);
	assert_memory_equal(view.data, value_of(key, len), len);
	store_release(&store, &view);
}

/* Steps until there is nothing to do; each moves no more than it was allowed, and one record. */
static void compact_by(uint32_t max_bytes)
{
	uint32_t left = 1000000;
	struct store_stats before, after;
	int more;

	do {
		store_stat(&store, &before);
		more = store_compact(&store, max_bytes);
		store_stat(&store, &after);
		assert_in_range(more, 0, 1);
		assert_true(after.moved_bytes - before.moved_bytes <=
			    (uint64_t)max_bytes + slot_size(RECORD_MAX));
		assert_int_not_equal(--left, 0);
	} while (more == 1);
	walk_region();
}

/* A region full of records of any size, of which two thirds are then deleted; how many are left. */
static uint32_t make_holes(struct rng *r, uint32_t *len, uint32_t count)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++) {
		len[i] = 1 + rng_below(r, rng_below(r, 2) == 0 ? 60 : 1500);
		put(i, len[i]);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (rng_below(r, 3) == 0) {
			left++;
			continue;
		}
		assert_int_equal(store_delete(&store, &i, sizeof(i)), 0);
		len[i] = 0;
	}
	return left;
}

static void test_free_space_becomes_one_slot(void **state)
{
	static const uint32_t steps[] = {1, 100, 3000, 100000, UINT32_MAX};
	static uint32_t len[1200];

	for (uint32_t i = 0; i < ARRAY_SIZE(steps) * 4; i++) {
		struct rng r = rng_seeded(i);
		uint32_t left;

		assert_int_equal(fresh_store(state), 0);
		left = make_holes(&r, len, ARRAY_SIZE(len));
		walk_region();
		assert_in_range(walk.frees, 100, UINT32_MAX);
		compact_by(steps[i % ARRAY_SIZE(steps)]);
		assert_int_equal(walk.frees, 1);
		assert_int_equal(walk.entries, left);
		assert_int_equal(walker_used_end(&walk) - CHAIN_START, walk.live_bytes);
		for (uint32_t key = 0; key < ARRAY_SIZE(len); key++)
			if (len[key] > 0)
				assert_value(key, len[key]);
		store_close(&store);
	}
}

/* The only room is one hole as large as the largest record; the tail is full. */
static void test_one_hole_is_enough(void **state)
{
	struct store_stats st;
	uint32_t n = 0;

	(void)state;
	do {
		put(n++, 1000);
		store_stat(&store, &st);
	} while (st.largest >= 1004);
	if (st.largest >= 4)
		put(n++, st.largest - 4);
	for (uint32_t i = 0; i < n; i += 100)
		assert_int_equal(store_delete(&store, &i, sizeof(i)), 0);
	walk_region();
	assert_in_range(walk.frees, 2, UINT32_MAX);
	compact_by(UINT32_MAX);
	assert_int_equal(walk.frees, 1);
	for (uint32_t i = 0; i < n - 1; i++)
		if (i % 100 != 0)
			assert_value(i, 1000);
}

/* All free bytes together are enough, no slot is: the put makes room. */
static void test_a_put_makes_room(void **state)
{
	static uint8_t large[KIB(200)];
	struct store_stats st;
	uint32_t n = 0;

	(void)state;
	do {
		put(n++, 1000);
		store_stat(&store, &st);
	} while (st.largest >= 1004);
	for (uint32_t i = 0; i < n; i += 4)
		assert_int_equal(store_delete(&store, &i, sizeof(i)), 0);
	store_stat(&store, &st);
	assert_in_range(st.free_bytes, sizeof(large) + 100, UINT32_MAX);
	assert_in_range(st.largest, 1000, 4000);
	assert_int_equal(store_put(&store, "large", 5, large, sizeof(large), NULL, 0, STORE_NEVER),
			 0);
	walk_region();
	for (uint32_t i = 0; i < n; i++)
		if (i % 4 != 0)
			assert_value(i, 1000);
}

/* A pinned record stays where it is; behind its release compaction goes on. */
static void test_pinned_records_stay(void **state)
{
	static uint32_t len[1200];
	struct rng r = rng_seeded(3);
	struct store_view view;
	uint32_t key = 0;

	(void)state;
	make_holes(&r, len, ARRAY_SIZE(len));
	walk_region();
	assert_in_range(walk.entries, 20, UINT32_MAX);
	memcpy(&key, walk.entry[walk.entries - 5].key, sizeof(key));
	assert_int_equal(store_get(&store, &key, sizeof(key), &view), 0);
	compact_by(5000);
	assert_int_equal(walker_find(&walk, &key, sizeof(key))->off, view.slot);
	assert_memory_equal(view.data, value_of(key, len[key]), len[key]);
	store_release(&store, &view);
	compact_by(5000);
	assert_int_equal(walk.frees, 1);
	assert_value(key, len[key]);
}

/*
 * [first][hole][1000 bytes]...: there is no room for the record behind the hole, so compaction
 * passes by it. After a clear nothing of that may be left: slots begin elsewhere then.
 */
static void test_clear_forgets_what_was_passed(void **state)
{
	struct store_stats st;
	uint32_t n = 3, hole = 1;

	(void)state;
	put(0, 100);
	put(hole, 100);
	put(2, 1000);
	for (store_stat(&store, &st); st.largest > 0; store_stat(&store, &st))
		put(n++, st.largest - 4 < RECORD_MAX ? st.largest - 4 : RECORD_MAX);
	assert_int_equal(store_delete(&store, &hole, sizeof(hole)), 0);
	compact_by(UINT32_MAX);
	assert_int_equal(walk.frees, 1);
	assert_int_not_equal(walker_used_end(&walk), walk.free[0].off);
	assert_int_equal(store_clear(&store), 0);
	put(0, RECORD_MAX);
	compact_by(UINT32_MAX);
	assert_value(0, RECORD_MAX);
	assert_int_equal(walk.frees, 1);
}

/* Every value grows by 5 % a round; what is used stays below 1.5 times the bytes of the entries. */
static void values_grow(uint32_t keys, uint32_t len)
{
	uint64_t live = 0;
	uint32_t used;

	for (uint32_t round = 0; round < ROUNDS; round++, len += len / 20)
		for (uint32_t i = 0; i < keys; i++)
			put(i, len);
	walk_region();
	assert_int_equal(walk.entries, keys);
	for (uint32_t i = 0; i < keys; i++)
		live += walk.entry[i].key_len + walk.entry[i].data_len;
	used = walker_used_end(&walk) - CHAIN_START;
	print_message("figure store_growth_%u_keys %.2f ratio\n", keys,
		      (double)used / (double)live);
	assert_true(used * 2ULL <= live * 3);
}

static void test_growing_values(void **state)
{
	static const uint32_t counts[] = {5, 18, 100, 400};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		assert_int_equal(fresh_store(state), 0);
		values_grow(counts[i], 400);
		store_close(&store);
	}
}

#define COMPACT_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_space_becomes_one_slot),
		COMPACT_TEST(test_one_hole_is_enough),
		COMPACT_TEST(test_a_put_makes_room),
		COMPACT_TEST(test_pinned_records_stay),
		COMPACT_TEST(test_clear_forgets_what_was_passed),
		cmocka_unit_test(test_growing_values),
	};

	return cmocka_run_group_tests_name("store compact", tests, NULL, NULL);
}
