/* SPDX-License-Identifier: MIT */
/*
 * Puts: with room the slot is the one that FCS1's rule gives and nothing else moves; without it
 * what has expired goes and records are moved, and only then the put is refused.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_PUT_H
#define CAIRN_TESTS_UNIT_STORE_TEST_PUT_H

#include "tests/unit/store_test_check.h"

/* A put about to be tried. */
struct ops_put {
	uint32_t key;
	struct ops_value value;
	const void *data, *meta;
	bool conditional;
	uint64_t version; /* of a conditional one */
};

static inline uint32_t ops_need(uint64_t content)
{
	return (uint32_t)((24 + content + 16 + 7) / 8 * 8);
}

static inline uint64_t ops_content(const struct ops_world *w, const struct ops_put *p)
{
	return (uint64_t)w->key[p->key].len + p->value.data_len + p->value.meta_len;
}

/* The slot that a record of NEED bytes gets; size 0 if there is no room. */
static inline struct walker_free ops_spot(const struct ops_world *w, uint32_t need)
{
	const struct walker *walk = w->before;
	float part = w->config.fragmentation == 0 ? 0.75F : w->config.fragmentation;
	struct walker_free spot = {0, 0};
	bool tail = false;

	for (uint32_t i = 0; i < walk->frees; i++) {
		const struct walker_free *f = &walk->free[i];

		tail = f->off + f->size == walk->end;
		if (f->size >= need && (spot.size == 0 || (!tail && f->size < spot.size)))
			spot = *f;
	}
	tail = spot.off + spot.size == walk->end;
	if (spot.size > 0 &&
	    (tail ? spot.size - need >= 40
		  : spot.size - need >= 128 && (float)need <= (float)spot.size * part))
		spot.size = need;
	return spot;
}

/* What a conditional put must return before it looks at anything else; 0: it may go on. */
static inline int ops_condition(const struct ops_world *w, const struct ops_put *p)
{
	bool readable = ops_readable(w, p->key);

	if (!p->conditional)
		return 0;
	if (p->version == STORE_ABSENT)
		return readable ? -EEXIST : 0;
	if (!readable)
		return -ENOENT;
	return p->version == w->value[p->key].version ? 0 : -ESTALE;
}

static inline int ops_call_put(struct ops_world *w, const struct ops_put *p)
{
	const struct ops_key *k = &w->key[p->key];
	const struct ops_value *v = &p->value;

	if (p->conditional)
		return store_put_if(&w->s, p->version, k->bytes, k->len, p->data, v->data_len,
				    p->meta, v->meta_len, v->expiry);
	return store_put(&w->s, k->bytes, k->len, p->data, v->data_len, p->meta, v->meta_len,
			 v->expiry);
}

/* The array after a put that was done, with the victim if there had to be one. */
static inline void ops_enter(struct ops_world *w, const struct ops_put *p)
{
	struct ops_value *v = &w->value[p->key];
	const struct order *o = &w->order;

	if (!v->there && o->max > 0 && o->count == o->max) {
		w->value[order_evict(&w->order)].there = false;
		w->counted.evicted++;
	}
	if (v->there)
		order_use(&w->order, p->key);
	else
		order_add(&w->order, p->key);
	*v = p->value;
	v->there = true;
	w->counted.puts++;
}

/* The version of a new record: above all that there were. To the array; to be called after a walk.
 */
static inline bool ops_take_version(struct ops_world *w, uint32_t key)
{
	const struct walker_entry *e = ops_find(w, w->after, key);

	if (e == NULL)
		return ops_fail(w, "key %u is lost", key);
	if (e->seq < w->next_seq)
		return ops_fail(w, "key %u got an old number", key);
	w->value[key].version = e->seq;
	return true;
}

/* With room: the record is where the rule says, and no other moved. */
static inline bool ops_check_spot(struct ops_world *w, uint32_t key, struct walker_free spot)
{
	const struct walker_entry *e = ops_find(w, w->after, key);

	if (e == NULL || e->off != spot.off || e->size != spot.size)
		return ops_fail(w, "put in %u+%u, the rule says %u+%u", e == NULL ? 0 : e->off,
				e == NULL ? 0 : e->size, spot.off, spot.size);
	for (uint32_t i = 0; i < w->after->entries; i++) {
		const struct walker_entry *now = &w->after->entry[i], *was;

		was = walker_find(w->before, now->key, now->key_len);
		if (now->off != e->off && (was == NULL || was->off != now->off))
			return ops_fail(w, "a put that had room moved the entry to %u", now->off);
	}
	return true;
}

/* A put that was refused for want of room has done all it could to get some. */
static inline bool ops_check_no_room(struct ops_world *w, uint32_t need)
{
	const struct walker *walk = w->after;
	uint32_t largest = walker_largest(walk);

	if (largest >= need)
		return ops_fail(w, "refused %u bytes with a free slot of %u", need, largest);
	if (w->pins == 0 && walk->free_bytes >= need && largest >= walker_largest_entry(walk))
		return ops_fail(w, "refused %u bytes with %u free, of which %u in one", need,
				walk->free_bytes, largest);
	return true;
}

