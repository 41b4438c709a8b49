/* SPDX-License-Identifier: MIT */
/*
 * Each row of the table of states in docs/SPEC.md, made by hand: a store is written through its own
 * calls, closed, changed byte by byte and opened again.
 */
#include "tests/unit/store_test_by_hand.h"

#include <errno.h>

/* Gives the record E number SEQ and the checksum that it has then, xor STAGE. */
static void renumber(const struct walker_entry *e, uint64_t seq, uint32_t stage)
{
	uint8_t fields[40];
	uint32_t end = e->off + e->size, crc;

	set_word(end - TRL_W0, e->key_len << 16 | (uint32_t)(seq >> 32));
	set_word(end - TRL_W1, (uint32_t)seq);
	be32_store(fields, 1234);
	be32_store(fields + 4, e->off);
	be32_store(fields + 8, e->size);
	be32_store(fields + 12, e->key_len);
	be32_store(fields + 16, e->data_len);
	be32_store(fields + 20, e->meta_len);
	be64_store(fields + 24, (uint64_t)e->expiry);
	memcpy(fields + 32, region + end - TRL_W0, 8);
	crc = walker_crc(0, fields, sizeof(fields));
	crc = walker_crc(crc, region + e->off + HDR_BYTES, e->key_len + e->data_len + e->meta_len);
	set_word(end - TRL_CRC, crc ^ stage);
}

/* Renames the key of the record E, which must not change its length. */
static void rename_key(const struct walker_entry *e, const char *key)
{
	assert_int_equal(strlen(key), e->key_len);
	memcpy(region + e->off + HDR_BYTES, key, e->key_len);
	renumber(e, e->seq, 0);
}

static void set_super64(uint32_t field, uint64_t value)
{
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		be64_store(region + copy + field, value);
		walker_seal(region + copy);
	}
}

/* [aa 1][ab 2]: both become "aa"; the one with the higher number is it, wherever it lies. */
static void two_of_a_key(uint64_t first_seq, uint64_t second_seq, const char *winner)
{
	struct walker_entry first, second;

	assert_int_equal(fresh_store(NULL), 0);
	put("aa", "first");
	put("ab", "second");
	put("zz", "other");
	first = entry("aa");
	second = entry("ab");
	rename_key(&second, "aa");
	renumber(&first, first_seq, 0);
	renumber(&second, second_seq, 0);
	assert_int_equal(reopen(), 0);
	assert_string_equal(get("aa"), winner);
	walk_region();
	assert_int_equal(walk.entries, 2);
	assert_int_equal(store_delete(&store, "aa", 2), 0);
	assert_int_equal(reopen(), 0);
	assert_null(get("aa"));
}

static void test_higher_number_wins(void **state)
{
	(void)state;
	two_of_a_key(10, 11, "second");
	two_of_a_key(11, 10, "first");
	two_of_a_key(0x123456789aULL & 0xffff, 3, "first");
}

static void test_same_number_keeps_one(void **state)
{
	(void)state;
	two_of_a_key(7, 7, "first");
}

static void test_dead_up_to_the_floor(void **state)
{
	(void)state;
	put("below", "x");
	put("at", "x");
	put("above", "x");
	store_close(&store);
	set_super64(SB_FLOOR, entry("at").seq);
	assert_int_equal(reopen(), 0);
	assert_null(get("below"));
	assert_null(get("at"));
	assert_string_equal(get("above"), "x");
	walk_region();
	assert_int_equal(walk.entries, 1);
}

static void test_missing_key_length_is_restored(void **state)
{
	static const uint32_t lengths[] = {0, 1, 65535, 0x7fffffff, 0x80000000, 0xffffffff};

	(void)state;
	put("key", "value");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		set_word(entry("key").off + HDR_KEYLEN, lengths[i]);
		assert_int_equal(reopen(), 0);
		assert_string_equal(get("key"), "value");
		assert_int_equal(entry("key").key_len, 3);
	}
}

static void test_free_slot_with_a_key_length(void **state)
{
	struct walker_entry e;

	(void)state;
	put("gone", "value");
	put("stays", "value");
	e = entry("gone");
	set_word(e.off + e.size - TRL_CRC, CRC_FREE);
	assert_int_equal(reopen(), 0);
	assert_null(get("gone"));
	assert_int_equal(word(e.off + HDR_KEYLEN), 0);
	assert_string_equal(get("stays"), "value");
	walk_region();
}

static void staged(uint32_t stage, uint64_t lo, uint64_t hi, bool applied)
{
	struct walker_entry e;

	assert_int_equal(fresh_store(NULL), 0);
	put("stays", "value");
	put("batch", "value");
	e = entry("batch");
	store_close(&store);
	renumber(&e, e.seq, stage);
	set_word(e.off + HDR_KEYLEN, 0);
	set_super64(SB_BATCH_LO, lo ? e.seq - 1 + lo : 0);
	set_super64(SB_BATCH_HI, hi ? e.seq - 1 + hi : 0);
	assert_int_equal(reopen(), 0);
	if (applied)
		assert_string_equal(get("batch"), "value");
	else
		assert_null(get("batch"));
	assert_string_equal(get("stays"), "value");
	walk_region();
	assert_int_equal(walk.entries, 1 + applied);
	assert_int_equal(reopen(), 0);
	assert_string_equal(reports, "");
	assert_int_equal(store_size(&store), 1 + applied);
}

static void test_staged_without_commit_is_dead(void **state)
{
	(void)state;
	staged(CRC_STAGE, 0, 0, false);
	staged(CRC_STAGEDEL, 0, 0, false);
	staged(CRC_STAGE, 2, 9, false);
}

static void test_committed_batch_is_completed(void **state)
{
	(void)state;
	staged(CRC_STAGE, 1, 1, true);
	staged(CRC_STAGEDEL, 1, 5, false);
}

