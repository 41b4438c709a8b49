/* SPDX-License-Identifier: MIT */
/*
 * Workloads for the power cut test: random steps on a store, each recorded with what it wrote, with
 * the entries before and after it, and with the cases of the protocol that it went through.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_WORKLOAD_H
#define CAIRN_TESTS_UNIT_STORE_TEST_WORKLOAD_H

#include <errno.h>

#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_cuts.h"
#include "tests/unit/walker.h"

#define KEYS 10U
#define STEPS 64U

/* What the workloads must have contained, all together. */
enum seen {
	SEEN_FORMAT,
	SEEN_FORMAT_OVER,
	SEEN_OPEN,
	SEEN_TAIL_SPLIT,
	SEEN_TAIL_WHOLE,
	SEEN_HOLE_SPLIT,
	SEEN_HOLE_WHOLE,
	SEEN_SMALLER,
	SEEN_SAME,
	SEEN_LARGER,
	SEEN_REFUSED,
	SEEN_LIMIT_RAISED,
	SEEN_DELETE_ALONE,
	SEEN_JOIN_LEFT,
	SEEN_JOIN_RIGHT,
	SEEN_JOIN_BOTH,
	SEEN_CLEAR,
	SEEN_PURGE,
	SEEN_KINDS,
};

static const char *const seen_names[] = {
	"format",
	"format over a store",
	"open",
	"put, tail split",
	"put, whole tail",
	"put, hole split",
	"put, whole hole",
	"smaller over larger",
	"same size over same",
	"larger over smaller",
	"put refused",
	"limit raised by a put",
	"delete, no join",
	"delete, join left",
	"delete, join right",
	"delete, join both",
	"clear",
	"purge",
};

struct totals {
	uint64_t points, second, lost, leaked, failures;
	uint64_t seen[SEEN_KINDS];
	uint64_t seed, step, event, point; /* where it is now */
	char first[900];
};

/* An entry as a walk shows it or as it was put; absent if bytes is NULL. Data, then metadata. */
struct value {
	const uint8_t *bytes;
	uint32_t data_len, meta_len;
	int64_t expiry;
};

struct state {
	struct value value[KEYS];
};

struct step {
	char text[80];
	struct state before, after;
	bool whole;  /* all of before or all of after, not key by key */
	bool fresh;  /* there was no store before */
	bool format; /* counters start again */
	bool open;   /* it counts a boot */
	uint32_t boots;
	uint64_t next_seq;
	int64_t clock;
};

struct workload {
	uint64_t seed;
	struct rng rng;
	uint32_t size;
	uint8_t *region;
	struct store_config config;
	struct store s;
	struct cut_log log;
	struct state now;
	uint32_t steps, boots;
	uint64_t next_seq; /* of the last acknowledged step */
	struct step step[STEPS];
	struct walker before, after;
};

static struct totals *totals;
static int64_t clock_now;

static inline int64_t now(void *ctx)
{
	(void)ctx;
	return clock_now;
}

/* Keys are told apart by their first byte; their lengths differ. */
static inline uint32_t make_key(uint32_t i, uint8_t *key)
{
	static const uint32_t lens[KEYS] = {1, 2, 3, 4, 7, 8, 13, 20, 33, 100};

	memset(key, 'k', lens[i]);
	key[0] = (uint8_t)('A' + i);
	return lens[i];
}

static inline bool expired(const struct value *v, int64_t clock)
{
	return v->bytes != NULL && v->expiry > 0 && v->expiry < clock;
}

static inline bool same(const struct value *found, const struct value *want, int64_t clock)
{
	if (want->bytes == NULL || expired(want, clock))
		return found->bytes == NULL;
	return found->bytes != NULL && found->data_len == want->data_len &&
	       found->meta_len == want->meta_len && found->expiry == want->expiry &&
	       memcmp(found->bytes, want->bytes, want->data_len + want->meta_len) == 0;
}

/* The walk's entries by key; false if there is a key that nobody put. */
static inline bool found_state(const struct walker *walk, struct state *found)
{
	uint8_t key[128];

	memset(found, 0, sizeof(*found));
	for (uint32_t n = 0; n < walk->entries; n++) {
		const struct walker_entry *e = &walk->entry[n];
		uint32_t i = (uint32_t)(e->key[0] - 'A') & 0xff;

		if (i >= KEYS || make_key(i, key) != e->key_len ||
		    memcmp(key, e->key, e->key_len) != 0)
			return false;
		found->value[i] = (struct value){e->data, e->data_len, e->meta_len, e->expiry};
	}
	return true;
}

static inline void workload_wrong(struct workload *w, const char *what, int n)
{
	if (totals->failures++ == 0)
		snprintf(totals->first, sizeof(totals->first),
			 "workload %llu, step %u (%s), uncut: %s (%d)", (unsigned long long)w->seed,
			 w->steps, w->step[w->steps].text, what, n);
}

