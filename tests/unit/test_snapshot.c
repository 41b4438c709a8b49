/* SPDX-License-Identifier: MIT */
/* Snapshots in flash: saved, loaded, refused, damaged. tests/powercut has the power cuts. */
#include <errno.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "tests/unit/snapshot_test.h"

static void reports(void *ctx, const char *line)
{
	(void)ctx;
	fail_msg("%s", line); /* a snapshot needs no mending */
}

/* Nothing of what the region held before is left in the free slot at OFF, the last one. */
static void expect_clean_tail(uint32_t off)
{
	for (off += HDR_BYTES; off < chain_end(REGION) - TRL_BYTES; off++)
		assert_int_equal(region[off], 0);
}

static void round_trip(void **state UNUSED)
{
	uint32_t before = contents();

	assert_null(snapshots_look(&snapshots));
	assert_int_equal(snapshots.at[0].err, -ENODATA);
	assert_int_equal(snapshots.at[1].err, -ENODATA);
	save(1, SLOT_A);
	put("third", "value 3");
	assert_int_not_equal(contents(), before);
	config.report = reports;
	for (uint32_t seed = 0; seed < 20; seed++) {
		fill_with_noise(seed);
		load_newest(1);
		expect_clean_tail(snapshots.at[0].bytes);
		assert_int_equal(contents(), before);
		put("room", "is there");
	}
	config.report = NULL;
}

/* Each save goes to the slot that does not hold the newest, and leaves the other one alone. */
static void slots_take_turns(void **state UNUSED)
{
	for (uint32_t n = 1; n < 12; n++) {
		uint32_t to = n % 2 ? SLOT_A : SLOT_B, other = SLOT_A + SLOT_B - to;
		uint8_t kept[SLOT];
		char value[12];

		for (uint32_t i = 0; i < SLOT; i++)
			kept[i] = sim_byte(other + i);
		value[0] = (char)('a' + n);
		value[1] = '\0';
		put("turn", value);
		boot_flash();
		save(n, to);
		for (uint32_t i = 0; i < SLOT; i++)
			assert_int_equal(kept[i], sim_byte(other + i));
		for (uint32_t i = 0; i < SLOT_A; i++)
			assert_int_equal(sim_byte(i), 0xff);
	}
}

static void numbers_wrap(void **state UNUSED)
{
	uint8_t h[64];

	save(1, SLOT_A);
	for (uint32_t i = 0; i < 64; i++)
		h[i] = sim_byte(SLOT_A + i);
	be32_store(h + 8, UINT32_MAX);
	be32_store(h + 60, crc32c(0, h, 60));
	for (uint32_t i = 0; i < 64; i++)
		sim_set_byte(SLOT_A + i, h[i]);
	put("k", "later");
	save(0, SLOT_B);
	load_newest(0);
	save(1, SLOT_A);
	load_newest(1);
}

/* Without a free slot at the end everything is in the snapshot; the least is what is used. */
static void full_store(void **state UNUSED)
{
	char value[4000];
	struct store_stats stats;
	uint32_t before;

	save(1, SLOT_A);
	assert_in_range(snapshots_look(&snapshots)->bytes, CHAIN_START, CHAIN_START + 200);
	store_stat(&store, &stats);
	memset(value, 'x', sizeof(value));
	value[stats.largest - 4] = '\0';
	put("full", value);
	before = contents();
	save(2, SLOT_B);
	assert_int_equal(snapshots_look(&snapshots)->bytes, chain_end(REGION));
	fill_with_noise(1);
	load_newest(2);
	assert_int_equal(contents(), before);
}

static void other_regions(void **state UNUSED)
{
	uint32_t before = contents();
	const struct snapshot *newest;

	save(1, SLOT_A);
	config.media.size = LARGE;
	fill_with_noise(2);
	load_newest(1);
	assert_int_equal(contents(), before);
	assert_int_equal(store_grow(&store, LARGE), 0);
	save(2, SLOT_B);
	store_close(&store);
	config.media.size = REGION;
	fill_with_noise(3);
	newest = snapshots_look(&snapshots);
	assert_int_equal(snapshot_load(&snapshots, newest, &config.media), -ENOSPC);
	assert_string_equal(chips.flash.problem,
			    "snapshot 2 is of a store of 16384 bytes, and the region has 8192");
	config.media.size = LARGE;
	load_newest(2);
	assert_int_equal(contents(), before);
}

