/* SPDX-License-Identifier: MIT */
/*
 * The rules of mm/memblock.h one by one. The tests of lists run three times, at the bottom, in the
 * middle and at the top of the address space; those of allocation in both directions.
 */
#include "memblock_cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/log.h"
#include "lib/symbols.h"
#include "mm/memblock_dump.h"

/* ---- memblock_add(), memblock_reserve(): one rule for both lists ---- */

/* One rule for both lists; the other one stays. */
static void run_add(void **state)
{
	const struct list_case *c = *state;
	struct range r = range_of(c->x);

	lay(&memblock.memory, c->before);
	lay(&memblock.reserved, "#.#.....");
	assert_int_equal(memblock_add(r.base, r.size), 0);
	expect(&memblock.memory, c->after);
	expect(&memblock.reserved, "#.#.....");

	lay(&memblock.memory, ".nn.h...");
	lay(&memblock.reserved, c->before);
	assert_int_equal(memblock_reserve(r.base, r.size), 0);
	expect(&memblock.reserved, c->after);
	expect(&memblock.memory, ".nn.h...");
}

/* Size 0 succeeds and changes nothing, for each call that takes a range. */
static void size_zero_changes_nothing(void **state UNUSED)
{
	lay(&memblock.memory, ".##.nn.");
	lay(&memblock.reserved, ".##....");
	assert_int_equal(memblock_add(page(6), 0), 0);
	assert_int_equal(memblock_add_node(page(6), 0, 3, MEMBLOCK_HOTPLUG), 0);
	assert_int_equal(memblock_reserve(page(6), 0), 0);
	assert_int_equal(memblock_remove(page(2), 0), 0);
	assert_int_equal(memblock_phys_free(page(2), 0), 0);
	assert_int_equal(memblock_mark_nomap(page(2), 0), 0);
	assert_int_equal(memblock_mark_hotplug(page(2), 0), 0);
	assert_int_equal(memblock_clear_nomap(page(5), 0), 0);
	memblock_cap_memory_range(page(2), 0);
	expect(&memblock.memory, ".##.nn.");
	expect(&memblock.reserved, ".##....");
}

/* On an empty list too, which stays cnt == 1 with {0, 0}. */
static void size_zero_leaves_a_list_empty(void **state UNUSED)
{
	assert_int_equal(memblock_add(page(6), 0), 0);
	assert_int_equal(memblock_reserve(page(6), 0), 0);
	assert_int_equal(memblock.memory.cnt, 1);
	expect(&memblock.memory, "........");
	expect(&memblock.reserved, "........");
}

/* ---- memblock_add_node(): flags and nodes keep neighbours apart ---- */

static void run_kind(void **state)
{
	const struct kind_case *c = *state;
	struct range r = range_of(c->x);

	lay(&memblock.memory, c->before);
	assert_int_equal(memblock_add_node(r.base, r.size, node_of(c->c), flags_of(c->c)), 0);
	expect(&memblock.memory, c->after);
}

/* ---- memblock_remove(), memblock_phys_free(): one rule for both lists ---- */

/* One rule for both lists; the other one stays. */
static void run_cut(void **state)
{
	const struct list_case *c = *state;
	struct range r = range_of(c->x);

	lay(&memblock.memory, c->before);
	lay(&memblock.reserved, "#####...");
	assert_int_equal(memblock_remove(r.base, r.size), 0);
	expect(&memblock.memory, c->after);
	expect(&memblock.reserved, "#####...");

	lay(&memblock.memory, "##nn....");
	lay(&memblock.reserved, c->before);
	assert_int_equal(memblock_phys_free(r.base, r.size), 0);
	expect(&memblock.reserved, c->after);
	expect(&memblock.memory, "##nn....");
}

/* What a cut leaves keeps its flags on both sides. */
static void cut_keeps_flags(void **state UNUSED)
{
	struct range r = range_of("..xxxx...");

	lay(&memblock.memory, ".nnn#hhh.");
	assert_int_equal(memblock_remove(r.base, r.size), 0);
	expect(&memblock.memory, ".n....hh.");
	lay(&memblock.memory, ".nnnnnnn.");
	assert_int_equal(memblock_remove(r.base, r.size), 0);
	expect(&memblock.memory, ".n....nn.");
}

/* memblock_free() is memblock_phys_free() at the pointer, which it never follows. */
static void free_by_pointer(void **state UNUSED)
{
	lay(&memblock.reserved, ".######.");
	memblock_free((void *)(uintptr_t)page(3), PAGE_SIZE);
	expect(&memblock.reserved, ".##.###.");
}

static void free_of_null(void **state UNUSED)
{
	phys_addr_t size = memblock.reserved.total_size;

	memblock_reserve(0, PAGE_SIZE);
	memblock_free(NULL, PAGE_SIZE);
	assert_int_equal(memblock_reserved_size(), size + PAGE_SIZE);
}

/* ---- flags of what is there ---- */

static void run_flag(void **state)
{
	const struct flag_case *c = *state;
	struct range r = range_of(c->x);

	lay(&memblock.memory, c->before);
	assert_int_equal(c->change(r.base, r.size), 0);
	expect(&memblock.memory, c->after);
}

/* ---- memblock_cap_memory_range(), memblock_trim_memory() ---- */

static void run_cap(void **state)
{
	const struct cap_case *c = *state;
	struct range r = range_of(c->x);

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	memblock_cap_memory_range(r.base, r.size);
	expect(&memblock.memory, c->memory_after);
	expect(&memblock.reserved, c->reserved_after);
}

static void run_trim(void **state)
{
	const struct trim_case *c = *state;

	lay(&memblock.memory, c->before);
	memblock_trim_memory(PG(c->align));
	expect(&memblock.memory, c->after);
}

