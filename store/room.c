/* SPDX-License-Identifier: MIT */
/* What makes room: for the bytes of a record, and for an entry where only so many are kept. */
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"

/* What a put that finds no room has moved between two looks whether there is room now. */
#define COMPACT_STEP 65536U
/* How often it begins again if it was in the way that others read what had to be moved. */
#define ROUNDS 100

uint32_t store_make_room(struct store *s, uint32_t need, uint32_t *block)
{
	uint32_t off = freelist_take(s, need, block);
	int more = 1;

	if (off || !s->layout->makes_room)
		return off;
	if (s->free.lost)
		store_join_all(s);
	if (store_purgeable(s))
		store_remove_expired(s, NULL, NULL);
	off = freelist_take(s, need, block);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		while (!off && more == 1 && s->free.bytes >= need) {
			more = s->layout->compact(s, COMPACT_STEP);
			off = freelist_take(s, need, block);
		}
		if (off || !s->share || !share_wait_for_pins(s))
			break;
		more = 1;
	}
	return store_stuck(s) ? 0 : off;
}

bool store_forget(struct store *s, uint32_t off)
{
	struct store_index_slot *entry = off ? index_at(s, off) : NULL;

	if (off && !entry)
		entry = index_search(s, off);
	if (entry)
		entries_remove(s, entry);
	return entry;
}

SELDOM uint32_t store_evict_to(struct store *s, uint32_t keep)
{
	uint32_t before = s->index.count;

	while (order_kept(s) && s->index.count > keep) {
		uint32_t off = entries_victim(s);

		if (!store_forget(s, off))
			break;
		s->counters.evicted++;
		store_kill(s, off, NULL);
	}
	return before - s->index.count;
}
