/* SPDX-License-Identifier: MIT */
#include "drivers/cache.h"

#include "drivers/cp15.h"
#include "drivers/mmio.h"

/* The snoop control unit, at the start of the private memory region (ARM DDI 0407, 2.2). */
#define SCU_CONTROL 0x00
#define SCU_INVALIDATE 0x0c
#define SCU_DIAGNOSTIC 0x30 /* in the errata notice only */
#define SCU_ENABLE_764369 1u
#define SCU_ENABLE 1u
#define SCU_ALL_WAYS 0xffffu /* of each core's tags */

void cache_start_scu(void)
{
	uintptr_t scu = read_cbar();

	if (!scu)
		return;
	/* Else a line that another core has may not get to memory when it is cleaned. */
	mmio_write(scu + SCU_DIAGNOSTIC, mmio_read(scu + SCU_DIAGNOSTIC) | SCU_ENABLE_764369);
	if (mmio_read(scu + SCU_CONTROL) & SCU_ENABLE)
		return;
	mmio_write(scu + SCU_INVALIDATE, SCU_ALL_WAYS);
	mmio_write(scu + SCU_CONTROL, mmio_read(scu + SCU_CONTROL) | SCU_ENABLE);
}

void cache_clean_all(void)
{
	uint32_t size = read_l1d_size(); /* CCSIDR (B4.1.19) */
	uint32_t ways = size >> 3 & 0x3ff, sets = size >> 13 & 0x7fff, line = (size & 7) + 4;
	unsigned shift = ways ? (unsigned)__builtin_clz(ways) : 0;

	for (uint32_t way = 0; way <= ways; way++)
		for (uint32_t set = 0; set <= sets; set++)
			clean_dcache_line(way << shift | set << line);
	dsb();
}
