/* SPDX-License-Identifier: MIT */
/* memblock where something ends: an array that is full, and the address space. */
#include "memblock_pictures.h"

#include <errno.h>

/* ---- a full array ---- */

/* Both arrays hold just what BEFORE shows and SPARE more. */
static void lay_full(const char *before, unsigned long spare)
{
	lay(&memblock.memory, before);
	lay(&memblock.reserved, before);
	memblock.memory.max = memblock.memory.cnt + spare;
	memblock.reserved.max = memblock.reserved.cnt + spare;
}

static void expect_both(const char *picture)
{
	expect(&memblock.memory, picture);
	expect(&memblock.reserved, picture);
}

static void full_refuses_another(void **state UNUSED)
{
	lay_full("#.#.....", 0);
	assert_int_equal(memblock_add(page(4), PG(2)), -ENOMEM);
	assert_int_equal(memblock_reserve(page(4), PG(2)), -ENOMEM);
	expect_both("#.#.....");
}

static void full_takes_what_merges(void **state UNUSED)
{
	lay_full("#...#...#", 0);
	assert_int_equal(memblock_add(page(1), PG(1)), 0);
	assert_int_equal(memblock_reserve(page(1), PG(1)), 0);
	expect_both("##..#...#");
	assert_int_equal(memblock_add(page(5), PG(3)), 0);
	assert_int_equal(memblock_reserve(page(5), PG(3)), 0);
	expect_both("##..#####");
}

/* Linux demands two spare slots for any free. */
static void full_frees_what_needs_no_slot(void **state UNUSED)
{
	lay_full("####.##.#", 0);
	assert_int_equal(memblock_remove(page(3), PG(1)), 0);
	assert_int_equal(memblock_phys_free(page(3), PG(1)), 0);
	expect_both("###..##.#");
	assert_int_equal(memblock_remove(page(0), PG(1)), 0);
	assert_int_equal(memblock_phys_free(page(0), PG(1)), 0);
	expect_both(".##..##.#");
	assert_int_equal(memblock_remove(page(5), PG(2)), 0);
	assert_int_equal(memblock_phys_free(page(5), PG(2)), 0);
	expect_both(".##.....#");
}

static void full_refuses_a_split(void **state UNUSED)
{
	lay_full("###.#", 0);
	assert_int_equal(memblock_remove(page(1), PG(1)), -ENOMEM);
	assert_int_equal(memblock_phys_free(page(1), PG(1)), -ENOMEM);
	expect_both("###.#");
}

/* What a free takes away makes room for the part that it leaves. */
static void full_frees_across_regions(void **state UNUSED)
{
	lay_full("###.#.###", 0);
	assert_int_equal(memblock_remove(page(1), PG(7)), 0);
	assert_int_equal(memblock_phys_free(page(1), PG(7)), 0);
	expect_both("#.......#");
}

/* With one spare slot the first of the two splits is taken back. */
static void full_refuses_a_mark_inside(void **state UNUSED)
{
	for (unsigned long spare = 0; spare < 2; spare++) {
		lay_full("####.n", spare);
		assert_int_equal(memblock_mark_nomap(page(1), PG(2)), -ENOMEM);
		expect(&memblock.memory, "####.n");
	}
	lay_full("####.n", 2);
	assert_int_equal(memblock_mark_nomap(page(1), PG(2)), 0);
	expect(&memblock.memory, "#nn#.n");
}

static void full_marks_whole_regions(void **state UNUSED)
{
	lay_full("###.##n", 0);
	assert_int_equal(memblock_mark_nomap(page(0), PG(3)), 0);
	assert_int_equal(memblock_mark_nomap(page(4), PG(2)), 0);
	expect(&memblock.memory, "nnn.nnn");
}

static void full_refuses_gaps_among_other_flags(void **state UNUSED)
{
	lay_full("#..n..#", 1);
	assert_int_equal(memblock_add_node(page(0), PG(7), NUMA_NO_NODE, MEMBLOCK_HOTPLUG),
			 -ENOMEM);
	expect(&memblock.memory, "#..n..#");
	lay_full("#..n..#", 2);
	assert_int_equal(memblock_add_node(page(0), PG(7), NUMA_NO_NODE, MEMBLOCK_HOTPLUG), 0);
	expect(&memblock.memory, "#hhnhh#");
	lay_full("n....", 0); /* the gap after the last region counts, too */
	assert_int_equal(memblock_add(page(0), PG(3)), -ENOMEM);
	expect(&memblock.memory, "n....");
}

/* The place is found, but cannot be noted down. */
static void full_refuses_an_allocation(void **state UNUSED)
{
	lay(&memblock.memory, ".########.");
	lay(&memblock.reserved, "....#.#...");
	memblock.reserved.max = 2;
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), 0);
	assert_null(memblock_alloc_try_nid_raw(PG(1), PG(1), page(2), 0, NUMA_NO_NODE));
	expect(&memblock.reserved, "....#.#...");
}

