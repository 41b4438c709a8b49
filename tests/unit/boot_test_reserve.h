/* SPDX-License-Identifier: MIT */
/* What the tests of reservations share: 512 MiB, and short names for children of /reserved-memory.
 */
#ifndef CAIRN_TESTS_UNIT_BOOT_TEST_RESERVE_H
#define CAIRN_TESTS_UNIT_BOOT_TEST_RESERVE_H

#include "tests/unit/boot_test.h"

#define NOMAP MEMBLOCK_NOMAP
#define IMAGE 0x60010000, 0x60110000, 0 /* its range */
#define MEMORY_BASE 0x60000000ULL
#define MEMORY_END 0x80000000ULL

static inline int setup(void **state)
{
	boot_test_setup(state);
	MEMORY("/memory", MEMORY_BASE, MEMORY_END - MEMORY_BASE);
	return 0;
}

#define RESERVE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, boot_test_teardown)

/* As setup() with other cells. */
static inline void other_cells(int ac, int sc)
{
	tree_new(ac, sc);
	boot_test_again();
	MEMORY("/memory", MEMORY_BASE, MEMORY_END - MEMORY_BASE);
}

static inline void reserve(void)
{
	boot_scan_and_reserve("");
}

/* A child of /reserved-memory with this reg. */
#define CHILD(name, ...) PAIRS("/reserved-memory/" name, "reg", __VA_ARGS__)

/* A child that asks for SIZE bytes. */
static inline void dynamic(const char *path, uint32_t size)
{
	CELLS(path, "size", size);
}

#define DYNAMIC(name, size) dynamic("/reserved-memory/" name, size)

#endif
