/* SPDX-License-Identifier: MIT */
/*
 * More rules of mm/memblock.h: what complains, sizes of 0, limits of memory. At the bottom, in the
 * middle and at the top of the address space.
 */
#include "tests/unit/memblock_pictures.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "mm/memblock_dump.h"

/* ---- what memblock complains of ---- */

/* Fails unless there was one complaint since the last time. */
static void expect_complaint(void)
{
	assert_int_equal(heard.n, 1);
	assert_non_null(heard.what);
	assert_true(strlen(heard.what) > 0);
	assert_non_null(heard.caller);
	memset(&heard, 0, sizeof(heard));
}

/* Until somebody asks nobody hears, and nothing breaks. */
static void nobody_hears_at_first(void **state UNUSED)
{
	assert_null(memblock_complain);
	lay(&memblock.memory, ".####.");
	assert_int_equal(memblock_phys_alloc(0, 1), 0);
	lay(&memblock.memory, "......");
	memblock_cap_memory_range(page(1), PG(1));
	expect(&memblock.memory, "......");
}

/* Memory may be mirrored from its addition on; no mark was made in this program yet. */
static void mirrored_memory_that_was_added_so(void **state UNUSED)
{
	reset();
	memblock_add(page(1), PG(8));
	memblock_add_node(page(10), PG(2), NUMA_NO_NODE, MEMBLOCK_MIRROR);
	memblock_add(page(20), PG(8));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), page(11));
	memblock_set_bottom_up(true);
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), page(10));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), page(1));
}

/* Each way to allocate nothing is one complaint, and nothing else is. */
static void size_zero_is_one_complaint(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(memblock_phys_alloc(0, 1), 0);
	expect_complaint();
	assert_int_equal(memblock_phys_alloc_range(0, 1, page(2), page(3)), 0);
	expect_complaint();
	assert_int_equal(memblock_alloc_range_nid(0, 1, 0, 0, NUMA_NO_NODE, false), 0);
	expect_complaint();
	assert_int_equal(memblock_alloc_range_nid(0, 1, 0, 0, 0, true), 0);
	expect_complaint();
	assert_int_equal(memblock_phys_alloc_try_nid(0, 1, 1), 0);
	expect_complaint();
	assert_null(memblock_alloc(0, 1));
	expect_complaint();
	assert_null(memblock_alloc_try_nid(0, 1, page(2), page(4), 1));
	expect_complaint();
	assert_null(memblock_alloc_try_nid_raw(0, 1, page(2), page(4), 1));
	expect_complaint();
	assert_null(memblock_alloc_exact_nid_raw(0, 1, page(2), page(4), 1));
	expect_complaint();
	expect(&memblock.reserved, "......");
}

static void size_zero_elsewhere_is_no_complaint(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock_add(page(0), 0);
	memblock_reserve(page(0), 0);
	memblock_remove(page(1), 0);
	memblock_phys_free(page(1), 0);
	memblock_free((void *)(uintptr_t)page(1), 0);
	memblock_mark_mirror(page(1), 0);
	memblock_cap_memory_range(page(2), 0);
	memblock_enforce_memory_limit(0);
	memblock_mem_limit_remove_map(0);
	assert_int_equal(heard.n, 0);
	expect(&memblock.memory, ".####.");
}

/* That there is no room is an answer. */
static void no_room_is_no_complaint(void **state UNUSED)
{
	lay(&memblock.memory, ".#..");
	lay(&memblock.reserved, ".#..");
	assert_int_equal(memblock_phys_alloc(1, 1), 0);
	assert_null(memblock_alloc_exact_nid_raw(1, 1, 0, 0, 0));
	memblock.reserved.max = 1;
	assert_int_equal(memblock_reserve(page(3), 1), -ENOMEM);
	assert_int_equal(heard.n, 0);
}