static void full_allocates_where_it_merges(void **state UNUSED)
{
	lay(&memblock.memory, ".#######.");
	lay(&memblock.reserved, ".##...##.");
	memblock.reserved.max = 2;
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), memblock.bottom_up ? page(3) : page(5));
	assert_int_equal(memblock.reserved.cnt, 2);
}

/* Size 0 needs no slot. */
static void full_takes_nothing(void **state UNUSED)
{
	lay_full("###", 0);
	assert_int_equal(memblock_mark_nomap(page(1), 0), 0);
	assert_int_equal(memblock_remove(page(1), 0), 0);
	assert_int_equal(memblock_phys_free(page(1), 0), 0);
	assert_int_equal(memblock_add(page(5), 0), 0);
	assert_int_equal(memblock_reserve(page(5), 0), 0);
	expect_both("###.....");
}

/* The arrays hold as many regions as they promise, and the next one is refused. */
static void static_arrays_hold_their_max(void **state UNUSED)
{
	for (unsigned i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_add(PG(2 * i), PG(1)), 0);
	for (unsigned i = 0; i < INIT_MEMBLOCK_RESERVED_REGIONS; i++)
		assert_int_equal(memblock_reserve(PG(2 * i), PG(1)), 0);
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_RESERVED_REGIONS);
	assert_int_equal(memblock_add(PG(2 * INIT_MEMBLOCK_REGIONS), PG(1)), -ENOMEM);
	assert_int_equal(memblock_reserve(PG(2 * INIT_MEMBLOCK_RESERVED_REGIONS), PG(1)), -ENOMEM);
	assert_int_equal(memblock_phys_mem_size(), PG(INIT_MEMBLOCK_REGIONS));
}

/* ---- the top of the address space: its last byte is never covered ---- */

static void ranges_are_cut_at_the_top(void **state UNUSED)
{
	assert_int_equal(memblock_add(LAST_PAGE, PAGE_SIZE), 0);
	expect_region(&memblock.memory, 0, LAST_PAGE, PAGE_SIZE - 1);
	assert_int_equal(memblock_reserve(LAST_PAGE - 5, PHYS_ADDR_MAX), 0);
	expect_region(&memblock.reserved, 0, LAST_PAGE - 5, PAGE_SIZE + 4);
	assert_int_equal(memblock_end_of_DRAM(), PHYS_ADDR_MAX);
}

static void the_whole_address_space(void **state UNUSED)
{
	assert_int_equal(memblock_add(0, PHYS_ADDR_MAX), 0);
	expect_region(&memblock.memory, 0, 0, PHYS_ADDR_MAX);
	assert_int_equal(memblock_add(5, PHYS_ADDR_MAX), 0);
	expect_region(&memblock.memory, 0, 0, PHYS_ADDR_MAX);
	assert_int_equal(memblock_phys_mem_size(), PHYS_ADDR_MAX);
	assert_int_equal(memblock_remove(PG(1), PHYS_ADDR_MAX), 0);
	expect_region(&memblock.memory, 0, 0, PG(1));
	assert_int_equal(memblock_remove(0, PHYS_ADDR_MAX), 0);
	expect(&memblock.memory, ".");
}

static void nothing_begins_at_the_last_byte(void **state UNUSED)
{
	assert_int_equal(memblock_add(PHYS_ADDR_MAX, 1), 0);
	assert_int_equal(memblock_reserve(PHYS_ADDR_MAX, PHYS_ADDR_MAX), 0);
	expect(&memblock.memory, ".");
	expect(&memblock.reserved, ".");
	memblock_add(LAST_PAGE, PAGE_SIZE);
	assert_int_equal(memblock_remove(PHYS_ADDR_MAX, 1), 0);
	assert_int_equal(memblock_mark_nomap(PHYS_ADDR_MAX, 1), 0);
	expect_region(&memblock.memory, 0, LAST_PAGE, PAGE_SIZE - 1);
	assert_int_equal(memblock.memory.regions[0].flags, MEMBLOCK_NONE);
}

static void merging_at_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE, PAGE_SIZE);
	memblock_add(LAST_PAGE - PG(1), PAGE_SIZE);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 1);
	memblock_add(LAST_PAGE - PG(2), PG(3));
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(2), PG(3) - 1);
}

static void cutting_at_the_top(void **state UNUSED)
{
	memblock_reserve(LAST_PAGE - PG(1), PG(2));
	assert_int_equal(memblock_phys_free(LAST_PAGE, PAGE_SIZE), 0);
	expect_region(&memblock.reserved, 0, LAST_PAGE - PG(1), PG(1));
	memblock_reserve(LAST_PAGE, PAGE_SIZE);
	assert_int_equal(memblock_phys_free(LAST_PAGE - PG(1), PHYS_ADDR_MAX), 0);
	expect(&memblock.reserved, ".");
}

static void flags_at_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE - PG(1), PG(2));
	assert_int_equal(memblock_mark_nomap(LAST_PAGE, PHYS_ADDR_MAX), 0);
	assert_int_equal(memblock.memory.cnt, 2);
	expect_region(&memblock.memory, 1, LAST_PAGE, PAGE_SIZE - 1);
	assert_int_equal(memblock.memory.regions[1].flags, MEMBLOCK_NOMAP);
	assert_int_equal(memblock_clear_nomap(LAST_PAGE, PAGE_SIZE), 0);
	assert_int_equal(memblock.memory.cnt, 1);
}

