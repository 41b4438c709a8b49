/* SPDX-License-Identifier: MIT */
/*
 * More rules of mm/memblock.h, one by one: what complains, limits, nodes, pages and iterators. The
 * tests of lists run at the bottom, in the middle and at the top of the address space.
 */
#include "tests/unit/memblock_pictures.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/log.h"
#include "mm/memblock_dump.h"

/* ---- what memblock complains of ---- */

static struct {
	unsigned n;
	const char *what;
	const void *caller;
} heard;

static void hear(const char *what, const void *caller)
{
	heard.n++;
	heard.what = what;
	heard.caller = caller;
}

static int listen(void **state UNUSED)
{
	reset();
	memblock_complain = hear;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

static int listen_bottom_up(void **state)
{
	listen(state);
	memblock.bottom_up = true;
	return 0;
}

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

/* ---- size 0 and align 0, for what is not in test_memblock.c ---- */

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

/* ---- allocation: both directions ---- */

static phys_addr_t directed(unsigned down, unsigned up)
{
	return page(memblock.bottom_up ? up : down);
}

static phys_addr_t at_pointer(const void *ptr)
{
	return (phys_addr_t)(uintptr_t)ptr;
}

/* A caller that keeps leak detectors out gets what any caller gets. */
static void noleaktrace_is_accessible(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock_set_current_limit(page(4));
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), 0, MEMBLOCK_ALLOC_NOLEAKTRACE),
			 directed(3, 1));
	assert_int_equal(at_pointer(memblock_alloc_try_nid_raw(
				 PG(1), PG(1), 0, MEMBLOCK_ALLOC_NOLEAKTRACE, NUMA_NO_NODE)),
			 directed(2, 2));
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_NOLEAKTRACE, PG(1), PG(1)),
			 directed(1, 3));
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), 0, MEMBLOCK_ALLOC_NOLEAKTRACE,
						  NUMA_NO_NODE, true),
			 directed(1, 3));
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), 0, MEMBLOCK_ALLOC_NOLEAKTRACE), 0);
}

/* The end of a range is not cut to the limit, that of an allocation with a pointer is. */
static void limit_of_alloc_range_nid(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock_set_current_limit(page(2));
	assert_int_equal(
		memblock_alloc_range_nid(PG(1), PG(1), page(2), page(5), NUMA_NO_NODE, false),
		directed(4, 2));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), NUMA_NO_NODE), page(1));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), NUMA_NO_NODE), 0);
	assert_null(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, page(5), NUMA_NO_NODE));
}

/* Mirrored memory is taken first, then any other; within the range. */
static void mirrored_memory_comes_first(void **state UNUSED)
{
	lay(&memblock.memory, ".########.");
	assert_int_equal(memblock_mark_mirror(page(3), PG(2)), 0);
	assert_int_equal(memblock_find_in_range(0, 0, PG(1), PG(1)), directed(4, 3));
	assert_int_equal(memblock_phys_alloc(PG(2), PG(1)), page(3));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), directed(8, 1));
	memblock_phys_free(page(3), PG(1));
	assert_int_equal(memblock_phys_alloc(PG(2), PG(1)), directed(6, 5));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), NUMA_NO_NODE), page(3));
	memblock_phys_free(page(3), PG(2));
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), page(4), page(6)), page(4));
	expect(&memblock.memory, ".##mm####.");
	assert_int_equal(heard.n, 0);
}

/* The wished-for minimum counts before the mirror does. */
static void mirrored_memory_below_min_addr(void **state UNUSED)
{
	lay(&memblock.memory, ".########.");
	memblock_mark_mirror(page(2), PG(2));
	assert_int_equal(
		at_pointer(memblock_alloc_try_nid_raw(PG(1), PG(1), page(5), 0, NUMA_NO_NODE)),
		directed(8, 5));
	assert_int_equal(
		at_pointer(memblock_alloc_try_nid_raw(PG(2), PG(1), page(9), 0, NUMA_NO_NODE)),
		page(2));
}

