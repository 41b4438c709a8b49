/* SPDX-License-Identifier: MIT */
/*
 * A test of RAM that destroys what is in it: data lines, address lines, then every word.
 *
 * It touches memory by two calls alone, so that the same code runs on a board and on a simulation
 * of memory with faults.
 */
#ifndef CAIRN_MM_MEMTEST_H
#define CAIRN_MM_MEMTEST_H

#include "../lib/types.h"

#define MEMTEST_BLOCK 64 /**< words in one read or write at most */

/** A word that is not what was written there. */
struct memtest_fault {
	const char *test; /**< which test found it, in a few words */
	phys_addr_t addr;
	uint32_t written, read;
};

/** The memory, and who wants to know. */
struct memtest {
	void *ctx;
	/** Write and read COUNT words from ADDR on, past any cache. */
	void (*write)(void *ctx, phys_addr_t addr, const uint32_t *words, size_t count);
	void (*read)(void *ctx, phys_addr_t addr, uint32_t *words, size_t count);
	/** Told of each fault that is found. */
	void (*fault)(void *ctx, const struct memtest_fault *f);
	/** Asked now and then: whether to stop. */
	bool (*stop)(void *ctx);
};

/**
 * Tests [base, base + size), both multiples of 4, and leaves numbers there. 0: every word kept what
 * was written; -EIO: T->fault() was told which did not; -ECANCELED: stopped before the end.
 */
int memtest_run(const struct memtest *t, phys_addr_t base, phys_addr_t size);

#endif