static inline struct step *begin(struct workload *w, const char *text)
{
	struct step *step = &w->step[w->steps];

	memset(step, 0, sizeof(*step));
	snprintf(step->text, sizeof(step->text), "%s", text);
	step->before = w->now;
	step->after = w->now;
	step->boots = w->boots;
	step->next_seq = w->next_seq;
	step->clock = clock_now;
	cut_record(&w->log, CUT_STEP, w->steps, 0);
	return step;
}

static inline void forget_expired(struct state *state)
{
	for (uint32_t i = 0; i < KEYS; i++)
		if (expired(&state->value[i], clock_now))
			state->value[i].bytes = NULL;
}

/* Ends a step: the store without a cut must be right before the cuts can say anything. */
static inline void finish(struct workload *w)
{
	struct step *step = &w->step[w->steps];
	struct store_stats st;
	struct state found;

	store_stat(&w->s, &st);
	if (st.next_seq > w->next_seq || step->format)
		w->next_seq = st.next_seq;
	cut_record(&w->log, CUT_DONE, w->steps, 0);
	w->now = step->after;
	if (!walker_walk(&w->after, w->region, w->size))
		workload_wrong(w, w->after.error, (int)w->after.error_off);
	else if (!found_state(&w->after, &found))
		workload_wrong(w, "there is a key that nobody put", 0);
	else
		for (uint32_t i = 0; i < KEYS; i++)
			if (!same(&found.value[i], &w->now.value[i], 0))
				workload_wrong(w, "a key is wrong", (int)i);
	w->steps++;
}

static inline void do_format(struct workload *w, bool fresh)
{
	struct step *step;
	int err;

	store_close(&w->s);
	step = begin(w, fresh ? "format" : "format over a store");
	memset(&step->after, 0, sizeof(step->after));
	step->whole = true;
	step->fresh = fresh;
	step->format = true;
	err = store_format(&w->config.media, (uint32_t)rng_next(&w->rng));
	if (err != 0)
		workload_wrong(w, "format failed", err);
	totals->seen[fresh ? SEEN_FORMAT : SEEN_FORMAT_OVER]++;
	w->boots = 0;
	finish(w);
}

static inline void do_open(struct workload *w)
{
	struct step *step;
	int err;

	store_close(&w->s);
	step = begin(w, "open");
	step->open = true;
	forget_expired(&step->after);
	err = store_open(&w->s, &w->config);
	if (err != 0)
		workload_wrong(w, "open failed", err);
	totals->seen[SEEN_OPEN]++;
	w->boots++;
	finish(w);
}

