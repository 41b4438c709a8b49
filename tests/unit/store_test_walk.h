/* SPDX-License-Identifier: MIT */
/* Walks over the entries: filtered, stopped, with reads and with refused writes from within. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_WALK_H
#define CAIRN_TESTS_UNIT_STORE_TEST_WALK_H

#include "tests/unit/store_test_calls.h"

#define OPS_STOP 7 /* what visit returns to end a walk */

struct ops_visits {
	struct ops_world *w;
	const struct op *op;
	struct store_walk walk;
	bool filter;
	uint32_t at, seen, stop; /* in the walk of the region; calls; the call that ends it */
	bool ok;
};

static inline bool ops_is_wanted(const struct op *op, const void *key, uint32_t key_len)
{
	return (walker_crc(op->fill, key, key_len) & 3) != 0;
}

static inline bool ops_wanted(void *ctx, const void *key, uint32_t key_len)
{
	struct ops_visits *v = ctx;

	if (ops_key_of(v->w, key, key_len) == OPS_KEYS)
		v->ok = ops_fail(v->w, "the filter is asked for a key that nobody put");
	return ops_is_wanted(v->op, key, key_len);
}

/* Whether a walk must visit the entry. */
static inline bool ops_visited(const struct ops_visits *v, const struct walker_entry *e)
{
	const struct store_walk *walk = &v->walk;

	if (walk->prefix_len > 0 &&
	    (e->key_len < walk->prefix_len || memcmp(e->key, walk->prefix, walk->prefix_len) != 0))
		return false;
	if (v->filter && !ops_is_wanted(v->op, e->key, e->key_len))
		return false;
	return walk->expired || !ops_expired(v->w, e->expiry);
}

static inline bool ops_shows(const struct ops_visits *v, const struct store_view *view,
			     const struct walker_entry *e)
{
	bool no_data = v->walk.no_data, no_meta = v->walk.no_meta;

	return view->key == e->key && view->key_len == e->key_len &&
	       view->data == (no_data ? NULL : e->data) &&
	       (no_data || view->data_len == e->data_len) &&
	       view->meta == (no_meta ? NULL : e->meta) &&
	       (no_meta || view->meta_len == e->meta_len) &&
	       ops_same_expiry(view->expiry, e->expiry) && view->version == e->seq &&
	       view->slot == e->off && view->slot_size == e->size;
}

/* Reads of the visited key are allowed, a walk in a walk, too. */
static inline bool ops_read_within(struct ops_world *w, uint32_t i)
{
	const struct ops_key *k = &w->key[i];
	struct store_view view;
	int want = ops_expect_read(w, i), got = store_get(&w->s, k->bytes, k->len, &view);

	if (got == 0)
		store_release(&w->s, &view);
	if (got == want && store_contains(&w->s, k->bytes, k->len) != ops_expect_read(w, i))
		got = -EIO;
	return got == want || ops_fail(w, "a get within a walk returned %d, not %d", got, want);
}

static inline int ops_visit(void *ctx, const struct store_view *view)
{
	struct ops_visits *v = ctx;
	const struct walker *walk = v->w->before;

	while (v->at < walk->entries && !ops_visited(v, &walk->entry[v->at]))
		v->at++;
	if (v->at == walk->entries || !ops_shows(v, view, &walk->entry[v->at]))
		v->ok = ops_fail(v->w, "the walk shows another entry, or in another order");
	else if (v->op->fill / 128 % 4 == 0)
		v->ok = ops_read_within(v->w, ops_key_of(v->w, view->key, view->key_len));
	v->at++;
	v->seen++;
	if (!v->ok)
		return -EIO;
	return v->seen == v->stop ? OPS_STOP : 0;
}

static inline bool ops_process(struct ops_world *w, const struct op *op)
{
	struct ops_visits v = {.w = w, .op = op, .ok = true};
	uint32_t due = 0;
	bool plain = op->fill % 8 == 0;
	int got;

	v.stop = op->fill / 8 % 3 == 0 ? op->meta_len % 8 + 1 : 0;
	v.filter = !plain && op->fill / 32 % 3 == 0;
	if (!plain) {
		v.walk = (struct store_walk){
			.prefix = w->key[op->from].bytes,
			.prefix_len = op->data_len % (w->key[op->from].len + 1),
			.wanted = v.filter ? ops_wanted : NULL,
			.no_data = op->fill % 2,
			.no_meta = op->fill / 2 % 2,
			.expired = op->fill / 4 % 2,
		};
		if (op->fill / 16 % 2 == 0)
			v.walk.prefix_len = 0;
		if (v.walk.prefix_len == 0 && op->fill / 64 % 2 == 0)
			v.walk.prefix = NULL;
	}
	v.walk.visit = ops_visit;
	v.walk.ctx = &v;
	for (uint32_t i = 0; i < w->before->entries; i++)
		due += ops_visited(&v, &w->before->entry[i]);
	ops_keep(w);
	got = plain ? store_iterate(&w->s, ops_visit, &v) : store_process(&w->s, &v.walk);
	if (!v.ok)
		return false;
	if (v.stop != 0 && v.stop <= due ? got != OPS_STOP || v.seen != v.stop
					 : got != 0 || v.seen != due)
		return ops_fail(w, "the walk returned %d after %u calls of %u", got, v.seen, due);
	return ops_untouched(w, "a walk") && ops_check(w);
}

/* Writes from within */

static inline void ops_must_be_busy(struct ops_visits *v, const char *call, int got)
{
	if (got != -EBUSY)
		v->ok = ops_fail(v->w, "%s within a walk returned %d", call, got);
}

static inline int ops_visit_and_write(void *ctx, const struct store_view *view)
{
	struct ops_visits *v = ctx;
	struct store *s = &v->w->s;

	ops_must_be_busy(v, "put",
			 store_put(s, view->key, view->key_len, "v", 1, NULL, 0, STORE_NEVER));
	ops_must_be_busy(v, "put of a new key",
			 store_put(s, "new!", 4, "v", 1, NULL, 0, STORE_NEVER));
	ops_must_be_busy(v, "put_if",
			 store_put_if(s, view->version, view->key, view->key_len, "v", 1, NULL, 0,
				      STORE_NEVER));
	ops_must_be_busy(v, "delete", store_delete(s, view->key, view->key_len));
	ops_must_be_busy(v, "clear", store_clear(s));
	ops_must_be_busy(v, "purge", store_purge(s, NULL, NULL));
	ops_must_be_busy(v, "compact", store_compact(s, UINT32_MAX));
	v->seen++;
	if (v->op->fill % 2 == 0) /* they still are behind a walk in the walk */
		return v->seen == 1 ? store_iterate(s, ops_visit_and_write, v) : OPS_STOP;
	return v->seen == v->stop ? OPS_STOP : 0;
}

static inline bool ops_busy(struct ops_world *w, const struct op *op)
{
	struct ops_visits v = {.w = w, .op = op, .ok = true};

	v.stop = op->fill / 2 % 4;
	ops_keep(w);
	store_iterate(&w->s, ops_visit_and_write, &v);
	return v.ok && ops_untouched(w, "a call within a walk") && ops_check(w);
}

#endif
