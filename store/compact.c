/* SPDX-License-Identifier: MIT */
/*
 * Compaction of the native layout: records move down into the free slot before them, so that it
 * wanders to the end of the region and takes up every other one on its way.
 *
 * A record is copied, never slid over itself: into the free slot before it if it fits there, else
 * out of the way into another one, which makes the slot before it larger. The copy has the record's
 * number, so it does not matter which of the two a cut leaves.
 */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

/* Moves the record of VIEW into the free block [to, to + block), which does not overlap it. False:
 * it is there, but is not ended where it was. */
static bool move(struct store *s, struct store_index_slot *entry, const struct store_view *view,
		 uint32_t to, uint32_t block)
{
	struct slot_content c = {
		.key = view->key,
		.data = view->data,
		.meta = view->meta,
		.key_len = view->key_len,
		.data_len = view->data_len,
		.meta_len = view->meta_len,
		.expiry = view->expiry,
		.seq = view->version,
	};
	uint32_t need = slot_size(c.key_len + c.data_len + c.meta_len);

	s->layout->write(s, to, block, block - need >= SLOT_MIN ? need : block, &c);
	marks_note(s, to);
	entries_set_offset(s, entry, to);
	s->counters.moved_bytes += view->slot_size;
	if (s->share && share_hide(s, view->slot))
		return false;
	s->layout->kill(s, view->slot, view->slot_size);
	if (!pins_keep(s, view->slot, view->slot_size))
		s->layout->reclaim(s, view->slot, view->slot_size);
	return true;
}

/*
 * Moves the record at OFF, right behind the free block [hole, off), there or out of the way. False
 * if it has to stay.
 */
static bool move_from(struct store *s, uint32_t hole, uint32_t off)
{
	struct store_index_slot *entry = pins_pass(s, off) ? NULL : index_at(s, off);
	uint32_t size, need, block = off - hole, to = hole;
	struct store_view view;

	size = entry ? store_record(s, off) : 0;
	if (!size)
		return false;
	store_view_slot(s, off, size, &view);
	need = slot_size(view.key_len + view.data_len + view.meta_len);
	if (need > block)
		to = freelist_take(s, need, &block);
	else
		freelist_remove(s, to, block);
	if (!to)
		return false;
	return move(s, entry, &view, to, block);
}

/* Leaves the free block where it is, and goes on behind it. */
static void pass(struct store *s, uint32_t next)
{
	if (s->passed == s->limit) {
		s->passed = s->packed;
		s->passed_slots = s->free.count;
	}
	s->packed = next;
}

/* At the end: 1, and back to the slot that was passed by, if there are fewer free ones now: larger.
 */
static int go_back(struct store *s)
{
	if (s->passed == s->limit || s->free.count >= s->passed_slots)
		return 0;
	s->packed = s->passed;
	s->passed = s->limit;
	return 1;
}

int store_compact_native(struct store *s, uint32_t max_bytes)
{
	uint64_t enough = s->counters.moved_bytes + max_bytes;
	uint32_t size, next;

	if (s->packed < s->start)
		s->packed = s->start;
	for (uint64_t looks = 0; s->packed < s->end; looks += HDR_BYTES) {
		if (looks && s->counters.moved_bytes + looks >= enough)
			return 1;
		size = store_step(s, s->packed);
		if (!size)
			return -EBADMSG;
		next = s->packed + size;
		if (!store_is_hole(s, s->packed)) {
			s->packed = next;
			continue;
		}
		if (next == s->end)
			break;
		if (!move_from(s, s->packed, next))
			pass(s, next);
	}
	return go_back(s);
}
