/* SPDX-License-Identifier: MIT */
/* Which memory there is: memory nodes, /chosen's usable range, ATAGs. Each test makes its tree. */
#include "tests/unit/boot_test.h"

#define HOTPLUG MEMBLOCK_HOTPLUG

/* ---- memory nodes --------------------------------------------------------------------------- */

static void test_one_bank(void **state)
{
	(void)state;
	MEMORY("/memory@60000000", 0x60000000, 0x40000000);
	boot_scan("");
	assert_memory({0x60000000, 0xa0000000, 0});
	assert_int_equal(boot.ram_start, 0x60000000);
	assert_quiet();
}

static void test_banks_and_nodes(void **state)
{
	(void)state;
	MEMORY("/ram", 0x60000000, 0x10000000, 0x80000000, 0x1000);
	MEMORY("/memory", 0xa0000000, 0x2000);
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0}, {0x80000000, 0x80001000, 0},
		      {0xa0000000, 0xa0002000, 0});
	assert_quiet();
}

static void test_type_counts_not_name(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x70000000, 0x1000); /* no device_type */
	MEMORY("/memory@1", 0x71000000, 0x1000);
	tree_string("/memory@1", "device_type", "memory2");
	MEMORY("/memory@2", 0x72000000, 0x1000);
	tree_bytes("/memory@2", "device_type", "memorx", 7);
	MEMORY("/anything", 0x73000000, 0x1000);
	boot_scan("");
	assert_memory({0x73000000, 0x73001000, 0});
}

static void test_only_children_of_the_root(void **state)
{
	(void)state;
	MEMORY("/memory@60000000", 0x60000000, 0x1000);
	tree_node("/soc");
	MEMORY("/soc/memory@70000000", 0x70000000, 0x1000);
	MEMORY("/memory@60000000/memory", 0x71000000, 0x1000);
	tree_string("/", "device_type", "memory");
	PAIRS("/", "reg", 0x72000000, 0x1000);
	boot_scan("");
	assert_memory({0x60000000, 0x60001000, 0});
}

static void test_status(void **state)
{
	static const char *const status[] = {"okay",     "ok",     "disabled", "fail",
					     "reserved", "okay\n", "",         "OK"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", 0x60000000, 0x1000);
		MEMORY("/memory@2", 0x70000000, 0x1000);
		tree_string("/memory@2", "status", status[i]);
		boot_scan("");
		if (i < 2)
			assert_memory({0x60000000, 0x60001000, 0}, {0x70000000, 0x70001000, 0});
		else
			assert_memory({0x60000000, 0x60001000, 0});
	}
}

static void test_usable_memory(void **state)
{
	(void)state;
	MEMORY("/memory@1", 0x60000000, 0x1000000);
	PAIRS("/memory@1", "linux,usable-memory", 0x60100000, 0x100000, 0x60300000, 0x1000);
	MEMORY("/memory@2", 0x70000000, 0x1000);
	tree_string("/memory@3", "device_type", "memory");
	PAIRS("/memory@3", "linux,usable-memory", 0x80000000, 0x1000);
	MEMORY("/memory@4", 0x90000000, 0x1000);
	tree_flag("/memory@4", "linux,usable-memory"); /* none of it */
	tree_string("/memory@5", "device_type", "memory");
	boot_scan("");
	assert_memory({0x60100000, 0x60200000, 0}, {0x60300000, 0x60301000, 0},
		      {0x70000000, 0x70001000, 0}, {0x80000000, 0x80001000, 0});
	assert_quiet();
}

static void test_every_cell_size(void **state)
{
	(void)state;
	for (int ac = 0; ac <= 2; ac++)
		for (int sc = 0; sc <= 2; sc++) {
			tree_new(ac, sc);
			boot_test_again();
			MEMORY("/memory", 0x60000000, 0x100000, 0x70000000, 0x2000);
			/* The node's own cells are for its children. */
			CELLS("/memory", "#address-cells", 3);
			boot_scan("");
			assert_memory({0x60000000, 0x60100000, 0}, {0x70000000, 0x70002000, 0});
			assert_quiet();
		}
}

static void test_bad_cells(void **state)
{
	static const uint32_t bad[] = {0, 3, 4, 0x80000001, 0x80000002, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", 0x60000000, 0x100000, 0x70000000, 0x100000);
		CELLS("/", i % 2 ? "#address-cells" : "#size-cells", bad[i / 2]);
		boot_scan("");
		assert_no_memory();
		assert_said("expected 1 or 2");
		assert_int_equal(boot.ram_start, 0x60000000);
	}
}

