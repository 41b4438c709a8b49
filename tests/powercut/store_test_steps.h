/* SPDX-License-Identifier: MIT */
/* The steps that a workload of the power cut test is made of, and the choice among them. */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_STEPS_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_STEPS_H

#include "tests/powercut/store_test_workload.h"

/* Format and open */

static inline void do_format(struct workload *w, bool fresh)
{
	struct step *step;
	int err;

	store_close(&w->s);
	w->pins = 0;
	step = begin(w, fresh ? "format" : "format over a store");
	memset(&step->after, 0, sizeof(step->after));
	step->whole = true;
	step->fresh = fresh;
	step->format = true;
	err = store_format(&w->config.media, (uint32_t)rng_next(&w->rng));
	if (err != 0)
		workload_wrong(w, "format failed", err);
	totals->seen[fresh ? SEEN_FORMAT : SEEN_FORMAT_OVER]++;
	w->boots = w->kept_aside = 0;
	finish(w);
}

/* The first entries of the region go if there are more than MAX. */
static inline uint32_t forget_eldest(struct workload *w, struct state *state, uint32_t max)
{
	uint32_t left = 0, gone = 0;

	for (uint32_t i = 0; i < KEYS; i++)
		left += state->value[i].bytes != NULL;
	for (uint32_t n = 0; max > 0 && left > max && n < w->before.entries; n++) {
		uint32_t i = (uint32_t)(w->before.entry[n].key[0] - 'A');

		left -= state->value[i].bytes != NULL;
		gone += state->value[i].bytes != NULL;
		state->value[i].bytes = NULL;
	}
	return gone;
}

/* Each open may have another limit and another policy than the one before. */
static inline void do_open(struct workload *w)
{
	static const uint32_t limits[] = {0, 0, 3, 5, 8};
	struct step *step;
	int err;

	store_close(&w->s);
	walk_region(w, &w->before); /* slots that were pinned are not joined yet */
	w->pins = 0;
	if (w->seed != 1)
		w->config.max_entries = limits[rng_below(&w->rng, ARRAY_SIZE(limits))];
	w->config.policy = rng_below(&w->rng, 2) == 0 ? STORE_LRU : STORE_SIEVE;
	step = begin(w, "open");
	step->open = true;
	totals->seen[SEEN_EXPIRED_AT_OPEN] += forget_expired(&step->after) > 0;
	totals->seen[SEEN_EVICT_AT_OPEN] += forget_eldest(w, &step->after, w->config.max_entries);
	err = store_open(&w->s, &w->config);
	if (err != 0)
		workload_wrong(w, "open failed", err);
	totals->seen[SEEN_OPEN]++;
	w->boots++;
	finish(w);
}

/* Put */

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
	return err == -ENOSPC ||
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

/* So long a value that the largest free slot is taken whole or nearly so. */
static inline uint32_t fill_largest(struct workload *w, uint32_t i, uint32_t meta_len)
{
	uint32_t less = rng_below(&w->rng, 48) + meta_len;
	struct store_stats st;
	uint8_t key[128];

	less += make_key(i, key);
	store_stat(&w->s, &st);
	return st.largest > less ? st.largest - less : 0;
}

static inline void put_random(struct workload *w)
{
	/* Every other workload has more to store than there is room for. */
	static const uint32_t sizes[2][6] = {{8, 40, 120, 300, 300, 900},
					     {40, 300, 600, 900, 900, 1400}};
	uint32_t i = rng_below(&w->rng, KEYS);
	struct value old = w->now.value[i], v = {.expiry = STORE_NEVER};
	uint64_t version = draw_version(w, i);
	uint8_t *bytes;

	v.data_len = rng_below(&w->rng, sizes[w->seed % 2][rng_below(&w->rng, 6)]);
	if (rng_below(&w->rng, 4) == 0)
		v.meta_len = rng_below(&w->rng, 17);
	if (old.bytes != NULL && rng_below(&w->rng, 3) == 0) {
		v.data_len = old.data_len;
		v.meta_len = old.meta_len;
	}
	if (rng_below(&w->rng, 32) == 0)
		v.data_len = fill_largest(w, i, v.meta_len);
	if (rng_below(&w->rng, 5) == 0)
		v.expiry = clock_now + rng_below(&w->rng, 30) - 3;
	bytes = malloc(v.data_len + v.meta_len + 1);
	rng_fill(&w->rng, bytes, v.data_len + v.meta_len);
	if (rng_below(&w->rng, 3) == 0) /* headers, trailers and records of the region itself */
		memcpy(bytes, w->region + (w->size - v.data_len) / 4 * rng_below(&w->rng, 5),
		       v.data_len);
	v.bytes = bytes;
	do_put_if(w, i, v, bytes, bytes + v.data_len, rng_below(&w->rng, 5) == 0 ? &version : NULL);
}

