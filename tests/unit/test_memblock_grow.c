/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow: when, and that nothing else changes by it; where a new array may not be is
 * test_memblock_grow_place.c's.
 *
 * memblock_allow_resize() cannot be taken back, so what comes before it is the first test.
 */
#include "tests/unit/memblock_grow_test.h"

#include <limits.h>
#include <stdio.h>

#include "lib/log.h"
#include "mm/memblock_dump.h"
#include "tests/unit/memblock_sequence.h"

/* ---- before it is allowed ---- */

static void full_stays_full(void **state UNUSED)
{
	assert_int_equal(memblock.memory.max, FIRST_MAX);
	assert_int_equal(memblock.reserved.max, FIRST_MAX);
	memblock_add(page(0), PG(PAGES));
	add_elsewhere(FIRST_MAX - 1);
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_add(page(40), PG(1)), -ENOMEM);
	assert_int_equal(memblock_reserve(page(1), PG(1)), -ENOMEM);
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), page(0), page(8)), 0);
	assert_int_equal(memblock.memory.cnt, FIRST_MAX);
	assert_int_equal(memblock.reserved.cnt, FIRST_MAX);
	assert_int_equal(grow_events(), 0);
	assert_int_equal(heard.n, 0);
	assert_null(grow_differs());
}

static void growing_is_allowed(void **state UNUSED)
{
	memblock_allow_resize();
	assert_int_equal(grow_events(), 0);
	assert_int_equal(memblock.reserved.cnt, 1);
	assert_int_equal(memblock.reserved.max, FIRST_MAX);
}

/* ---- one list, the other, and both ---- */

static void memory_grows(void **state UNUSED)
{
	phys_addr_t at;

	memblock_add(page(0), PG(PAGES));
	add_elsewhere(FIRST_MAX - 1);
	assert_int_equal(grow_events(), 0);
	assert_int_equal(memblock_add_node(elsewhere(9), PG(1), NUMA_NO_NODE, MEMBLOCK_NOMAP), 0);
	assert_int_equal(grow_events(), 1);
	assert_int_equal(memblock.memory.max, 2 * FIRST_MAX);
	assert_int_equal(memblock.memory.cnt, FIRST_MAX + 1);
	at = memblock.bottom_up ? page(0) : page(PAGES - 1);
	assert_int_equal(array_of(&memblock.memory), at);
	assert_int_equal(memblock.reserved.cnt, 1);
	expect_region(&memblock.reserved, 0, at, size_of_array(&memblock.memory));
	expect_region(&memblock.memory, 0, page(0), PG(PAGES));
	for (unsigned i = 0; i < FIRST_MAX - 1; i++)
		expect_region(&memblock.memory, i + 1, elsewhere(i), PG(1));
	expect_region(&memblock.memory, FIRST_MAX, elsewhere(9), PG(1));
	assert_int_equal(heard.n, 0);
}

static void reserved_grows(void **state UNUSED)
{
	phys_addr_t at;

	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX + 1);
	assert_int_equal(grow_events(), 1);
	assert_int_equal(memblock.reserved.max, 2 * FIRST_MAX);
	assert_int_equal(memblock.memory.max, FIRST_MAX);
	at = memblock.bottom_up ? page(0) : page(PAGES - 1);
	assert_int_equal(array_of(&memblock.reserved), at);
	assert_int_equal(memblock.reserved.cnt, FIRST_MAX + 2);
	expect_region(&memblock.reserved, 0, at, size_of_array(&memblock.reserved));
	for (unsigned i = 0; i <= FIRST_MAX; i++)
		expect_region(&memblock.reserved, i + 1, elsewhere(i), PG(1));
	assert_int_equal(heard.n, 0);
}

/* An array of `memory` is a reservation, which may be the one that does not fit. */
static void both_grow(void **state UNUSED)
{
	memblock_add(page(0), PG(PAGES));
	add_elsewhere(FIRST_MAX - 1);
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_add_node(elsewhere(9), PG(1), NUMA_NO_NODE, MEMBLOCK_NOMAP), 0);
	assert_int_equal(grow_events(), 2);
	assert_int_equal(memblock.memory.max, 2 * FIRST_MAX);
	assert_int_equal(memblock.reserved.max, 2 * FIRST_MAX);
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX) + PG(2));
	assert_true(memblock_is_region_reserved(array_of(&memblock.memory), 1));
	assert_true(memblock_is_region_reserved(array_of(&memblock.reserved), 1));
	assert_int_not_equal(array_of(&memblock.memory), array_of(&memblock.reserved));
}

