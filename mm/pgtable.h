/* SPDX-License-Identifier: MIT */
/*
 * A first-level translation table of 1 MiB sections (ARM DDI 0406C, B3.5.1, short descriptors).
 *
 * This is plain work on memory: it touches no coprocessor. Nothing in it calls the C library, and
 * it is built without unaligned accesses, since it runs before the MMU is on.
 */
#ifndef CAIRN_MM_PGTABLE_H
#define CAIRN_MM_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#define PGTABLE_ENTRIES 4096
#define PGTABLE_ALIGN 16384

enum pgtable_attr {
	PGTABLE_FAULT,  /**< not mapped: every access faults */
	PGTABLE_DEVICE, /**< shareable device memory, never executed */
	PGTABLE_NORMAL, /**< shareable write-back write-allocate memory, executable */
};

/** Maps the whole address space to itself as device memory. TABLE is PGTABLE_ALIGN-aligned. */
void pgtable_init(uint32_t table[PGTABLE_ENTRIES]);

/**
 * Maps every 1 MiB section that holds a byte of [base, base + size) to itself with ATTR. A range
 * that passes 4 GiB is cut there. The caller cleans the table and invalidates the TLB.
 */
void pgtable_map(uint32_t table[PGTABLE_ENTRIES], uint32_t base, uint32_t size,
		 enum pgtable_attr attr);

/** Whether the section that holds ADDRESS is mapped. */
bool pgtable_mapped(const uint32_t table[PGTABLE_ENTRIES], uint32_t address);

#endif