/* Bytes: one short at the end of a page of 32 goes, as it does from an end of 30. */
static void trim_of_bytes(void **state UNUSED)
{
	memblock_add(page(1), 64);
	memblock_add(page(2), 30);
	memblock_add(page(3) + 1, 100);
	memblock_trim_memory(32);
	assert_int_equal(memblock.memory.cnt, 2);
	expect_region(&memblock.memory, 0, page(1), 64);
	expect_region(&memblock.memory, 1, page(3) + 32, 64);
	assert_int_equal(memblock_phys_mem_size(), 128);
}

/* ---- questions ---- */

static void is_memory(void **state UNUSED)
{
	lay(&memblock.memory, "#..#n.");
	assert_true(memblock_is_memory(page(0)));
	assert_true(memblock_is_memory(page(1) - 1));
	assert_false(memblock_is_memory(page(1)));
	assert_false(memblock_is_memory(page(3) - 1));
	assert_true(memblock_is_memory(page(3)));
	assert_true(memblock_is_memory(page(4)));
	assert_true(memblock_is_memory(page(5) - 1));
	assert_false(memblock_is_memory(page(5)));
	assert_false(memblock_is_memory(PHYS_ADDR_MAX));
}

static void is_map_memory(void **state UNUSED)
{
	lay(&memblock.memory, "#.nhb.");
	assert_true(memblock_is_map_memory(page(0)));
	assert_false(memblock_is_map_memory(page(1)));
	assert_false(memblock_is_map_memory(page(2)));
	assert_true(memblock_is_map_memory(page(3)));
	assert_false(memblock_is_map_memory(page(4)));
}

/* In one region: two that touch, but differ, do not count together. */
static void is_region_memory(void **state UNUSED)
{
	lay(&memblock.memory, ".###.#nn");
	assert_true(memblock_is_region_memory(page(1), PG(3)));
	assert_true(memblock_is_region_memory(page(2), 1));
	assert_true(memblock_is_region_memory(page(3), PG(1)));
	assert_false(memblock_is_region_memory(page(3), PG(1) + 1));
	assert_false(memblock_is_region_memory(page(0), PG(2)));
	assert_false(memblock_is_region_memory(page(4), 1));
	assert_false(memblock_is_region_memory(page(3), PG(3)));
	assert_false(memblock_is_region_memory(page(5), PG(2)));
	assert_true(memblock_is_region_memory(page(6), PG(2)));
}

static void is_reserved(void **state UNUSED)
{
	lay(&memblock.reserved, ".##.#.");
	assert_false(memblock_is_reserved(page(1) - 1));
	assert_true(memblock_is_reserved(page(1)));
	assert_true(memblock_is_reserved(page(3) - 1));
	assert_false(memblock_is_reserved(page(3)));
	assert_true(memblock_is_reserved(page(4)));
	assert_false(memblock_is_reserved(page(5)));
}

static void overlaps(void **state UNUSED)
{
	lay(&memblock.memory, "######.");
	lay(&memblock.reserved, "..##...");
	assert_false(memblock_is_region_reserved(page(0), PG(2)));
	assert_true(memblock_is_region_reserved(page(0), PG(2) + 1));
	assert_true(memblock_is_region_reserved(page(0), PG(6)));
	assert_true(memblock_is_region_reserved(page(4) - 1, 1));
	assert_false(memblock_is_region_reserved(page(4), PG(2)));
	assert_true(memblock_overlaps_region(&memblock.memory, page(4), PG(2)));
	assert_false(memblock_overlaps_region(&memblock.memory, page(6), PG(1)));
	assert_true(memblock_overlaps_region(&memblock.reserved, page(3), PG(2)));
}

static bool next_free(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start,
		      phys_addr_t *end)
{
	__next_mem_range(idx, NUMA_NO_NODE, flags, &memblock.memory, &memblock.reserved, start, end,
			 NULL);
	return *idx != MEMBLOCK_ITER_END;
}

static bool next_free_rev(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start,
			  phys_addr_t *end)
{
	__next_mem_range_rev(idx, NUMA_NO_NODE, flags, &memblock.memory, &memblock.reserved, start,
			     end, NULL);
	return *idx != MEMBLOCK_ITER_END;
}

/* Nothing is in an empty list, address 0 neither. */
static void questions_about_empty_lists(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t idx = 0;

	assert_false(memblock_is_memory(0));
	assert_false(memblock_is_map_memory(0));
	assert_false(memblock_is_region_memory(0, 1));
	assert_false(memblock_is_reserved(0));
	assert_false(memblock_is_region_reserved(0, PHYS_ADDR_MAX));
	assert_false(memblock_overlaps_region(&memblock.memory, 0, PHYS_ADDR_MAX));
	assert_false(next_free(&idx, MEMBLOCK_NONE, &start, &end));
	idx = MEMBLOCK_ITER_END;
	assert_false(next_free_rev(&idx, MEMBLOCK_NONE, &start, &end));
	assert_int_equal(memblock_start_of_DRAM(), 0);
	assert_int_equal(memblock_end_of_DRAM(), 0);
	assert_int_equal(memblock_phys_mem_size(), 0);
	assert_int_equal(memblock_reserved_size(), 0);
}

static void ends_and_sizes(void **state UNUSED)
{
	lay(&memblock.memory, "..##.nnn.");
	lay(&memblock.reserved, "#.#......");
	assert_int_equal(memblock_start_of_DRAM(), page(2));
	assert_int_equal(memblock_end_of_DRAM(), page(8));
	assert_int_equal(memblock_phys_mem_size(), PG(5));
	assert_int_equal(memblock_reserved_size(), PG(2));
}

