/* SPDX-License-Identifier: MIT */
/* What the translation tables map, made from what the boot knows: plain work on memory. */
#ifndef CAIRN_BOOT_MAP_H
#define CAIRN_BOOT_MAP_H

#include "boot/boot.h"
#include "mm/pgtable.h"

#define MAP_DEVICES_MAX 16 /**< registers that drivers can claim */

/** [base, base + size) and how it is mapped. */
struct map_range {
	uint32_t base, size;
	enum pgtable_attr attr;
};

/** What is not in memblock's lists. */
struct map {
	const struct boot *boot; /**< for the tree and the store's region */
	struct map_range devices[MAP_DEVICES_MAX];
	unsigned device_count;
	const struct map_range *image; /**< whole pages; what comes later wins */
	unsigned image_count;
};

/** How many second-level tables map_build() can need, and some for devices that come later. */
unsigned map_leaves(const struct map *m);

/**
 * Maps in PT, which maps nothing yet, what lies below 4 GiB of: the devices; memory that is not
 * no-map, never executable; the device tree; the store's region, guarded if map_guards_store(); the
 * image. Where these overlap the later one wins, and page 0 is never mapped. A page of which a part
 * is memory is mapped as memory. 0 or -ENOMEM.
 */
int map_build(struct pgtable *pt, const struct map *m);

/** Whether the store's region can be guarded: it is made of whole sections. */
bool map_guards_store(const struct boot *b);

/** The pages that hold a byte of [base, base + size), mapped as devices. 0, -EINVAL or -ENOMEM. */
int map_device(struct pgtable *pt, const struct map_range *device);

#endif
