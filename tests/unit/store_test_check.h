/* SPDX-License-Identifier: MIT */
/*
 * The comparison after each operation: every byte of the region, the plain array, the index, the
 * list of free slots, the order, the counters and the held views must all say the same.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_CHECK_H
#define CAIRN_TESTS_UNIT_STORE_TEST_CHECK_H

#include "tests/unit/store_test_world.h"

/* No entry ever has this version. */
#define OPS_NO_VERSION (1ULL << 60)

static inline bool ops_same_view(const struct store_view *v, const struct walker_entry *e)
{
	return v->key == e->key && v->key_len == e->key_len && v->data == e->data &&
	       v->data_len == e->data_len && v->meta == e->meta && v->meta_len == e->meta_len &&
	       ops_same_expiry(v->expiry, e->expiry) && v->version == e->seq && v->slot == e->off &&
	       v->slot_size == e->size;
}

/* The region after a call, with what is pinned; to w->after. */
static inline bool ops_walk(struct ops_world *w)
{
	return walker_walk_pinned(w->after, w->region, w->ops->region_size, ops_walker_pins(w)) ||
	       ops_fail(w, "at %u: %s", w->after->error_off, w->after->error);
}

/* Entries */

static inline bool ops_same_value(const struct ops_value *v, const struct walker_entry *e)
{
	return v->data_len == e->data_len && v->meta_len == e->meta_len &&
	       ops_same_expiry(v->expiry, e->expiry) &&
	       memcmp(v->bytes, e->data, e->data_len + e->meta_len) == 0;
}

static inline bool ops_check_entries(struct ops_world *w, const struct walker *walk)
{
	uint32_t there = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		const struct walker_entry *e = ops_find(w, walk, i);

		if (!w->value[i].there && e != NULL)
			return ops_fail(w, "key %u is there and should not be", i);
		if (w->value[i].there && e == NULL)
			return ops_fail(w, "key %u is lost", i);
		if (e != NULL && !ops_same_value(&w->value[i], e))
			return ops_fail(w, "key %u has other bytes", i);
		if (e != NULL && e->seq != w->value[i].version)
			return ops_fail(w, "key %u has another version", i);
		there += e != NULL;
	}
	return there == walk->entries || ops_fail(w, "there are keys that nobody put");
}

/* What stat says of the region. */
static inline bool ops_check_stat(struct ops_world *w, const struct walker *walk,
				  const struct store *s, uint32_t boots)
{
	uint32_t largest = walker_largest(walk);
	struct store_stats st;

	store_stat(s, &st);
	if (st.entries != walk->entries || st.used_bytes != walk->live_bytes)
		return ops_fail(w, "stat: %u entries in %u bytes, the walk %u in %u", st.entries,
				st.used_bytes, walk->entries, walk->live_bytes);
	if (st.free_slots != walk->frees || st.free_bytes != walk->free_bytes)
		return ops_fail(w, "stat: %u free slots of %u bytes, the walk %u of %u",
				st.free_slots, st.free_bytes, walk->frees, walk->free_bytes);
	if (st.largest != (largest > 0 ? largest - HDR_BYTES - TRL_BYTES : 0))
		return ops_fail(w, "stat: largest %u, the largest free slot has %u", st.largest,
				largest);
	if (st.quarantined != 0 || walk->quarantined != 0)
		return ops_fail(w, "a slot is quarantined");
	if (st.boots != boots || walk->boots != boots)
		return ops_fail(w, "stat: boot %u, superblock %u, not %u", st.boots, walk->boots,
				boots);
	if (st.next_seq <= walk->max_seq || st.next_seq > walk->seq_limit)
		return ops_fail(w, "next number %llu: highest in use %llu, limit %llu",
				(unsigned long long)st.next_seq, (unsigned long long)walk->max_seq,
				(unsigned long long)walk->seq_limit);
	return st.end == walk->end || ops_fail(w, "stat: end %u, not %u", st.end, walk->end);
}

