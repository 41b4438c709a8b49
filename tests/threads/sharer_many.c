/* SPDX-License-Identifier: MIT */
/* Calls of a sharer that are of many keys. */
#include <errno.h>
#include <string.h>

#include "tests/threads/sharer_ops.h"

#define BATCH_KEYS 3U
#define WALK_NOTED 24U /* registers of which a walk is noted */

/* ---- batches ---- */

/* Adds a put or delete of part PART of register KEY to the batch. */
static int add_to_batch(struct sharer *sharer, uint32_t key, uint32_t part, uint32_t number,
			uint32_t expiry)
{
	uint32_t len = number ? sharer_make(sharer, key, part, number) : 0;
	char text[SHARER_KEY_MAX];
	uint32_t key_len = sharer_key(sharer->world, key, part, text);

	if (!number)
		return store_batch_delete(sharer->world->s, text, key_len);
	return store_batch_put(sharer->world->s, text, key_len, sharer->value, len, sharer->meta,
			       sharer_meta_len(number), sharer_expiry_of(expiry));
}

/* Ends the batch after ERR; *DONE: it was committed. False: that is wrong. */
static bool end_batch(struct sharer *sharer, int err, bool *done)
{
	struct store *s = sharer->world->s;

	*done = false;
	if (!err && sharer_below(sharer, 8)) {
		err = store_batch_commit(s);
		*done = !err;
	}
	if (!*done)
		store_batch_abort(s);
	return !err || sharer_no_room(sharer, "a batch", err);
}

bool sharer_group(struct sharer *sharer)
{
	struct sharer_world *world = sharer->world;
	struct history_event event = {0};
	uint32_t key;
	bool done;
	int err;

	if (!world->plan->groups)
		return true;
	key = world->plan->keys + sharer_below(sharer, world->plan->groups);
	event.start = history_stamp();
	err = store_batch_begin(world->s);
	if (err)
		return sharer_refused(sharer, "store_batch_begin", err);
	event.value = ++world->batch << 8 | sharer_below(sharer, 1u << SHARER_PARTS);
	for (uint32_t part = 0; part < SHARER_PARTS && !err; part++) {
		bool gone = event.value >> part & 1;

		err = add_to_batch(sharer, key, part, gone ? 0 : event.value, 0);
		if (gone && err == -ENOENT)
			err = 0;
	}
	if (!end_batch(sharer, err, &done))
		return false;
	if (done)
		sharer_note(sharer, HISTORY_PUT, key, event);
	return true;
}

/* Puts and deletes of keys, each of which comes once. */
bool sharer_batch(struct sharer *sharer)
{
	struct history_event events[BATCH_KEYS];
	struct sharer_world *world = sharer->world;
	uint32_t first = sharer_any_key(sharer), start = history_stamp();
	bool done;
	int err = store_batch_begin(world->s);

	if (err)
		return sharer_refused(sharer, "store_batch_begin", err);
	for (uint32_t i = 0; i < BATCH_KEYS && i < world->plan->keys && !err; i++) {
		struct history_event *e = &events[i];
		uint32_t began = history_stamp();

		*e = (struct history_event){.start = start, .key = (first + i) % world->plan->keys};
		if (sharer_below(sharer, 3)) {
			e->value = sharer_new_number(sharer);
			e->expiry = sharer_new_expiry(sharer);
		}
		e->kind = e->value ? HISTORY_PUT : HISTORY_CLEAR;
		err = add_to_batch(sharer, e->key, 0, e->value, e->expiry);
		if (e->value || err != -ENOENT)
			continue;
		sharer_note_read(sharer, (struct history_event){.start = began}, e->key, 0);
		err = 0;
	}
	if (!end_batch(sharer, err, &done))
		return false;
	for (uint32_t i = 0; i < BATCH_KEYS && i < world->plan->keys && done; i++)
		sharer_note(sharer, events[i].kind, events[i].key, events[i]);
	return true;
}

/* ---- everything at once ---- */

