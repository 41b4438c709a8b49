/* SPDX-License-Identifier: MIT */
/*
 * The free blocks of the chain, by size and then offset, outside the region; the last block of the
 * chain is kept apart, because it is used only when no other fits.
 */
#ifndef CAIRN_STORE_FREELIST_H
#define CAIRN_STORE_FREELIST_H

#include "store/store.h"

/** Forgets all blocks and frees the list's memory. */
void freelist_free(struct store *s);

/** Forgets all blocks. */
void freelist_clear(struct store *s);

/**
 * Adds a free block. If there is no memory to remember it, it stays free in the region and is found
 * again at the next open or when a neighbour is freed.
 */
void freelist_add(struct store *s, uint32_t off, uint32_t size);

/** Takes the block [off, off + size) out, if it is in. */
void freelist_remove(struct store *s, uint32_t off, uint32_t size);

/** The smallest block of at least SIZE bytes, at equal size the lowest; *GOT is its size; 0: none.
 */
uint32_t freelist_best(const struct store *s, uint32_t size, uint32_t *got);

/** The size of the largest block; 0: none. */
uint32_t freelist_largest(const struct store *s);

#endif
