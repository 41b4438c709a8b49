/* SPDX-License-Identifier: MIT */
/* The children of /reserved-memory. Part of reserve_all(). */
#ifndef CAIRN_BOOT_RESERVED_MEMORY_H
#define CAIRN_BOOT_RESERVED_MEMORY_H

#include "boot/boot.h"

/** Handles all children: fixed ones first, then those with a size, each in the tree's order. */
void reserved_memory(struct boot *b);

/**
 * Cuts [base, base + *size), *size > 0, one byte short of the end of the address space, with a line
 * that names NAME if it passes that. False and a line if nothing is left.
 */
bool reserve_cap(struct boot *b, uint64_t base, uint64_t *size, const char *name);

/** Reserves [base, base + size), capped, for NAME and says what is odd about it. */
void reserve_range(struct boot *b, uint64_t base, uint64_t size, const char *name);

/** Whether PARENT, /reserved-memory of FDT, is as Linux demands it: with ranges, and the root's
 * cells.
 */
bool reserved_memory_is_read(const void *fdt, int parent);

#endif
