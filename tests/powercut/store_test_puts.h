/* SPDX-License-Identifier: MIT */
/* The steps that put: one entry, with or without a condition, or several in a batch. */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_PUTS_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_PUTS_H

#include "tests/powercut/store_test_workload.h"

static inline void see_put(struct workload *w, uint32_t key, uint32_t len)
{
	const struct walker_entry *e = NULL, *old = NULL;
	uint8_t bytes[128];
	uint32_t key_len = make_key(key, bytes);

	e = walker_find(&w->after, bytes, key_len);
	old = walker_find(&w->before, bytes, key_len);
	totals->seen[SEEN_FRESH] += old == NULL;
	if (old != NULL) {
		uint32_t was = old->data_len + old->meta_len;

		totals->seen[SEEN_SMALLER] += len < was;
		totals->seen[SEEN_SAME] += len == was;
		totals->seen[SEEN_LARGER] += len > was;
	}
	totals->seen[SEEN_LIMIT_RAISED] += w->after.seq_limit != w->before.seq_limit;
	for (uint32_t i = 0; i < w->before.frees && e != NULL; i++) {
		const struct walker_free *f = &w->before.free[i];
		bool tail = f->off + f->size == w->before.end, whole = f->size == e->size;

		if (f->off == e->off)
			totals->seen[tail ? (whole ? SEEN_TAIL_WHOLE : SEEN_TAIL_SPLIT)
					  : (whole ? SEEN_HOLE_WHOLE : SEEN_HOLE_SPLIT)]++;
	}
}

static inline uint32_t count_entries(const struct state *state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < KEYS; i++)
		n += state->value[i].bytes != NULL;
	return n;
}

/* What else the put of key BUT did: one entry had to go, or all expired ones are gone. */
static inline void see_gone(struct workload *w, struct step *step, uint32_t but, bool evicted)
{
	uint32_t gone = KEYS, count = 0, max = w->config.max_entries;
	bool alive = false;
	uint8_t key[128];

	if (!walk_region(w, &w->after))
		return;
	for (uint32_t i = 0; i < KEYS; i++) {
		if (i == but || step->before.value[i].bytes == NULL ||
		    walker_find(&w->after, key, make_key(i, key)) != NULL)
			continue;
		gone = i;
		count++;
		alive = alive || !expired(&step->before.value[i], clock_now);
	}
	if (evicted ? count != 1 : alive)
		workload_wrong(w, "a put removed others", (int)count);
	if (evicted && count == 1) {
		step->after.value[gone].bytes = NULL;
		totals->seen[w->config.policy == STORE_LRU ? SEEN_EVICT_LRU : SEEN_EVICT_SIEVE]++;
	} else if (count > 0) {
		forget_expired(&step->after);
		totals->seen[SEEN_PUT_PURGED]++;
	}
	step->whole = max > 0 && step->before.value[but].bytes == NULL &&
		      count_entries(&step->before) == max;
}

/* Whether a put may be refused with that. */
static inline bool may_refuse(int err, bool conditional)
{
	return err == -ENOSPC || err == -E2BIG ||
	       (conditional && (err == -EEXIST || err == -ENOENT || err == -ESTALE));
}