/* Mirrored memory that must not be given is not given because of its mirror. */
static void mirrored_memory_that_is_not_given(void **state UNUSED)
{
	lay(&memblock.memory, ".##nndd.");
	memblock_mark_mirror(page(3), PG(4));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), directed(2, 1));
	assert_int_equal(memblock_phys_alloc(PG(2), PG(1)), 0);
}

/* No more mirrored memory than before it was taken away. */
static void mirrored_memory_that_is_gone(void **state UNUSED)
{
	lay(&memblock.memory, ".########.");
	memblock_mark_mirror(page(3), PG(2));
	memblock_remove(page(3), PG(2));
	assert_int_equal(memblock_phys_alloc(PG(1), PG(1)), directed(8, 1));
}

/* As many functions, one range: [2, 4). */
static void no_allocation_leaves_its_range(void **state UNUSED)
{
	lay(&memblock.memory, ".#####.");
	assert_int_equal(memblock_alloc_range_nid(PG(2), 1, page(2), page(4), 1, false), page(2));
	assert_int_equal(memblock_alloc_range_nid(1, 1, page(2), page(4), 1, false), 0);
	assert_null(memblock_alloc_try_nid_raw(PG(2), 1, page(2), page(3), 1));
	expect(&memblock.reserved, "..##...");
}

/* ---- allocation in memory that is there ---- */

#define REAL_SIZE ((size_t)8 * 4096)

static unsigned char *real;

/* Eight pages full of 1s, at an address that every phys_addr_t holds. */
static void real_pages(void)
{
	void *hint = (void *)(uintptr_t)0x58000000; /* wanted, not forced: see the check */

	if (!real)
		real = mmap(hint, REAL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (real == MAP_FAILED || (uintptr_t)real + REAL_SIZE > 0xffffffffU)
		skip();
	memset(real, 1, REAL_SIZE);
	origin = at_pointer(real);
}

/* Fails unless exactly [ptr, ptr + size) of the real pages is zero. */
static void expect_zeroed(const unsigned char *ptr, size_t size)
{
	for (const unsigned char *p = real; p < real + REAL_SIZE; p++)
		assert_int_equal(*p, !(p >= ptr && p < ptr + size));
}

/* Memory from 4 GiB on, where there is such, is not low; nor is the last byte below it. */
static void low_memory_ends_at_its_limit(void **state UNUSED)
{
	unsigned char *ptr;

	real_pages();
	memblock_add(page(0), REAL_SIZE);
#ifdef CONFIG_PHYS_ADDR_T_64BIT
	memblock_add(0x100000000, PG(4));
#endif
	memblock_add(0xfffff000, PG(1) - 1);
	memblock_reserve(0xfffff000, PG(1) - 1);
	ptr = memblock_alloc_low(100, 64);
	assert_int_equal(at_pointer(ptr), memblock.bottom_up ? page(0) : page(0) + REAL_SIZE - 128);
	expect_zeroed(ptr, 100);
	assert_null(memblock_alloc_low(REAL_SIZE, 1));
}

static void node_is_a_wish(void **state UNUSED)
{
	unsigned char *ptr;

	real_pages();
	memblock_add_node(page(0), PG(2), 0, MEMBLOCK_NONE);
	memblock_add_node(page(2), PG(4), 1, MEMBLOCK_NONE);
	memblock_add_node(page(6), PG(2), 2, MEMBLOCK_NONE);
#ifdef CONFIG_NUMA
	ptr = memblock_alloc_node(PG(1), PG(1), 1);
	assert_int_equal(at_pointer(ptr), directed(5, 2));
	expect_zeroed(ptr, PG(1));
	assert_int_equal(at_pointer(memblock_alloc_node(PG(2), PG(1), 0)), page(0));
	assert_int_equal(at_pointer(memblock_alloc_node(PG(2), PG(1), 0)), directed(6, 3));
#else
	ptr = memblock_alloc_node(PG(1), PG(1), 5);
	assert_int_equal(at_pointer(ptr), directed(7, 0));
	expect_zeroed(ptr, PG(1));
#endif
}

static void exact_nid_touches_nothing(void **state UNUSED)
{
	real_pages();
	memblock_add(page(0), REAL_SIZE);
	assert_int_equal(at_pointer(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, 0, NUMA_NO_NODE)),
			 directed(7, 0));
	assert_int_equal(at_pointer(memblock_alloc_exact_nid_raw(PG(1), PG(1), page(3), page(5),
								 NUMA_NO_NODE)),
			 directed(4, 3));
	assert_int_equal(at_pointer(memblock_alloc_exact_nid_raw(PG(2), PG(1), page(4), page(5),
								 NUMA_NO_NODE)),
			 memblock.bottom_up ? page(1) : page(2));
	expect_zeroed(real, 0);
}

