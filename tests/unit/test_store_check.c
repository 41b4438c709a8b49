/* SPDX-License-Identifier: MIT */
/* store_check(): every finding it can have, one by one, and that it leaves the region alone. */
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
#include "tests/unit/walker.h"

#define REGION 8192U
#define SLOT 48U /* of each entry */
#define A CHAIN_START
#define B (A + SLOT)
#define C (B + SLOT)
#define D (C + SLOT)
#define TAIL (D + SLOT)
#define TAIL_SIZE (CHAIN_START + (REGION - CHAIN_START) / 8 * 8 - TAIL)

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_media media = {.base = region, .size = REGION};
static struct store store;
static struct store_checkup found;
static char said[2000], keys[200], deleted[200];

static void on_line(void *ctx, bool problem, uint32_t off, const char *text)
{
	size_t n = strlen(said);

	assert_ptr_equal(ctx, &found);
	snprintf(said + n, sizeof(said) - n, "%s %u: %s\n", problem ? "problem" : "note", off,
		 text);
}

static void on_record(void *ctx, const struct store_view *v)
{
	assert_ptr_equal(ctx, &found);
	strncat(keys, v->key, v->key_len);
	assert_true(v->data_len >= 2);
	assert_memory_equal(v->data, "vv", 2);
}

static void on_deleted(void *ctx, const struct store_view *v)
{
	assert_ptr_equal(ctx, &found);
	strncat(deleted, v->key, v->key_len);
}

static int look(void)
{
	static uint8_t copy[REGION];
	int err;

	said[0] = keys[0] = deleted[0] = '\0';
	found = (struct store_checkup){
		.line = on_line, .record = on_record, .deleted = on_deleted, .ctx = &found};
	memcpy(copy, region, REGION);
	err = store_check(&media, &found);
	assert_memory_equal(region, copy, REGION);
	return err;
}

/* What there is to be found, line by line, and the keys of the records that an open would serve. */
static void expect_(const char *lines, const char *records, int at)
{
	uint32_t problems = 0, notes = 0;

	if (look() || strcmp(said, lines) || strcmp(keys, records))
		fail_msg("line %d: found <%s> and the records <%s>, not <%s> and <%s>", at, said,
			 keys, lines, records);
	for (const char *p = lines; *p; p = strchr(p, '\n') + 1) {
		problems += *p == 'p';
		notes += *p == 'n';
	}
	assert_int_equal(found.problems, problems);
	assert_int_equal(found.notes, notes);
	assert_int_equal(found.records, strlen(records));
}

#define EXPECT(lines, records) expect_(lines, records, __LINE__)

static void put(const char *key)
{
	assert_int_equal(store_put(&store, key, 1, "vv", 2, NULL, 0, STORE_NEVER), 0);
}

/* The entries a to d, with the numbers 1 to 4, and a free slot behind them; the store is closed. */
static int four_entries(void **state)
{
	struct store_config config = {.media = media};

	(void)state;
	memset(region, 0, REGION);
	assert_int_equal(store_format(&media, 1), 0);
	assert_int_equal(store_open(&store, &config), 0);
	put("a");
	put("b");
	put("c");
	put("d");
	store_close(&store);
	return 0;
}

static uint32_t get(uint32_t off)
{
	return be32_load(region + off);
}

static void set(uint32_t off, uint32_t value)
{
	be32_store(region + off, value);
}

/* Both words of a kill of the slot at OFF. */
static void kill_slot(uint32_t off)
{
	set(off + HDR_KEYLEN, 0);
	set(off + SLOT - TRL_CRC, CRC_FREE);
}

static void set_super(uint32_t off, uint64_t value)
{
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		be64_store(region + copy + off, value);
		walker_seal(region + copy);
	}
}

