/* SPDX-License-Identifier: MIT */
#include "tests/threads/sharer_ops.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_TOLD 40 /* at most, of a register that cannot be explained */

uint32_t sharer_time(struct sharer_world *world)
{
	return atomic_load_explicit(&world->time, memory_order_relaxed);
}

int64_t sharer_now(void *ctx)
{
	struct sharer_world *world = ctx;

	if (world->pause)
		world->pause();
	return sharer_time(world);
}

/* xorshift64* */
uint32_t sharer_below(struct sharer *sharer, uint32_t n)
{
	uint64_t x = sharer->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	sharer->random = x;
	return (uint32_t)((x * 0x2545f4914f6cdd1dULL >> 32) * n >> 32);
}

void sharer_init(struct sharer *sharer, struct sharer_world *world, uint32_t number, uint64_t seed)
{
	struct history_log log = {.core = (uint8_t)number};

	sharer->world = world;
	sharer->log = log;
	sharer->number = number;
	sharer->random = (seed * 64 + number + 1) * 0x9e3779b97f4a7c15ULL | 1;
	sharer->written = sharer->steps = sharer->helds = 0;
	sharer->failure[0] = '\0';
	for (uint32_t i = 0; i < 4; i++)
		sharer_below(sharer, 2);
}

bool sharer_wrong(struct sharer *sharer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!sharer->failure[0])
		vsnprintf(sharer->failure, sizeof(sharer->failure), fmt, ap);
	va_end(ap);
	return false;
}

bool sharer_failed(struct sharer *sharer, const char *call, int err)
{
	return sharer_wrong(sharer, "sharer %u: %s returned %d", (unsigned)sharer->number, call,
			    err);
}

/* A call that writes did nothing, and answered ERR: whether it may. */
bool sharer_refused(struct sharer *sharer, const char *call, int err)
{
	if (err != -ENOMEM || !sharer->world->plan->no_memory)
		return sharer_failed(sharer, call, err);
	sharer->world->refused++;
	return true;
}

/* sharer_refused() for one that needs room in the region. */
bool sharer_no_room(struct sharer *sharer, const char *call, int err)
{
	if (err != -ENOSPC)
		return sharer_refused(sharer, call, err);
	sharer->world->refused++;
	return true;
}

/* ---- notes ---- */

void sharer_note(struct sharer *sharer, enum history_kind kind, uint32_t key,
		 struct history_event event)
{
	event.end = history_stamp();
	event.kind = (uint8_t)kind;
	event.key = key;
	history_add(&sharer->log, event);
}

/* A call that reads begins: the event of which it becomes one. */
static struct history_event begin_read(const struct sharer *sharer, uint32_t key, uint32_t part)
{
	struct history_event event = {
		.part = (uint8_t)(key < sharer->world->plan->keys ? 0 : part + 1)};

	event.since = sharer_time(sharer->world);
	event.start = history_stamp();
	return event;
}

void sharer_note_read(struct sharer *sharer, struct history_event event, uint32_t key,
		      uint32_t value)
{
	event.value = value;
	sharer_note(sharer, HISTORY_READ, key, event);
}

/* ---- reads ---- */

uint32_t sharer_any_key(struct sharer *sharer)
{
	return sharer_below(sharer, sharer->world->plan->keys);
}

/* Any register, and a part of it. */
static uint32_t any_register(struct sharer *sharer, uint32_t *part)
{
	const struct sharer_world *world = sharer->world;
	bool group = world->plan->groups && (!world->plan->keys || !sharer_below(sharer, 3));

	*part = group ? sharer_below(sharer, SHARER_PARTS) : 0;
	return group ? world->plan->keys + sharer_below(sharer, world->plan->groups)
		     : sharer_any_key(sharer);
}

/* Whether a view is what it was. */
static bool still_whole(struct sharer *sharer, const struct sharer_view *held)
{
	const struct store_view *v = &held->view;
	char key[SHARER_KEY_MAX];
	uint32_t len = sharer_key(sharer->world, held->key, held->part, key);

	if (v->key_len != len || memcmp(v->key, key, len))
		return sharer_wrong(sharer, "sharer %u: the key of a view of %s is another one",
				    (unsigned)sharer->number, key);
	if (sharer_number(sharer->world, held->key, held->part, v->data, v->data_len, v->meta,
			  v->meta_len) != held->number)
		return sharer_wrong(sharer, "sharer %u: a view of %s, value %#x, does not hold it",
				    (unsigned)sharer->number, key, (unsigned)held->number);
	return true;
}

static bool release_one(struct sharer *sharer)
{
	struct sharer_view *held = &sharer->held[sharer_below(sharer, sharer->helds)];
	bool whole = still_whole(sharer, held);

	store_release(sharer->world->s, &held->view);
	*held = sharer->held[--sharer->helds];
	return whole;
}

bool sharer_release_all(struct sharer *sharer)
{
	bool whole = true;

	while (sharer->helds)
		whole &= release_one(sharer);
	return whole;
}

