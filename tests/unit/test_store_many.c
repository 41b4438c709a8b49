/* SPDX-License-Identifier: MIT */
/*
 * Thousands of entries and of free slots: what the lists and tables outside the region do only when
 * they are large. Each put must take the free slot that a scan of the region finds; now and then
 * everything is compared.
 *
 * STORE_SEED and STORE_MANY choose the seed and the number of operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/types.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define REGION MIB(1)
#define KEYS 8000U
#define LEN_MAX 250U

static uint8_t *region;
static struct walker walk;
static struct store store;
static uint32_t limit; /* max_entries */

static struct {
	bool there;
	uint8_t len;
	uint32_t used; /* when it was put or read last */
} model[KEYS];
static uint32_t entries, now, most_entries, most_frees;

static int map_region(void **state)
{
	(void)state;
	region = aligned_alloc(STORE_REGION_ALIGN, REGION);
	return region == NULL;
}

static int unmap_region(void **state)
{
	(void)state;
	store_close(&store);
	free(region);
	return 0;
}

static void open_store(void)
{
	const struct store_config config = {
		.media = {.base = region, .size = REGION},
		.max_entries = limit,
	};

	assert_int_equal(store_open(&store, &config), 0);
}

static uint32_t eldest(void)
{
	uint32_t n = KEYS;

	for (uint32_t i = 0; i < KEYS; i++)
		if (model[i].there && (n == KEYS || model[i].used < model[n].used))
			n = i;
	return n;
}

static void forget(uint32_t key)
{
	entries -= model[key].there;
	model[key].there = false;
}

/* With room in one slot the record goes where the rule says. */
static void put(uint32_t key, uint8_t len)
{
	static const uint8_t value[LEN_MAX];
	uint32_t need = ROUND_UP(40 + (uint32_t)sizeof(key) + len, 8);
	struct walker_free best = walker_best(region, REGION, need);
	struct store_view view;
	int err = store_put(&store, &key, sizeof(key), value, len, NULL, 0, STORE_NEVER);

	if (err == -ENOSPC) {
		assert_int_equal(best.size, 0);
		return;
	}
	assert_int_equal(err, 0);
	if (!model[key].there && limit > 0 && entries == limit)
		forget(eldest());
	entries += !model[key].there;
	model[key].there = true;
	model[key].len = len;
	model[key].used = now;
	assert_int_equal(store_get(&store, &key, sizeof(key), &view), 0);
	if (best.size > 0)
		assert_int_equal(view.slot, best.off);
	assert_int_equal(view.data_len, len);
	store_release(&store, &view);
}

static void read_key(uint32_t key)
{
	int err = store_contains(&store, &key, sizeof(key));

	assert_int_equal(err, model[key].there ? 0 : -ENOENT);
	model[key].used = now;
}

static void delete_key(uint32_t key)
{
	int err = store_delete(&store, &key, sizeof(key));

	assert_int_equal(err, model[key].there ? 0 : -ENOENT);
	forget(key);
}

/* Comparison */

struct free_slots {
	uint32_t count;
	uint64_t last;
};

