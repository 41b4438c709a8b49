/* SPDX-License-Identifier: MIT */
/* What linker/image.ld and entry.S give the C code, and what they share with it. */
#ifndef CAIRN_BOOT_LAYOUT_H
#define CAIRN_BOOT_LAYOUT_H

#define CORES_MAX 4 /**< cores that can be used: a Cortex-A9 MPCore has no more */

/* The stacks of a core, from below: guard page, exceptions' stack, guard page, main stack. */
#define GUARD_SIZE 4096
#define EXCEPTION_STACK_SIZE 8192
#define STACK_SIZE 32768
#define STACKS_OF_A_CORE (2 * GUARD_SIZE + EXCEPTION_STACK_SIZE + STACK_SIZE)

#define DACR_CLOSED 0x5 /**< the tables decide in both domains: the store's window is closed */

#ifndef __ASSEMBLER__

#include "lib/symbols.h"
#include "lib/types.h"

/** The image, .bss and stacks included. */
extern char __image_start[], __image_end[];

/** Where what is in the file ends. */
extern char __image_file_end[];

/** Where its parts begin: constants, data and all that is written, what a warm reset keeps. */
extern char __rodata_start[], __data_start[], __kept_start[];

/** The stacks of core 0, of core 1, and so on. Page-aligned; a guard page is never accessed. */
extern char stacks[CORES_MAX][STACKS_OF_A_CORE];

/** Where a core begins that is started by its address (SYS_FLAGS). ARM state. */
void core_entry(void);

/** A bit for each core that waits in entry.S and is to go on; read there with the caches off. */
extern volatile uint32_t cores_released;

/** Where the code ends, which begins with the image, and its unwind tables. */
extern char __text_end[], __exidx_start[], __exidx_end[];

/** The tree that the build linked in. */
extern const uint64_t __linked_in_tree[];

/** The names of the image's functions. */
extern const struct symbol_table image_symbols;

/** Where a loader looks for the start of the RAM that holds ADDRESS, by Linux's rule for ARM. */
#define RAM_OF(address) ((address) - (address) % MIB(128))

/** What entry.S and early_start() found. */
struct boot_registers {
	uint32_t r1, r2;           /**< as the loader had them; r2 where what it points at is now */
	uint32_t appended;         /**< address of a moved appended tree; 0: none */
	uint32_t appended_refused; /**< 1: there is one that claims a size which cannot be */
	uint32_t appended_size;    /**< what an appended tree claims */
};

extern struct boot_registers boot_registers;

#endif
#endif
