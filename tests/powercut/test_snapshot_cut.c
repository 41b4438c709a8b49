/* SPDX-License-Identifier: MIT */
/*
 * The power goes at every write on the flash's bus while a store is saved, and at every write to
 * the region while it is loaded: there is the old snapshot or the new one, never none, and never a
 * part of one.
 *
 * What a command would have begun when the power went is not done, or done to parts that a seed
 * decides, on each chip for itself: an erase leaves anything in its block, programming any of the
 * bits that it was to clear. SNAPSHOT_SEED=n for other ones, SNAPSHOT_SEEDS=n for more.
 */
#include <errno.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/probe.h"
#include "tests/unit/snapshot_test.h"
#include "tests/unit/store_test_util.h"

#define SEEDS 10
#define TRACES 3 /* writes that take the traces of a former store away */

static struct {
	uint16_t cells[2][SIM_ROOM / 4];
	uint8_t region[REGION];
	uint32_t old, new; /* contents() of the snapshots */
} before;

static uint64_t points, finished;

static void keep(void)
{
	for (int i = 0; i < 2; i++)
		memcpy(before.cells[i], sim.chips[i].cells, sizeof(before.cells[i]));
	memcpy(before.region, region, REGION);
}

/* The board as it was right before the save that is cut. */
static void go_back(void)
{
	store_close(&store);
	for (int i = 0; i < 2; i++)
		memcpy(sim.chips[i].cells, before.cells[i], sizeof(before.cells[i]));
	memcpy(region, before.region, REGION);
	assert_int_equal(store_open(&store, &config), 0);
	boot_flash();
}

/* Saves, with the power going at write CUT; whether it was done before that. */
static bool save_until(uint32_t cut, uint32_t seed)
{
	struct snapshot made;

	sim.writes = 0;
	sim.cut = cut;
	sim.seed = seed;
	if (setjmp(sim.off))
		return false;
	assert_int_equal(snapshot_save(&snapshots, &store, 1234, &made), 0);
	return true;
}

/* The header of a slot is the last that is written, and the first that goes: with it, the rest is
 * there. */
static void expect_headers_last(void)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct snapshot *s = &snapshots.at[i];
		uint8_t header[64];

		assert_int_equal(flash_read(&chips.flash, s->slot->off, header, sizeof(header)), 0);
		if (be32_load(header + 60) == crc32c(0, header, 60))
			assert_int_equal(s->err, 0);
	}
}

/* After the cut: which of the two there is, and that it is whole. Leaves it loaded and open. */
static void expect_old_or_new(uint32_t old_number)
{
	const struct snapshot *newest;
	bool is_new;

	boot_flash();
	newest = snapshots_look(&snapshots);
	assert_non_null(newest);
	expect_headers_last();
	is_new = newest->number == old_number + 1;
	finished += is_new;
	store_close(&store);
	fill_with_noise((uint32_t)points);
	load_newest(is_new ? old_number + 1 : old_number);
	assert_int_equal(contents(), is_new ? before.new : before.old);
	points++;
}

/* Snapshot NUMBER is there, and the store has changed since. */
static void prepare(uint32_t number)
{
	for (uint32_t n = 1; n <= number; n++)
		save(n, n % 2 ? SLOT_A : SLOT_B);
	before.old = contents();
	put("first", "another value");
	put("third", "value 3");
	before.new = contents();
	keep();
}

static void cut_everywhere(uint32_t number)
{
	uint32_t seeds = (uint32_t)env_number("SNAPSHOT_SEEDS", SEEDS);
	uint32_t first = (uint32_t)env_number("SNAPSHOT_SEED", 1);
	bool done = false;

	prepare(number);
	for (uint32_t cut = 1; !done; cut++)
		for (uint32_t seed = 0; seed <= seeds && !done; seed++) {
			go_back();
			done = save_until(cut, seed ? first + seed + cut * seeds : 0);
			expect_old_or_new(number);
			/* And it can be saved again, over whatever was left. */
			if ((cut + seed) % 16 == 0)
				assert_true(save_until(0, 0));
		}
	assert_true(finished); /* a cut behind the last bit of the header */
}

