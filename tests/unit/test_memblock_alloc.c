/* SPDX-License-Identifier: MIT */
/* Allocations of memblock, each test in both directions. */
#include "memblock_alloc_cases.h"

#include <string.h>
#include <sys/mman.h>

/* ---- where a block lies ---- */

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

#define BOTH(f) BOTH_WAYS(f, top_down, bottom_up)

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
	BOTH(alloc_zeroes_exactly_its_block),
	BOTH(raw_touches_nothing),
	BOTH(alloc_from_prefers_min_addr),
	BOTH(try_nid_zeroes_too),
	BOTH(freed_memory_is_given_again),
	BOTH(failed_alloc_is_null),
	BOTH(direction_is_kept),
};

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

	failed += run_allocs(top_down);
	failed += run_allocs(bottom_up);
	failed += cmocka_run_group_tests_name("memblock both ways", alloc_tests, at_middle, NULL);
	return failed != 0;
}
