/* SPDX-License-Identifier: MIT */
/* The first translation table, and turning the MMU on. */
#ifndef CAIRN_BOOT_MMU_H
#define CAIRN_BOOT_MMU_H

#include "lib/types.h"

/**
 * Builds the first table and turns the MMU on, with the caches off: all devices, but page 0's
 * section (a fault), and the image and the first section of its RAM as normal memory. Called by
 * entry.S before any C library code, which makes unaligned accesses.
 */
void mmu_start(void);

/**
 * Gives the core that calls it the tables and the caches of the core that called mmu_start() or
 * mmu_tables() last. What another core does first, with its level 1 data cache invalidated, SCTLR.A
 * as it likes and a stack of its own that no cache holds a line of; unaligned accesses may follow.
 */
void mmu_join(void);

/** Makes every 1 MiB section that holds a byte of [base, base + size) normal memory. */
void mmu_map_normal(uintptr_t base, size_t size);

/** Whether an access to ADDR would not fault for want of a mapping. */
bool mmu_mapped(uintptr_t addr);

#endif