/* What stat says of the calls since the open. */
static inline bool ops_check_counters(struct ops_world *w)
{
	const struct ops_counters *c = &w->counted;
	struct store_stats st;

	store_stat(&w->s, &st);
	if (st.next_seq < w->next_seq)
		return ops_fail(w, "the next number went back");
	w->next_seq = st.next_seq;
	if (st.pinned != w->pins)
		return ops_fail(w, "stat: %u pinned, not %u", st.pinned, w->pins);
	if (store_size(&w->s) != st.entries)
		return ops_fail(w, "size and stat count differently");
	if (st.puts != c->puts || st.deletes != c->deletes || st.expired != c->expired ||
	    st.evicted != c->evicted)
		return ops_fail(w,
				"stat: %llu puts, %llu deletes, %llu expired, %llu evicted, not "
				"%llu, %llu, %llu, %llu",
				(unsigned long long)st.puts, (unsigned long long)st.deletes,
				(unsigned long long)st.expired, (unsigned long long)st.evicted,
				(unsigned long long)c->puts, (unsigned long long)c->deletes,
				(unsigned long long)c->expired, (unsigned long long)c->evicted);
	if (st.hits != c->hits || st.misses != c->misses)
		return ops_fail(w, "stat: %llu hits, %llu misses, not %llu, %llu",
				(unsigned long long)st.hits, (unsigned long long)st.misses,
				(unsigned long long)c->hits, (unsigned long long)c->misses);
	return true;
}

/* Held views: their bytes, and where their slots are. */

static inline bool ops_check_pin(struct ops_world *w, const struct ops_pin *p)
{
	const struct store_view *v = &p->view;
	const uint8_t *bytes = p->bytes;

	if (memcmp(v->key, bytes, v->key_len) != 0 ||
	    memcmp(v->data, bytes + v->key_len, v->data_len) != 0 ||
	    memcmp(v->meta, bytes + v->key_len + v->data_len, v->meta_len) != 0)
		return ops_fail(w, "the bytes of a pinned view changed");
	return true;
}

static inline bool ops_check_pins(struct ops_world *w, const struct walker *walk)
{
	uint32_t dead = 0;

	for (uint32_t i = 0; i < w->pins; i++) {
		const struct ops_pin *p = &w->pin[i];
		const struct walker_entry *e = ops_find(w, walk, p->key);
		bool first = true;

		if (!ops_check_pin(w, p))
			return false;
		for (uint32_t j = 0; j < i; j++)
			first = first && w->pin_off[j] != w->pin_off[i];
		if (ops_pin_is_dead(w, p))
			dead += first;
		else if (e == NULL || e->off != p->view.slot)
			return ops_fail(w, "a pinned record was moved");
	}
	return dead == walk->held ||
	       ops_fail(w, "%u dead slots are pinned, but %u held back", dead, walk->held);
}

/* The list of free slots: those of the walk, by size and offset, the last of the region last. */

struct ops_frees {
	struct ops_world *w;
	const struct walker *walk;
	struct walker_free last;
	uint32_t count;
	bool ok;
};

static inline int ops_each_free(void *ctx, uint32_t off, uint32_t size)
{
	struct ops_frees *f = ctx;
	const struct walker *walk = f->walk;
	bool tail = off + size == walk->end, known = false;

	for (uint32_t i = 0; i < walk->frees; i++)
		known = known || (walk->free[i].off == off && walk->free[i].size == size);
	if (!known)
		f->ok = ops_fail(f->w, "the free list has %u+%u, the walk has not", off, size);
	if (f->count > 0 && !tail &&
	    (size < f->last.size || (size == f->last.size && off <= f->last.off)))
		f->ok = ops_fail(f->w, "the free list has %u+%u behind %u+%u", off, size,
				 f->last.off, f->last.size);
	if (tail && f->count + 1 != walk->frees)
		f->ok = ops_fail(f->w, "the tail is not the last of the free list");
	f->last = (struct walker_free){off, size};
	f->count++;
	return f->ok ? 0 : 1;
}

static inline bool ops_check_free_list(struct ops_world *w, const struct walker *walk)
{
	struct ops_frees f = {.w = w, .walk = walk, .ok = true};
	int got = store_each_free(&w->s, ops_each_free, &f);

	if (!f.ok)
		return false;
	return (got == 0 && f.count == walk->frees) ||
	       ops_fail(w, "the free list has %u slots, the walk %u", f.count, walk->frees);
}

/* The order, the eldest first. */

struct ops_eldest {
	struct ops_world *w;
	const struct walker *walk;
	uint32_t at;
	bool ok;
};