static void loops_over_regions(void **state UNUSED)
{
	const struct memblock_region *r;
	phys_addr_t bases[4];
	int n = 0;

	for_each_mem_region (r)
		n++;
	for_each_reserved_mem_region (r)
		n++;
	assert_int_equal(n, 0);
	lay(&memblock.memory, ".#.nn##");
	for_each_mem_region (r)
		bases[n++] = r->base;
	assert_int_equal(n, 3);
	assert_int_equal(bases[0], page(1));
	assert_int_equal(bases[1], page(3));
	assert_int_equal(bases[2], page(5));
	for_each_reserved_mem_region (r)
		n++;
	assert_int_equal(n, 3);
}

static void run_free(void **state)
{
	const struct free_case *c = *state;
	struct {
		phys_addr_t start, end;
	} ranges[16];
	phys_addr_t start, end;
	uint64_t idx = 0;
	unsigned at = 0, len, n = 0;

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	for (;; at += len) {
		at += (unsigned)strspn(c->free + at, ".");
		for (len = 1; c->free[at] && c->free[at + len] == c->free[at];)
			len++;
		if (!c->free[at])
			break;
		assert_true(next_free(&idx, c->flags, &start, &end));
		assert_int_equal(start, page(at));
		assert_int_equal(end, page(at + len));
		ranges[n].start = start;
		ranges[n++].end = end;
	}
	assert_false(next_free(&idx, c->flags, &start, &end));
	assert_false(next_free(&idx, c->flags, &start, &end));
	for (idx = MEMBLOCK_ITER_END; n-- > 0;) {
		assert_true(next_free_rev(&idx, c->flags, &start, &end));
		assert_int_equal(start, ranges[n].start);
		assert_int_equal(end, ranges[n].end);
	}
	assert_false(next_free_rev(&idx, c->flags, &start, &end));
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

/* ---- allocation: each test in both directions ---- */

/* The address that PICTURE's reservations have over those of BEFORE. */
static phys_addr_t first_new(const char *before, const char *after)
{
	unsigned i = 0;

	while (before[i] == after[i])
		i++;
	return page(i);
}

/* What the direction under test gives. */
static const char *directed(const char *down, const char *up)
{
	return memblock.bottom_up ? up : down;
}

/* memblock_find_in_range() finds what memblock_phys_alloc() then takes. */
static void run_alloc(void **state)
{
	const struct alloc_case *c = *state;
	const char *after = directed(c->down, c->up);
	phys_addr_t want = after ? first_new(c->reserved, after) : 0;
	phys_addr_t size = PG(c->size.pages), align = PG(c->size.align);

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, size, align), want);
	expect(&memblock.reserved, c->reserved);
	assert_int_equal(memblock_phys_alloc(size, align), want);
	expect(&memblock.reserved, after ? after : c->reserved);
	expect(&memblock.memory, c->memory);
}

/* The size is not rounded up to the alignment. */
static void alloc_reserves_exactly_size(void **state UNUSED)
{
	phys_addr_t found;

	lay(&memblock.memory, ".####.");
	found = memblock_phys_alloc(2, 32);
	assert_int_equal(found, memblock.bottom_up ? page(1) : page(5) - 32);
	expect_region(&memblock.reserved, 0, found, 2);
	assert_int_equal(memblock_reserved_size(), 2);
	found = memblock_phys_alloc(2, 32);
	assert_int_equal(found, memblock.bottom_up ? page(1) + 32 : page(5) - 64);
	assert_int_equal(memblock.reserved.cnt, 2);
}

static void align_zero_is_a_cache_line(void **state UNUSED)
{
	phys_addr_t at;

	lay(&memblock.memory, ".####.");
	memblock_reserve(page(1), 1);
	memblock_reserve(page(5) - 1, 1);
	at = memblock.bottom_up ? page(1) + SMP_CACHE_BYTES : page(5) - 2 * SMP_CACHE_BYTES;
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, SMP_CACHE_BYTES, 0),
			 at);
	assert_int_equal(memblock_phys_alloc(SMP_CACHE_BYTES, 0), at);
}

static void alloc_of_size_zero_is_refused(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, 0, PG(1)), 0);
	assert_int_equal(memblock_phys_alloc(0, PG(1)), 0);
	assert_null(memblock_alloc(0, PG(1)));
	assert_null(memblock_alloc_try_nid_raw(0, PG(1), page(2), 0, NUMA_NO_NODE));
	expect(&memblock.reserved, "......");
}

/* A size near the top of its type is too large, not small. */
static void alloc_of_a_giant_is_refused(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	for (phys_addr_t less = 0; less < 3; less++)
		for (phys_addr_t align = 1; align <= PG(1); align <<= 4) {
			assert_int_equal(memblock_phys_alloc(PHYS_ADDR_MAX - less, align), 0);
			assert_int_equal(memblock_phys_alloc(PHYS_ADDR_MAX - MIDDLE - less, align),
					 0);
		}
	assert_int_equal(memblock_phys_alloc(1, (phys_addr_t)(PHYS_ADDR_MAX / 2 + 1)), 0);
	expect(&memblock.reserved, "......");
}

/* Nor is it found by wrapping below a reservation that hangs over the end of low memory. */
static void alloc_of_a_giant_in_low_memory_is_refused(void **state UNUSED)
{
	memblock_add(PG(1), PG(2));
	memblock_reserve(PG(2), PG(3));
	for (unsigned pages = 0; pages < 16; pages++)
		assert_int_equal(memblock_phys_alloc((phys_addr_t)(PHYS_ADDR_MAX - PG(pages)), 1),
				 0);
}

