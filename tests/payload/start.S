/* SPDX-License-Identifier: MIT */
/*
 * A zImage that tells what it was entered with. Runs wherever it is loaded: position-independent, and its
 * .bss is in the file.
 */
#define STACK 4096

	.syntax unified
	.arm
	.section .start, "ax"
	.global _start
_start:
	.fill	8, 4, 0xe1a00000	/* nop */
	b	enter
	.word	0x016f2818		/* zImage magic */
	.word	0			/* start */
	.word	__end			/* end: linked at 0 */
	.word	0x04030201
	.word	0x45454545
	.word	table

/* What it says it unpacks: 1 MiB from 0x8000 on, where Cairn itself is. It overwrites that. */
table:
	.word	6
	.word	0x5a534c4b
	.word	size
	.word	0x1000			/* .bss */
	.word	0x8000			/* text offset */
	.word	0x10000			/* heap */
	.word	0
size:
	.word	0x100000

/* The state is taken before anything is changed. */
enter:
	adr	r4, seen
	stm	r4!, {r0-r2}
	mrs	r5, cpsr
	mrc	p15, 0, r6, c1, c0, 0	/* SCTLR */
	mrc	p15, 0, r7, c1, c0, 1	/* ACTLR */
	stm	r4, {r5-r7}
	adr	r0, seen
	adr	r1, others
	add	sp, r1, #STACK
	adr	r2, second
	bl	report
1:	wfi
	b	1b

/* Where another core begins: it leaves 1 and its state in others[core]. */
second:
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR */
	and	r0, r0, #0xff
	mrs	r5, cpsr
	mrc	p15, 0, r6, c1, c0, 0
	mrc	p15, 0, r7, c1, c0, 1
	adr	r4, others
	add	r4, r4, r0, lsl #4
	str	r5, [r4, #4]
	str	r6, [r4, #8]
	str	r7, [r4, #12]
	mov	r5, #1
	dsb
	str	r5, [r4]
2:	wfi
	b	2b

	.balign	8
seen:
	.space	6 * 4
others:
	.space	4 * 16 + STACK
