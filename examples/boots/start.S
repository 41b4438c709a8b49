/* SPDX-License-Identifier: MIT */
/*
 * From reset to main(): what the libraries need of the machine. A stack, the VFP on (they are compiled for
 * it), .bss cleared, and RAM mapped as normal memory, because they access words that are not aligned.
 */
#define RAM_SECTIONS	0x11c02		/* normal, not cached, shared; 1 MiB */
#define OTHER_SECTIONS	0x00c16		/* device, never executed */

	.syntax	unified
	.arm
	.text
	.global	_start
_start:
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR: cores other than 0 wait for ever */
	tst	r0, #3
1:	wfine
	bne	1b
	ldr	sp, =stack_end
	mov	r0, #0x00f00000		/* CPACR: the VFP is for everyone */
	mcr	p15, 0, r0, c1, c0, 2
	isb
	mov	r0, #0x40000000		/* FPEXC: on */
	vmsr	fpexc, r0

	ldr	r0, =bss_start
	ldr	r1, =bss_end
	mov	r2, #0
2:	cmp	r0, r1
	strlo	r2, [r0], #4
	blo	2b

	ldr	r0, =table		/* section n maps MiB n to itself */
	mov	r1, #0
3:	ldr	r2, =OTHER_SECTIONS
	cmp	r1, #0x600
	ldrhs	r2, =RAM_SECTIONS
	cmp	r1, #0xa00
	ldrhs	r2, =OTHER_SECTIONS
	orr	r2, r2, r1, lsl #20
	str	r2, [r0, r1, lsl #2]
	add	r1, r1, #1
	cmp	r1, #4096
	blo	3b
	mcr	p15, 0, r0, c2, c0, 0	/* TTBR0 */
	mov	r2, #0
	mcr	p15, 0, r2, c2, c0, 2	/* TTBCR: it alone */
	mov	r1, #1
	mcr	p15, 0, r1, c3, c0, 0	/* DACR: domain 0 goes by the table */
	mcr	p15, 0, r2, c8, c7, 0	/* TLBIALL */
	dsb
	mrc	p15, 0, r0, c1, c0, 0	/* SCTLR: MMU on, unaligned accesses allowed */
	orr	r0, r0, #1
	bic	r0, r0, #2
	mcr	p15, 0, r0, c1, c0, 0
	isb
	bl	main			/* which ends with a reset of the board, or its power off */
4:	wfi
	b	4b

/* RAM is mapped without caches: when this is over, what was written is there. */
	.global	barrier
	.type	barrier, %function
barrier:
	dsb
	bx	lr

	.bss
	.balign	16384
table:
	.space	4096 * 4
	.space	16384
stack_end:
