/* SPDX-License-Identifier: MIT */
/*
 * Several keys at once. Each put and delete of a batch is written as a staged record, which nobody
 * sees; the superblock then gets their range of numbers, and that commits them all: from there on a
 * reset completes them at the next open, before it they are cleared away.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/super.h"

static const void *op_key(const struct store *s, const struct store_batch_op *op)
{
	return door_at(&s->door, op->off + HDR_BYTES);
}

static struct store_index_slot *find_entry(struct store *s, const struct store_batch_op *op,
					   uint32_t *off)
{
	return index_find(s, op_key(s, op), op->key_len, op->hash, off);
}

bool store_staged(const struct store *s, uint32_t off)
{
	for (uint32_t i = 0; i < s->batch.count; i++)
		if (s->batch.ops[i].off == off)
			return true;
	return false;
}

/* The staged record of the batch with KEY, or NULL. */
static struct store_batch_op *find_op(const struct store *s, const void *key, uint32_t key_len,
				      uint32_t hash)
{
	for (uint32_t i = 0; i < s->batch.count; i++) {
		struct store_batch_op *op = &s->batch.ops[i];

		if (op->hash == hash && op->key_len == key_len &&
		    same_bytes(op_key(s, op), key, key_len))
			return op;
	}
	return NULL;
}

/* Begins a call for the batch that is open: within what store_batch_begin() entered. */
static int enter_batch(const struct store *s)
{
	int err = store_enter(s);

	if (err)
		return err;
	if (!s->batch.open)
		err = -EINVAL;
	else if (s->walks)
		err = -EBUSY;
	else if (store_stuck(s))
		err = -ETIMEDOUT;
	if (err)
		store_leave(s);
	return err;
}

int store_batch_begin(struct store *s)
{
	int err = store_enter(s);

	if (err)
		return err;
	err = store_writable(s);
	if (!err && !s->layout->versions)
		err = -ENOTSUP;
	if (err)
		store_leave(s); /* else that is left for end_batch() */
	else
		s->batch = (struct store_batch){.open = true, .first = s->next_seq};
	return err;
}

static bool make_op_room(struct store_batch *b)
{
	uint32_t room = b->room ? b->room * 2 : 8;
	struct store_batch_op *ops;

	if (b->count < b->room)
		return true;
	ops = realloc(b->ops, room * sizeof(*ops));
	if (!ops)
		return false;
	b->ops = ops;
	b->room = room;
	return true;
}

/* Kills the staged record of an operation and gives its slot back. */
static void discard(struct store *s, const struct store_batch_op *op)
{
	s->layout->kill(s, op->off, op->size);
	store_reclaim(s, op->off, op->size);
}

/*
 * Stages C, which was checked, whose key has HASH and which takes NEED bytes, in place of what the
 * batch had for its key.
 */
static int stage(struct store *s, struct slot_content *c, uint32_t hash, uint32_t need)
{
	uint32_t off, block;
	struct store_batch_op op = {.hash = hash,
				    .key_len = c->key_len,
				    .expiry = c->expiry,
				    .del = c->stage == CRC_STAGEDEL};
	struct store_batch_op *former;
	int err;

	if (!make_op_room(&s->batch))
		return -ENOMEM;
	off = store_make_room(s, need, &block);
	if (!off)
		return store_refused(s, -ENOSPC);
	err = s->layout->begin(s, c, 0);
	if (err) {
		store_reclaim(s, off, block);
		return err;
	}
	op.off = off;
	op.size = store_cut_to(s, off, block, need);
	s->layout->write(s, off, block, op.size, c);
	marks_note(s, off);
	former = find_op(s, c->key, c->key_len, hash);
	if (former) {
		struct store_batch_op old = *former;

		*former = op;
		discard(s, &old);
	} else {
		s->batch.ops[s->batch.count++] = op;
	}
	return 0;
}

/* Whether there is an entry of C's key, which has HASH, by the batch so far. */
static bool is_there(struct store *s, const struct slot_content *c, uint32_t hash)
{
	uint32_t off;
	const struct store_batch_op *op = find_op(s, c->key, c->key_len, hash);

	return op ? !op->del : index_lookup(s, c->key, c->key_len, &off) != NULL;
}

/* Adds C to the batch. */
static int add_op(struct store *s, struct slot_content *c)
{
	uint32_t hash, need;
	int err = enter_batch(s);

	if (err)
		return err;
	err = store_check_content(s, c, &need);
	if (!err) {
		hash = index_hash(s, c->key, c->key_len);
		if (c->stage == CRC_STAGEDEL && !is_there(s, c, hash))
			err = -ENOENT;
	}
	if (!err) {
		store_window_open(s);
		err = stage(s, c, hash, need);
		store_window_close(s);
	}
	store_leave(s);
	return err;
}

