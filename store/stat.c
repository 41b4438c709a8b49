/* SPDX-License-Identifier: MIT */
#include "store/freelist.h"
#include "store/index.h"
#include "store/internal.h"
#include "store/order.h"

int store_stat(const struct store *s, struct store_stats *stats)
{
	int err = store_enter(s);
	uint32_t largest, overhead;

	*stats = (struct store_stats){0};
	if (err)
		return err;
	largest = freelist_largest(s);
	overhead = store_slot_bytes(s, 0);
	*stats = s->counters;
	stats->entries = s->index.count;
	stats->free_bytes = s->free.bytes - s->free.tail_size + freelist_tail(s);
	stats->used_bytes =
		s->end - s->start - stats->free_bytes - s->quarantined_bytes - s->pins.dead_bytes;
	stats->largest = largest <= overhead ? 0 : largest - overhead;
	stats->free_slots = s->free.count + (freelist_tail(s) != 0);
	stats->quarantined = s->quarantined;
	stats->pinned = s->pins.views;
	stats->boots = s->super.boots;
	stats->next_seq = s->next_seq;
	stats->end = s->end;
	stats->file_size = s->file_size;
	stats->index_bytes = index_bytes(s) + order_bytes(s);
	stats->free_list_bytes = freelist_bytes(s);
	if (s->share)
		share_stat(s, stats);
	store_leave(s);
	return 0;
}