/* Deletes of a batch: what has a lower number goes, what has a higher one stays. */
static void test_committed_deletes(void **state)
{
	struct walker_entry target, del;

	(void)state;
	for (int later = 0; later < 2; later++) {
		assert_int_equal(fresh_store(NULL), 0);
		put("stays", "value");
		put("aa", "value");
		put("ab", "");
		target = entry("aa");
		del = entry("ab");
		store_close(&store);
		rename_key(&del, "aa");
		renumber(&target, later ? del.seq : target.seq, 0);
		renumber(&del, later ? target.seq : del.seq, CRC_STAGEDEL);
		set_word(del.off + HDR_KEYLEN, 0);
		set_super64(SB_BATCH_LO, target.seq);
		set_super64(SB_BATCH_HI, del.seq);
		assert_int_equal(reopen(), 0);
		assert_string_equal(get("stays"), "value");
		assert_int_equal(store_size(&store), 1 + later);
		assert_int_equal(reopen(), 0);
		assert_string_equal(reports, "");
		assert_int_equal(store_size(&store), 1 + later);
	}
}

static void test_number_never_given_out(void **state)
{
	struct walker_entry e;

	(void)state;
	put("key", "value");
	put("forged", "value");
	e = entry("forged");
	walk_region();
	renumber(&e, walk.seq_limit, 0);
	assert_int_equal(reopen(), 0);
	assert_quarantined("forged", 1);
	assert_non_null(strstr(reports, "forged"));
	assert_string_equal(get("key"), "value");
	assert_int_equal(reopen(), 0); /* also with the limit that it now lies below */
	assert_quarantined("forged", 1);
}

/* Any one bit of a record's contents: never served, kept aside and named, the others whole. */
static void test_flipped_contents_are_kept_aside(void **state)
{
	struct walker_entry e;

	(void)state;
	put("first", "1");
	put("damaged", "some value");
	put("last", "3");
	e = entry("damaged");
	for (uint32_t bit = 0; bit < (e.key_len + e.data_len) * 8; bit++) {
		static uint8_t clean[REGION];

		memcpy(clean, region, REGION);
		region[e.off + HDR_BYTES + bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(reopen(), 0);
		assert_quarantined("damaged", 1);
		assert_non_null(strstr(reports, "does not match its checksum"));
		assert_string_equal(get("first"), "1");
		assert_string_equal(get("last"), "3");
		put("new", "goes elsewhere");
		memcpy(region, clean, REGION);
		assert_int_equal(reopen(), 0);
	}
}

/* One copy is enough, sound and of a version that only a newer program can have written. */
static void test_a_copy_of_another_version_counts(void **state)
{
	static uint8_t before[REGION];

	(void)state;
	put("a", "1");
	store_close(&store);
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		set_word(copy + SB_VERSION, 2);
		walker_seal(region + copy);
		memcpy(before, region, REGION);
		assert_int_equal(reopen(), -EPROTONOSUPPORT);
		assert_memory_equal(before, region, REGION);
		set_word(copy + SB_VERSION, SB_VERSION_VALUE);
		walker_seal(region + copy);
	}
	assert_int_equal(reopen(), 0);
}

static void test_image_magic_is_restored(void **state)
{
	(void)state;
	put("a", "value");
	set_word(IMAGE_OFFSET, 0);
	assert_int_equal(reopen(), 0);
	assert_int_equal(word(IMAGE_OFFSET), IMAGE_MAGIC);
	assert_string_equal(get("a"), "value");
}

static void test_either_superblock_copy_is_enough(void **state)
{
	(void)state;
	put("a", "value");
	for (uint32_t off = 0; off < SB_SIZE; off += 4) {
		uint32_t copy = off % 8 ? SB_COPY_B : 0;

		region[copy + off] ^= 0x10;
		assert_int_equal(reopen(), 0);
		assert_string_equal(get("a"), "value");
		assert_memory_equal(region, region + SB_COPY_B, SB_SIZE);
	}
}

/* A copy that an update had not reached yet is valid, and does not count. */
static void test_older_copy_does_not_count(void **state)
{
	static uint8_t older[SB_SIZE];

	(void)state;
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		assert_int_equal(fresh_store(NULL), 0);
		put("cleared", "value");
		memcpy(older, region + copy, SB_SIZE);
		assert_int_equal(store_clear(&store), 0);
		memcpy(region + copy, older, SB_SIZE);
		put("new", "value");
		assert_int_equal(reopen(), 0);
		assert_int_equal(be64_load(region + SB_FLOOR),
				 be64_load(region + SB_COPY_B + SB_FLOOR));
		assert_int_not_equal(be64_load(region + SB_FLOOR), 0);
		assert_string_equal(get("new"), "value");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BY_HAND_TEST(test_higher_number_wins),
		BY_HAND_TEST(test_same_number_keeps_one),
		BY_HAND_TEST(test_dead_up_to_the_floor),
		BY_HAND_TEST(test_missing_key_length_is_restored),
		BY_HAND_TEST(test_free_slot_with_a_key_length),
		BY_HAND_TEST(test_staged_without_commit_is_dead),
		BY_HAND_TEST(test_committed_batch_is_completed),
		BY_HAND_TEST(test_committed_deletes),
		BY_HAND_TEST(test_number_never_given_out),
		BY_HAND_TEST(test_flipped_contents_are_kept_aside),
		BY_HAND_TEST(test_a_copy_of_another_version_counts),
		BY_HAND_TEST(test_older_copy_does_not_count),
		BY_HAND_TEST(test_image_magic_is_restored),
		BY_HAND_TEST(test_either_superblock_copy_is_enough),
	};

	return cmocka_run_group_tests_name("store states", tests, NULL, NULL);
}