int store_batch_put(struct store *s, const void *key, uint32_t key_len, const void *data,
		    uint32_t data_len, const void *meta, uint32_t meta_len, int64_t expiry)
{
	struct slot_content c = {
		.key = key,
		.data = data,
		.meta = meta,
		.key_len = key_len,
		.data_len = data_len,
		.meta_len = meta_len,
		.expiry = expiry,
		.stage = CRC_STAGE,
	};

	return add_op(s, &c);
}

int store_batch_delete(struct store *s, const void *key, uint32_t key_len)
{
	struct slot_content c = {
		.key = key, .key_len = key_len, .expiry = STORE_NEVER, .stage = CRC_STAGEDEL};

	return add_op(s, &c);
}

/*
 * Makes entries of the keys that have none, while the records are still staged: so that no memory
 * can be missing behind the commit. -ENOMEM: none was made.
 */
static int enter(struct store *s)
{
	uint32_t noted = s->share ? s->share->count : 0;

	for (uint32_t i = 0; i < s->batch.count; i++) {
		struct store_batch_op *op = &s->batch.ops[i];
		uint32_t off;

		if (op->del || find_entry(s, op, &off))
			continue;
		if (entries_reserve(s, op->hash)) {
			while (i--)
				if (s->batch.ops[i].entered)
					store_forget(s, s->batch.ops[i].off);
			if (s->share)
				s->share->count = noted;
			return -ENOMEM;
		}
		entries_add(s, index_place(s, op->hash), op->hash, op->off);
		op->entered = true;
	}
	return 0;
}

/* Makes all puts records that count, in one group. */
static void make_live(struct store *s)
{
	for (uint32_t i = 0; i < s->batch.count; i++) {
		const struct store_batch_op *op = &s->batch.ops[i];

		if (!op->del)
			slot_commit(s, op->off, op->size, op->key_len);
	}
	door_flush(&s->door);
}

/* Lets the entry of the operation's key be what the batch makes it, and notes what it was. */
static void publish(struct store *s, struct store_batch_op *op)
{
	struct store_index_slot *entry;

	if (!op->del) {
		store_note_expiry(s, op->expiry);
		s->counters.puts++;
	}
	if (op->entered)
		return;
	entry = find_entry(s, op, &op->old);
	if (!entry) {
		op->old = 0; /* it had expired, and was purged to make room */
		return;
	}
	if (op->del) {
		entries_remove(s, entry);
		s->counters.deletes++;
	} else {
		entries_set_offset(s, entry, op->off);
		entries_touch(s, entry);
	}
}

/* Ends what the operation's key was. */
static void end_old(struct store *s, const struct store_batch_op *op)
{
	if (op->old)
		store_kill(s, op->old, NULL); /* if that fails it is out of the way all the same */
}

static void end_batch(struct store *s)
{
	free(s->batch.ops);
	s->batch = (struct store_batch){0};
	store_leave(s);
}

/* Commits the batch, of which nothing can fail any more. */
static void commit(struct store *s)
{
	if (s->batch.count) {
		s->super.batch_lo = s->batch.first;
		s->super.batch_hi = s->next_seq - 1;
		super_write(&s->door, &s->super);
		make_live(s);
	}
	for (uint32_t i = 0; i < s->batch.count; i++)
		publish(s, &s->batch.ops[i]);
	for (uint32_t i = 0; i < s->batch.count; i++)
		end_old(s, &s->batch.ops[i]);
	for (uint32_t i = 0; i < s->batch.count; i++)
		if (s->batch.ops[i].del && !store_stuck(s)) /* else the next open does it */
			discard(s, &s->batch.ops[i]);
}

int store_batch_commit(struct store *s)
{
	int err = enter_batch(s);

	if (err)
		return err;
	if (s->share)
		err = share_reserve(s, s->batch.count);
	if (!err)
		err = enter(s);
	if (!err) {
		store_window_open(s);
		commit(s);
		end_batch(s);
		store_evict(s);
		store_window_close(s);
	}
	store_leave(s);
	return err;
}

void store_batch_abort(struct store *s)
{
	if (store_enter(s))
		return;
	if (s->batch.open && !s->walks) {
		store_window_open(s);
		for (uint32_t i = 0; i < s->batch.count; i++)
			discard(s, &s->batch.ops[i]);
		store_window_close(s);
		end_batch(s);
	}
	store_leave(s);
}
