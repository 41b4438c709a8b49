/* SPDX-License-Identifier: MIT */
/* Everything between boot data and a memblock from which one may allocate. */
#ifndef CAIRN_BOOT_FIND_MEMORY_H
#define CAIRN_BOOT_FIND_MEMORY_H

#include "boot/boot.h"

/**
 * Fills memblock from b->fdt, b->atags and b->cmdline, for an image loaded at LOAD: memory, what
 * the command line changes about it, and every reservation but that of the store, which
 * store_region_place() makes next. No memory at all is a line.
 */
void find_memory(struct boot *b, uint64_t load);

#endif
