/* SPDX-License-Identifier: MIT */
/* Where memory begins and ends: the start of RAM, the end of the address space. */
#include "tests/unit/boot_test.h"

#include "mm/memblock_dump.h"

#define WHOLE 0xfffffffffffff000ULL /* the last page of 64 bits */

/* ---- the start of RAM ----------------------------------------------------------------------- */

static void test_start_of_ram(void **state)
{
	static const struct {
		uint64_t load, base, size, start;
	} cases[] = {
		{0x60010000, 0x60000000, 0x10000000, 0x60000000},
		{0x67ffffff, 0x60000000, 0x10000000, 0x60000000},
		{0x68010000, 0x60000000, 0x10000000, 0x68000000},
		{0x60010000, 0x50000000, 0x20000000, 0x60000000},
		{0x60010000, 0x60001000, 0x10000000, 0x60001000}, /* just above */
		{0x60010000, 0x50000000, 0x10000000, 0x50000000}, /* just below */
		{0x60010000, 0x5fffffff, 0x10000001, 0x60000000},
		{0x60010000, 0x80000000, 0x10000000, 0x80000000},
		{0x80010000, 0x60000000, 0x10000000, 0x60000000},
		{0x00008000, 0, 0x10000000, 0},
		{0xf8010000, 0xf8000000, 0x01000000, 0xf8000000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", cases[i].base, cases[i].size);
		boot.image_base = (phys_addr_t)(cases[i].load);
		boot_scan("");
		assert_int_equal(boot.ram_start, cases[i].start);
	}
}

/* The lowest bank of the tree, not the first; a node that is off or not used does not count. */
static void test_start_is_the_lowest_bank(void **state)
{
	(void)state;
	MEMORY("/memory@1", 0x90000000, 0x1000, 0x80002000, 0x1000);
	MEMORY("/memory@2", 0x80001000, 0x1000);
	MEMORY("/memory@3", 0x60000000, 0x10000000);
	tree_string("/memory@3", "status", "disabled");
	MEMORY("/memory@4", 0x60000000, 0x10000000);
	PAIRS("/memory@4", "linux,usable-memory", 0xa0000000, 0x1000);
	boot_scan("");
	assert_int_equal(boot.ram_start, 0x80001000);
}

static void test_below_the_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x50000000, 0x04000000, 0x60000000, 0x10000000);
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	assert_line("Ignoring memory block 0x50000000 - 0x54000000");
	assert_lines(1);
}

static void test_up_to_the_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x5ffff000, 0x1000, 0x60000000, 0x10000000);
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	assert_line("Ignoring memory range 0x5ffff000 - 0x60000000");
	assert_lines(1);
}

static void test_across_the_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x50000000, 0x20000000);
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	assert_line("Ignoring memory range 0x50000000 - 0x60000000");
	assert_lines(1);
}

/* ---- the end of the address space ----------------------------------------------------------- */

static void test_up_to_4_gib(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0xa0000000);
	boot_scan("");
	assert_memory({0x60000000, WIDE ? 0x100000000 : 0xffffffff, 0});
	assert_quiet();
	memblock_dump_all();
	if (!WIDE)
		assert_said("memory[0x0]\t[0x60000000-0xfffffffe], 0x9fffffff bytes flags: 0x0");
}

static void test_past_4_gib(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x1000000, 0xf0000000, 0x20000000);
	boot_scan("");
	if (WIDE) {
		assert_memory({0x60000000, 0x61000000, 0}, {0xf0000000, 0x110000000, 0});
		assert_quiet();
	} else {
		assert_memory({0x60000000, 0x61000000, 0}, {0xf0000000, 0xffffffff, 0});
		assert_line("Ignoring memory range 0x100000000 - 0x110000000");
		assert_lines(1);
	}
}

static void test_beyond_4_gib(void **state)
{
	(void)state;
	tree_new(2, 1);
	MEMORY("/memory", 0x60000000, 0x1000000, 0x100000000, 0x10000000, 0x8000000000, 0x1000);
	boot_scan("");
	if (WIDE) {
		assert_memory({0x60000000, 0x61000000, 0}, {0x100000000, 0x110000000, 0},
			      {0x8000000000, 0x8000001000, 0});
		assert_quiet();
	} else {
		assert_memory({0x60000000, 0x61000000, 0});
		assert_line("Ignoring memory block 0x100000000 - 0x110000000");
		assert_line("Ignoring memory block 0x8000000000 - 0x8000001000");
		assert_lines(2);
	}
}

/* A bank that the address space does not hold is no start of RAM. */
static void test_only_beyond_4_gib(void **state)
{
	(void)state;
	tree_new(2, 1);
	MEMORY("/memory", 0x100000000, 0x10000000);
	boot_scan("mem=64M");
	if (WIDE)
		assert_memory({0x100000000, 0x104000000, 0});
	else
		assert_memory({0x60000000, 0x64000000, 0});
}

/* All of 32 bits, from address 0: the last byte is lost and no more. */
static void test_all_of_4_gib(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		tree_new(2, 2);
		boot_test_again();
		MEMORY("/memory", 0, over ? 5 * GIB : 4 * GIB);
		boot.image_base = (phys_addr_t)(0x8000);
		boot_scan("");
		assert_int_equal(boot.ram_start, 0);
		assert_memory({0, WIDE ? (over ? 5 : 4) * GIB : 0xffffffff, 0});
	}
}

static void test_past_64_bits(void **state)
{
	(void)state;
	tree_new(2, 2);
	MEMORY("/memory", 0x60000000, 0x1000000, WHOLE - 0x10000000, 0x20000000);
	boot_scan("");
	assert_true(list_covers(&memblock.memory, 0x60000000, 0x61000000, 0));
	assert_int_equal(memblock.memory.cnt, WIDE ? 2 : 1);
	if (WIDE)
		assert_true(list_covers(&memblock.memory, WHOLE - 0x10000000, WHOLE, 0));
	else
		assert_said("Ignoring memory block 0xffffffffeffff000 - ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_start_of_ram),      BOOT_TEST(test_start_is_the_lowest_bank),
		BOOT_TEST(test_below_the_start),   BOOT_TEST(test_up_to_the_start),
		BOOT_TEST(test_across_the_start),  BOOT_TEST(test_up_to_4_gib),
		BOOT_TEST(test_past_4_gib),        BOOT_TEST(test_beyond_4_gib),
		BOOT_TEST(test_only_beyond_4_gib), BOOT_TEST(test_all_of_4_gib),
		BOOT_TEST(test_past_64_bits),
	};

	return cmocka_run_group_tests_name("boot_memory, edges", tests, NULL, NULL);
}
