/* SPDX-License-Identifier: MIT */
/* Where the store lies. */
#ifndef CAIRN_BOOT_STORE_REGION_H
#define CAIRN_BOOT_STORE_REGION_H

#include "boot/boot.h"

#define STORE_DEFAULT_SIZE MIB(1)

/** cairn.store=SIZE[@ADDR]; 0: no store. Malformed: there is no store, and a line. VALUE may be
 * NULL. */
void store_region_param(struct boot *b, const char *value);

/**
 * The store's node is at [base, base + size), or, if WHY is given, could not be had: WHY goes on
 * "its node NAME ...". A second node is a line, and only reserved.
 */
void store_region_from_tree(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name,
			    const char *why);

/** Gives the place of the store's node up if the reservation of [base, base + size) for NAME
 * overlaps it. */
void store_region_check(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name);

/** Whether any of [base, base + size) is reserved or no-map. */
bool store_region_taken(phys_addr_t base, phys_addr_t size);

/**
 * Sets b->store_base and b->store_size and reserves the region: the tree's cairn,store node, or
 * what cairn.store= asks for, or the default size; without an address it is the next allocation, so
 * this is to be called right after reserve_all(). If there is no region b->store_place is
 * STORE_PLACE_NONE and b->store_problem says why.
 */
void store_region_place(struct boot *b);

/** Allocates b->store_size bytes for the region, for nobody said where. Without room for them
 * b->store_place is STORE_PLACE_NONE. */
void store_region_allocate(struct boot *b);

#endif
