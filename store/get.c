/* SPDX-License-Identifier: MIT */
/* The calls that read one entry. */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/internal.h"
#include "store/pins.h"

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

static SELDOM __attribute__((noinline)) int find_damaged(struct store *s, uint32_t off)
{
	store_report(s, "the entry at offset %lu is damaged: not served", (unsigned long)off);
	return -EBADMSG;
}

/* What an index says of a key. */
struct found {
	struct store_index_slot *entry; /* NULL: there is none */
	uint32_t off, size;             /* of its slot */
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

int store_find(struct store *s, const void *key, uint32_t key_len, uint32_t *off, uint32_t *size)
{
	struct found f;
	int err = store_check_key(s, key_len);

	if (err)
		return err;
	f.entry = index_lookup(s, key, key_len, &f.off);
	err = check_found(s, &f);
	if (err)
		return err;
	*off = f.off;
	*size = f.size;
	return 0;
}

/* The same, quicker; it counts, and the order takes note of it. */
static ALWAYS_INLINE int lookup(struct store *s, const void *key, uint32_t key_len, struct found *f)
{
	int err = store_check_key(s, key_len);

	if (err)
		return err;
	f->entry = index_find(s, key, key_len, index_hash(s, key, key_len), &f->off);
	err = check_found(s, f);
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
		store_unpack(s);
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

/* Copies the data of the record at OFF, which is live, if DATA_LEN says that it is asked for. */
static ALWAYS_INLINE int copy_data(const struct store *s, uint32_t off, uint32_t key_len,
				   void *data, uint32_t room, uint32_t *data_len)
{
	const uint8_t *p = door_at(&s->door, off);
	uint32_t len;

	if (!data_len)
		return 0;
	len = be32_load(p + HDR_DATALEN);
	*data_len = len;
	if (len > room)
		return -EMSGSIZE;
	if (len)
		memcpy(data, p + HDR_BYTES + key_len, len);
	return 0;
}

/* store_read() of whatever there is. */
static __attribute__((noinline)) int read_any(struct store *s, const void *key, uint32_t key_len,
					      void *data, uint32_t room, uint32_t *data_len)
{
	struct found f;
	int err;

	if (s->share)
		return share_read(s, key, key_len, data, room, data_len);
	err = lookup(s, key, key_len, &f);
	return err ? err : copy_data(s, f.off, key_len, data, room, data_len);
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
	return store_read(s, key, key_len, NULL, 0, NULL);
}
