/* SPDX-License-Identifier: MIT */
/*
 * The store without memory: any one allocation of a run fails, or all from some on. A call that is
 * refused for it has changed nothing, one that is not has done all of it, and what the region holds
 * is whole either way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/types.h"
#include "store/store.h"
#include "tests/unit/store_test_nomem.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define REGION KIB(128)
#define KEYS 900U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct walker walk;
static struct store store;
static bool shared;
static uint8_t length[KEYS]; /* of the value, and 1; 0: no entry */

static void walk_region(void)
{
	if (!walker_walk(&walk, region, REGION))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
}

/* Each entry is found, and no other. */
static void check_entries(void)
{
	uint8_t value[256];
	uint32_t len, there = 0;

	for (uint32_t key = 0; key < KEYS; key++) {
		int err = store_read(&store, &key, sizeof(key), value, sizeof(value), &len);

		assert_int_equal(err, length[key] > 0 ? 0 : -ENOENT);
		if (err == 0)
			assert_int_equal(len + 1, length[key]);
		there += err == 0;
	}
	assert_int_equal(store_size(&store), there);
	assert_int_equal(walk.entries, there);
}

static void put(uint32_t key, uint32_t len)
{
	static const uint8_t value[256];
	int err = store_put(&store, &key, sizeof(key), value, len, NULL, 0, STORE_NEVER);

	if (err == 0)
		length[key] = (uint8_t)(len + 1);
	else
		assert_int_equal(err, -ENOMEM);
}

static void use_view(uint32_t key)
{
	struct store_view view;
	int err = store_get(&store, &key, sizeof(key), &view);

	if (err == -ENOMEM)
		return;
	assert_int_equal(err, length[key] > 0 ? 0 : -ENOENT);
	if (err == 0)
		store_release(&store, &view);
}

static void end_entry(uint32_t key)
{
	int err = store_delete(&store, &key, sizeof(key));

	assert_int_equal(err, length[key] > 0 ? 0 : -ENOENT);
	length[key] = 0;
}

/* Puts, and deletes that leave holes of all sizes; more than half of them stay. */
static void play(struct rng *r)
{
	for (uint32_t i = 0; i < 2 * KEYS; i++) {
		uint32_t key = rng_below(r, KEYS);

		if (rng_below(r, 4) > 0) {
			put(key, rng_below(r, 90));
		} else {
			end_entry(key);
		}
		if (i % 16 == 0)
			use_view(rng_below(r, KEYS));
	}
}

static uint32_t first_sharer(void *ctx)
{
	(void)ctx;
	return 0;
}

static int open_store(uint32_t max_entries)
{
	const struct store_sharing sharing = {.sharers = 1, .self = first_sharer, .patience_ns = 1};
	const struct store_config config = {
		.media = {.base = region, .size = REGION},
		.max_entries = max_entries,
	};
	int err = store_open(&store, &config);

	if (err || !shared)
		return err;
	err = store_share(&store, &sharing);
	if (err) {
		assert_null(store.share);
		store_close(&store);
	}
	return err;
}

/* One run with COUNT allocations failing from FROM on; how many there were in all. */
static uint32_t run_short_of_memory(uint32_t from, uint32_t count, uint32_t max_entries)
{
	const struct store_media media = {.base = region, .size = REGION};
	struct rng r = rng_seeded(1);
	uint32_t total;
	int err;

	memset(length, 0, sizeof(length));
	assert_int_equal(store_format(&media, 1), 0);
	allocated = 0;
	fail_from = from;
	fail_count = count;
	err = open_store(max_entries);
	if (err == 0) {
		play(&r);
		total = allocated;
	} else {
		assert_int_equal(err, -ENOMEM);
		total = UINT32_MAX;
	}
	fail_from = UINT32_MAX;
	if (err != 0)
		assert_int_equal(open_store(max_entries), 0);
	walk_region();
	check_entries();
	return total;
}

/* With memory again all free slots are used: by puts that find no other, or after an open. */
static void check_all_free_is_found(void)
{
	struct store_stats st;

	store_close(&store);
	assert_int_equal(open_store(0), 0);
	walk_region();
	check_entries();
	store_stat(&store, &st);
	assert_int_equal(st.free_bytes, walk.free_bytes);
	assert_int_equal(st.free_slots, walk.frees);
	store_close(&store);
}

