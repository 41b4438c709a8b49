/* SPDX-License-Identifier: MIT */
/* Boot data that is not good enough: what is refused, with which line, and what is taken then. */
#include "tests/unit/bootdata_test.h"

#include <sanitizer/asan_interface.h>

#include "boot/memory.h"
#include "boot/params.h"
#include "boot/reserve.h"

#define ROUNDS 4000

static void test_r2_is_nothing(void **state)
{
	static const uint64_t junk[8] = {0x1234};

	(void)state;
	places.r2 = hold(junk, sizeof(junk));
	find();
	expect_linked_in("");
	assert_said("points at neither a device tree nor ATAGs: ignored");
	assert_lines(2);
}

/* Not read at all: an address that is no multiple of 4 cannot be either. */
static void test_unaligned_r2(void **state)
{
	const void *tree;

	(void)state;
	for (size_t offset = 1; offset < 4; offset++) {
		start();
		tree = make_tree("loader");
		places.r2 = (uintptr_t)hold_at(offset, tree, fdt_totalsize(tree));
		ASAN_POISON_MEMORY_REGION((void *)(places.r2 - offset), 16);
		find();
		expect_linked_in("");
		assert_said("points at neither");
	}
}

static bool never(uintptr_t addr)
{
	(void)addr;
	return false;
}

/* What may not be read is not, wherever it is. */
static void test_unreadable_places(void **state)
{
	(void)state;
	places.r2 = 16;
	places.ram_start = 4096;
	places.readable = never;
	find();
	expect_linked_in("");
	assert_said("r2 = 0x10 points at neither");
	start();
	places.r2 = 16;
	places.appended = hold_tree("appended");
	places.readable = never;
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
}

/* Then the start of RAM is looked at. */
static void test_misaligned_tree(void **state)
{
	const void *tree = make_tree("loader");
	uint32_t words[16];

	(void)state;
	places.r2 = (uintptr_t)hold_at(4, tree, fdt_totalsize(tree));
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_linked_in("atag");
	assert_said("device tree from the loader (0x");
	assert_said("not 8-byte aligned: not used");
	expect_atags();
}

static void test_bad_magic(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		start();
		memcpy(copy, tree, fdt_totalsize(tree));
		copy[i] ^= 1;
		places.r2 = hold(copy, fdt_totalsize(tree));
		find();
		expect_linked_in("");
		assert_said("points at neither");
		assert_false(held[0].mapped);
	}
}

/* A tree whose header says SIZE. */
static void expect_refused_size(uint32_t size, const char *why)
{
	const void *tree;
	char copy[512];
	size_t real;

	start();
	tree = make_tree("loader");
	real = fdt_totalsize(tree);
	memcpy(copy, tree, real);
	fdt_set_totalsize(copy, size);
	places.r2 = hold(copy, real);
	find();
	expect_linked_in("");
	log_expect(log_count_holding(why), 1, why, __FILE__, __LINE__);
	assert_lines(2);
}

static void test_lying_size(void **state)
{
	static const uint32_t absurd[] = {0, 1, 39, 0x200001, 0x7fffffff, 0x80000000, 0xffffffff};
	static const uint32_t small[] = {40, 48, 56, 72, 100, 150};
	uint32_t real = fdt_totalsize(make_tree("loader"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		expect_refused_size(absurd[i], "bytes, expected 40 to 2097152: not used");
		assert_false(held[0].mapped);
	}
	for (size_t i = 0; i < ARRAY_SIZE(small); i++)
		expect_refused_size(small[i], "damaged (FDT_ERR_");
	expect_refused_size(real - 1, "damaged (FDT_ERR_");
}

/* The rest of the tree did not arrive. */
static void test_cut_tree(void **state)
{
	const void *tree = make_tree("loader");
	size_t size = fdt_totalsize(tree), strings = fdt_off_dt_strings(tree);
	char copy[512];

	(void)state;
	for (size_t kept = FIRST_WORDS; kept < strings; kept += 4) {
		start();
		memset(copy, 0, sizeof(copy));
		memcpy(copy, tree, kept);
		places.r2 = hold(copy, size);
		find();
		expect_linked_in("");
		assert_said("damaged (FDT_ERR_");
	}
}

static void test_structure_out_of_order(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];
	uint32_t end = fdt_off_dt_struct(tree) + fdt_size_dt_struct(tree) - 8;

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	copy[end + 3] = 1; /* the root's end node is one more begin node */
	places.r2 = hold(copy, fdt_totalsize(tree));
	find();
	expect_linked_in("");
	assert_said("damaged (FDT_ERR_");
}

