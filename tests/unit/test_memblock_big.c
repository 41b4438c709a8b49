/* SPDX-License-Identifier: MIT */
/*
 * Lists of more than 65,536 and 200,000 regions, grown from the first arrays: in ascending,
 * descending and random order, against a byte for each place where a region may be.
 *
 * The arrays lie in an arena of real memory at the bottom, the regions above it, where nobody
 * looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "mm/memblock.h"

#define UNUSED __attribute__((unused))
#define ARENA_SIZE ((phys_addr_t)MIB(48))
#define PLACES 210000u
#define FEW 65537u
#define MANY 200000u
#define PG(n) ((phys_addr_t)(n) * (phys_addr_t)PAGE_SIZE)

static phys_addr_t arena;
static uint8_t present[PLACES + 1]; /* the whole page of place I; the page behind it is a gap */

/* One list and what adds to it and takes away. */
struct list {
	struct memblock_type *type;
	int (*add)(phys_addr_t base, phys_addr_t size);
	int (*cut)(phys_addr_t base, phys_addr_t size);
};

static const struct list memory = {&memblock.memory, memblock_add, memblock_remove};
static const struct list reserved = {&memblock.reserved, memblock_reserve, memblock_phys_free};

/* The address of a place. */
static phys_addr_t at(unsigned place)
{
	return arena + ARENA_SIZE + PG(2 * place + 1);
}

/* ---- chance ---- */

static uint64_t random_state = 20240229;

static unsigned below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

/* ---- the arena ---- */