static void test_sound(void **state)
{
	(void)state;
	EXPECT("", "abcd");
	assert_int_equal(found.free_slots, 1);
	assert_int_equal(found.kept_aside, 0);
	/* Nobody needs to listen. */
	found = (struct store_checkup){.problems = 7};
	region[B + HDR_BYTES] ^= 1;
	assert_int_equal(store_check(&media, &found), 0);
	assert_int_equal(found.problems, 1);
	assert_int_equal(found.records, 3);
}

static void test_nothing_to_look_at(void **state)
{
	(void)state;
	media.size = REGION - 1;
	assert_int_equal(look(), -EINVAL);
	media.size = REGION;
	media.base = region + 8;
	found = (struct store_checkup){0};
	assert_int_equal(store_check(&media, &found), -EINVAL);
	media.base = region;
	set_super(SB_REGION_SIZE, (uint64_t)2 * REGION << 32 | get(SB_SALT));
	assert_int_equal(look(), -ENOSPC);
	region[SB_REGION_SIZE] ^= 1;
	region[SB_COPY_B + SB_REGION_SIZE] ^= 1;
	assert_int_equal(look(), -EBADMSG);
	set_super(SB_VERSION, (uint64_t)2 << 32 | get(SB_STATE));
	assert_int_equal(look(), -EPROTONOSUPPORT);
	memset(region, 0, REGION);
	assert_int_equal(look(), -ENODATA);
	assert_int_equal(found.problems + found.notes, 0);
}

static void test_superblock(void **state)
{
	(void)state;
	region[SB_COPY_B + SB_SALT] ^= 1;
	EXPECT("note 0: only one copy of the superblock is valid and the newest\n", "abcd");
	memcpy(region + SB_COPY_B, region, SB_SIZE);
	set(SB_COPY_B + SB_GENERATION, get(SB_GENERATION) - 1);
	walker_seal(region + SB_COPY_B);
	EXPECT("note 0: only one copy of the superblock is valid and the newest\n", "abcd");
	memcpy(region + SB_COPY_B, region, SB_SIZE);
	set(IMAGE_OFFSET, 0);
	EXPECT("problem 4096: the image does not begin with FCS1\n", "abcd");
	set_super(SB_STATE, (uint64_t)SB_FORMATTING << 32 | REGION);
	EXPECT("note 0: a format was cut: the next open completes it\n", "");
}

static void test_cut_put_and_delete(void **state)
{
	(void)state;
	set(B + HDR_KEYLEN, 0);
	EXPECT("note 4148: a put was cut: the record is whole, and not visible yet\n", "abcd");
	set(B + HDR_KEYLEN, 1);
	set(B + SLOT - TRL_CRC, CRC_FREE);
	EXPECT("note 4148: a delete was cut: the slot is free, its key length still there\n",
	       "acd");
	kill_slot(B);
	EXPECT("", "acd");
	assert_int_equal(found.free_slots, 2);
	set(B + HDR_DATALEN, SLOT);
	EXPECT("note 4148: a put was cut: the lengths in a free slot do not fit in it\n", "acd");
	set(B + HDR_DATALEN, UINT32_MAX);
	set(B + HDR_METALEN, 1);
	EXPECT("note 4148: a put was cut: the lengths in a free slot do not fit in it\n", "acd");
}

static void test_cut_split_and_join(void **state)
{
	(void)state;
	kill_slot(B);
	kill_slot(C);
	EXPECT("note 4196: a free slot behind a free slot\n", "ad");
	set(B, 2 * SLOT);
	EXPECT("note 4148: a split or a join of slots was cut\n", "ad");
	assert_int_equal(found.free_slots, 2);
	set(B, SLOT);
	set(C + SLOT - TRL_TAG, TAG_MAGIC ^ 2 * SLOT);
	EXPECT("note 4196: a split or a join of slots was cut\n"
	       "note 4196: a free slot behind a free slot\n",
	       "ad");
	set(B, 2 * SLOT);
	EXPECT("", "ad");
	set(D + HDR_KEYLEN, 0);
	set(D, SLOT + TAIL_SIZE);
	EXPECT("note 4244: a split or a join of slots was cut\n"
	       "note 4244: a put was cut: the record is whole, and not visible yet\n",
	       "ad");
	assert_int_equal(found.free_slots, 2);
}