static void cap_without_memory_complains(void **state UNUSED)
{
	lay(&memblock.reserved, "##....");
	memblock_cap_memory_range(page(1), PG(1));
	expect_complaint();
	expect(&memblock.reserved, "##....");
	lay(&memblock.memory, "#.....");
	memblock_cap_memory_range(page(1), PG(1));
	assert_int_equal(heard.n, 0);
}

__attribute__((noinline)) static phys_addr_t allocates_nothing(void)
{
	return memblock_alloc_range_nid(0, 1, 0, 0, NUMA_NO_NODE, false) + 1; /* no tail call */
}

__attribute__((noinline)) static int caps_nothing(void)
{
	memblock_cap_memory_range(MIDDLE, PG(1));
	return 1;
}

/* The caller is who called the function that complains. */
static void complaint_names_the_caller(void **state UNUSED)
{
	assert_int_equal(allocates_nothing(), 1);
	assert_in_range((uintptr_t)heard.caller, (uintptr_t)allocates_nothing + 1,
			(uintptr_t)allocates_nothing + 256);
	assert_int_equal(caps_nothing(), 1);
	assert_in_range((uintptr_t)heard.caller, (uintptr_t)caps_nothing + 1,
			(uintptr_t)caps_nothing + 256);
}

static char logged[1024];

static void keep(void *ctx UNUSED, const char *text, size_t len)
{
	strncat(logged, text, len < sizeof(logged) - strlen(logged) - 1 ? len : 0);
}

static void complaint_becomes_a_line(void **state UNUSED)
{
	log_reset();
	logged[0] = '\0';
	log_set_console(keep, NULL);
	memblock_complain_to_log();
	memblock_cap_memory_range(MIDDLE, PG(3));
	log_reset();
	assert_non_null(strstr(logged, "memblock: "));
	assert_non_null(strstr(logged, " (0x"));
	assert_int_equal(logged[strlen(logged) - 1], '\n');
}

/* ---- size 0 and align 0, for what test_memblock.c has not ---- */

static void size_zero_changes_nothing(void **state UNUSED)
{
	lay(&memblock.memory, ".##hmm#");
	lay(&memblock.reserved, ".##....");
	assert_int_equal(memblock_clear_hotplug(page(3), 0), 0);
	assert_int_equal(memblock_mark_mirror(page(2), 0), 0);
	assert_int_equal(memblock_set_node(page(2), 0, &memblock.memory, 1), 0);
	assert_int_equal(memblock_set_node(page(2), 0, &memblock.reserved, 1), 0);
	memblock_free((void *)(uintptr_t)page(2), 0);
	memblock_enforce_memory_limit(0);
	memblock_mem_limit_remove_map(0);
	expect(&memblock.memory, ".##hmm#");
	expect(&memblock.reserved, ".##....");
}

/* Size 0 lies in a region if its base does; it overlaps one only behind the first byte. */
static void size_zero_overlaps(void **state UNUSED)
{
	lay(&memblock.memory, ".##nn.");
	lay(&memblock.reserved, ".###..");
	assert_false(memblock_overlaps_region(&memblock.memory, page(1) - 1, 0));
	assert_false(memblock_overlaps_region(&memblock.memory, page(1), 0));
	assert_true(memblock_overlaps_region(&memblock.memory, page(1) + 1, 0));
	assert_true(memblock_overlaps_region(&memblock.memory, page(3) - 1, 0));
	assert_false(memblock_overlaps_region(&memblock.memory, page(3), 0));
	assert_true(memblock_overlaps_region(&memblock.memory, page(3) + 1, 0));
	assert_false(memblock_overlaps_region(&memblock.memory, page(5), 0));
	assert_false(memblock_is_region_reserved(page(1), 0));
	assert_true(memblock_is_region_reserved(page(3), 0));
	assert_false(memblock_is_region_reserved(page(4), 0));
}

