/* SPDX-License-Identifier: MIT */
/*
 * The order in which entries go when there are more than max_entries: a list of nodes of 10 bytes
 * outside the region, linked by numbers. The index refers to the node, and the node to the record.
 *
 * STORE_LRU: an entry that is put or read becomes the newest; the eldest goes. STORE_SIEVE: an
 * entry that is read is marked; a hand goes from the eldest to the newest, again and again, takes
 * marks away, and the first entry without one goes.
 */
#ifndef CAIRN_STORE_ORDER_H
#define CAIRN_STORE_ORDER_H

#include "store/store.h"

/* Numbers of nodes have 24 bits, offsets 30; bit 31 of the offset's word is the mark. */
struct store_order_node {
	uint16_t off[2]; /* low, high */
	uint16_t next, prev;
	uint8_t next_high, prev_high;
};

#define ORDER_SEGMENT_SHIFT 10U
#define ORDER_MARK 0x8000U /* in off[1] */

/** Whether this store keeps an order. */
static inline bool order_kept(const struct store *s)
{
	return s->config.max_entries != 0;
}

/** The node of that number, which is in use. */
static inline struct store_order_node *order_node(const struct store *s, uint32_t n)
{
	return &s->order.segments[n >> ORDER_SEGMENT_SHIFT][n & ((1U << ORDER_SEGMENT_SHIFT) - 1)];
}

/** The offset of the record of node N. */
static inline uint32_t order_offset(const struct store *s, uint32_t n)
{
	const struct store_order_node *node = order_node(s, n);

	return node->off[0] | (uint32_t)(node->off[1] & ~ORDER_MARK) << 16;
}

/** Makes OFF the offset of the record of node N. */
void order_set_offset(struct store *s, uint32_t n, uint32_t off);

/** Whether order_reserve() has nothing to do. */
static inline bool order_has_room(const struct store *s)
{
	return s->order.unused || s->order.used < s->order.room;
}

/** Makes room for one more node, so that the next order_add() cannot fail. 0 or -ENOMEM. */
int order_reserve(struct store *s);

/** Adds a node for the record at OFF as the newest; its number, which is not 0. */
uint32_t order_add(struct store *s, uint32_t off);

/** Notes that the entry of node N was put again or read. */
void order_touch(struct store *s, uint32_t n);

/** Takes node N out. */
void order_remove(struct store *s, uint32_t n);

/** The node of the entry that has to go next, or 0; with STORE_SIEVE the hand moves to it. */
uint32_t order_victim(struct store *s);

/** The eldest node, or 0; and the node that is newer than N, or 0. */
uint32_t order_eldest(const struct store *s);
uint32_t order_next(const struct store *s, uint32_t n);

/** Makes *TO, which is empty, a copy of *FROM. 0, or -ENOMEM: what there is of it is to be freed.
 */
int order_copy(struct store_order *to, const struct store_order *from);

/** Forgets all nodes and frees their memory. */
void order_free(struct store *s);

/** Bytes of memory that it takes. */
size_t order_bytes(const struct store *s);

#endif
