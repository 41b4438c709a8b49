/* SPDX-License-Identifier: MIT */
/*
 * The lists of memblock as pictures, one character a page: what a test starts from and expects.
 *
 *	.  nothing     #  a region without flags    n  no-map     h  hotplug    b  both
 *	m  mirror      M  hotplug and mirror        d  driver-managed
 *	0..7  a region without flags on that node
 *
 * Regions that touch and are alike are one region, so a picture describes exactly one list. lay()
 * fills a list without any call of memblock's: a test exercises the one call that it is about.
 */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_PICTURES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_PICTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mm/memblock.h"

/** N pages in bytes. */
#define PG(n) ((phys_addr_t)((n)*PAGE_SIZE))

#define PICTURE_MAX 64 /**< pages of a picture at most */

#define UNUSED __attribute__((unused))

/** The address of a picture's first page. */
extern phys_addr_t origin;

#define MIDDLE ((phys_addr_t)0x60000000)
#define TOP ((phys_addr_t)(0 - PG(PICTURE_MAX)))
#define LAST_PAGE ((phys_addr_t)(0 - PAGE_SIZE)) /**< its last byte is never covered */

/** The address of the picture's page N. */
phys_addr_t page(unsigned n);

struct range {
	phys_addr_t base;
	phys_addr_t size;
};

/** From the first x of PICTURE to its last. */
struct range range_of(const char *picture);

/** The flags that C stands for; a digit stands for none. */
enum memblock_flags flags_of(char c);

/** The node that C stands for. */
int node_of(char c);

/** Makes TYPE what PICTURE shows. */
void lay(struct memblock_type *type, const char *picture);

/** Both lists empty, everything else as at the start of the boot. */
void reset(void);

/** What is wrong with TYPE as a list, or NULL: the rules that hold whatever it contains. */
const char *disorder(const struct memblock_type *type);

/** Fails unless TYPE is exactly what PICTURE shows. */
#define expect(type, picture) expect_at(type, picture, __FILE__, __LINE__)
void expect_at(const struct memblock_type *type, const char *picture, const char *file, int line);

/** Fails unless region I of TYPE is [base, base + size). For what no picture can show. */
#define expect_region(type, i, base, size) expect_region_at(type, i, base, size, __FILE__, __LINE__)
void expect_region_at(const struct memblock_type *type, unsigned long i, phys_addr_t base,
		      phys_addr_t size, const char *file, int line);

/** The next free range that FLAGS pick, upwards or downwards; false: there is none. */
bool next_free(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start, phys_addr_t *end);
bool next_free_rev(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start, phys_addr_t *end);

/* Setups: where the pictures lie, and empty lists in either direction. */
int at_bottom(void **state);
int at_middle(void **state);
int at_top(void **state);
int fresh(void **state);
int top_down(void **state);
int bottom_up(void **state);

/** The test F with SETUP, after which blocks are given the way that WAY says. */
#define DIRECTED(f, way, setup)                                              \
	{                                                                    \
		.name = #f " (" way ")", .test_func = f, .setup_func = setup \
	}
#define BOTH_WAYS(f, down, up) DIRECTED(f, "top-down", down), DIRECTED(f, "bottom-up", up)

/** Complaints since listen() or listen_bottom_up(), which are fresh() and bottom_up() with ears. */
struct heard {
	unsigned n;
	const char *what;
	const void *caller;
};
extern struct heard heard;
int listen(void **state);
int listen_bottom_up(void **state);

#define ROWS_MAX 64
#define ROWS(rows) rows, sizeof((rows)[0]), ARRAY_SIZE(rows)

/** Runs TEST on each row of a table, as a test of its own; a row begins with its name. */
int run_rows(const char *group, CMUnitTestFunction test, CMFixtureFunction setup,
	     CMFixtureFunction place, const void *rows, size_t size, size_t n);

#endif