static void test_trailing_half_pair(void **state)
{
	(void)state;
	tree_new(2, 2);
	tree_string("/memory", "device_type", "memory");
	CELLS("/memory", "reg", 0, 0x60000000, 0, 0x100000, 0, 0x70000000, 0x1000);
	tree_string("/memory@2", "device_type", "memory");
	CELLS("/memory@2", "reg", 0, 0x80000000, 0);
	tree_string("/memory@3", "device_type", "memory");
	tree_bytes("/memory@3", "reg", "\0\0\0\0\x90\0\0\0\0\0\0\0\0\0\x10", 15);
	boot_scan("");
	assert_memory({0x60000000, 0x60100000, 0});
}

static void test_size_zero_is_skipped(void **state)
{
	(void)state;
	MEMORY("/memory", 0x50000000, 0, 0x60000000, 0x100000, 0x70000000, 0);
	boot.image_base = (phys_addr_t)(0x10000000);
	boot_scan("");
	assert_memory({0x60000000, 0x60100000, 0});
	assert_int_equal(boot.ram_start, 0x60000000);
	assert_quiet();
}

static void test_hotpluggable(void **state)
{
	(void)state;
	MEMORY("/memory@1", 0x60000000, 0x100000);
	MEMORY("/memory@2", 0x60100000, 0x100000, 0x80000800, 0x2000);
	tree_flag("/memory@2", "hotpluggable");
	MEMORY("/memory@3", 0x60200000, 0x100000);
	boot_scan("");
	assert_memory({0x60000000, 0x60100000, 0}, {0x60100000, 0x60200000, HOTPLUG},
		      {0x60200000, 0x60300000, 0}, {0x80001000, 0x80002000, HOTPLUG});
	assert_quiet();
}

/* The mark is for the range as the tree has it, not for the pages that were added. */
static void test_hotpluggable_without_a_page(void **state)
{
	(void)state;
	MEMORY("/memory@1", 0x60000000, 0x2000);
	MEMORY("/memory@2", 0x60001800, 0x1000);
	tree_flag("/memory@2", "hotpluggable");
	boot_scan("");
	assert_memory({0x60000000, 0x60001800, 0}, {0x60001800, 0x60002000, HOTPLUG});
	assert_said("memory 0x60001800 - 0x60002800 holds no whole page: ignored");
}

static void test_no_memory_node(void **state)
{
	(void)state;
	tree_node("/soc");
	boot.image_base = (phys_addr_t)(0x68123456);
	boot_scan("");
	assert_no_memory();
	assert_int_equal(boot.ram_start, 0x68000000);
	boot_params("mem=64M");
	assert_memory({0x68000000, 0x6c000000, 0});
}

static void test_more_banks_than_the_list_holds(void **state)
{
	uint64_t reg[2 * 130];

	(void)state;
	for (size_t i = 0; i < 130; i++) {
		reg[2 * i] = 0x60000000 + i * 0x2000;
		reg[2 * i + 1] = 0x1000;
	}
	tree_string("/memory", "device_type", "memory");
	tree_pairs("/memory", "reg", reg, ARRAY_SIZE(reg));
	tree_flag("/memory", "hotpluggable");
	boot_scan("");
	assert_int_equal(memblock.memory.cnt, 128);
	assert_said("memory 0x60100000 - 0x60101000 is left out: the list holds 128 regions");
	assert_said("memory 0x60102000 - 0x60103000 is left out");
	assert_lines(2);
}

/* ---- whole pages ---------------------------------------------------------------------------- */

static void test_pages(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x0ffff800, 0x80000400, 0x00fffc00);
	boot_scan("");
	assert_memory({0x60000000, 0x6ffff000, 0}, {0x80001000, 0x81000000, 0});
	assert_quiet();
}

