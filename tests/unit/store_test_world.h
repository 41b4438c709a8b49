/* SPDX-License-Identifier: MIT */
/*
 * What the random sequences play on: a store, the plain array of what must be in it, the views that
 * are held, and the media, which must be told of every byte.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_WORLD_H
#define CAIRN_TESTS_UNIT_STORE_TEST_WORLD_H

#include <errno.h>
#include <stdarg.h>

#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_order.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define OPS_KEYS ORDER_KEYS
#define OPS_DATA_MAX 3000U
#define OPS_META_MAX 200U
#define OPS_PINS 6U
#define OPS_SAID 400U

enum op_kind {
	OP_PUT,
	OP_PUT_IF,
	OP_PUT_VIEW, /* data and metadata are those of another entry, in place */
	OP_GET,
	OP_PIN, /* a get that is released later */
	OP_RELEASE,
	OP_READ,
	OP_CONTAINS,
	OP_DELETE,
	OP_CLEAR,
	OP_PURGE,
	OP_PROCESS,
	OP_BUSY, /* writing calls from within a walk */
	OP_COMPACT,
	OP_TICK,
	OP_REOPEN,
	OP_CRASH, /* an open without a close before */
	OP_COPY,  /* opens a copy of the region */
	OP_REFORMAT,
	OP_BAD, /* a call that must be refused */
};

static const char *const op_names[] = {
	"put",      "put_if", "put_view", "get",   "pin",      "release", "read",
	"contains", "delete", "clear",    "purge", "process",  "busy",    "compact",
	"tick",     "reopen", "crash",    "copy",  "reformat", "bad",
};

struct op {
	enum op_kind kind;
	uint32_t key, from, data_len, meta_len, fill;
	int32_t expiry; /* from the clock of that time on; 0: never */
};

/* A sequence, and what became of it. */
struct ops {
	uint64_t seed;
	uint32_t region_size;
	bool hooks; /* watch the media */
	bool unchecked;
	bool shared; /* by one thread */
	uint32_t count;
	struct op *op;
	char *said; /* OPS_SAID bytes shared with the child that runs it */
};

struct ops_key {
	uint8_t *bytes;
	uint32_t len;
};

struct ops_value {
	bool there;
	uint32_t data_len, meta_len;
	int64_t expiry;
	uint64_t version;
	uint8_t bytes[OPS_DATA_MAX + OPS_META_MAX]; /* data, then metadata */
};

/* A view that is held, and the bytes that it showed at first. */
struct ops_pin {
	struct store_view view;
	uint32_t key;
	uint8_t *bytes; /* key, data, metadata */
};

/* What must have been counted since the open. */
struct ops_counters {
	uint64_t puts, hits, misses, deletes, expired, evicted;
};

/* The store under test, what it must hold, and the walk of the state before the operation. */
struct ops_world {
	const struct ops *ops;
	uint8_t *region;
	uint8_t *shadow; /* what the door announced */
	uint8_t *kept;   /* what was cleaned, too */
	uint8_t *copy;   /* of the region before a call that must not write */
	bool unflushed;
	bool window;  /* it is open, */
	bool strayed; /* and something came while it was not */
	struct store s;
	struct store_config config;
	int64_t clock;
	uint32_t boots;
	uint64_t next_seq;
	struct ops_key key[OPS_KEYS];
	struct ops_value value[OPS_KEYS];
	struct order order;
	struct ops_counters counted;
	struct ops_pin pin[OPS_PINS];
	uint32_t pins, pin_off[OPS_PINS];
	struct walker walks[2], *before, *after;
	uint32_t at; /* operation */
};

static inline bool ops_fail(struct ops_world *w, const char *format, ...) PRINTF_LIKE(2, 3);
static inline bool ops_fail(struct ops_world *w, const char *format, ...)
{
	char *to = w->ops->said;
	va_list ap;
	int n = snprintf(to, OPS_SAID, "operation %u (%s): ", w->at,
			 w->at < w->ops->count ? op_names[w->ops->op[w->at].kind] : "open");

	va_start(ap, format);
	vsnprintf(to + n, OPS_SAID - (size_t)n, format, ap);
	va_end(ap);
	return false;
}

/* The media: every write through the door, and everything clean when a call returns. */

static inline void ops_written(void *ctx, uint32_t off, uint32_t len)
{
	struct ops_world *w = ctx;

	w->strayed |= !w->window;
	memcpy(w->shadow + off, w->region + off, len);
}

static inline void ops_window(void *ctx, bool open)
{
	struct ops_world *w = ctx;

	w->strayed |= open == w->window;
	w->window = open;
}

static inline void ops_clean(void *ctx, const void *ptr, size_t len)
{
	struct ops_world *w = ctx;
	size_t from = (size_t)((const uint8_t *)ptr - w->region), to = from + len;

	from = ROUND_DOWN(from, (size_t)32);
	to = ROUND_UP(to, (size_t)32);
	memcpy(w->kept + from, w->region + from, to - from);
	w->unflushed = true;
}

static inline void ops_barrier(void *ctx)
{
	struct ops_world *w = ctx;

	w->unflushed = false;
}

static inline bool ops_check_media(struct ops_world *w)
{
	uint32_t size = w->ops->region_size, at = 0;

	if (!w->ops->hooks)
		return true;
	if (memcmp(w->region, w->shadow, size) != 0) {
		while (w->region[at] == w->shadow[at])
			at++;
		return ops_fail(w, "byte %u was written past the door", at);
	}
	if (memcmp(w->region, w->kept, size) != 0) {
		while (w->region[at] == w->kept[at])
			at++;
		return ops_fail(w, "byte %u was not flushed", at);
	}
	if (w->strayed)
		return ops_fail(w, "something was written while the window was closed, or it was "
				   "opened twice");
	return !w->unflushed || ops_fail(w, "lines were cleaned without a barrier behind");
}

/* The region before a call that must not write to it, and the comparison after. */

static inline void ops_keep(struct ops_world *w)
{
	memcpy(w->copy, w->region, w->ops->region_size);
}

static inline bool ops_untouched(struct ops_world *w, const char *call)
{
	return memcmp(w->copy, w->region, w->ops->region_size) == 0 ||
	       ops_fail(w, "%s wrote to the region", call);
}

/* The clock. */

static inline int64_t ops_now(void *ctx)
{
	return ((struct ops_world *)ctx)->clock;
}

static inline bool ops_expired(const struct ops_world *w, int64_t expiry)
{
	return expiry > 0 && expiry < w->clock;
}

static inline bool ops_same_expiry(int64_t a, int64_t b)
{
	return a == b || (a <= 0 && b <= 0);
}

/* The array. */

/* Whether a read finds key I. */
static inline bool ops_readable(const struct ops_world *w, uint32_t i)
{
	return w->value[i].there && !ops_expired(w, w->value[i].expiry);
}

static inline uint32_t ops_entries(const struct ops_world *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++)
		n += w->value[i].there;
	return n;
}

static inline void ops_forget(struct ops_world *w, uint32_t i)
{
	w->value[i].there = false;
	order_remove(&w->order, i);
}

/* Takes the expired out of the array; how many. */
static inline uint32_t ops_forget_expired(struct ops_world *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++)
		if (w->value[i].there && ops_expired(w, w->value[i].expiry)) {
			ops_forget(w, i);
			n++;
		}
	return n;
}

/* The key of an entry of a walk; OPS_KEYS if nobody put it. */
static inline uint32_t ops_key_of(const struct ops_world *w, const void *key, uint32_t len)
{
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		if (w->key[i].len == len && memcmp(w->key[i].bytes, key, len) == 0)
			return i;
	return OPS_KEYS;
}

static inline const struct walker_entry *ops_find(const struct ops_world *w,
						  const struct walker *walk, uint32_t i)
{
	return walker_find(walk, w->key[i].bytes, w->key[i].len);
}

/* Held views. */

/* Whether the record of a pin is no longer the entry of its key. */
static inline bool ops_pin_is_dead(const struct ops_world *w, const struct ops_pin *p)
{
	return !w->value[p->key].there || w->value[p->key].version != p->view.version;
}

static inline struct walker_pins ops_walker_pins(const struct ops_world *w)
{
	return (struct walker_pins){w->pin_off, w->pins};
}

static inline void ops_add_pin(struct ops_world *w, uint32_t key, const struct store_view *v)
{
	struct ops_pin *p = &w->pin[w->pins];

	p->view = *v;
	p->key = key;
	p->bytes = malloc(v->key_len + v->data_len + v->meta_len);
	memcpy(p->bytes, v->key, v->key_len);
	memcpy(p->bytes + v->key_len, v->data, v->data_len);
	memcpy(p->bytes + v->key_len + v->data_len, v->meta, v->meta_len);
	w->pin_off[w->pins++] = v->slot;
}

static inline void ops_drop_pin(struct ops_world *w, uint32_t i)
{
	free(w->pin[i].bytes);
	w->pins--;
	w->pin[i] = w->pin[w->pins];
	w->pin_off[i] = w->pin_off[w->pins];
}

static inline void ops_drop_pins(struct ops_world *w)
{
	while (w->pins > 0)
		ops_drop_pin(w, 0);
}

#endif
