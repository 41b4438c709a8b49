/* SPDX-License-Identifier: MIT */
/* The calls that change one entry, and what every call that writes begins and ends with. */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

/* FCS1's rule for a free block that is not the last one: a rest of so many bytes is split off. */
#define SPLIT_REST_MIN 128U

/* ---- begin and end ---- */

int store_enter(const struct store *s)
{
	if (!s->open)
		return -EBADF;
	return s->share ? share_enter((struct store *)(uintptr_t)s) : 0;
}

void store_leave(const struct store *s)
{
	if (s->share)
		share_leave((struct store *)(uintptr_t)s);
}

void store_window_open(struct store *s)
{
	door_open(&s->door);
	if (s->share)
		share_settle(s);
}

int store_writable(const struct store *s)
{
	if (!s->open)
		return -EBADF;
	if (s->walks || s->batch.open)
		return -EBUSY;
	return s->read_only ? -EROFS : 0;
}

/* store_begin() of a store that is shared. */
static __attribute__((noinline)) int begin_shared(struct store *s)
{
	int err = share_enter(s);

	if (err)
		return err;
	err = store_writable(s);
	if (!err) {
		store_window_open(s);
		if (!store_stuck(s))
			return 0;
		door_close(&s->door);
		err = -ETIMEDOUT;
	}
	share_leave(s);
	return err;
}

static ALWAYS_INLINE int begin(struct store *s)
{
	int err;

	if (s->share)
		return begin_shared(s);
	err = store_writable(s);
	if (!err)
		door_open(&s->door);
	return err;
}

int store_begin(struct store *s)
{
	return begin(s);
}

void store_window_close(struct store *s)
{
	if (s->share)
		share_publish(s);
	door_close(&s->door);
}

static __attribute__((noinline)) void end_shared(struct store *s)
{
	store_window_close(s);
	share_leave(s);
}

static ALWAYS_INLINE void end(struct store *s)
{
	if (s->share)
		end_shared(s);
	else
		door_close(&s->door);
}

void store_end(struct store *s)
{
	end(s);
}

/* ---- the end of a record ---- */

uint32_t store_reclaim(struct store *s, uint32_t off, uint32_t size)
{
	uint32_t end = s->layout->reclaim(s, off, size);

	store_unpack(s);
	return end;
}

/* The record at OFF says nothing that may be acted on. */
static SELDOM __attribute__((noinline)) int kill_damaged(struct store *s, uint32_t off)
{
	store_report(s,
		     "the entry at offset %lu is damaged: kept aside, its slot is not used again",
		     (unsigned long)off);
	s->layout->set_aside(s, off);
	return -EBADMSG;
}

/* store_kill(). */
static ALWAYS_INLINE int kill(struct store *s, uint32_t off, uint32_t *next)
{
	uint32_t size;

	if (s->share && share_hide(s, off))
		return -ETIMEDOUT;
	size = store_record(s, off);
	if (!size)
		return kill_damaged(s, off);
	s->layout->kill(s, off, size);
	*next = pins_keep(s, off, size) ? off + size : store_reclaim(s, off, size);
	return 0;
}

int store_kill(struct store *s, uint32_t off, uint32_t *next)
{
	uint32_t end;

	return kill(s, off, next ? next : &end);
}

/* ---- put ---- */

uint32_t store_cut_to(const struct store *s, uint32_t off, uint32_t block, uint32_t need)
{
	uint32_t rest = block - need;
	bool last = off == s->end || off + block == s->free.limit;
	bool split = last ? rest >= s->layout->tail_rest_min
			  : rest >= SPLIT_REST_MIN &&
				     (float)need <= (float)block * s->config.fragmentation;

	return split ? need : block;
}

int store_refused(const struct store *s, int err)
{
	return store_stuck(s) ? -ETIMEDOUT : err;
}

/* Makes room for an entry with HASH: its segment; NULL: store_refused(). */
static ALWAYS_INLINE struct store_segment *reserve(struct store *s, uint32_t hash)
{
	return s->share ? share_reserve_entry(s, hash) : entries_segment(s, hash);
}

/* The same once more for what has BLOCK by now: entries may have gone, or all of them moved. */
static SELDOM __attribute__((noinline)) struct store_segment *
reserve_again(struct store *s, uint32_t hash, uint32_t off, uint32_t block)
{
	struct store_segment *seg = reserve(s, hash);

	if (!seg)
		freelist_add(s, off, block);
	return seg;
}

int store_check_content(const struct store *s, const struct slot_content *c, uint32_t *need)
{
	uint64_t content = (uint64_t)c->key_len + c->data_len + c->meta_len;

	if (c->key_len - 1 >= STORE_KEY_MAX)
		return -EDOM;
	if (content > INT32_MAX)
		return -ERANGE;
	*need = store_slot_bytes(s, (uint32_t)content);
	return *need > s->limit - s->start ? -E2BIG : 0;
}