/* The first page is never given, though the memory begins there; the second is. */
static void alloc_never_gives_page_zero(void **state UNUSED)
{
	memblock_add(0, PG(2));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), PG(1));
	assert_int_equal(memblock_phys_alloc(1, 1), 0);
	memblock_phys_free(PG(1), PG(1));
	assert_int_equal(memblock_phys_alloc_range(PG(2), 1, 0, PG(2)), 0);
	assert_int_equal(memblock_phys_alloc_range(1, 1, 0, PG(1)), 0);
	assert_int_equal(memblock_find_in_range(0, PG(1), 1, 1), 0);
}

static void run_range(void **state)
{
	const struct range_case *c = *state;
	const char *after = directed(c->down, c->up);
	struct range r = range_of(c->x);
	phys_addr_t end = (phys_addr_t)(r.base + r.size), size = PG(c->pages);
	phys_addr_t want = after ? first_new(c->reserved, after) : 0;

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	assert_int_equal(memblock_find_in_range(r.base, end, size, PG(1)), want);
	assert_int_equal(memblock_phys_alloc_range(size, PG(1), r.base, end), want);
	expect(&memblock.reserved, after ? after : c->reserved);
}

static void range_of_nothing(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(memblock_phys_alloc_range(1, 1, page(3), page(3)), 0);
	assert_int_equal(memblock_phys_alloc_range(1, 1, page(4), page(2)), 0);
	expect(&memblock.reserved, "......");
}

/* ACCESSIBLE ends at the limit; ANYWHERE and an end that is given do not. */
static void limit_of_a_range(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock_set_current_limit(page(3));
	lay(&memblock.reserved, ".##...");
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), 0);
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), 0, MEMBLOCK_ALLOC_ACCESSIBLE), 0);
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), 0, MEMBLOCK_ALLOC_ANYWHERE),
			 memblock.bottom_up ? page(3) : page(4));
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), 0, page(5)),
			 memblock.bottom_up ? page(4) : page(3));
}

static void limit_of_an_allocation(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock_set_current_limit(page(3));
	assert_int_equal(memblock.current_limit, page(3));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), memblock.bottom_up ? page(1) : page(2));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), memblock.bottom_up ? page(2) : page(1));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), 0);
}

/* Without zeroing no memory is touched, so that these addresses may be invented. */
static phys_addr_t try_raw(unsigned size, phys_addr_t min, phys_addr_t max, int nid)
{
	void *ptr = memblock_alloc_try_nid_raw(PG(size), PG(1), min, max, nid);

	return (phys_addr_t)(uintptr_t)ptr;
}

static void max_addr_is_cut_to_the_limit(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	lay(&memblock.reserved, ".##...");
	memblock_set_current_limit(page(3));
	assert_int_equal(try_raw(1, 0, MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE), 0);
	assert_int_equal(try_raw(1, 0, MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE), 0);
	assert_int_equal(try_raw(1, 0, page(5), NUMA_NO_NODE), 0);
	memblock_set_current_limit(page(4));
	assert_int_equal(try_raw(1, 0, page(5), NUMA_NO_NODE), page(3));
}

static void run_wish(void **state)
{
	const struct range_case *c = *state;
	const char *after = directed(c->down, c->up);
	struct range r = range_of(c->x);
	phys_addr_t max = (phys_addr_t)(r.base + r.size);
	phys_addr_t want = after ? first_new(c->reserved, after) : 0;

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	assert_int_equal(try_raw(c->pages, r.base, max, NUMA_NO_NODE), want);
	expect(&memblock.reserved, after ? after : c->reserved);
}

static void min_addr_above_max_addr_is_dropped(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(try_raw(1, page(5), page(3), NUMA_NO_NODE),
			 memblock.bottom_up ? page(1) : page(2));
}

/* 16 bytes below the end is no place for 32. */
static void min_addr_close_to_the_end(void **state UNUSED)
{
	void *ptr;

	lay(&memblock.memory, ".####.");
	ptr = memblock_alloc_try_nid_raw(32, 16, page(5) - 16, 0, NUMA_NO_NODE);
	assert_int_equal((uintptr_t)ptr, memblock.bottom_up ? page(1) : page(5) - 32);
}

#ifdef CONFIG_NUMA
static void run_node(void **state)
{
	const struct node_case *c = *state;
	const char *after = directed(c->down, c->up);
	struct range r = range_of(c->x);
	phys_addr_t max = (phys_addr_t)(r.base + r.size);
	phys_addr_t want = after ? first_new(c->reserved, after) : 0;

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	assert_int_equal(try_raw(c->size.pages, r.base, max, c->size.nid), want);
	expect(&memblock.reserved, after ? after : c->reserved);
}
#else
/* One node only: naming one is no hindrance. */
static void node_without_numa_is_ignored(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(try_raw(1, 0, 0, 3), memblock.bottom_up ? page(1) : page(4));
}
#endif

/* ---- allocations in real memory ---- */

#define REAL_SIZE ((size_t)4 * 4096)

static unsigned char *real;

