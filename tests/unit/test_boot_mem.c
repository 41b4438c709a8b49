/* SPDX-License-Identifier: MIT */
/* mem=: the memory that the command line gives in the place of the tree's, and its trace. */
#include "tests/unit/boot_test.h"

static void test_mem(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	boot_scan("quiet mem=900M");
	assert_memory({0x60000000, 0x98400000, 0});
	assert_true(boot.mem_seen);
	assert_quiet();
}

static void test_mem_adds_up(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	boot_scan("mem=16M mem=1M@0x70000000 x mem=0x100000@0x80000000 mem=4k@017000000000 "
		  "-- mem=1M@0x90000000");
	assert_memory({0x60000000, 0x61000000, 0}, {0x70000000, 0x70100000, 0},
		      {0x78000000, 0x78001000, 0}, {0x80000000, 0x80100000, 0});
	assert_quiet();
}

static void test_mem_in_quotes(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	boot_scan("dummy=\"a b mem=64M\" \"x mem=1M\"");
	assert_memory({0x60000000, 0x70000000, 0});
	boot_params("mem=\"64M\"");
	assert_memory({0x60000000, 0x64000000, 0});
}

static void test_mem_takes_flags_away(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	tree_flag("/memory", "hotpluggable");
	boot_scan("mem=64M");
	assert_memory({0x60000000, 0x64000000, 0});
}

static void test_mem_pages(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x20000000);
	boot_scan("mem=0x3800 mem=0x2800@0x70000801 mem=0x1fff@0x71000001 mem=0x1801@0x72000800");
	assert_memory({0x60000000, 0x60003000, 0}, {0x70001000, 0x70003000, 0},
		      {0x71001000, 0x71002000, 0}, {0x72001000, 0x72002000, 0});
	assert_quiet();
}

/* Start of RAM as decided before the command line, also when it is no page's start. */
static void test_mem_default_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x80000800, 0x10000000);
	boot_scan("mem=0x2000");
	assert_int_equal(boot.ram_start, 0x80000800);
	assert_memory({0x80001000, 0x80002000, 0});
}

static void test_mem_below_the_start(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	boot_scan("mem=64M mem=64M@0x50000000 mem=0x800@0x40000800 mem=0x20000000@0x50000000");
	assert_memory({0x60000000, 0x70000000, 0});
	assert_line("Ignoring memory below PHYS_OFFSET: 0x50000000-0x54000000");
	assert_line("Ignoring memory below PHYS_OFFSET: 0x50000000-0x60000000");
}

/* The first one takes all memory away even if nothing of its own is left. */
static void test_mem_all_below(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	boot_scan("mem=64M@0x50000000");
	assert_no_memory();
	assert_line("Ignoring memory below PHYS_OFFSET: 0x50000000-0x54000000");
}

static void test_mem_at_the_top(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0xa0000000);
	boot_scan("mem=0x1000@0x60000000 mem=0x20000000@0xf0000000");
	if (WIDE) {
		assert_memory({0x60000000, 0x60001000, 0}, {0xf0000000, 0x110000000, 0});
	} else {
		assert_memory({0x60000000, 0x60001000, 0}, {0xf0000000, 0xfffff000, 0});
		assert_line("Truncating memory at 0xf0000000 to fit in 32-bit physical address "
			    "space");
	}
}

static void test_mem_to_the_top(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0xa0000000);
	boot_scan("mem=0x0ffff000@0xf0000000 mem=0x10000000@0xe0000000");
	assert_memory({0xe0000000, 0xfffff000, 0});
	assert_quiet();
	boot_test_again();
	boot_scan("mem=0x10000000@0xf0000000");
	assert_memory({0xf0000000, WIDE ? 0x100000000 : 0xfffff000, 0});
	assert_lines(!WIDE);
}

static void test_mem_beyond(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	boot_scan("mem=1M mem=64M@0x100000000");
	if (WIDE) {
		assert_memory({0x60000000, 0x60100000, 0}, {0x100000000, 0x104000000, 0});
	} else {
		assert_memory({0x60000000, 0x60100000, 0});
		assert_line("Ignoring memory at 0x100000000 outside 32-bit physical address space");
	}
}

