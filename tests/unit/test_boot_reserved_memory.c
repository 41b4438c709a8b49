/* SPDX-License-Identifier: MIT */
/*
 * /reserved-memory: fixed, no-map and dynamic children. Memory
 * is 512 MiB at 0x60000000 unless a test says otherwise, and the image has 1 MiB at 0x60010000.
 */
#include "tests/unit/boot_test_reserve.h"

/* Where the reservation NAME lies, from what was noted for the summary. */
static uint64_t place_of(const char *name)
{
	for (unsigned i = 0; i < boot.named_count; i++)
		if (strcmp(boot.named[i].name, name) == 0)
			return boot.named[i].base;
	return 0;
}

/* ---- /reserved-memory as a whole ------------------------------------------------------------ */

static void test_node_needs_ranges_and_cells(void **state)
{
	(void)state;
	for (unsigned fault = 0; fault < 6; fault++) {
		other_cells(1, 1);
		tree_node("/reserved-memory");
		if (fault != 0)
			tree_flag("/reserved-memory", "ranges");
		if (fault != 1)
			CELLS("/reserved-memory", "#address-cells", fault == 2 ? 2 : 1);
		if (fault != 3)
			CELLS("/reserved-memory", "#size-cells", fault == 4 ? 2 : 1);
		if (fault == 5)
			CELLS("/reserved-memory", "#size-cells", 3);
		CHILD("a", 0x62000000, 0x1000);
		DYNAMIC("b", 0x1000);
		reserve();
		assert_reserved({IMAGE});
		assert_said("reserved-memory: expected ranges and the root's #address-cells and "
			    "#size-cells: all of it is ignored");
		assert_lines(1);
	}
}

static void test_every_cell_size(void **state)
{
	(void)state;
	for (int ac = 1; ac <= 2; ac++)
		for (int sc = 1; sc <= 2; sc++) {
			other_cells(ac, sc);
			tree_reserved_memory();
			CHILD("a", 0x62000000, 0x1000, 0x63000000, 0x2000);
			reserve();
			assert_reserved({IMAGE}, {0x62000000, 0x62001000, 0},
					{0x63000000, 0x63002000, 0});
			assert_quiet();
		}
}

static void test_child_status(void **state)
{
	static const char *const status[] = {"okay", "ok", "disabled", "reserved", "fail"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
		other_cells(1, 1);
		tree_reserved_memory();
		CHILD("a", 0x62000000, 0x1000);
		tree_string("/reserved-memory/a", "status", status[i]);
		CHILD("b", 0x63000000, 0x1000);
		tree_flag("/reserved-memory/b", "no-map");
		tree_string("/reserved-memory/b", "status", status[i]);
		DYNAMIC("c", 0x1000);
		tree_string("/reserved-memory/c", "status", status[i]);
		reserve();
		assert_int_equal(boot.named_count, i < 2 ? 4 : 1);
		assert_int_equal(memblock.reserved.cnt, i < 2 ? 3 : 1);
		assert_int_equal(memblock.memory.cnt, i < 2 ? 3 : 1);
	}
}

/* Neither deeper nodes nor children that say nothing. */
static void test_what_is_no_child(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("a", 0x62000000, 0x1000);
	PAIRS("/reserved-memory/a/b", "reg", 0x63000000, 0x1000);
	tree_flag("/reserved-memory/c", "no-map");
	CELLS("/soc/reserved-memory/d", "reg", 0x64000000, 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x62000000, 0x62001000, 0});
	assert_quiet();
}

/* ---- fixed children ------------------------------------------------------------------------- */

static void test_fixed(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("a", 0x62000010, 0x20, 0x63000000, 0, 0x64000000, 0x100000);
	DYNAMIC("a", 0x1000); /* size means nothing beside reg */
	CHILD("b", 0x61000000, 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x61000000, 0x61001000, 0}, {0x62000010, 0x62000030, 0},
			{0x64000000, 0x64100000, 0});
	assert_said("reserved-memory: a: 0x63000000 with a size of 0");
	assert_lines(1);
}