static int see(void *ctx, const struct store_view *view)
{
	struct sharer *sharer = ctx;
	uint32_t key, part, number;

	if (sharer->world->pause)
		sharer->world->pause();
	if (!sharer_parse(sharer->world, view->key, view->key_len, &key, &part))
		return -EIO;
	number = sharer_number(sharer->world, key, part, view->data, view->data_len, view->meta,
			       view->meta_len);
	if (!number || sharer->seen[key][part])
		return -EIO;
	sharer->seen[key][part] = number;
	return 0;
}

/* Whether what a walk saw of a group is one number and what that says. */
static bool group_is_whole(struct sharer *sharer, uint32_t key)
{
	uint32_t number = 0;

	for (uint32_t part = 0; part < SHARER_PARTS; part++)
		number = sharer->seen[key][part] ? sharer->seen[key][part] : number;
	for (uint32_t part = 0; part < SHARER_PARTS && number; part++) {
		bool gone = number >> part & 1;

		if (sharer->seen[key][part] != (gone ? 0 : number))
			return sharer_wrong(sharer, "sharer %u: a walk saw half of batch %#x",
					    (unsigned)sharer->number, (unsigned)number);
	}
	return true;
}

bool sharer_walk(struct sharer *sharer)
{
	const struct sharer_world *world = sharer->world;
	uint32_t all = world->plan->keys + world->plan->groups, from = sharer_below(sharer, all);
	struct history_event event = {0};
	int err;

	memset(sharer->seen, 0, all * sizeof(sharer->seen[0]));
	event.start = history_stamp();
	err = store_iterate(world->s, see, sharer);
	if (err)
		return sharer_refused(sharer, "store_iterate", err);
	for (uint32_t key = world->plan->keys; key < all; key++)
		if (!group_is_whole(sharer, key))
			return false;
	for (uint32_t i = 0; i < WALK_NOTED && i < all; i++) {
		uint32_t key = (from + i) % all;

		for (uint32_t part = 0; part < (key < world->plan->keys ? 1 : SHARER_PARTS);
		     part++) {
			event.part = (uint8_t)(key < world->plan->keys ? 0 : part + 1);
			sharer_note_read(sharer, event, key, sharer->seen[key][part]);
		}
	}
	return true;
}

bool sharer_purge(struct sharer *sharer)
{
	int n = store_purge(sharer->world->s, NULL, NULL);

	return n >= 0 || sharer_refused(sharer, "store_purge", n);
}

bool sharer_compact(struct sharer *sharer)
{
	static const uint32_t most[] = {1, 1000, UINT32_MAX};
	int n = store_compact(sharer->world->s, most[sharer_below(sharer, ARRAY_SIZE(most))]);

	return n >= 0 || sharer_refused(sharer, "store_compact", n);
}

bool sharer_stat(struct sharer *sharer)
{
	const struct sharer_world *world = sharer->world;
	uint32_t most = world->plan->keys + world->plan->groups * SHARER_PARTS;
	struct store_stats stats;

	store_stat(world->s, &stats);
	if (stats.entries > most || store_size(world->s) > most)
		return sharer_wrong(sharer, "sharer %u: there are more entries than keys",
				    (unsigned)sharer->number);
	return true;
}

bool sharer_clear(struct sharer *sharer)
{
	uint32_t start = history_stamp();
	int err = store_clear(sharer->world->s);

	if (err)
		return sharer_refused(sharer, "store_clear", err);
	sharer_note(sharer, HISTORY_CLEAR, HISTORY_EVERY, (struct history_event){.start = start});
	return true;
}

bool sharer_time_on(struct sharer *sharer)
{
	struct sharer_world *world = sharer->world;
	uint32_t time = sharer_time(world) + 1, start;

	if (sharer->number)
		return true;
	start = history_stamp();
	atomic_store_explicit(&world->time, time, memory_order_relaxed);
	sharer_note(sharer, HISTORY_TIME, HISTORY_EVERY,
		    (struct history_event){.start = start, .value = time});
	return true;
}