static void test_cut_clear_and_eviction(void **state)
{
	(void)state;
	set_super(SB_FLOOR, 2);
	EXPECT("note 4100: a clear was cut: the record is dead\n"
	       "note 4148: a clear was cut: the record is dead\n",
	       "cd");
	set_super(SB_FLOOR, 0);
	set_super(SB_EVICT_NEW, 4);
	EXPECT("", "abcd"); /* the one that was to go is gone already */
	set_super(SB_EVICT_VICTIM, 2);
	EXPECT("note 4148: an eviction was cut: the record is dead\n", "acd");
	set_super(SB_EVICT_NEW, 5); /* the put that was cut has left nothing */
	EXPECT("", "abcd");
	set_super(SB_EVICT_NEW, 4);
	kill_slot(D);
	EXPECT("note 4292: a free slot behind a free slot\n", "abc");
}

static void test_cut_batch(void **state)
{
	(void)state;
	kill_slot(A);
	set(B + HDR_KEYLEN, 0);
	set(B + SLOT - TRL_CRC, get(B + SLOT - TRL_CRC) ^ CRC_STAGE);
	set(C + HDR_KEYLEN, 0);
	set(C + SLOT - TRL_CRC, get(C + SLOT - TRL_CRC) ^ CRC_STAGEDEL);
	EXPECT("note 4148: a batch was cut before its commit: the record is dead\n"
	       "note 4196: a batch was cut before its commit: the record is dead\n",
	       "d");
	set_super(SB_BATCH_LO, 3);
	set_super(SB_BATCH_HI, 3);
	EXPECT("note 4148: a batch was cut before its commit: the record is dead\n"
	       "note 4196: a batch was cut behind its commit: the next open does the rest\n",
	       "d");
	assert_string_equal(deleted, "c");
	set_super(SB_BATCH_LO, 2);
	set_super(SB_BATCH_HI, 2);
	EXPECT("note 4148: a batch was cut behind its commit: the next open does the rest\n"
	       "note 4196: a batch was cut before its commit: the record is dead\n",
	       "bd");
	assert_string_equal(deleted, "");
}

static void test_damaged_slots(void **state)
{
	(void)state;
	region[B + HDR_BYTES + 1] ^= 1;
	EXPECT("problem 4148: a slot of 48 bytes, key \"b\": wrong checksum\n", "acd");
	set(B + HDR_KEYLEN, KEYLEN_QMARK);
	EXPECT("note 4148: a slot of 48 bytes that is kept aside as damaged\n", "acd");
	assert_int_equal(found.kept_aside, 1);
	set(C + HDR_KEYLEN, 3);
	EXPECT("note 4148: a slot of 48 bytes that is kept aside as damaged\n"
	       "problem 4196: key length 3, which is 1\n",
	       "acd");
	set(TAIL + TAIL_SIZE - TRL_CRC, CRC_FREE ^ 2);
	EXPECT("note 4148: a slot of 48 bytes that is kept aside as damaged\n"
	       "problem 4196: key length 3, which is 1\n"
	       "problem 4292: a free slot of 3896 bytes: wrong state word\n",
	       "acd");
	assert_int_equal(found.free_slots, 1);
}

static void test_number_out_of_range(void **state)
{
	(void)state;
	set_super(SB_SEQ_LIMIT, 4);
	EXPECT("problem 4244: a record with number 4; all are below 4\n", "abc");
}

