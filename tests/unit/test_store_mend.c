/* SPDX-License-Identifier: MIT */
/* Damage to the chain of slots, place by place; tests/powercut/test_store_flip.c tries all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define REGION 8192U
#define LARGE MIB(4)
#define HANGS 120 /* seconds, for what takes one of them */

static uint8_t region[LARGE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static char reports[4096];

static void report(void *ctx, const char *line)
{
	size_t len = strlen(reports);

	(void)ctx;
	snprintf(reports + len, sizeof(reports) - len, "%s\n", line);
}

static struct store_config config = {.media = {.base = region}, .report = report};

static int reopen(void)
{
	store_close(&store);
	reports[0] = '\0';
	return store_open(&store, &config);
}

static int fresh_store(void **state)
{
	(void)state;
	config.media.size = REGION;
	return store_format(&config.media, 1234) || reopen();
}

static int large_store(void **state)
{
	(void)state;
	config.media.size = LARGE;
	alarm(HANGS);
	return store_format(&config.media, 1234) || reopen();
}

static int close_store(void **state)
{
	(void)state;
	alarm(0);
	store_close(&store);
	return 0;
}

static void put_bytes(const char *key, const void *data, uint32_t len)
{
	assert_int_equal(
		store_put(&store, key, (uint32_t)strlen(key), data, len, NULL, 0, STORE_NEVER), 0);
}

static void put(const char *key, const char *value)
{
	put_bytes(key, value, (uint32_t)strlen(value));
}

/* The value of KEY, or NULL. */
static const char *get(const char *key)
{
	static char value[256];
	struct store_view view;

	if (store_get(&store, key, (uint32_t)strlen(key), &view))
		return NULL;
	memcpy(value, view.data, view.data_len);
	value[view.data_len] = '\0';
	store_release(&store, &view);
	return value;
}

static void set_word(uint32_t off, uint32_t value)
{
	be32_store(region + off, value);
}

static uint32_t word(uint32_t off)
{
	return be32_load(region + off);
}

struct slot {
	uint32_t off, size;
};

/* The slot of KEY. */
static struct slot slot(const char *key)
{
	struct store_view view;

	assert_int_equal(store_get(&store, key, (uint32_t)strlen(key), &view), 0);
	store_release(&store, &view);
	return (struct slot){view.slot, view.slot_size};
}

static void flip_size(struct slot s, uint32_t bits)
{
	set_word(s.off + HDR_SIZE, word(s.off + HDR_SIZE) ^ bits);
}

static void flip_tag(struct slot s, uint32_t bits)
{
	set_word(s.off + s.size - TRL_TAG, word(s.off + s.size - TRL_TAG) ^ bits);
}

/* Entries k00 to k11, in slots of 64 bytes, one behind the other. */
static void put_twelve(void)
{
	for (uint32_t i = 0; i < 12; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%02u", i % 100);
		put(key, "0123456789abcdefghij");
		assert_int_equal(slot(key).size, 64);
	}
}

/* All of them are there but those in GONE, a bit each. */
static void expect_twelve(uint32_t gone)
{
	for (uint32_t i = 0; i < 12; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%02u", i % 100);
		if (gone >> i & 1)
			assert_null(get(key));
		else
			assert_string_equal(get(key), "0123456789abcdefghij");
	}
}

/* A size or a tag that was hit is known from the other one. */
static void test_damaged_size_or_tag_is_mended(void **state)
{
	static const uint32_t words[] = {0, 8, 39, 44, 40, 64, 96, 0x80000000, 0xffffffff, REGION};

	(void)state;
	put("a", "value");
	put("b", "value");
	put("c", "value");
	put("d", "a longer value");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(words); i++) {
		struct slot e = slot(i % 4 < 2 ? "b" : "d");

		set_word(e.off + (i % 2 ? HDR_SIZE : e.size - TRL_TAG), words[i / 2]);
		assert_int_equal(reopen(), 0);
		assert_non_null(strstr(reports, "mended"));
		assert_null(strstr(reports, "quarantined"));
		assert_int_equal(store_size(&store), 4);
		assert_string_equal(get("b"), "value");
		assert_string_equal(get("d"), "a longer value");
		assert_int_equal(reopen(), 0);
		assert_string_equal(reports, "");
	}
}

/* Where size and tag of a slot are gone its neighbours tell where it ends: it alone is lost. */
static void test_slot_without_size_and_tag_is_kept_aside(void **state)
{
	struct slot e;
	struct store_stats st;

	(void)state;
	put("a", "value");
	put("b", "value");
	put("c", "value");
	e = slot("b");
	set_word(e.off + HDR_SIZE, 0);
	set_word(e.off + e.size - TRL_TAG, 0);
	assert_int_equal(reopen(), 0);
	assert_non_null(strstr(reports, "key \"b\""));
	assert_null(get("b"));
	assert_string_equal(get("a"), "value");
	assert_string_equal(get("c"), "value");
	store_stat(&store, &st);
	assert_int_equal(st.quarantined, 1);
	assert_int_equal(reopen(), 0);
	assert_string_equal(reports, "");
}

/* Two slots that were hit, with sound ones between them: a record in between is found. */
static void test_two_places_of_damage(void **state)
{
	struct slot b, d;

	(void)state;
	put("a", "value");
	put("b", "value");
	put("c", "value");
	put("d", "value");
	put("e", "value");
	b = slot("b");
	d = slot("d");
	set_word(b.off + HDR_SIZE, 0xfffffff0);
	set_word(d.off + d.size - TRL_TAG, 0);
	assert_int_equal(reopen(), 0);
	for (const char *key = "abcde"; *key; key++)
		assert_string_equal(get((char[]){*key, 0}), "value");
	assert_int_equal(reopen(), 0);
	assert_string_equal(reports, "");
}

/* A free slot whose state word was hit stays free: not the whole rest of the region is lost. */
static void test_damaged_free_slot_stays_free(void **state)
{
	uint32_t end = chain_end(REGION);
	struct store_stats before, after;

	(void)state;
	put("a", "value");
	for (uint32_t bit = 0; bit <= 32; bit++) {
		store_stat(&store, &before);
		set_word(end - TRL_CRC, bit < 32 ? CRC_FREE ^ 1U << bit : 0);
		assert_int_equal(reopen(), 0);
		store_stat(&store, &after);
		assert_int_equal(after.free_bytes, before.free_bytes);
		assert_int_equal(after.quarantined, 0);
		assert_non_null(strstr(reports, "written again"));
	}
}

/* A wrong size that could be a slot's is believed less than slots that lead back. */
static void test_two_sizes_with_slots_between(void **state)
{
	(void)state;
	put_twelve();
	for (uint32_t a = 32; a <= 2048; a *= 2) {
		for (uint32_t b = 32; b <= 2048; b *= 2) {
			flip_size(slot("k02"), a);
			flip_size(slot("k05"), b);
			assert_int_equal(reopen(), 0);
			expect_twelve(0);
		}
	}
}

/* A free slot that is hit at both ends, with a record between it and another free one. */
static void test_free_slot_takes_no_record_in(void **state)
{
	struct store_stats st;

	(void)state;
	for (uint32_t size_bits = 1; size_bits <= 2048; size_bits *= 2) {
		for (uint32_t tag_bits = 1; tag_bits <= 2048; tag_bits *= 2) {
			struct slot hit;

			assert_int_equal(fresh_store(NULL), 0);
			put_twelve();
			hit = slot("k05");
			assert_int_equal(store_delete(&store, "k03", 3), 0);
			assert_int_equal(store_delete(&store, "k05", 3), 0);
			flip_size(hit, size_bits);
			flip_tag(hit, tag_bits);
			assert_int_equal(reopen(), 0);
			expect_twelve(1U << 3 | 1U << 5);
			store_stat(&store, &st);
			assert_in_range(st.quarantined, 0, 1);
		}
	}
}

static int drop_one(void *ctx, const struct store_damage *d)
{
	*(uint32_t *)ctx = d->off;
	return 1;
}

/* What was dropped is gone, whole records inside included, whatever happens to its slot later. */
static void test_dropped_is_gone(void **state)
{
	struct slot first, last;
	uint32_t off;

	(void)state;
	put_twelve();
	first = slot("k02");
	last = slot("k05");
	/* Both ends of each: all between them is unknown but by a search. */
	flip_size(first, 1);
	flip_tag(first, 1);
	flip_size(last, 1);
	flip_tag(last, 1);
	assert_int_equal(reopen(), 0);
	while (store_each_damaged(&store, drop_one, &off) == 1)
		assert_int_equal(store_drop(&store, off), 0);
	for (uint32_t at = first.off + HDR_BYTES; at < first.off + first.size - TRL_BYTES; at++)
		assert_int_equal(region[at], 0);
	assert_int_equal(reopen(), 0);
	assert_string_equal(reports, "");
}

