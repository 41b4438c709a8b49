/* SPDX-License-Identifier: MIT */
/*
 * What is kept aside as damaged, and its end: store_each_damaged() and store_drop(). Cut anywhere,
 * what was dropped is kept aside or gone and never served; and whatever was damaged, an open and
 * the drops leave a region that store_check() has nothing to say about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/powercut/store_test_subsets.h"
#include "tests/unit/walker.h"

#define REGION 8192U
#define SLOT 48U /* of each entry */
#define A CHAIN_START
#define B (A + SLOT)
#define C (B + SLOT)
#define D (C + SLOT)

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_config config = {.media = {.base = region, .size = REGION}};
static struct store store;
static struct walker walk;

static void put(const char *key, const char *value)
{
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
}

static void set(uint32_t off, uint32_t value)
{
	be32_store(region + off, value);
}

static void open_again(void)
{
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
}

/* Four entries in a row, each in 48 bytes, a free slot behind them. */
static int setup(void **state)
{
	(void)state;
	memset(region, 0, REGION);
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&store, &config), 0);
	put("a", "1");
	put("b", "22");
	put("c", "333");
	put("d", "4444");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/* Makes the entry at OFF one that is kept aside, by its value or else by its mark alone. */
static void damage(uint32_t off, bool value)
{
	store_close(&store);
	if (value)
		region[off + HDR_BYTES + 1] ^= 0x40;
	else
		set(off + HDR_KEYLEN, KEYLEN_QMARK);
	assert_int_equal(store_open(&store, &config), 0);
}

/* A walk of the region and the counts of the store agree on what is there. */
static void check(uint32_t entries, uint32_t quarantined, uint32_t free_slots)
{
	struct store_stats st;

	if (!walker_walk(&walk, region, REGION))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
	store_stat(&store, &st);
	assert_int_equal(walk.entries, entries);
	assert_int_equal(st.entries, entries);
	assert_int_equal(walk.quarantined, quarantined);
	assert_int_equal(st.quarantined, quarantined);
	assert_int_equal(walk.frees, free_slots);
	assert_int_equal(st.free_slots, free_slots);
	assert_int_equal(walk.free_bytes, st.free_bytes);
	assert_int_equal(walk.live_bytes, st.used_bytes);
}

/* Neither problem nor note, and so many records. */
static void check_clean(uint32_t records)
{
	struct store_checkup c = {0};

	assert_int_equal(store_check(&config.media, &c), 0);
	assert_int_equal(c.problems, 0);
	assert_int_equal(c.notes, 0);
	assert_int_equal(c.records, records);
}

/* store_each_damaged() */

struct listing {
	struct store_damage d[8];
	uint32_t count, stop_at;
};

static int list_one(void *ctx, const struct store_damage *d)
{
	struct listing *l = ctx;

	l->d[l->count++] = *d;
	return l->count == l->stop_at ? 77 : 0;
}

static void test_each_damaged(void **state)
{
	struct listing l = {0};

	(void)state;
	assert_int_equal(store_each_damaged(&store, list_one, &l), 0);
	assert_int_equal(l.count, 0);
	damage(B, true);
	store_close(&store);
	set(C + HDR_DATALEN, 1000);
	assert_int_equal(store_open(&store, &config), 0);
	check(2, 2, 1);
	assert_int_equal(store_each_damaged(&store, list_one, &l), 0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.d[0].off, B);
	assert_int_equal(l.d[0].size, SLOT);
	assert_string_equal(l.d[0].key, "\"b\"");
	assert_int_equal(l.d[0].view.slot, B);
	assert_int_equal(l.d[0].view.slot_size, SLOT);
	assert_int_equal(l.d[0].view.key_len, 1);
	assert_memory_equal(l.d[0].view.key, "b", 1);
	assert_int_equal(l.d[0].view.data_len, 2);
	assert_memory_equal(l.d[0].view.data, "r2", 2); /* as it was hit */
	assert_int_equal(l.d[0].view.expiry, STORE_NEVER);
	assert_int_equal(l.d[0].view.version, 2);
	/* Lengths that do not fit are none, but the key may still be told. */
	assert_int_equal(l.d[1].off, C);
	assert_string_equal(l.d[1].key, "\"c\"");
	assert_int_equal(l.d[1].view.key_len, 0);
	assert_int_equal(l.d[1].view.data_len, 0);
	assert_int_equal(l.d[1].view.meta_len, 0);
	assert_int_equal(l.d[1].view.slot, C);

	l = (struct listing){.stop_at = 1};
	assert_int_equal(store_each_damaged(&store, list_one, &l), 77);
	assert_int_equal(l.count, 1);
	set(C, 7); /* a chain that breaks is told, with what was before it */
	l = (struct listing){0};
	assert_int_equal(store_each_damaged(&store, list_one, &l), -EBADMSG);
	assert_int_equal(l.count, 1);
	set(C, SLOT);
	store_close(&store);
	assert_int_equal(store_each_damaged(&store, list_one, &l), -EBADF);
}