/* Pins */

/* Whether there is one more now, and it is the last. */
static inline bool pin_entry(struct workload *w, uint32_t i)
{
	uint8_t key[128];

	if (w->pins == PINS || store_get(&w->s, key, make_key(i, key), &w->pin[w->pins]) != 0)
		return false;
	w->pin_off[w->pins] = w->pin[w->pins].slot;
	w->pins++;
	return true;
}

static inline void do_release(struct workload *w, uint32_t n)
{
	struct step *step;
	uint32_t held;

	walk_region(w, &w->before);
	held = w->before.held;
	step = begin(w, "release");
	store_release(&w->s, &w->pin[n]);
	w->pins--;
	w->pin[n] = w->pin[w->pins];
	w->pin_off[n] = w->pin_off[w->pins];
	step->after = step->before;
	finish(w);
	totals->seen[SEEN_RELEASE_DEAD] += w->after.held < held;
}

/* The value is that of an entry, in place. */
static inline void put_view(struct workload *w)
{
	uint32_t i = rng_below(&w->rng, KEYS), from = rng_below(&w->rng, KEYS);
	uint32_t n = w->pins;

	if (w->steps + 2 > STEPS || !pin_entry(w, from))
		return;
	if (rng_below(&w->rng, 2) == 0)
		clock_now += rng_below(&w->rng, 40); /* the source may have expired since */
	do_put(w, i, w->now.value[from], w->pin[n].data, w->pin[n].meta);
	do_release(w, n);
}

/* Removal */

static inline void do_delete(struct workload *w, uint32_t i)
{
	uint8_t key[128];
	uint32_t len = make_key(i, key);
	const struct walker_entry *e;
	bool left = false, right = false;
	struct step *step;
	char text[16];
	int err;

	walk_region(w, &w->before);
	e = walker_find(&w->before, key, len);
	for (uint32_t n = 0; n < w->before.frees && e != NULL; n++) {
		const struct walker_free *f = &w->before.free[n];

		left = left || f->off + f->size == e->off;
		right = right || e->off + e->size == f->off;
	}
	snprintf(text, sizeof(text), "delete %c", (char)key[0]);
	step = begin(w, text);
	step->after.value[i].bytes = NULL;
	err = store_delete(&w->s, key, len);
	if (err != (e != NULL ? 0 : -ENOENT))
		workload_wrong(w, "delete is wrong", err);
	if (e != NULL)
		totals->seen[left ? (right ? SEEN_JOIN_BOTH : SEEN_JOIN_LEFT)
				  : (right ? SEEN_JOIN_RIGHT : SEEN_DELETE_ALONE)]++;
	finish(w);
}

static inline void do_clear(struct workload *w)
{
	struct step *step = begin(w, "clear");
	int err = store_clear(&w->s);

	step->whole = true;
	memset(&step->after, 0, sizeof(step->after));
	if (err != 0)
		workload_wrong(w, "clear failed", err);
	totals->seen[SEEN_CLEAR]++;
	finish(w);
}

static inline void on_gone(void *ctx, const void *key, uint32_t key_len)
{
	struct workload *w = ctx;

	(void)key_len;
	cut_record(&w->log, CUT_TOLD, (uint32_t)(*(const uint8_t *)key - 'A'), 0);
	totals->seen[SEEN_TOLD]++;
}

