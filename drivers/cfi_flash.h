/* SPDX-License-Identifier: MIT */
/*
 * NOR flash that tells its geometry (CFI: JEDEC JESD68), of two 16-bit chips side by side on a
 * 32-bit bus that understand Intel's command set (0x0001), with or without a write buffer.
 *
 * The chips are never left in another mode than that in which they read as memory, but for a chip
 * that does not answer. Between the calls anybody may read flash by its address.
 */
#ifndef CAIRN_DRIVERS_CFI_FLASH_H
#define CAIRN_DRIVERS_CFI_FLASH_H

#include "drivers/machine.h"
#include "lib/flash.h"

#define CFI_REGIONS_MAX 4 /**< runs of erase blocks of one size */

struct cfi_flash {
	struct flash flash; /**< the first member: who has its address has that of all */
	uint32_t buffer; /**< bytes that are programmed at once, a power of two; 0: a word each */
	uint32_t program_us, erase_us; /**< how long it may take, by the query */
	bool locked;                   /**< blocks come up locked */
	unsigned region_count;
	struct cfi_region {
		uint32_t count, size; /**< size: of a block, both chips' part of it */
	} regions[CFI_REGIONS_MAX];
};

/**
 * Asks the chips at BASE, which have ROOM bytes of addresses, what they are. 0, or -ENODEV and
 * f->flash.problem says what was found and what was expected.
 */
int cfi_flash_probe(struct cfi_flash *f, uintptr_t base, uint32_t room);

/**
 * Takes the partitions from the `fixed-partitions` node below NODE. Their names are their labels.
 * One that is not in the flash is left out with a line.
 */
void cfi_flash_partitions(struct flash *f, const void *fdt, int node);

/** machine.flash is the flash at the first reg of DEVICE from now on. */
void cfi_flash_bind(const struct device *device);

#endif