/* ---- nodes ---- */

#ifdef CONFIG_NUMA
static void set_node_splits_and_joins(void **state UNUSED)
{
	lay(&memblock.memory, ".00##.##.");
	assert_int_equal(memblock_set_node(page(2), PG(5), &memblock.memory, 0), 0);
	expect(&memblock.memory, ".0000.0#.");
	assert_int_equal(memblock_set_node(page(0), PG(3), &memblock.memory, 3), 0);
	expect(&memblock.memory, ".3300.0#.");
	assert_int_equal(memblock_set_node(page(0), PHYS_ADDR_MAX, &memblock.memory, NUMA_NO_NODE),
			 0);
	expect(&memblock.memory, ".####.##.");
	expect(&memblock.reserved, ".........");
	lay(&memblock.reserved, ".###.##..");
	assert_int_equal(memblock_set_node(page(2), PG(4), &memblock.reserved, 7), 0);
	expect(&memblock.reserved, ".#77.7#..");
	expect(&memblock.memory, ".####.##.");
}

static void set_node_leaves_flags(void **state UNUSED)
{
	lay(&memblock.memory, ".##nn#.");
	assert_int_equal(memblock_set_node(page(0), PG(7), &memblock.memory, 2), 0);
	assert_int_equal(memblock.memory.cnt, 3);
	assert_int_equal(memblock.memory.regions[1].flags, MEMBLOCK_NOMAP);
	assert_int_equal(memblock.memory.regions[1].nid, 2);
	assert_int_equal(memblock_set_node(page(0), PG(7), &memblock.memory, NUMA_NO_NODE), 0);
	expect(&memblock.memory, ".##nn#.");
}

static void full_refuses_a_node_inside(void **state UNUSED)
{
	lay(&memblock.memory, ".####.0");
	memblock.memory.max = 3;
	assert_int_equal(memblock_set_node(page(2), PG(2), &memblock.memory, 1), -ENOMEM);
	expect(&memblock.memory, ".####.0");
	assert_int_equal(memblock_set_node(page(2), PG(3), &memblock.memory, 1), 0);
	expect(&memblock.memory, ".#111.0");
	assert_int_equal(memblock_set_node(page(1), PG(4), &memblock.memory, 1), 0);
	expect(&memblock.memory, ".1111.0");
}

/* An exact node is never left, not for room below the minimum, nor for mirrored memory. */
static void exact_node_is_never_left(void **state UNUSED)
{
	lay(&memblock.memory, ".001122.");
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), 0, 0, 1, true), directed(4, 3));
	assert_int_equal(memblock_alloc_range_nid(PG(2), PG(1), 0, 0, 1, true), 0);
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), page(5), page(7), 1, true), 0);
	assert_int_equal(at_pointer(memblock_alloc_exact_nid_raw(PG(1), PG(1), page(5), 0, 1)),
			 directed(3, 4));
	assert_null(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, 0, 1));
	assert_null(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, 0, 5));
	expect(&memblock.reserved, "...##...");
	memblock_mark_mirror(page(5), PG(2));
	assert_null(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, 0, 1));
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), 0, 0, 0, true), directed(2, 1));
}

/* Any node serves where the one that was wished for has no room. */
static void node_is_left_for_room(void **state UNUSED)
{
	lay(&memblock.memory, ".001122.");
	assert_int_equal(memblock_alloc_range_nid(PG(2), PG(1), 0, 0, 1, false), page(3));
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), 0, 0, 1, false), directed(6, 1));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 0), directed(2, 2));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 7), directed(5, 5));
}