/* Any flipped bit of the newest one gives the other one, and never a third thing. */
static void damage(void **state UNUSED)
{
	uint32_t size;

	save(1, SLOT_A);
	put("third", "value 3");
	save(2, SLOT_B);
	size = snapshots_look(&snapshots)->bytes;
	for (uint32_t off = 0; off < DATA + size; off = off == 63 ? DATA : off + 1) {
		uint8_t was = sim_byte(SLOT_B + off);
		const struct snapshot *newest;

		sim_set_byte(SLOT_B + off, was ^ (uint8_t)(1U << off % 8));
		newest = snapshots_look(&snapshots);
		assert_non_null(newest);
		assert_int_equal(newest->number, 1);
		assert_int_equal(snapshots.at[1].err, off < 4 ? -ENODATA : -EBADMSG);
		sim_set_byte(SLOT_B + off, was);
	}
	assert_int_equal(snapshots_look(&snapshots)->number, 2);
	sim_set_byte(SLOT_B + DATA, 0);
	save(2, SLOT_B); /* the damaged one's place */
}

/* A header that checks, and says what cannot be. */
static void impossible(void **state UNUSED)
{
	static const struct {
		uint32_t at, value;
		int err;
	} words[] = {
		{4, 2, -EPROTONOSUPPORT},   {4, 0, -EPROTONOSUPPORT},
		{12, 0, -EBADMSG},          {12, CHAIN_START - 4, -EBADMSG},
		{12, UINT32_MAX, -EBADMSG}, {12, SLOT - DATA + 4, -EBADMSG},
		{12, 4500, -EBADMSG},       {16, 4096, -EBADMSG},
		{16, 8193, -EBADMSG},       {16, 0, -EBADMSG},
		{16, 0xfffff000, -EBADMSG}, {20, 1, -EBADMSG},
	};
	uint8_t good[64], h[64];

	save(1, SLOT_A);
	for (uint32_t i = 0; i < 64; i++)
		good[i] = sim_byte(SLOT_A + i);
	for (size_t n = 0; n < ARRAY_SIZE(words); n++) {
		struct snapshot made;

		memcpy(h, good, 64);
		be32_store(h + words[n].at, words[n].value);
		be32_store(h + 60, crc32c(0, h, 60));
		for (uint32_t i = 0; i < 64; i++)
			sim_set_byte(SLOT_A + i, h[i]);
		assert_null(snapshots_look(&snapshots));
		assert_int_equal(snapshots.at[0].err, words[n].err);
		if (words[n].at != 4)
			continue;
		assert_int_equal(snapshot_save(&snapshots, &store, 0, &made), -EPROTONOSUPPORT);
		assert_non_null(strstr(chips.flash.problem, "store-a holds a snapshot of another"));
	}
}

static void no_slots(void **state UNUSED)
{
	struct flash_partition *a = &chips.flash.partitions[0], *b = a + 1;

	assert_int_equal(snapshots_find(&snapshots, NULL), -ENODEV);
	b->off = a->off + a->size - 1;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), -ENODEV);
	b->off = 0;
	b->size = a->off + 1;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), -ENODEV);
	b->size = a->off;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), 0);
	b->off = a->off + a->size;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), 0);
	chips.flash.partition_count = 1;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), -ENODEV);
}

static void expect_refused(int err, const char *why)
{
	struct snapshot made;

	assert_int_equal(snapshot_save(&snapshots, &store, 1234, &made), err);
	assert_non_null(strstr(chips.flash.problem, why));
	load_newest(1);
}

/* Whatever keeps a save from being done, the snapshot before it is there. */
static void refused(void **state UNUSED)
{
	static const uint32_t sizes[] = {32, 64, DATA, DATA + CHAIN_START};

	save(1, SLOT_A);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		chips.flash.partitions[1].size = sizes[i];
		expect_refused(-ENOSPC, "store-b has");
	}
	chips.flash.partitions[1].size = SLOT - 2;
	chips.flash.partitions[1].off = SLOT_B + 2;
	expect_refused(-EINVAL, "not whole erase blocks");
	chips.flash.partitions[1].off = SLOT_B;
	chips.flash.partitions[1].size = DATA + CHAIN_START + 400;
	expect_refused(-EINVAL, "does not end with an erase block");
	chips.flash.partitions[1].size = SLOT;
	sim.chips[1].bad_erase = SLOT_B / 4 + 600;
	expect_refused(-EIO, "chip 1: the block was not erased");
	sim.chips[1].bad_erase = SIM_NONE;
	sim.chips[0].bad_program = (SLOT_B + DATA) / 4 + 3;
	expect_refused(-EIO, "chip 0: a bit was not programmed");
	sim.chips[0].silent = true;
	expect_refused(-EIO, "a fault of the chip");
	sim.chips[0].bad_program = SLOT_B / 4;
	expect_refused(-EIO, "a fault of the chip");
	sim.chips[0].bad_program = SIM_NONE;
	assert_int_equal(store_batch_begin(&store), 0);
	expect_refused(-EBUSY, "in use");
	store_close(&store);
	assert_int_equal(snapshot_save(&snapshots, &store, 0, &(struct snapshot){0}), -EBADF);
	load_newest(1);
	save(2, SLOT_B);
}

