/* SPDX-License-Identifier: MIT */
/*
 * What decides where an allocation is made beside the range: the limit, mirrored memory and the
 * node, which only build/host-numa has. In both directions.
 */
#include "tests/unit/memblock_pictures.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

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

#define DOWN(f) DIRECTED(f, "top-down", listen)
#define BOTH(f) BOTH_WAYS(f, listen, listen_bottom_up)

static const struct CMUnitTest list_tests[] = {
#ifdef CONFIG_NUMA
	DOWN(set_node_splits_and_joins),
	DOWN(set_node_leaves_flags),
	DOWN(full_refuses_a_node_inside),
#else
	DOWN(set_node_without_nodes),
#endif
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
	BOTH(low_memory_ends_at_its_limit),      BOTH(node_is_a_wish),
	BOTH(exact_nid_touches_nothing),
};

int main(void)
{
	int failed = 0;

	failed += cmocka_run_group_tests_name("memblock set_node", list_tests, at_bottom, NULL);
	failed += cmocka_run_group_tests_name("memblock set_node", list_tests, at_middle, NULL);
	failed += cmocka_run_group_tests_name("memblock set_node", list_tests, at_top, NULL);
	failed += cmocka_run_group_tests_name("memblock nodes", alloc_tests, at_middle, NULL);
	return failed != 0;
}