static void questions_at_the_top(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t idx = 0;

	memblock_add(LAST_PAGE - PG(1), PG(2));
	memblock_reserve(LAST_PAGE - PG(1), PG(1));
	assert_true(memblock_is_memory(PHYS_ADDR_MAX - 1));
	assert_false(memblock_is_memory(PHYS_ADDR_MAX));
	assert_true(memblock_is_region_memory(LAST_PAGE, PAGE_SIZE));
	assert_false(memblock_is_region_memory(LAST_PAGE - PG(2), PG(3)));
	assert_true(memblock_overlaps_region(&memblock.memory, PHYS_ADDR_MAX - 1, 2));
	assert_false(memblock_is_region_reserved(LAST_PAGE, PHYS_ADDR_MAX));
	assert_true(next_free(&idx, MEMBLOCK_NONE, &start, &end));
	assert_int_equal(start, LAST_PAGE);
	assert_int_equal(end, PHYS_ADDR_MAX);
	assert_false(next_free(&idx, MEMBLOCK_NONE, &start, &end));
}

/* A size that passes the top ends there, not below where it began. */
static void question_that_passes_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE - PG(1), PG(1));
	memblock_reserve(LAST_PAGE, PG(1));
	assert_true(memblock_is_region_memory(LAST_PAGE - PG(1), PG(1)));
	assert_false(memblock_is_region_memory(LAST_PAGE - PG(1), PHYS_ADDR_MAX));
	assert_true(memblock_is_region_reserved(LAST_PAGE - PG(1), PHYS_ADDR_MAX));
}

/* Rounding a base up may pass the top: the region goes; the end of a last region moves down. */
static void trim_at_the_top(void **state UNUSED)
{
	memblock_add(PHYS_ADDR_MAX - 10, 5);
	memblock_trim_memory(PAGE_SIZE);
	expect(&memblock.memory, ".");
	memblock_add(LAST_PAGE - PG(1), PG(2));
	memblock_trim_memory(PAGE_SIZE);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(1));
}

static void cap_at_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE - PG(3), PG(4));
	memblock_reserve(LAST_PAGE - PG(3), PG(4));
	memblock_cap_memory_range(LAST_PAGE - PG(1), PHYS_ADDR_MAX);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 1);
	expect_region(&memblock.reserved, 0, LAST_PAGE - PG(1), PG(2) - 1);
}

/* A block of the last page cannot start there, since a byte is missing; smaller ones can. */
static void allocation_at_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE - PG(1), PG(2));
	assert_int_equal(memblock_phys_alloc(32, 32),
			 memblock.bottom_up ? LAST_PAGE - PG(1) : PHYS_ADDR_MAX - 63);
	memblock.reserved.cnt = 1;
	lay(&memblock.reserved, ".");
	assert_int_equal(memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE), LAST_PAGE - PG(1));
	assert_int_equal(memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(memblock_phys_alloc(PAGE_SIZE - 1, 1), LAST_PAGE);
	expect_region(&memblock.reserved, 0, LAST_PAGE - PG(1), PG(2) - 1);
}

#define LIST(f) cmocka_unit_test_setup(f, fresh)
#define BOTH(f) BOTH_WAYS(f, top_down, bottom_up)

static const struct CMUnitTest full_tests[] = {
	LIST(full_refuses_another),
	LIST(full_takes_what_merges),
	LIST(full_frees_what_needs_no_slot),
	LIST(full_refuses_a_split),
	LIST(full_frees_across_regions),
	LIST(full_refuses_a_mark_inside),
	LIST(full_marks_whole_regions),
	LIST(full_refuses_gaps_among_other_flags),
	LIST(full_takes_nothing),
	LIST(static_arrays_hold_their_max),
};

static const struct CMUnitTest full_alloc_tests[] = {
	BOTH(full_refuses_an_allocation),
	BOTH(full_allocates_where_it_merges),
};

static const struct CMUnitTest top_tests[] = {
	LIST(ranges_are_cut_at_the_top),
	LIST(the_whole_address_space),
	LIST(nothing_begins_at_the_last_byte),
	LIST(merging_at_the_top),
	LIST(cutting_at_the_top),
	LIST(flags_at_the_top),
	LIST(questions_at_the_top),
	LIST(question_that_passes_the_top),
	LIST(trim_at_the_top),
	LIST(cap_at_the_top),
	BOTH(allocation_at_the_top),
};

int main(void)
{
	static const CMFixtureFunction places[] = {at_bottom, at_middle, at_top};
	int failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		failed += cmocka_run_group_tests_name("memblock full", full_tests, places[i], NULL);
	failed += cmocka_run_group_tests_name("memblock full, both ways", full_alloc_tests,
					      at_middle, NULL);
	failed += cmocka_run_group_tests_name("memblock top", top_tests, at_bottom, NULL);
	return failed != 0;
}
