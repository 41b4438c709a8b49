/* SPDX-License-Identifier: MIT */
/* The children of /reserved-memory. Part of reserve_all(). */
#ifndef CAIRN_BOOT_RESERVED_MEMORY_H
#define CAIRN_BOOT_RESERVED_MEMORY_H

#include "boot/boot.h"

/** Handles all children: fixed ones first, then those with a size, each in the tree's order. */
void reserved_memory(struct boot *b);

/**
 * Reserves [base, base + size) for NAME, cut at the end of the address space, and says what is odd
 * about it. False if it begins beyond that.
 */
bool reserve_range(struct boot *b, uint64_t base, uint64_t size, const char *name);

#endif