static int (*real_program)(struct flash *f, uint32_t off, const void *data, uint32_t len);
static unsigned refusals;

static int program_and_put(struct flash *f, uint32_t off, const void *data, uint32_t len)
{
	assert_int_equal(store_put(&store, "k", 1, "v", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_int_equal(store_contains(&store, "first", 5), 0);
	refusals++;
	return real_program(f, off, data, len);
}

/* Nobody writes to the store meanwhile. */
static void excluded(void **state UNUSED)
{
	uint32_t before = contents();

	real_program = chips.flash.program;
	chips.flash.program = program_and_put;
	save(1, SLOT_A);
	chips.flash.program = real_program;
	assert_int_equal(refusals, 2);
	put("k", "v");
	load_newest(1);
	assert_int_equal(contents(), before);
}

static uint32_t first_core(void *ctx UNUSED)
{
	return 0;
}

/* A store that several cores use is saved as it is after what has been written. */
static void shared(void **state UNUSED)
{
	const struct store_sharing sharing = {
		.sharers = 2, .self = first_core, .patience_ns = 1000};
	struct store_view view;
	uint32_t before;

	assert_int_equal(store_share(&store, &sharing), 0);
	put("third", "value 3");
	assert_int_equal(store_get(&store, "first", 5, &view), 0);
	assert_int_equal(store_delete(&store, "first", 5), 0);
	before = contents();
	save(1, SLOT_A);
	store_release(&store, &view);
	put("later", "is not saved");
	fill_with_noise(1);
	load_newest(1);
	assert_int_equal(contents(), before);
}

static void marks(void **state UNUSED)
{
	uint64_t mark = snapshot_mark(&store);

	assert_int_equal(store_contains(&store, "first", 5), 0);
	save(1, SLOT_A);
	assert_true(snapshot_mark(&store) == mark);
	put("k", "v");
	assert_true(snapshot_mark(&store) != mark);
	mark = snapshot_mark(&store);
	assert_int_equal(store_delete(&store, "k", 1), 0);
	assert_true(snapshot_mark(&store) != mark);
	mark = snapshot_mark(&store);
	assert_int_equal(store_clear(&store), 0);
	assert_true(snapshot_mark(&store) != mark);
	mark = snapshot_mark(&store);
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
	assert_true(snapshot_mark(&store) != mark);
	mark = snapshot_mark(&store);
	assert_int_equal(store_put(&store, "k", 1, "v", 1, NULL, 0, 1), 0);
	config.now = NULL;
	assert_true(snapshot_mark(&store) != mark);
}

static int64_t second_1(void *ctx UNUSED)
{
	return 1000;
}

/* A purge removes entries, and nothing else tells of it. */
static void mark_of_a_purge(void **state UNUSED)
{
	uint64_t mark;

	store_close(&store);
	config.now = second_1;
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_put(&store, "k", 1, "v", 1, NULL, 0, 1), 0);
	mark = snapshot_mark(&store);
	assert_int_equal(store_purge(&store, NULL, NULL), 1);
	assert_true(snapshot_mark(&store) != mark);
	mark = snapshot_mark(&store);
	assert_int_equal(store_purge(&store, NULL, NULL), 0);
	assert_true(snapshot_mark(&store) == mark);
	config.now = NULL;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, new_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(round_trip),      TEST(slots_take_turns), TEST(numbers_wrap), TEST(full_store),
		TEST(other_regions),   TEST(damage),           TEST(impossible),   TEST(no_slots),
		TEST(refused),         TEST(excluded),         TEST(shared),       TEST(marks),
		TEST(mark_of_a_purge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