static inline bool ops_put_without_room(struct ops_world *w, const struct ops_put *p, uint32_t need)
{
	int got = ops_call_put(w, p);

	w->counted.expired += ops_forget_expired(w);
	if (got == 0)
		ops_enter(w, p);
	else if (got != -ENOSPC)
		return ops_fail(w, "put of %u bytes without room returned %d", need, got);
	if (!ops_walk(w) || !(got == 0 ? ops_take_version(w, p->key) : ops_check_no_room(w, need)))
		return false;
	return ops_check(w);
}

static inline bool ops_put_with_room(struct ops_world *w, const struct ops_put *p,
				     struct walker_free spot)
{
	int got = ops_call_put(w, p);

	if (got != 0)
		return ops_fail(w, "put for %u+%u returned %d", spot.off, spot.size, got);
	ops_enter(w, p);
	return ops_walk(w) && ops_take_version(w, p->key) && ops_check_spot(w, p->key, spot) &&
	       ops_check(w);
}

static inline bool ops_refused_put(struct ops_world *w, const struct ops_put *p, int want,
				   int or_else)
{
	int got;

	ops_keep(w);
	got = ops_call_put(w, p);
	if (got != want && got != or_else)
		return ops_fail(w, "put returned %d, not %d", got, want);
	return ops_untouched(w, "a refused put") && ops_check(w);
}

static inline bool ops_try_put(struct ops_world *w, const struct ops_put *p)
{
	uint64_t content = ops_content(w, p);
	bool too_big = ops_need(content) > w->before->end - CHAIN_START;
	struct walker_free spot = ops_spot(w, ops_need(content));
	int condition = ops_condition(w, p);

	if (too_big || condition != 0) /* of two reasons either will do */
		return ops_refused_put(w, p, too_big ? -E2BIG : condition,
				       condition != 0 ? condition : -E2BIG);
	return spot.size > 0 ? ops_put_with_room(w, p, spot)
			     : ops_put_without_room(w, p, ops_need(content));
}

static inline void ops_make_put(struct ops_world *w, const struct op *op, struct ops_put *p)
{
	struct rng r = rng_seeded(op->fill);
	struct ops_value *v = &p->value;

	p->key = op->key;
	v->data_len = op->data_len;
	v->meta_len = op->meta_len;
	v->expiry = op->expiry == 0 ? (int64_t)(op->fill % 3) - 2 : w->clock + op->expiry;
	rng_fill(&r, v->bytes, v->data_len + v->meta_len);
	/* Words that mean something to the format must not when they lie in a value. */
	for (uint32_t i = 0; op->fill % 4 == 0 && i + 4 <= v->data_len; i += 4)
		memcpy(v->bytes + i, i % 8 != 0 ? "FREE" : "\0\0\0\0", 4);
	p->data = op->fill % 2 == 0 && v->data_len == 0 ? NULL : v->bytes;
	p->meta = op->fill % 2 == 0 && v->meta_len == 0 ? NULL : v->bytes + v->data_len;
}

static inline bool ops_put(struct ops_world *w, const struct op *op)
{
	struct ops_put p = {0};

	ops_make_put(w, op, &p);
	return ops_try_put(w, &p);
}

static inline bool ops_put_if(struct ops_world *w, const struct op *op)
{
	struct ops_put p = {.conditional = true};

	ops_make_put(w, op, &p);
	switch (op->fill / 16 % 8) {
	case 0:
		p.version = w->value[op->key].version + 1;
		break;
	case 1:
		p.version = w->value[op->from].version;
		break;
	case 2:
	case 3:
	case 4:
		p.version = STORE_ABSENT;
		break;
	default: /* of the last entry, which may be gone */
		p.version = w->value[op->key].version;
	}
	return ops_try_put(w, &p);
}

/* The source is pinned, so it stays even if it expires, is replaced, or there is no room. */
static inline bool ops_put_view(struct ops_world *w, const struct op *op)
{
	const struct ops_key *from = &w->key[op->from];
	struct ops_put p = {.key = op->key, .value = w->value[op->from]};
	struct store_view view;
	bool ok;

	if (w->pins == OPS_PINS || !ops_readable(w, op->from))
		return true;
	if (store_get(&w->s, from->bytes, from->len, &view) != 0)
		return ops_fail(w, "the source is not found");
	ops_add_pin(w, op->from, &view);
	w->counted.hits++;
	order_use(&w->order, op->from);
	if (op->fill % 5 < 2)
		w->clock += op->fill % 97; /* the source may have expired since */
	p.data = view.data;
	p.meta = view.meta;
	p.value.expiry = op->expiry == 0 ? STORE_NEVER : w->clock + op->expiry;
	if (op->fill % 3 == 0 && p.value.data_len > 8) { /* a part of it */
		p.value.data_len -= 8;
		memmove(p.value.bytes, p.value.bytes + 5, p.value.data_len);
		memmove(p.value.bytes + p.value.data_len, view.meta, p.value.meta_len);
		p.data = (const uint8_t *)view.data + 5;
	}
	ok = ops_try_put(w, &p);
	store_release(&w->s, &view);
	ops_drop_pin(w, w->pins - 1);
	return ok && ops_check(w);
}

#endif