static void test_any_allocation_fails(void **state)
{
	uint32_t total = run_short_of_memory(UINT32_MAX - 1, 0, 0);

	(void)state;
	check_all_free_is_found();
	assert_in_range(total, 20, 10000);
	for (uint32_t from = 0; from < total; from += 1 + from / 40) {
		run_short_of_memory(from, 1, 0);
		check_all_free_is_found();
		run_short_of_memory(from, UINT32_MAX, 0);
		check_all_free_is_found();
	}
}

static void test_any_allocation_fails_with_an_order(void **state)
{
	uint32_t total = run_short_of_memory(UINT32_MAX - 1, 0, KEYS);

	(void)state;
	check_all_free_is_found();
	for (uint32_t from = 0; from < total; from += 1 + from / 40) {
		run_short_of_memory(from, 1 + from % 3, KEYS);
		check_all_free_is_found();
	}
}

static void test_any_allocation_fails_shared(void **state)
{
	shared = true;
	test_any_allocation_fails(state);
	test_any_allocation_fails_with_an_order(state);
	shared = false;
}

/* An open that has no memory for the index says so, and the next one has all entries. */
static void test_open_without_memory(void **state)
{
	uint32_t total;

	(void)state;
	run_short_of_memory(UINT32_MAX - 1, 0, 0);
	store_close(&store);
	allocated = 0;
	assert_int_equal(open_store(0), 0);
	total = allocated;
	store_close(&store);
	for (uint32_t from = 0; from < total; from++) {
		int err;

		allocated = 0;
		fail_from = from;
		fail_count = UINT32_MAX;
		err = open_store(0);
		fail_from = UINT32_MAX;
		assert_true(err == 0 || err == -ENOMEM);
		if (err != 0)
			assert_int_equal(open_store(0), 0);
		walk_region();
		check_entries();
		store_close(&store);
	}
}

static int open_file(uint32_t file_size, uint32_t max_entries)
{
	const struct store_config config = {
		.media = {.base = region, .size = REGION},
		.layout = &store_classic,
		.file_size = file_size,
		.max_entries = max_entries,
	};

	return store_open(&store, &config);
}

/* The same with the plain layout, which gathers the entries before it makes the index. */
static void test_open_file_without_memory(void **state)
{
	uint32_t max_entries = 0, file_size, total;
	struct store_stats st;

	(void)state;
	assert_int_equal(open_file(0, 0), 0);
	for (uint32_t key = 0; key < KEYS; key++)
		put(key, key % 64);
	store_stat(&store, &st);
	file_size = st.file_size;
	do {
		store_close(&store);
		allocated = 0;
		assert_int_equal(open_file(file_size, max_entries), 0);
		total = allocated;
		for (uint32_t from = 0; from < total; from++) {
			int err;

			store_close(&store);
			fail_from = allocated + from;
			fail_count = 1 + from % 2;
			err = open_file(file_size, max_entries);
			fail_from = UINT32_MAX;
			assert_true(err == 0 || err == -ENOMEM);
			if (err != 0)
				assert_int_equal(open_file(file_size, max_entries), 0);
			assert_int_equal(store_size(&store), KEYS);
			for (uint32_t key = 0; key < KEYS; key++)
				assert_int_equal(store_contains(&store, &key, sizeof(key)), 0);
		}
		max_entries = max_entries ? 0 : KEYS;
	} while (max_entries);
	store_close(&store);
}

/* What there was no memory to remember is used again when nothing else is left. */
static void test_forgotten_slots_are_found_again(void **state)
{
	struct store_stats st;
	uint32_t n = 0;

	(void)state;
	memset(length, 0, sizeof(length));
	assert_int_equal(store_format(&(struct store_media){.base = region, .size = REGION}, 1), 0);
	assert_int_equal(open_store(0), 0);
	for (store_stat(&store, &st); st.largest >= 104; store_stat(&store, &st))
		put(n++, 100);
	fail_from = allocated;
	fail_count = UINT32_MAX;
	for (uint32_t key = 0; key < n; key += 2) {
		assert_int_equal(store_delete(&store, &key, sizeof(key)), 0);
		length[key] = 0;
	}
	fail_from = UINT32_MAX;
	for (uint32_t key = 0; key < n; key += 2)
		put(key, 100);
	walk_region();
	check_entries();
	assert_int_equal(walk.entries, n);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_allocation_fails),
		cmocka_unit_test(test_any_allocation_fails_with_an_order),
		cmocka_unit_test(test_any_allocation_fails_shared),
		cmocka_unit_test(test_open_without_memory),
		cmocka_unit_test(test_open_file_without_memory),
		cmocka_unit_test(test_forgotten_slots_are_found_again),
	};

	return cmocka_run_group_tests_name("store nomem", tests, NULL, NULL);
}
