/* SPDX-License-Identifier: MIT */
/* A store that lies where the map of an earlier boot had its region. */
#ifndef CAIRN_BOOT_STORE_SEARCH_H
#define CAIRN_BOOT_STORE_SEARCH_H

#include "boot/boot.h"

/**
 * To be called after store_region_place(), when all memory can be read. If the region's place
 * follows from the map (it was not given by the tree or by cairn.store=SIZE@ADDR) and there is no
 * trace of a store there, memory is searched for one:
 *  - nobody else has a part of its region: that becomes the store's region, in the place of the
 *    other one;
 *  - it is not all in memory or somebody has a part of it, or there are several: what is free of
 *    them is reserved, unless that is more than a quarter of all memory, and b->store_problem says
 *    why no store is to be opened. The region of a new one is there (or not: no room) for whoever
 *    asks for it.
 * Either is a line. Not looked at are no-map memory and, if the region is a multiple of 1 MiB and
 * its place as well, addresses that are none, but for those in the region itself.
 *
 * READABLE returns where [base, base + size), which is in memory, can be read; NULL: nowhere.
 */
void store_search(struct boot *b, const void *(*readable)(phys_addr_t base, phys_addr_t size));

#endif