static void test_broken_chain(void **state)
{
	uint32_t tag = get(C + SLOT - TRL_TAG);

	(void)state;
	set(B, SLOT + 1);
	EXPECT("problem 4148: the size or the tag of a slot is damaged; the other one tells\n",
	       "abcd");
	kill_slot(A);
	kill_slot(C); /* no free slot is before it */
	EXPECT("problem 4148: the size or the tag of a slot is damaged; the other one tells\n",
	       "bd");
	four_entries(NULL);
	set(B + SLOT - TRL_TAG, 0);
	EXPECT("problem 4148: the size or the tag of a slot is damaged; the other one tells\n",
	       "abcd");
	set(B, 0);
	set(B + SLOT - TRL_TAG, TAG_MAGIC ^ SLOT);
	set(C + SLOT - TRL_TAG, 0);
	set(C, 0);
	/* Where a record checks, its slot ends: only what is behind it is unknown. */
	EXPECT("problem 4148: the size or the tag of a slot is damaged; the other one tells\n"
	       "problem 4196: 48 bytes, key \"c\": they belong to slots that nothing is "
	       "known of\n",
	       "abd");
	/* The record behind what is lost, whose own tag tells, is looked at as well. */
	set(B + SLOT - TRL_TAG, 0);
	set(C + SLOT - TRL_TAG, tag);
	EXPECT("problem 4148: 48 bytes, key \"b\": they belong to slots that nothing is "
	       "known of\n",
	       "acd");
}

/* A free slot of SIZE bytes as a store writes it, at P. */
static void forge_free(uint8_t *p, uint32_t size)
{
	be32_store(p, size);
	be64_store(p + HDR_EXPIRY, (uint64_t)STORE_NEVER);
	be32_store(p + size - TRL_CRC, CRC_FREE);
	be32_store(p + size - TRL_TAG, TAG_MAGIC ^ size);
}

/* Of a record whose size leads into its own value, nothing in there is taken for slots. */
static void test_slots_in_a_value(void **state)
{
	struct store_config config = {.media = media};
	uint8_t slot[HDR_BYTES + 1 + 200] = {0}, *value = slot + HDR_BYTES + 1;

	(void)state;
	memcpy(value, "vv", 2);
	forge_free(slot + 2 * SLOT, SLOT);
	be32_store(slot + 2 * SLOT - TRL_CRC, CRC_FREE);
	be32_store(slot + 2 * SLOT - TRL_TAG, TAG_MAGIC ^ 2 * SLOT);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_put(&store, "e", 1, value, 200, NULL, 0, STORE_NEVER), 0);
	put("f");
	store_close(&store);
	EXPECT("", "abcdef");
	set(TAIL, 2 * SLOT);
	EXPECT("problem 4292: the size or the tag of a slot is damaged; the other one tells\n",
	       "abcdef");
	assert_int_equal(found.free_slots, 1);
}

/* An open store may be looked at: pinned slots and a batch that is open are notes. */
static void test_open_store(void **state)
{
	struct store_config config = {.media = media};
	struct store_view b, c;

	(void)state;
	assert_int_equal(store_open(&store, &config), 0);
	EXPECT("", "abcd");
	assert_int_equal(store_get(&store, "b", 1, &b), 0);
	assert_int_equal(store_get(&store, "c", 1, &c), 0);
	assert_int_equal(store_delete(&store, "b", 1), 0);
	assert_int_equal(store_delete(&store, "c", 1), 0);
	EXPECT("note 4196: a free slot behind a free slot\n", "ad");
	store_release(&store, &b);
	store_release(&store, &c);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_batch_delete(&store, "a", 1), 0);
	EXPECT("note 4148: a batch was cut before its commit: the record is dead\n", "ad");
	store_batch_abort(&store);
	EXPECT("", "ad");
	store_close(&store);
}

#define TEST(f) cmocka_unit_test_setup(f, four_entries)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sound),
		TEST(test_nothing_to_look_at),
		TEST(test_superblock),
		TEST(test_cut_put_and_delete),
		TEST(test_cut_split_and_join),
		TEST(test_cut_clear_and_eviction),
		TEST(test_cut_batch),
		TEST(test_damaged_slots),
		TEST(test_number_out_of_range),
		TEST(test_broken_chain),
		TEST(test_slots_in_a_value),
		TEST(test_open_store),
	};

	return cmocka_run_group_tests_name("store_check", tests, NULL, NULL);
}
