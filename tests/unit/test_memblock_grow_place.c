/* SPDX-License-Identifier: MIT */
/* Arrays that grow: where a new one may not be, and what is left if there is no room for it. */
#include "tests/unit/memblock_grow_test.h"

/* Room for one array in page 5 alone, if the rest is not to be had. */
static void expect_array_in_page_5(void)
{
	assert_int_equal(grow_events(), 0);
	reserve_elsewhere(FIRST_MAX + 1);
	assert_int_equal(grow_events(), 1);
	assert_int_equal(array_of(&memblock.reserved), page(5));
}

static void not_in_no_map_memory(void **state UNUSED)
{
	memblock_add(page(0), PG(PAGES));
	memblock_mark_nomap(page(0), PG(5));
	memblock_mark_nomap(page(6), PG(PAGES - 6));
	expect_array_in_page_5();
}

static void not_in_driver_managed_memory(void **state UNUSED)
{
	memblock_add(page(5), PG(1));
	memblock_add_node(page(0), PG(PAGES), NUMA_NO_NODE, MEMBLOCK_DRIVER_MANAGED);
	expect_array_in_page_5();
}

static void not_outside_of_memory(void **state UNUSED)
{
	memblock_add(page(5), PG(1));
	memblock_add(page(2) + 64, PG(1));
	expect_array_in_page_5();
}

static void not_above_the_limit(void **state UNUSED)
{
	memblock_add(page(5), PG(PAGES - 5));
	memblock_set_current_limit(page(6));
	expect_array_in_page_5();
}

/* Two reservations cover all but one page; three more regions fill the array. */
static void not_in_reserved_memory(void **state UNUSED)
{
	memblock_add(page(0), PG(PAGES));
	memblock_reserve(page(0), PG(5));
	memblock_reserve(page(6), PG(PAGES - 6));
	expect_array_in_page_5();
}

/* Nor in what the call that needs it reserves, on either side of which it may be. */
static void not_in_what_is_being_reserved(void **state UNUSED)
{
	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_reserve(page(0), PG(PAGES) - 64), -ENOMEM);
	assert_int_equal(heard.n, 1);
	assert_int_equal(memblock_reserve(page(1), PG(PAGES - 1)), 0);
	assert_int_equal(array_of(&memblock.reserved), page(0));
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX) + PG(PAGES));

	fresh(NULL);
	memblock_add(page(0), PG(PAGES));
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_reserve(page(0), PG(PAGES - 1)), 0);
	assert_int_equal(array_of(&memblock.reserved), page(PAGES - 1));
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX) + PG(PAGES));
}

/* Memory that a call takes away, or makes no-map, is no place for the array that it needs. */
static void not_in_what_is_taken_away(void **state UNUSED)
{
	static int (*const calls[])(phys_addr_t base, phys_addr_t size) = {
		memblock_remove, memblock_mark_nomap, memblock_mark_hotplug};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		bool up = memblock.bottom_up;

		fresh(NULL);
		memblock.bottom_up = up;
		memblock_add(page(0), PG(PAGES));
		add_elsewhere(FIRST_MAX - 1);
		assert_int_equal(calls[i](page(1) + 64, PG(PAGES - 1) - 128), 0);
		assert_int_equal(array_of(&memblock.memory), page(0));
		assert_true(memblock_is_map_memory(page(0)));
	}
	fresh(NULL);
	memblock_add(page(0), PG(PAGES));
	add_elsewhere(FIRST_MAX - 1);
	assert_int_equal(memblock_mark_nomap(page(1) - 64, PG(PAGES - 1)), -ENOMEM);
	assert_int_equal(heard.n, 1);
	assert_int_equal(memblock.memory.cnt, FIRST_MAX);
	assert_int_equal(memblock_reserved_size(), 0);
}

