/* SPDX-License-Identifier: MIT */
/*
 * What the tests of boot/ share: a boot to fill, trees made in a line each, what the log said, and
 * the lists of memblock compared as a whole. Numbers are 64 bits wide in both builds.
 */
#ifndef CAIRN_TESTS_UNIT_BOOT_TEST_H
#define CAIRN_TESTS_UNIT_BOOT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>

#include "boot/boot.h"
#include "lib/log.h"
#include "mm/memblock.h"

#define WIDE (sizeof(phys_addr_t) == 8) /**< phys_addr_t has 64 bits */
#define LOAD 0x60010000                 /**< where the image lies, if a test does not say */
#define KIBI 1024ULL
#define MEBI (1024 * KIBI)
#define GIB (1024 * MEBI)

/** The boot under test. */
extern struct boot boot;

/** Setup of every test: nothing has happened; memblock, log and `boot` are as at reset, the tree is
 * an empty root. Teardown frees the tree. */
int boot_test_setup(void **state);
int boot_test_teardown(void **state);

/** Forgets what was logged, and the lists and the boot, but not the tree. */
void boot_test_again(void);

/** A test between the two. */
#define BOOT_TEST(f) cmocka_unit_test_setup_teardown(f, boot_test_setup, boot_test_teardown)

/** The steps of main() from the scan of the memory nodes through CMDLINE, with the image at LOAD,
 * or wherever boot.image_base says. */
void boot_scan(const char *cmdline);

/** Those from there to the reservations; the image has 1 MiB. The tree itself is not reserved. */
void boot_scan_and_reserve(const char *cmdline);

/** Takes CMDLINE as main() does after the scan. */
void boot_params(const char *cmdline);

/** A number in [0, N), the same ones in each run of a program. */
uint32_t random_below(uint32_t n);

/* ---- the tree ------------------------------------------------------------------------------- */

/** An empty tree whose root has these cells; 0 leaves the property out (and means 1). */
void tree_new(int address_cells, int size_cells);

/** Adds the node PATH, the parent of which exists. Nodes and properties come in the order in which
 * they are added. */
void tree_node(const char *path);

/** Sets a property of PATH, which is made if it is missing, to N bytes, cells, or numbers in turns
 * of the root's address and size cells. */
void tree_bytes(const char *path, const char *name, const void *bytes, size_t n);
void tree_cells(const char *path, const char *name, const uint32_t *cells, size_t n);
void tree_pairs(const char *path, const char *name, const uint64_t *numbers, size_t n);
void tree_string(const char *path, const char *name, const char *text);
void tree_flag(const char *path, const char *name);

/** Adds a /memreserve/ entry. */
void tree_memreserve(uint64_t base, uint64_t size);

#define CELLS(path, name, ...)                                  \
	tree_cells(path, name, (const uint32_t[]){__VA_ARGS__}, \
		   sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
#define PAIRS(path, name, ...)                                  \
	tree_pairs(path, name, (const uint64_t[]){__VA_ARGS__}, \
		   sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

/** A memory node at PATH with this reg. */
#define MEMORY(path, ...) \
	(tree_string(path, "device_type", "memory"), PAIRS(path, "reg", __VA_ARGS__))

/** /reserved-memory as it has to be, for children to come. */
void tree_reserved_memory(void);

/** The tree as it is now, in memory of exactly its size, so that a byte read behind it is seen; it
 * is boot.fdt, and gone after the next tree_done() or tree_new(). */
const void *tree_done(void);

/* ---- the log -------------------------------------------------------------------------------- */

/** How many lines are exactly TEXT behind the time stamp, or hold it. */
unsigned log_count_lines(const char *text);
unsigned log_count_holding(const char *text);

/** How many lines there are. */
unsigned log_count(void);

/** Fails and shows the log unless COUNT is what was WANTED. For the macros below. */
void log_expect(unsigned count, unsigned wanted, const char *text, const char *file, int line);

#define assert_line(text) log_expect(log_count_lines(text), 1, text, __FILE__, __LINE__)
#define assert_said(text) \
	log_expect(log_count_holding(text) > 0, 1, "... " text, __FILE__, __LINE__)
#define assert_not_said(text) \
	log_expect(log_count_holding(text), 0, "... " text, __FILE__, __LINE__)
#define assert_lines(n) log_expect(log_count(), n, "lines in all", __FILE__, __LINE__)
#define assert_quiet() assert_lines(0)

/* ---- the lists ------------------------------------------------------------------------------ */

/** [base, end) and the region's flags. */
struct range {
	uint64_t base, end;
	unsigned flags;
};

/** Fails and shows the list unless it is exactly the N ranges at WANTED. For the macros below. */
void list_expect(const struct memblock_type *type, const struct range *wanted, size_t n,
		 const char *file, int line);

#define RANGES(...)                          \
	(const struct range[]){__VA_ARGS__}, \
		sizeof((const struct range[]){__VA_ARGS__}) / sizeof(struct range)
#define assert_memory(...) list_expect(&memblock.memory, RANGES(__VA_ARGS__), __FILE__, __LINE__)
#define assert_reserved(...) \
	list_expect(&memblock.reserved, RANGES(__VA_ARGS__), __FILE__, __LINE__)
#define assert_no_memory() list_expect(&memblock.memory, NULL, 0, __FILE__, __LINE__)
#define assert_none_reserved() list_expect(&memblock.reserved, NULL, 0, __FILE__, __LINE__)

/** Whether every byte of [base, end) lies in TYPE (memory: with FLAGS). */
bool list_covers(const struct memblock_type *type, uint64_t base, uint64_t end, unsigned flags);

/** Fails if the list is not sorted, disjoint, merged and of the total that it claims. */
void list_check(const struct memblock_type *type);

#endif
