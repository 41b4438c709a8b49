/* SPDX-License-Identifier: MIT */
/*
 * Exception vectors. An interrupt is handled and returned from, and so is a data abort for a page that can
 * be had (irq.S). Each of the others saves what it found as a struct exception_frame on its core's stack
 * for exceptions, reports it, and ends there.
 */
	.syntax unified
	.arm
	.section .text.vectors, "ax"
	.balign	32
	.global vectors
vectors:
	b	.			/* reset: never taken through VBAR */
	b	undefined
	b	supervisor_call
	b	prefetch_abort
	b	data_abort
	b	.			/* hypervisor call: not on this core */
	b	irq_entry
	b	fast_interrupt

/* In: lr_<mode> = preferred return address + adjust. Keeps r0-r12 and pc; r0 = the kind. */
	.macro	entry name, kind, adjust
\name:
	.if	\adjust
	sub	lr, lr, #\adjust
	.endif
	push	{r0-r12, lr}
	mov	r0, #\kind
	b	save_rest
	.endm

	entry	prefetch_abort, 3, 4
	.global data_abort_report
	entry	data_abort_report, 4, 0
	entry	fast_interrupt, 7, 4

/* The return address is behind the instruction, which has 2 bytes here in Thumb state, 4 in ARM. */
undefined:
	push	{r0}
	mrs	r0, spsr
	tst	r0, #0x20
	pop	{r0}
	subne	lr, lr, #2
	subeq	lr, lr, #4
	push	{r0-r12, lr}
	mov	r0, #1
	b	save_rest

/* An SVC comes on the main stack, in the mode it interrupted: that lr is lost. */
supervisor_call:
	push	{r0-r12, lr}
	mov	r0, #2

/*
 * In: sp = {r0-r12, pc}, r0 = kind, the exception's mode. Adds {spsr, sp, lr} of what was interrupted
 * below them and calls exception_report(kind, frame).
 */
save_rest:
	mov	r7, r0
	ldr	r1, =bss_is_clear
	ldr	r1, [r1]
	cmp	r1, #0
	bleq	clear_bss
	mrs	r1, spsr
	mrs	r3, cpsr
	and	r2, r1, #0x1f
	cmp	r2, #0x10		/* user mode's registers are those of system mode */
	moveq	r2, #0x1f
	orr	r2, r2, #0xc0		/* IRQ and FIQ stay masked */
	msr	cpsr_c, r2
	mov	r4, sp
	mov	r5, lr
	msr	cpsr_c, r3
	push	{r1, r4, r5}
	mov	r0, r7
	mov	r1, sp
	bic	sp, sp, #7
	bl	exception_report
	b	.
