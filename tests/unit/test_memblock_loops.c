/* SPDX-License-Identifier: MIT */
/*
 * The iterators of memblock, what counts in pages, and what a region says of itself. At the bottom,
 * in the middle and at the top of the address space.
 */
#include "tests/unit/memblock_pictures.h"

#include <string.h>

/* ---- pages ---- */

static void search_of_pages(void **state UNUSED)
{
	unsigned long first = page(0) >> PAGE_SHIFT, start = 7, end = 8;

	lay(&memblock.memory, ".##nn.#.");
	assert_int_equal(memblock_search_pfn_nid(first, &start, &end), -1);
	assert_int_equal(memblock_search_pfn_nid(first + 5, &start, &end), -1);
	assert_int_equal(memblock_search_pfn_nid(first + 7, &start, &end), -1);
	assert_int_equal(start, 7);
	assert_int_equal(end, 8);
	memblock_set_node(page(1), PG(2), &memblock.memory, 2);
	for (unsigned i = 1; i < 3; i++) {
		int nid = memblock_search_pfn_nid(first + i, &start, &end);

		assert_int_equal(nid, memblock_get_region_node(&memblock.memory.regions[0]));
		assert_int_equal(start, first + 1);
		assert_int_equal(end, first + 3);
	}
	memblock_search_pfn_nid(first + 4, &start, &end);
	assert_int_equal(start, first + 3);
	assert_int_equal(end, first + 5);
#ifndef CONFIG_NUMA
	assert_int_equal(memblock_search_pfn_nid(first + 6, &start, &end), 0);
#endif
}

/* A page number whose address does not fit is no page at the bottom. */
static void search_of_a_page_too_high(void **state UNUSED)
{
	unsigned long pages = 1UL << (8 * sizeof(phys_addr_t) - PAGE_SHIFT), start = 7, end = 8;

	memblock_add(0, PG(4));
	assert_int_equal(memblock_search_pfn_nid(pages, &start, &end), -1);
	assert_int_equal(memblock_search_pfn_nid(pages + 3, &start, &end), -1);
	assert_int_equal(start, 7);
	assert_int_equal(end, 8);
}

/* The whole pages of memory, and the pages that a reservation touches. */
static void pages_of_a_region(void **state UNUSED)
{
	struct memblock_region whole = {.base = page(2), .size = PG(3)};
	struct memblock_region odd = {.base = page(2) + 1, .size = PG(3)};
	struct memblock_region last = {.base = LAST_PAGE - 1, .size = PAGE_SIZE};
	unsigned long first = page(0) >> PAGE_SHIFT, top = LAST_PAGE >> PAGE_SHIFT;

	assert_int_equal(memblock_region_memory_base_pfn(&whole), first + 2);
	assert_int_equal(memblock_region_memory_end_pfn(&whole), first + 5);
	assert_int_equal(memblock_region_reserved_base_pfn(&whole), first + 2);
	assert_int_equal(memblock_region_reserved_end_pfn(&whole), first + 5);
	assert_int_equal(memblock_region_memory_base_pfn(&odd), first + 3);
	assert_int_equal(memblock_region_memory_end_pfn(&odd), first + 5);
	assert_int_equal(memblock_region_reserved_base_pfn(&odd), first + 2);
	assert_int_equal(memblock_region_reserved_end_pfn(&odd), first + 6);
	assert_int_equal(memblock_region_memory_base_pfn(&last), top);
	assert_int_equal(memblock_region_memory_end_pfn(&last), top);
	assert_int_equal(memblock_region_reserved_base_pfn(&last), top - 1);
	assert_int_equal(memblock_region_reserved_end_pfn(&last), top + 1);
}

/* Regions without a whole page are left out; no-map ones are not. */
static void loop_over_whole_pages(void **state UNUSED)
{
	unsigned long first = page(0) >> PAGE_SHIFT, start, end, got[8];
	int i, nid, n = 0;

	for_each_mem_pfn_range (i, NUMA_NO_NODE, &start, &end, &nid)
		n++;
	assert_int_equal(n, 0);
	memblock_add(page(1) + 1, PG(2));
	memblock_add(page(4) + 1, PG(1) + PG(1) - 2);
	memblock_add(page(8), PG(1));
	memblock_mark_nomap(page(8), PG(1));
	memblock_add(page(10) - 1, 1);
	for_each_mem_pfn_range (i, NUMA_NO_NODE, &start, &end, NULL) {
		assert_in_range(n, 0, 2);
		got[2 * n] = start - first;
		got[2 * n++ + 1] = end - first;
	}
	assert_int_equal(n, 2);
	assert_int_equal(i, -1);
	assert_int_equal(got[0], 2);
	assert_int_equal(got[1], 3);
	assert_int_equal(got[2], 8);
	assert_int_equal(got[3], 9);
	n = 0;
	for_each_mem_pfn_range (i, MAX_NUMNODES, NULL, NULL, &nid)
		n += 1 + (nid == memblock_get_region_node(&memblock.memory.regions[0]));
	assert_int_equal(n, 4);
}

/* ---- what a region is ---- */

static void region_helpers(void **state UNUSED)
{
	struct memblock_region r = {.base = page(1), .size = 1, .flags = MEMBLOCK_HOTPLUG};

	assert_true(memblock_is_hotpluggable(&r));
	assert_false(memblock_is_mirror(&r) || memblock_is_nomap(&r) ||
		     memblock_is_driver_managed(&r));
	r.flags = MEMBLOCK_MIRROR;
	assert_true(memblock_is_mirror(&r));
	assert_false(memblock_is_hotpluggable(&r));
	r.flags = MEMBLOCK_NOMAP;
	assert_true(memblock_is_nomap(&r));
	r.flags = MEMBLOCK_DRIVER_MANAGED;
	assert_true(memblock_is_driver_managed(&r));
	assert_false(memblock_is_nomap(&r));
	memblock_set_region_node(&r, 3);
#ifdef CONFIG_NUMA
	assert_int_equal(memblock_get_region_node(&r), 3);
#else
	assert_int_equal(memblock_get_region_node(&r), 0);
#endif
}

static void ranges_that_overlap(void **state UNUSED)
{
	assert_true(memblock_addrs_overlap(page(1), 2, page(1) + 1, 1));
	assert_false(memblock_addrs_overlap(page(1), 1, page(1) + 1, 1));
	assert_false(memblock_addrs_overlap(page(1) + 1, 1, page(1), 1));
	assert_true(memblock_addrs_overlap(page(1), PG(3), page(2), 1));
	assert_true(memblock_addrs_overlap(page(2), 1, page(1), PG(3)));
	assert_true(memblock_addrs_overlap(PHYS_ADDR_MAX - 1, 1, PHYS_ADDR_MAX - 2, 2));
}

/* Which regions FLAGS pick, of each kind of region by itself. */
static void picked_regions(void **state UNUSED)
{
	static const struct {
		unsigned flags;
		const char *picked;
	} rows[] = {
		{MEMBLOCK_NONE, "#hm"},    {MEMBLOCK_HOTPLUG, "#hm"},
		{MEMBLOCK_NOMAP, "#hmnb"}, {MEMBLOCK_DRIVER_MANAGED, "#hmd"},
		{MEMBLOCK_MIRROR, "mM"},   {MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED, "#hmnbd"},
	};
	static const char kinds[] = "#hmMnbd";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (const char *k = kinds; *k; k++) {
			bool want = strchr(rows[i].picked, *k) != NULL ||
				    (*k == 'M' && strchr(rows[i].picked, 'm'));

			lay(&memblock.memory, (char[]){'.', *k, '.', '\0'});
			assert_int_equal(memblock_region_picked(&memblock.memory.regions[0],
								NUMA_NO_NODE,
								(enum memblock_flags)rows[i].flags),
					 want);
		}
}

static void picked_nodes(void **state UNUSED)
{
	lay(&memblock.memory, ".3.");
	assert_true(memblock_region_picked(&memblock.memory.regions[0], NUMA_NO_NODE, 0));
#ifdef CONFIG_NUMA
	assert_true(memblock_region_picked(&memblock.memory.regions[0], 3, 0));
	assert_false(memblock_region_picked(&memblock.memory.regions[0], 0, 0));
#else
	assert_true(memblock_region_picked(&memblock.memory.regions[0], 0, 0));
#endif
}

/* ---- iterators ---- */

/* A loop draws its ranges here: letters in the order in which they come. */
static char drawn[PICTURE_MAX + 1];
static char letter;

static void draw_start(void)
{
	memset(drawn, '.', 10);
	drawn[10] = '\0';
	letter = 'a';
}

static void draw_range(phys_addr_t start, phys_addr_t end)
{
	unsigned lo = (unsigned)((phys_addr_t)(start - origin) / PAGE_SIZE);
	unsigned hi = (unsigned)((phys_addr_t)(end - origin) / PAGE_SIZE);

	assert_in_range(hi, lo + 1, 10);
	memset(drawn + lo, letter++, hi - lo);
}

/* What may be mapped, whoever has it reserved. */
static void loop_over_memory(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;

	lay(&memblock.memory, ".##nhdm.b#");
	lay(&memblock.reserved, "..##......");
	draw_start();
	for_each_mem_range (i, &start, &end)
		draw_range(start, end);
	assert_string_equal(drawn, ".aa.bcd..e");
	draw_start();
	for_each_mem_range_rev (i, &start, &end)
		draw_range(start, end);
	assert_string_equal(drawn, ".ee.dcb..a");
}

