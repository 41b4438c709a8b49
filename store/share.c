/* SPDX-License-Identifier: MIT */
#include "store/share.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/spin.h"
#include "store/entries.h"
#include "store/internal.h"
#include "store/pins.h"

/* Changes between two publications, but for a batch's and the touches of readers. */
#define CHANGES 8U

/* Turns of the wait for those who read a record for a moment, and have it where it is. */
#define READS 1000U

/* What is not shown: the store's own index was there last, or is if that one lags. */
static struct store *hidden_face(struct store_share *sh)
{
	return &sh->face[!atomic_load_explicit(&sh->shown, memory_order_relaxed)];
}

/* ---- the two indexes ---- */

/* The store's own index becomes that of FACE, or FACE's the store's own. */
static void to_face(const struct store *s, struct store *face)
{
	face->index = s->index;
	face->order = s->order;
	face->end = s->end;
}

static void from_face(struct store *s, const struct store *face)
{
	s->index = face->index;
	s->order = face->order;
}

static void no_index(struct store *s)
{
	s->index = (struct store_index){0};
	s->order = (struct store_order){0};
}

void share_note(struct store *s, enum share_kind kind, uint32_t hash, uint32_t off, uint32_t to)
{
	struct store_share *sh = s->share;

	if (!sh->again)
		sh->changes[sh->count++] = (struct share_change){kind, hash, off, to};
}

/* The entry with HASH of the record at OFF, or NULL. */
static struct store_index_slot *entry_of(struct store *s, uint32_t hash, uint32_t off)
{
	struct store_index_slot *slot;

	if (!s->index.count)
		return NULL;
	for (slot = index_place(s, hash).slot; slot->hash == hash; slot++)
		if (index_offset(s, slot) == off)
			return slot;
	return NULL;
}

/* Makes a change again. 0 or -ENOMEM. */
static int make_again(struct store *s, const struct share_change *c)
{
	struct store_index_slot *slot;

	switch (c->kind) {
	case SHARE_ADD:
		if (entries_reserve(s, c->hash))
			return -ENOMEM;
		entries_add(s, index_place(s, c->hash), c->hash, c->off);
		return 0;
	case SHARE_CHOOSE:
		order_victim(s);
		return 0;
	case SHARE_CLEAR:
		entries_free(s);
		return 0;
	default:
		break;
	}
	slot = entry_of(s, c->hash, c->off);
	if (!slot)
		return 0;
	if (c->kind == SHARE_REMOVE)
		entries_remove(s, slot);
	else if (c->kind == SHARE_MOVE)
		entries_set_offset(s, slot, c->to);
	else
		entries_touch(s, slot);
	return 0;
}

/*
 * Makes the hidden index, in which nobody is, the store's own, with all changes. -ENOMEM: that is
 * to be tried again.
 */
static int catch_up(struct store *s)
{
	struct store_share *sh = s->share;
	struct store *hidden = hidden_face(sh);

	from_face(s, hidden);
	sh->again = true;
	while (sh->made < sh->count && !make_again(s, &sh->changes[sh->made]))
		sh->made++;
	sh->again = false;
	sh->lags = sh->made < sh->count;
	if (sh->lags) {
		to_face(s, hidden);
		no_index(s);
		return -ENOMEM;
	}
	sh->made = sh->count = 0;
	return 0;
}

/* Waits until READER is not in FACE. 0 or -ETIMEDOUT. */
static int wait_for(const struct share_reader *reader, uint32_t face, uint64_t ns)
{
	struct deadline late = deadline_after(ns);

	while (atomic_load(&reader->in) == face + 1)
		if (spin_over(&late))
			return -ETIMEDOUT;
	return 0;
}

/* Waits until no reader is in FACE. 0 or -ETIMEDOUT. */
static int drain(const struct store_share *sh, uint32_t face)
{
	int err = 0;

	for (uint32_t i = 0; i < sh->with.sharers && !err; i++)
		if (atomic_load(&sh->reader[i].in) == face + 1)
			err = wait_for(&sh->reader[i], face, sh->with.patience_ns);
	return err;
}

/* From here on nothing is ended or changed, since it cannot be known any more who looks at what. */
static int stop(struct store *s, const char *why)
{
	s->share->stuck = true;
	no_index(s);
	store_report(s, "%s: until the next open it is only read", why);
	return -ETIMEDOUT;
}