static inline void do_purge(struct workload *w)
{
	struct step *step = begin(w, "purge");
	int n = store_purge(&w->s, on_gone, w);

	forget_expired(&step->after);
	if (n < 0)
		workload_wrong(w, "purge failed", n);
	totals->seen[SEEN_PURGE] += n > 0;
	finish(w);
}

static inline void do_compact(struct workload *w)
{
	static const uint32_t most[] = {1, 200, 1000, UINT32_MAX};
	struct store_stats was, is;
	int more;

	begin(w, "compact");
	store_stat(&w->s, &was);
	more = store_compact(&w->s, most[rng_below(&w->rng, ARRAY_SIZE(most))]);
	store_stat(&w->s, &is);
	if (more != 0 && more != 1)
		workload_wrong(w, "compact failed", more);
	totals->seen[SEEN_COMPACT] += is.moved_bytes > was.moved_bytes;
	finish(w);
}

/* Puts, unrecorded, until the limit of numbers is near. */
static inline void near_the_limit(struct workload *w)
{
	struct store_stats st;

	w->log.off = true;
	for (uint32_t n = 0; n < 1U << 21; n++) {
		walk_region(w, &w->before);
		store_stat(&w->s, &st);
		if (w->before.seq_limit - st.next_seq <= 18)
			break;
		store_put(&w->s, "Z", 1, NULL, 0, NULL, 0, STORE_NEVER);
	}
	store_delete(&w->s, "Z", 1);
	w->log.off = false;
	cut_record(&w->log, CUT_IMAGE, 0, w->size);
	w->now = (struct state){0};
	for (uint32_t i = 0; i < 25 && w->steps < STEPS; i++)
		do_put(w, 2, (struct value){(const uint8_t *)"v", 1, 0, STORE_NEVER}, "v", NULL);
}

/* Unrecorded: an entry is damaged, and its slot kept aside from here on. */
static inline void damage_one(struct workload *w)
{
	const struct walker_entry *e;
	uint8_t key[128];
	uint32_t at;

	w->log.off = true;
	store_close(&w->s);
	w->pins = 0;
	if (store_open(&w->s, &w->config) != 0 || !walk_region(w, &w->before))
		workload_wrong(w, "open failed before the damage", 0);
	store_close(&w->s);
	if (w->before.entries > 0) {
		e = &w->before.entry[rng_below(&w->rng, w->before.entries)];
		at = e->off + HDR_DATALEN + rng_below(&w->rng, 8 + e->key_len);
		w->region[at] ^= (uint8_t)(1U << rng_below(&w->rng, 8));
		w->kept_aside++;
	}
	if (store_open(&w->s, &w->config) != 0 || !walk_region(w, &w->after) ||
	    w->after.quarantined != w->kept_aside)
		workload_wrong(w, "damage is not kept aside", (int)w->after.quarantined);
	for (uint32_t i = 0; i < KEYS; i++)
		if (walker_find(&w->after, key, make_key(i, key)) == NULL)
			w->now.value[i].bytes = NULL;
	w->boots += 2;
	w->log.off = false;
	cut_record(&w->log, CUT_IMAGE, 0, w->size);
}

/* A read, for the order. */
static inline void read_random(struct workload *w)
{
	uint8_t key[128];

	store_contains(&w->s, key, make_key(rng_below(&w->rng, KEYS), key));
}

static inline void do_random(struct workload *w)
{
	uint32_t n = rng_below(&w->rng, 100);

	if (n < 44)
		put_random(w);
	else if (n < 49)
		put_view(w);
	else if (n < 53)
		pin_entry(w, rng_below(&w->rng, KEYS));
	else if (n < 57 && w->pins > 0)
		do_release(w, rng_below(&w->rng, w->pins));
	else if (n < 71)
		do_delete(w, rng_below(&w->rng, KEYS));
	else if (n < 73)
		do_clear(w);
	else if (n < 79)
		do_purge(w);
	else if (n < 85)
		do_compact(w);
	else if (n < 89)
		do_open(w);
	else if (n < 94)
		read_random(w);
	else
		clock_now += rng_below(&w->rng, 25);
}

#endif