/* The first array is nobody's to free; each later one is freed when the next has come. */
static void old_arrays_are_freed(void **state UNUSED)
{
	phys_addr_t second;

	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX + 1);
	second = array_of(&memblock.reserved);
	while (memblock.reserved.max == 2 * FIRST_MAX)
		assert_int_equal(
			memblock_reserve(elsewhere((unsigned)memblock.reserved.cnt), PG(1)), 0);
	assert_int_equal(memblock.reserved.max, 4 * FIRST_MAX);
	assert_int_not_equal(array_of(&memblock.reserved), second);
	assert_false(memblock_is_reserved(second));
	assert_true(memblock_is_reserved(array_of(&memblock.reserved)));
	assert_int_equal(memblock_phys_alloc_range(PG(1), PG(1), second, second + PG(1)), second);
}

/* A call at least doubles what lies outside of it, and the array is not in it: twice is enough. */
static void one_call_fills_the_new_array(void **state UNUSED)
{
	memblock_add(page(0), PG(PAGES));
	add_elsewhere(FIRST_MAX - 1);
	assert_int_equal(memblock_add_node(page(PAGES + 2), elsewhere(9) - page(PAGES + 2),
					   NUMA_NO_NODE, MEMBLOCK_NOMAP | MEMBLOCK_HOTPLUG),
			 0);
	assert_int_equal(grow_events(), 1);
	assert_int_equal(memblock.memory.cnt, 2 * FIRST_MAX);
	assert_int_equal(memblock.memory.max, 2 * FIRST_MAX);
	expect_region(&memblock.memory, 0, page(0), PG(PAGES));
	expect_region(&memblock.memory, 2, elsewhere(0), PG(1));
	expect_region(&memblock.memory, 3, elsewhere(0) + PG(1), PG(1));
	assert_int_equal(memblock.reserved.cnt, 1);
	expect_region(&memblock.reserved, 0, array_of(&memblock.memory),
		      size_of_array(&memblock.memory));
}

/* Not even where the first arrays lie in what is reserved, as those of an image do. */
static void first_arrays_stay_reserved(void **state UNUSED)
{
	phys_addr_t size = (phys_addr_t)(FIRST_MAX * sizeof(struct memblock_region));
	phys_addr_t of_memory = array_of(&memblock.memory),
		    of_reserved = array_of(&memblock.reserved);

	memblock_add(page(0), PG(PAGES));
	memblock_reserve(of_memory, size);
	memblock_reserve(of_reserved, size);
	add_elsewhere(FIRST_MAX);
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(grow_events(), 2);
	assert_int_equal(memblock_reserved_size(), 2 * size + PG(FIRST_MAX) + PG(2));
	assert_true(memblock_is_reserved(of_memory));
	assert_true(memblock_is_reserved(of_reserved));
}

/* With one slot twice as many are too few, since an array of `reserved` takes one itself. */
static void one_slot_grows_twice(void **state UNUSED)
{
	phys_addr_t at;

	memblock_add(page(0), PG(PAGES));
	memblock.reserved.max = 1;
	reserve_elsewhere(1);
	assert_int_equal(grow_events(), 0);
	assert_int_equal(memblock_reserve(elsewhere(1), PG(1)), 0);
	assert_int_equal(grow_events(), 2);
	assert_int_equal(memblock.reserved.max, 4);
	assert_int_equal(memblock.reserved.cnt, 3);
	at = array_of(&memblock.reserved);
	expect_region(&memblock.reserved, 0, at, size_of_array(&memblock.reserved));
	expect_region(&memblock.reserved, 1, elsewhere(0), PG(1));
	expect_region(&memblock.reserved, 2, elsewhere(1), PG(1));
}

/* A cut, a mark and an allocation that split grow, too. */
static void every_change_grows(void **state UNUSED)
{
	phys_addr_t want;

	memblock_add(page(0), PG(PAGES));
	memblock_reserve(elsewhere(0), 5 * PG(1));
	for (unsigned i = 4; i < 7; i++)
		memblock_reserve(elsewhere(i), PG(1));
	assert_int_equal(memblock.reserved.max, FIRST_MAX);
	assert_int_equal(memblock_phys_free(elsewhere(1), PG(1)), 0);
	assert_int_equal(memblock.reserved.max, 2 * FIRST_MAX);
	assert_false(memblock_is_reserved(elsewhere(1)));
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(memblock_remove(page(4 * i), PG(1)), 0);
	assert_int_equal(memblock.memory.max, FIRST_MAX);
	assert_int_equal(memblock_mark_hotplug(page(1), PG(1)), 0);
	assert_int_equal(memblock.memory.max, 2 * FIRST_MAX);
	assert_int_equal(memblock.memory.cnt, FIRST_MAX + 2);
	while (memblock.reserved.cnt < memblock.reserved.max)
		memblock_reserve(elsewhere(10 + (unsigned)memblock.reserved.cnt), PG(1));
	want = memblock.bottom_up ? page(20) : page(23);
	assert_int_equal(memblock_phys_alloc_range(64, 4096, page(20), page(24)), want);
	assert_int_equal(memblock.reserved.max, 4 * FIRST_MAX);
}