static void cut_into_b(void **state UNUSED)
{
	cut_everywhere(1);
}

static void cut_into_a(void **state UNUSED)
{
	cut_everywhere(2);
}

/* Cut, and the next one cut as well, at random. */
static void cut_again(void **state UNUSED)
{
	struct rng rng = rng_seeded(env_number("SNAPSHOT_SEED", 1));

	prepare(2);
	for (int i = 0; i < 300; i++) {
		uint32_t loaded;

		go_back();
		if (save_until(1 + rng_below(&rng, 1500), 1 + rng_below(&rng, UINT32_MAX - 1)))
			continue;
		expect_old_or_new(2);
		loaded = contents();
		if (loaded == before.new)
			continue;
		put("first", "another value");
		put("third", "value 3");
		boot_flash();
		save_until(1 + rng_below(&rng, 1500), 1 + rng_below(&rng, UINT32_MAX - 1));
		expect_old_or_new(2);
	}
}

/* ---- load ----------------------------------------------------------------------------------- */

static struct {
	uint32_t writes, cut;
	uint8_t flushed[REGION];
	jmp_buf off;
} ram;

static void written(void *ctx UNUSED, uint32_t off UNUSED, uint32_t len UNUSED)
{
	if (++ram.writes == ram.cut)
		longjmp(ram.off, 1);
}

static void barrier(void *ctx UNUSED)
{
	memcpy(ram.flushed, region, REGION);
}

/* Loads, cut at write CUT; whether it was done before that. */
static bool load_until(uint32_t cut)
{
	struct store_media media = config.media;

	media.written = written;
	media.barrier = barrier;
	media.clean = NULL;
	ram.writes = 0;
	ram.cut = cut;
	memcpy(ram.flushed, region, REGION);
	if (setjmp(ram.off))
		return false;
	assert_int_equal(snapshot_load(&snapshots, snapshots_look(&snapshots), &media), 0);
	return true;
}

/* Words that were not flushed may have reached memory or not. */
static void lose_words(struct rng *rng)
{
	for (uint32_t off = 0; off < REGION; off += 4)
		if (rng_below(rng, 2))
			memcpy(region + off, ram.flushed + off, 4);
}

/* What looks like a damaged store. */
static void leave_traces(void)
{
	memcpy(region, "CARN\0\0\0\1", 8);
	memcpy(region + SB_COPY_B, "CARN\0\0\0\1", 8);
	memcpy(region + IMAGE_OFFSET, "FCS1", 4);
}

/* A reset while it is loaded leaves nothing, or all of it; traces that were there go first. */
static void load_is_cut(void **state UNUSED)
{
	struct rng rng = rng_seeded(env_number("SNAPSHOT_SEED", 1));
	uint32_t expected = contents(), nothing = 0, all = 0;
	bool done = false;

	save(1, SLOT_A);
	for (uint32_t cut = 1; !done; cut++)
		for (int i = 0; i < 20 && !done; i++) {
			store_close(&store);
			fill_with_noise(cut);
			if (i % 2)
				leave_traces();
			done = load_until(cut);
			lose_words(&rng);
			points++;
			if (i % 2 && cut <= TRACES)
				continue;
			if (store_probe(&config.media) == STORE_NOTHING) {
				nothing++;
				assert_int_equal(store_open(&store, &config), -ENODATA);
				continue;
			}
			all++;
			assert_int_equal(store_open(&store, &config), 0);
			assert_int_equal(contents(), expected);
		}
	assert_true(nothing && all);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, new_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cut_into_b),
		TEST(cut_into_a),
		TEST(cut_again),
		TEST(load_is_cut),
	};
	int failures = cmocka_run_group_tests(tests, NULL, NULL);

	printf("figure snapshot_cut_points %llu points\n", (unsigned long long)points);
	return failures;
}