static void loop_over_reservations(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;

	draw_start();
	for_each_reserved_mem_range (i, &start, &end)
		draw_range(start, end);
	assert_string_equal(drawn, "..........");
	lay(&memblock.memory, "...nn.....");
	lay(&memblock.reserved, "#..##..###");
	for_each_reserved_mem_range (i, &start, &end)
		draw_range(start, end);
	assert_string_equal(drawn, "a..bb..ccc");
}

static void loop_over_free_memory(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;
	int nid;

	lay(&memblock.memory, "####hh.##n");
	lay(&memblock.reserved, ".#..##.#..");
	draw_start();
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, &nid)
		draw_range(start, end);
	assert_string_equal(drawn, "a.bb....c.");
	draw_start();
	for_each_free_mem_range_reverse (i, NUMA_NO_NODE, MEMBLOCK_NOMAP, &start, &end, NULL)
		draw_range(start, end);
	assert_string_equal(drawn, "d.cc....ba");
}

#ifdef CONFIG_NUMA
static void loop_over_a_node(void **state UNUSED)
{
	unsigned long first = page(0) >> PAGE_SHIFT, start_pfn, end_pfn;
	phys_addr_t start, end;
	uint64_t i;
	int nid, at;

	lay(&memblock.memory, "00112200.1");
	lay(&memblock.reserved, "..#....#..");
	draw_start();
	for_each_free_mem_range (i, 1, MEMBLOCK_NONE, &start, &end, &nid) {
		assert_int_equal(nid, 1);
		draw_range(start, end);
	}
	assert_string_equal(drawn, "...a.....b");
	draw_start();
	for_each_free_mem_range_reverse (i, 0, MEMBLOCK_NONE, &start, &end, &nid) {
		assert_int_equal(nid, 0);
		draw_range(start, end);
	}
	assert_string_equal(drawn, "bb....a...");
	draw_start();
	for_each_mem_pfn_range (at, 2, &start_pfn, &end_pfn, &nid) {
		assert_int_equal(nid, 2);
		draw_range(page((unsigned)(start_pfn - first)), page((unsigned)(end_pfn - first)));
	}
	assert_string_equal(drawn, "....aa....");
	draw_start();
	for_each_mem_pfn_range (at, 5, &start_pfn, &end_pfn, &nid)
		draw_range(page((unsigned)(start_pfn - first)), page((unsigned)(end_pfn - first)));
	assert_string_equal(drawn, "..........");
}
#endif

/* A reservation's node and flags do not matter, whatever is asked for. */
static void loop_over_reservations_ignores_masks(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;
	int nid;

	lay(&memblock.memory, "##########");
	lay(&memblock.reserved, "#..##..###");
	draw_start();
	__for_each_mem_range (i, &memblock.reserved, NULL, 1, MEMBLOCK_MIRROR, &start, &end, &nid)
		draw_range(start, end);
	assert_string_equal(drawn, "a..bb..ccc");
}

