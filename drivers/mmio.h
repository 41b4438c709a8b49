/* SPDX-License-Identifier: MIT */
/* Device registers: one 32-bit access each, in program order. */
#ifndef CAIRN_DRIVERS_MMIO_H
#define CAIRN_DRIVERS_MMIO_H

#include <stdint.h>

/** The register at ADDRESS, a multiple of 4. */
static inline uint32_t mmio_read(uintptr_t address)
{
	return *(volatile uint32_t *)address;
}

/** Writes VALUE to the register at ADDRESS, a multiple of 4. */
static inline void mmio_write(uintptr_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

#endif
