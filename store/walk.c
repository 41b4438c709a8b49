/* SPDX-License-Identifier: MIT */
/* Visits of all entries in the order of the region. */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/internal.h"
#include "store/marks.h"

/* Whether the slot at OFF holds a record of an entry; its key is in place then. */
static bool holds_entry(struct store *s, uint32_t off, uint32_t size)
{
	uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);

	if (key_len == 0 || key_len > STORE_KEY_MAX || key_len > size - HDR_BYTES)
		return false;
	/* Where sizes can be checked they may be damaged, and lead to what only looks like slots.
	 */
	return !(s->shadowed || s->layout->verify) || index_at(s, off);
}

static bool wanted(const struct store_walk *w, const uint8_t *key, uint32_t key_len)
{
	if (key_len < w->prefix_len || !same_bytes(key, w->prefix, w->prefix_len))
		return false;
	return !w->wanted || w->wanted(w->ctx, key, key_len);
}

/* Fills *VIEW with the record at OFF; false: it cannot be believed. */
static ALWAYS_INLINE bool look_at(const struct store *s, uint32_t off, struct store_view *view)
{
	uint32_t size = store_readable(s, off);

	if (size)
		store_view_slot(s, off, size, view);
	return size;
}

static int visit(struct store *s, const struct store_walk *w, uint32_t off, int64_t t)
{
	struct store_view view;

	if (!wanted(w, door_at(&s->door, off + HDR_BYTES), door_read(&s->door, off + HDR_KEYLEN)))
		return 0;
	if (!look_at(s, off, &view)) {
		store_report(s, "the entry at offset %lu is damaged: left out", (unsigned long)off);
		return 0;
	}
	if (!w->expired && store_expired(view.expiry, t))
		return 0;
	if (w->no_data)
		view.data = NULL;
	if (w->no_meta)
		view.meta = NULL;
	return w->visit(w->ctx, &view);
}

int store_process(struct store *s, const struct store_walk *walk)
{
	struct marks_ahead ahead = {0};
	int stop = store_enter(s);
	int64_t t;

	if (stop)
		return stop;
	t = store_now(s);
	s->walks++;
	for (uint32_t off = s->start, size; off < s->end && !stop; off += size) {
		marks_step(s, &ahead, off);
		size = s->layout->step(s, off);
		if (!size)
			stop = -EBADMSG;
		else if (holds_entry(s, off, size))
			stop = visit(s, walk, off, t);
	}
	s->walks--;
	store_leave(s);
	return stop;
}

int store_iterate(struct store *s, int (*visit_fn)(void *ctx, const struct store_view *view),
		  void *ctx)
{
	struct store_walk walk = {.visit = visit_fn, .ctx = ctx};

	return store_process(s, &walk);
}

/* Removes the record at OFF if it is expired; *NEXT is then where to go on. True if it was. */
static bool purge_one(struct store *s, uint32_t off, int64_t t, uint32_t *next)
{
	int64_t expiry = (int64_t)be64_load(door_at(&s->door, off + HDR_EXPIRY));

	if (!store_expired(expiry, t)) {
		store_note_expiry(s, expiry);
		return false;
	}
	if (!store_record(s, off) || !store_forget(s, off))
		return false;
	s->counters.expired++;
	return !store_kill(s, off, next);
}

int store_purge(struct store *s, void (*gone)(void *ctx, const void *key, uint32_t key_len),
		void *ctx)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = store_remove_expired(s, gone, ctx);
	store_end(s);
	return err;
}

int store_remove_expired(struct store *s,
			 void (*gone)(void *ctx, const void *key, uint32_t key_len), void *ctx)
{
	struct marks_ahead ahead = {0};
	int64_t t = store_now(s);
	int purged = 0;

	s->first_expiry = INT64_MAX;
	for (uint32_t off = s->start, next; off < s->end; off = next) {
		uint32_t size = s->layout->step(s, off);
		uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);

		if (!size) {
			s->first_expiry = 1; /* who knows */
			return -EBADMSG;
		}
		marks_step(s, &ahead, off);
		next = off + size;
		if (!holds_entry(s, off, size) || !purge_one(s, off, t, &next))
			continue;
		purged++;
		if (gone)
			gone(ctx, door_at(&s->door, off + HDR_BYTES), key_len);
	}
	if (s->layout->tidy)
		s->layout->tidy(s);
	return purged;
}

int store_each_eldest(struct store *s, int (*fn)(void *ctx, const struct store_view *view),
		      void *ctx)
{
	int stop = store_enter(s);

	if (stop)
		return stop;
	for (uint32_t n = order_eldest(s); n && !stop; n = order_next(s, n)) {
		struct store_view view;

		if (look_at(s, order_offset(s, n), &view))
			stop = fn(ctx, &view);
	}
	store_leave(s);
	return stop;
}
