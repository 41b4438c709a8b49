/* SPDX-License-Identifier: MIT */
/* The device tree as Linux gets it: the one that Cairn was given, with what Cairn found out. */
#ifndef CAIRN_BOOT_FINAL_TREE_H
#define CAIRN_BOOT_FINAL_TREE_H

#include "lib/types.h"

struct final_tree {
	const void *from;                     /**< the tree that it is made of: checked */
	const char *bootargs;                 /**< /chosen bootargs */
	phys_addr_t initrd_start, initrd_end; /**< equal: no initrd, also if `from` has one */
	phys_addr_t store_base, store_size;   /**< a size of 0: no store */
	int store_node;                       /**< that gave it its place; negative: none did */
};

/** The node of FDT whose name, as fdt_get_name() gives it, lies at NAME. */
int final_tree_node(const void *fdt, const char *name);

/** Bytes that the tree for *T needs at most. */
size_t final_tree_room(const struct final_tree *t);

/**
 * Writes the tree to TO, 8-byte aligned, of final_tree_room() bytes outside of t->from. It is
 * t->from, but
 *  - its memory is what memblock's list has, no-map parts included, in one node;
 *  - /chosen has the bootargs and the initrd of *T, and nothing that caps memory again;
 *  - the store is a no-map child of /reserved-memory that is compatible with "cairn,store": the one
 *    that was there, or a new one.
 * 0, or -EINVAL: addresses do not fit its cells, or Linux would not read its /reserved-memory,
 * which has no ranges or other cells than the root.
 */
int final_tree_write(const struct final_tree *t, void *to);

#endif
