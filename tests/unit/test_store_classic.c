/* SPDX-License-Identifier: MIT */
/*
 * The plain layout (store/classic.c): which bytes the file has after each operation, what an open
 * makes of a file, and what is refused. Files are written down by hand here, record by record;
 * tests/host plays long scripts.
 */
#include <errno.h>

#include "tests/unit/store_test_classic.h"

static void nothing_becomes_a_file(void **state UNUSED)
{
	file.size = 0;
	assert_open();
	begin_file();
	assert_file();
	assert_int_equal(store_size(&store), 0);
}

static void a_put_is_appended(void **state UNUSED)
{
	static const char meta[] = {'m', 'e', 't', 'a'};

	assert_open();
	assert_int_equal(put("key", "value"), 0);
	add("key", "value", 0);
	assert_file();
	assert_int_equal(store_put(&store, "k", 1, "", 0, meta, 4, NOW + 1), 0);
	add_slot(HEADER + 5, 1, 0, 4, NOW + 1, "kmeta");
	assert_file();
	assert_free("");
}

/* Only the key's length is zeroed; what replaces a record is there before. */
static void what_ends_stays_but_for_a_length(void **state UNUSED)
{
	uint32_t a = add("a", "first", 0), b = add("b", "second", 0);

	assert_open();
	assert_int_equal(put("a", "longer than before"), 0);
	end_record(a);
	add("a", "longer than before", 0);
	assert_file();
	assert_int_equal(del("b"), 0);
	end_record(b);
	assert_file();
	assert_int_equal(del("b"), -ENOENT);
	assert_free("4:30 34:31 "); /* neighbours, joined by an open or a purge only */
	assert_value("a", "longer than before");
}

/* The smallest slot that is large enough, the first of these; else behind the end. */
static void the_place_of_a_record(void **state UNUSED)
{
	uint32_t small, end;

	add_free(60);
	add("x", "1", 0);
	small = add_free(40);
	add("y", "2", 0);
	add_free(40);
	add("z", "3", 0);
	assert_open();
	assert_int_equal(put("k", "0123456789"), 0); /* 35 bytes, and 5 of slack */
	end = file.size;
	file.size = small;
	add_slot(40, 1, 10, 0, -1, "k0123456789");
	file.size = end;
	assert_file();
	assert_free("156:40 4:60 ");
	assert_int_equal(put("l", "0123456789012345678901234567890123456789"), 0);
	add("l", "0123456789012345678901234567890123456789", 0);
	assert_file();
}

/* From 128 bytes left over on, if the record takes no more than three quarters. */
static void what_is_split(void **state UNUSED)
{
	uint32_t end;

	add_free(HEADER + 2 + 127);
	add("x", "1", 0);
	add_free(HEADER + 2 + 128);
	add("y", "2", 0);
	assert_open();
	assert_int_equal(put("a", "b"), 0);
	assert_int_equal(put("c", "d"), 0);
	end = file.size;
	begin_file();
	add_slot(HEADER + 2 + 127, 1, 1, 0, -1, "ab");
	add("x", "1", 0);
	add("c", "d", 0);
	add_free(128);
	file.size = end;
	assert_file();
	assert_free("209:128 ");
}

/* An open joins free slots, writes a header for each run, and cuts the last one off. */
static void an_open_tidies(void **state UNUSED)
{
	add("a", "1", 0);
	add_free(30);
	add("b", "2", 0);
	add_slot(25, 0, 1, 0, 7, "x");          /* what was a record */
	add_slot(31, UINT32_MAX, 1, 0, 7, "y"); /* a negative length is none */
	add("c", "3", 0);
	add_free(25);
	add_free(26);
	assert_open();
	begin_file();
	add("a", "1", 0);
	add_free(30);
	add("b", "2", 0);
	add_slot(56, 0, 0, 0, -1, "x");
	be32_store(file.bytes + file.size - 31, 31); /* its old header is within */
	memset(file.bytes + file.size - 27, 0xff, 4);
	be32_store(file.bytes + file.size - 23, 1);
	be64_store(file.bytes + file.size - 15, 7);
	file.bytes[file.size - 7] = 'y';
	add("c", "3", 0);
	assert_file();
	assert_free("30:30 86:56 ");
}

static char gone[16];

static void note_gone(void *ctx, const void *key, uint32_t key_len)
{
	(void)ctx;
	strncat(gone, key, key_len);
}

/* A purge does so, too, behind the removal of what has expired; equal is alive. */
static void a_purge_tidies(void **state UNUSED)
{
	uint32_t at;

	add_slot(HEADER + 2, 1, 1, 0, NOW - 1, "a1");
	at = add_slot(HEADER + 2, 1, 1, 0, 1, "b2");
	add_slot(HEADER + 2, 1, 1, 0, NOW, "c3");
	add_slot(HEADER + 2, 1, 1, 0, NOW - 9, "d4");
	assert_open();
	assert_int_equal(store_size(&store), 4);
	gone[0] = '\0';
	assert_int_equal(store_purge(&store, note_gone, NULL), 3);
	assert_string_equal(gone, "abd");
	end_record(at);
	file.size = 4;
	add_slot(52, 0, 0, 0, -1, "a1");
	memcpy(file.bytes + at, region + at, HEADER + 2);
	file.size = 82;
	assert_file();
	assert_free("4:52 ");
	assert_value("c", "3");
	assert_int_equal(store_purge(&store, NULL, NULL), 0);
	assert_file();
}

/* Two records of a key: the later one is it, and the other lies in the way. */
static void the_later_record_counts(void **state UNUSED)
{
	uint32_t second;

	add("k", "old", 0);
	second = add("k", "new", 0);
	assert_open();
	assert_int_equal(store_size(&store), 1);
	assert_value("k", "new");
	assert_free("");
	assert_int_equal(del("k"), 0);
	end_record(second);
	assert_file();
	assert_int_equal(del("k"), -ENOENT);
}

static void assert_refuses_writes(void)
{
	struct store_stats st;

	store_stat(&store, &st);
	assert_int_equal(put("new", "value"), -EROFS);
	assert_int_equal(del("a"), -EROFS);
	assert_int_equal(store_purge(&store, NULL, NULL), -EROFS);
	assert_int_equal(store_clear(&store), -EROFS);
	assert_int_equal(store_compact(&store, ROOM), -EROFS);
	assert_memory_equal(region, file.bytes, file.size);
	assert_value("a", "1");
	assert_free("");
}

static void a_file_that_is_cut(void **state UNUSED)
{
	add("a", "1", 0);
	add("b", "2", 0);
	file.size--;
	assert_int_equal(open_file(), 0);
	assert_string_equal(
		said,
		"the file ends in the record at offset 30, behind 25 of its 26 bytes: what is "
		"before it is served, and nothing written");
	assert_int_equal(store_size(&store), 1);
	assert_refuses_writes();
}

/* What is left behind the last record, too little for a header, is no record. */
static void a_rest_of_a_header(void **state UNUSED)
{
	add("a", "1", 0);
	file.size += HEADER - 1;
	assert_open();
	assert_int_equal(store.end, 30);
	assert_int_equal(store.file_size, 30 + HEADER - 1);
	assert_int_equal(put("b", "2"), 0);
	file.size = 30;
	add("b", "2", 0);
	assert_file();
}

static void sizes_that_cannot_be(void **state UNUSED)
{
	static const struct {
		uint32_t size;
		const char *text;
	} cases[] = {{0, "size 0"},
		     {23, "size 23"},
		     {UINT32_MAX, "size -1"},
		     {0x80000000u, "size -2147483648"}};
	char expected[160];
	uint32_t at;

	add("a", "1", 0);
	at = add("b", "2", 0);
	add("c", "3", 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		be32_store(file.bytes + at, cases[i].size);
		assert_int_equal(open_file(), 0);
		snprintf(expected, sizeof(expected),
			 "the record at offset 30 has %s, expected at least 24: what is before it "
			 "is served, "
			 "and nothing written",
			 cases[i].text);
		assert_string_equal(said, expected);
		assert_int_equal(store_size(&store), 1);
		assert_refuses_writes();
		store_close(&store);
	}
}

/* The size is sound, so what follows is served; which bytes are key, data, metadata is not known.
 */
static void lengths_that_do_not_fit(void **state UNUSED)
{
	add_free(30);
	add("a", "1", 0);
	add_slot(HEADER + 2, 1, 2, 0, -1, "b2");
	add("c", "3", 0);
	assert_int_equal(open_file(), 0);
	assert_string_equal(
		said,
		"the record at offset 60 has lengths that do not fit (size 26, key 1, data 2, "
		"metadata 0): left out, and nothing is written");
	assert_int_equal(store_size(&store), 2);
	assert_value("c", "3");
	assert_refuses_writes();
}

