/* SPDX-License-Identifier: MIT */
/* The memory outside the region: index, order and list of free slots, as they grow and shrink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/types.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define REGION MIB(4)
#define ENTRIES 20000U

static uint8_t *region;
static struct store store;

static int map_region(void **state)
{
	(void)state;
	region = aligned_alloc(STORE_REGION_ALIGN, REGION);
	return region == NULL;
}

static int unmap_region(void **state)
{
	(void)state;
	free(region);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static void open_empty(uint32_t max_entries)
{
	const struct store_config config = {
		.media = {.base = region, .size = REGION},
		.max_entries = max_entries,
		.policy = max_entries % 2 == 0 ? STORE_LRU : STORE_SIEVE,
	};

	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&store, &config), 0);
}

static void reopen(void)
{
	struct store_config config = store.config;

	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
}

static int put(uint32_t key)
{
	uint32_t value = ~key;

	return store_put(&store, &key, sizeof(key), &value, sizeof(value), NULL, 0, STORE_NEVER);
}

static void assert_there(uint32_t key)
{
	uint32_t value, len;

	assert_int_equal(store_read(&store, &key, sizeof(key), &value, sizeof(value), &len), 0);
	assert_int_equal(value, ~key);
}

/*
 * At most 12 bytes an entry, 8 more if the number of entries is bounded; 16 a free slot. After
 * entries went the index may be as much as half empty, and the order keeps what it had for PEAK.
 */
static void assert_memory(uint32_t entries, uint32_t peak, const char *when)
{
	bool bounded = store.config.max_entries != 0;
	struct store_stats st;
	size_t most;

	store_stat(&store, &st);
	assert_int_equal(st.entries, entries);
	most = (bounded ? 20 : 12) * (size_t)entries + 256;
	if (entries < peak)
		most = 17 * (size_t)entries + (bounded ? 11 * (size_t)peak : 0) + 256;
	if (entries > 64 && st.index_bytes > most)
		fail_msg("%s: %zu bytes for %u entries, %zu are allowed", when, st.index_bytes,
			 entries, most);
	most = 16 * (size_t)st.free_slots + 1024;
	if (st.free_list_bytes > most)
		fail_msg("%s: %zu bytes for %u free slots, %zu are allowed", when,
			 st.free_list_bytes, st.free_slots, most);
}

/* Grows one by one, loses every other entry, is opened again, and loses the rest. */
static void grow_and_shrink(uint32_t max_entries)
{
	uint32_t left = 0;

	open_empty(max_entries);
	for (uint32_t key = 0; key < ENTRIES; key++) {
		assert_int_equal(put(key), 0);
		assert_memory(key + 1, key + 1, "while it grows");
	}
	for (uint32_t key = 0; key < ENTRIES; key++)
		assert_there(key);
	left = ENTRIES;
	for (uint32_t key = 0; key < ENTRIES; key += 2) {
		assert_int_equal(store_delete(&store, &key, sizeof(key)), 0);
		left--;
	}
	assert_memory(left, ENTRIES, "after half of it went");
	for (uint32_t key = 0; key < ENTRIES; key++) {
		if (key % 2 == 1)
			assert_there(key);
		else
			assert_int_equal(store_contains(&store, &key, sizeof(key)), -ENOENT);
	}
	reopen();
	assert_memory(left, left, "after an open");
	for (uint32_t key = 1; key < ENTRIES; key += 2) {
		assert_there(key);
		assert_int_equal(store_delete(&store, &key, sizeof(key)), 0);
	}
	store_close(&store);
}

static void test_memory_without_a_limit(void **state)
{
	(void)state;
	grow_and_shrink(0);
}

static void test_memory_with_a_limit(void **state)
{
	(void)state;
	grow_and_shrink(ENTRIES);
	grow_and_shrink(ENTRIES + 1);
}

/* With more puts than there may be entries, nothing grows any more. */
static void test_memory_at_the_limit(void **state)
{
	(void)state;
	open_empty(1000);
	for (uint32_t key = 0; key < 10000; key++) {
		assert_int_equal(put(key), 0);
		assert_memory(key < 1000 ? key + 1 : 1000, key + 1, "at the limit");
	}
	store_close(&store);
}

static int check_turn(void *ctx, const struct store_view *view)
{
	uint32_t *turn = ctx, key;

	memcpy(&key, view->key, sizeof(key));
	assert_int_equal(key, *turn);
	++*turn;
	return 0;
}

/* More entries than fit into 16 bits: still in their order, and the eldest goes. */
static void test_order_of_very_many(void **state)
{
	const uint32_t count = 70000;
	uint32_t turn = 0;

	(void)state;
	open_empty(count);
	for (uint32_t key = 0; key < count; key++)
		assert_int_equal(put(key), 0);
	assert_int_equal(store_each_eldest(&store, check_turn, &turn), 0);
	assert_int_equal(turn, count);
	for (; turn < count + 100; turn++)
		assert_int_equal(put(turn), 0);
	turn = 100;
	assert_int_equal(store_each_eldest(&store, check_turn, &turn), 0);
	assert_int_equal(turn, count + 100);
	assert_memory(count, count, "with very many");
}

/* How many entries lie in segments of the index that were made anew since WAS was taken. */
static uint32_t moved(const struct store_segment *was, uint32_t count)
{
	const struct store_index *ix = &store.index;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ix->segment_count; i++)
		if (i >= count || ix->segments[i].slot != was[i].slot)
			n += ix->segments[i].count;
	return n;
}

/* No call waits for the whole index: however large it is, a few segments are copied at most. */
static void test_growth_in_steps(void **state)
{
	static struct store_segment was[ENTRIES / 64];
	uint32_t most = 0;

	(void)state;
	open_empty(0);
	for (uint32_t key = 0; key < 2 * ENTRIES; key++) {
		bool grows = key < ENTRIES;
		uint32_t k = key % ENTRIES, count = store.index.segment_count, n;

		assert_in_range(count, 0, ARRAY_SIZE(was));
		for (uint32_t i = 0; i < count; i++)
			was[i] = store.index.segments[i];
		assert_int_equal(grows ? put(k) : store_delete(&store, &k, sizeof(k)), 0);
		n = moved(was, count);
		most = n > most ? n : most;
	}
	store_close(&store);
	print_message("figure store_index_moved_at_once %u entries\n", most);
	assert_in_range(most, 1, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_memory_without_a_limit, close_store),
		cmocka_unit_test_teardown(test_memory_with_a_limit, close_store),
		cmocka_unit_test_teardown(test_memory_at_the_limit, close_store),
		cmocka_unit_test_teardown(test_growth_in_steps, close_store),
		cmocka_unit_test_teardown(test_order_of_very_many, close_store),
	};

	return cmocka_run_group_tests_name("store memory", tests, map_region, unmap_region);
}
