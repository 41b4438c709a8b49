/* SPDX-License-Identifier: MIT */
/* The steps that a workload of the power cut test is made of, and the choice among them. */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_STEPS_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_STEPS_H

#include "tests/powercut/store_test_puts.h"

/* Format and open */

static inline void do_format(struct workload *w, bool fresh)
{
	struct store_media media = w->config.media;
	struct step *step;
	int err;

	store_close(&w->s);
	w->pins = 0;
	media.size = w->room - STORE_REGION_ALIGN;
	step = begin(w, fresh ? "format" : "format over a store");
	memset(&step->after, 0, sizeof(step->after));
	step->whole = true;
	step->fresh = fresh;
	step->format = true;
	step->size = w->size = media.size;
	err = store_format(&media, (uint32_t)rng_next(&w->rng));
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
	err = workload_open(w);
	if (err != 0)
		workload_wrong(w, "open failed", err);
	totals->seen[SEEN_OPEN]++;
	w->boots++;
	finish(w);
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
	if (w->s.share && store_batch_begin(&w->s) == 0)
		store_batch_abort(&w->s); /* who writes next finds that it was released */
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

static inline int keep_offset(void *ctx, const struct store_damage *damage)
{
	*(uint32_t *)ctx = damage->off;
	return 1;
}

/* Gives back the slot that is kept aside. */
static inline void do_drop(struct workload *w)
{
	struct step *step;
	uint32_t off;
	int err;

	if (store_each_damaged(&w->s, keep_offset, &off) != 1)
		return;
	step = begin(w, "drop");
	step->drop = true;
	err = store_drop(&w->s, off);
	if (err != 0)
		workload_wrong(w, "drop failed", err);
	w->kept_aside--;
	totals->seen[SEEN_DROP]++;
	finish(w);
}

/* Into the rest of the memory that there is, once in a store's life. */
static inline void do_grow(struct workload *w)
{
	struct step *step;
	bool left = false;
	int err;

	if (w->size == w->room)
		return;
	walk_region(w, &w->before);
	for (uint32_t n = 0; n < w->before.frees; n++)
		left = left || w->before.free[n].off + w->before.free[n].size == w->before.end;
	step = begin(w, "grow");
	step->size = w->room;
	err = store_grow(&w->s, w->room);
	w->size = w->room;
	if (err != 0)
		workload_wrong(w, "grow failed", err);
	totals->seen[left ? SEEN_GROW_JOIN : SEEN_GROW]++;
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
	cut_record(&w->log, CUT_IMAGE, 0, w->room);
	w->now = (struct state){0};
	do_batch(w, w->seed == 2 ? BATCH : 0);
	for (uint32_t i = 0; i < 25 && w->seed == 1 && w->steps < STEPS; i++)
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
	if (workload_open(w) != 0 || !walk_region(w, &w->before))
		workload_wrong(w, "open failed before the damage", 0);
	store_close(&w->s);
	if (w->before.entries > 0) {
		e = &w->before.entry[rng_below(&w->rng, w->before.entries)];
		at = e->off + HDR_DATALEN + rng_below(&w->rng, 8 + e->key_len);
		w->region[at] ^= (uint8_t)(1U << rng_below(&w->rng, 8));
		w->kept_aside++;
	}
	if (workload_open(w) != 0 || !walk_region(w, &w->after) ||
	    w->after.quarantined != w->kept_aside)
		workload_wrong(w, "damage is not kept aside", (int)w->after.quarantined);
	for (uint32_t i = 0; i < KEYS; i++)
		if (walker_find(&w->after, key, make_key(i, key)) == NULL)
			w->now.value[i].bytes = NULL;
	w->boots += 2;
	w->log.off = false;
	cut_record(&w->log, CUT_IMAGE, 0, w->room);
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

	if (w->kept_aside > 0 && n % 12 == 0)
		do_drop(w);
	else if (n < 36)
		put_random(w);
	else if (n < 39)
		put_crowded(w);
	else if (n < 46)
		do_batch(w, rng_below(&w->rng, BATCH + 1));
	else if (n < 50)
		put_view(w);
	else if (n < 54)
		pin_entry(w, rng_below(&w->rng, KEYS));
	else if (n < 58 && w->pins > 0)
		do_release(w, rng_below(&w->rng, w->pins));
	else if (n < 70)
		do_delete(w, rng_below(&w->rng, KEYS));
	else if (n < 72)
		do_clear(w);
	else if (n < 77)
		do_purge(w);
	else if (n < 83)
		do_compact(w);
	else if (n < 85)
		do_grow(w);
	else if (n < 89)
		do_open(w);
	else if (n < 94)
		read_random(w);
	else
		clock_now += rng_below(&w->rng, 25);
}

#endif