/* Real memory at an address that phys_addr_t can hold, full of 1s, all of it in `memory`. */
static void lay_real(void)
{
	void *hint = (void *)(uintptr_t)0x50000000; /* wanted, not forced: see the check */

	if (!real)
		real = mmap(hint, REAL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (real == MAP_FAILED || (uintptr_t)real + REAL_SIZE > PHYS_ADDR_MAX)
		skip();
	memset(real, 1, REAL_SIZE);
	memblock_add((phys_addr_t)(uintptr_t)real, REAL_SIZE);
}

/* Fails unless exactly [PTR, PTR + SIZE) is zero and the rest as it was. */
static void expect_zeroed(const void *ptr, size_t size)
{
	size_t at = (size_t)((const unsigned char *)ptr - real);

	for (size_t i = 0; i < REAL_SIZE; i++)
		assert_int_equal(real[i], !(i >= at && i - at < size));
}

static void alloc_zeroes_exactly_its_block(void **state UNUSED)
{
	unsigned char *ptr;

	lay_real();
	ptr = memblock_alloc(100, 64);
	assert_ptr_equal(ptr, memblock.bottom_up ? real : real + REAL_SIZE - 128);
	expect_zeroed(ptr, 100);
	expect_region(&memblock.reserved, 0, (phys_addr_t)(uintptr_t)ptr, 100);
}

static void raw_touches_nothing(void **state UNUSED)
{
	unsigned char *ptr;

	lay_real();
	ptr = memblock_alloc_raw(100, 64);
	assert_ptr_equal(ptr, memblock.bottom_up ? real : real + REAL_SIZE - 128);
	expect_zeroed(ptr, 0);
	assert_non_null(memblock_alloc_try_nid_raw(100, 64, 0, 0, NUMA_NO_NODE));
	expect_zeroed(ptr, 0);
}

static void alloc_from_prefers_min_addr(void **state UNUSED)
{
	phys_addr_t min;
	unsigned char *ptr;

	lay_real();
	min = (phys_addr_t)(uintptr_t)real + 4096;
	ptr = memblock_alloc_from(4096, 4096, min);
	assert_ptr_equal(ptr, memblock.bottom_up ? real + 4096 : real + 3 * 4096);
	expect_zeroed(ptr, 4096);
	memset(real, 1, REAL_SIZE);
	ptr = memblock_alloc_from(2 * 4096, 4096, min + 2 * 4096);
	assert_ptr_equal(ptr, memblock.bottom_up ? real + 2 * 4096 : real + 4096);
	expect_zeroed(ptr, 2 * 4096);
}

static void try_nid_zeroes_too(void **state UNUSED)
{
	unsigned char *ptr;

	lay_real();
	ptr = memblock_alloc_try_nid(33, 1, (phys_addr_t)(uintptr_t)real + 5, 0, NUMA_NO_NODE);
	assert_ptr_equal(ptr, memblock.bottom_up ? real + 5 : real + REAL_SIZE - 33);
	expect_zeroed(ptr, 33);
}

/* What was freed can be had again, and the memory is not touched by it. */
static void freed_memory_is_given_again(void **state UNUSED)
{
	void *ptr;

	lay_real();
	ptr = memblock_alloc_raw(REAL_SIZE, 1);
	assert_ptr_equal(ptr, real);
	assert_null(memblock_alloc(1, 1));
	memblock_free(real + 4096, 4096);
	assert_int_equal(memblock.reserved.cnt, 2);
	assert_ptr_equal(memblock_alloc_raw(4096, 4096), real + 4096);
	assert_int_equal(memblock.reserved.cnt, 1);
	memblock_free(real, REAL_SIZE);
	expect_zeroed(real, 0);
	expect(&memblock.reserved, ".");
}

static void failed_alloc_is_null(void **state UNUSED)
{
	lay_real();
	assert_null(memblock_alloc(REAL_SIZE + 1, 1));
	assert_null(memblock_alloc_raw(REAL_SIZE + 1, 1));
	assert_null(memblock_alloc_from(REAL_SIZE + 1, 1, 4096));
	expect_zeroed(real, 0);
	expect(&memblock.reserved, ".");
}

static void direction_is_kept(void **state UNUSED)
{
	bool up = memblock.bottom_up;

	assert_int_equal(memblock_bottom_up(), up);
	memblock_set_bottom_up(!up);
	assert_int_equal(memblock_bottom_up(), !up);
	assert_int_equal(memblock.bottom_up, !up);
}

/* ---- the state at the start; must run before any other test ---- */

static void initial_state(void **state UNUSED)
{
	assert_non_null(memblock.memory.regions);
	assert_non_null(memblock.reserved.regions);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock.reserved.cnt, 1);
	assert_int_equal(memblock.memory.max, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_RESERVED_REGIONS);
	assert_string_equal(memblock.memory.name, "memory");
	assert_string_equal(memblock.reserved.name, "reserved");
	assert_false(memblock.bottom_up);
	assert_int_equal(memblock.current_limit, MEMBLOCK_ALLOC_ANYWHERE);
	assert_null(memblock_tracer);
	assert_false(memblock_trace_enabled());
	expect(&memblock.memory, ".");
	expect(&memblock.reserved, ".");
}

/* ---- trace and dump: Linux's words ---- */

#define STAMP "[    0.000000] "

static char logged[8192];

static void keep(void *ctx, const char *text, size_t len)
{
	char *to = ctx;
	size_t used = strlen(to);

	assert_true(used + len < sizeof(logged));
	memcpy(to + used, text, len);
	to[used + len] = '\0';
}

/* Makes each address of TEXT as wide as on the board: of 16 digits the last eight stay. */
static void narrow(char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	while (*text) {
		if (!strncmp(text, "0x", 2) && strspn(text + 2, digits) == 16) {
			*to++ = *text++;
			*to++ = *text++;
			text += 8;
		}
		*to++ = *text++;
	}
	*to = '\0';
}

/* What was logged, without the stamps that begin each line, with addresses as on the board. */
static const char *board_log(void)
{
	static char text[sizeof(logged)];
	const char *line = logged;

	for (text[0] = '\0'; *line; line = strchr(line, '\n') + 1) {
		assert_memory_equal(line, STAMP, strlen(STAMP));
		line += strlen(STAMP);
		strncat(text, line, strcspn(line, "\n") + 1);
	}
	narrow(text);
	return text;
}

/* A code area of two functions, for callers with known names. */
static const struct symbol two_symbols[] = {{0x60000100, 0}, {0x60000200, 10}, {0x60000240, 0}};
static const struct symbol_table two = {two_symbols, 3, "early_mem\0arm_add_memory"};