/* A loop that was left can be taken up again where it was. */
static void loop_goes_on_from_its_index(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;

	lay(&memblock.memory, ".#####.##.");
	lay(&memblock.reserved, "..#.#.....");
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		if (start == page(3))
			break;
	__next_mem_range(&i, NUMA_NO_NODE, MEMBLOCK_NONE, &memblock.memory, &memblock.reserved,
			 &start, &end, NULL);
	assert_int_equal(start, page(5));
	assert_int_equal(end, page(6));
	for_each_free_mem_range_reverse (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		if (start == page(3))
			break;
	__next_mem_range_rev(&i, NUMA_NO_NODE, MEMBLOCK_NONE, &memblock.memory, &memblock.reserved,
			     &start, &end, NULL);
	assert_int_equal(start, page(1));
	assert_int_equal(end, page(2));
}

/* What nobody wants to know is not written; at the end nothing is. */
static void loop_without_results(void **state UNUSED)
{
	phys_addr_t start = 1, end = 2;
	uint64_t i = 0, n = 0;
	int nid = 3;

	lay(&memblock.memory, ".##.nn.##.");
	for_each_mem_range (i, NULL, NULL)
		n++;
	assert_int_equal(n, 2);
	for_each_mem_range_rev (i, NULL, NULL)
		n++;
	assert_int_equal(n, 4);
	for_each_mem_range (i, &start, NULL)
		n++;
	assert_int_equal(start, page(7));
	for_each_mem_range_rev (i, NULL, &end)
		n++;
	assert_int_equal(end, page(3));
	i = MEMBLOCK_ITER_END;
	reset();
	start = 1;
	end = 2;
	__next_mem_range_rev(&i, NUMA_NO_NODE, MEMBLOCK_NONE, &memblock.memory, NULL, &start, &end,
			     &nid);
	assert_true(i == MEMBLOCK_ITER_END && start == 1 && end == 2 && nid == 3);
	i = 0;
	__next_mem_range(&i, NUMA_NO_NODE, MEMBLOCK_NONE, &memblock.memory, NULL, &start, &end,
			 &nid);
	assert_true(i == MEMBLOCK_ITER_END && start == 1 && end == 2 && nid == 3);
}

/* A range that ends at the top ends at PHYS_ADDR_MAX, in both directions. */
static void loop_at_the_top(void **state UNUSED)
{
	phys_addr_t start[3], end[3];
	uint64_t i;
	int n = 0;

	memblock_add(LAST_PAGE - PG(3), PG(4));
	memblock_reserve(LAST_PAGE - PG(1), PG(1));
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start[n], &end[n], NULL)
		assert_in_range(++n, 1, 2);
	for_each_free_mem_range_reverse (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start[2], &end[2], NULL) {
		assert_in_range(--n, 0, 1);
		assert_int_equal(start[2], start[n]);
		assert_int_equal(end[2], end[n]);
	}
	assert_int_equal(n, 0);
	assert_int_equal(start[0], LAST_PAGE - PG(3));
	assert_int_equal(end[0], LAST_PAGE - PG(1));
	assert_int_equal(start[1], LAST_PAGE);
	assert_int_equal(end[1], PHYS_ADDR_MAX);
}

/* The last page lacks a byte, so that it is no whole one. */
static void pages_at_the_top(void **state UNUSED)
{
	unsigned long start, end, n = 0;
	int i;

	memblock_add(LAST_PAGE - PG(1), PG(2));
	for_each_mem_pfn_range (i, NUMA_NO_NODE, &start, &end, NULL) {
		n++;
		assert_int_equal(start, (LAST_PAGE >> PAGE_SHIFT) - 1);
		assert_int_equal(end, LAST_PAGE >> PAGE_SHIFT);
	}
	assert_int_equal(n, 1);
	assert_int_equal(memblock_search_pfn_nid((LAST_PAGE >> PAGE_SHIFT) - 1, &start, &end),
			 memblock_get_region_node(&memblock.memory.regions[0]));
	assert_int_equal(start, (LAST_PAGE >> PAGE_SHIFT) - 1);
	assert_int_equal(end, LAST_PAGE >> PAGE_SHIFT);
}

/* A reservation to the very end leaves nothing above it. */
static void loop_below_a_reservation_to_the_top(void **state UNUSED)
{
	phys_addr_t start, end;
	uint64_t i;
	int n = 0;

	memblock_add(LAST_PAGE - PG(1), PG(2));
	memblock_reserve(LAST_PAGE, PG(1));
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		n++;
	for_each_free_mem_range_reverse (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		n++;
	assert_int_equal(n, 2);
	assert_int_equal(start, LAST_PAGE - PG(1));
	assert_int_equal(end, LAST_PAGE);
	memblock_reserve(LAST_PAGE - PG(1), PG(1));
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		n++;
	assert_int_equal(n, 2);
}
#define LIST(f) cmocka_unit_test_setup(f, fresh)

static const struct CMUnitTest list_tests[] = {
	LIST(search_of_pages),
	LIST(pages_of_a_region),
	LIST(loop_over_whole_pages),
	LIST(region_helpers),
	LIST(ranges_that_overlap),
	LIST(picked_regions),
	LIST(picked_nodes),
	LIST(loop_over_memory),
	LIST(loop_over_reservations),
	LIST(loop_over_free_memory),
	LIST(loop_over_reservations_ignores_masks),
	LIST(loop_goes_on_from_its_index),
	LIST(loop_without_results),
#ifdef CONFIG_NUMA
	LIST(loop_over_a_node),
#endif
};

static const struct CMUnitTest end_tests[] = {
	LIST(search_of_a_page_too_high),
	LIST(loop_at_the_top),
	LIST(pages_at_the_top),
	LIST(loop_below_a_reservation_to_the_top),
};

int main(void)
{
	int failed = 0;

	failed += cmocka_run_group_tests_name("memblock loops", list_tests, at_bottom, NULL);
	failed += cmocka_run_group_tests_name("memblock loops", list_tests, at_middle, NULL);
	failed += cmocka_run_group_tests_name("memblock loops", list_tests, at_top, NULL);
	failed += cmocka_run_group_tests_name("memblock ends", end_tests, at_bottom, NULL);
	return failed != 0;
}
