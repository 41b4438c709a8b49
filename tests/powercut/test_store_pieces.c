/* SPDX-License-Identifier: MIT */
/*
 * Damage to more than one word of the chain, case by case: one for each rule of docs/SPEC.md,
 * "Damage to the chain", that decides what the pieces are. All opens but one are cut as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/powercut/store_test_subsets.h"
#include "tests/unit/walker.h"

#define REGION 8192U
#define SALT 1234U
#define VALUE_MAX 600U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static uint8_t damaged[REGION];
static struct store store;
static struct walker walk;
static struct cut_log log_of_open;

static struct store_config config = {.media = {.base = region, .size = REGION}};

static int fresh_store(void **state)
{
	(void)state;
	memset(region, 0, sizeof(region));
	return store_format(&config.media, SALT) || store_open(&store, &config);
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/* Making a chain */

struct slot {
	uint32_t off, size;
};

/* The entry of KEY, one byte, in a slot of SIZE. */
static struct slot put_value(char key, uint32_t size, const uint8_t *value)
{
	struct store_view view;

	assert_int_equal(store_put(&store, &key, 1, value, size - HDR_BYTES - TRL_BYTES - 1, NULL,
				   0, STORE_NEVER),
			 0);
	assert_int_equal(store_get(&store, &key, 1, &view), 0);
	store_release(&store, &view);
	assert_int_equal(view.slot_size, size);
	return (struct slot){view.slot, view.slot_size};
}

static struct slot put(char key, uint32_t size)
{
	static const uint8_t zeros[VALUE_MAX];

	return put_value(key, size, zeros);
}

static void take_away(char key)
{
	assert_int_equal(store_delete(&store, &key, 1), 0);
}

static void hit(uint32_t at, uint32_t bits)
{
	be32_store(region + at, be32_load(region + at) ^ bits);
}

static void hit_size(struct slot s, uint32_t bits)
{
	hit(s.off + HDR_SIZE, bits);
}

static void hit_tag(struct slot s, uint32_t bits)
{
	hit(s.off + s.size - TRL_TAG, bits);
}

/* Opening it */

/* Of the store that is open, or was: these keys and no others; so many bytes are kept aside. */
static void expect(const char *keys, uint32_t aside)
{
	assert_true(walker_walk(&walk, region, REGION));
	assert_int_equal(walk.entries, strlen(keys));
	for (const char *key = keys; *key; key++)
		assert_non_null(walker_find(&walk, key, 1));
	assert_int_equal(walk.quarantined_bytes, aside);
}

struct wanted {
	const char *keys;
	uint32_t aside;
};

static void try_cut(void *ctx)
{
	const struct wanted *wanted = ctx;

	assert_int_equal(store_open(&store, &config), 0);
	store_close(&store);
	expect(wanted->keys, wanted->aside);
}

/* The open that was recorded, cut anywhere, and opened again. */
static void cut_the_open(struct wanted *wanted)
{
	static struct cut_memory mem;
	struct cut_search search = {
		.all = 1024,
		.lines = 4,
		.samples = 16,
		.rng = rng_seeded(1),
		.image = region,
		.try_image = try_cut,
		.ctx = wanted,
	};

	cut_start(&mem, damaged, REGION);
	for (size_t n = 0; n < log_of_open.events; n++) {
		if (log_of_open.event[n].kind == CUT_BARRIER && mem.words > 0)
			cut_try_moment(&mem, &search);
		cut_follow(&mem, &log_of_open, &log_of_open.event[n]);
		if (log_of_open.event[n].kind == CUT_WRITE)
			cut_try_stop(&mem, &search);
	}
}

/* The region as it is now is opened: these entries are there, so many bytes are kept aside. */
static void open_uncut(const char *keys, uint32_t aside)
{
	struct store_config recorded = config;

	store_close(&store);
	log_of_open.region = region;
	log_of_open.events = log_of_open.used = 0;
	cut_watch(&recorded.media, &log_of_open);
	memcpy(damaged, region, REGION);
	assert_int_equal(store_open(&store, &recorded), 0);
	store_close(&store);
	expect(keys, aside);
}

/* As above, and so does every open behind one that was cut. */
static void open_finds(const char *keys, uint32_t aside)
{
	open_uncut(keys, aside);
	cut_the_open(&(struct wanted){keys, aside});
	assert_int_equal(store_open(&store, &config), 0);
}

/* What is one slot */

/* A free slot's tag leads into the value before it: no slot begins there. */
static void test_tag_into_a_value(void **state)
{
	struct slot free;

	(void)state;
	put('a', 64);
	put('b', 512);
	free = put('c', 128);
	put('d', 64);
	take_away('c');
	hit_tag(free, 128 ^ 384);
	open_finds("abd", 0);
}

