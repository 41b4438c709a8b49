/* SPDX-License-Identifier: MIT */
/*
 * The free blocks of the chain by size and then offset, outside the region; the last block of the
 * chain is kept apart, because it is used only when no other fits.
 *
 * Two levels: leaves in order, and in a leaf up to 1024 blocks in any order. Adding one is a binary
 * search for its leaf and one store. Finding one looks through a leaf; a large one is split near
 * its median, and the part in question again, until it is small enough for that. So what is only
 * freed is hardly sorted, and what is asked for is.
 *
 * The blocks freed last wait beside the leaves: an overwrite often takes what the one before it
 * freed, and several together find their leaves quicker.
 */
#ifndef CAIRN_STORE_FREELIST_H
#define CAIRN_STORE_FREELIST_H

#include "store/store.h"

/** Forgets all blocks and frees the list's memory. */
void freelist_free(struct store *s);

/** Forgets all blocks. A block that ends at LIMIT is the last one. */
void freelist_clear(struct store *s, uint32_t limit);

/** Makes the last block [OFF, OFF + SIZE); OFF 0: there is none. */
static inline void freelist_set_tail(struct store *s, uint32_t off, uint32_t size)
{
	s->free.bytes += size - s->free.tail_size;
	s->free.tail_off = off;
	s->free.tail_size = size;
}

/** Size and offset as one number, which orders blocks as they are wanted; never 0. */
static inline uint64_t freelist_key(uint32_t size, uint32_t off)
{
	return (uint64_t)size << 32 | off;
}

/** Puts the blocks that were freed last into their leaves. */
void freelist_settle(struct store *s);

/**
 * Adds a free block. If there is no memory to remember it, it stays free in the region, free.lost
 * is set, and it is listed again when the list is built anew or a neighbour is freed.
 */
static inline void freelist_add(struct store *s, uint32_t off, uint32_t size)
{
	struct store_freelist *f = &s->free;

	if (off + size == f->limit) {
		freelist_set_tail(s, off, size);
		return;
	}
	if (f->recents == ARRAY_SIZE(f->recent))
		freelist_settle(s);
	f->recent[f->recents++] = freelist_key(size, off);
	f->count++;
	f->bytes += size;
}

/** Takes the block [off, off + size) out, if it is in. */
void freelist_remove(struct store *s, uint32_t off, uint32_t size);

/** freelist_take() of a block that is not the last one. */
uint32_t freelist_take_inner(struct store *s, uint32_t size, uint32_t *got);

/**
 * Takes out the smallest block of at least SIZE bytes (which is not 0), at equal size the lowest,
 * the last one only if no other is large enough; *GOT is its size. Its offset, or 0: there is none.
 */
static inline uint32_t freelist_take(struct store *s, uint32_t size, uint32_t *got)
{
	uint32_t off = s->free.count ? freelist_take_inner(s, size, got) : 0;

	if (off || !s->free.tail_off || s->free.tail_size < size)
		return off;
	off = s->free.tail_off;
	*got = s->free.tail_size;
	freelist_set_tail(s, 0, 0);
	return off;
}

/** The size of the largest block; 0: none. */
uint32_t freelist_largest(const struct store *s);

/** The size of the last block if it is a slot, not only what a file may still grow by; else 0. */
uint32_t freelist_tail(const struct store *s);

/** Calls FN for each block in order, the last of the chain last, until it returns other than 0. */
int freelist_each(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size), void *ctx);

/** Bytes of memory that it takes. */
size_t freelist_bytes(const struct store *s);

#endif