/* An allocation gets the place that it would have got, and the array another. */
static void not_in_what_is_being_allocated(void **state UNUSED)
{
	phys_addr_t want;

	memblock_add(page(0), PG(PAGES));
	memblock_set_current_limit(page(PAGES));
	reserve_elsewhere(FIRST_MAX);
	want = memblock_find_in_range(0, 0, PG(3), PG(1));
	assert_int_equal(want, memblock.bottom_up ? page(0) : page(PAGES - 3));
	assert_int_equal(memblock_phys_alloc(PG(3), PG(1)), want);
	assert_int_equal(grow_events(), 1);
	assert_true(array_of(&memblock.reserved) >= want + PG(3) ||
		    array_of(&memblock.reserved) + PG(1) <= want);
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX) + PG(4));
}

/* Nothing has changed, and somebody is told. */
static void no_room_for_an_array(void **state UNUSED)
{
	memblock_add(page(0) + 64, PG(2) - 128);
	add_elsewhere(FIRST_MAX - 1);
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_reserve(elsewhere(9), PG(1)), -ENOMEM);
	assert_int_equal(heard.n, 1);
	assert_non_null(heard.caller);
	assert_int_equal(memblock_phys_free(elsewhere(0) + 64, 64), -ENOMEM);
	assert_int_equal(memblock_add(elsewhere(9), PG(1)), -ENOMEM);
	heard.n = 0;
	assert_int_equal(memblock_phys_alloc(64, 64), 0);
	assert_int_equal(heard.n, 1);
	assert_null(memblock_alloc(64, 64));
	assert_int_equal(heard.n, 2);
	assert_int_equal(memblock.memory.cnt, FIRST_MAX);
	assert_int_equal(memblock.reserved.cnt, FIRST_MAX);
	for (unsigned i = 0; i < FIRST_MAX; i++)
		expect_region(&memblock.reserved, i, elsewhere(i), PG(1));
	assert_int_equal(grow_events(), 0);
	assert_null(grow_differs());
}

/* `memory` gets no array if there is none for `reserved`, or none left. */
static void no_room_for_both_arrays(void **state UNUSED)
{
	memblock_add(page(0), PG(1));
	add_elsewhere(FIRST_MAX - 1);
	reserve_elsewhere(FIRST_MAX);
	assert_int_equal(memblock_add(elsewhere(9), PG(1)), -ENOMEM);
	assert_int_equal(heard.n, 1);
	assert_int_equal(grow_events(), 1);
	assert_int_equal(memblock.memory.max, FIRST_MAX);
	assert_int_equal(memblock.reserved.max, 2 * FIRST_MAX);
	assert_int_equal(memblock_reserved_size(), PG(FIRST_MAX) + PG(1));
	assert_int_equal(memblock_phys_mem_size(), PG(FIRST_MAX));
	assert_int_equal(memblock_add(elsewhere(9), PG(1)), -ENOMEM);
	assert_int_equal(heard.n, 2);
}

/* Neither array lies in memory that goes, or becomes no-map, although that is why they grow. */
static void both_grow_outside_of_the_range(void **state)
{
	phys_addr_t base = page(2), size = PG(PAGES - 4);

	for (int nomap = 0; nomap < 2; nomap++) {
		fresh(state);
		memblock_add(page(0), PG(PAGES));
		add_elsewhere(FIRST_MAX - 1);
		reserve_elsewhere(FIRST_MAX);
		assert_int_equal(
			nomap ? memblock_mark_nomap(base, size) : memblock_remove(base, size), 0);
		assert_int_equal(grow_events(), 2);
		assert_true(memblock_is_map_memory(array_of(&memblock.memory)));
		assert_true(memblock_is_map_memory(array_of(&memblock.reserved)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(not_in_no_map_memory),           BOTH(not_in_driver_managed_memory),
		BOTH(not_outside_of_memory),          BOTH(not_above_the_limit),
		BOTH(not_in_reserved_memory),         BOTH(not_in_what_is_being_reserved),
		BOTH(not_in_what_is_taken_away),      BOTH(not_in_what_is_being_allocated),
		BOTH(no_room_for_an_array),           BOTH(no_room_for_both_arrays),
		BOTH(both_grow_outside_of_the_range),
	};

	memblock_allow_resize();
	return cmocka_run_group_tests_name("memblock grow, place", tests, NULL, NULL);
}