/* The record that has to go when one with a new key comes, or 0. */
static uint32_t victim_of(struct store *s)
{
	if (!order_kept(s) || s->index.count < s->config.max_entries)
		return 0;
	return entries_victim(s);
}

/* Adds an entry for the record at OFF, for which the one at VICTIM goes. */
static SELDOM __attribute__((noinline)) void replace_victim(struct store *s, uint32_t victim,
							    uint32_t hash, uint32_t off)
{
	bool evicted = store_forget(s, victim);

	entries_add(s, index_place(s, hash), hash, off);
	s->counters.evicted += evicted;
	if (evicted)
		store_kill(s, victim, NULL);
}

/* store_put() of C, alone. */
static ALWAYS_INLINE int put(struct store *s, struct slot_content *c)
{
	uint32_t hash, need, off, block, old = 0, victim;
	struct store_index_slot *entry;
	struct store_segment *seg;
	struct index_place at;
	int err = store_check_content(s, c, &need);

	if (err)
		return err;
	hash = index_hash(s, c->key, c->key_len);
	seg = reserve(s, hash);
	if (!seg)
		return store_refused(s, -ENOMEM);
	off = freelist_take(s, need, &block);
	if (!off) {
		off = store_make_room(s, need, &block);
		if (!off)
			return store_refused(s, -ENOSPC);
		seg = reserve_again(s, hash, off, block);
		if (!seg)
			return store_refused(s, -ENOMEM);
	}
	at = (struct index_place){seg, index_first(seg, hash)};
	entry = index_match(s, at, hash, c->key, c->key_len, &old);
	victim = entry ? 0 : victim_of(s);
	if (s->layout->begin)
		err = s->layout->begin(s, c, victim);
	if (err) {
		freelist_add(s, off, block);
		return err;
	}
	s->layout->write(s, off, block, store_cut_to(s, off, block, need), c);
	marks_note(s, off);
	store_note_expiry(s, c->expiry);
	s->counters.puts++;
	if (entry) {
		entries_set_offset(s, entry, off);
		entries_touch(s, entry);
		store_kill(s, old, NULL); /* if that fails it is out of the way all the same */
	} else if (victim) {
		replace_victim(s, victim, hash, off);
	} else {
		entries_add(s, at, hash, off);
	}
	return 0;
}

/* Flat: nothing that each put goes through is worth a call. */
__attribute__((flatten)) int store_put(struct store *s, const void *key, uint32_t key_len,
				       const void *data, uint32_t data_len, const void *meta,
				       uint32_t meta_len, int64_t expiry)
{
	struct slot_content c = {
		.key = key,
		.data = data,
		.meta = meta,
		.key_len = key_len,
		.data_len = data_len,
		.meta_len = meta_len,
		.expiry = expiry,
	};
	int err = begin(s);

	if (err)
		return err;
	err = put(s, &c);
	end(s);
	return err;
}

/* 0 if the entry of KEY, or that there is none, is what store_put_if() was told; else why not. */
static SELDOM int check_version(struct store *s, uint64_t version, const void *key,
				uint32_t key_len)
{
	uint32_t off, size;
	int err = store_find(s, key, key_len, &off, &size);

	if (err && err != -ENOENT)
		return err;
	if (version == STORE_ABSENT)
		return err ? 0 : -EEXIST;
	if (!s->layout->versions)
		return -ENOTSUP;
	if (err)
		return err;
	return slot_seq(s, off, size) == version ? 0 : -ESTALE;
}

int store_put_if(struct store *s, uint64_t version, const void *key, uint32_t key_len,
		 const void *data, uint32_t data_len, const void *meta, uint32_t meta_len,
		 int64_t expiry)
{
	int err = store_enter(s);

	if (err)
		return err;
	err = check_version(s, version, key, key_len);
	if (!err)
		err = store_put(s, key, key_len, data, data_len, meta, meta_len, expiry);
	store_leave(s);
	return err;
}

/* ---- delete ---- */

/* store_delete(), alone. */
static ALWAYS_INLINE int remove_key(struct store *s, const void *key, uint32_t key_len)
{
	struct store_index_slot *entry;
	struct index_place at;
	uint32_t hash, off, end;

	if (!s->index.count)
		return -ENOENT;
	hash = index_hash(s, key, key_len);
	at = index_place(s, hash);
	entry = index_match(s, at, hash, key, key_len, &off);
	if (!entry)
		return -ENOENT;
	entries_remove_from(s, at.seg, entry);
	s->counters.deletes++;
	return kill(s, off, &end);
}

int store_delete(struct store *s, const void *key, uint32_t key_len)
{
	int err = store_check_key(s, key_len);

	if (!err)
		err = begin(s);
	if (err)
		return err;
	err = remove_key(s, key, key_len);
	end(s);
	return err;
}