/* store_drop() */

static void test_drop(void **state)
{
	(void)state;
	damage(B, true);
	damage(C, false);
	check(2, 2, 1);
	assert_int_equal(store_drop(&store, B), 0);
	check(2, 1, 2);
	assert_int_equal(store_drop(&store, B), -ENOENT);
	assert_int_equal(store_drop(&store, C), 0); /* one free slot with B's */
	check(2, 0, 2);
	assert_int_equal(walk.free[0].off, B);
	assert_int_equal(walk.free[0].size, 2 * SLOT);
	check_clean(2);
	open_again();
	check(2, 0, 2);
	check_clean(2);
	assert_int_equal(store_contains(&store, "b", 1), -ENOENT);
	assert_int_equal(store_contains(&store, "c", 1), -ENOENT);
	put("e", "a value that takes the room of both");
	assert_true(walker_walk(&walk, region, REGION));
	assert_int_equal(walker_find(&walk, "e", 1)->off, B);
}

/* The last one of the chain becomes one with the free slot behind it. */
static void test_drop_joins_the_tail(void **state)
{
	(void)state;
	damage(D, true);
	assert_int_equal(store_drop(&store, D), 0);
	check(3, 0, 1);
	assert_int_equal(walk.free[0].off, D);
	check_clean(3);
}

/* A free slot has lengths that fit in it, for those who check them. */
static void test_drop_of_lengths_that_do_not_fit(void **state)
{
	(void)state;
	store_close(&store);
	set(B + HDR_DATALEN, 1000);
	set(B + HDR_METALEN, UINT32_MAX);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_drop(&store, B), 0);
	check(3, 0, 2);
	check_clean(3);
}

static int drop_within(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	assert_int_equal(store_drop(&store, B), -EBUSY);
	return 0;
}

static void test_drop_refused(void **state)
{
	static const uint32_t wrong[] = {0, A, C, B + 8, B - 8, D + SLOT, REGION, UINT32_MAX};

	(void)state;
	damage(B, true);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(store_drop(&store, wrong[i]), -ENOENT);
	assert_int_equal(store_iterate(&store, drop_within, NULL), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_drop(&store, B), -EBUSY);
	store_batch_abort(&store);
	check(3, 1, 1);
	set(A, SLOT + 8); /* its offset cannot be believed any more */
	assert_int_equal(store_drop(&store, B), -ENOENT);
	set(A, SLOT);
	store_close(&store);
	assert_int_equal(store_drop(&store, B), -EBADF);
}

/* A neighbour that somebody looks at is not touched, and joined when that ends. */
static void test_drop_beside_pinned(void **state)
{
	struct store_view a, c;

	(void)state;
	damage(B, true);
	assert_int_equal(store_get(&store, "a", 1, &a), 0);
	assert_int_equal(store_get(&store, "c", 1, &c), 0);
	assert_int_equal(store_delete(&store, "a", 1), 0);
	assert_int_equal(store_delete(&store, "c", 1), 0);
	assert_int_equal(store_drop(&store, B), 0);
	put("e", "takes the slot that was dropped, and nothing else");
	assert_memory_equal(a.data, "1", 1);
	assert_memory_equal(c.data, "333", 3);
	assert_int_equal(store_delete(&store, "e", 1), 0);
	store_release(&store, &c);
	store_release(&store, &a);
	check(1, 0, 2);
	assert_int_equal(walk.free[0].off, A);
	assert_int_equal(walk.free[0].size, 3 * SLOT);
	check_clean(1);
}

