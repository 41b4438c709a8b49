/* SPDX-License-Identifier: MIT */
/*
 * The last instructions of Cairn on a core, and the first ones of where the other cores wait for what
 * comes after it. Nothing here needs a stack.
 */
#include "boot/leave.h"

	.syntax unified
	.arm
	.text

/*
 * Enters a payload by the Linux boot protocol for ARM. Core 0; the other cores wait already.
 * In: r0 = where, r1 = machine number, r2 = device tree. It never comes back.
 */
	.global leave_to
	.type	leave_to, %function
leave_to:
	cpsid	aif
	mov	r3, r0
	bl	leave_caches
	mov	r0, #0
	bx	r3

/*
 * Goes to wait in the code that was copied to r0, a struct leave_pen. A job of another core; it never
 * comes back.
 */
	.global leave_to_wait
	.type	leave_to_wait, %function
leave_to_wait:
	cpsid	aif
	mov	r3, r0
	bl	leave_caches
	bx	r3

/*
 * Takes the core out of coherency, with its data in memory: the order is that of ARM DDI 0388, 2.4 for a
 * core that is turned off. No data is read or written between the first step and the last, since what
 * bypasses the cache would not see what is in it.
 * In: nothing. Out: MMU, caches and branch prediction off, nothing in them. Clobbers r4-r10.
 */
leave_caches:
	mrc	p15, 0, r4, c1, c0, 0	/* SCTLR */
	bic	r4, r4, #0x4		/* C */
	mcr	p15, 0, r4, c1, c0, 0
	isb

	mov	r5, #0
	mcr	p15, 2, r5, c0, c0, 0	/* CSSELR: level 1, data */
	isb
	mrc	p15, 1, r5, c0, c0, 0	/* CCSIDR, as in entry.S */
	ubfx	r6, r5, #3, #10		/* last way */
	ubfx	r7, r5, #13, #15	/* last set */
	and	r5, r5, #7
	add	r5, r5, #4		/* where the set begins */
	clz	r8, r6			/* where the way begins */
1:	mov	r9, r7
2:	lsl	r10, r6, r8
	orr	r10, r10, r9, lsl r5
	mcr	p15, 0, r10, c7, c14, 2	/* DCCISW */
	subs	r9, r9, #1
	bpl	2b
	subs	r6, r6, #1
	bpl	1b
	dsb

	mrc	p15, 0, r5, c1, c0, 1	/* ACTLR */
	bic	r5, r5, #0x41		/* SMP, FW */
	mcr	p15, 0, r5, c1, c0, 1
	isb

	bic	r4, r4, #0x1000		/* I */
	bic	r4, r4, #0x800		/* Z */
	bic	r4, r4, #0x3		/* A, M */
	mcr	p15, 0, r4, c1, c0, 0
	isb
	mov	r5, #0
	mcr	p15, 0, r5, c8, c7, 0	/* TLBIALL */
	mcr	p15, 0, r5, c7, c5, 0	/* ICIALLU */
	mcr	p15, 0, r5, c7, c5, 6	/* BPIALL */
	dsb
	isb
	bx	lr

/*
 * Where the other cores wait, as a struct leave_pen: this is copied to memory that nobody else uses. An SGI
 * ends the wait, though interrupts are masked (see park in entry.S), and the register at start_flags says
 * where to go on: as the board's own loader does it. In: MMU and caches off.
 */
	.global leave_pen
	.global leave_pen_end
leave_pen:
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR */
	and	r0, r0, #0xff
	mrc	p15, 4, r1, c15, c0, 0	/* CBAR: private memory region */
	add	r1, r1, #0x100		/* the GIC's interface of this core */
	mov	r2, #0xff
	str	r2, [r1, #4]		/* GICC_PMR: every priority */
	mov	r2, #1
	str	r2, [r1]		/* GICC_CTLR */
	adr	r2, start_flags
	ldr	r3, [r2]
	add	r0, r2, r0, lsl #2
	mov	r2, #1
	str	r2, [r0, #4]		/* waits[core] */
3:	dsb
	wfi
	ldr	r2, [r1, #0xc]		/* GICC_IAR */
	str	r2, [r1, #0x10]		/* GICC_EOIR */
	ldr	r2, [r3]
	cmp	r2, #0
	beq	3b
	bx	r2
	.if	. - leave_pen != LEAVE_PEN_CODE
	.error	"LEAVE_PEN_CODE is not the size of the code"
	.endif
start_flags:
	.word	0			/* start_flags */
	.space	4 * CORES_MAX		/* waits */
leave_pen_end:
