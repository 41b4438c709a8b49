/* SPDX-License-Identifier: MIT */
/*
 * The two indexes of a shared store, after random calls of all kinds by sharers that one thread
 * plays: whenever nobody is in a call both have the same entries, in the same order, with the same
 * marks and the hand at the same place. In every third store memory is missing now and then.
 *
 * STORE_SEED and STORE_OPS (or two arguments) choose the first seed and the number of calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "store/entries.h"
#include "store/internal.h"
#include "tests/unit/store_test_nomem.h"
#include "tests/unit/store_test_sharers.h"
#include "tests/unit/store_test_util.h"

#define REGION_MAX KIB(128)
#define ENTRIES_MAX 4096U
#define CALLS 3000U /* of a store */
#define SAID 200U

static uint64_t first_seed = 1;
static uint64_t total_calls = 300000;

static uint8_t region[REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static const uint8_t bytes[1024];

/* How often what is to be tried was: what all stores of a run had together. */
struct tried {
	uint64_t compared, lagged, evicted, moved, refused;
};

/* A store and its calls. */
static struct play {
	uint64_t seed;
	uint32_t calls, call;
	struct rng rng;
	struct tried *tried;
	char *said;

	int64_t now_ms;
	uint32_t keys, value_max;
	bool short_of_memory;
	bool batch;
	uint32_t batch_of; /* who */
	struct {
		struct store_view view[STORE_VIEWS];
		uint32_t count;
	} held[SHARERS];
} play;

static int64_t now(void *ctx)
{
	(void)ctx;
	return play.now_ms;
}

/* Keeps what is the matter, once; false. */
static bool say(const char *what, uint32_t here, uint32_t there)
{
	snprintf(play.said, SAID, "call %u: %s: %u in the hidden index, %u in the shown one",
		 play.call, what, here, there);
	return false;
}

/* ---- the comparison ---- */

struct entry {
	uint32_t hash, off;
};

/* The entries of a store, and in their order the offsets with the marks. */
struct picture {
	struct entry entry[ENTRIES_MAX];
	uint32_t entries;
	uint32_t off[ENTRIES_MAX];
	bool marked[ENTRIES_MAX];
	uint32_t ordered;
	uint32_t hand; /* an offset */
};

static int by_offset(const void *a, const void *b)
{
	uint32_t x = ((const struct entry *)a)->off, y = ((const struct entry *)b)->off;

	return (x > y) - (x < y);
}

static void picture_entries(const struct store *s, struct picture *p)
{
	p->entries = 0;
	for (uint32_t i = 0; i < s->index.segment_count; i++) {
		const struct store_segment *seg = &s->index.segments[i];

		for (uint32_t k = 0; k < seg->slots; k++)
			if (seg->slot[k].hash != UINT32_MAX)
				p->entry[p->entries++] = (struct entry){
					seg->slot[k].hash, index_offset(s, &seg->slot[k])};
	}
	qsort(p->entry, p->entries, sizeof(p->entry[0]), by_offset);
}

static void picture_order(const struct store *s, struct picture *p)
{
	p->ordered = 0;
	p->hand = s->order.hand ? order_offset(s, s->order.hand) : 0;
	for (uint32_t n = order_eldest(s); n; n = order_next(s, n)) {
		p->off[p->ordered] = order_offset(s, n);
		p->marked[p->ordered++] = order_node(s, n)->off[1] & ORDER_MARK;
	}
}

static void picture(const struct store *s, struct picture *p)
{
	picture_entries(s, p);
	picture_order(s, p);
}

static bool same_entries(const struct picture *a, const struct picture *b)
{
	if (a->entries != b->entries)
		return say("entries", a->entries, b->entries);
	for (uint32_t i = 0; i < a->entries; i++)
		if (a->entry[i].off != b->entry[i].off || a->entry[i].hash != b->entry[i].hash)
			return say("an entry's offset", a->entry[i].off, b->entry[i].off);
	return true;
}

static bool same_order(const struct picture *a, const struct picture *b)
{
	if (a->ordered != b->ordered)
		return say("entries in order", a->ordered, b->ordered);
	for (uint32_t i = 0; i < a->ordered; i++) {
		if (a->off[i] != b->off[i])
			return say("the next in order", a->off[i], b->off[i]);
		if (a->marked[i] != b->marked[i])
			return say("a mark", a->marked[i], b->marked[i]);
	}
	return a->hand == b->hand || say("the hand", a->hand, b->hand);
}

/* Both indexes are the same, unless one could not be made to follow, or somebody is in a call. */
static bool compare(void)
{
	static struct picture hidden, shown;
	const struct store_share *sh = store.share;

	if (sh->count > sh->room)
		return say("more changes than there is room for", sh->count, sh->room);
	play.tried->lagged += sh->lags;
	if (sh->lags || sh->lock.owner)
		return true;
	if (sh->count)
		return say("changes that were not shown", sh->count, 0);
	picture(&store, &hidden);
	picture(&sh->face[sh->shown], &shown);
	play.tried->compared++;
	return same_entries(&hidden, &shown) && same_order(&hidden, &shown);
}

/* ---- the calls ---- */

static uint32_t below(uint32_t n)
{
	return rng_below(&play.rng, n);
}

struct key {
	char text[12];
	uint32_t len;
};

static struct key draw_key(void)
{
	struct key k;

	k.len = (uint32_t)snprintf(k.text, sizeof(k.text), "key%u", below(play.keys));
	return k;
}

static int64_t draw_expiry(void)
{
	return below(5) ? STORE_NEVER : play.now_ms + below(500);
}

static int call_put(void)
{
	struct key k = draw_key();
	uint32_t len = below(play.value_max);

	if (below(10) == 0)
		return store_put_if(&store, STORE_ABSENT, k.text, k.len, bytes, len, NULL, 0,
				    draw_expiry());
	return store_put(&store, k.text, k.len, bytes, len, NULL, 0, draw_expiry());
}

static int call_delete(void)
{
	struct key k = draw_key();

	return store_delete(&store, k.text, k.len);
}

static int call_read(void)
{
	struct key k = draw_key();

	return store_contains(&store, k.text, k.len);
}

static int call_get(void)
{
	uint32_t *count = &play.held[who].count;
	struct key k = draw_key();
	int err;

	if (*count == STORE_VIEWS)
		return 0;
	err = store_get(&store, k.text, k.len, &play.held[who].view[*count]);
	*count += err == 0;
	return err;
}

static int call_release(void)
{
	uint32_t *count = &play.held[who].count;

	if (*count > 0)
		store_release(&store, &play.held[who].view[--*count]);
	return 0;
}

static int call_compact(void)
{
	return store_compact(&store, 1 + below(3000));
}

static int call_purge(void)
{
	return store_purge(&store, NULL, NULL);
}

/* One in a hundred: a store that is always empty has nothing to tell. */
static int call_clear(void)
{
	return below(100) ? 0 : store_clear(&store);
}

static int call_begin(void)
{
	int err = store_batch_begin(&store);

	play.batch = err == 0;
	play.batch_of = who;
	return err;
}

static int call_stage(void)
{
	struct key k = draw_key();

	if (below(3) == 0)
		return store_batch_delete(&store, k.text, k.len);
	return store_batch_put(&store, k.text, k.len, bytes, below(play.value_max), NULL, 0,
			       draw_expiry());
}

static int call_commit(void)
{
	int err = store_batch_commit(&store);

	play.batch = err != 0;
	return err;
}

static int call_abort(void)
{
	store_batch_abort(&store);
	play.batch = false;
	return 0;
}

/* How often, of 100. */
struct odds {
	int (*call)(void);
	uint32_t odds;
};

static const struct odds alone[] = {
	{call_put, 43},    {call_delete, 10}, {call_read, 22}, {call_get, 5},   {call_release, 8},
	{call_compact, 3}, {call_purge, 2},   {call_clear, 2}, {call_begin, 5},
};

static const struct odds within_batch[] = {
	{call_stage, 74}, {call_commit, 10}, {call_abort, 4},
	{call_read, 8},   {call_get, 2},     {call_release, 2},
};

/* Whether an answer is one that calls may give when nobody is stuck. */
static bool expected(int err)
{
	static const int answers[] = {-ENOENT, -ENOSPC, -ENOMEM, -EEXIST};

	if (err >= 0)
		return true;
	for (uint32_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (err == answers[i])
			return err != -ENOMEM || play.short_of_memory;
	return false;
}

/* Makes one call, by anybody; in a batch only those that read are by others than its owner. */
static bool make_call(void)
{
	const struct odds *o = play.batch ? within_batch : alone;
	uint32_t n = below(100);
	int err;

	for (; n >= o->odds; o++)
		n -= o->odds;
	who = below(SHARERS);
	if (play.batch && o->call != call_read && o->call != call_get && o->call != call_release)
		who = play.batch_of;
	play.now_ms += below(3);
	if (play.short_of_memory && below(4) == 0)
		memory_for(below(12));
	err = o->call();
	memory_for_all();
	play.tried->refused += err == -ENOMEM;
	return expected(err) || say("an answer that should not be", (uint32_t)-err, 0);
}

/* ---- stores ---- */

static void open_store(void)
{
	const struct store_config config = {
		.media = {.base = region, .size = KIB(16) << below(4)},
		.now = now,
		.max_entries = below(3) ? 1 + below(300) : 0,
		.policy = below(2) ? STORE_SIEVE : STORE_LRU,
	};

	play.now_ms = 1000;
	play.keys = 5 + below(600);
	play.value_max = below(2) ? 40 : 600;
	play.short_of_memory = play.seed % 3 == 2;
	if (store_format(&config.media, (uint32_t)play.seed) || store_open(&store, &config) ||
	    store_share(&store, &sharing))
		abort();
}

/* At the end, when everything has caught up: no more entries than there may be, in a sound region.
 */
static bool check_end(void)
{
	struct store_checkup checkup = {0};

	if (play.batch) {
		who = play.batch_of;
		store_batch_abort(&store);
	}
	store_delete(&store, "none", 4);
	if (!compare())
		return false;
	if (order_kept(&store) && store.index.count > store.config.max_entries)
		return say("entries, and so many are allowed", store.index.count,
			   store.config.max_entries);
	store_check(&store.config.media, &checkup);
	if (checkup.problems)
		return say("problems of the region", checkup.problems, 0);
	return checkup.records == store.index.count ||
	       say("entries, and records that a reset leaves", store.index.count, checkup.records);
}

/* Plays one store; runs in a child. */
static bool play_store(void *ctx)
{
	bool good = true;

	(void)ctx;
	open_store();
	for (play.call = 0; play.call < play.calls && good; play.call++)
		good = make_call() && compare();
	good = good && check_end();
	play.tried->evicted += store.counters.evicted;
	play.tried->moved += store.counters.moved_bytes;
	store_close(&store);
	return good;
}

static void run_store(uint64_t seed, uint32_t calls, struct tried *tried, char *said)
{
	const char *end;

	play = (struct play){.seed = seed, .calls = calls, .tried = tried, .said = said};
	play.rng = rng_seeded(seed);
	said[0] = '\0';
	end = in_child(play_store, NULL, 120, false);
	if (*end != '\0')
		fail_msg("STORE_SEED=%llu STORE_OPS=%u: %s; %s", (unsigned long long)seed, calls,
			 said, end);
}

static void test_both_indexes(void **state)
{
	struct tried *tried = shared_memory(sizeof(*tried));
	uint64_t left = total_calls, seed = first_seed;
	char *said = shared_memory(SAID);

	(void)state;
	print_message("seeds from %llu\n", (unsigned long long)seed);
	for (; left > 0; seed++) {
		uint32_t calls = left < CALLS ? (uint32_t)left : CALLS;

		run_store(seed, calls, tried, said);
		left -= calls;
	}
	if (total_calls >= 50 * CALLS) {
		assert_true(tried->compared > total_calls / 2);
		assert_true(tried->lagged && tried->evicted && tried->moved && tried->refused);
	}
	print_message("figure store_replicas_calls %llu calls\n", (unsigned long long)total_calls);
	munmap(said, SAID);
	munmap(tried, sizeof(*tried));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_indexes),
	};

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : env_number("STORE_SEED", first_seed);
	total_calls = argc > 2 ? strtoull(argv[2], NULL, 0) : env_number("STORE_OPS", total_calls);
	return cmocka_run_group_tests_name("store replicas", tests, NULL, NULL);
}