static void no_such_file(void **state UNUSED)
{
	static const char *const first[] = {"FCS", "FCS2", "fcs1"};

	for (size_t i = 0; i < 3; i++) {
		file.size = (uint32_t)strlen(first[i]);
		memcpy(file.bytes, first[i], file.size);
		said[0] = '\0';
		assert_int_equal(open_file(), -EBADMSG);
		assert_string_equal(said, "the file does not begin with FCS1: it is left as it is");
		assert_memory_equal(region, first[i], file.size);
	}
	begin_file();
	file.size = 3;
	assert_int_equal(open_file(), -EBADMSG);
}

static void a_clear(void **state UNUSED)
{
	struct store_view view;

	add("a", "1", 0);
	add_free(40);
	add("b", "2", 0);
	assert_open();
	assert_int_equal(store_get(&store, "b", 1, &view), 0);
	assert_int_equal(store_clear(&store), -EBUSY);
	assert_memory_equal(view.data, "2", 1);
	store_release(&store, &view);
	assert_int_equal(store_clear(&store), 0);
	begin_file();
	assert_file();
	assert_int_equal(store_size(&store), 0);
	assert_int_equal(put("c", "3"), 0);
	add("c", "3", 0);
	assert_file();
}

static void what_the_format_has_no_place_for(void **state UNUSED)
{
	static const struct store_sharing sharing = {.sharers = 1, .patience_ns = 1};
	struct store_view view;

	assert_open();
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "a", 1, "1", 1, NULL, 0, -1), 0);
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "a", 1, "2", 1, NULL, 0, -1), -EEXIST);
	assert_int_equal(store_put_if(&store, 1, "a", 1, "2", 1, NULL, 0, -1), -ENOTSUP);
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	assert_int_equal(view.version, 0);
	store_release(&store, &view);
	assert_int_equal(store_batch_begin(&store), -ENOTSUP);
	assert_int_equal(store_grow(&store, 2 * ROOM), -ENOTSUP);
	assert_int_equal(store_share(&store, &sharing), -ENOTSUP);
	add("a", "1", 0);
	assert_file();
}

static uint8_t told[ROOM]; /* 1: a write of this byte was told since the file was as now */

static void note_written(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	memset(told + off, 1, len);
}

static void clean(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	(void)ptr;
	(void)len;
}

/* Every byte that is another one now was told. */
static void assert_told(uint8_t before[ROOM])
{
	for (uint32_t i = 0; i < ROOM; i++)
		assert_true(region[i] == before[i] || told[i]);
	memset(told, 0, sizeof(told));
	memcpy(before, region, ROOM);
}

static void memory_that_is_to_survive_a_reset(void **state UNUSED)
{
	struct store_config config = {
		.media = {.base = region, .size = ROOM, .written = note_written, .clean = clean},
		.report = report,
		.layout = &store_classic};
	struct store_view view;
	uint8_t before[ROOM];

	memcpy(before, region, sizeof(before));
	assert_int_equal(store_open(&store, &config), 0);
	assert_string_equal(said,
			    "plain FCS1: a cut write may lose entries, and damage is not noticed");
	assert_told(before);
	assert_int_equal(store_compact(&store, ROOM), 0); /* of nothing */
	assert_int_equal(put("a", "1"), 0);
	assert_int_equal(put("b", "2"), 0);
	assert_told(before);
	assert_int_equal(del("a"), 0);
	assert_told(before);
	assert_int_equal(store_compact(&store, ROOM), 0);
	assert_told(before);
	add("b", "2", 0);
	assert_file();
	assert_int_equal(store_get(&store, "b", 1, &view), 0);
	store_close(&store);
	store_release(&store, &view); /* it ended with the store */
	config.media.size = 3;
	assert_int_equal(store_open(&store, &config), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_becomes_a_file),
		TEST(a_put_is_appended),
		TEST(what_ends_stays_but_for_a_length),
		TEST(the_place_of_a_record),
		TEST(what_is_split),
		TEST(an_open_tidies),
		TEST(a_purge_tidies),
		TEST(the_later_record_counts),
		TEST(a_file_that_is_cut),
		TEST(a_rest_of_a_header),
		TEST(sizes_that_cannot_be),
		TEST(lengths_that_do_not_fit),
		TEST(no_such_file),
		TEST(a_clear),
		TEST(what_the_format_has_no_place_for),
		TEST(memory_that_is_to_survive_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
