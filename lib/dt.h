/* SPDX-License-Identifier: MIT */
/* What libfdt leaves to its users: numbers of some cells, availability, and translated addresses.
 */
#ifndef CAIRN_LIB_DT_H
#define CAIRN_LIB_DT_H

#include "lib/types.h"

#define DT_DEPTH_MAX 16 /**< nodes deeper than this are not translated */

/** The number of CELLS (0..2) big-endian cells at P. */
uint64_t dt_number(const void *p, int cells);

/** An address of AC cells at P, and behind it a size of SC cells. */
void dt_pair(const void *p, int ac, int sc, uint64_t *address, uint64_t *size);

/**
 * The #address-cells and #size-cells of NODE for its children (defaults 1 and 1, as Linux has them
 * for the root). 0, or -EINVAL if either is not 1 or 2.
 */
int dt_cells(const void *fdt, int node, int *address_cells, int *size_cells);

/** Whether NODE has no status, or one of "okay" and "ok". */
bool dt_available(const void *fdt, int node);

/** The string property NAME of NODE, or NULL if it is missing or not NUL-terminated. */
const char *dt_string(const void *fdt, int node, const char *name);

/**
 * The node at PATH, which starts with '/' or an alias of one that does, or a negative libfdt error.
 * Safe on a tree whose aliases lead in circles, on which fdt_path_offset() is not.
 */
int dt_find(const void *fdt, const char *path);

/** A node, and those it lies in: from the root, nodes[0], down to the node itself. A walk through a
 * tree is dear, so who asks for several things about a node keeps its path. */
struct dt_path {
	int depth; /**< how many there are; 0: none yet */
	int nodes[DT_DEPTH_MAX];
};

/** The node that PATH leads to. */
static inline int dt_node(const struct dt_path *path)
{
	return path->nodes[path->depth - 1];
}

/** Goes on to the next node of the tree, in its order; from a depth of 0 to the root. Nodes that
 * are too deep are left out. Returns false behind the last one. */
bool dt_next(const void *fdt, struct dt_path *path);

/** The path to NODE, in one walk. 0, or -EINVAL: it is too deep, or none. */
int dt_path_to(const void *fdt, int node, struct dt_path *path);

/**
 * Address N, from 0, in the reg of PATH's node as the CPU sees it: through the ranges of every bus
 * above it (an empty ranges translates 1:1). 0 and *ADDRESS, or -EINVAL: not so many in reg, no
 * ranges, or no range holds it.
 */
int dt_reg_address(const void *fdt, const struct dt_path *path, int n, uint64_t *address);

/** The size that belongs to it, in *SIZE. 0 or -EINVAL: reg has not so many, or no sizes. */
int dt_reg_size(const void *fdt, const struct dt_path *path, int n, uint64_t *size);

/** Property NAME of PATH's node, or of the nearest node above that has it; NULL: none. *LEN is its
 * length. */
const void *dt_inherited(const void *fdt, const struct dt_path *path, const char *name, int *len);

#endif
