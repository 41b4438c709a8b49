/* SPDX-License-Identifier: MIT */
/*
 * Arrays of four regions that grow, in memory that is there. What knows how many there are at first
 * is built once more for the programs that have this, with INIT_MEMBLOCK_REGIONS=4.
 */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_GROW_TEST_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_GROW_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/unit/memblock_model.h"

#define UNUSED __attribute__((unused))
#define FIRST_MAX 4
#define PG(n) ((phys_addr_t)((n)*PAGE_SIZE))
#define PAGES 32u /* of the arena */

static struct {
	unsigned n;
	const void *caller;
} heard;

static inline void hear(const char *what, const void *caller)
{
	assert_non_null(what);
	heard.n++;
	heard.caller = caller;
}

/** The address of the arena's page N. */
static inline phys_addr_t page(unsigned n)
{
	return grow_arena() + PG(n);
}

/** Empty first arrays; nothing has grown or complained. */
static inline int fresh(void **state UNUSED)
{
	if (!grow_arena())
		return -1;
	model.stage =
		(struct stage){.origin = grow_arena(), .granule = GROW_GRANULE, .grows = true};
	model_reset();
	grow_begin();
	memblock_complain = hear;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

static inline int fresh_bottom_up(void **state)
{
	int err = fresh(state);

	memblock.bottom_up = true;
	return err;
}

static inline phys_addr_t array_of(const struct memblock_type *type)
{
	return (phys_addr_t)(uintptr_t)type->regions;
}

/** An array is reserved in whole pages. */
static inline phys_addr_t size_of_array(const struct memblock_type *type)
{
	return (phys_addr_t)ROUND_UP(type->max * sizeof(struct memblock_region), PAGE_SIZE);
}

static inline void expect_region(const struct memblock_type *type, unsigned long i,
				 phys_addr_t base, phys_addr_t size)
{
	assert_in_range(i, 0, type->cnt - 1);
	assert_int_equal(type->regions[i].base, base);
	assert_int_equal(type->regions[i].size, size);
}

/** Addresses outside of the arena, for what nobody is to write to: scattered pages. */
static inline phys_addr_t elsewhere(unsigned n)
{
	return 0x60000000 + 2 * PG(n);
}

/** Reserves pages elsewhere until N regions are reserved. */
static inline void reserve_elsewhere(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(memblock_reserve(elsewhere(i), PG(1)), 0);
}

/** Memory elsewhere that is never given away: N regions. */
static inline void add_elsewhere(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(
			memblock_add_node(elsewhere(i), PG(1), NUMA_NO_NODE, MEMBLOCK_NOMAP), 0);
}

/** The slots that are free. */
static inline unsigned long slots(void)
{
	return memblock.reserved.max - (memblock.reserved.total_size ? memblock.reserved.cnt : 0);
}

/** A test in one direction, or in both. */
#define DOWN(f) DIRECTED(f, "top-down", fresh)
#define BOTH(f) DOWN(f), DIRECTED(f, "bottom-up", fresh_bottom_up)
#define DIRECTED(f, way, setup)                                              \
	{                                                                    \
		.name = #f " (" way ")", .test_func = f, .setup_func = setup \
	}

#endif
