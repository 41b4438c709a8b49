/* SPDX-License-Identifier: MIT */
/*
 * What of a device tree has to be known before the image may be moved, and so before there is
 * libfdt: where the initrd is. The tree has not been checked; nothing outside of the bytes
 * that it claims is read. Aligned accesses only; the code runs at any address.
 */
#ifndef CAIRN_BOOT_TREE_SCAN_H
#define CAIRN_BOOT_TREE_SCAN_H

#include "lib/types.h"

#define TREE_SCAN_MAX MIB(2) /**< a larger tree is refused */

/** What lies in memory. A size of 0: nothing. It does not reach the last byte of the 4 GiB. */
struct tree_range {
	uint32_t base, size;
};

/** Whether something at AT begins as a tree does; *SIZE is what it claims to have then. */
bool tree_scan_claim(uint32_t at, uint32_t *size);

/** The size of the tree at AT; 0: there is none, or it claims one that cannot be. */
uint32_t tree_scan_size(uint32_t at);

/** The initrd that /chosen of the tree at AT names; a size of 0: none. */
struct tree_range tree_scan_initrd(uint32_t at);

#endif