/* VERSION NULL: whatever is there. */
static inline void do_put_if(struct workload *w, uint32_t i, struct value v, const void *data,
			     const void *meta, const uint64_t *version)
{
	char text[64];
	uint8_t key[128];
	uint32_t len = make_key(i, key);
	struct store_stats was, is;
	struct step *step;
	int err;

	snprintf(text, sizeof(text), "put%s %c+%u+%u expiry %lld", version != NULL ? "_if" : "",
		 (char)key[0], v.data_len, v.meta_len, (long long)v.expiry);
	walk_region(w, &w->before);
	store_stat(&w->s, &was);
	step = begin(w, text);
	step->purges = true;
	err = version == NULL
		      ? store_put(&w->s, key, len, data, v.data_len, meta, v.meta_len, v.expiry)
		      : store_put_if(&w->s, *version, key, len, data, v.data_len, meta, v.meta_len,
				     v.expiry);
	store_stat(&w->s, &is);
	if (err != 0 && !may_refuse(err, version != NULL))
		workload_wrong(w, "put failed", err);
	see_gone(w, step, i, is.evicted > was.evicted);
	if (err == 0)
		step->after.value[i] = v;
	else if (walker_find(&w->after, key, len) == NULL && expired(&w->now.value[i], clock_now))
		step->after.value[i].bytes = NULL;
	totals->seen[SEEN_PUT_MOVED] += is.moved_bytes > was.moved_bytes;
	totals->seen[SEEN_REFUSED] += err == -ENOSPC;
	if (version != NULL)
		totals->seen[err == 0 ? SEEN_PUT_IF : SEEN_PUT_IF_REFUSED]++;
	finish(w);
	if (err == 0)
		see_put(w, i, v.data_len + v.meta_len);
}

static inline void do_put(struct workload *w, uint32_t i, struct value v, const void *data,
			  const void *meta)
{
	do_put_if(w, i, v, data, meta, NULL);
}

/* The version that a conditional put asks for: of the entry that is there, none, or a wrong one. */
static inline uint64_t draw_version(struct workload *w, uint32_t i)
{
	const struct walker_entry *e;
	uint8_t key[128];

	walk_region(w, &w->before);
	e = walker_find(&w->before, key, make_key(i, key));
	if (rng_below(&w->rng, 6) == 0)
		return 5;
	return e == NULL ? STORE_ABSENT : e->seq;
}

/* So long a value that the largest free slot is taken whole or nearly so; or a bit longer. */
static inline uint32_t fill_largest(struct workload *w, uint32_t i, uint32_t meta_len, bool longer)
{
	uint32_t len = longer ? 100 : 0, less = rng_below(&w->rng, 48) + meta_len;
	struct store_stats st;
	uint8_t key[128];

	less += make_key(i, key);
	store_stat(&w->s, &st);
	len += st.largest;
	return len > less ? len - less : 0;
}

/* The bytes of a value are not freed: steps refer to them. TOO_LONG: no free slot is large enough.
 */
static inline struct value draw_value(struct workload *w, uint32_t i, bool too_long)
{
	/* Every other workload has more to store than there is room for. */
	static const uint32_t sizes[2][6] = {{8, 40, 120, 300, 300, 900},
					     {40, 300, 600, 900, 900, 1400}};
	struct value old = w->now.value[i], v = {.expiry = STORE_NEVER};
	uint8_t *bytes;

	v.data_len = rng_below(&w->rng, sizes[w->seed % 2][rng_below(&w->rng, 6)]);
	if (rng_below(&w->rng, 4) == 0)
		v.meta_len = rng_below(&w->rng, 17);
	if (old.bytes != NULL && rng_below(&w->rng, 3) == 0) {
		v.data_len = old.data_len;
		v.meta_len = old.meta_len;
	}
	if (too_long || rng_below(&w->rng, 32) == 0)
		v.data_len = fill_largest(w, i, v.meta_len, too_long);
	if (rng_below(&w->rng, 5) == 0)
		v.expiry = clock_now + rng_below(&w->rng, 30) - 3;
	bytes = malloc(v.data_len + v.meta_len + 1);
	rng_fill(&w->rng, bytes, v.data_len + v.meta_len);
	if (rng_below(&w->rng, 3) == 0) /* headers, trailers and records of the region itself */
		memcpy(bytes, w->region + (w->size - v.data_len) / 4 * rng_below(&w->rng, 5),
		       v.data_len);
	v.bytes = bytes;
	return v;
}

static inline void put_random(struct workload *w)
{
	uint32_t i = rng_below(&w->rng, KEYS);
	uint64_t version = draw_version(w, i);
	struct value v = draw_value(w, i, false);

	do_put_if(w, i, v, v.bytes, v.bytes + v.data_len,
		  rng_below(&w->rng, 5) == 0 ? &version : NULL);
}