static void test_reg_of_bad_length(void **state)
{
	(void)state;
	tree_reserved_memory();
	CELLS("/reserved-memory/a", "reg", 0x62000000, 0x1000, 0x63000000);
	DYNAMIC("a", 0x1000);
	CELLS("/reserved-memory/b", "reg", 0x64000000);
	tree_flag("/reserved-memory/b", "no-map");
	tree_bytes("/reserved-memory/c", "reg", "\x65\0\0\0\0\0\x10", 7);
	tree_flag("/reserved-memory/d", "reg");
	DYNAMIC("d", 0x1000);
	CHILD("e", 0x66000000, 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x66000000, 0x66001000, 0});
	assert_memory({MEMORY_BASE, MEMORY_END, 0});
	assert_said("reserved-memory: a: reg has 12 bytes, expected pairs of 8: the node is "
		    "skipped");
	assert_said("reserved-memory: b: reg has 4 bytes");
	assert_said("reserved-memory: c: reg has 7 bytes");
	assert_lines(3);
}

static void test_fixed_over_the_image(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("a", 0x60000000, 0x11000);
	reserve();
	assert_reserved({0x60000000, 0x60110000, 0});
	assert_said("a: 0x60000000-0x60010fff overlaps the image: reserved all the same");
}

static void test_overlaps_are_reported(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("a", 0x62000000, 0x2000);
	CHILD("b", 0x61000000, 0x1000, 0x62001000, 0x2000);
	CHILD("c", 0x62003000, 0x1000); /* touches b */
	CHILD("d", 0x61fff000, 0x2000);
	tree_string("/reserved-memory/d", "status", "disabled");
	CHILD("e", 0x61fff000, 0x1001);
	reserve();
	assert_reserved({IMAGE}, {0x61000000, 0x61001000, 0}, {0x61fff000, 0x62004000, 0});
	assert_said("reserved-memory: b: 0x62001000+0x2000 overlaps a");
	assert_said("reserved-memory: e: 0x61fff000+0x1001 overlaps a");
	assert_lines(2);
}

/* ---- no-map --------------------------------------------------------------------------------- */

static void test_no_map(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("a", 0x74000000, 0x400000);
	tree_flag("/reserved-memory/a", "no-map");
	reserve();
	assert_memory({0x60000000, 0x74000000, 0}, {0x74000000, 0x74400000, NOMAP},
		      {0x74400000, 0x80000000, 0});
	assert_reserved({IMAGE});
	assert_true(boot.named[1].nomap);
	assert_quiet();
}

static void test_no_map_at_the_borders(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("below", 0x50000000, 0x10000800);
	tree_flag("/reserved-memory/below", "no-map");
	CHILD("above", 0x7ffff000, 0x2000, 0x90000000, 0x1000);
	tree_flag("/reserved-memory/above", "no-map");
	reserve();
	assert_memory({0x60000000, 0x60000800, NOMAP}, {0x60000800, 0x7ffff000, 0},
		      {0x7ffff000, 0x80000000, NOMAP});
	assert_reserved({IMAGE});
}

static void test_no_map_over_reservations(void **state)
{
	(void)state;
	tree_memreserve(0x62000000, 0x1000);
	tree_memreserve(0x90000000, 0x1000);
	tree_reserved_memory();
	CHILD("a", 0x61fff000, 0x1001, 0x63000000, 0x1000);
	tree_flag("/reserved-memory/a", "no-map");
	CHILD("b", 0x60100000, 0x1000);
	tree_flag("/reserved-memory/b", "no-map");
	CHILD("c", 0x90000000, 0x1000); /* reserved, but no memory */
	tree_flag("/reserved-memory/c", "no-map");
	reserve();
	assert_memory({0x60000000, 0x63000000, 0}, {0x63000000, 0x63001000, NOMAP},
		      {0x63001000, 0x80000000, 0});
	assert_reserved({IMAGE}, {0x62000000, 0x62001000, 0}, {0x90000000, 0x90001000, 0});
	assert_said("reserved-memory: a: 0x61fff000-0x62000000 is no-map, but part of it is "
		    "reserved already: ignored");
	assert_said("reserved-memory: b: ");
	assert_not_said("reserved-memory: c: ");
}