/* The size of a free slot leads to what looks like a slot in the value that it once held. */
static void test_size_into_what_was_a_value(void **state)
{
	uint8_t slot[VALUE_MAX] = {0};
	struct store_stats before, after;
	struct slot free;

	(void)state;
	be32_store(slot + 64 - TRL_CRC, 0x12345678);
	be32_store(slot + 64 - TRL_W0, 1 << 16);
	be32_store(slot + 64 - TRL_W1, 2);
	be32_store(slot + 64 - TRL_TAG, TAG_MAGIC ^ 64);
	be32_store(slot + 64 + HDR_SIZE, 512);
	be32_store(slot + 64 + HDR_KEYLEN, 5);
	put('a', 64);
	free = put_value('b', 576, slot + HDR_BYTES + 1);
	put('c', 64);
	take_away('b');
	store_stat(&store, &before);
	hit_size(free, 576 ^ 64);
	open_finds("ac", 0);
	store_stat(&store, &after);
	assert_int_equal(after.free_bytes, before.free_bytes);
}

/* A record's size leads to the end of the free slot behind it, and its tag is hit. */
static void test_record_is_not_the_start_of_a_free_slot(void **state)
{
	struct slot a;

	(void)state;
	a = put('a', 64);
	put('b', 128);
	put('c', 64);
	take_away('b');
	hit_size(a, 64 ^ 192);
	hit_tag(a, 1);
	open_finds("c", 64);
}

/* As above, but the free slot's size is hit, too: nothing but its end is known. */
static void test_one_slot_frees_no_record(void **state)
{
	struct slot a, b;

	(void)state;
	a = put('a', 64);
	b = put('b', 128);
	put('c', 64);
	take_away('b');
	hit_size(a, 64 ^ 192);
	hit_tag(a, 1);
	hit_size(b, 1);
	open_finds("c", 192);
}

/*
 * As above, with a record in between that nothing has hit. Behind a cut right after the mark it is
 * kept aside with the first one, whose size nothing contradicts any more.
 */
static void test_record_between_is_found(void **state)
{
	struct slot a, c;

	(void)state;
	a = put('a', 64);
	put('b', 64);
	c = put('c', 128);
	put('d', 64);
	take_away('c');
	hit_size(a, 64 ^ 256);
	hit_tag(a, 1);
	hit_size(c, 1);
	open_uncut("bd", 64);
}

/* The size of a record is hit, and both of the one behind it: the first one's lengths tell. */
static void test_lengths_tell_the_size(void **state)
{
	struct slot a, b;

	(void)state;
	a = put('a', 64);
	b = put('b', 64);
	put('c', 64);
	hit_size(a, 1);
	hit_size(b, 1);
	hit_tag(b, 1);
	open_finds("ac", 64);
}

/* What the pieces are */

/* The first piece would end as a free slot, and begins with a record. */
static void test_left_piece_frees_no_record(void **state)
{
	struct slot a, b, c;

	(void)state;
	a = put('a', 64);
	b = put('b', 128);
	c = put('c', 64);
	put('d', 64);
	take_away('b');
	hit_size(a, 64 ^ 192);
	hit_tag(a, 1);
	hit_size(b, 1);
	hit_size(c, 1);
	hit_tag(c, 1);
	open_finds("d", 256);
}

/* The last one would, likewise. */
static void test_right_piece_frees_no_record(void **state)
{
	struct slot a, b, c;

	(void)state;
	a = put('a', 64);
	b = put('b', 64);
	c = put('c', 128);
	put('d', 64);
	take_away('c');
	hit_size(a, 1);
	hit_tag(a, 1);
	hit_size(b, 1);
	hit_size(c, 1);
	hit_tag(c, 128 ^ 192);
	open_finds("d", 256);
}

/* A size and a tag that overlap. */
static void test_size_and_tag_contradict(void **state)
{
	struct slot a, b;

	(void)state;
	a = put('a', 128);
	b = put('b', 128);
	put('c', 64);
	hit_size(a, 128 ^ 192);
	hit_tag(a, 1);
	hit_size(b, 1);
	hit_tag(b, 128 ^ 192);
	open_finds("c", 256);
	assert_int_equal(walk.quarantined, 1);
}

/* What a format left behind is of another salt: no search finds it. */
static void test_records_of_a_former_store(void **state)
{
	const struct slot all = {CHAIN_START, chain_end(REGION) - CHAIN_START};

	(void)state;
	for (uint32_t n = 0; n < 60; n++)
		put((char)('A' + n), 64);
	store_close(&store);
	assert_int_equal(store_format(&config.media, SALT + 1), 0);
	assert_int_equal(store_open(&store, &config), 0); /* numbers go on from far above theirs */
	hit_size(all, 1);
	hit_tag(all, 1);
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
	expect("", all.size);
}

#define PIECES_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIECES_TEST(test_tag_into_a_value),
		PIECES_TEST(test_size_into_what_was_a_value),
		PIECES_TEST(test_record_is_not_the_start_of_a_free_slot),
		PIECES_TEST(test_one_slot_frees_no_record),
		PIECES_TEST(test_record_between_is_found),
		PIECES_TEST(test_lengths_tell_the_size),
		PIECES_TEST(test_left_piece_frees_no_record),
		PIECES_TEST(test_right_piece_frees_no_record),
		PIECES_TEST(test_size_and_tag_contradict),
		PIECES_TEST(test_records_of_a_former_store),
	};

	return cmocka_run_group_tests_name("store pieces", tests, NULL, NULL);
}