/* A slot in somebody's view is dropped when that ends. */
static void test_drop_of_pinned(void **state)
{
	struct store_view b;

	(void)state;
	assert_int_equal(store_get(&store, "b", 1, &b), 0);
	region[B + SLOT - TRL_W1] ^= 1; /* and so it is set aside when it is replaced */
	put("b", "new");
	assert_int_equal(store_drop(&store, B), -EBUSY);
	for (int i = 0; i < 20; i++)
		put("e", i % 2 ? "xx" : "yy");
	assert_memory_equal(b.data, "22", 2);
	store_release(&store, &b);
	assert_int_equal(store_drop(&store, B), 0);
	check(5, 0, 3); /* another one is from what is put again and again */
	assert_int_equal(walk.free[0].off, B);
	check_clean(5);
}

/* Cuts */

static uint8_t image[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));

struct cut {
	const char *lost; /* the key that was dropped */
	bool b_waits;     /* another one is still kept aside */
	uint32_t kept, gone;
};

/* What an open makes of the image: the record that was dropped is kept aside or gone for good. */
static void try_image(void *ctx)
{
	struct store_config c = {.media = {.base = image, .size = REGION}};
	struct cut *cut = ctx;
	struct store_stats st;
	struct store s;
	uint32_t aside = 2;

	for (int again = 0; again < 2; again++) {
		assert_int_equal(store_open(&s, &c), 0);
		store_stat(&s, &st);
		assert_in_range(st.quarantined, cut->b_waits, aside);
		aside = st.quarantined;
		assert_int_equal(st.entries, cut->b_waits ? 2 : 3);
		assert_int_equal(store_contains(&s, cut->lost, 1), -ENOENT);
		assert_int_equal(store_contains(&s, "a", 1), 0);
		assert_int_equal(store_contains(&s, "d", 1), 0);
		if (!walker_walk(&walk, image, REGION))
			fail_msg("at offset %u: %s", walk.error_off, walk.error);
		store_close(&s);
	}
	if (aside > cut->b_waits)
		cut->kept++;
	else
		cut->gone++;
}

static void drop_cut(uint32_t off, struct cut *cut)
{
	static struct cut_memory memory;
	struct cut_log log = {.region = region};
	struct cut_search search = {
		.all = 4096,
		.lines = 6,
		.samples = 64,
		.rng = rng_seeded(off),
		.image = image,
		.try_image = try_image,
		.ctx = cut,
	};

	store_close(&store);
	cut_watch(&config.media, &log);
	assert_int_equal(store_open(&store, &config), 0);
	log.events = 0;
	cut_start(&memory, region, REGION);
	assert_int_equal(store_drop(&store, off), 0);
	for (size_t i = 0; i < log.events; i++) {
		cut_follow(&memory, &log, &log.event[i]);
		cut_try_moment(&memory, &search);
	}
	free(log.event);
	free(log.bytes);
	config.media = (struct store_media){.base = region, .size = REGION};
	open_again();
	assert_true(cut->kept > 2);
	assert_true(cut->gone > 2);
	printf("%u states in a drop at %u\n", cut->kept + cut->gone, off);
}

/* What is kept aside may be a whole record but for its mark: that must not make it one again. */
static void test_drop_cut(void **state)
{
	(void)state;
	damage(C, false);
	damage(B, true);
	drop_cut(C, &(struct cut){.lost = "c", .b_waits = true});
	check(2, 1, 2);
	assert_int_equal(store_drop(&store, B), 0);
	check(2, 0, 2);
	check_clean(2);
}

static void test_drop_cut_between_free_slots(void **state)
{
	(void)state;
	damage(C, false);
	put("e", "5");
	assert_int_equal(store_delete(&store, "b", 1), 0);
	drop_cut(C, &(struct cut){.lost = "c"});
	check(3, 0, 2);
	check_clean(3);
}