/* A range that ends with the address space is marked like any other, and one that passes it up to
 * there. */
static void test_no_map_up_to_the_end(void **state)
{
	uint64_t top = WIDE ? 0x100000000 : 0xffffffff;

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		other_cells(1, 1);
		PAIRS("/memory", "reg", 0x60000000, 0xa0000000);
		tree_reserved_memory();
		CHILD("a", 0xfff00000, 0x100000 * (1 + over));
		tree_flag("/reserved-memory/a", "no-map");
		DYNAMIC("b", 0x1000);
		reserve();
		assert_memory({0x60000000, 0xfff00000, 0}, {0xfff00000, top, NOMAP});
		assert_reserved({IMAGE}, {0xffeff000, 0xfff00000, 0});
	}
}

static void test_fixed_up_to_the_end(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		other_cells(1, 1);
		PAIRS("/memory", "reg", 0x60000000, 0xa0000000);
		tree_reserved_memory();
		CHILD("a", 0xfff00000, 0x100000 * (1 + over));
		reserve();
		assert_reserved({IMAGE}, {0xfff00000,
					  WIDE ? 0x100000000 + over * 0x100000ULL : 0xffffffff, 0});
		assert_lines(over && !WIDE);
	}
}

static void test_beyond_the_address_space(void **state)
{
	(void)state;
	other_cells(2, 2);
	tree_reserved_memory();
	CHILD("a", 0x162000000, 0x1000, 0x61000000, 0x1000);
	CHILD("b", 0x163000000, 0x1000, 0x64000000, 0x1000);
	tree_flag("/reserved-memory/b", "no-map");
	reserve();
	if (WIDE) {
		assert_reserved({IMAGE}, {0x61000000, 0x61001000, 0},
				{0x162000000, 0x162001000, 0});
	} else {
		assert_reserved({IMAGE}, {0x61000000, 0x61001000, 0});
		assert_said("a: 0x162000000+0x1000 ");
		assert_said("b: 0x163000000+0x1000 ");
	}
	assert_true(list_covers(&memblock.memory, 0x64000000, 0x64001000, NOMAP));
}

/* ---- children with a size only -------------------------------------------------------------- */

static void test_dynamic(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("a", 0x100000);
	DYNAMIC("b", 0x1001);
	CHILD("static", 0x7ff00000, 0x80000);
	reserve();
	/* Top-down around what is fixed, in the tree's order, at multiples of 64. */
	assert_int_equal(place_of("a"), 0x7fe00000);
	assert_int_equal(place_of("b"), 0x7fffefc0);
	assert_reserved({IMAGE}, {0x7fe00000, 0x7ff80000, 0}, {0x7fffefc0, 0x7fffffc1, 0});
	assert_quiet();
}

static void test_dynamic_cells(void **state)
{
	(void)state;
	for (int ac = 1; ac <= 2; ac++)
		for (int sc = 1; sc <= 2; sc++) {
			other_cells(ac, sc);
			tree_reserved_memory();
			if (sc == 2)
				CELLS("/reserved-memory/a", "size", 0, 0x3000);
			else
				CELLS("/reserved-memory/a", "size", 0x3000);
			if (ac == 2)
				CELLS("/reserved-memory/a", "alignment", 0, 0x100000);
			else
				CELLS("/reserved-memory/a", "alignment", 0x100000);
			PAIRS("/reserved-memory/a", "alloc-ranges", 0x70000000, 0x1000000);
			reserve();
			assert_reserved({IMAGE}, {0x70f00000, 0x70f03000, 0});
			assert_quiet();
		}
}

