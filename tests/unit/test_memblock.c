/* SPDX-License-Identifier: MIT */
/*
 * The rules of mm/memblock.h one by one: what changes a list, and what asks. Each test runs three
 * times, at the bottom, in the middle and at the top of the address space.
 */
#include "memblock_flag_cases.h"
#include "memblock_list_cases.h"

#include <string.h>

#include "mm/memblock_dump.h"

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

#define LIST(f) cmocka_unit_test_setup(f, fresh)

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

int main(void)
{
	int failed = 0;

	failed += cmocka_run_group_tests_name("memblock start", start_tests, NULL, NULL);
	failed += run_lists_at(at_bottom);
	failed += run_lists_at(at_middle);
	failed += run_lists_at(at_top);
	return failed != 0;
}