static int log_start(void **state UNUSED)
{
	reset();
	log_reset();
	logged[0] = '\0';
	log_set_console(keep, logged);
	return 0;
}

static int log_stop(void **state UNUSED)
{
	symbols_set(NULL);
	log_reset();
	reset();
	return 0;
}

/* Linux prints base + size - 1, whatever comes out, and the caller with Thumb bit as a symbol. */
static void trace_of_ranges(void **state UNUSED)
{
	static const char want[] =
		"memblock_remove: [0x60000000-0x9fffffff] early_mem+0x6c/0x100\n"
		"memblock_add: [0x60000000-0x983fffff] arm_add_memory+0x20/0x40\n"
		"memblock_add: [0x60000000-0x5fffffff] 0x60000240\n"
		"memblock_reserve: [0x00000000-0xffffffff] 0x0\n";

	symbols_set(&two);
	memblock_trace_start();
	memblock_tracer->range("memblock_remove", 0x60000000, 0x40000000, NULL, MEMBLOCK_NONE,
			       (void *)0x6000016dUL);
	memblock_tracer->range("memblock_add", 0x60000000, 0x38400000, NULL, MEMBLOCK_NONE,
			       (void *)0x60000220UL);
	memblock_tracer->range("memblock_add", 0x60000000, 0, NULL, MEMBLOCK_NONE,
			       (void *)0x60000240UL);
	memblock_tracer->range("memblock_reserve", 0, 0, NULL, MEMBLOCK_NONE, NULL);
	assert_string_equal(board_log(), want);
}

static void trace_of_allocations(void **state UNUSED)
{
	static const char want[] =
		"memblock_alloc_try_nid: 8192 bytes align=0x2000 nid=-1 from=0x00000000 "
		"max_addr=0x00000000 early_mem+0x2c/0x100\n"
		"memblock_phys_alloc_range: 4194304 bytes align=0x100000 from=0x70000000 "
		"max_addr=0x74000000 arm_add_memory+0x2c/0x40\n";
	const int nid = NUMA_NO_NODE;

	symbols_set(&two);
	memblock_trace_start();
	memblock_tracer->alloc("memblock_alloc_try_nid", 8192, 0x2000, &nid, 0, 0,
			       (void *)0x6000012cUL);
	memblock_tracer->alloc("memblock_phys_alloc_range", 4194304, 0x100000, NULL, 0x70000000,
			       0x74000000, (void *)0x6000022cUL);
	assert_string_equal(board_log(), want);
}

/* Fails unless the log is the lines of WANT, each followed by a caller that is not looked at. */
static void expect_trace(const char *const *want)
{
	const char *line = board_log();

	for (; *want; want++) {
		assert_memory_equal(line, *want, strlen(*want));
		assert_memory_equal(line + strlen(*want), " 0x", 3);
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	assert_string_equal(line, "");
}

/* One line for each call that Linux traces, none for the others, in the order of the calls. */
static void trace_of_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_add: [0x60000000-0x6000ffff]",
		"memblock_remove: [0x6000f000-0x6000ffff]",
		"memblock_reserve: [0x60000000-0x60000001]",
		"memblock_phys_free: [0x60000000-0x60000000]",
		"memblock_phys_free: [0x60000001-0x60000001]",
		"memblock_add_node: [0x70000000-0x70000fff] nid=1 flags=1",
		NULL,
	};

	memblock_add(0x70000000, 0x1000);
	memblock_remove(0x70000000, 0x1000);
	memblock_trace_start();
	assert_true(memblock_trace_enabled());
	memblock_add(0x60000000, 0x10000);
	memblock_remove(0x6000f000, 0x1000);
	memblock_reserve(0x60000000, 2);
	memblock_phys_free(0x60000000, 1);
	memblock_free((void *)0x60000001UL, 1);
	memblock_add_node(0x70000000, 0x1000, 1, MEMBLOCK_HOTPLUG);
	memblock_mark_nomap(0x60000000, 0x1000);
	memblock_cap_memory_range(0x60000000, 0x8000);
	memblock_trim_memory(0x2000);
	memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, 1, 1);
	memblock_is_memory(0x60000000);
	expect_trace(want);
}

/* An allocation is two lines, the second from inside; retries add none, a failure has the first. */
static void trace_of_allocation_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_phys_alloc_range: 256 bytes align=0x100 from=0x00000000 "
		"max_addr=0x00000000",
		"memblock_reserve: [0x6000ff00-0x6000ffff]",
		"memblock_alloc_try_nid_raw: 4096 bytes align=0x1000 nid=-1 from=0x6000f000"
		" max_addr=0xffffffff",
		"memblock_reserve: [0x6000e000-0x6000efff]",
		"memblock_alloc_try_nid: 1048576 bytes align=0x0 nid=3 from=0x00000000"
		" max_addr=0x00000000",
		NULL,
	};

	memblock_add(0x60000000, 0x10000);
	memblock_trace_start();
	memblock_phys_alloc(0x100, 0x100);
	memblock_alloc_try_nid_raw(0x1000, 0x1000, 0x6000f000, MEMBLOCK_ALLOC_ANYWHERE,
				   NUMA_NO_NODE);
	assert_null(memblock_alloc_try_nid(0x100000, 0, 0, 0, 3));
	expect_trace(want);
}

/* An exact node has a line of its own; the functions that Linux does not trace show by reserving.
 */
