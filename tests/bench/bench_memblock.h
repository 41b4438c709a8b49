/* SPDX-License-Identifier: MIT */
/*
 * What make bench-memblock measures, apart from how: rows of calls of memblock's public functions.
 *
 * The same source is compiled against mm/memblock.h and, with BENCH_LINUX, against Linux's. A row
 * is prepared for a number of regions and then run in passes, each from the same starting state. A
 * pass can be made with an empty function in memblock's place: what that costs is the loop's own.
 */
#ifndef CAIRN_TESTS_BENCH_MEMBLOCK_H
#define CAIRN_TESTS_BENCH_MEMBLOCK_H

#ifdef BENCH_LINUX
#include <linux/types.h>
#else
#include "lib/types.h"
#endif

/** Slots that `reserved` gets for N regions: with fewer, Linux walks its list twice for a call. */
#define BENCH_SLOTS(n) (2 * (n) + 2)

struct bench_row {
	const char *name;                /**< as it stands in the figure lines */
	void (*prepare)(unsigned long);  /**< lays down regions and calls for that many regions */
	phys_addr_t (*pass)(bool empty); /**< the sum of what the calls returned */
};

/** The rows, ended by one without a name. */
extern const struct bench_row bench_rows[];

/** Makes ROW ready with N regions: 2 or more, and BENCH_SLOTS(N) slots are there. */
void bench_prepare(const struct bench_row *row, unsigned long n);

/** The calls in one pass of the row that is prepared. */
unsigned long bench_calls(void);

/** One pass of ROW; with EMPTY it calls a function that does nothing instead. */
void bench_pass(const struct bench_row *row, bool empty);

/**
 * A checksum over all that the calls of the last pass returned and the list they left: both
 * implementations must have the same.
 */
uint64_t bench_checksum(void);

#endif
