/* SPDX-License-Identifier: MIT */
/* The plain layout: compaction, views that are held, and a file that is damaged while it is open.
 */
#include <errno.h>

#include "tests/unit/store_test_classic.h"

/* The size of the record that add() makes of one-letter strings. */
#define SMALL (HEADER + 2)

static struct store_view hold(const char *key)
{
	struct store_view view;

	assert_int_equal(store_get(&store, key, 1, &view), 0);
	return view;
}

/* Records move down, without slack; the free space comes to the end, and the file ends before it.
 */
static void compaction_closes_holes(void **state UNUSED)
{
	struct store_stats st;

	add_free(50);
	add("a", "1", 0);
	add("b", "2", 30);
	add_free(HEADER);
	add("c", "3", 0);
	assert_open();
	assert_int_equal(store_compact(&store, ROOM), 0);
	begin_file();
	add("a", "1", 0);
	add("b", "2", 0);
	add("c", "3", 0);
	assert_file();
	assert_free("");
	assert_value("a", "1");
	assert_value("b", "2");
	assert_value("c", "3");
	store_stat(&store, &st);
	assert_int_equal(st.moved_bytes, 3 * SMALL);
	assert_int_equal(store_compact(&store, ROOM), 0);
	assert_file();
	assert_int_equal(del("a"), 0); /* below what is packed: it begins there again */
	assert_int_equal(store_compact(&store, ROOM), 0);
	begin_file();
	add("b", "2", 0);
	add("c", "3", 0);
	assert_file();
}

/* A little at a time: each call ends behind the record that is enough. */
static void compaction_in_steps(void **state UNUSED)
{
	unsigned calls = 0;

	add_free(100);
	for (char key[] = "a"; *key < 'k'; ++*key)
		add(key, "v", 0);
	assert_open();
	while (store_compact(&store, 1) == 1)
		assert_true(++calls < 20);
	assert_in_range(calls, 9, 11);
	begin_file();
	for (char key[] = "a"; *key < 'k'; ++*key) {
		add(key, "v", 0);
		assert_value(key, "v");
	}
	assert_file();
}

/* What has ended and is held is no free slot until it is released. */
static void a_view_keeps_its_slot(void **state UNUSED)
{
	struct store_view a, second;

	add("a", "1", 0);
	add("b", "2", 0);
	assert_open();
	a = hold("a");
	second = hold("a");
	assert_int_equal(put("a", "3"), 0);
	assert_int_equal(put("c", "4"), 0);
	end_record(4);
	add("a", "3", 0);
	add("c", "4", 0);
	assert_file();
	assert_free("");
	assert_int_equal(store_compact(&store, ROOM), 0);
	assert_file();
	assert_memory_equal(a.data, "1", 1);
	store_release(&store, &a);
	assert_free("");
	store_release(&store, &second);
	assert_free("4:26 ");
	store_release(&store, &second); /* of nothing */
	assert_int_equal(put("d", "5"), 0);
	assert_memory_equal(region + 4 + HEADER, "d5", 2);
}

/* Records behind one that is held move, up to it; the next call begins again before it. */
static void compaction_passes_what_is_held(void **state UNUSED)
{
	struct store_view b;

	add_free(30);
	add("a", "1", 0);
	add_free(31);
	add("b", "2", 0);
	add_free(32);
	add("c", "3", 0);
	assert_open();
	b = hold("b");
	assert_int_equal(store_compact(&store, ROOM), 0);
	begin_file();
	add("a", "1", 0);
	add_slot(61, 0, 0, 0, -1, "");
	memcpy(file.bytes + 30 + HEADER, region + 30 + HEADER, 61 - HEADER); /* stale */
	add("b", "2", 0);
	add("c", "3", 0);
	assert_file();
	assert_memory_equal(b.data, "2", 1);
	store_release(&store, &b);
	assert_int_equal(store_compact(&store, ROOM), 0);
	begin_file();
	add("a", "1", 0);
	add("b", "2", 0);
	add("c", "3", 0);
	assert_file();
}

/* Where the sizes lead nowhere any more nothing is moved; reads of what is before go on. */
static void a_size_damaged_while_open(void **state UNUSED)
{
	uint32_t b;

	add("a", "1", 0);
	b = add("b", "2", 0);
	add_free(30);
	add("c", "3", 0);
	assert_open();
	be32_store(region + b, 5);
	be32_store(file.bytes + b, 5);
	assert_int_equal(store_compact(&store, ROOM), -EBADMSG);
	assert_string_equal(said, "the record at offset 30 has size 5: expected 24 to 82");
	assert_int_equal(store_purge(&store, NULL, NULL), -EBADMSG);
	assert_file();
	assert_value("a", "1");
}

/* A record whose lengths do not fit any more is not served, and its slot used no more. */
static void lengths_damaged_while_open(void **state UNUSED)
{
	struct store_view view;
	uint32_t b;

	add("a", "1", 0);
	b = add("b", "2", 0);
	add("c", "3", 0);
	assert_open();
	be32_store(region + b + 8, 2);
	be32_store(file.bytes + b + 8, 2);
	assert_int_equal(store_get(&store, "b", 1, &view), -EBADMSG);
	assert_int_equal(del("b"), -EBADMSG);
	assert_int_equal(store_get(&store, "b", 1, &view), -ENOENT);
	assert_file();
	assert_free("");
	assert_int_equal(put("d", "4"), 0);
	add("d", "4", 0);
	assert_file();
}

/* A free slot whose size is damaged ends the run that it is in. */
static void a_free_slot_damaged_while_open(void **state UNUSED)
{
	uint32_t a;

	a = add("a", "1", 0);
	add("b", "2", 0);
	add("c", "3", 0);
	assert_open();
	assert_int_equal(del("a"), 0);
	assert_int_equal(del("b"), 0);
	be32_store(region + a + SMALL, 1000);
	assert_int_equal(store_compact(&store, ROOM), -EBADMSG);
	assert_string_equal(said, "the record at offset 30 has size 1000: expected 24 to 52");
	assert_value("c", "3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(compaction_closes_holes),        TEST(compaction_in_steps),
		TEST(a_view_keeps_its_slot),          TEST(compaction_passes_what_is_held),
		TEST(a_size_damaged_while_open),      TEST(lengths_damaged_while_open),
		TEST(a_free_slot_damaged_while_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
