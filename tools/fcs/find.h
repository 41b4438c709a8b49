/* SPDX-License-Identifier: MIT */
/* Regions in a lot of bytes. */
#ifndef CAIRN_TOOLS_FCS_FIND_H
#define CAIRN_TOOLS_FCS_FIND_H

#include "store/probe.h"
#include "store/store.h"

struct found {
	uint64_t offset;
	uint32_t size;
};

/** The superblock of the region at BASE, of which there are ROOM bytes: 0 or -ENODATA. */
int find_super(const uint8_t *base, uint64_t room, struct store_super *super);

/**
 * Sets *LIST (to be freed) to the regions with a valid superblock in SIZE bytes at BASE, but for
 * those that lie in a region before them, and returns how many there are.
 */
size_t find_regions(const uint8_t *base, uint64_t size, struct found **list);

/** What store_probe() says of the region that begins at BASE. */
enum store_found find_probe(const uint8_t *base, uint64_t room);

#endif
