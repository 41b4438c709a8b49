/* SPDX-License-Identifier: MIT */
/*
 * Damage to the words that hold the chain together, in regions that make it hard: two of its sizes
 * with one bit wrong each, and one such word where the values around it are full of tags.
 *
 * STORE_FLIPS: with 1,000,000 all pairs are tried, else so much less. STORE_FLIP_SEED: what the
 * regions are made from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/be.h"
#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define REGION 8192U
#define SLOTS 100U
#define KEYS 40U
#define KEY_LEN 4U
#define PAIR_KEYS 16U
#define PAIR_BITS 13U /* of a size: all sizes in the region are smaller */
#define VALUE_MAX 600U
#define TAG_TRIALS 1000U   /* in each region */
#define ALL_PAIRS 1000000U /* STORE_FLIPS for all of them */

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static uint8_t sound[REGION]; /* the same before the damage */
static struct store store;
static uint64_t seed, flips;
static uint32_t lines;

/* A slot of the sound region; I is the number of its entry, KEYS if it is free. */
static struct {
	uint32_t off, size, i;
} slots[SLOTS];
static uint32_t slot_count;
static bool is_put[KEYS];

static void report(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	lines++;
}

static struct store_config config = {
	.media = {.base = region, .size = REGION},
	.report = report,
};

static void key_of(uint32_t i, char key[KEY_LEN + 1])
{
	snprintf(key, KEY_LEN + 1, "k%03u", i % 1000);
}

/* Making a region */

static void begin(struct rng *r)
{
	memset(region, 0, REGION);
	memset(is_put, 0, sizeof(is_put));
	assert_int_equal(store_format(&config.media, (uint32_t)rng_next(r)), 0);
	assert_int_equal(store_open(&store, &config), 0);
}

static void put(uint32_t i, const uint8_t *value, uint32_t len)
{
	char key[KEY_LEN + 1];
	int err;

	key_of(i, key);
	err = store_put(&store, key, KEY_LEN, value, len, NULL, 0, STORE_NEVER);
	assert_true(err == 0 || err == -ENOSPC);
	is_put[i] |= err == 0;
}

static void take_away(uint32_t i)
{
	char key[KEY_LEN + 1];

	key_of(i, key);
	assert_int_equal(store_delete(&store, key, KEY_LEN), is_put[i] ? 0 : -ENOENT);
	is_put[i] = false;
}

/* Closes it; all that follows begins with what is there now. */
static void finish(void)
{
	store_close(&store);
	memcpy(sound, region, REGION);
	slot_count = 0;
	for (uint32_t off = CHAIN_START, size; off < chain_end(REGION); off += size) {
		char key[KEY_LEN + 1] = "";
		bool live = be32_load(region + off + HDR_KEYLEN) != 0;

		memcpy(key, region + off + HDR_BYTES, KEY_LEN);
		size = be32_load(region + off + HDR_SIZE);
		assert_true(slot_count < SLOTS);
		slots[slot_count].off = off;
		slots[slot_count].size = size;
		slots[slot_count++].i = live ? (uint32_t)strtoul(key + 1, NULL, 10) : KEYS;
	}
}

static void hit(uint32_t at, uint32_t bits)
{
	be32_store(region + at, be32_load(region + at) ^ bits);
}

/* What must be true */

/* Whether the slot of the opened region that OFF is in is kept aside. */
static bool is_aside(uint32_t off)
{
	uint32_t at = CHAIN_START;

	while (at + be32_load(region + at + HDR_SIZE) <= off)
		at += be32_load(region + at + HDR_SIZE);
	return be32_load(region + at + HDR_KEYLEN) == KEYLEN_QMARK;
}

static uint32_t count_aside(void)
{
	uint32_t n = 0;

	for (uint32_t at = CHAIN_START; at < chain_end(REGION); at += be32_load(region + at))
		n += be32_load(region + at + HDR_KEYLEN) == KEYLEN_QMARK;
	return n;
}

static bool is_there(uint32_t i)
{
	char key[KEY_LEN + 1];

	key_of(i, key);
	return store_contains(&store, key, KEY_LEN) == 0;
}

