/* SPDX-License-Identifier: MIT */
/*
 * The ways from an interrupt, and from an access that can be made possible, to C functions and back.
 *
 * These run in SVC mode on the stack of what was interrupted: the stack that exceptions share must be
 * free for one inside of them. They are C functions, so they keep r4-r11 and d8-d15; the other registers
 * are saved here, the VFP's too, since the compiler may move any 8 bytes through those. The store's
 * window is closed meanwhile: it is open for who was interrupted.
 */
#include "boot/layout.h"
#include "lib/config.h"

#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_MASK 0x1f

#define SAVED_VFP 64	/* d0-d7 */
#define SAVED_MORE 16	/* DACR, a free word, fpscr, bytes that align the stack */

	.syntax unified
	.arm
	.text

/* In: the exception's mode, lr = where to go on. Out: SVC mode, r3 = bytes that align the stack. */
	.macro	save_interrupted
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
	.endm

/* Leaves what srsdb stored for rfeia. Changes no flags. */
	.macro	restore_interrupted
	vpop	{d0-d7}
	pop	{r0, r1, r2, r3}
	mcr	p15, 0, r0, c3, c0, 0
	isb
	add	sp, sp, r3
	vmsr	fpscr, r2
	pop	{r0-r3, r12, lr}
	.endm

/* Interrupts stay masked until the handlers are done. */
	.global irq_entry
irq_entry:
	sub	lr, lr, #4
	save_interrupted
	bl	gic_dispatch
	restore_interrupted
	clrex				/* an exclusive store behind this starts over */
	rfeia	sp!

#if CONFIG_OOM
/*
 * A data abort. It is reported at once (vectors.S), and nothing but the exceptions' stack used for it,
 * unless SVC mode wanted a translation that an arena may have: what ran over its stack has no other one.
 */
	.global data_abort
data_abort:
	sub	lr, lr, #8
	push	{r0-r2}
	mrs	r0, spsr
	and	r0, r0, #MODE_MASK
	cmp	r0, #MODE_SVC
	bne	1f
	mrc	p15, 0, r0, c5, c0, 0	/* DFSR */
	ldr	r1, =0x40d
	and	r0, r0, r1
	cmp	r0, #5			/* translation fault, section or page (DDI 0406C, table B3-23) */
	bne	1f
	ldr	r0, =arenas_reach
	ldm	r0, {r1, r2}
	mrc	p15, 0, r0, c6, c0, 0	/* DFAR */
	sub	r0, r0, r1
	cmp	r0, r2
	blo	2f
1:	pop	{r0-r2}
	b	data_abort_report

2:	pop	{r0-r2}
	dsb				/* erratum 775420: none may lack between a cache operation's abort and an isb */
	save_interrupted
	add	r0, sp, #SAVED_VFP + SAVED_MORE
	add	r0, r0, r3
	bl	page_fault
	cmp	r0, #0
	restore_interrupted
	beq	3f
	clrex
	rfeia	sp!

/* It cannot be had: the abort is reported as if this had not been tried. */
3:	push	{r0}
	ldr	r0, [sp, #4]
	cps	#MODE_ABT
	mov	lr, r0
	cps	#MODE_SVC
	ldr	r0, [sp, #8]
	cps	#MODE_ABT
	msr	spsr_cxsf, r0
	cps	#MODE_SVC
	pop	{r0}
	add	sp, sp, #8
	cps	#MODE_ABT
	b	data_abort_report

/*
 * int arena_probe(uintptr_t address): reads the byte there and writes it back, unless another core wrote
 * there meanwhile. 0; or what page_fault() says, which goes on at arena_probe_failed.
 */
	.global arena_probe, arena_probe_failed
arena_probe:
	ldrexb	r1, [r0]
	strexb	r2, r1, [r0]
	cmp	r2, #0
	bne	arena_probe
	mov	r0, #0
arena_probe_failed:
	bx	lr
#else
	.global data_abort
data_abort:
	sub	lr, lr, #8
	b	data_abort_report
#endif