static void test_bad_mem(void **state)
{
	static const char *const bad[] = {
		"mem=junk",
		"mem=",
		"mem",
		"mem=0",
		"mem=5Z",
		"mem=4095",
		"mem=-1",
		"mem=64M@",
		"mem=64M@junk",
		"mem=@0x60000000",
		"mem=K",
		"mem=99999999999999999999",
		"mem=16E",
		"mem=0@0x60000000",
		"mem=0x1ffe@0x60000001",
		"mem=64M@0xffffffffffffffff",
		"mem=\"\"",
		"mem=0xfff@0x60000000",
	};

	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char both[64];

		boot_test_again();
		boot_scan(bad[i]);
		assert_memory({0x60000000, 0x70000000, 0});
		assert_false(boot.mem_seen);
		assert_said("mem=");
		assert_lines(1);
		/* After a good one it changes nothing either. */
		snprintf(both, sizeof(both), "mem=1M %s", bad[i]);
		boot_params(both);
		assert_memory({0x60000000, 0x60100000, 0});
	}
}

static void test_mem_with_a_tail(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x10000000);
	boot_scan("mem=64MB");
	assert_memory({0x60000000, 0x64000000, 0});
	assert_said("\"B\" behind the size is ignored");
	assert_lines(1);
}

static void test_mem_that_no_node_describes(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x1000000, 0x62000000, 0x1000000);
	MEMORY("/memory@2", 0x61000000, 0x1000000);
	boot_scan("mem=0x3000000"); /* three banks in a row, not in order */
	assert_memory({0x60000000, 0x63000000, 0});
	assert_quiet();
	boot_params("mem=0x2000@0x62fff000");
	assert_memory({0x60000000, 0x63001000, 0});
	assert_said("no memory node describes 0x63000000-0x63001000");
	boot_params("mem=1M@0x90000000");
	assert_memory({0x60000000, 0x63001000, 0}, {0x90000000, 0x90100000, 0});
	assert_said("no memory node describes 0x90000000-0x90100000");
	assert_lines(2);
}

/* "memblock=debug" counts from where it stands. */
static void test_trace_in_order(void **state)
{
	(void)state;
	MEMORY("/memory", 0x60000000, 0x40000000);
	boot_scan("memblock=debug mem=900M");
	assert_int_equal(log_count_holding("memblock_remove: ["), 1);
	assert_int_equal(log_count_holding("memblock_add: ["), 1);
	if (!WIDE) {
		assert_said("memblock_remove: [0x60000000-0x9fffffff]");
		assert_said("memblock_add: [0x60000000-0x983fffff]");
	}
	boot_test_again();
	boot_scan("mem=900M memblock=debug mem=1M@0x70000000");
	assert_not_said("memblock_remove");
	assert_int_equal(log_count_holding("memblock_add: ["), 1);
	boot_test_again();
	boot_scan("memblock=on mem=1M");
	assert_not_said("memblock_remove");
	assert_said("memblock=on: expected debug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_mem),
		BOOT_TEST(test_mem_adds_up),
		BOOT_TEST(test_mem_in_quotes),
		BOOT_TEST(test_mem_takes_flags_away),
		BOOT_TEST(test_mem_pages),
		BOOT_TEST(test_mem_default_start),
		BOOT_TEST(test_mem_below_the_start),
		BOOT_TEST(test_mem_all_below),
		BOOT_TEST(test_mem_at_the_top),
		BOOT_TEST(test_mem_to_the_top),
		BOOT_TEST(test_mem_beyond),
		BOOT_TEST(test_bad_mem),
		BOOT_TEST(test_mem_with_a_tail),
		BOOT_TEST(test_mem_that_no_node_describes),
		BOOT_TEST(test_trace_in_order),
	};

	return cmocka_run_group_tests_name("boot_mem", tests, NULL, NULL);
}