/* ---- slots that are set aside ---- */

/* Pages that were taken one behind the other are one region; given back from anywhere they need
 * slots. */
static void slots_let_every_page_go(void **state UNUSED)
{
	const unsigned n = PAGES - 4; /* what the array and what holds it apart leave */

	memblock_add(page(0), PG(PAGES));
	assert_int_equal(memblock_reserve_slots(n), 0);
	assert_true(slots() >= n);
	for (unsigned i = 0; i < n; i++)
		assert_int_not_equal(memblock_phys_alloc(PG(1), PG(1)), 0);
	assert_int_equal(memblock.reserved.cnt, 1);
	reserve_elsewhere(1);
	while (memblock_phys_alloc(PG(1), PG(1)))
		;
	for (unsigned i = 0; i < PAGES; i += 2)
		if (page(i) != array_of(&memblock.reserved))
			assert_int_equal(memblock_phys_free(page(i), PG(1)), 0);
	assert_true(memblock.reserved.cnt >= PAGES / 2);
	assert_int_equal(heard.n, 0);
}

/* What is asked for is there afterwards, whatever the arrays themselves take of it; no more is. */
static void slots_are_exact(void **state UNUSED)
{
	struct memblock_region *first = memblock.reserved.regions;

	memblock_add(page(0), PG(PAGES));
	assert_int_equal(memblock_reserve_slots(FIRST_MAX), 0);
	assert_ptr_equal(memblock.reserved.regions, first);
	reserve_elsewhere(1);
	for (unsigned n = FIRST_MAX; n < FIRST_MAX + 12; n++) {
		assert_int_equal(memblock_reserve_slots(n), 0);
		assert_in_range(slots(), n, n + 2);
		assert_int_equal(memblock_reserved_size(),
				 PG(1) + size_of_array(&memblock.reserved));
		assert_true(memblock_is_reserved(array_of(&memblock.reserved)));
	}
	assert_int_equal(memblock_reserve_slots(ULONG_MAX), -ENOMEM);
	assert_int_equal(memblock_reserve_slots(ULONG_MAX - 4), -ENOMEM);
	assert_int_equal(memblock_reserve_slots(PAGES * PAGE_SIZE), -ENOMEM);
	assert_in_range(slots(), FIRST_MAX + 11, FIRST_MAX + 13);
}

/* The old array is freed out of the midst of a reservation, and the new one lies apart. */
static void slots_that_the_arrays_take(void **state UNUSED)
{
	memblock_add(page(10), PG(1));
	assert_int_equal(memblock_reserve_slots(FIRST_MAX + 1), 0);
	assert_int_equal(array_of(&memblock.reserved), page(10));
	memblock_reserve(page(9), PG(3));
	assert_int_equal(memblock.reserved.cnt, 1);
	memblock_add(page(20), PG(1));
	assert_int_equal(memblock_reserve_slots(PAGES), 0);
	assert_int_equal(array_of(&memblock.reserved), page(20));
	assert_int_equal(memblock.reserved.cnt, 3);
	assert_int_equal(slots(), PAGES);
}

/* The lists are then what they were before. */
static void slots_are_released(void **state UNUSED)
{
	struct memblock_region *first = memblock.reserved.regions, before[FIRST_MAX];
	unsigned long cnt;

	memblock_release_slots(FIRST_MAX);
	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(1);
	memblock_reserve(page(3), PG(2));
	cnt = memblock.reserved.cnt;
	memcpy(before, first, sizeof(before));
	assert_int_equal(memblock_reserve_slots(PAGES), 0);
	assert_ptr_not_equal(memblock.reserved.regions, first);
	memblock_release_slots(FIRST_MAX);
	assert_ptr_equal(memblock.reserved.regions, first);
	assert_int_equal(memblock.reserved.max, FIRST_MAX);
	assert_int_equal(memblock.reserved.cnt, cnt);
	assert_memory_equal(first, before, cnt * sizeof(*first));
	assert_int_equal(memblock_reserved_size(), PG(3));
}

/* As many as there were, not the first array's, where they were. */
static void slots_of_the_last_are_released(void **state UNUSED)
{
	phys_addr_t at, size;
	unsigned long max;

	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_reserve_slots(PAGES), 0);
	at = array_of(&memblock.reserved);
	size = memblock_reserved_size();
	max = memblock.reserved.max;
	memblock_release_slots(max + 1);
	assert_int_equal(memblock.reserved.max, max);
	assert_int_equal(memblock_reserve_slots(3 * PG(1) / sizeof(struct memblock_region)), 0);
	assert_int_not_equal(array_of(&memblock.reserved), at);
	memblock_release_slots(memblock.reserved.cnt + 1); /* would take both itself */
	assert_true(memblock.reserved.max > max);
	memblock_release_slots(max);
	assert_int_equal(memblock.reserved.max, max);
	assert_int_equal(array_of(&memblock.reserved), at);
	assert_int_equal(memblock_reserved_size(), size);
}

/* No memory for the smaller array: the larger one stays, and nobody complains. */
static void slots_stay_without_memory(void **state UNUSED)
{
	unsigned long max;

	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(1);
	assert_int_equal(memblock_reserve_slots(PAGES), 0);
	max = memblock.reserved.max;
	while (memblock_phys_alloc(PG(1), PG(1)))
		;
	memblock_release_slots(FIRST_MAX + 4);
	assert_int_equal(memblock.reserved.max, max);
	assert_int_equal(heard.n, 0);
}

/* An array in the midst of a reservation leaves two behind, for which there must be room, too. */
static void slots_that_are_used_stay(void **state UNUSED)
{
	phys_addr_t at;

	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX - 1);
	assert_int_equal(memblock_reserve_slots(PAGES), 0);
	at = array_of(&memblock.reserved);
	memblock_reserve(at - PG(1), PG(1));
	assert_int_equal(memblock.reserved.cnt, FIRST_MAX);
	memblock_release_slots(FIRST_MAX);
	assert_int_equal(array_of(&memblock.reserved), at);
	memblock_phys_free(elsewhere(0), PG(1));
	memblock_reserve(at + size_of_array(&memblock.reserved), PG(1));
	memblock_release_slots(FIRST_MAX);
	assert_int_equal(memblock.reserved.max, FIRST_MAX);
	assert_int_equal(memblock.reserved.cnt, FIRST_MAX);
	assert_false(memblock_is_reserved(at));
	assert_true(memblock_is_reserved(at - 1));
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX));
}

/* ---- the trace ---- */

static char logged[4096];

static void keep(void *ctx UNUSED, const char *text, size_t len)
{
	strncat(logged, text, len < sizeof(logged) - strlen(logged) - 1 ? len : 0);
}

static void doubling_is_a_line(void **state UNUSED)
{
	char want[160];

	log_reset();
	logged[0] = '\0';
	log_set_console(keep, NULL);
	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX);
	memblock_trace_start();
	memblock_reserve(elsewhere(9), PG(1));
	log_reset();
	snprintf(want, sizeof(want),
		 "memblock: reserved is doubled to 8 at [" PRIpa "-" PRIpa "]\n", page(PAGES - 1),
		 (phys_addr_t)(page(PAGES) - 1));
	assert_non_null(strstr(logged, want));
}

/* ---- random ---- */

static void choose_stage(void)
{
	model.stage =
		(struct stage){.origin = grow_arena(), .granule = GROW_GRANULE, .grows = true};
}

static void random_calls(void **state UNUSED)
{
	play_random("grow", 250000, choose_stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOWN(full_stays_full),
		DOWN(growing_is_allowed),
		BOTH(memory_grows),
		BOTH(reserved_grows),
		BOTH(both_grow),
		BOTH(old_arrays_are_freed),
		BOTH(one_call_fills_the_new_array),
		BOTH(first_arrays_stay_reserved),
		BOTH(one_slot_grows_twice),
		BOTH(every_change_grows),
		DOWN(doubling_is_a_line),
		DOWN(slots_let_every_page_go),
		BOTH(slots_are_exact),
		DOWN(slots_that_the_arrays_take),
		BOTH(slots_are_released),
		BOTH(slots_of_the_last_are_released),
		BOTH(slots_stay_without_memory),
		DOWN(slots_that_are_used_stay),
		cmocka_unit_test_setup(random_calls, fresh),
	};

	return cmocka_run_group_tests_name("memblock grow", tests, NULL, NULL);
}