static inline void see_put(struct workload *w, uint32_t key, uint32_t len)
{
	const struct walker_entry *e = NULL, *old = NULL;
	uint8_t bytes[128];
	uint32_t key_len = make_key(key, bytes);

	e = walker_find(&w->after, bytes, key_len);
	old = walker_find(&w->before, bytes, key_len);
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

/* A put that finds no room may take the expired entries out, all or none. */
static inline void see_purge(struct workload *w, struct state *after, uint32_t but)
{
	uint8_t key[128];

	if (!walker_walk(&w->after, w->region, w->size))
		return;
	for (uint32_t i = 0; i < KEYS; i++)
		if (i != but && expired(&after->value[i], clock_now) &&
		    walker_find(&w->after, key, make_key(i, key)) == NULL) {
			forget_expired(after);
			return;
		}
}

static inline void do_put(struct workload *w, uint32_t i, struct value v, const void *data,
			  const void *meta)
{
	char text[64];
	uint8_t key[128];
	uint32_t len = make_key(i, key);
	struct step *step;
	int err;

	snprintf(text, sizeof(text), "put %c+%u+%u expiry %lld", (char)key[0], v.data_len,
		 v.meta_len, (long long)v.expiry);
	walker_walk(&w->before, w->region, w->size);
	step = begin(w, text);
	err = store_put(&w->s, key, len, data, v.data_len, meta, v.meta_len, v.expiry);
	if (err != 0 && err != -ENOSPC)
		workload_wrong(w, "put failed", err);
	see_purge(w, &step->after, i);
	if (err == 0)
		step->after.value[i] = v;
	else if (walker_find(&w->after, key, len) == NULL && expired(&w->now.value[i], clock_now))
		step->after.value[i].bytes = NULL;
	totals->seen[SEEN_REFUSED] += err != 0;
	finish(w);
	if (err == 0)
		see_put(w, i, v.data_len + v.meta_len);
}

static inline void put_random(struct workload *w)
{
	/* Every other workload has more to store than there is room for. */
	static const uint32_t sizes[2][6] = {{8, 40, 120, 300, 300, 900},
					     {40, 300, 600, 900, 900, 1400}};
	uint32_t i = rng_below(&w->rng, KEYS);
	struct value old = w->now.value[i], v = {.expiry = STORE_NEVER};
	uint8_t *bytes;

	v.data_len = rng_below(&w->rng, sizes[w->seed % 2][rng_below(&w->rng, 6)]);
	if (rng_below(&w->rng, 4) == 0)
		v.meta_len = rng_below(&w->rng, 17);
	if (old.bytes != NULL && rng_below(&w->rng, 3) == 0) {
		v.data_len = old.data_len;
		v.meta_len = old.meta_len;
	}
	if (rng_below(&w->rng, 5) == 0)
		v.expiry = clock_now + rng_below(&w->rng, 30) - 3;
	bytes = malloc(v.data_len + v.meta_len + 1);
	rng_fill(&w->rng, bytes, v.data_len + v.meta_len);
	if (rng_below(&w->rng, 3) == 0) /* headers, trailers and records of the region itself */
		memcpy(bytes, w->region + (w->size - v.data_len) / 4 * rng_below(&w->rng, 5),
		       v.data_len);
	v.bytes = bytes;
	do_put(w, i, v, bytes, bytes + v.data_len);
}

static inline void put_view(struct workload *w)
{
	uint32_t i = rng_below(&w->rng, KEYS), from = rng_below(&w->rng, KEYS);
	struct store_view view;
	uint8_t key[128];

	if (store_get(&w->s, key, make_key(from, key), &view) != 0)
		return;
	if (rng_below(&w->rng, 2) == 0)
		clock_now += rng_below(&w->rng, 40); /* the source may have expired since */
	do_put(w, i, w->now.value[from], view.data, view.meta);
}

static inline void do_delete(struct workload *w, uint32_t i)
{
	uint8_t key[128];
	uint32_t len = make_key(i, key);
	const struct walker_entry *e;
	bool left = false, right = false;
	struct step *step;
	char text[16];
	int err;

	walker_walk(&w->before, w->region, w->size);
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

static inline void do_purge(struct workload *w)
{
	struct step *step = begin(w, "purge");
	int n = store_purge(&w->s);

	forget_expired(&step->after);
	if (n < 0)
		workload_wrong(w, "purge failed", n);
	totals->seen[SEEN_PURGE] += n > 0;
	finish(w);
}

/* Puts, unrecorded, until the limit of numbers is near. */
static inline void near_the_limit(struct workload *w)
{
	struct store_stats st;

	w->log.off = true;
	for (uint32_t n = 0; n < 1U << 21; n++) {
		walker_walk(&w->before, w->region, w->size);
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

static inline void do_random(struct workload *w)
{
	uint32_t n = rng_below(&w->rng, 100);

	if (n < 50)
		put_random(w);
	else if (n < 56)
		put_view(w);
	else if (n < 80)
		do_delete(w, rng_below(&w->rng, KEYS));
	else if (n < 83)
		do_clear(w);
	else if (n < 88)
		do_purge(w);
	else if (n < 92)
		do_open(w);
	else
		clock_now += rng_below(&w->rng, 25);
}

/* RAM as it may be before the first format: noise, one value, or what an older store left. */
static inline void fill_region(struct workload *w)
{
	switch (rng_below(&w->rng, 4)) {
	case 0:
		memset(w->region, 0, w->size);
		break;
	case 1:
		memset(w->region, 0xff, w->size);
		break;
	case 2:
		rng_fill(&w->rng, w->region, w->size);
		break;
	default:
		store_format(&w->config.media, 3);
		store_open(&w->s, &w->config);
		for (uint32_t i = 0; i < 9; i++)
			store_put(&w->s, &"ABCDEFGHI"[i], 1, w -> region, 200, NULL, 0,
				  STORE_NEVER);
		store_close(&w->s);
		memset(w->region + SB_MAGIC, 0, 4);
		memset(w->region + SB_COPY_B + SB_MAGIC, 0, 4);
		memset(w->region + IMAGE_OFFSET, 0, 4);
	}
}

static inline struct workload *new_workload(uint64_t seed)
{
	struct workload *w = calloc(1, sizeof(*w));

	w->seed = seed;
	w->rng = rng_seeded(seed);
	w->size = rng_below(&w->rng, 4) == 0 ? 12288 : 8192;
	w->region = aligned_alloc(STORE_REGION_ALIGN, w->size);
	w->log.region = w->region;
	w->log.off = true;
	w->config.now = now;
	w->config.media = (struct store_media){
		.base = w->region,
		.size = w->size,
		.written = cut_written,
		.clean = cut_clean,
		.barrier = cut_barrier,
		.ctx = &w->log,
	};
	clock_now = 1000;
	fill_region(w);
	w->log.off = false;
	cut_record(&w->log, CUT_IMAGE, 0, w->size);
	return w;
}

#endif
