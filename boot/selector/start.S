/* SPDX-License-Identifier: MIT */
/*
 * The first instructions after a reset, from flash.
 *
 * In: a reset: SVC mode, MMU and caches off, nothing set up; every core at once, or only core 0.
 * Out: core 0 calls selector_main() in SRAM, with a stack, .bss cleared, vectors set and the instruction
 *     cache on. Every other core waits in SRAM as the Linux boot protocol has it on this board: for an
 *     interrupt and an address in SYS_FLAGS.
 *
 * No core stays in flash: it cannot be read while a word of it is programmed. So each core copies the
 * program to SRAM, whichever comes first, and none of them changes what was copied.
 */
#include "boot/layout.h"
#include "drivers/vexpress_registers.h"
#include "flash_layout.h" /* made by the build from the board's tree */

	.syntax unified
	.arm
	.section .start, "ax"
	.global _start
_start:
	b	reset
	b	fault	/* undefined instruction */
	b	fault	/* supervisor call */
	b	fault	/* prefetch abort */
	b	fault	/* data abort */
	b	fault
	b	fault	/* IRQ, which is masked */
	b	fault	/* FIQ */

reset:
	cpsid	aif, #0x13
	setend	le
	mrc	p15, 0, r0, c1, c0, 0	/* SCTLR */
	bic	r0, r0, #0x3000		/* V, I: vectors by VBAR */
	bic	r0, r0, #0x5		/* C, M */
	bic	r0, r0, #0x42000000	/* TE, EE */
	orr	r0, r0, #0x2		/* A */
	mcr	p15, 0, r0, c1, c0, 0
	isb
	adr	r0, _start		/* in flash, wherever that is seen */
	ldr	r1, =_start
	ldr	r2, =__copied_end
1:	ldr	r3, [r0], #4
	str	r3, [r1], #4
	cmp	r1, r2
	blo	1b
	dsb
	isb
	ldr	pc, =in_sram
	.ltorg				/* within the copy, and close */

in_sram:
	ldr	r0, =_start
	mcr	p15, 0, r0, c12, c0, 0	/* VBAR */
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR: which core */
	ands	r0, r0, #0xff
	bne	park

	mov	r0, #0
	mcr	p15, 0, r0, c7, c5, 0	/* ICIALLU */
	mcr	p15, 0, r0, c7, c5, 6	/* BPIALL */
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, #0x1000		/* I */
	mcr	p15, 0, r0, c1, c0, 0
	dsb
	isb
	ldr	sp, =__stack_top
	ldr	r0, =__bss_start
	ldr	r1, =__bss_end
	mov	r2, #0
2:	cmp	r0, r1
	strlo	r2, [r0], #4
	blo	2b
	bl	selector_main
sleep:
	wfi
	b	sleep

fault:
	ldr	sp, =__stack_top
	sub	r0, lr, #4
	bl	selector_fault
	b	sleep

/*
 * In: r0 = which core. Each time that it wakes it answers with core 0's token, so that core 0 knows that
 * it has left the flash (IHI 0048B, 4.4.4 to 4.4.6; DDI 0407, 1.5).
 */
park:
	cmp	r0, #CORES_MAX
	bhs	sleep
	ldr	r6, =core_answers
	add	r6, r6, r0, lsl #2
	ldr	r7, =core_token
	ldr	r8, =SYSREG_BASE + SYS_FLAGS
	mrc	p15, 4, r5, c15, c0, 0	/* CBAR: private memory region */
	add	r5, r5, #0x100		/* the GIC's interface of this core */
	mov	r1, #0xff
	str	r1, [r5, #4]		/* GICC_PMR: every priority */
	mov	r1, #1
	str	r1, [r5]		/* GICC_CTLR */
3:	dsb
	wfi
	ldr	r1, [r5, #0xc]		/* GICC_IAR */
	str	r1, [r5, #0x10]		/* GICC_EOIR */
	ldr	r1, [r7]
	str	r1, [r6]
	ldr	r1, [r8]
	cmp	r1, #0
	beq	3b
	bx	r1

/*
 * void selector_enter(uint32_t entry, uint32_t tree): the Linux boot protocol. The machine number says
 * that there is none: the tree tells.
 */
	.global selector_enter
	.type selector_enter, %function
selector_enter:
	mov	r4, r0
	mov	r2, r1
	mrc	p15, 0, r0, c1, c0, 0
	bic	r0, r0, #0x1000		/* I */
	mcr	p15, 0, r0, c1, c0, 0
	mov	r0, #0
	mcr	p15, 0, r0, c7, c5, 0	/* ICIALLU */
	mcr	p15, 0, r0, c7, c5, 6	/* BPIALL */
	dsb
	isb
	mvn	r1, #0
	bx	r4