/* share_publish(), whether there are changes or not. */
static int flip(struct store *s)
{
	struct store_share *sh = s->share;
	uint32_t shown = atomic_load_explicit(&sh->shown, memory_order_relaxed);

	to_face(s, &sh->face[!shown]);
	atomic_store(&sh->shown, !shown);
	if (drain(sh, shown))
		return stop(s, "a reader did not come back");
	catch_up(s);
	return 0;
}

int share_publish(struct store *s)
{
	const struct store_share *sh = s->share;

	if (sh->stuck)
		return -ETIMEDOUT;
	return sh->lags || !sh->count ? 0 : flip(s);
}

/* Whether an entry with HASH can be added to FACE, which is shown, without memory. */
static bool has_room(const struct store *face, uint32_t hash)
{
	const struct store_segment *seg;

	if (!face->index.count || (order_kept(face) && !order_has_room(face)))
		return false;
	seg = index_segment(&face->index, hash);
	return seg->count < seg->most;
}

struct store_segment *share_reserve_entry(struct store *s, uint32_t hash)
{
	const struct store_share *sh = s->share;
	const struct store *shown =
		&sh->face[atomic_load_explicit(&sh->shown, memory_order_relaxed)];
	struct store_segment *seg = entries_segment(s, hash);

	if (!seg || has_room(shown, hash))
		return seg;
	return flip(s) ? NULL : entries_segment(s, hash);
}

/* ---- writing ---- */

int share_enter(struct store *s)
{
	struct store_share *sh = s->share;
	int err = core_lock_take(&sh->lock, sh->with.self(sh->with.ctx), sh->with.patience_ns);

	if (err || sh->lock.taken > 1)
		return err;
	if (sh->stuck)
		err = -ETIMEDOUT;
	else if (sh->lags)
		err = catch_up(s);
	if (err)
		core_lock_give(&sh->lock);
	return err;
}

void share_leave(struct store *s)
{
	struct store_share *sh = s->share;

	if (sh->lock.taken == 1)
		share_publish(s);
	core_lock_give(&sh->lock);
}

static bool reader_pinned(const struct share_reader *reader, uint32_t off)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(reader->pins); i++)
		if (atomic_load_explicit(&reader->pins[i], memory_order_acquire) == off)
			return true;
	return false;
}

/* Whether a sharer has a pin on the slot at OFF. */
static bool pinned(const struct store_share *sh, uint32_t off)
{
	for (uint32_t i = 0; i < sh->with.sharers; i++)
		if (atomic_load_explicit(&sh->reader[i].pinned, memory_order_acquire) &&
		    reader_pinned(&sh->reader[i], off))
			return true;
	return false;
}

int share_pin(struct store *s, uint32_t off)
{
	return pinned(s->share, off) && !pins_find(s, off) ? pins_add(s, off) : 0;
}

/* Ends pins that share_pin() made and no sharer has any more, and reclaims what they held; whether
 * there were any. */
static bool let_go(struct store *s)
{
	uint32_t i = s->pins.count, off, size;
	bool any = false;

	while (i--) {
		off = s->pins.pins[i].off;
		if (pinned(s->share, off))
			continue;
		any = true;
		if (store_unpin(s, off, &size))
			store_reclaim(s, off, size);
	}
	return any;
}

bool share_wait_for_pins(struct store *s)
{
	for (uint32_t i = 0; i < READS && s->pins.count && !store_stuck(s); i++) {
		if (let_go(s))
			return true;
		spin_rest();
	}
	return false;
}

int share_hide(struct store *s, uint32_t off)
{
	int err;

	if (s->pins.count == s->pins.room)
		let_go(s);
	err = share_publish(s);
	if (err || !share_pin(s, off))
		return err;
	if (!s->share->lags)
		to_face(s, hidden_face(s->share)); /* to be freed with it */
	return stop(s, "there is no memory to remember who looks at what");
}

int share_hide_all(struct store *s)
{
	int err = share_publish(s);

	if (!err)
		let_go(s); /* nobody finds anything: there will be no more pins than now */
	return err;
}

/* Notes what READER read since the last time: what it left too long ago is forgotten. */
static void note_touches(struct store *s, struct share_reader *reader)
{
	const struct store_share *sh = s->share;
	uint32_t n = atomic_load_explicit(&reader->touches, memory_order_acquire);

	if (n - reader->noted > SHARE_TOUCHED)
		reader->noted = n - SHARE_TOUCHED;
	for (; reader->noted != n && sh->count + CHANGES < sh->room; reader->noted++) {
		uint32_t i = reader->noted % SHARE_TOUCHED;
		/* They may be of two entries by now: then there is none with both. */
		struct store_index_slot *slot = entry_of(
			s, atomic_load_explicit(&reader->touched[i].hash, memory_order_relaxed),
			atomic_load_explicit(&reader->touched[i].off, memory_order_relaxed));

		if (slot)
			entries_touch(s, slot);
	}
}

void share_settle(struct store *s)
{
	struct store_share *sh = s->share;

	let_go(s);
	for (uint32_t i = 0; order_kept(s) && i < sh->with.sharers; i++)
		note_touches(s, &sh->reader[i]);
	if (!s->batch.open)
		store_evict(s); /* a batch whose changes could not be made again left too many */
}

int share_reserve(struct store *s, uint32_t count)
{
	struct store_share *sh = s->share;
	uint32_t room = sh->count + CHANGES + sh->with.sharers * SHARE_TOUCHED + 2 * count;
	struct share_change *changes;

	if (room <= sh->room)
		return 0;
	changes = realloc(sh->changes, room * sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	sh->changes = changes;
	sh->room = room;
	return 0;
}

/* ---- beginning and end ---- */

/* A store for readers: what of S does not change while it is open. */
static struct store make_face(const struct store *s)
{
	return (struct store){
		.config = s->config,
		.layout = s->layout,
		.door = {.media = s->door.media},
		.super = {.salt = s->super.salt},
		.end = s->end,
	};
}

/* Fills S->share. 0 or -ENOMEM. */
static int prepare(struct store *s)
{
	struct store_share *sh = s->share;

	for (uint32_t i = 0; i < ARRAY_SIZE(sh->face); i++)
		sh->face[i] = make_face(s);
	if (index_copy(&sh->face[0].index, &s->index) || order_copy(&sh->face[0].order, &s->order))
		return -ENOMEM;
	/* As many as there can be, and as many that were let go since it was looked. */
	if (pins_reserve(s, 2 * sh->with.sharers * (uint32_t)ARRAY_SIZE(sh->reader->pins)))
		return -ENOMEM;
	return share_reserve(s, 0);
}

/* What readers go by becomes the store's own, which must have none. */
static void free_face(struct store *s, const struct store *face)
{
	from_face(s, face);
	entries_free(s);
}

void share_free(struct store *s)
{
	struct store_share *sh = s->share;
	struct store hidden_own = {.index = s->index, .order = s->order};
	uint32_t shown = atomic_load_explicit(&sh->shown, memory_order_relaxed);

	free_face(s, &sh->face[shown]);
	if (sh->lags || sh->stuck)
		free_face(s, &sh->face[!shown]);
	from_face(s, &hidden_own);
	free(sh->changes);
	free(sh);
	s->share = NULL;
}

int store_share(struct store *s, const struct store_sharing *sharing)
{
	int err = store_writable(s);
	struct store_share *sh;
	size_t bytes;

	if (err)
		return err;
	if (s->layout != &store_native)
		return -ENOTSUP;
	if (!sharing->self || sharing->sharers - 1 >= STORE_SHARERS_MAX || !sharing->patience_ns)
		return -EINVAL;
	if (s->share || s->pins.count)
		return -EBUSY;
	bytes = sizeof(*sh) + sharing->sharers * sizeof(*sh->reader);
	sh = malloc(bytes);
	if (!sh)
		return -ENOMEM;
	memset(sh, 0, bytes);
	sh->with = *sharing;
	s->share = sh;
	err = prepare(s);
	if (err)
		share_free(s);
	else
		s->plain = false;
	return err;
}

void share_stat(const struct store *s, struct store_stats *stats)
{
	const struct store_share *sh = s->share;
	const struct store *shown =
		&sh->face[atomic_load_explicit(&sh->shown, memory_order_relaxed)];

	stats->index_bytes += index_bytes(shown) + order_bytes(shown);
	stats->pinned = 0;
	for (uint32_t i = 0; i < sh->with.sharers; i++) {
		const struct share_reader *r = &sh->reader[i];

		stats->hits += atomic_load_explicit(&r->hits, memory_order_relaxed);
		stats->misses += atomic_load_explicit(&r->misses, memory_order_relaxed);
		for (uint32_t k = 0; k < STORE_VIEWS; k++)
			stats->pinned +=
				atomic_load_explicit(&r->pins[k], memory_order_relaxed) != 0;
	}
}
