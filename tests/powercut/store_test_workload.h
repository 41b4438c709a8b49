/* SPDX-License-Identifier: MIT */
/*
 * Workloads for the power cut test: steps on a store, each recorded with what it wrote, with the
 * entries before and after it, and with the cases of the protocol that it went through. The steps
 * themselves: store_test_steps.h.
 */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_WORKLOAD_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_WORKLOAD_H

#include <errno.h>

#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/powercut/store_test_cuts.h"
#include "tests/unit/walker.h"

#define KEYS 10U
#define STEPS 64U
#define PINS 3U
#define BATCH 6U /* operations */

/* What the workloads must have contained, all together. */
enum seen {
	SEEN_FORMAT,
	SEEN_FORMAT_OVER,
	SEEN_OPEN,
	SEEN_TAIL_SPLIT,
	SEEN_TAIL_WHOLE,
	SEEN_HOLE_SPLIT,
	SEEN_HOLE_WHOLE,
	SEEN_FRESH,
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
	SEEN_TOLD,
	SEEN_EVICT_LRU,
	SEEN_EVICT_SIEVE,
	SEEN_EVICT_AT_OPEN,
	SEEN_EXPIRED_AT_OPEN,
	SEEN_COMPACT,
	SEEN_PUT_MOVED,
	SEEN_PUT_PURGED,
	SEEN_PUT_IF,
	SEEN_PUT_IF_REFUSED,
	SEEN_PINNED_DEAD,
	SEEN_RELEASE_DEAD,
	SEEN_KEPT_ASIDE,
	SEEN_DROP,
	SEEN_BATCH,
	SEEN_BATCH_ABORT,
	SEEN_BATCH_EVICTS,
	SEEN_BATCH_LIMIT_RAISED,
	SEEN_GROW,
	SEEN_GROW_JOIN,
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
	"put of a new key",
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
	"purge with a listener",
	"put that evicts, LRU",
	"put that evicts, SIEVE",
	"open that evicts",
	"open that purges",
	"compaction that moves",
	"put that moves others",
	"put that purges others",
	"put_if",
	"put_if refused",
	"a pinned entry removed",
	"release of a dead one",
	"step beside a damaged slot",
	"drop of a damaged slot",
	"batch",
	"batch aborted",
	"batch that evicts",
	"limit raised by a batch",
	"grow, no join",
	"grow, join",
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
	struct state middle; /* of a batch: committed, and nobody had to go for it yet */
	bool batch;
	bool whole;                 /* all of before or all of after, not key by key */
	bool purges;                /* before it does anything else, expired entries may go */
	bool fresh;                 /* there was no store before */
	bool format;                /* counters start again */
	bool drop;                  /* a slot is kept aside no more */
	bool open;                  /* it counts a boot */
	uint32_t size_before, size; /* of the store */
	uint32_t boots;
	uint32_t kept_aside; /* slots that were damaged before */
	uint64_t next_seq;
	int64_t clock;
	uint32_t max_entries;
	enum store_policy policy;
};

struct workload {
	uint64_t seed;
	struct rng rng;
	uint32_t size, room; /* of the store, and of the memory */
	uint8_t *region;
	struct store_config config;
	struct store s;
	struct cut_log log;
	struct state now;
	uint32_t steps, boots, kept_aside;
	uint64_t next_seq; /* of the last acknowledged step */
	struct step step[STEPS];
	struct walker before, after;
	struct store_view pin[PINS];
	uint32_t pins, pin_off[PINS];
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

static inline uint32_t first_sharer(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Opens the store; every second workload shares it, which writes nothing else. */
static inline int workload_open(struct workload *w)
{
	const struct store_sharing sharing = {.sharers = 2, .self = first_sharer, .patience_ns = 1};
	int err = store_open(&w->s, &w->config);

	return err == 0 && w->seed % 2 == 0 ? store_share(&w->s, &sharing) : err;
}

static inline void workload_wrong(struct workload *w, const char *what, int n)
{
	if (totals->failures++ == 0)
		snprintf(totals->first, sizeof(totals->first),
			 "workload %llu, step %u (%s), uncut: %s (%d)", (unsigned long long)w->seed,
			 w->steps, w->step[w->steps].text, what, n);
}

static inline bool walk_region(struct workload *w, struct walker *walk)
{
	return walker_walk_pinned(walk, w->region, w->size,
				  (struct walker_pins){w->pin_off, w->pins});
}

static inline struct step *begin(struct workload *w, const char *text)
{
	struct step *step = &w->step[w->steps];

	memset(step, 0, sizeof(*step));
	snprintf(step->text, sizeof(step->text), "%s", text);
	step->before = w->now;
	step->after = w->now;
	step->size_before = step->size = w->size;
	step->boots = w->boots;
	step->kept_aside = w->kept_aside;
	step->next_seq = w->next_seq;
	step->clock = clock_now;
	step->max_entries = w->config.max_entries;
	step->policy = w->config.policy;
	cut_record(&w->log, CUT_STEP, w->steps, 0);
	return step;
}

/* How many there were. */
static inline uint32_t forget_expired(struct state *state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < KEYS; i++)
		if (expired(&state->value[i], clock_now)) {
			state->value[i].bytes = NULL;
			n++;
		}
	return n;
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
	if (!walk_region(w, &w->after))
		workload_wrong(w, w->after.error, (int)w->after.error_off);
	else if (!found_state(&w->after, &found))
		workload_wrong(w, "there is a key that nobody put", 0);
	else
		for (uint32_t i = 0; i < KEYS; i++)
			if (!same(&found.value[i], &w->now.value[i], 0))
				workload_wrong(w, "a key is wrong", (int)i);
	totals->seen[SEEN_PINNED_DEAD] += w->after.held > 0;
	totals->seen[SEEN_KEPT_ASIDE] += w->kept_aside > 0;
	w->steps++;
}

/* RAM as it may be before the first format: noise, one value, or what an older store left. */
static inline void fill_region(struct workload *w)
{
	switch (rng_below(&w->rng, 4)) {
	case 0:
		memset(w->region, 0, w->room);
		break;
	case 1:
		memset(w->region, 0xff, w->room);
		break;
	case 2:
		rng_fill(&w->rng, w->region, w->room);
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
	w->room = w->size + STORE_REGION_ALIGN;
	w->region = aligned_alloc(STORE_REGION_ALIGN, w->room);
	w->log.region = w->region;
	w->log.off = true;
	w->config.now = now;
	w->config.media = (struct store_media){.base = w->region, .size = w->room};
	cut_watch(&w->config.media, &w->log);
	clock_now = 1000;
	fill_region(w);
	w->log.off = false;
	cut_record(&w->log, CUT_IMAGE, 0, w->room);
	return w;
}

#endif
