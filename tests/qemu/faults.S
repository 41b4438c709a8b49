/* SPDX-License-Identifier: MIT */
/*
 * A command for test_arena.py: the first access to each of 64 pages at 0x64100000, with a value in each other
 * register, the stack pointer at an odd multiple of 4 and the store's window open; then first accesses of other
 * kinds. Dies by an undefined instruction if something has changed. Position independent.
 */
#define BASE 0x64100000
#define PAGES 64
#define PAGE 4096

	.syntax unified
	.thumb
	.fpu	vfpv3-d16
	push	{r4-r11, lr}
	vpush	{d8-d15}
	mov	r0, #13			/* DACR: the window is open */
	mcr	p15, 0, r0, c3, c0, 0
	isb
	mov	r0, sp
	bic	r1, r0, #7
	sub	r1, r1, #4
	mov	sp, r1
	str	r0, [sp]
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	mov	r0, #(0x20 + \n) * 0x01010101
	vmov	d\n, r0, r0
	.endr
	mov	r0, #0xa0000000		/* N and C; round towards zero */
	orr	r0, r0, #0xc00000
	vmsr	fpscr, r0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	mov	r\n, #(\n + 1) * 0x01010101
	.endr
	movw	lr, #(BASE & 0xffff)
	movt	lr, #(BASE >> 16)
1:	cmp	r0, r1			/* N, and neither Z, C nor V */
	str	r12, [lr]
	bpl	2f
	beq	2f
	bcs	2f
	bvs	2f
	add	lr, lr, #PAGE
	tst	lr, #(PAGES * PAGE)
	beq	1b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	cmp	r\n, #(\n + 1) * 0x01010101
	bne	2f
	.endr
	vmrs	r0, fpscr
	mov	r1, #0xa0000000
	orr	r1, r1, #0xc00000
	cmp	r0, r1
	bne	2f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmov	r0, r1, d\n
	cmp	r0, #(0x20 + \n) * 0x01010101
	it	eq
	cmpeq	r1, #(0x20 + \n) * 0x01010101
	bne	2f
	.endr
	mrc	p15, 0, r0, c3, c0, 0
	cmp	r0, #13
	bne	2f
	movw	r4, #(BASE & 0xffff)	/* what was written is there, and nothing else is */
	movt	r4, #(BASE >> 16)
3:	ldrd	r0, r1, [r4]
	cmp	r0, #0x0d0d0d0d
	it	eq
	cmpeq	r1, #0
	bne	2f
	add	r4, r4, #PAGE
	tst	r4, #(PAGES * PAGE)
	beq	3b

	/* r4: the next page that was not accessed; most of these want two. */
	mov	r0, #0x01010101
	str	r0, [r4, #PAGE - 2]	/* across the end of a page */
	ldr	r1, [r4, #PAGE - 2]
	cmp	r0, r1
	bne	2f
	add	r4, r4, #2 * PAGE
	add	r5, r4, #PAGE - 8
	mov	r1, #0x02020202
	mov	r2, #0x03030303
	mov	r3, #0x04040404
	stm	r5!, {r0-r3}
	ldmdb	r5, {r6-r9}
	cmp	r6, r0
	it	eq
	cmpeq	r9, r3
	bne	2f
	add	r4, r4, #2 * PAGE
	add	r5, r4, #PAGE - 8
	vstm	r5!, {d8-d9}
	vldmdb	r5!, {d0-d1}
	vmov	r6, r7, d1
	cmp	r6, #0x29292929
	bne	2f
	add	r4, r4, #2 * PAGE
4:	ldrex	r6, [r4]		/* the page comes now, and not between this and the next */
	adds	r6, r6, #1
	strex	r7, r6, [r4]
	cmp	r7, #0
	bne	4b
	ldr	r6, [r4]
	cmp	r6, #1
	bne	2f
	add	r4, r4, #PAGE
	ittt	eq			/* an IT block goes on where it was */
	moveq	r7, #5
	streq	r7, [r4]
	ldreq	r6, [r4]
	cmp	r6, #5
	bne	2f

	mov	r0, #0
	vmsr	fpscr, r0
	mov	r1, #5			/* the window is closed */
	mcr	p15, 0, r1, c3, c0, 0
	isb
	ldr	r1, [sp]
	mov	sp, r1
	vpop	{d8-d15}
	pop	{r4-r11, pc}
2:	udf	#0