static int map_arena(void **state UNUSED)
{
	void *hint = (void *)(uintptr_t)0x10000000; /* wanted, not forced: see the check */
	void *map = mmap(hint, ARENA_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -1;
	arena = (phys_addr_t)(uintptr_t)map;
	memblock_allow_resize();
	/* All places fit below 4 GiB. */
	return (uintptr_t)map + ARENA_SIZE + 2 * PAGE_SIZE * (PLACES + 1ULL) > UINT32_MAX ? -1 : 0;
}

/* Empty lists in the first arrays, but for the arena. */
static int fresh(void **state UNUSED)
{
	static struct memblock_region *first[2];
	struct memblock_type *types[] = {&memblock.memory, &memblock.reserved};

	for (int i = 0; i < 2; i++) {
		if (!first[i])
			first[i] = types[i]->regions;
		memset(first[i], 0, INIT_MEMBLOCK_REGIONS * sizeof(*first[i]));
		types[i]->regions = first[i];
		types[i]->max = INIT_MEMBLOCK_REGIONS;
		types[i]->cnt = 1;
		types[i]->total_size = 0;
	}
	memset(present, 0, sizeof(present));
	memblock.bottom_up = false;
	memblock.current_limit = arena + ARENA_SIZE;
	return memblock_add(arena, ARENA_SIZE);
}

/* ---- checks ---- */

/* Fails unless the regions of TYPE from R on are those that are present. */
static void expect_places(const struct memblock_type *type, const struct memblock_region *r)
{
	const struct memblock_region *end = type->regions + type->cnt;

	for (unsigned i = 0; i < PLACES; i++) {
		if (!present[i])
			continue;
		assert_true(r < end);
		assert_int_equal(r->base, at(i));
		assert_int_equal(r->size, PG(1));
		r++;
	}
	assert_ptr_equal(r, end);
}

/* The bytes of the arena that an array takes, in whole pages; the first takes none. */
static phys_addr_t array_size(const struct memblock_type *type)
{
	size_t size = type->max * sizeof(struct memblock_region);

	return type->max > INIT_MEMBLOCK_REGIONS ? (phys_addr_t)ROUND_UP(size, PAGE_SIZE) : 0;
}

/* Fails unless L is what is present, the arena or the arrays in it, and nothing else. */
static void expect_list(const struct list *l)
{
	const struct memblock_region *r = l->type->regions, *end = r + l->type->cnt;
	phys_addr_t arrays = array_size(&memblock.memory) + array_size(&memblock.reserved);
	phys_addr_t in_arena = 0, total = 0;

	for (; r < end && r->base < arena + ARENA_SIZE; r++)
		in_arena += r->size;
	expect_places(l->type, r);
	for (r = l->type->regions; r < end; r++)
		total += r->size;
	assert_int_equal(l->type->total_size, total);
	assert_int_equal(in_arena, l == &memory ? ARENA_SIZE : arrays);
	assert_true(l->type->cnt <= l->type->max);
}

static void add_place(const struct list *l, unsigned i)
{
	assert_int_equal(l->add(at(i), PG(1)), 0);
	present[i] = 1;
}

static void cut_place(const struct list *l, unsigned i)
{
	assert_int_equal(l->cut(at(i), PG(1)), 0);
	present[i] = 0;
}

/* Questions about places drawn at random, and about the ends. */
static void ask(const struct list *l)
{
	for (int n = 0; n < 5000; n++) {
		unsigned i = n < 10 ? (unsigned)n : n < 20 ? PLACES - (unsigned)n : below(PLACES);
		phys_addr_t last = at(i) + PG(1) - 1;
		bool (*is)(phys_addr_t addr) =
			l == &memory ? memblock_is_memory : memblock_is_reserved;

		assert_int_equal(is(at(i)), present[i]);
		assert_int_equal(is(last), present[i]);
		assert_false(is(last + 1));
		assert_int_equal(memblock_overlaps_region(l->type, last, PG(1)), present[i]);
		assert_int_equal(memblock_overlaps_region(l->type, last, PG(1) + 2),
				 present[i] || present[i + 1]);
	}
}

/* Places from FROM up to TO, each STEP-th. */
static void fill(const struct list *l, unsigned from, unsigned to, unsigned step)
{
	for (unsigned i = from; i < to; i += step)
		add_place(l, i);
}

/* ---- growing ---- */

static void grows_ascending(const struct list *l)
{
	unsigned long others;

	fill(l, 0, FEW - 1, 1);
	expect_list(l);
	others = l->type->cnt - (FEW - 1);
	add_place(l, FEW - 1);
	assert_int_equal(l->type->cnt, FEW + others);
	expect_list(l);
	ask(l);
	fill(l, FEW, MANY, 1);
	expect_list(l);
	ask(l);
	assert_in_range(l->type->cnt, MANY + 1, MANY + 3);
	/* What is there is not added again, and gaps close and open. */
	for (unsigned n = 0; n < 200; n++) {
		unsigned i = below(MANY - 1);
		unsigned long cnt = l->type->cnt;

		assert_int_equal(l->add(at(i), PG(1)), 0);
		assert_int_equal(l->type->cnt, cnt);
		assert_int_equal(l->add(at(i) + PG(1), PG(1)), 0);
		assert_int_equal(l->type->cnt, cnt - 1);
		assert_int_equal(l->cut(at(i) + PG(1), PG(1)), 0);
		assert_int_equal(l->type->cnt, cnt);
	}
	expect_list(l);
}

/* The last COUNT of N regions come from the top down, so that each moves all others. */
static void grows_descending(const struct list *l, unsigned n, unsigned count)
{
	fill(l, count, n, 1);
	for (unsigned i = count; i-- > 0;)
		add_place(l, i);
	expect_list(l);
	ask(l);
	for (unsigned i = 0; i < count; i++)
		cut_place(l, i);
	expect_list(l);
}

/* The last COUNT of N regions come in between, in any order; and go. */
static void grows_at_random(const struct list *l, unsigned n, unsigned count)
{
	fill(l, 0, n - count, 1);
	for (unsigned i = 0; i < count; i++)
		cut_place(l, 2 * i * ((n - count) / (2 * count)));
	fill(l, n - count, n, 1);
	for (unsigned left = count; left > 0;) {
		unsigned i = 2 * below(count) * ((n - count) / (2 * count));

		left -= !present[i];
		add_place(l, i);
	}
	expect_list(l);
	ask(l);
	for (unsigned i = 0; i < count; i++)
		cut_place(l, below(n));
	expect_list(l);
}

static void reserved_ascending(void **state UNUSED)
{
	grows_ascending(&reserved);
	assert_int_equal(memblock.reserved.max, 262144);
}

static void memory_ascending(void **state UNUSED)
{
	grows_ascending(&memory);
	assert_int_equal(memblock.memory.max, 262144);
}

static void reserved_descending(void **state UNUSED)
{
	grows_descending(&reserved, FEW + 50, 100);
	fresh(NULL);
	grows_descending(&reserved, MANY + 20, 40);
}

static void memory_descending(void **state UNUSED)
{
	grows_descending(&memory, FEW + 50, 100);
	fresh(NULL);
	grows_descending(&memory, MANY + 20, 40);
}

static void reserved_at_random(void **state UNUSED)
{
	grows_at_random(&reserved, FEW + 50, 100);
	fresh(NULL);
	grows_at_random(&reserved, MANY + 20, 40);
}

static void memory_at_random(void **state UNUSED)
{
	grows_at_random(&memory, FEW + 50, 100);
	fresh(NULL);
	grows_at_random(&memory, MANY + 20, 40);
}

/* ---- what else meets so many regions ---- */

/* One call over all of them: cut in the middle, fill what is between, cut all. */
static void one_call_over_many(void **state UNUSED)
{
	const struct list *lists[] = {&memory, &reserved};

	for (int i = 0; i < 2; i++) {
		const struct list *l = lists[i];
		unsigned long others;

		fresh(NULL);
		fill(l, 0, MANY, 1);
		others = l->type->cnt - MANY;
		assert_int_equal(l->cut(at(10), at(MANY - 10) - at(10)), 0);
		memset(present + 10, 0, MANY - 20);
		expect_list(l);
		fill(l, 10, MANY - 10, 1);
		expect_list(l);
		assert_int_equal(l->add(at(5), at(MANY - 5) - at(5)), 0);
		assert_int_equal(l->type->cnt, 5 + 1 + 4 + others);
		assert_int_equal(l->cut(at(0), PHYS_ADDR_MAX), 0);
		memset(present, 0, MANY);
		expect_list(l);
		assert_int_equal(l->type->cnt, others);
	}
}

/* Every hole of one page is walked past; the last is found, and the one behind all of them. */
static void alloc_past_many_holes(void **state UNUSED)
{
	phys_addr_t from = at(0), to = at(MANY);

	assert_int_equal(memblock_add(from, to - from), 0);
	fill(&reserved, 0, MANY, 1);
	expect_list(&reserved);
	assert_int_equal(memblock_find_in_range(from, to, PG(1), PG(1)), at(MANY - 1) + PG(1));
	assert_int_equal(memblock_find_in_range(from, to, PG(2), PG(1)), 0);
	cut_place(&reserved, 3);
	assert_int_equal(memblock_find_in_range(from, to, PG(2), PG(1)), at(2) + PG(2));
	assert_int_equal(memblock_phys_alloc_range(PG(3), PG(1), from, to), at(2) + PG(1));
	assert_int_equal(memblock_phys_free(at(2) + PG(1), PG(3)), 0);
	expect_list(&reserved);
	memblock_set_bottom_up(true);
	assert_int_equal(memblock_find_in_range(from, to, PG(1), PG(1)), at(0) + PG(1));
	cut_place(&reserved, MANY - 2);
	add_place(&reserved, 3);
	assert_int_equal(memblock_phys_alloc_range(PG(2), PG(1), from, to), at(MANY - 3) + PG(1));
	assert_int_equal(memblock_phys_alloc_range(PG(2), PG(1), from, to), 0);
}

static void loops_over_many(void **state UNUSED)
{
	phys_addr_t start, end, expected = 0;
	unsigned long n = 0, start_pfn, end_pfn;
	uint64_t i;
	int at_region;

	fill(&reserved, 0, MANY, 1);
	assert_int_equal(memblock_add(at(0), at(MANY) - at(0)), 0);
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL) {
		if (start < at(0))
			continue;
		assert_int_equal(start, at((unsigned)n) + PG(1));
		assert_int_equal(end, start + PG(1));
		n++;
	}
	assert_int_equal(n, MANY);
	for_each_free_mem_range_reverse (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		if (start >= at(0))
			assert_int_equal(start, at((unsigned)--n) + PG(1));
	assert_int_equal(n, 0);
	for_each_reserved_mem_range (i, &start, &end)
		expected += end - start;
	assert_int_equal(expected, memblock_reserved_size());

	fresh(NULL);
	fill(&memory, 0, MANY, 1);
	for_each_mem_range_rev (i, &start, &end)
		n++;
	for_each_mem_pfn_range (at_region, NUMA_NO_NODE, &start_pfn, &end_pfn, NULL)
		n += end_pfn - start_pfn == 1;
	assert_int_equal(n, 2 * MANY + 1);
	assert_int_equal(memblock_search_pfn_nid((unsigned long)(at(MANY - 1) >> PAGE_SHIFT),
						 &start_pfn, &end_pfn),
			 memblock_get_region_node(&memblock.memory.regions[0]));
	assert_int_equal(start_pfn, at(MANY - 1) >> PAGE_SHIFT);
}

/* Marks, limits and trims go through all of them. */
static void marks_over_many(void **state UNUSED)
{
	unsigned lo = FEW, hi = FEW + 500;

	fill(&memory, 0, MANY, 1);
	assert_int_equal(memblock_mark_nomap(at(lo), at(hi) - at(lo)), 0);
	assert_int_equal(memblock.memory.cnt, MANY + 1);
	assert_false(memblock_is_map_memory(at(lo)));
	assert_true(memblock_is_map_memory(at(lo - 1)));
	assert_false(memblock_is_map_memory(at(hi - 1)));
	assert_true(memblock_is_map_memory(at(hi)));
	assert_int_equal(memblock_clear_nomap(0, PHYS_ADDR_MAX), 0);
	assert_int_equal(memblock_mark_hotplug(at(5), 64), 0);
	assert_int_equal(memblock.memory.cnt, MANY + 2);
	assert_int_equal(memblock_clear_hotplug(0, PHYS_ADDR_MAX), 0);
	expect_list(&memory);
	memblock_trim_memory(PAGE_SIZE);
	expect_list(&memory);
	memblock_enforce_memory_limit(ARENA_SIZE + PG(1000));
	memset(present + 1000, 0, MANY - 1000);
	expect_list(&memory);
	memblock_trim_memory(4 * PAGE_SIZE);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock_end_of_DRAM(), arena + ARENA_SIZE);
}

#define BIG(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BIG(reserved_ascending), BIG(memory_ascending),      BIG(reserved_descending),
		BIG(memory_descending),  BIG(reserved_at_random),    BIG(memory_at_random),
		BIG(one_call_over_many), BIG(alloc_past_many_holes), BIG(loops_over_many),
		BIG(marks_over_many),
	};

	return cmocka_run_group_tests_name("memblock big", tests, map_arena, NULL);
}