static void test_dynamic_of_bad_length(void **state)
{
	(void)state;
	tree_reserved_memory();
	CELLS("/reserved-memory/a", "size", 0, 0x1000);
	tree_flag("/reserved-memory/b", "size");
	DYNAMIC("c", 0x1000);
	CELLS("/reserved-memory/c", "alignment", 0, 0x1000);
	DYNAMIC("d", 0x1000);
	CELLS("/reserved-memory/d", "alloc-ranges", 0x70000000, 0x1000000, 0x60000000);
	reserve();
	assert_reserved({IMAGE});
	assert_said("reserved-memory: a: size has 8 bytes, expected 4");
	assert_said("reserved-memory: b: size has 0 bytes, expected 4");
	assert_said("reserved-memory: c: alignment has 8 bytes, expected 4");
	assert_said("reserved-memory: d: alloc-ranges has 12 bytes, expected pairs of 8");
}

static void test_alignment(void **state)
{
	static const uint32_t alignments[] = {0, 1, 16, 64, 0x1000, 0x1000000, 0x10000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(alignments); i++) {
		uint64_t align = alignments[i] ? alignments[i] : 64;

		other_cells(1, 1);
		tree_reserved_memory();
		DYNAMIC("a", 0x1234);
		CELLS("/reserved-memory/a", "alignment", alignments[i]);
		reserve();
		assert_int_equal(place_of("a"), (MEMORY_END - 0x1234) / align * align);
		assert_quiet();
	}
}

static void test_alignment_that_is_none(void **state)
{
	static const uint32_t bad[] = {3, 0x1001, 0xc0000000, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		other_cells(1, 1);
		tree_reserved_memory();
		DYNAMIC("a", 0x1000);
		CELLS("/reserved-memory/a", "alignment", bad[i]);
		reserve();
		assert_reserved({IMAGE});
		assert_said("reserved-memory: a: alignment 0x");
		assert_lines(1);
	}
}

/* An area that the contiguous allocator may share lies on 8 MiB, as in Debian's kernel; all three
 * marks are needed. */
static void test_alignment_for_cma(void **state)
{
	(void)state;
	for (unsigned marks = 0; marks < 16; marks++) {
		bool shared = marks & 1, reusable = marks & 2, nomap = marks & 4, more = marks & 8;
		uint64_t align = more ? 0x1000000 : 0x1000;

		other_cells(1, 1);
		tree_reserved_memory();
		DYNAMIC("a", 0x1000);
		CELLS("/reserved-memory/a", "alignment", (uint32_t)align);
		if (shared)
			tree_string("/reserved-memory/a", "compatible", "shared-dma-pool");
		if (reusable)
			tree_flag("/reserved-memory/a", "reusable");
		if (nomap)
			tree_flag("/reserved-memory/a", "no-map");
		if (shared && reusable && !nomap && align < 8 * MEBI)
			align = 8 * MEBI;
		reserve();
		assert_int_equal(place_of("a"), (MEMORY_END - 0x1000) / align * align);
	}
}

static void test_alloc_ranges(void **state)
{
	(void)state;
	tree_reserved_memory();
	CHILD("static", 0x6ff00000, 0x100000);
	DYNAMIC("a", 0x400000);
	/* Too small; no memory; taken by "static" but for its half; holds it; holds it too. */
	PAIRS("/reserved-memory/a", "alloc-ranges", 0x62000000, 0x3fffff, 0x90000000, 0x1000000,
	      0x6fe00000, 0x200000, 0x70000000, 0x4000000, 0x74000000, 0x4000000);
	DYNAMIC("b", 0x400000);
	PAIRS("/reserved-memory/b", "alloc-ranges", 0x62000000, 0x400000);
	reserve();
	assert_int_equal(place_of("a"), 0x73c00000);
	assert_int_equal(place_of("b"), 0x62000000);
	assert_quiet();
}

static void test_alloc_ranges_without_room(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("pool", 0x400000);
	PAIRS("/reserved-memory/pool", "alloc-ranges", 0x62000000, 0x300000, 0x60000000, 0x110000,
	      0x90000000, 0x1000000, 0x70000000, 0);
	DYNAMIC("none", 0x1000);
	tree_flag("/reserved-memory/none", "alloc-ranges");
	DYNAMIC("after", 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x7ffff000, 0x80000000, 0});
	assert_said("reserved-memory: pool: no room for 0x400000 bytes: it is left out");
	assert_said("reserved-memory: none: no room for 0x1000 bytes");
	assert_lines(2);
}

