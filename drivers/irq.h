/* SPDX-License-Identifier: MIT */
/* This core's own interrupt mask (ARM DDI 0406C, B1.9). What an interrupt then does: drivers/gic.h.
 */
#ifndef CAIRN_DRIVERS_IRQ_H
#define CAIRN_DRIVERS_IRQ_H

#include <stdint.h>

/** Masks interrupts on this core; what they were before is for irq_restore(). The two nest. */
static inline uint32_t irq_save(void)
{
	uint32_t was;

	__asm__ volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(was)::"memory");
	return was;
}

/** Ends what irq_save() began. */
static inline void irq_restore(uint32_t was)
{
	__asm__ volatile("msr cpsr_c, %0" ::"r"(was) : "memory");
}

/** Lets interrupts come on this core. */
static inline void irq_unmask(void)
{
	__asm__ volatile("cpsie i" ::: "memory");
}

/**
 * Waits until an interrupt is pending. Called with interrupts masked it misses none that comes
 * between the caller's last look and the wait: a pending one ends the wait, masked or not.
 */
static inline void irq_wait(void)
{
	__asm__ volatile("dsb\n\twfi" ::: "memory");
}

#endif
