/* SPDX-License-Identifier: MIT */
#include "store/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT (1U << ORDER_SEGMENT_SHIFT)

static uint32_t next_of(const struct store *s, uint32_t n)
{
	const struct store_order_node *node = order_node(s, n);

	return node->next | (uint32_t)node->next_high << 16;
}

static uint32_t prev_of(const struct store *s, uint32_t n)
{
	const struct store_order_node *node = order_node(s, n);

	return node->prev | (uint32_t)node->prev_high << 16;
}

static void set_next(struct store *s, uint32_t n, uint32_t next)
{
	struct store_order_node *node = order_node(s, n);

	node->next = (uint16_t)next;
	node->next_high = (uint8_t)(next >> 16);
}

static void set_prev(struct store *s, uint32_t n, uint32_t prev)
{
	struct store_order_node *node = order_node(s, n);

	node->prev = (uint16_t)prev;
	node->prev_high = (uint8_t)(prev >> 16);
}

void order_set_offset(struct store *s, uint32_t n, uint32_t off)
{
	struct store_order_node *node = order_node(s, n);

	node->off[0] = (uint16_t)off;
	node->off[1] = (uint16_t)((node->off[1] & ORDER_MARK) | off >> 16);
}

/* Room in the list of segments for one more. */
static bool list_segment(struct store_order *o)
{
	uint32_t room = o->segment_room ? o->segment_room * 2 : 1;
	struct store_order_node **segments;

	if (o->segment_count < o->segment_room)
		return true;
	segments = realloc(o->segments, room * sizeof(*segments));
	if (!segments)
		return false;
	o->segments = segments;
	o->segment_room = room;
	return true;
}

/* Makes the last segment larger, or a new one. Node 0 is never used. */
static bool extend(struct store_order *o)
{
	uint32_t i = o->room >> ORDER_SEGMENT_SHIFT, had = o->room & (SEGMENT - 1);
	uint32_t room = had + o->room / 32 + 4;
	struct store_order_node *segment;

	if (room > SEGMENT)
		room = SEGMENT;
	if (!had && !list_segment(o))
		return false;
	segment = realloc(had ? o->segments[i] : NULL, room * sizeof(*segment));
	if (!segment)
		return false;
	o->segments[i] = segment;
	o->segment_count = i + 1;
	o->room += room - had;
	if (!o->used)
		o->used = 1;
	return true;
}

int order_reserve(struct store *s)
{
	struct store_order *o = &s->order;

	if (!o->unused && o->used > STORE_ENTRIES_MAX)
		return -ENOMEM;
	return order_has_room(s) || extend(o) ? 0 : -ENOMEM;
}

static void link_newest(struct store *s, uint32_t n)
{
	struct store_order *o = &s->order;

	set_prev(s, n, o->newest);
	set_next(s, n, 0);
	if (o->newest)
		set_next(s, o->newest, n);
	else
		o->eldest = n;
	o->newest = n;
}

static void unlink_node(struct store *s, uint32_t n)
{
	struct store_order *o = &s->order;
	uint32_t next = next_of(s, n), prev = prev_of(s, n);

	if (next)
		set_prev(s, next, prev);
	else
		o->newest = prev;
	if (prev)
		set_next(s, prev, next);
	else
		o->eldest = next;
	if (o->hand == n)
		o->hand = next;
}

uint32_t order_add(struct store *s, uint32_t off)
{
	struct store_order *o = &s->order;
	uint32_t n = o->unused;

	if (n)
		o->unused = next_of(s, n);
	else
		n = o->used++;
	*order_node(s, n) = (struct store_order_node){0};
	order_set_offset(s, n, off);
	link_newest(s, n);
	return n;
}

void order_touch(struct store *s, uint32_t n)
{
	if (s->config.policy == STORE_SIEVE) {
		order_node(s, n)->off[1] |= ORDER_MARK;
	} else if (n != s->order.newest) {
		unlink_node(s, n);
		link_newest(s, n);
	}
}

void order_remove(struct store *s, uint32_t n)
{
	unlink_node(s, n);
	set_next(s, n, s->order.unused);
	s->order.unused = n;
}

uint32_t order_victim(struct store *s)
{
	struct store_order *o = &s->order;

	if (s->config.policy != STORE_SIEVE || !o->eldest)
		return o->eldest;
	if (!o->hand)
		o->hand = o->eldest;
	while (order_node(s, o->hand)->off[1] & ORDER_MARK) {
		order_node(s, o->hand)->off[1] &= (uint16_t)~ORDER_MARK;
		o->hand = next_of(s, o->hand);
		if (!o->hand)
			o->hand = o->eldest;
	}
	return o->hand;
}

uint32_t order_eldest(const struct store *s)
{
	return s->order.eldest;
}

uint32_t order_next(const struct store *s, uint32_t n)
{
	return next_of(s, n);
}

/* Nodes of segment I. */
static uint32_t nodes_in(const struct store_order *o, uint32_t i)
{
	uint32_t left = o->room - i * SEGMENT;

	return left < SEGMENT ? left : SEGMENT;
}

int order_copy(struct store_order *to, const struct store_order *from)
{
	struct store_order_node **segments;

	if (!from->segment_count)
		return 0;
	segments = malloc(from->segment_count * sizeof(*segments));
	if (!segments)
		return -ENOMEM;
	*to = *from;
	to->segments = segments;
	to->segment_room = from->segment_count;
	for (uint32_t i = 0; i < from->segment_count; i++) {
		size_t bytes = nodes_in(from, i) * sizeof(**segments);

		segments[i] = malloc(bytes);
		if (!segments[i]) {
			to->segment_count = i;
			return -ENOMEM;
		}
		memcpy(segments[i], from->segments[i], bytes);
	}
	return 0;
}

void order_free(struct store *s)
{
	for (uint32_t i = 0; i < s->order.segment_count; i++)
		free(s->order.segments[i]);
	free(s->order.segments);
	s->order = (struct store_order){0};
}

size_t order_bytes(const struct store *s)
{
	return s->order.room * sizeof(struct store_order_node) +
	       s->order.segment_room * sizeof(struct store_order_node *);
}
