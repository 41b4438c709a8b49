/* SPDX-License-Identifier: MIT */
/* What linker/image.ld and entry.S give the C code. */
#ifndef CAIRN_BOOT_LAYOUT_H
#define CAIRN_BOOT_LAYOUT_H

#include "lib/symbols.h"
#include "lib/types.h"

/** The image, .bss and stacks included. */
extern char __image_start[], __image_end[];

/** The tree that the build linked in. */
extern const uint64_t __linked_in_tree[];

/** The names of the image's functions. */
extern const struct symbol_table image_symbols;

/** Where a loader looks for the start of the RAM that holds ADDRESS, by Linux's rule for ARM. */
#define RAM_OF(address) ((address) & ~(uintptr_t)0x07ffffff)

/** What entry.S found. */
struct boot_registers {
	uint32_t r0, r1, r2;
	uint32_t appended;         /**< address of a moved appended tree; 0: none */
	uint32_t appended_refused; /**< 1: there is one that claims a size which cannot be */
	uint32_t appended_size;    /**< what an appended tree claims */
};

#endif