/* A large region half of whose sizes are wrong is opened and checked in some walks of it. */
static void test_damage_everywhere(void **state)
{
	struct store_checkup c = {0};
	uint32_t hit = 0, n = 0;

	(void)state;
	for (char key[12]; snprintf(key, sizeof(key), "k%07u", n % 10000000),
			   store_put(&store, key, 8, "0123456789", 10, NULL, 0, STORE_NEVER) == 0;)
		n++;
	for (uint32_t off = CHAIN_START, size, i = 0; off < LARGE / 2; off += size, i++) {
		size = word(off);
		if (i % 4 == 0) {
			set_word(off, size ^ 1);
			hit++;
		}
	}
	store_close(&store);
	assert_int_equal(store_check(&config.media, &c), 0);
	assert_int_equal(c.problems, hit);
	assert_int_equal(reopen(), 0);
	assert_int_equal(store_size(&store), n);
}

/* A value full of headers that each give a large slot: its checksums are not all worked out. */
static void test_value_full_of_headers(void **state)
{
	static uint8_t value[MIB(3)];
	uint32_t count = (sizeof(value) - 64) / 56;
	struct slot hit;

	(void)state;
	for (uint32_t i = 0; i < count; i++) { /* headers from the start, trailers from the end */
		uint32_t off = 8 * i, end = sizeof(value) - 48 * i, size = end - off;

		be32_store(value + off, size);
		be32_store(value + end - TRL_W0, 1 << 16);
		be32_store(value + end - TRL_W1, 5);
		be32_store(value + end - TRL_CRC, 0x11111111);
		be32_store(value + end - TRL_TAG, TAG_MAGIC ^ size);
	}
	put("before", "1");
	put_bytes("longkey8", value, sizeof(value));
	hit = slot("longkey8");
	put("behind", "1");
	flip_size(hit, 1);
	flip_tag(hit, 1);
	assert_int_equal(reopen(), 0);
	assert_string_equal(get("before"), "1");
	assert_string_equal(get("behind"), "1");
	assert_null(get("longkey8"));
}

/* A value full of slots that are broken, into which a size that was hit leads. */
static void test_value_full_of_broken_slots(void **state)
{
	static uint8_t value[MIB(3)];
	uint32_t into = 32 + 80;
	struct slot hit;

	(void)state;
	for (uint32_t at = 0; at + 40 <= sizeof(value); at += 40) {
		be32_store(value + at, 40);
		be32_store(value + at + HDR_KEYLEN, 1);
		be32_store(value + at + 40 - TRL_TAG, TAG_MAGIC ^ (at / 40 % 2 ? 44 : 40));
	}
	for (uint32_t i = 0; i < 5000; i++) {
		char key[12];

		snprintf(key, sizeof(key), "k%05u", i % 100000);
		put(key, "0123456789");
	}
	put_bytes("longkey8", value, sizeof(value));
	hit = slot("longkey8");
	put("behind", "1");
	set_word(hit.off + HDR_SIZE, into);
	set_word(hit.off + into - TRL_TAG, TAG_MAGIC ^ into);
	assert_int_equal(reopen(), 0);
	assert_in_range(store_size(&store), 5000, 5001); /* the last slots of the value are odd */
}

/*
 * The sizes of many records were hit, and are ones that a slot could have. Each tag still tells, so
 * nothing is lost, however far the sizes lead and whatever lies there.
 */
static void test_many_sizes_that_could_be(void **state)
{
	uint32_t off = CHAIN_START, count = 0, size, seed = 1;
	uint32_t value[25];

	(void)state;
	do
		for (uint32_t i = 0; i < ARRAY_SIZE(value); i++)
			value[i] = seed = seed * 1664525 + 1013904223;
	while (!store_put(&store, &count, sizeof(count), value, sizeof(value), NULL, 0,
			  STORE_NEVER) &&
	       ++count);
	for (uint32_t i = 0; i < count; i++, off += size) {
		size = be32_load(region + off + HDR_SIZE);
		seed = seed * 1664525 + 1013904223;
		if (i % 5 == 1)
			set_word(off + HDR_SIZE, ROUND_DOWN(seed % (LARGE - off), SLOT_ALIGN));
	}
	assert_int_equal(reopen(), 0);
	assert_int_equal(store_size(&store), count);
}

#define MEND_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)
#define LARGE_TEST(f) cmocka_unit_test_setup_teardown(f, large_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEND_TEST(test_damaged_size_or_tag_is_mended),
		MEND_TEST(test_slot_without_size_and_tag_is_kept_aside),
		MEND_TEST(test_two_places_of_damage),
		MEND_TEST(test_damaged_free_slot_stays_free),
		MEND_TEST(test_two_sizes_with_slots_between),
		MEND_TEST(test_free_slot_takes_no_record_in),
		MEND_TEST(test_dropped_is_gone),
		LARGE_TEST(test_damage_everywhere),
		LARGE_TEST(test_many_sizes_that_could_be),
		LARGE_TEST(test_value_full_of_headers),
		LARGE_TEST(test_value_full_of_broken_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