static void trace_of_node_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_alloc_exact_nid_raw: 4096 bytes align=0x1000 nid=0 from=0x60000000"
		" max_addr=0x60008000",
		"memblock_reserve: [0x60007000-0x60007fff]",
		"memblock_reserve: [0x6000f000-0x6000ffff]",
		"memblock_reserve: [0x6000e000-0x6000efff]",
		NULL,
	};

	memblock_add_node(0x60000000, 0x10000, 0, MEMBLOCK_NONE);
	memblock_trace_start();
	memblock_alloc_exact_nid_raw(0x1000, 0x1000, 0x60000000, 0x60008000, 0);
	memblock_phys_alloc_try_nid(0x1000, 0x1000, 0);
	memblock_alloc_range_nid(0x1000, 0x1000, 0, 0, 0, true);
	memblock_set_node(0x60000000, 0x1000, &memblock.memory, 1);
	memblock_mark_mirror(0x60000000, 0x1000);
	memblock_clear_hotplug(0x60000000, 0x1000);
	memblock_enforce_memory_limit(0x8000);
	memblock_mem_limit_remove_map(0x4000);
	expect_trace(want);
}

/* What the last call was, and what the lists held when its trace came. */
static struct {
	const void *caller;
	phys_addr_t memory, reserved;
} seen;

static void see_range(const char *call UNUSED, phys_addr_t base UNUSED, phys_addr_t size UNUSED,
		      const int *nid UNUSED, enum memblock_flags flags UNUSED, const void *caller)
{
	seen.caller = caller;
	seen.memory = memblock_phys_mem_size();
	seen.reserved = memblock_reserved_size();
}

static void see_alloc(const char *call UNUSED, phys_addr_t size UNUSED, phys_addr_t align UNUSED,
		      const int *nid UNUSED, phys_addr_t from UNUSED, phys_addr_t max_addr UNUSED,
		      const void *caller)
{
	see_range(NULL, 0, 0, NULL, MEMBLOCK_NONE, caller);
}

static const struct memblock_tracer watcher = {.range = see_range, .alloc = see_alloc};

/* The trace comes before the call does anything. */
static void trace_comes_first(void **state UNUSED)
{
	assert_false(memblock_trace_enabled());
	memblock_tracer = &watcher;
	assert_true(memblock_trace_enabled());
	memblock_add(MIDDLE, PG(3));
	assert_int_equal(seen.memory, 0);
	memblock_remove(MIDDLE, PG(1));
	assert_int_equal(seen.memory, PG(3));
	memblock_add_node(MIDDLE, PG(1), NUMA_NO_NODE, MEMBLOCK_NONE);
	assert_int_equal(seen.memory, PG(2));
	memblock_reserve(MIDDLE, PG(1));
	assert_int_equal(seen.reserved, 0);
	memblock_phys_free(MIDDLE, PG(1));
	assert_int_equal(seen.reserved, PG(1));
}

__attribute__((noinline)) static int calls_reserve(void)
{
	return memblock_reserve(MIDDLE, PG(1)) + 1; /* no tail call */
}

__attribute__((noinline)) static phys_addr_t calls_alloc(void)
{
	return memblock_phys_alloc_range(1, 1, 0, 0) + 1;
}

/* The caller is who called the traced function. */
static void trace_names_the_caller(void **state UNUSED)
{
	memblock_tracer = &watcher;
	assert_int_equal(calls_reserve(), 1);
	assert_in_range((uintptr_t)seen.caller, (uintptr_t)calls_reserve + 1,
			(uintptr_t)calls_reserve + 256);
	assert_int_equal(calls_alloc(), 1);
	assert_in_range((uintptr_t)seen.caller, (uintptr_t)calls_alloc + 1,
			(uintptr_t)calls_alloc + 256);
}

/* The dump of a tree with a no-map child, as Linux logs it; a tab after the index. */
static void dump_of_both_lists(void **state UNUSED)
{
	static const char want[] =
		"MEMBLOCK configuration:\n"
		" memory size = 0x20000000 reserved size = 0x00004000\n"
		" memory.cnt  = 0x3\n"
		" memory[0x0]\t[0x60000000-0x73ffffff], 0x14000000 bytes flags: 0x0\n"
		" memory[0x1]\t[0x74000000-0x743fffff], 0x00400000 bytes flags: 0x4\n"
		" memory[0x2]\t[0x74400000-0x7fffffff], 0x0bc00000 bytes flags: 0x0\n"
		" reserved.cnt  = 0x1\n"
		" reserved[0x0]\t[0x60204000-0x60207fff], 0x00004000 bytes flags: 0x0\n";

	memblock_add(0x60000000, 0x20000000);
	memblock_mark_nomap(0x74000000, 0x00400000);
	memblock_reserve(0x60204000, 0x4000);
	memblock_dump_all();
	assert_string_equal(board_log(), want);
}

/* The list that ends the address space, one byte short; and Linux's picture of an empty one. */
static void dump_at_the_top(void **state UNUSED)
{
	const char *text;

	memblock_add(LAST_PAGE, PAGE_SIZE);
	memblock_dump_all();
	text = board_log();
	assert_non_null(strstr(text, "[0xfffff000-0xfffffffe], 0x00000fff bytes flags: 0x0\n"));
	assert_non_null(strstr(text, " reserved.cnt  = 0x1\n"
				     " reserved[0x0]\t[0x00000000-0xffffffff], 0x00000000 bytes"));
}

/* Addresses and sizes are printed as wide as phys_addr_t is. */
static void dump_is_as_wide_as_phys_addr_t(void **state UNUSED)
{
	memblock_add(LAST_PAGE, PAGE_SIZE);
	memblock_dump_all();
	if (sizeof(phys_addr_t) == 8)
		assert_non_null(strstr(logged, "[0xfffffffffffff000-0xfffffffffffffffe], "
					       "0x0000000000000fff bytes"));
	else
		assert_non_null(strstr(logged, "[0xfffff000-0xfffffffe], 0x00000fff bytes"));
}

