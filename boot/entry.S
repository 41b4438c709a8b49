/* SPDX-License-Identifier: MIT */
/*
 * The first instruction.
 *
 * In (Linux boot protocol for ARM): r0 = 0, r1 = machine number, r2 = device tree or ATAGs, MMU and
 *     data cache off, IRQ and FIQ masked; at any multiple of 4 KiB, if only core 0 comes. Or an ELF entry,
 *     where it is linked to be: r0 = r1 = r2 = 0, every core at once.
 * Out: core 0 calls main() in SVC mode with stacks, .bss cleared, VFP on, vectors set, the MMU on by the
 *     first table, and boot_registers filled in; it never comes back. Every other core sleeps here until
 *     cores_start() lets it go on, or comes in at core_entry: it calls core_main() as core 0 calls main().
 *
 * Until the MMU is on SCTLR.A makes each unaligned access a fault, in QEMU as on a board. The stacks lie
 * where an appended tree may still be, so until that is moved only an exception uses one. Up to `placed`
 * the code runs wherever it was loaded: what it needs of the image it finds relative to itself.
 */
#include "boot/layout.h"

#define EARLY_STACK_SIZE 1024

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
	mov	r5, r1
	mov	r6, r2
	adr	r7, _start		/* where the image lies */
	ldr	r8, =_start		/* where it has to be */
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR: which core */
	ands	r0, r0, #0xff
	bne	other_core

	cmp	r7, r8
	bleq	set_up_core		/* exceptions are reported from here on; else from `placed` on */
	bl	caches_off
	bl	invalidate_dcache
	sub	r0, r7, r8
	ldr	sp, =early_stack + EARLY_STACK_SIZE
	add	sp, sp, r0
	mov	r0, r5
	mov	r1, r6
	mov	r2, r8
	bl	early_start
	cmp	r0, #0
	beq	sleep

	ldr	r2, =__image_file_end
	ldr	r3, =.Lplaced
	sub	r2, r2, r8		/* bytes to move, a multiple of 8 */
	cmp	r7, r8
	ldrhi	r0, =move_down		/* in the image that was loaded */
	subhi	r0, r0, r8
	addhi	pc, r0, r7
	bxeq	r3

/*
 * Moves the image up, and goes on there: from its end down, for the places may overlap. This code lies in
 * the first page, which is as far as the places are apart, so it is not overwritten. In: r2 = bytes, r3 =
 * where to go on, r7 = from, r8 = to.
 */
	add	r7, r7, r2
	add	r8, r8, r2