/* The same where the lengths of what is dropped are wrong as well. */
static void test_drop_cut_of_wrong_lengths(void **state)
{
	(void)state;
	store_close(&store);
	set(B + HDR_DATALEN, 1000);
	assert_int_equal(store_open(&store, &config), 0);
	drop_cut(B, &(struct cut){.lost = "b"});
	check(3, 0, 2);
	check_clean(3);
}

/* Whatever was damaged */

static int first_damaged(void *ctx, const struct store_damage *d)
{
	*(uint32_t *)ctx = d->off;
	return 1;
}

/* Entries of all sizes with free slots between them. */
static void fill(struct rng *r)
{
	static uint8_t value[400];

	assert_int_equal(store_format(&config.media, (uint32_t)rng_next(r)), 0);
	assert_int_equal(store_open(&store, &config), 0);
	for (uint32_t i = 0; i < 40; i++) {
		uint8_t key[2] = {'k', (uint8_t)('A' + rng_below(r, 20))};

		rng_fill(r, value, sizeof(value));
		if (rng_below(r, 4) == 0)
			store_delete(&store, key, 2);
		else
			store_put(&store, key, 2, value, rng_below(r, 150), value, rng_below(r, 20),
				  (int64_t)rng_below(r, 3) - 1);
	}
	store_close(&store);
}

/* One to three bursts, in the superblock as well, but not in both of its copies. */
static void hit(struct rng *r)
{
	uint8_t keep[SB_SIZE];

	memcpy(keep, region, SB_SIZE);
	for (uint32_t n = 1 + rng_below(r, 3); n-- > 0;) {
		uint32_t len = 1 + rng_below(r, 64);
		uint32_t off = rng_below(r, 8) ? IMAGE_OFFSET + rng_below(r, REGION / 2 - len)
					       : rng_below(r, IMAGE_OFFSET - len);
		uint32_t kind = rng_below(r, 4);

		if (kind == 0)
			rng_fill(r, region + off, len);
		else if (kind == 1)
			region[off] ^= (uint8_t)(1U << rng_below(r, 8));
		else
			memset(region + off, kind == 2 ? 0 : 0xff, len);
	}
	if (rng_below(r, 2))
		memcpy(region, keep, SB_SIZE);
	else
		memcpy(region + SB_COPY_B, keep, SB_SIZE);
}

static void test_any_damage_can_be_repaired(void **state)
{
	uint64_t seed = env_number("STORE_SEED", 1), trials = env_number("STORE_OPS", 3000);
	uint32_t off = 0, dropped = 0;

	(void)state;
	for (uint64_t trial = 0; trial < trials; trial++) {
		struct rng r = rng_seeded(seed + trial);
		struct store_stats before, after;
		struct store_checkup c = {0};

		store_close(&store);
		fill(&r);
		hit(&r);
		assert_int_equal(store_open(&store, &config), 0);
		store_stat(&store, &before);
		while (store_each_damaged(&store, first_damaged, &off)) {
			assert_int_equal(store_drop(&store, off), 0);
			dropped++;
		}
		store_stat(&store, &after);
		if (store_check(&config.media, &c) || c.problems || c.notes ||
		    c.records != after.entries || after.entries != before.entries ||
		    after.quarantined || !walker_walk(&walk, region, REGION))
			fail_msg(
				"STORE_SEED=%llu STORE_OPS=1: %u problems, %u notes, %u records of "
				"%u entries, %u kept aside; walker: %s at %u",
				(unsigned long long)(seed + trial), c.problems, c.notes, c.records,
				before.entries, after.quarantined, walk.error ? walk.error : "-",
				walk.error_off);
	}
	printf("%llu regions damaged, %u slots dropped\n", (unsigned long long)trials, dropped);
	assert_true(trials < 100 || dropped > trials / 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_damaged),
		TEST(test_drop),
		TEST(test_drop_joins_the_tail),
		TEST(test_drop_of_lengths_that_do_not_fit),
		TEST(test_drop_refused),
		TEST(test_drop_beside_pinned),
		TEST(test_drop_of_pinned),
		TEST(test_drop_cut),
		TEST(test_drop_cut_between_free_slots),
		TEST(test_drop_cut_of_wrong_lengths),
		TEST(test_any_damage_can_be_repaired),
	};

	return cmocka_run_group_tests_name("what is kept aside", tests, NULL, NULL);
}
