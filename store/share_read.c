/* SPDX-License-Identifier: MIT */
/* The calls of a shared store that wait for nobody. */
#include <errno.h>

#include "store/index.h"
#include "store/internal.h"
#include "store/share.h"

static struct share_reader *myself(const struct store *s)
{
	struct store_share *sh = s->share;

	return &sh->reader[sh->with.self(sh->with.ctx)];
}

/* The index that is shown, which nobody changes until depart(). */
static struct store *arrive(struct store_share *sh, struct share_reader *me)
{
	uint32_t shown;

	/* If it is still shown after that, whoever hides it waits for this reader. */
	do {
		shown = atomic_load(&sh->shown);
		atomic_store(&me->in, shown + 1);
	} while (atomic_load(&sh->shown) != shown);
	return &sh->face[shown];
}

static void depart(struct share_reader *me)
{
	atomic_store_explicit(&me->in, 0, memory_order_release);
}

/* A free pin of ME for a view; NULL: there is none. */
static _Atomic uint32_t *free_pin(struct share_reader *me)
{
	for (uint32_t i = 0; i < STORE_VIEWS; i++)
		if (!atomic_load_explicit(&me->pins[i], memory_order_relaxed))
			return &me->pins[i];
	return NULL;
}

/* To be called before depart(): whoever ends the record looks at the pins behind that. */
static void pin_slot(struct share_reader *me, _Atomic uint32_t *pin, uint32_t off)
{
	atomic_store_explicit(&me->pinned,
			      atomic_load_explicit(&me->pinned, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	atomic_store_explicit(pin, off, memory_order_relaxed);
}

/* The record was read: who sees that may write there. */
static void unpin(struct share_reader *me, _Atomic uint32_t *pin)
{
	atomic_store_explicit(pin, 0, memory_order_release);
	atomic_store_explicit(&me->pinned,
			      atomic_load_explicit(&me->pinned, memory_order_relaxed) - 1,
			      memory_order_release);
}

static void count_one(_Atomic uint64_t *count)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Leaves word for a writer that the entry was read. */
static void leave_touch(struct share_reader *me, uint32_t hash, uint32_t off)
{
	uint32_t n = atomic_load_explicit(&me->touches, memory_order_relaxed);

	atomic_store_explicit(&me->touched[n % SHARE_TOUCHED].hash, hash, memory_order_relaxed);
	atomic_store_explicit(&me->touched[n % SHARE_TOUCHED].off, off, memory_order_relaxed);
	atomic_store_explicit(&me->touches, n + 1, memory_order_release);
}

/* What the index has for KEY, looked up in FACE: *V is the record, which is not verified. */
static int look_up(struct store *face, struct share_reader *me, const void *key, uint32_t key_len,
		   struct store_view *v)
{
	const struct store_index_slot *slot;
	uint32_t off, size;

	slot = index_lookup(face, key, key_len, &off);
	if (!slot)
		return -ENOENT;
	if (order_kept(face))
		leave_touch(me, slot->hash, off);
	size = store_lengths(face, off);
	if (!size || !slot_size_legal(face, off, size))
		return -EBADMSG;
	store_view_slot(face, off, size, v);
	return 0;
}

/*
 * Finds the record of KEY and pins it by PIN, unless there is an error. Its checksum takes long: it
 * is verified outside of the index, against the word that was read inside. A writer may end the
 * record meanwhile, which changes that word and the key length in the header, but nothing that is
 * read here.
 */
static int take(struct store *s, struct share_reader *me, const void *key, uint32_t key_len,
		_Atomic uint32_t *pin, struct store_view *v)
{
	struct store *face = arrive(s->share, me);
	int err = look_up(face, me, key, key_len, v);
	struct slot_seal seal;

	if (!err) {
		seal = slot_seal(face, v);
		pin_slot(me, pin, v->slot);
	}
	depart(me);
	if (!err && !s->config.unchecked && !slot_sealed(face, v, &seal)) {
		unpin(me, pin);
		err = -EBADMSG;
	}
	return err;
}

/*
 * take() of a record that is not expired. The time is asked only for one that may be, behind taking
 * it: it was there before it expired then, if it has not. If it has it may have been replaced
 * before that, and what is there after it counts.
 */
static int take_live(struct store *s, struct share_reader *me, const void *key, uint32_t key_len,
		     _Atomic uint32_t *pin, struct store_view *v)
{
	int64_t t = INT64_MIN;

	for (;;) {
		int err = take(s, me, key, key_len, pin, v);

		if (err || v->expiry <= 0)
			return err;
		if (store_expired(v->expiry, t)) {
			unpin(me, pin);
			return -ENOENT;
		}
		t = store_now(s);
		if (!store_expired(v->expiry, t))
			return 0;
		unpin(me, pin);
	}
}

/* The record of KEY, pinned by PIN unless there is an error; counted. */
static int find(struct store *s, const void *key, uint32_t key_len, _Atomic uint32_t *pin,
		struct store_view *v)
{
	struct share_reader *me = myself(s);
	int err;

	if (key_len - 1 >= STORE_KEY_MAX)
		return -EDOM;
	err = take_live(s, me, key, key_len, pin, v);
	if (!err)
		count_one(&me->hits);
	else if (err == -ENOENT)
		count_one(&me->misses);
	return err;
}

int share_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view)
{
	_Atomic uint32_t *pin = free_pin(myself(s));

	return pin ? find(s, key, key_len, pin, view) : -ENOMEM;
}

int share_read(struct store *s, const void *key, uint32_t key_len, void *data, uint32_t room,
	       uint32_t *data_len)
{
	struct share_reader *me = myself(s);
	_Atomic uint32_t *pin = &me->pins[STORE_VIEWS];
	struct store_view v;
	int err = find(s, key, key_len, pin, &v);

	if (err)
		return err;
	if (data_len) {
		*data_len = v.data_len;
		if (v.data_len > room)
			err = -EMSGSIZE;
		else if (v.data_len)
			memcpy(data, v.data, v.data_len);
	}
	unpin(me, pin);
	return err;
}

void share_release(struct store *s, const struct store_view *view)
{
	struct share_reader *me = myself(s);

	for (uint32_t i = 0; i < STORE_VIEWS; i++)
		if (atomic_load_explicit(&me->pins[i], memory_order_relaxed) == view->slot) {
			unpin(me, &me->pins[i]);
			return;
		}
}

uint32_t share_size(const struct store *s)
{
	struct share_reader *me = myself(s);
	uint32_t count = arrive(s->share, me)->index.count;

	depart(me);
	return count;
}
