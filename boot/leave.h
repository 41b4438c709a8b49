/* SPDX-License-Identifier: MIT */
/* Leaving the machine to a payload: what the CPU part, leave.S, and leave_cores.c share. */
#ifndef CAIRN_BOOT_LEAVE_H
#define CAIRN_BOOT_LEAVE_H

#include "boot/layout.h"

#define LEAVE_PEN_CODE 84 /* bytes */

#ifndef __ASSEMBLER__

#include "lib/types.h"

/** Where the other cores wait, once it has been copied out of the image. */
struct leave_pen {
	uint32_t code[LEAVE_PEN_CODE / 4];
	uint32_t start_flags;      /**< address of a register: where to go on, or 0 */
	uint32_t waits[CORES_MAX]; /**< 1: this core does */
};

/** The one in the image. */
extern const struct leave_pen leave_pen;

/**
 * Enters the code at ENTRY with r0 = 0, r1 = MACHINE, r2 = TREE, MMU and caches off and all data in
 * memory. To be called on core 0, when all others wait.
 */
_Noreturn void leave_to(uint32_t entry, uint32_t machine, uint32_t tree);

/** The job of a core that goes to wait in PEN, a struct leave_pen. It never ends. */
long leave_to_wait(void *pen);

#endif
#endif