/* Gets a part of a register and holds it. -ENOENT, or -EIO: it is wrong. */
static int get(struct sharer *sharer, uint32_t key, uint32_t part)
{
	struct sharer_view *held = &sharer->held[sharer->helds];
	char text[SHARER_KEY_MAX];
	uint32_t len = sharer_key(sharer->world, key, part, text);
	struct history_event event = begin_read(sharer, key, part);
	int err;

	err = store_get(sharer->world->s, text, len, &held->view);
	if (err && err != -ENOENT) {
		sharer_failed(sharer, "store_get", err);
		return -EIO;
	}
	held->key = key;
	held->part = part;
	held->number = 0;
	if (!err) {
		held->number =
			sharer_number(sharer->world, key, part, held->view.data,
				      held->view.data_len, held->view.meta, held->view.meta_len);
		if (!held->number) {
			sharer_wrong(sharer, "sharer %u: a get of %s finds what nobody put",
				     (unsigned)sharer->number, text);
			return -EIO;
		}
		sharer->helds++;
	}
	sharer_note_read(sharer, event, key, held->number);
	return err;
}

static bool do_get(struct sharer *sharer)
{
	uint32_t part, key = any_register(sharer, &part);
	int err;

	if (sharer->helds == SHARER_HELD && !release_one(sharer))
		return false;
	err = get(sharer, key, part);
	if (err)
		return err == -ENOENT;
	return sharer_below(sharer, 3) || release_one(sharer);
}

static bool read_into(struct sharer *sharer, uint32_t key, uint32_t part)
{
	char text[SHARER_KEY_MAX];
	uint32_t len = sharer_key(sharer->world, key, part, text), number = 0, got = 0;
	struct history_event event = begin_read(sharer, key, part);
	int err;

	err = store_read(sharer->world->s, text, len, sharer->value, sizeof(sharer->value), &got);
	if (err && err != -ENOENT)
		return sharer_failed(sharer, "store_read", err);
	if (!err) {
		number = sharer_number(sharer->world, key, part, sharer->value, got, NULL, 0);
		if (!number)
			return sharer_wrong(sharer, "sharer %u: a read of %s finds what nobody put",
					    (unsigned)sharer->number, text);
	}
	sharer_note_read(sharer, event, key, number);
	return true;
}

static bool do_read(struct sharer *sharer)
{
	uint32_t part, key = any_register(sharer, &part);

	return read_into(sharer, key, part);
}

bool sharer_read_all(struct sharer *sharer)
{
	for (uint32_t key = 0; key < sharer->world->plan->keys + sharer->world->plan->groups; key++)
		for (uint32_t part = 0; part < (key < sharer->world->plan->keys ? 1 : SHARER_PARTS);
		     part++)
			if (!read_into(sharer, key, part))
				return false;
	return true;
}

static bool do_contains(struct sharer *sharer)
{
	uint32_t part, key = any_register(sharer, &part);
	char text[SHARER_KEY_MAX];
	uint32_t len = sharer_key(sharer->world, key, part, text);
	struct history_event event = begin_read(sharer, key, part);
	int err = store_contains(sharer->world->s, text, len);

	if (err && err != -ENOENT)
		return sharer_failed(sharer, "store_contains", err);
	sharer_note(sharer, err ? HISTORY_READ : HISTORY_SEEN, key, event);
	return true;
}

/* ---- writes of one key ---- */

/* A number for a value that nobody had before. */
uint32_t sharer_new_number(struct sharer *sharer)
{
	return (sharer->number + 1) << 24 | ++sharer->written;
}

/* An expiry that is near, far or none. */
uint32_t sharer_new_expiry(struct sharer *sharer)
{
	uint32_t time = sharer_time(sharer->world);

	if (!sharer->world->plan->expiries || sharer_below(sharer, 2))
		return 0;
	return time + 1 + (sharer_below(sharer, 2) ? sharer_below(sharer, 8) : 1000000);
}

int64_t sharer_expiry_of(uint32_t expiry)
{
	return expiry ? (int64_t)expiry : STORE_NEVER;
}

static bool do_put(struct sharer *sharer)
{
	uint32_t key = sharer_any_key(sharer), number = sharer_new_number(sharer),
		 expiry = sharer_new_expiry(sharer);
	uint32_t len = sharer_make(sharer, key, 0, number), start;
	char text[SHARER_KEY_MAX];
	uint32_t key_len = sharer_key(sharer->world, key, 0, text);
	int err;

	start = history_stamp();
	err = store_put(sharer->world->s, text, key_len, sharer->value, len, sharer->meta,
			sharer_meta_len(number), sharer_expiry_of(expiry));
	if (err)
		return sharer_no_room(sharer, "store_put", err);
	sharer_note(sharer, HISTORY_PUT, key,
		    (struct history_event){.start = start, .value = number, .expiry = expiry});
	return true;
}