/* The borders of "smaller than a page" and of "holds no page", to the byte. */
static void test_less_than_a_page(void **state)
{
	static const struct {
		uint64_t base, size, first, end;
		const char *line;
	} cases[] = {
		{0x60000000, 0x1000, 0x60000000, 0x60001000, NULL},
		{0x60000000, 0x0fff, 0, 0, "Ignoring memory block 0x60000000 - 0x60000fff"},
		{0x60000000, 1, 0, 0, "Ignoring memory block 0x60000000 - 0x60000001"},
		{0x60000fff, 1, 0, 0,
		 "memory 0x60000fff - 0x60001000 holds no whole page: ignored"},
		{0x60000001, 0x0ffe, 0, 0, "Ignoring memory block 0x60000001 - 0x60000fff"},
		{0x60000001, 0x1ffe, 0, 0,
		 "memory 0x60000001 - 0x60001fff holds no whole page: ignored"},
		{0x60000001, 0x1fff, 0x60001000, 0x60002000, NULL},
		{0x60000800, 0x0fff, 0, 0,
		 "memory 0x60000800 - 0x600017ff holds no whole page: ignored"},
		{0x60000800, 0x2fff, 0x60001000, 0x60003000, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory@2", 0x80000000, 0x1000);
		MEMORY("/memory", cases[i].base, cases[i].size);
		boot_scan("");
		assert_lines(cases[i].line != NULL);
		if (cases[i].line)
			assert_memory({0x80000000, 0x80001000, 0});
		else
			assert_memory({cases[i].first, cases[i].end, 0},
				      {0x80000000, 0x80001000, 0});
		if (cases[i].line)
			log_expect(log_count_lines(cases[i].line), 1, cases[i].line, __FILE__,
				   __LINE__);
	}
}

/* A tree cannot fill the log: so many lines about memory, then one that there is more. */
static void test_complaints_end(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	for (unsigned i = 0; i < BOOT_COMPLAINTS_MAX; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/memory@%x", 0x70000000 + i);
		MEMORY(path, 0x70000000 + i * 0x1000, 0x800);
	}
	boot_scan("");
	assert_lines(BOOT_COMPLAINTS_MAX);
	assert_not_said("more is odd");
	MEMORY("/memory@1", 0x80000000, 0x800);
	MEMORY("/memory@2", 0x80001000, 0x800);
	boot_test_again();
	boot_scan("");
	assert_lines(BOOT_COMPLAINTS_MAX + 1);
	assert_line(
		"more is odd about memory and reservations: it is treated alike and not logged");
}

/* ---- /chosen's usable range ----------------------------------------------------------------- */

static void test_usable_range(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000, 0x80000000, 0x10000000);
	PAIRS("/chosen", "linux,usable-memory-range", 0x68000000, 0x1a000000);
	boot_scan("");
	assert_memory({0x68000000, 0x70000000, 0}, {0x80000000, 0x82000000, 0});
	assert_int_equal(boot.ram_start, 0x68000000);
	assert_line("Ignoring memory range 0x60000000 - 0x68000000");
	assert_lines(1);
}

/* A bank counts for the start of RAM as far as it lies in the usable range. */
static void test_usable_range_and_the_start(void **state)
{
	static const struct {
		uint64_t base, size, start;
	} cases[] = {
		{0x60000000, 0x1000, 0x60000000},     {0x50000000, 0x20000000, 0x60000000},
		{0x60001000, 0x10000000, 0x60001000}, {0x68000000, 0x1000, 0x68000000},
		{0x6fffffff, 0x20000000, 0x6fffffff}, {0x70000000, 0x20000000, 0x80000000},
		{0x90000000, 0x10000000, 0x60000000}, /* no bank is left: the load address */
		{0x61000000, 0, 0x60000000},          /* no range */
	};

	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000, 0x80000000, 0x10000000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		boot_test_again();
		PAIRS("/chosen", "linux,usable-memory-range", cases[i].base, cases[i].size);
		boot_scan("");
		assert_int_equal(boot.ram_start, cases[i].start);
	}
	/* The load address is in memory, but behind the range. */
	boot_test_again();
	boot.image_base = 0x68010000;
	PAIRS("/chosen", "linux,usable-memory-range", 0x60000000, 0x1000000);
	boot_scan("");
	assert_int_equal(boot.ram_start, 0x60000000);
}

/* Also a start that is no page's makes no part of a page memory. */
static void test_usable_range_inside_a_page(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	PAIRS("/chosen", "linux,usable-memory-range", 0x68000800, 0x1000000);
	boot_scan("");
	assert_int_equal(boot.ram_start, 0x68000800);
	assert_memory({0x68001000, 0x69000800, 0});
}

static void test_second_usable_range(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	PAIRS("/chosen", "linux,usable-memory-range", 0x80000000, 0x1000000, 0x60000000, 0x100000,
	      0x70000000, 0x100000);
	boot_scan("");
	assert_memory({0x60000000, 0x60100000, 0}, {0x80000000, 0x81000000, 0});
	assert_int_equal(boot.ram_start, 0x80000000);
}

static void test_odd_usable_ranges(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	PAIRS("/chosen", "linux,usable-memory-range", 0x61000000, 0);
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	tree_flag("/chosen", "linux,usable-memory-range");
	boot_test_again();
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	CELLS("/chosen", "linux,usable-memory-range", 0x61000000);
	boot_test_again();
	boot_scan("");
	assert_memory({0x60000000, 0x70000000, 0});
	assert_said("linux,usable-memory-range: 4 bytes, expected pairs of 8: ignored");
}

