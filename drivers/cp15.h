/* SPDX-License-Identifier: MIT */
/* The Cortex-A9's system registers, barriers and cache lines (ARM DDI 0406C, B3.18 and B4). */
#ifndef CAIRN_DRIVERS_CP15_H
#define CAIRN_DRIVERS_CP15_H

#include <stddef.h>
#include <stdint.h>

#define SCTLR_M (1u << 0)  /**< MMU on */
#define SCTLR_A (1u << 1)  /**< unaligned accesses fault */
#define SCTLR_C (1u << 2)  /**< data cache on */
#define SCTLR_I (1u << 12) /**< instruction cache on */

#define CACHE_LINE 32u /**< bytes in a line of the Cortex-A9's level 1 caches */

/** Waits until every access and cache operation before it has completed. */
static inline void dsb(void)
{
	__asm__ volatile("dsb" ::: "memory");
}

/** Makes what comes after it see changed system registers and code. */
static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/** The system control register. */
static inline uint32_t read_sctlr(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(v));
	return v;
}

/** Sets it; an isb() makes it count. */
static inline void write_sctlr(uint32_t v)
{
	__asm__ volatile("mcr p15, 0, %0, c1, c0, 0" ::"r"(v) : "memory");
}

/** Sets the only translation table (walked uncached), and domain 0 to client. */
static inline void write_ttbr0(const void *table)
{
	__asm__ volatile("mcr p15, 0, %0, c2, c0, 2" ::"r"(0)); /* TTBCR: TTBR0 for everything */
	__asm__ volatile("mcr p15, 0, %0, c2, c0, 0" ::"r"(table));
	__asm__ volatile("mcr p15, 0, %0, c3, c0, 0" ::"r"(1)); /* DACR */
}

/** Forgets every translation; dsb() and isb() end it. */
static inline void invalidate_tlb(void)
{
	__asm__ volatile("mcr p15, 0, %0, c8, c7, 0" ::"r"(0) : "memory");
}

/** Forgets every cached instruction and predicted branch. */
static inline void invalidate_icache(void)
{
	__asm__ volatile("mcr p15, 0, %0, c7, c5, 0" ::"r"(0) : "memory"); /* ICIALLU */
	__asm__ volatile("mcr p15, 0, %0, c7, c5, 6" ::"r"(0) : "memory"); /* BPIALL */
}

/** Status of the last data abort (B3.13). */
static inline uint32_t read_dfsr(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c5, c0, 0" : "=r"(v));
	return v;
}

/** The address that the last data abort was for. */
static inline uint32_t read_dfar(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c6, c0, 0" : "=r"(v));
	return v;
}

/** Status of the last prefetch abort (B3.13). */
static inline uint32_t read_ifsr(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c5, c0, 1" : "=r"(v));
	return v;
}

/** The address that the last prefetch abort was for. */
static inline uint32_t read_ifar(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c6, c0, 2" : "=r"(v));
	return v;
}

/** Cleans every line that holds a byte of [ptr, ptr + len) to the point of coherency; a dsb() ends
 * it. */
static inline void clean_dcache(const void *ptr, size_t len)
{
	uintptr_t line = (uintptr_t)ptr & ~(uintptr_t)(CACHE_LINE - 1);

	for (; line < (uintptr_t)ptr + len; line += CACHE_LINE)
		__asm__ volatile("mcr p15, 0, %0, c7, c10, 1" ::"r"(line) : "memory"); /* DCCMVAC */
}

#endif
