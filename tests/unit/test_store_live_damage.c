/* SPDX-License-Identifier: MIT */
/* What is damaged while the store is open: nothing that it says is acted on. */
#include "tests/unit/store_test_by_hand.h"

#include <errno.h>

static void test_damage_at_run_time_is_not_served(void **state)
{
	struct store_view view;
	struct walker_entry e;

	(void)state;
	put("key", "value");
	e = entry("key");
	region[e.off + HDR_BYTES + e.key_len] ^= 1;
	assert_int_equal(store_get(&store, "key", 3, &view), -EBADMSG);
	assert_non_null(strstr(reports, "not served"));
	region[e.off + HDR_BYTES + e.key_len] ^= 1;
	set_word(e.off + HDR_DATALEN, 0x7fffffff);
	assert_int_equal(store_get(&store, "key", 3, &view), -EBADMSG);
	set_word(e.off + HDR_DATALEN, e.data_len);
	assert_string_equal(get("key"), "value");
}

static int del(const char *key)
{
	return store_delete(&store, key, (uint32_t)strlen(key));
}

static int overwrite(const char *key)
{
	return store_put(&store, key, (uint32_t)strlen(key), "new", 3, NULL, 0, STORE_NEVER);
}

/* One header field of a record has another VALUE, with the store open: delete or overwrite it. */
static void damaged_header(uint32_t field, uint32_t value, bool overwriting)
{
	static uint8_t expected[REGION];
	struct walker_entry e;

	assert_int_equal(fresh_store(NULL), 0);
	put("before", "1");
	put("damaged", "2");
	put("after", "3");
	e = entry("damaged");
	if (word(e.off + field) == value)
		return;
	set_word(e.off + field, value);
	memcpy(expected, region, REGION);
	assert_int_equal(overwriting ? overwrite("damaged") : del("damaged"),
			 overwriting ? 0 : -EBADMSG);
	assert_non_null(strstr(reports, "kept aside"));
	assert_int_equal(word(e.off + HDR_KEYLEN), KEYLEN_QMARK);
	if (!overwriting) { /* nothing else was written */
		be32_store(expected + e.off + HDR_KEYLEN, KEYLEN_QMARK);
		assert_memory_equal(expected, region, REGION);
		assert_null(get("damaged"));
	} else {
		assert_string_equal(get("damaged"), "new");
	}
	assert_string_equal(get("before"), "1");
	assert_string_equal(get("after"), "3");
}

static void test_damaged_header_is_not_acted_on(void **state)
{
	static const uint32_t values[] = {0, 8, 40, 56, 96, REGION, 0x40000000, 0xffffffff};
	static const uint32_t fields[] = {HDR_SIZE, HDR_DATALEN, HDR_METALEN};

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			damaged_header(fields[f], values[v], false);
			damaged_header(fields[f], values[v], true);
		}
	}
}

static void test_clear_of_a_broken_chain_does_nothing(void **state)
{
	static uint8_t before[REGION];

	(void)state;
	put("a", "1");
	put("b", "2");
	set_word(entry("b").off + HDR_SIZE, 40);
	memcpy(before, region, REGION);
	assert_int_equal(store_clear(&store), -EBADMSG);
	assert_memory_equal(before, region, REGION);
	assert_string_equal(get("a"), "1");
}

/*
 * [a][b free][c][d], with one word of b wrong: deleting a neighbour, a or c, joins nothing with b.
 */
static void wrong_neighbour(const char *neighbour, uint32_t distance_from_end, uint32_t value)
{
	struct walker_entry b, n;
	uint32_t at;

	assert_int_equal(fresh_store(NULL), 0);
	put("a", "value");
	put("b", "value");
	put("c", "value");
	put("d", "value");
	b = entry("b");
	n = entry(neighbour);
	assert_int_equal(store_delete(&store, "b", 1), 0);
	at = b.off + b.size - distance_from_end;
	if (word(at) == value)
		return;
	set_word(at, value);
	assert_int_equal(store_delete(&store, neighbour, 1), 0);
	assert_int_equal(word(n.off + HDR_SIZE), n.size);
	assert_int_equal(word(b.off + HDR_SIZE), distance_from_end == b.size ? value : b.size);
	assert_string_equal(get("d"), "value");
}

static void test_join_only_what_agrees(void **state)
{
	static const uint32_t wrong[] = {0, 8, 40, 48, 4096, 0x80000000, 0xffffffff};
	static const char *const neighbours[] = {"a", "c"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong) * 2; i++) {
		wrong_neighbour(neighbours[i % 2], TRL_TAG, TAG_MAGIC ^ wrong[i / 2]);
		wrong_neighbour(neighbours[i % 2], 48, wrong[i / 2]); /* the size: b has 48 bytes */
		wrong_neighbour(neighbours[i % 2], TRL_CRC, wrong[i / 2]);
		wrong_neighbour(neighbours[i % 2], 48 - HDR_KEYLEN, wrong[i / 2] | 1);
	}
}

/* [free][live][x]: a tag of the live one that leads to the start of the free one is not followed.
 */
static void test_tag_that_leads_over_a_record(void **state)
{
	struct walker_entry first, live;

	(void)state;
	put("first", "value");
	put("live", "value");
	put("x", "value");
	put("last", "value");
	first = entry("first");
	live = entry("live");
	assert_int_equal(store_delete(&store, "first", 5), 0);
	set_word(live.off + live.size - TRL_TAG, TAG_MAGIC ^ (first.size + live.size));
	assert_int_equal(store_delete(&store, "x", 1), 0);
	assert_int_equal(word(first.off + HDR_SIZE), first.size);
	assert_string_equal(get("live"), "value");
	assert_string_equal(get("last"), "value");
}

/* A key, or its length, that is damaged while the store is open: it is not as if it were not there.
 */
static void test_damaged_key_does_not_come_back(void **state)
{
	struct walker_entry e;
	uint32_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		put("twin", "old");
		e = entry("twin");
		if (i == 0)
			set_word(e.off + HDR_KEYLEN, 5);
		else
			region[e.off + HDR_BYTES] ^= 1;
		assert_int_equal(store_read(&store, "twin", 4, NULL, 0, &len), -EBADMSG);
		assert_int_equal(store_contains(&store, "twin", 4), -EBADMSG);
		put("twin", "new");
		assert_string_equal(get("twin"), "new");
		assert_int_equal(store_delete(&store, "twin", 4), 0);
		assert_int_equal(reopen(), 0);
		assert_null(get("twin"));

		put("twin", "old");
		e = entry("twin");
		set_word(e.off + HDR_KEYLEN, 5);
		assert_int_equal(store_delete(&store, "twin", 4), -EBADMSG);
		assert_int_equal(reopen(), 0);
		assert_null(get("twin"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BY_HAND_TEST(test_damage_at_run_time_is_not_served),
		BY_HAND_TEST(test_damaged_header_is_not_acted_on),
		BY_HAND_TEST(test_clear_of_a_broken_chain_does_nothing),
		BY_HAND_TEST(test_join_only_what_agrees),
		BY_HAND_TEST(test_tag_that_leads_over_a_record),
		BY_HAND_TEST(test_damaged_key_does_not_come_back),
	};

	return cmocka_run_group_tests_name("store damaged while open", tests, NULL, NULL);
}
