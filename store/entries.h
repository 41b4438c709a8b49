/* SPDX-License-Identifier: MIT */
/* An entry is a slot in the index and, if an order is kept, a node in it. */
#ifndef CAIRN_STORE_ENTRIES_H
#define CAIRN_STORE_ENTRIES_H

#include "store/index.h"
#include "store/order.h"
#include "store/share.h"

/**
 * Makes room for one with HASH, so that its entries_add() cannot fail. The segment that it will be
 * in unless the index changes before; NULL: no memory.
 */
static inline struct store_segment *entries_segment(struct store *s, uint32_t hash)
{
	struct store_segment *seg = index_reserve(s, hash);

	return order_kept(s) && order_reserve(s) ? NULL : seg;
}

/** The same without the segment. 0 or -ENOMEM. */
static inline int entries_reserve(struct store *s, uint32_t hash)
{
	return entries_segment(s, hash) ? 0 : -ENOMEM;
}

/** Adds the record at OFF, whose key has HASH and is in no entry, as the newest, AT its place. */
static inline void entries_add(struct store *s, struct index_place at, uint32_t hash, uint32_t off)
{
	if (s->share)
		share_note(s, SHARE_ADD, hash, off, 0);
	index_insert(s, at, hash, order_kept(s) ? order_add(s, off) : off);
}

/** Gathers the record at OFF, whose key has HASH, as the newest. 0 or -ENOMEM. */
static inline int entries_gather(struct store *s, struct index_bulk *b, uint32_t hash, uint32_t off)
{
	if (order_kept(s) && order_reserve(s))
		return -ENOMEM;
	return index_bulk_add(b, hash, order_kept(s) ? order_add(s, off) : off);
}

/** Takes the entry at SLOT, which is in SEG, out. */
static inline void entries_remove_from(struct store *s, struct store_segment *seg,
				       struct store_index_slot *slot)
{
	if (s->share)
		share_note(s, SHARE_REMOVE, slot->hash, index_offset(s, slot), 0);
	if (order_kept(s))
		order_remove(s, slot->ref);
	index_remove(s, seg, slot);
}

/** Takes the entry at SLOT out. */
static inline void entries_remove(struct store *s, struct store_index_slot *slot)
{
	entries_remove_from(s, index_segment(&s->index, slot->hash), slot);
}

/** Makes OFF the offset of the record of the entry at SLOT. */
static inline void entries_set_offset(struct store *s, struct store_index_slot *slot, uint32_t off)
{
	if (s->share)
		share_note(s, SHARE_MOVE, slot->hash, index_offset(s, slot), off);
	index_set_offset(s, slot, off);
}

/** Notes that an entry was put again or read. */
static inline void entries_touch(struct store *s, const struct store_index_slot *slot)
{
	if (!order_kept(s))
		return;
	if (s->share)
		share_note(s, SHARE_TOUCH, slot->hash, order_offset(s, slot->ref), 0);
	order_touch(s, slot->ref);
}

/** The record of the entry that has to go next. There is an entry, and an order is kept. */
static inline uint32_t entries_victim(struct store *s)
{
	if (s->share)
		share_note(s, SHARE_CHOOSE, 0, 0, 0);
	return order_offset(s, order_victim(s));
}

/** Forgets all of them. */
static inline void entries_free(struct store *s)
{
	index_free(s);
	order_free(s);
}

/** The same as a change of the store. */
static inline void entries_clear(struct store *s)
{
	if (s->share)
		share_note(s, SHARE_CLEAR, 0, 0, 0);
	entries_free(s);
}

#endif
