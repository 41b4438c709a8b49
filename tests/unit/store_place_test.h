/* SPDX-License-Identifier: MIT */
/*
 * A boot that places its store. Memory is 512 MiB at 0x60000000 unless a test says otherwise, and
 * the image has 1 MiB at 0x60010000.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_PLACE_TEST_H
#define CAIRN_TESTS_UNIT_STORE_PLACE_TEST_H

#include "tests/unit/boot_test.h"

/** What was reserved when the store was placed. */
extern struct memblock_type others_before;

int store_place_test_setup(void **state);

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, store_place_test_setup, boot_test_teardown)

/** Whether there is a region for a store. */
bool has_region(void);

/** Where it ends. */
uint64_t placed_end(void);

/** The steps of main() from the scan to the store; checks what holds wherever that is. */
void place_with(const char *cmdline);

/** Fails unless the region is this one. */
void expect_placed(enum store_place place, uint64_t base, uint64_t size);

/** Fails unless the store is closed, for a reason that holds WHY. */
void expect_closed(const char *why);

/** The node of the store, with its compatible and this reg. */
#define STORE_NODE(name, ...)                                                \
	(tree_string("/reserved-memory/" name, "compatible", "cairn,store"), \
	 PAIRS("/reserved-memory/" name, "reg", __VA_ARGS__))

#endif