/* What 32 bits cannot hold caps nothing. */
static void test_usable_range_beyond(void **state)
{
	(void)state;
	tree_new(2, 2);
	CELLS("/memory", "reg", 0, 0x60000000, 0, 0x10000000);
	tree_string("/memory", "device_type", "memory");
	CELLS("/chosen", "linux,usable-memory-range", 1, 0x60000000, 0, 0x1000);
	boot_scan("");
	if (sizeof(phys_addr_t) == 8) {
		assert_int_equal(memblock_phys_mem_size(), 0);
		return;
	}
	assert_memory({0x60000000, 0x70000000, 0});
	assert_said("/chosen linux,usable-memory-range: 0x160000000 is beyond the address space: "
		    "ignored");
}

/* It caps what the tree says; mem= comes after it. */
static void test_usable_range_before_mem(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	PAIRS("/chosen", "linux,usable-memory-range", 0x60000000, 0x1000000);
	boot_scan("");
	assert_memory({0x60000000, 0x61000000, 0});
	boot_params("mem=32M");
	assert_memory({0x60000000, 0x62000000, 0});
}

/* ---- ATAGs over the tree -------------------------------------------------------------------- */

static void atag_mem(uint32_t start, uint32_t size)
{
	boot.atags.present = true;
	boot.atags.mem[boot.atags.mem_count].start = start;
	boot.atags.mem[boot.atags.mem_count++].size = size;
}

static void test_atags_replace_reg(void **state)
{
	(void)state;
	MEMORY("/memory@1", 0x60000000, 0x40000000);
	MEMORY("/memory@2", 0xb0000000, 0x1000);
	atag_mem(0x60000000, 64 << 20);
	atag_mem(0x80000000, 0x1800);
	boot_scan("");
	assert_memory({0x60000000, 0x64000000, 0}, {0x80000000, 0x80001000, 0},
		      {0xb0000000, 0xb0001000, 0});
}

static void test_atags_without_a_node(void **state)
{
	(void)state;
	tree_node("/soc");
	atag_mem(0x70000000, 64 << 20);
	boot_scan("");
	assert_memory({0x70000000, 0x74000000, 0});
	assert_int_equal(boot.ram_start, 0x70000000);
}

static void test_atags_with_usable_memory(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	PAIRS("/memory", "linux,usable-memory", 0x61000000, 0x1000);
	atag_mem(0x60000000, 64 << 20);
	boot_scan("");
	assert_memory({0x61000000, 0x61001000, 0});
}

static void test_atags_decide_the_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	atag_mem(0x50000000, 0x01000000);
	atag_mem(0x70000000, 0x01000000);
	boot_scan("");
	assert_int_equal(boot.ram_start, 0x50000000);
	assert_memory({0x50000000, 0x51000000, 0}, {0x70000000, 0x71000000, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_one_bank),
		BOOT_TEST(test_banks_and_nodes),
		BOOT_TEST(test_type_counts_not_name),
		BOOT_TEST(test_only_children_of_the_root),
		BOOT_TEST(test_status),
		BOOT_TEST(test_usable_memory),
		BOOT_TEST(test_every_cell_size),
		BOOT_TEST(test_bad_cells),
		BOOT_TEST(test_trailing_half_pair),
		BOOT_TEST(test_size_zero_is_skipped),
		BOOT_TEST(test_hotpluggable),
		BOOT_TEST(test_hotpluggable_without_a_page),
		BOOT_TEST(test_no_memory_node),
		BOOT_TEST(test_more_banks_than_the_list_holds),
		BOOT_TEST(test_pages),
		BOOT_TEST(test_less_than_a_page),
		BOOT_TEST(test_complaints_end),
		BOOT_TEST(test_usable_range),
		BOOT_TEST(test_usable_range_and_the_start),
		BOOT_TEST(test_usable_range_inside_a_page),
		BOOT_TEST(test_second_usable_range),
		BOOT_TEST(test_odd_usable_ranges),
		BOOT_TEST(test_usable_range_beyond),
		BOOT_TEST(test_usable_range_before_mem),
		BOOT_TEST(test_atags_replace_reg),
		BOOT_TEST(test_atags_without_a_node),
		BOOT_TEST(test_atags_with_usable_memory),
		BOOT_TEST(test_atags_decide_the_start),
	};

	return cmocka_run_group_tests_name("boot_memory", tests, NULL, NULL);
}
