/* SPDX-License-Identifier: MIT */
/*
 * A command for test_interrupts.py: holds a value in each register for a while, with the stack pointer at an
 * odd multiple of 4, and dies by an undefined instruction if one has changed. Position independent.
 */
	.syntax unified
	.thumb
	.fpu	vfpv3-d16
	push	{r4-r11, lr}
	vpush	{d8-d15}
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
	mov	lr, #0x8000000	/* half a second or so */
1:	subs	lr, lr, #1
	bne	1b
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
	mov	r0, #0
	vmsr	fpscr, r0
	ldr	r1, [sp]
	mov	sp, r1
	vpop	{d8-d15}
	pop	{r4-r11, pc}
2:	udf	#0