/* Whether the entry of slot N is served as it was put. */
static bool is_served(uint32_t n)
{
	const uint8_t *was = sound + slots[n].off + HDR_BYTES + KEY_LEN;
	struct store_view view;
	char key[KEY_LEN + 1];
	bool same;

	key_of(slots[n].i, key);
	if (store_get(&store, key, KEY_LEN, &view) != 0)
		return false;
	same = view.data_len == be32_load(sound + slots[n].off + HDR_DATALEN) &&
	       memcmp(view.data, was, view.data_len) == 0;
	store_release(&store, &view);
	return same;
}

/* Opens the damaged region. What a check told of it is there, and nothing that was deleted. */
static void open_damaged(const char *what)
{
	struct store_checkup checkup = {0};
	struct store_stats st;

	lines = 0;
	assert_int_equal(store_check(&config.media, &checkup), 0);
	if (store_open(&store, &config) != 0)
		fail_msg("%s: the open failed", what);
	store_stat(&store, &st);
	if (st.quarantined != count_aside())
		fail_msg("%s: %u slots are counted as kept aside", what, st.quarantined);
	if (checkup.records != st.entries)
		fail_msg("%s: a check tells of %u entries, there are %u", what, checkup.records,
			 st.entries);
	for (uint32_t i = 0; i < KEYS; i++)
		if (!is_put[i] && is_there(i))
			fail_msg("%s: entry %u, which was deleted, is back", what, i);
}

/* A second open finds nothing to say, and no other entries. */
static void open_again(const char *what)
{
	uint32_t entries = store_size(&store);

	store_close(&store);
	lines = 0;
	assert_int_equal(store_open(&store, &config), 0);
	if (lines != 0 || store_size(&store) != entries)
		fail_msg("%s: the second open says %u lines, of %u entries there are %u", what,
			 lines, entries, store_size(&store));
	store_close(&store);
}

/* Two sizes, one bit each */

/* Sizes and tags are numbered: two for each slot. */
static uint32_t word_at(uint32_t n)
{
	return slots[n / 2].off + (n % 2 ? slots[n / 2].size - TRL_TAG : HDR_SIZE);
}

/* Whether the size A and the tag B now say both that one free slot lies from A to B. */
static bool agree_on_free(uint32_t a, uint32_t b)
{
	uint32_t size = slots[b / 2].off + slots[b / 2].size - slots[a / 2].off;

	return a % 2 == 0 && b % 2 == 1 && slots[b / 2].i == KEYS &&
	       be32_load(region + word_at(a)) == size &&
	       be32_load(region + word_at(b)) == (TAG_MAGIC ^ size);
}

static void try_pair(uint32_t a, uint32_t bit_a, uint32_t b, uint32_t bit_b)
{
	char what[100];
	bool agree;

	memcpy(region, sound, REGION);
	hit(word_at(a), 1U << bit_a);
	hit(word_at(b), 1U << bit_b);
	agree = agree_on_free(a, b);
	snprintf(what, sizeof(what), "seed %llu: word %u bit %u, word %u bit %u",
		 (unsigned long long)seed, word_at(a), bit_a, word_at(b), bit_b);
	open_damaged(what);
	for (uint32_t n = 0; n < slot_count; n++) {
		if (slots[n].i == KEYS || is_served(n) || (agree && n >= a / 2 && n <= b / 2))
			continue;
		if (!is_aside(slots[n].off))
			fail_msg("%s: entry %u is lost and not kept aside", what, slots[n].i);
		if (lines == 0)
			fail_msg("%s: entry %u is lost without a line", what, slots[n].i);
	}
	open_again(what);
}

/* Sixteen entries, of one size or of many, some of them deleted. */
static void make_pairs_region(struct rng *r, bool mixed)
{
	static uint8_t value[VALUE_MAX];

	begin(r);
	for (uint32_t i = 0; i < PAIR_KEYS; i++) {
		rng_fill(r, value, sizeof(value));
		put(i, value, mixed ? rng_below(r, 200) : 20);
	}
	for (uint32_t i = 2; i < PAIR_KEYS; i += 3 + rng_below(r, 3))
		take_away(i);
	finish();
}

static void sweep_pairs(bool mixed)
{
	struct rng r = rng_seeded(seed + mixed);
	uint32_t words, chance = flips >= ALL_PAIRS ? ALL_PAIRS : (uint32_t)flips;

	make_pairs_region(&r, mixed);
	words = 2 * slot_count;
	for (uint32_t n = 0; n < words * words * PAIR_BITS * PAIR_BITS; n++) {
		uint32_t bits = n % (PAIR_BITS * PAIR_BITS), pair = n / (PAIR_BITS * PAIR_BITS);

		if (pair / words < pair % words && rng_below(&r, ALL_PAIRS) < chance)
			try_pair(pair / words, bits / PAIR_BITS, pair % words, bits % PAIR_BITS);
	}
}

static void test_pairs_of_sizes(void **state)
{
	(void)state;
	sweep_pairs(false);
	sweep_pairs(true);
}

/* Values full of tags */

/* Words that are a tag or a size here and there; the rest mostly zeros. */
static uint32_t make_value(struct rng *r, uint8_t *value)
{
	uint32_t len = rng_below(r, rng_below(r, 3) ? 60 : VALUE_MAX);

	for (uint32_t at = 0; at < VALUE_MAX; at++)
		value[at] = rng_below(r, 4) ? 0 : (uint8_t)rng_next(r);
	for (uint32_t at = 0; at + 4 <= len; at += 4) {
		uint32_t size = SLOT_ALIGN * rng_below(r, 40);

		if (rng_below(r, 6) == 0)
			be32_store(value + at, TAG_MAGIC ^ size);
		else if (rng_below(r, 5) == 0)
			be32_store(value + at, size);
	}
	return len;
}

static void make_tags_region(struct rng *r)
{
	static uint8_t value[VALUE_MAX];

	begin(r);
	for (uint32_t n = 0; n < 10 * KEYS; n++) {
		uint32_t i = rng_below(r, KEYS);

		if (rng_below(r, 3) == 0)
			take_away(i);
		else
			put(i, value, make_value(r, value));
	}
	finish();
}

/* One word of a header or trailer, one bit of it or all: no other entry is lost. */
static void try_single(struct rng *r, uint64_t from)
{
	static const uint32_t header[] = {HDR_SIZE, HDR_KEYLEN, HDR_DATALEN, HDR_METALEN,
					  HDR_EXPIRY + 4};
	uint32_t n = rng_below(r, slot_count), word = rng_below(r, 9), bit = rng_below(r, 34);
	uint32_t at = slots[n].off + (word < 5 ? header[word] : slots[n].size - 4 * (word - 4));
	char what[100];

	memcpy(region, sound, REGION);
	if (bit < 32)
		hit(at, 1U << bit);
	else
		be32_store(region + at, bit == 32 ? 0 : 0xffffffff);
	snprintf(what, sizeof(what), "seed %llu: word %u, now 0x%08x", (unsigned long long)from, at,
		 be32_load(region + at));
	open_damaged(what);
	for (uint32_t k = 0; k < slot_count; k++) {
		if (slots[k].i == KEYS || is_served(k))
			continue;
		if (k != n)
			fail_msg("%s: entry %u, which was not hit, is lost", what, slots[k].i);
		if (!is_aside(slots[k].off))
			fail_msg("%s: entry %u is lost and not kept aside", what, slots[k].i);
	}
	open_again(what);
}

static void test_values_full_of_tags(void **state)
{
	uint64_t regions = flips / 5 / TAG_TRIALS;

	(void)state;
	for (uint64_t n = 0; n < regions; n++) {
		struct rng r = rng_seeded(seed + n);

		make_tags_region(&r);
		for (uint32_t trial = 0; trial < TAG_TRIALS; trial++)
			try_single(&r, seed + n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_of_sizes),
		cmocka_unit_test(test_values_full_of_tags),
	};

	seed = env_number("STORE_FLIP_SEED", 1);
	flips = env_number("STORE_FLIPS", 100000);
	return cmocka_run_group_tests_name("store sweep", tests, NULL, NULL);
}
