/* SPDX-License-Identifier: MIT */
/*
 * Trees and ATAGs at places where a boot looks for them. The places are addresses of the host, and
 * each tree lies in memory of exactly its size, which is poisoned but for its first two words until
 * it is mapped.
 */
#ifndef CAIRN_TESTS_UNIT_BOOTDATA_TEST_H
#define CAIRN_TESTS_UNIT_BOOTDATA_TEST_H

#include "tests/unit/boot_test.h"

#include "boot/bootdata.h"

#define HELD_MAX 16
#define FIRST_WORDS 8 /**< bytes that may be read before the size of a thing is known */

/** Each thing that is held, in this order: where it lies, and how it may be read. */
extern struct held {
	char *base;
	size_t size;
	bool mapped;
} held[HELD_MAX];

extern struct bootdata_places places;
extern uint32_t linked_in[64]; /**< the tree in the image */

/** An empty boot, and no place to look at but the tree in the image. */
void start(void);

/** start() for a test, and its end. */
int bootdata_test_setup(void **state);
int bootdata_test_teardown(void **state);

#define DATA_TEST(f) cmocka_unit_test_setup_teardown(f, bootdata_test_setup, bootdata_test_teardown)

/** Copies SIZE bytes to memory that ends with them, OFFSET bytes behind a multiple of 16. */
char *hold_at(size_t offset, const void *bytes, size_t size);

/** The same at a multiple of 16, as an address; of a tree; of ATAGs. */
uintptr_t hold(const void *bytes, size_t size);
uintptr_t hold_tree(const char *bootargs);
uintptr_t hold_atags(void);

/** A start of RAM with SIZE bytes at OFFSET. */
uintptr_t hold_ram(size_t offset, const void *bytes, size_t size);

/** A tree with bootargs, which say whose they are. */
const void *make_tree(const char *bootargs);

/** Writes ATAGs with memory, a command line, and an end; their size. */
size_t make_atags(uint32_t *words);

/** Finds what is at the places: a tree whose header is sound. */
void find(void);

/** Fails unless FDT was found, at SOURCE, and CMDLINE. */
void expect_tree(const void *fdt, const char *source, const char *cmdline);

/** The same for the tree in the image. */
void expect_linked_in(const char *cmdline);

/** Fails unless the ATAGs were found, with their memory and their command line. */
void expect_atags(void);

#endif