/* By size and offset, the region's last one last; each is one of the walk. */
static int check_free(void *ctx, uint32_t off, uint32_t size)
{
	struct free_slots *f = ctx;
	uint32_t lo = 0, hi = walk.frees;
	uint64_t key = (uint64_t)size << 32 | off;

	while (hi - lo > 1) {
		uint32_t mid = (lo + hi) / 2;

		if (walk.free[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	assert_int_equal(walk.free[lo].off, off);
	assert_int_equal(walk.free[lo].size, size);
	assert_true(key > f->last || off + size == walk.end);
	f->last = key;
	f->count++;
	return 0;
}

static int check_order(void *ctx, const struct store_view *view)
{
	uint32_t key, *last = ctx;

	memcpy(&key, view->key, sizeof(key));
	assert_true(model[key].there && model[key].used > *last);
	*last = model[key].used;
	return 0;
}

static void check_stat(void)
{
	uint32_t largest = walker_largest(&walk);
	struct store_stats st;

	store_stat(&store, &st);
	assert_int_equal(st.entries, entries);
	assert_int_equal(st.used_bytes, walk.live_bytes);
	assert_int_equal(st.free_bytes, walk.free_bytes);
	assert_int_equal(st.free_slots, walk.frees);
	assert_int_equal(st.largest, largest > 0 ? largest - 40 : 0);
}

/* The largest put there may be: behind it stat knows the next largest slot. */
static void check_largest(void)
{
	static const uint8_t value[REGION];
	struct store_stats st;
	uint32_t key = KEYS, largest;

	store_stat(&store, &st);
	assert_int_equal(store_put(&store, &key, sizeof(key), value,
				   st.largest - (uint32_t)sizeof(key), NULL, 0, STORE_NEVER),
			 0);
	assert_true(walker_walk(&walk, region, REGION));
	store_stat(&store, &st);
	largest = walker_largest(&walk);
	assert_int_equal(st.largest, largest > 0 ? largest - 40 : 0);
	assert_int_equal(store_delete(&store, &key, sizeof(key)), 0);
}

static void check(void)
{
	struct free_slots f = {0, 0};
	uint32_t last = 0;

	if (!walker_walk(&walk, region, REGION))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
	most_entries = walk.entries > most_entries ? walk.entries : most_entries;
	most_frees = walk.frees > most_frees ? walk.frees : most_frees;
	assert_int_equal(walk.entries, entries);
	check_stat();
	for (uint32_t key = 0; key < KEYS; key++) {
		const struct walker_entry *e = walker_find(&walk, &key, sizeof(key));

		assert_int_equal(e != NULL, model[key].there);
		if (e != NULL)
			assert_int_equal(e->data_len, model[key].len);
	}
	assert_int_equal(store_each_free(&store, check_free, &f), 0);
	assert_int_equal(f.count, walk.frees);
	assert_int_equal(store_each_eldest(&store, check_order, &last), 0);
}

/* Each entry is found where the walk has it; this counts as a read of all, in that order. */
static void check_index(void)
{
	for (uint32_t n = 0; n < walk.entries; n++) {
		const struct walker_entry *e = &walk.entry[n];
		struct store_view view;
		uint32_t key;

		memcpy(&key, e->key, sizeof(key));
		assert_int_equal(store_get(&store, &key, sizeof(key), &view), 0);
		assert_int_equal(view.slot, e->off);
		store_release(&store, &view);
		model[key].used = ++now;
	}
}

/* The order is that of the region then. */
static void reopen(void)
{
	store_close(&store);
	open_store();
	assert_true(walker_walk(&walk, region, REGION));
	for (uint32_t n = 0; n < walk.entries; n++) {
		uint32_t key;

		memcpy(&key, walk.entry[n].key, sizeof(key));
		model[key].used = ++now;
	}
}

/* Mostly puts, or mostly deletes, by turns; in the second half of a turn only small values. */
static void play(uint64_t seed, uint32_t count)
{
	struct rng r = rng_seeded(seed);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t turn = i / 6000, key = rng_below(&r, KEYS), n = rng_below(&r, 100);
		uint32_t most = i / 3000 % 2 == 0 ? LEN_MAX : 30;

		now++;
		if (n < (turn % 2 == 0 ? 75 : 30))
			put(key, (uint8_t)rng_below(&r, most));
		else if (n < 95)
			delete_key(key);
		else
			read_key(key);
		if (rng_below(&r, 500) == 0)
			store_compact(&store, 20000);
		if (i % 1500 == 0) {
			check();
			check_index();
			if (limit == 0)
				check_largest();
		}
		if (rng_below(&r, 4000) == 0)
			reopen();
	}
	check();
}

static void play_from_empty(uint32_t max_entries, uint64_t seed)
{
	const struct store_media media = {.base = region, .size = REGION};

	memset(model, 0, sizeof(model));
	entries = 0;
	now = 0;
	limit = max_entries;
	store_close(&store);
	assert_int_equal(store_format(&media, 1), 0);
	open_store();
	play(env_number("STORE_SEED", seed), (uint32_t)env_number("STORE_MANY", 24000));
}

static void test_many_entries(void **state)
{
	(void)state;
	play_from_empty(0, 1);
	print_message("%u entries, %u free slots\n", most_entries, most_frees);
}

static void test_many_entries_with_a_limit(void **state)
{
	(void)state;
	play_from_empty(3000, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_many_entries_with_a_limit),
	};

	return cmocka_run_group_tests_name("store many", tests, map_region, unmap_region);
}
