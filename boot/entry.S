/* SPDX-License-Identifier: MIT */
/*
 * The first instruction.
 *
 * In (Linux boot protocol for ARM): r0 = 0, r1 = machine number, r2 = device tree or ATAGs, MMU and
 *     data cache off, IRQ and FIQ masked; or an ELF entry: r0 = r1 = r2 = 0, every core at once.
 * Out: core 0 calls main() in SVC mode with stacks, .bss cleared, VFP on, vectors set, the MMU on by the
 *     first table, and boot_registers filled in; it never comes back. Every other core sleeps here.
 *
 * Until the MMU is on SCTLR.A makes each unaligned access a fault, in QEMU as on a board. The stacks lie
 * where an appended tree may still be, so until that is moved only an exception uses one.
 */
#define FDT_MAGIC_SWAPPED 0xedfe0dd0 /* d00dfeed as a little-endian load sees it */
#define FDT_SIZE_MIN 40
#define FDT_SIZE_MAX 0x200000

#define MODE_FIQ 0x11
#define MODE_IRQ 0x12
#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_UND 0x1b

	.syntax unified
	.arm
	.section .entry, "ax"
	.global _start
_start:
	b	reset
	.fill	8, 4, 0xe1a00000	/* nop, up to the header's place at 0x24 */
	.word	0x016f2818		/* zImage magic */
	.word	_start
	.word	__image_file_end	/* what a loader has to load, and an appended tree comes here */

reset:
	cpsid	aif, #MODE_SVC
	setend	le
	mov	r4, r0
	mov	r5, r1
	mov	r6, r2
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR: which core */
	tst	r0, #0xff
	bne	park

	mrc	p15, 0, r0, c1, c0, 0	/* SCTLR */
	bic	r0, r0, #0x1000		/* I */
	bic	r0, r0, #0x2000		/* V: vectors by VBAR */
	bic	r0, r0, #0x5		/* C, M */
	bic	r0, r0, #0x42000000	/* TE, EE: exceptions in ARM state, little-endian */
	orr	r0, r0, #0x2		/* A */
	mcr	p15, 0, r0, c1, c0, 0
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0	/* VBAR */
	mrc	p15, 0, r0, c1, c0, 2	/* CPACR: full access to the VFP */
	orr	r0, r0, #0xf00000
	mcr	p15, 0, r0, c1, c0, 2
	isb
	mov	r0, #0x40000000		/* FPEXC.EN */
	vmsr	fpexc, r0

	ldr	r0, =__exception_stack_top
	cps	#MODE_FIQ
	mov	sp, r0
	cps	#MODE_IRQ
	mov	sp, r0
	cps	#MODE_ABT
	mov	sp, r0
	cps	#MODE_UND
	mov	sp, r0
	cps	#MODE_SVC
	ldr	sp, =__stack_top

	bl	invalidate_dcache
	bl	move_appended_tree	/* r7 = where it is now, r8 and r9 = refused, its size */

	bl	clear_bss

	ldr	r0, =boot_registers
	stm	r0, {r4-r9}
	bl	mmu_start
	bl	main
	b	park
park:
	wfi
	b	park

/*
 * Clears .bss and notes that. Also called by an exception that comes before: its report needs .bss.
 * In: nothing. Out: nothing. Clobbers r0-r2.
 */
	.global clear_bss
clear_bss:
	ldr	r0, =__bss_start
	ldr	r1, =__bss_end
	mov	r2, #0
1:	cmp	r0, r1
	strlo	r2, [r0], #4
	blo	1b
	ldr	r0, =bss_is_clear
	mov	r2, #1
	str	r2, [r0]
	bx	lr

	.data
	.balign	4
	.global bss_is_clear
bss_is_clear:
	.word	0
	.section .entry, "ax"

/*
 * Invalidates the level 1 data cache, whose lines hold anything after power-on: the first one cleaned by
 * address might be written out. A loader has cleaned it, as the boot protocol demands.
 * In: nothing. Out: nothing. Clobbers r0-r3, r9-r12.
 */
invalidate_dcache:
	mov	r0, #0
	mcr	p15, 2, r0, c0, c0, 0	/* CSSELR: level 1, data */
	isb
	mrc	p15, 1, r0, c0, c0, 0	/* CCSIDR */
	ubfx	r1, r0, #3, #10		/* last way */
	ubfx	r2, r0, #13, #15	/* last set */
	and	r3, r0, #7
	add	r3, r3, #4		/* log2 of the line's bytes: where the set begins */
	clz	r9, r1			/* where the way begins */
3:	mov	r10, r2
4:	lsl	r11, r1, r9
	lsl	r12, r10, r3
	orr	r11, r11, r12
	mcr	p15, 0, r11, c7, c6, 2	/* DCISW */
	subs	r10, r10, #1
	bpl	4b
	subs	r1, r1, #1
	bpl	3b
	dsb
	bx	lr

/*
 * Moves a tree that was appended to the image, which lies where .bss goes, behind .bss.
 * In: nothing. Out: r7 = its new address or 0, r8 = 1 if it is refused for the size that it claims, else
 * 0, r9 = that size. Clobbers r0-r3. The word looked at first is one that nothing in .bss ever writes, so
 * that what an earlier boot left there is not taken for a tree.
 */
move_appended_tree:
	mov	r7, #0
	mov	r8, #0
	mov	r9, #0
	ldr	r0, =__image_file_end
	ldr	r1, [r0]
	ldr	r2, =FDT_MAGIC_SWAPPED
	cmp	r1, r2
	bxne	lr
	ldr	r9, [r0, #4]
	rev	r9, r9			/* totalsize */
	sub	r1, r9, #FDT_SIZE_MIN
	ldr	r2, =(FDT_SIZE_MAX - FDT_SIZE_MIN)
	cmp	r1, r2
	movhi	r8, #1
	bxhi	lr
	ldr	r7, =__image_end
	add	r1, r9, #3
	bic	r1, r1, #3
2:	subs	r1, r1, #4		/* from the end down: the places may overlap */
	ldr	r3, [r0, r1]
	str	r3, [r7, r1]
	bne	2b
	bx	lr
