/* SPDX-License-Identifier: MIT */
/* The Cortex-A9's system registers, barriers and cache lines (ARM DDI 0406C, B3.18 and B4). */
#ifndef CAIRN_DRIVERS_CP15_H
#define CAIRN_DRIVERS_CP15_H

#include <stddef.h>
#include <stdint.h>

#define SCTLR_M (1u << 0)    /**< MMU on */
#define SCTLR_A (1u << 1)    /**< unaligned accesses fault */
#define SCTLR_C (1u << 2)    /**< data cache on */
#define SCTLR_Z (1u << 11)   /**< branch prediction on */
#define SCTLR_I (1u << 12)   /**< instruction cache on */
#define SCTLR_TRE (1u << 28) /**< TEX remapped: the tables are not written for it */
#define SCTLR_AFE (1u << 29) /**< access flags: the same */

/* The auxiliary control register (ARM DDI 0388, 4.3.10). */
#define ACTLR_FW (1u << 0)  /**< cache and TLB maintenance is broadcast, */
#define ACTLR_SMP (1u << 6) /**< and this core takes part in coherency */

/** Walks of the tables: cached as the tables are written, write-back write-allocate, shareable
 * (B4.1.154, with the Multiprocessing Extensions). */
#define TTBR_WALK (1u << 6 | 1u << 3 | 1u << 1)

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

/** Which core this is (MPIDR). */
static inline unsigned this_core(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c0, c0, 5" : "=r"(v));
	return v & 0xff;
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

/** The auxiliary control register. */
static inline uint32_t read_actlr(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 0, %0, c1, c0, 1" : "=r"(v));
	return v;
}

/** Sets it. */
static inline void write_actlr(uint32_t v)
{
	__asm__ volatile("mcr p15, 0, %0, c1, c0, 1" ::"r"(v) : "memory");
}

/** Where the core's private registers are (CBAR), or 0: it has none. */
static inline uint32_t read_cbar(void)
{
	uint32_t v;

	__asm__ volatile("mrc p15, 4, %0, c15, c0, 0" : "=r"(v));
	return v;
}

/** Sets the only translation table: an address, and TTBR_WALK. */
static inline void write_ttbr0(uint32_t table)
{
	__asm__ volatile("mcr p15, 0, %0, c2, c0, 2" ::"r"(0)); /* TTBCR: TTBR0 for everything */
	__asm__ volatile("mcr p15, 0, %0, c2, c0, 0" ::"r"(table) : "memory");
}

#define DACR_CLIENT(domain) (1u << 2 * (domain))  /**< the tables say what is allowed */
#define DACR_MANAGER(domain) (3u << 2 * (domain)) /**< everything is */

/** Sets what each domain allows on this core; an isb() makes it count. */
static inline void write_dacr(uint32_t v)
{
	__asm__ volatile("mcr p15, 0, %0, c3, c0, 0" ::"r"(v) : "memory");
}

/** Forgets every translation of this core; dsb() and isb() end it. */
static inline void invalidate_tlb(void)
{
	__asm__ volatile("mcr p15, 0, %0, c8, c7, 0" ::"r"(0) : "memory");
}

/** Forgets every translation of every core that takes part in coherency. */
static inline void invalidate_tlb_everywhere(void)
{
	__asm__ volatile("mcr p15, 0, %0, c8, c3, 0" ::"r"(0) : "memory"); /* TLBIALLIS */
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

/** Sets what read_dfsr() says. */
static inline void write_dfsr(uint32_t v)
{
	__asm__ volatile("mcr p15, 0, %0, c5, c0, 0" ::"r"(v));
}

/** Sets what read_dfar() says. */
static inline void write_dfar(uint32_t v)
{
	__asm__ volatile("mcr p15, 0, %0, c6, c0, 0" ::"r"(v));
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

	dsb(); /* erratum 764369, with the bit that cache_start_scu() sets */
	for (; line < (uintptr_t)ptr + len; line += CACHE_LINE)
		__asm__ volatile("mcr p15, 0, %0, c7, c10, 1" ::"r"(line) : "memory"); /* DCCMVAC */
}

/** Cleans those lines and drops them, before the memory is mapped otherwise. */
static inline void clean_invalidate_dcache(const void *ptr, size_t len)
{
	uintptr_t line = (uintptr_t)ptr & ~(uintptr_t)(CACHE_LINE - 1);

	dsb(); /* as above */
	for (; line < (uintptr_t)ptr + len; line += CACHE_LINE)
		__asm__ volatile("mcr p15, 0, %0, c7, c14, 1" ::"r"(line)
				 : "memory"); /* DCCIMVAC */
}

/** Size and shape of the level 1 data cache (CCSIDR). */
static inline uint32_t read_l1d_size(void)
{
	uint32_t v;

	__asm__ volatile("mcr p15, 2, %0, c0, c0, 0" ::"r"(0)); /* CSSELR: level 1, data */
	isb();
	__asm__ volatile("mrc p15, 1, %0, c0, c0, 0" : "=r"(v));
	return v;
}

/** Cleans one line by set and way. */
static inline void clean_dcache_line(uint32_t set_way)
{
	__asm__ volatile("mcr p15, 0, %0, c7, c10, 2" ::"r"(set_way) : "memory"); /* DCCSW */
}

#endif
