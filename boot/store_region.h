/* SPDX-License-Identifier: MIT */
/* Where the store lies. */
#ifndef CAIRN_BOOT_STORE_REGION_H
#define CAIRN_BOOT_STORE_REGION_H

#include "boot/boot.h"

#define STORE_DEFAULT_SIZE SZ_1M

/** cairn.store=SIZE[@ADDR]; 0: no store. Malformed: there is no store, and a line. VALUE may be
 * NULL. */
void store_region_param(struct boot *b, const char *value);

/**
 * Sets b->store_base and b->store_size and reserves the region: the tree's cairn,store node, or
 * what cairn.store= asks for, or the default size; without an address it is the next allocation, so
 * this is to be called right after reserve_all(). If there is no region b->store_place is
 * STORE_PLACE_NONE and b->store_problem says why.
 */
void store_region_place(struct boot *b);

#endif
