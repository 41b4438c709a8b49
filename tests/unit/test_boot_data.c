/* SPDX-License-Identifier: MIT */
/* Which tree and which ATAGs are taken, and which command line. */
#include "tests/unit/bootdata_test.h"

#include <sanitizer/asan_interface.h>

/* ---- which one wins ------------------------------------------------------------------------- */

static void test_nothing_at_all(void **state)
{
	(void)state;
	find();
	expect_linked_in("");
	assert_false(boot.atags.present);
	assert_said("device tree: linked into the image, 0x");
	assert_lines(1);
}

static void test_r2_tree(void **state)
{
	(void)state;
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_string_equal(boot.cmdline_source, "device tree");
	assert_true(held[0].mapped);
	assert_lines(1);
}

static void test_appended_tree(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_lines(1);
}

static void test_tree_at_the_start_of_ram(void **state)
{
	char tree[0x200];

	(void)state;
	assert_int_equal(fdt_open_into(make_tree("start"), tree, sizeof(tree)), 0);
	places.ram_start = hold_ram(0, tree, sizeof(tree));
	ASAN_UNPOISON_MEMORY_REGION((char *)places.ram_start + BOOTDATA_ATAGS_OFFSET, FIRST_WORDS);
	find();
	expect_tree((const void *)places.ram_start, "at the start of RAM", "start");
	assert_lines(1);
}

static void test_appended_beats_r2(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_said("is not used: the appended one wins");
	assert_lines(2);
}

/* Something at r2, tree or ATAGs: the start of RAM is not looked at. */
static void test_r2_beats_the_start_of_ram(void **state)
{
	(void)state;
	places.r2 = hold_tree("loader");
	places.ram_start = 8; /* reading there would fault */
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	start();
	places.r2 = hold_atags();
	places.ram_start = 8;
	find();
	expect_linked_in("atag");
	start();
	places.appended = hold_tree("appended");
	places.r2 = hold_tree("loader");
	places.ram_start = 8;
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
}

/* ---- ATAGs ---------------------------------------------------------------------------------- */

static void test_r2_atags(void **state)
{
	(void)state;
	places.r2 = hold_atags();
	find();
	expect_linked_in("atag");
	expect_atags();
	assert_true(held[0].mapped);
	assert_lines(2);
}

static void test_r2_atags_over_the_appended_tree(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold_atags();
	find();
	expect_tree((const void *)places.appended, "appended to the image", "atag");
	expect_atags();
}

static void test_atags_at_the_start_of_ram(void **state)
{
	uint32_t words[16];

	(void)state;
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_linked_in("atag");
	expect_atags();
	start();
	places.appended = hold_tree("appended");
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_tree((const void *)places.appended, "appended to the image", "atag");
	expect_atags();
}

/* The line says of each of the three who was believed. */
static void test_atags_of_one_kind(void **state)
{
	static const uint32_t list[] = {2, 0x54410001, 4, 0x54420005, 0x62000000, 0x1000, 0, 0};

	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold(list, sizeof(list));
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_string_equal(boot.cmdline_source, "device tree");
	assert_line("ATAGs: memory from the tree, command line from the tree, initrd from ATAGs");
}

/* ---- the command line ----------------------------------------------------------------------- */

static void find_bootargs(const char *args, size_t n)
{
	const void *tree;

	start();
	tree_new(1, 1);
	tree_bytes("/chosen", "bootargs", args, n);
	tree = tree_done();
	places.r2 = hold(tree, fdt_totalsize(tree));
	find();
}

static void test_long_command_line(void **state)
{
	static const size_t lengths[] = {0, 1, 1022, 1023, 1024, 1025, 4000};
	char text[4001];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char kept[CMDLINE_MAX] = "";

		memcpy(kept, text, lengths[i] < 1023 ? lengths[i] : 1023);
		text[lengths[i]] = '\0';
		find_bootargs(text, lengths[i] + 1);
		text[lengths[i]] = (char)('a' + lengths[i] % 26);
		assert_string_equal(boot.cmdline, kept);
		assert_lines(1 + (lengths[i] > 1023));
		if (lengths[i] > 1023)
			assert_said("characters in the device tree, cut at 1023");
	}
}

static void test_odd_bootargs(void **state)
{
	(void)state;
	find_bootargs("no nul", 6);
	assert_string_equal(boot.cmdline, "no nul");
	find_bootargs("two\0strings", 12);
	assert_string_equal(boot.cmdline, "two");
	find_bootargs("", 0);
	assert_string_equal(boot.cmdline, "");
	start();
	places.r2 = hold_tree(NULL);
	find();
	assert_string_equal(boot.cmdline, "");
	assert_string_equal(boot.cmdline_source, "device tree");
}

static void test_long_command_line_in_atags(void **state)
{
	uint32_t words[600] = {2, 0x54410001, 514, 0x54410009};

	(void)state;
	memset(words + 4, 'x', 4 * 512);
	places.r2 = hold(words, 4 * (4 + 512 + 2));
	find();
	assert_int_equal(strlen(boot.cmdline), 1023);
	assert_string_equal(boot.cmdline_source, "ATAGs");
	assert_said("2048 characters in the ATAGs, cut at 1023");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DATA_TEST(test_nothing_at_all),
		DATA_TEST(test_r2_tree),
		DATA_TEST(test_appended_tree),
		DATA_TEST(test_tree_at_the_start_of_ram),
		DATA_TEST(test_appended_beats_r2),
		DATA_TEST(test_r2_beats_the_start_of_ram),
		DATA_TEST(test_r2_atags),
		DATA_TEST(test_r2_atags_over_the_appended_tree),
		DATA_TEST(test_atags_at_the_start_of_ram),
		DATA_TEST(test_atags_of_one_kind),
		DATA_TEST(test_long_command_line),
		DATA_TEST(test_odd_bootargs),
		DATA_TEST(test_long_command_line_in_atags),
	};

	return cmocka_run_group_tests_name("boot_data", tests, NULL, NULL);
}