/* Without room, when all that can expire has: something goes, others are moved, or it is refused.
 */
static inline void put_crowded(struct workload *w)
{
	uint32_t i = rng_below(&w->rng, KEYS);
	struct value v = draw_value(w, i, true);

	for (uint32_t n = 0; n < KEYS; n++)
		if (w->now.value[n].bytes != NULL && w->now.value[n].expiry >= clock_now)
			clock_now = w->now.value[n].expiry + 1;
	do_put(w, i, v, v.bytes, v.bytes + v.data_len);
}

/* Batches */

/* One operation of a batch, if there is room. VIEW is what the batch makes of the entries. */
static inline void stage_put(struct workload *w, struct state *view, uint32_t i)
{
	struct value v = draw_value(w, i, false);
	uint8_t key[128];
	uint32_t len = make_key(i, key);
	int err = store_batch_put(&w->s, key, len, v.bytes, v.data_len, v.bytes + v.data_len,
				  v.meta_len, v.expiry);

	if (err == 0)
		view->value[i] = v;
	else if (err != -ENOSPC)
		workload_wrong(w, "batch_put failed", err);
}

static inline void stage_delete(struct workload *w, struct state *view, uint32_t i)
{
	const struct value *v = &view->value[i];
	uint8_t key[128];
	int err = store_batch_delete(&w->s, key, make_key(i, key));

	if (err == 0 && v->bytes != NULL)
		view->value[i].bytes = NULL;
	else if (err == 0 || !(err == -ENOSPC || v->bytes == NULL || expired(v, clock_now)))
		workload_wrong(w, "batch_delete is wrong", err);
}

/* What the step left out of what it was asked for: expired entries, and those that had to go. */
static inline void see_batch_gone(struct workload *w, struct step *step, uint64_t evicted)
{
	uint32_t lost = 0;
	uint8_t key[128];

	if (!walk_region(w, &w->after))
		return;
	for (uint32_t i = 0; i < KEYS; i++) {
		struct value *v = &step->after.value[i];

		if (v->bytes == NULL || walker_find(&w->after, key, make_key(i, key)) != NULL)
			continue;
		lost += !expired(v, clock_now);
		v->bytes = NULL;
	}
	if (lost > evicted)
		workload_wrong(w, "a batch removed others", (int)lost);
	totals->seen[SEEN_BATCH_EVICTS] += evicted > 0;
}

/* COUNT operations, the later of which may repeat keys; every fourth batch is aborted. */
static inline void do_batch(struct workload *w, uint32_t count)
{
	bool abort = rng_below(&w->rng, 4) == 0;
	struct store_stats was, is;
	struct state view = w->now;
	struct step *step;

	walk_region(w, &w->before);
	store_stat(&w->s, &was);
	step = begin(w, abort ? "batch, aborted" : "batch");
	step->purges = step->whole = step->batch = true;
	step->max_entries = 0; /* which ones an open would let go is not known */
	if (store_batch_begin(&w->s) != 0)
		workload_wrong(w, "batch_begin failed", 0);
	for (uint32_t n = 0; n < count; n++) {
		uint32_t i = rng_below(&w->rng, KEYS);

		if (rng_below(&w->rng, 3) != 0)
			stage_put(w, &view, i);
		else
			stage_delete(w, &view, i);
	}
	if (abort)
		store_batch_abort(&w->s);
	else if (store_batch_commit(&w->s) != 0)
		workload_wrong(w, "batch_commit failed", 0);
	else
		step->after = view;
	store_stat(&w->s, &is);
	step->middle = step->after;
	see_batch_gone(w, step, is.evicted - was.evicted);
	totals->seen[abort ? SEEN_BATCH_ABORT : SEEN_BATCH] += count > 1;
	finish(w);
	totals->seen[SEEN_BATCH_LIMIT_RAISED] += w->after.seq_limit != w->before.seq_limit;
}

#endif