static void test_alloc_range_to_the_end(void **state)
{
	(void)state;
	tree_reserved_memory();
	PAIRS("/memory", "reg", 0x60000000, 0xa0000000);
	DYNAMIC("a", 0x1000);
	PAIRS("/reserved-memory/a", "alloc-ranges", 0xf0000000, 0x10000000);
	DYNAMIC("b", 0x1000);
	PAIRS("/reserved-memory/b", "alloc-ranges", 0xe0000000, 0xffffffff);
	reserve();
	/* Linux's last place below the byte that is cut off. */
	assert_int_equal(place_of("a"), WIDE ? 0xfffff000 : 0xffffefc0);
	assert_int_equal(place_of("b"), WIDE ? 0xffffe000 : 0xffffdfc0);
}

static void test_no_room(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("big", 0x20000000);
	DYNAMIC("huge", 0xffffffff);
	DYNAMIC("fits", 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x7ffff000, 0x80000000, 0});
	assert_said("reserved-memory: big: no room for 0x20000000 bytes");
	assert_said("reserved-memory: huge: no room for 0xffffffff bytes");
	assert_lines(2);
}

static void test_dynamic_of_size_zero(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("a", 0);
	reserve();
	assert_reserved({IMAGE});
	assert_said("reserved-memory: a: ");
	assert_lines(1);
}

static void test_dynamic_no_map(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("a", 0x1000);
	tree_flag("/reserved-memory/a", "no-map");
	DYNAMIC("b", 0x1000);
	reserve();
	assert_memory({0x60000000, 0x7ffff000, 0}, {0x7ffff000, 0x80000000, NOMAP});
	assert_reserved({IMAGE}, {0x7fffe000, 0x80000000, 0});
	assert_int_equal(place_of("b"), 0x7fffe000);
	assert_quiet();
}

/* Allocations keep away from what is marked but not reserved. */
static void test_dynamic_beside_no_map(void **state)
{
	(void)state;
	tree_reserved_memory();
	DYNAMIC("a", 0x1000);
	CHILD("nomap", 0x7ff00000, 0x100000);
	tree_flag("/reserved-memory/nomap", "no-map");
	reserve();
	assert_int_equal(place_of("a"), 0x7feff000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESERVE_TEST(test_node_needs_ranges_and_cells),
		RESERVE_TEST(test_every_cell_size),
		RESERVE_TEST(test_child_status),
		RESERVE_TEST(test_what_is_no_child),
		RESERVE_TEST(test_fixed),
		RESERVE_TEST(test_reg_of_bad_length),
		RESERVE_TEST(test_fixed_over_the_image),
		RESERVE_TEST(test_overlaps_are_reported),
		RESERVE_TEST(test_no_map),
		RESERVE_TEST(test_no_map_at_the_borders),
		RESERVE_TEST(test_no_map_over_reservations),
		RESERVE_TEST(test_no_map_up_to_the_end),
		RESERVE_TEST(test_fixed_up_to_the_end),
		RESERVE_TEST(test_beyond_the_address_space),
		RESERVE_TEST(test_dynamic),
		RESERVE_TEST(test_dynamic_cells),
		RESERVE_TEST(test_dynamic_of_bad_length),
		RESERVE_TEST(test_alignment),
		RESERVE_TEST(test_alignment_that_is_none),
		RESERVE_TEST(test_alignment_for_cma),
		RESERVE_TEST(test_alloc_ranges),
		RESERVE_TEST(test_alloc_ranges_without_room),
		RESERVE_TEST(test_alloc_range_to_the_end),
		RESERVE_TEST(test_no_room),
		RESERVE_TEST(test_dynamic_of_size_zero),
		RESERVE_TEST(test_dynamic_no_map),
		RESERVE_TEST(test_dynamic_beside_no_map),
	};

	return cmocka_run_group_tests_name("boot_reserved_memory", tests, NULL, NULL);
}