1:	ldrd	r0, r1, [r7, #-8]!
	strd	r0, r1, [r8, #-8]!
	subs	r2, r2, #8
	bne	1b
	mcr	p15, 0, r2, c7, c5, 0	/* ICIALLU */
	mcr	p15, 0, r2, c7, c5, 6	/* BPIALL */
	dsb
	isb
	bx	r3
	.global __move_up_size
	.set	__move_up_size, . - _start

/* The same down, from its start up, in the last page. */
	.section .last_page, "aw" /* data to the linker; it runs before there is an MMU */
	.global move_down
move_down:
	ldrd	r0, r1, [r7], #8
	strd	r0, r1, [r8], #8
	subs	r2, r2, #8
	bne	move_down
	mcr	p15, 0, r2, c7, c5, 0	/* ICIALLU */
	mcr	p15, 0, r2, c7, c5, 6	/* BPIALL */
	dsb
	isb
	bx	r3
	.section .entry, "ax"

.Lplaced: /* no symbol: in a backtrace this is reset */
	mov	r0, #0
	bl	set_up_core
	bl	clear_bss
	bl	mmu_start
	cpsie	a			/* asynchronous aborts: most external ones are */
	bl	main
	b	sleep

/* An image that moves has one core: the others' code would be moved under them. In: r0 = which core. */
other_core:
	cmp	r7, r8
	bne	sleep

/*
 * Where the other cores wait if all came at once: for an SGI (IHI 0048B, 4.4.4 to 4.4.6; the addresses are
 * DDI 0407, 1.5), which wakes a core although it masks interrupts. Nothing in RAM is used but one word that
 * came with the image. In: r0 = which core.
 */
park:
	mov	r4, #1
	cmp	r0, #CORES_MAX
	lsl	r4, r4, r0
	bhs	sleep
	mrc	p15, 4, r0, c15, c0, 0	/* CBAR: private memory region */
	add	r0, r0, #0x100		/* the GIC's interface of this core */
	mov	r1, #0xff
	str	r1, [r0, #4]		/* GICC_PMR: every priority */
	mov	r1, #1
	str	r1, [r0]		/* GICC_CTLR */
	ldr	r2, =cores_released
1:	dsb
	wfi
	ldr	r1, [r0, #0xc]		/* GICC_IAR */
	str	r1, [r0, #0x10]		/* GICC_EOIR */
	ldr	r1, [r2]
	tst	r1, r4
	beq	1b

	.global core_entry
core_entry:
	cpsid	aif, #MODE_SVC
	setend	le
	mrc	p15, 0, r0, c0, c0, 5	/* MPIDR */
	and	r0, r0, #0xff
	cmp	r0, #CORES_MAX
	bhs	sleep
	mov	r4, r0
	bl	set_up_core
	bl	invalidate_dcache
	bl	mmu_join
	cpsie	a
	mov	r0, r4
	bl	core_main
sleep:
	wfi
	b	sleep

/* Turns MMU and caches off, and A on, whatever a loader left. In: nothing. Out: nothing. Clobbers r1. */
caches_off:
	mrc	p15, 0, r1, c1, c0, 0	/* SCTLR */
	bic	r1, r1, #0x1000		/* I */
	bic	r1, r1, #0x5		/* C, M */
	orr	r1, r1, #0x2		/* A */
	mcr	p15, 0, r1, c1, c0, 0
	isb
	bx	lr

/*
 * Gives core r0 its system registers but for the MMU, and its stacks, of which it touches nothing: what it
 * writes there before its cache is on, no other core's cache may hold.
 * In: r0 = which core, below CORES_MAX. Out: sp of each mode. Clobbers r0-r2.
 */
set_up_core:
	mrc	p15, 0, r1, c1, c0, 0	/* SCTLR */
	bic	r1, r1, #0x1000		/* I */
	bic	r1, r1, #0x2000		/* V: vectors by VBAR */
	bic	r1, r1, #0x5		/* C, M */
	bic	r1, r1, #0x43000000	/* TE, EE, VE: exceptions in ARM state, little-endian, by VBAR */
	orr	r1, r1, #0x2		/* A */
	mcr	p15, 0, r1, c1, c0, 0
	ldr	r1, =vectors
	mcr	p15, 0, r1, c12, c0, 0	/* VBAR */
	mrc	p15, 0, r1, c1, c0, 2	/* CPACR: full access to the VFP */
	orr	r1, r1, #0xf00000
	mcr	p15, 0, r1, c1, c0, 2
	isb
	mov	r1, #0x40000000		/* FPEXC.EN */
	vmsr	fpexc, r1

	ldr	r1, =stacks + GUARD_SIZE + EXCEPTION_STACK_SIZE
	ldr	r2, =STACKS_OF_A_CORE
	mla	r1, r0, r2, r1
	cps	#MODE_FIQ
	mov	sp, r1
	cps	#MODE_IRQ
	mov	sp, r1
	cps	#MODE_ABT
	mov	sp, r1
	cps	#MODE_UND
	mov	sp, r1
	cps	#MODE_SVC
	add	sp, r1, #GUARD_SIZE
	add	sp, sp, #STACK_SIZE
	bx	lr

	.data
	.balign	8
early_stack:
	.space	EARLY_STACK_SIZE
	.global cores_released
cores_released:
	.word	0
	.global boot_registers		/* filled in by early_start(), and moved with the image */
boot_registers:
	.space	5 * 4
	.section .stacks, "aw", %nobits
	.balign	GUARD_SIZE
	.global stacks
stacks:
	.space	CORES_MAX * STACKS_OF_A_CORE
	.section .entry, "ax"

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