/* Linux callers of old say MAX_NUMNODES for any node. */
static void max_numnodes_is_any_node(void **state UNUSED)
{
	lay(&memblock.memory, ".001122.");
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), MAX_NUMNODES), directed(6, 1));
	assert_int_equal(at_pointer(memblock_alloc_try_nid_raw(PG(1), PG(1), 0, 0, MAX_NUMNODES)),
			 directed(5, 2));
}

/* The node comes first in mirrored memory, then in any. */
static void node_and_mirror(void **state UNUSED)
{
	lay(&memblock.memory, ".001122.");
	memblock_mark_mirror(page(1), PG(2));
	memblock_mark_mirror(page(4), PG(1));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 1), page(4));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 1), directed(2, 1));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 2), directed(1, 2));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 1), page(3));
	assert_int_equal(memblock_phys_alloc_try_nid(PG(1), PG(1), 1), directed(6, 5));
}
#else
static void set_node_without_nodes(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	memblock.memory.max = 1;
	assert_int_equal(memblock_set_node(page(2), PG(1), &memblock.memory, 1), 0);
	expect(&memblock.memory, ".####.");
}

/* Every region is on node 0. */
static void exact_node_without_nodes(void **state UNUSED)
{
	lay(&memblock.memory, ".####.");
	assert_int_equal(at_pointer(memblock_alloc_exact_nid_raw(PG(1), PG(1), 0, 0, 0)),
			 directed(4, 1));
	assert_int_equal(memblock_alloc_range_nid(PG(1), PG(1), 0, 0, 0, true), directed(3, 2));
}
#endif

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

#define LIST(f) cmocka_unit_test_setup(f, listen)
#define DOWN(f)                                         \
	{                                               \
#f " (top-down)", f, listen, NULL, NULL \
	}
#define UP(f)                                                      \
	{                                                          \
#f " (bottom-up)", f, listen_bottom_up, NULL, NULL \
	}
#define BOTH(f) DOWN(f), UP(f)

static const struct CMUnitTest start_tests[] = {
	cmocka_unit_test(nobody_hears_at_first),
};

static const struct CMUnitTest list_tests[] = {
	LIST(size_zero_is_one_complaint),
	LIST(size_zero_elsewhere_is_no_complaint),
	LIST(no_room_is_no_complaint),
	LIST(cap_without_memory_complains),
	LIST(complaint_names_the_caller),
	LIST(complaint_becomes_a_line),
	LIST(size_zero_changes_nothing),
	LIST(size_zero_overlaps),
	LIST(trim_by_one_changes_nothing),
	LIST(limit_in_bytes),
	LIST(current_limit_is_kept),
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
	LIST(set_node_splits_and_joins),
	LIST(set_node_leaves_flags),
	LIST(full_refuses_a_node_inside),
	LIST(loop_over_a_node),
#else
	LIST(set_node_without_nodes),
#endif
};

static const struct CMUnitTest end_tests[] = {
	LIST(limit_at_the_top),          LIST(limit_of_the_whole_address_space),
	LIST(search_of_a_page_too_high), LIST(loop_at_the_top),
	LIST(pages_at_the_top),          LIST(loop_below_a_reservation_to_the_top),
};

static const struct CMUnitTest alloc_tests[] = {
	BOTH(noleaktrace_is_accessible),         BOTH(limit_of_alloc_range_nid),
	BOTH(mirrored_memory_comes_first),       BOTH(mirrored_memory_below_min_addr),
	BOTH(mirrored_memory_that_is_not_given), BOTH(mirrored_memory_that_is_gone),
	BOTH(no_allocation_leaves_its_range),
#ifdef CONFIG_NUMA
	BOTH(exact_node_is_never_left),          BOTH(node_is_left_for_room),
	BOTH(max_numnodes_is_any_node),          BOTH(node_and_mirror),
#else
	BOTH(exact_node_without_nodes),
#endif
};

static const struct CMUnitTest real_tests[] = {
	BOTH(low_memory_ends_at_its_limit),
	BOTH(node_is_a_wish),
	BOTH(exact_nid_touches_nothing),
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
	failed += cmocka_run_group_tests_name("memblock nodes", alloc_tests, at_middle, NULL);
	failed += cmocka_run_group_tests_name("memblock real", real_tests, at_middle, NULL);
	return failed != 0;
}
