/* SPDX-License-Identifier: MIT */
/*
 * What Linux's memcpy.S and memmove.S for ARM take from the headers of a kernel, so that Linux's
 * memblock moves its array on the board as it does in Linux: newlib's memmove takes many times as
 * many instructions. Included before anything else, as linux.h is.
 */
#ifndef CAIRN_BENCH_LINUX_ASM_H
#define CAIRN_BENCH_LINUX_ASM_H

/* clang-format off */
	.syntax unified
	.arm
	.balign 4

#define ENTRY(name) .global name; .type name, %function; name:
#define WEAK(name) ENTRY(name)
#define ENDPROC(name)

/* The shift toward the byte that comes first in memory, and the other: little-endian. */
#define lspull lsr
#define lspush lsl

/* An ARMv7 has pld, gains nothing from aligning to lines, and nobody unwinds here. */
#define PLD(code...) code
#define CALGN(code...)
#define UNWIND(code...)
#define W(instruction) instruction
/* clang-format on */

#endif