/* Indexes and counts are hexadecimal. */
static void dump_counts_in_hex(void **state UNUSED)
{
	lay(&memblock.memory, "#.#.#.#.#.#.#.#.#.#.#.#");
	memblock_dump_all();
	assert_non_null(strstr(logged, " memory.cnt  = 0xc\n"));
	assert_non_null(strstr(logged, " memory[0xb]\t["));
}

#ifdef CONFIG_NUMA
static void dump_of_nodes(void **state UNUSED)
{
	memblock_add_node(0x60000000, 0x1000, 3, MEMBLOCK_HOTPLUG);
	memblock_dump_all();
	assert_non_null(strstr(board_log(), "0x00001000 bytes on node 3 flags: 0x1\n"));
}
#endif

#define LIST(f) cmocka_unit_test_setup(f, fresh)
#define DOWN(f)                                           \
	{                                                 \
#f " (top-down)", f, top_down, NULL, NULL \
	}
#define UP(f)                                               \
	{                                                   \
#f " (bottom-up)", f, bottom_up, NULL, NULL \
	}
#define BOTH(f) DOWN(f), UP(f)
#define TRACE(f) cmocka_unit_test_setup_teardown(f, log_start, log_stop)

static const struct CMUnitTest start_tests[] = {
	cmocka_unit_test(initial_state),
};

static const struct CMUnitTest list_tests[] = {
	LIST(size_zero_changes_nothing),
	LIST(size_zero_leaves_a_list_empty),
	LIST(cut_keeps_flags),
	LIST(free_by_pointer),
	LIST(free_of_null),
	LIST(trim_of_bytes),
	LIST(is_memory),
	LIST(is_map_memory),
	LIST(is_region_memory),
	LIST(is_reserved),
	LIST(overlaps),
	LIST(questions_about_empty_lists),
	LIST(ends_and_sizes),
	LIST(loops_over_regions),
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

static const struct CMUnitTest end_tests[] = {
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

static const struct CMUnitTest alloc_tests[] = {
	BOTH(alloc_reserves_exactly_size),
	BOTH(align_zero_is_a_cache_line),
	BOTH(alloc_of_size_zero_is_refused),
	BOTH(alloc_of_a_giant_is_refused),
	BOTH(alloc_of_a_giant_in_low_memory_is_refused),
	BOTH(alloc_never_gives_page_zero),
	BOTH(range_of_nothing),
	BOTH(limit_of_a_range),
	BOTH(limit_of_an_allocation),
	BOTH(max_addr_is_cut_to_the_limit),
	BOTH(min_addr_above_max_addr_is_dropped),
	BOTH(min_addr_close_to_the_end),
#ifndef CONFIG_NUMA
	BOTH(node_without_numa_is_ignored),
#endif
	BOTH(full_refuses_an_allocation),
	BOTH(full_allocates_where_it_merges),
	BOTH(alloc_zeroes_exactly_its_block),
	BOTH(raw_touches_nothing),
	BOTH(alloc_from_prefers_min_addr),
	BOTH(try_nid_zeroes_too),
	BOTH(freed_memory_is_given_again),
	BOTH(failed_alloc_is_null),
	BOTH(direction_is_kept),
};

static const struct CMUnitTest trace_tests[] = {
	TRACE(trace_of_ranges),        TRACE(trace_of_allocations),
	TRACE(trace_of_calls),         TRACE(trace_of_allocation_calls),
	TRACE(trace_of_node_calls),    TRACE(trace_comes_first),
	TRACE(trace_names_the_caller), TRACE(dump_of_both_lists),
	TRACE(dump_at_the_top),        TRACE(dump_is_as_wide_as_phys_addr_t),
	TRACE(dump_counts_in_hex),
#ifdef CONFIG_NUMA
	TRACE(dump_of_nodes),
#endif
};

static int run_lists_at(CMFixtureFunction place)
{
	int failed = 0;

	failed += run_rows("memblock add", run_add, fresh, place, ROWS(add_cases));
	failed += run_rows("memblock add_node", run_kind, fresh, place, ROWS(kind_cases));
	failed += run_rows("memblock remove", run_cut, fresh, place, ROWS(cut_cases));
	failed += run_rows("memblock flags", run_flag, fresh, place, ROWS(flag_cases));
	failed += run_rows("memblock cap", run_cap, fresh, place, ROWS(cap_cases));
	failed += run_rows("memblock trim", run_trim, fresh, place, ROWS(trim_cases));
	failed += run_rows("memblock free ranges", run_free, fresh, place, ROWS(free_cases));
	failed += cmocka_run_group_tests_name("memblock lists", list_tests, place, NULL);
	return failed;
}

static int run_allocs(CMFixtureFunction direction)
{
	int failed = 0;

	failed += run_rows("memblock alloc", run_alloc, direction, at_middle, ROWS(alloc_cases));
	failed += run_rows("memblock range", run_range, direction, at_middle, ROWS(range_cases));
	failed += run_rows("memblock wish", run_wish, direction, at_middle, ROWS(wish_cases));
#ifdef CONFIG_NUMA
	failed += run_rows("memblock node", run_node, direction, at_middle, ROWS(node_cases));
#endif
	return failed;
}

int main(void)
{
	int failed = 0;

	failed += cmocka_run_group_tests_name("memblock start", start_tests, NULL, NULL);
	failed += run_lists_at(at_bottom);
	failed += run_lists_at(at_middle);
	failed += run_lists_at(at_top);
	failed += cmocka_run_group_tests_name("memblock end", end_tests, at_bottom, NULL);
	failed += run_allocs(top_down);
	failed += run_allocs(bottom_up);
	failed += cmocka_run_group_tests_name("memblock both ways", alloc_tests, at_middle, NULL);
	failed += cmocka_run_group_tests_name("memblock trace", trace_tests, at_middle, NULL);
	return failed != 0;
}
