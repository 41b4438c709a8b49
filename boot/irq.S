/* SPDX-License-Identifier: MIT */
/*
 * The way from the interrupt vector to the handlers and back.
 *
 * Handlers run in SVC mode on the stack of what was interrupted: the stack that exceptions share must be
 * free for one inside a handler. They are C functions, so they keep r4-r11 and d8-d15; the other registers
 * are saved here, the VFP's too, since the compiler may move any 8 bytes through those. Interrupts stay
 * masked until the handlers are done, and the store's window closed: it is open for who was interrupted.
 */
#include "boot/layout.h"

#define MODE_SVC 0x13

	.syntax unified
	.arm
	.text
	.global irq_entry
irq_entry:
	sub	lr, lr, #4
	srsdb	sp!, #MODE_SVC
	cps	#MODE_SVC
	push	{r0-r3, r12, lr}
	vmrs	r2, fpscr
	and	r3, sp, #4		/* the procedure call standard wants multiples of 8 */
	sub	sp, sp, r3
	mrc	p15, 0, r0, c3, c0, 0	/* DACR */
	mov	r1, #DACR_CLOSED
	push	{r0, r1, r2, r3}
	mcr	p15, 0, r1, c3, c0, 0
	isb
	vpush	{d0-d7}
	bl	gic_dispatch
	vpop	{d0-d7}
	pop	{r0, r1, r2, r3}
	mcr	p15, 0, r0, c3, c0, 0
	isb
	add	sp, sp, r3
	vmsr	fpscr, r2
	pop	{r0-r3, r12, lr}
	clrex				/* an exclusive store behind this starts over */
	rfeia	sp!
