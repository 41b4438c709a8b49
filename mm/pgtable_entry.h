/* SPDX-License-Identifier: MIT */
/* What entries of the tables mean: for mm/pgtable.c and mm/pgtable_lend.c alone. */
#ifndef CAIRN_MM_PGTABLE_ENTRY_H
#define CAIRN_MM_PGTABLE_ENTRY_H

#include "mm/pgtable.h"

#define ROOT_ENTRIES 4096U
#define LEAF_ENTRIES 256U
#define SECTION_SHIFT 20

/* First-level descriptors (B3.5.1). */
#define TYPE_MASK 3U /* 0: nothing is mapped, and the other bits are ours */
#define TYPE_LEAF 1U
#define TYPE_SECTION 2U
#define LEAF_MASK (~(PGTABLE_LEAF_BYTES - 1))
#define DOMAIN(d) ((d) << 5)

/*
 * In an entry of type 0: the section is taken (mm/pgtable_lend.h). Where tables were lent that no
 * walk goes to any more, their address is still there.
 */
#define TAKEN 4U

/** The table that ENTRY points to. One that was lent lies before ours or behind. */
static inline uint32_t *leaf_of(const struct pgtable *pt, uint32_t entry)
{
	return pt->root + (int32_t)((entry & LEAF_MASK) - pt->at) / (int32_t)sizeof(*pt->root);
}

/** Whether ENTRY is that of a section which is taken. */
static inline bool is_taken(const struct pgtable *pt, uint32_t entry)
{
	if ((entry & TYPE_MASK) == TYPE_LEAF)
		return (entry & LEAF_MASK) - pt->at >= PGTABLE_BYTES(pt->room);
	return !(entry & TYPE_MASK) && entry;
}

/** The entry of a page that is mapped with ATTR, but for its address. */
uint32_t pgtable_page_bits(enum pgtable_attr attr);

#endif
