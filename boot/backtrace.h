/* SPDX-License-Identifier: MIT */
/* Who called what runs or was stopped, a line each. */
#ifndef CAIRN_BOOT_BACKTRACE_H
#define CAIRN_BOOT_BACKTRACE_H

#include "lib/types.h"

/**
 * Hands a line for each frame to LINE, the innermost first: its address, within the instruction or
 * the call, and the name of its function; a '?' behind it if it is a guess. The stack need not be
 * whole. REGISTERS are r0 to r15.
 */
void backtrace(const uint32_t registers[16], void (*line)(const char *fmt, ...));

/** Fills in those of the REGISTERS that a backtrace() from the caller takes. */
#define backtrace_here(registers)                                                         \
	__asm__ volatile("stm %0, {r0-r12}\n\tstr sp, [%0, #52]\n\tstr lr, [%0, #56]\n\t" \
			 "add r12, pc, #0\n\tstr r12, [%0, #60]"                          \
			 :                                                                \
			 : "r"(registers)                                                 \
			 : "r12", "memory")

/** The word at ADDR, a multiple of 2, to *WORD if it lies in memory. */
bool backtrace_word(uintptr_t addr, uint32_t *word);

#endif
