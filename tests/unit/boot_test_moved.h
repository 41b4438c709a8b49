/* SPDX-License-Identifier: MIT */
/*
 * What the tests of a moved store share: memory that can be read but not written while it is
 * searched, and stores in it. It is 64 MiB at 0x60000000 unless a test says otherwise.
 */
#ifndef CAIRN_TESTS_UNIT_BOOT_TEST_MOVED_H
#define CAIRN_TESTS_UNIT_BOOT_TEST_MOVED_H

#include "store/probe.h"
#include "store/store.h"
#include "tests/unit/boot_test.h"

#define RAM_SIZE 0x4000000U
#define NOT_OPENED "nor a new one is opened"

extern uint8_t *ram;      /**< the first byte of it */
extern uint64_t ram_base; /**< the address of that */
extern unsigned looked;   /**< how often the search asked for memory */

/** The region as it was placed before the search. */
extern uint64_t own, own_size;

/** What was reserved when the search began, the store's new region aside. */
extern struct memblock_type reserved_before;

int moved_setup(void **state);
int moved_teardown(void **state);

#define MOVED_TEST(f) cmocka_unit_test_setup_teardown(f, moved_setup, moved_teardown)

/** A store of SIZE bytes at AT, formatted FORMATS times, that was told to be at PLACE. */
void put_store_told(uint64_t at, uint32_t size, uint64_t place, unsigned formats);

/** One that knows where it is. */
void put_store(uint64_t at, uint32_t size);

/** Only the superblock of one: its region may pass the end of memory. */
void put_superblock(uint64_t at, uint32_t size);

/** The steps of main() from the scan of the memory nodes through CMDLINE to the search. */
void search_with(const char *cmdline);

/** The region is [base, base + size), in memory, reserved, noted, and nobody else's. */
void expect_region(uint64_t base, uint64_t size);

/** The other way to say whether a store that was put there can be had. */
bool could_be_had(uint64_t base, uint64_t end);

/** Whether there is a store at BASE, unless another was put over it, where the search looks. */
bool would_be_found(uint64_t base, struct store_identity *id);

#endif
