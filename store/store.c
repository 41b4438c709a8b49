/* SPDX-License-Identifier: MIT */
/* What is the same for both layouts: the calls of store.h on single entries. */
#include "store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

/* FCS1's rules for splitting a free block that is not the last one. */
#define SPLIT_REST_MIN 128U
#define FRAGMENTATION 0.75F
/* What a put that finds no room has moved between two looks whether there is room now. */
#define COMPACT_STEP 65536U
/* How often it begins again if it was in the way that others read what had to be moved. */
#define ROUNDS 100

SELDOM void store_report(const struct store *s, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!s->config.report)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->config.report(s->config.ctx, line);
}

bool store_expired(int64_t expiry, int64_t now)
{
	return expiry > 0 && expiry < now;
}

int64_t store_now(const struct store *s)
{
	return s->config.now ? s->config.now(s->config.ctx) : 0;
}

bool store_purgeable(const struct store *s)
{
	return store_expired(s->first_expiry, store_now(s));
}

static bool config_usable(const struct store *s)
{
	const struct store_config *c = &s->config;

	return s->layout->usable(&c->media) && c->file_size <= c->media.size &&
	       c->fragmentation > 0.0F && c->fragmentation <= 1.0F &&
	       c->max_entries <= STORE_ENTRIES_MAX && c->policy <= STORE_SIEVE;
}

SELDOM int store_open(struct store *s, const struct store_config *config)
{
	int err;

	*s = (struct store){.config = *config, .door = door_to(&config->media)};
	s->layout = config->layout ? config->layout : &store_native;
	if (s->config.fragmentation == 0.0F)
		s->config.fragmentation = FRAGMENTATION;
	if (!config_usable(s))
		return -EINVAL;
	s->first_expiry = INT64_MAX;
	door_open(&s->door);
	err = s->layout->open(s);
	door_close(&s->door);
	s->passed = s->limit;
	s->open = true;
	s->plain = !order_kept(s) && (!s->layout->verify || s->config.unchecked);
	if (err)
		store_close(s);
	return err;
}

SELDOM void store_close(struct store *s)
{
	if (!s->open)
		return;
	if (s->share)
		share_free(s); /* a batch may be another sharer's */
	store_batch_abort(s);
	entries_free(s);
	freelist_free(s);
	pins_free(s);
	marks_free(s);
	s->open = false;
	s->plain = false;
}

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

/* Why a call with a key of that length cannot be served, or 0. */
static inline int check_key(const struct store *s, uint32_t key_len)
{
	if (!s->open)
		return -EBADF;
	return key_len - 1 < STORE_KEY_MAX ? 0 : -EDOM;
}

void store_view_slot(const struct store *s, uint32_t off, uint32_t size, struct store_view *v)
{
	const uint8_t *p = door_at(&s->door, off);

	v->key_len = be32_load(p + HDR_KEYLEN);
	v->data_len = be32_load(p + HDR_DATALEN);
	v->meta_len = be32_load(p + HDR_METALEN);
	v->expiry = (int64_t)be64_load(p + HDR_EXPIRY);
	v->key = p + HDR_BYTES;
	v->data = p + HDR_BYTES + v->key_len;
	v->meta = p + HDR_BYTES + v->key_len + v->data_len;
	v->version = s->layout->versions ? slot_seq(s, off, size) : 0;
	v->slot = off;
	v->slot_size = size;
}

static ALWAYS_INLINE struct store_index_slot *find(struct store *s, const void *key,
						   uint32_t key_len, uint32_t *off)
{
	return index_find(s, key, key_len, index_hash(s, key, key_len), off);
}

/* Compaction may have something to do now where it had to pass by. */
static void unpack(struct store *s)
{
	if (s->passed < s->packed)
		s->packed = s->passed;
	s->passed = s->limit;
}