/* A bad appended tree leaves the place to the loader's. */
static void test_damaged_appended_tree(void **state)
{
	const void *tree = make_tree("appended");
	char copy[512];

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	copy[11] ^= 4; /* where the structure begins */
	places.appended = hold(copy, fdt_totalsize(tree));
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_said("device tree appended to the image (0x");
	assert_not_said("the appended one wins");
}

static void test_appended_that_was_refused_early(void **state)
{
	(void)state;
	places.appended_refused = true;
	places.appended_size = 0x12345678;
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_said("device tree behind the image: it says it has 305419896 bytes, expected 40 to");
	assert_lines(2);
	start();
	places.appended_refused = true; /* a size of 0 is one too */
	find();
	expect_linked_in("");
	assert_said("device tree behind the image: it says it has 0 bytes, expected 40 to");
}

/* A structure block that is nothing but its end, which libfdt lets pass. */
static void test_tree_without_a_root(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	fdt_set_off_dt_struct(copy, fdt_off_dt_struct(tree) + fdt_size_dt_struct(tree) - 4);
	fdt_set_size_dt_struct(copy, 4);
	places.r2 = hold(copy, fdt_totalsize(tree));
	find();
	expect_linked_in("");
	assert_said("damaged (FDT_ERR_");
}

/* Damage that the check cannot see must do no harm either: what follows reads inside the tree. */
static void test_random_damage(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const void *tree;
		char copy[1024];
		size_t size;

		tree_new(1, 1);
		MEMORY("/memory", 0x60000000, 0x10000000);
		tree_string("/chosen", "bootargs", "mem=64M initrd=0x61000000,1M");
		tree_memreserve(0x62000000, 0x1000);
		tree_reserved_memory();
		PAIRS("/reserved-memory/a", "reg", 0x63000000, 0x1000);
		CELLS("/reserved-memory/b", "size", 0x1000);
		tree = tree_done();
		size = fdt_totalsize(tree);
		memcpy(copy, tree, size);
		for (unsigned n = 1 + random_below(4); n > 0; n--)
			copy[8 + random_below((uint32_t)size - 8)] = (char)random_below(256);
		start();
		places.r2 = hold(copy, size);
		find();
		if (boot.fdt_size) {
			taken++;
			memory_scan(&boot, LOAD);
			reserve_find_initrd(&boot);
			params_memory(&boot);
			reserve_all(&boot);
			list_check(&memblock.memory);
			list_check(&memblock.reserved);
		}
	}
	assert_true(taken > 0 && taken < ROUNDS);
	printf("boot: %u damaged trees, %u not seen to be and read all the same\n", ROUNDS, taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DATA_TEST(test_r2_is_nothing),
		DATA_TEST(test_unaligned_r2),
		DATA_TEST(test_unreadable_places),
		DATA_TEST(test_misaligned_tree),
		DATA_TEST(test_bad_magic),
		DATA_TEST(test_lying_size),
		DATA_TEST(test_cut_tree),
		DATA_TEST(test_structure_out_of_order),
		DATA_TEST(test_damaged_appended_tree),
		DATA_TEST(test_appended_that_was_refused_early),
		DATA_TEST(test_tree_without_a_root),
		DATA_TEST(test_random_damage),
	};

	return cmocka_run_group_tests_name("boot_data, bad", tests, NULL, NULL);
}