static inline int ops_each_eldest(void *ctx, const struct store_view *view)
{
	struct ops_eldest *it = ctx;
	const struct order *o = &it->w->order;
	uint32_t want = it->at < o->count ? o->entry[it->at] : OPS_KEYS;
	uint32_t got = ops_key_of(it->w, view->key, view->key_len);
	const struct walker_entry *e = walker_find(it->walk, view->key, view->key_len);

	if (got != want)
		it->ok = ops_fail(it->w, "number %u to go is key %u, not %u", it->at, got, want);
	else if (e == NULL || !ops_same_view(view, e))
		it->ok = ops_fail(it->w, "the order shows another record of key %u", got);
	it->at++;
	return it->ok ? 0 : 1;
}

static inline bool ops_check_order(struct ops_world *w, const struct walker *walk)
{
	struct ops_eldest it = {.w = w, .walk = walk, .ok = true};
	int got = store_each_eldest(&w->s, ops_each_eldest, &it);

	if (!it.ok)
		return false;
	return (got == 0 && it.at == w->order.count) ||
	       ops_fail(w, "%u entries are in the order, not %u", it.at, w->order.count);
}

/* The index: each entry is found, where it is; keys that are not there are not. */

static inline bool ops_check_get(struct ops_world *w, const struct walker *walk, uint32_t i)
{
	const struct walker_entry *e = ops_find(w, walk, i);
	int want = ops_readable(w, i) ? 0 : -ENOENT, got;
	struct store_view view;

	got = store_get(&w->s, w->key[i].bytes, w->key[i].len, &view);
	if (got != want)
		return ops_fail(w, "get of key %u returned %d, not %d", i, got, want);
	if (got == 0 && (e == NULL || !ops_same_view(&view, e)))
		return ops_fail(w, "get of key %u shows something else", i);
	if (got == 0)
		store_release(&w->s, &view);
	w->counted.hits += got == 0;
	w->counted.misses += got != 0;
	if (w->value[i].there)
		order_use(&w->order, i);
	return true;
}

/*
 * A read would count in SIEVE's order, so there a put that is refused for its version looks. A read
 * of all from the eldest to the newest leaves LRU's order as it is.
 */
static inline bool ops_check_index(struct ops_world *w, const struct walker *walk)
{
	struct order order = w->order;

	for (uint32_t i = 0; order.max > 0 && order.policy == STORE_SIEVE && i < OPS_KEYS; i++) {
		int want = ops_readable(w, i) ? -ESTALE : -ENOENT, got;

		got = store_put_if(&w->s, OPS_NO_VERSION, w->key[i].bytes, w->key[i].len, NULL, 0,
				   NULL, 0, STORE_NEVER);
		if (got != want)
			return ops_fail(w, "put_if of key %u returned %d, not %d", i, got, want);
	}
	for (uint32_t i = 0; order.policy == STORE_LRU && i < order.count; i++)
		if (!ops_check_get(w, walk, order.entry[i]))
			return false;
	for (uint32_t i = 0; order.max == 0 && i < OPS_KEYS; i++)
		if (!ops_check_get(w, walk, i))
			return false;
	return true;
}

/* What readers of a shared store left behind is noted by a call that writes: here by this one. */
static inline void ops_settle(struct ops_world *w)
{
	if (w->ops->shared && store_batch_begin(&w->s) == 0)
		store_batch_abort(&w->s);
}

/* All of it; w->before is then the walk of the state as it is now. */
static inline bool ops_check(struct ops_world *w)
{
	struct walker *now = w->after;

	ops_settle(w);
	if (w->window)
		return ops_fail(w, "the window was left open");
	if (!ops_check_media(w) || !ops_walk(w))
		return false;
	if (now->live_bytes + now->free_bytes + now->held_bytes != now->end - CHAIN_START)
		return ops_fail(w, "the slots do not cover the chain");
	if (!ops_check_entries(w, now) || !ops_check_stat(w, now, &w->s, w->boots) ||
	    !ops_check_counters(w) || !ops_check_pins(w, now) || !ops_check_free_list(w, now) ||
	    !ops_check_order(w, now) || !ops_check_index(w, now))
		return false;
	w->after = w->before;
	w->before = now;
	return true;
}

#endif