uint32_t store_reclaim(struct store *s, uint32_t off, uint32_t size)
{
	uint32_t end = s->layout->reclaim(s, off, size);

	unpack(s);
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

uint32_t store_cut_to(const struct store *s, uint32_t off, uint32_t block, uint32_t need)
{
	uint32_t rest = block - need;
	bool last = off == s->end || off + block == s->free.limit;
	bool split = last ? rest >= s->layout->tail_rest_min
			  : rest >= SPLIT_REST_MIN &&
				     (float)need <= (float)block * s->config.fragmentation;

	return split ? need : block;
}

SELDOM __attribute__((noinline)) uint32_t store_make_room(struct store *s, uint32_t need,
							  uint32_t *block)
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

int store_refused(const struct store *s, int err)
{
	return store_stuck(s) ? -ETIMEDOUT : err;
}

/* Makes room for an entry with HASH: its segment; NULL: store_refused(). */
static ALWAYS_INLINE struct store_segment *reserve(struct store *s, uint32_t hash)
{
	return s->share ? share_reserve_entry(s, hash) : entries_segment(s, hash);
}

int store_check_content(const struct store *s, const struct slot_content *c, uint32_t *need)
{
	uint64_t content = (uint64_t)c->key_len + c->data_len + c->meta_len, bytes;

	if (c->key_len - 1 >= STORE_KEY_MAX)
		return -EDOM;
	if (c->data_len > INT32_MAX || c->meta_len > INT32_MAX || content > INT32_MAX)
		return -ERANGE;
	bytes = store_slot_bytes(s, content);
	if (bytes > s->limit - s->start)
		return -E2BIG;
	*need = (uint32_t)bytes;
	return 0;
}

/* The record that has to go when one with a new key comes, or 0. */
static uint32_t victim_of(struct store *s)
{
	if (!order_kept(s) || s->index.count < s->config.max_entries)
		return 0;
	return entries_victim(s);
}

SELDOM uint32_t store_evict(struct store *s)
{
	uint32_t before = s->index.count;

	while (order_kept(s) && s->index.count > s->config.max_entries) {
		uint32_t off = entries_victim(s);

		if (!store_forget(s, off))
			break;
		s->counters.evicted++;
		store_kill(s, off, NULL);
	}
	return before - s->index.count;
}

SELDOM bool store_forget(struct store *s, uint32_t off)
{
	struct store_index_slot *entry = off ? index_at(s, off) : NULL;

	if (off && !entry)
		entry = index_search(s, off);
	if (entry)
		entries_remove(s, entry);
	return entry;
}

/* Adds an entry for the record at OFF, for which the one at VICTIM goes. */
static __attribute__((noinline)) void replace_victim(struct store *s, uint32_t victim,
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
		seg = reserve(s, hash); /* entries may have gone, or it is another index */
		if (!seg) {
			freelist_add(s, off, block);
			return store_refused(s, -ENOMEM);
		}
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

static SELDOM __attribute__((noinline)) int find_damaged(struct store *s, uint32_t off)
{
	store_report(s, "the entry at offset %lu is damaged: not served", (unsigned long)off);
	return -EBADMSG;
}

/* A live entry. */
struct found {
	struct store_index_slot *entry;
	uint32_t off, size; /* of its slot */
};

/* Whether what F->entry says of its offset is a live one, and its size. Errors as store_get(). */
static ALWAYS_INLINE int check_found(struct store *s, struct found *f)
{
	int64_t expiry;

	if (!f->entry)
		return -ENOENT;
	f->size = store_readable(s, f->off);
	if (!f->size)
		return find_damaged(s, f->off);
	expiry = (int64_t)be64_load(door_at(&s->door, f->off) + HDR_EXPIRY);
	return expiry > 0 && store_expired(expiry, store_now(s)) ? -ENOENT : 0;
}

/* The live entry of KEY. Errors as store_get(); F->entry is NULL unless there is a record. */
static ALWAYS_INLINE int find_live(struct store *s, const void *key, uint32_t key_len,
				   struct found *f)
{
	int err = check_key(s, key_len);

	f->entry = NULL;
	if (err)
		return err;
	f->entry = find(s, key, key_len, &f->off);
	return check_found(s, f);
}

/* 0 if the entry of KEY, or that there is none, is what store_put_if() was told; else why not. */
static SELDOM int check_version(struct store *s, uint64_t version, const void *key,
				uint32_t key_len)
{
	struct found f;
	int err = check_key(s, key_len);

	if (err)
		return err;
	f.entry = index_lookup(s, key, key_len, &f.off);
	err = check_found(s, &f);
	if (err && err != -ENOENT)
		return err;
	if (version == STORE_ABSENT)
		return err ? 0 : -EEXIST;
	if (!s->layout->versions)
		return -ENOTSUP;
	if (err)
		return err;
	return slot_seq(s, f.off, f.size) == version ? 0 : -ESTALE;
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

/* find_live() that counts, and that the order takes note of. */
static ALWAYS_INLINE int lookup(struct store *s, const void *key, uint32_t key_len, struct found *f)
{
	int err = find_live(s, key, key_len, f);

	if (f->entry)
		entries_touch(s, f->entry);
	if (!err)
		s->counters.hits++;
	else if (err == -ENOENT)
		s->counters.misses++;
	return err;
}

int store_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view)
{
	struct found f;
	int err;

	if (s->share)
		return share_get(s, key, key_len, view);
	err = lookup(s, key, key_len, &f);
	if (err)
		return err;
	store_view_slot(s, f.off, f.size, view);
	return pins_add(s, f.off);
}

bool store_unpin(struct store *s, uint32_t off, uint32_t *size)
{
	bool passed;

	*size = pins_drop(s, off, &passed);
	if (passed && !*size)
		unpack(s);
	return *size;
}

void store_release(struct store *s, const struct store_view *view)
{
	uint32_t size;

	if (!s->open)
		return;
	if (s->share) {
		share_release(s, view);
	} else if (store_unpin(s, view->slot, &size)) {
		door_open(&s->door);
		store_reclaim(s, view->slot, size);
		door_close(&s->door);
	}
}

/* Copies the data of the record at OFF, which is live. */
static ALWAYS_INLINE int copy_data(const struct store *s, uint32_t off, uint32_t key_len,
				   void *data, uint32_t room, uint32_t *data_len)
{
	const uint8_t *p = door_at(&s->door, off);
	uint32_t len = be32_load(p + HDR_DATALEN);

	*data_len = len;
	if (len > room)
		return -EMSGSIZE;
	if (len)
		memcpy(data, p + HDR_BYTES + key_len, len);
	return 0;
}

/* store_read() and store_contains() of whatever there is. */
static __attribute__((noinline)) int read_any(struct store *s, const void *key, uint32_t key_len,
					      void *data, uint32_t room, uint32_t *data_len)
{
	struct found f;
	int err;

	if (s->share)
		return share_read(s, key, key_len, data, room, data_len);
	err = lookup(s, key, key_len, &f);
	return err || !data_len ? err : copy_data(s, f.off, key_len, data, room, data_len);
}

/* What is known of a key. */
enum peeked { PRESENT, ABSENT, UNSURE };

/*
 * What lookup() would find, without a call, for what is read most of the time; *OFF is the record.
 * UNSURE: lookup() has to say what is the matter with the record that has KEY's hash, as its key is
 * another one, its lengths do not fit, or it may be expired.
 */
static ALWAYS_INLINE enum peeked peek(const struct store *s, const void *key, uint32_t key_len,
				      uint32_t *off)
{
	const struct store_index_slot *slot;
	uint64_t words, lengths;
	uint32_t hash, size;
	const uint8_t *p;

	if (!s->plain || key_len - 1 >= STORE_KEY_MAX || !s->index.count)
		return UNSURE;
	hash = index_hash(s, key, key_len);
	slot = index_place(s, hash).slot;
	if (slot->hash != hash)
		return ABSENT;
	*off = slot->ref;
	p = door_at(&s->door, *off);
	words = be64_load(p + HDR_SIZE);
	lengths = be64_load(p + HDR_DATALEN);
	size = (uint32_t)(words >> 32);
	if ((uint32_t)words != key_len || size > s->end - *off ||
	    (lengths >> 32) + (uint32_t)lengths + key_len + s->layout->overhead > size ||
	    (int64_t)be64_load(p + HDR_EXPIRY) > 0 || !same_bytes(p + HDR_BYTES, key, key_len))
		return UNSURE;
	return PRESENT;
}

int store_read(struct store *s, const void *key, uint32_t key_len, void *data, uint32_t room,
	       uint32_t *data_len)
{
	uint32_t off;

	switch (peek(s, key, key_len, &off)) {
	case PRESENT:
		s->counters.hits++;
		return copy_data(s, off, key_len, data, room, data_len);
	case ABSENT:
		s->counters.misses++;
		return -ENOENT;
	default:
		return read_any(s, key, key_len, data, room, data_len);
	}
}

int store_contains(struct store *s, const void *key, uint32_t key_len)
{
	uint32_t off;

	switch (peek(s, key, key_len, &off)) {
	case PRESENT:
		s->counters.hits++;
		return 0;
	case ABSENT:
		s->counters.misses++;
		return -ENOENT;
	default:
		return read_any(s, key, key_len, NULL, 0, NULL);
	}
}

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
	int err = check_key(s, key_len);

	if (!err)
		err = begin(s);
	if (err)
		return err;
	err = remove_key(s, key, key_len);
	end(s);
	return err;
}

SELDOM int store_clear(struct store *s)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = s->layout->clear(s);
	if (!err)
		s->shadowed = 0;
	store_end(s);
	return err;
}

uint32_t store_size(const struct store *s)
{
	if (!s->open)
		return 0;
	return s->share ? share_size(s) : s->index.count;
}

SELDOM int store_compact(struct store *s, uint32_t max_bytes)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = s->layout->compact(s, max_bytes);
	store_end(s);
	return err;
}

int store_each_free(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size), void *ctx)
{
	int err = store_enter(s);

	if (err)
		return err;
	err = freelist_each(s, fn, ctx);
	store_leave(s);
	return err;
}