/* One slot is room for one region. */
static void array_of_one_region(void **state UNUSED)
{
	memblock.memory.max = memblock.reserved.max = 1;
	assert_int_equal(memblock_add(page(1), PG(3)), 0);
	assert_int_equal(memblock_reserve(page(1), PG(3)), 0);
	expect(&memblock.memory, ".###.");
	expect(&memblock.reserved, ".###.");
	assert_int_equal(memblock_add(page(5), PG(1)), -ENOMEM);
	assert_int_equal(memblock_remove(page(2), PG(1)), -ENOMEM);
	assert_int_equal(memblock_mark_nomap(page(1), PG(1)), -ENOMEM);
	assert_int_equal(memblock_mark_nomap(page(1), PG(3)), 0);
	assert_int_equal(memblock_remove(page(1), PG(3)), 0);
	assert_int_equal(memblock_add(page(5), PG(1)), 0);
	expect(&memblock.memory, ".....#");
}

static void trim_by_zero_is_a_cache_line(void **state UNUSED)
{
	memblock_add(page(1) + 1, 5 * SMP_CACHE_BYTES);
	memblock_reserve(page(1) + 1, 1);
	memblock_trim_memory(0);
	expect_region(&memblock.memory, 0, page(1) + SMP_CACHE_BYTES, 4 * SMP_CACHE_BYTES);
	expect_region(&memblock.reserved, 0, page(1) + 1, 1);
}

static void trim_by_one_changes_nothing(void **state UNUSED)
{
	memblock_add(page(1) + 1, 100);
	memblock_trim_memory(1);
	expect_region(&memblock.memory, 0, page(1) + 1, 100);
}

/* ---- memory limits ---- */

/* enforce_memory_limit() and mem_limit_remove_map() of PAGES; what no-map memory makes of it. */
struct limit_case {
	const char *name;
	unsigned pages;
	const char *memory;
	const char *enforced;
	const char *map_removed;
	const char *reserved;
	const char *reserved_after;
};

static const struct limit_case limit_cases[] = {
	{
		"limit inside a region",
		3,
		".####.##.",
		".###.....",
		".###.....",
		"#..##.#..",
		"#..#.....",
	},
	{
		"limit at the end of a region",
		4,
		".####.##.",
		".####....",
		".####....",
		"....####.",
		"....#....",
	},
	{
		"limit behind a hole",
		5,
		".####.##.",
		".####.#..",
		".####.#..",
		".....###.",
		".....##..",
	},
	/* What is reserved behind the last byte of memory goes, too. */
	{
		"limit of all there is",
		6,
		".####.##.",
		".####.##.",
		".####.##.",
		"#......##",
		"#......#.",
	},
	{
		"limit of more than there is",
		7,
		".####.##.",
		".####.##.",
		".####.##.",
		"#......##",
		"#......##",
	},
	{
		"limit counts no-map memory, which may be spared",
		3,
		".#nn##nn#n.",
		".#nn.......",
		".#nn..nn.n.",
		"###########",
		"####.......",
	},
	{
		"limit inside no-map memory",
		2,
		".#nnn##.",
		".#n.....",
		".#nnn...",
		".#######",
		".##.....",
	},
	{
		"limit without memory",
		1,
		".....",
		".....",
		".....",
		"##.#.",
		"##.#.",
	},
};

static void run_limit(void **state)
{
	const struct limit_case *c = *state;

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	memblock_enforce_memory_limit(PG(c->pages));
	expect(&memblock.memory, c->enforced);
	expect(&memblock.reserved, c->reserved_after);

	lay(&memblock.memory, c->memory);
	lay(&memblock.reserved, c->reserved);
	memblock_mem_limit_remove_map(PG(c->pages));
	expect(&memblock.memory, c->map_removed);
	expect(&memblock.reserved, c->reserved_after);
	assert_int_equal(heard.n, 0);
}

/* One byte more or less is as much of a limit as a page. */
static void limit_in_bytes(void **state UNUSED)
{
	lay(&memblock.memory, ".##.##.");
	lay(&memblock.reserved, ".######");
	memblock_enforce_memory_limit(PG(4) + 1);
	expect(&memblock.memory, ".##.##.");
	expect(&memblock.reserved, ".######");
	memblock_enforce_memory_limit(PG(2) + 1);
	assert_int_equal(memblock.memory.cnt, 2);
	expect_region(&memblock.memory, 1, page(4), 1);
	expect_region(&memblock.reserved, 0, page(1), PG(3) + 1);
	memblock_mem_limit_remove_map(PG(2) - 1);
	expect_region(&memblock.memory, 0, page(1), PG(2) - 1);
	expect_region(&memblock.reserved, 0, page(1), PG(2) - 1);
	memblock_enforce_memory_limit(1);
	expect_region(&memblock.memory, 0, page(1), 1);
	assert_int_equal(memblock_phys_mem_size(), 1);
}

static void limit_at_the_top(void **state UNUSED)
{
	memblock_add(LAST_PAGE - PG(1), PG(2));
	memblock_reserve(LAST_PAGE - PG(1), PG(2));
	memblock_enforce_memory_limit(PG(2));
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 1);
	memblock_enforce_memory_limit(PHYS_ADDR_MAX);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 1);
	memblock_enforce_memory_limit(PG(2) - 1);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 1);
	expect_region(&memblock.reserved, 0, LAST_PAGE - PG(1), PG(2) - 1);
	memblock_enforce_memory_limit(PG(2) - 2);
	expect_region(&memblock.memory, 0, LAST_PAGE - PG(1), PG(2) - 2);
	expect_region(&memblock.reserved, 0, LAST_PAGE - PG(1), PG(2) - 2);
}

static void limit_of_the_whole_address_space(void **state UNUSED)
{
	memblock_add(0, PHYS_ADDR_MAX);
	memblock_enforce_memory_limit(PHYS_ADDR_MAX);
	expect_region(&memblock.memory, 0, 0, PHYS_ADDR_MAX);
	memblock_enforce_memory_limit(PHYS_ADDR_MAX - 1);
	expect_region(&memblock.memory, 0, 0, PHYS_ADDR_MAX - 1);
}

static void current_limit_is_kept(void **state UNUSED)
{
	assert_int_equal(memblock_get_current_limit(), MEMBLOCK_ALLOC_ANYWHERE);
	memblock_set_current_limit(page(3));
	assert_int_equal(memblock_get_current_limit(), page(3));
	assert_int_equal(memblock.current_limit, page(3));
}
#define LIST(f) cmocka_unit_test_setup(f, listen)

static const struct CMUnitTest start_tests[] = {
	cmocka_unit_test(nobody_hears_at_first),
	cmocka_unit_test(mirrored_memory_that_was_added_so),
};

static const struct CMUnitTest list_tests[] = {
	LIST(size_zero_is_one_complaint),  LIST(size_zero_elsewhere_is_no_complaint),
	LIST(no_room_is_no_complaint),     LIST(cap_without_memory_complains),
	LIST(complaint_names_the_caller),  LIST(complaint_becomes_a_line),
	LIST(size_zero_changes_nothing),   LIST(size_zero_overlaps),
	LIST(array_of_one_region),         LIST(trim_by_zero_is_a_cache_line),
	LIST(trim_by_one_changes_nothing), LIST(limit_in_bytes),
	LIST(current_limit_is_kept),
};

static const struct CMUnitTest end_tests[] = {
	LIST(limit_at_the_top),
	LIST(limit_of_the_whole_address_space),
};

static int run_lists_at(CMFixtureFunction place)
{
	return run_rows("memblock limits", run_limit, listen, place, ROWS(limit_cases)) +
	       cmocka_run_group_tests_name("memblock list rules", list_tests, place, NULL);
}

int main(void)
{
	int failed = 0;

	failed += cmocka_run_group_tests_name("memblock start", start_tests, at_middle, NULL);
	failed += run_lists_at(at_bottom);
	failed += run_lists_at(at_middle);
	failed += run_lists_at(at_top);
	failed += cmocka_run_group_tests_name("memblock ends", end_tests, at_bottom, NULL);
	return failed != 0;
}