static bool do_delete(struct sharer *sharer)
{
	uint32_t key = sharer_any_key(sharer), start;
	char text[SHARER_KEY_MAX];
	uint32_t key_len = sharer_key(sharer->world, key, 0, text);
	int err;

	start = history_stamp();
	err = store_delete(sharer->world->s, text, key_len);
	if (err && err != -ENOENT)
		return sharer_refused(sharer, "store_delete", err);
	if (err)
		sharer_note_read(sharer, (struct history_event){.start = start}, key, 0);
	else
		sharer_note(sharer, HISTORY_TAKE, key, (struct history_event){.start = start});
	return true;
}

/* What a store_put_if() of NUMBER in place of WAS, of VERSION, answered. */
static bool note_swap(struct sharer *sharer, uint32_t key, struct history_event event, int err)
{
	switch (err) {
	case 0:
		sharer_note(sharer, HISTORY_SWAP, key, event);
		return true;
	case -EEXIST:
		sharer_note(sharer, HISTORY_SEEN, key, event);
		return !event.was || sharer_failed(sharer, "store_put_if of a version", err);
	case -ESTALE:
		sharer_note(sharer, HISTORY_OTHER, key, event);
		return event.was || sharer_failed(sharer, "store_put_if of STORE_ABSENT", err);
	case -ENOENT:
		sharer_note_read(sharer, (struct history_event){.start = event.start}, key, 0);
		return event.was || sharer_failed(sharer, "store_put_if of STORE_ABSENT", err);
	default:
		return sharer_no_room(sharer, "store_put_if", err);
	}
}

static bool do_swap(struct sharer *sharer)
{
	uint32_t key = sharer_any_key(sharer), number = sharer_new_number(sharer), len;
	struct history_event event = {.value = number};
	char text[SHARER_KEY_MAX];
	uint32_t key_len = sharer_key(sharer->world, key, 0, text);
	uint64_t version = STORE_ABSENT;
	int err;

	if (sharer->helds == SHARER_HELD && !release_one(sharer))
		return false;
	err = get(sharer, key, 0);
	if (err && err != -ENOENT)
		return false;
	if (!err) {
		event.was = sharer->held[sharer->helds - 1].number;
		version = sharer->held[sharer->helds - 1].view.version;
		if (sharer_below(sharer, 2) && !release_one(sharer))
			return false;
	}
	len = sharer_make(sharer, key, 0, number);
	event.expiry = sharer_new_expiry(sharer);
	event.start = history_stamp();
	err = store_put_if(sharer->world->s, version, text, key_len, sharer->value, len,
			   sharer->meta, sharer_meta_len(number), sharer_expiry_of(event.expiry));
	return note_swap(sharer, key, event, err);
}

bool sharer_do(struct sharer *sharer, enum sharer_op op)
{
	static bool (*const ops[SHARER_OPS])(struct sharer * sharer) = {
		[SHARER_PUT] = do_put,
		[SHARER_DELETE] = do_delete,
		[SHARER_READ] = do_read,
		[SHARER_CONTAINS] = do_contains,
		[SHARER_GET] = do_get,
		[SHARER_SWAP] = do_swap,
		[SHARER_GROUP] = sharer_group,
		[SHARER_BATCH] = sharer_batch,
		[SHARER_WALK] = sharer_walk,
		[SHARER_PURGE] = sharer_purge,
		[SHARER_COMPACT] = sharer_compact,
		[SHARER_STAT] = sharer_stat,
		[SHARER_CLEAR] = sharer_clear,
		[SHARER_TIME] = sharer_time_on,
	};

	return ops[op](sharer);
}

/* Whether puts are deletes now. */
static bool ebbs(const struct sharer *sharer)
{
	uint32_t tide = sharer->world->plan->tide;

	return tide && sharer->steps / tide % 2;
}

bool sharer_step(struct sharer *sharer)
{
	const uint8_t *odds = sharer->world->plan->odds;
	uint32_t sum = 0, op = 0, n;

	for (uint32_t i = 0; i < SHARER_OPS; i++)
		sum += odds[i];
	for (n = sharer_below(sharer, sum); n >= odds[op]; op++)
		n -= odds[op];
	if ((op == SHARER_PUT || op == SHARER_SWAP) && ebbs(sharer))
		op = SHARER_DELETE;
	sharer->steps++;
	return sharer_do(sharer, (enum sharer_op)op);
}

bool sharers_explained(const struct sharer *sharers, uint32_t count,
		       void (*print)(const char *line))
{
	struct history_rules rules = {.evicts = sharers[0].world->plan->max_entries};
	struct history_log logs[STORE_SHARERS_MAX];
	struct history_fault fault;
	char line[160];

	for (uint32_t i = 0; i < count; i++)
		logs[i] = sharers[i].log;
	if (history_explained(logs, count, rules, &fault))
		return true;
	history_tell(logs, count, &fault, EVENTS_TOLD, print);
	snprintf(line, sizeof(line), "register %u, the call of sharer %u that ended at %u: %s",
		 (unsigned)fault.key, (unsigned)fault.event.core, (unsigned)fault.event.end,
		 fault.what);
	print(line);
	return false;
}
