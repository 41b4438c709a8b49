/* SPDX-License-Identifier: MIT */
/*
 * The power goes while threads write to a store that they share. Each write, line cleaning and
 * barrier gets a stamp of the same kind as the calls of the threads (tests/threads/history.h). For
 * a cut, the calls that had ended before it are certain, those under way may have happened or not,
 * and what a store finds that is opened on what memory may hold then (tests/powercut) are reads at
 * the end: an order must explain all of it. That a reader had found nothing any more is no promise,
 * but what it had found is.
 *
 * On top of a cut one bit is flipped: at most the one entry is lost, and that is told.
 *
 * STORE_CUT_POINTS: how many cuts. STORE_CUT_SEED: other ones; the same seed repeats what each
 * thread does, but not how they meet.
 */
#define _GNU_SOURCE /* strcasestr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "store/store.h"
#include "tests/powercut/store_test_subsets.h"
#include "tests/threads/sharer.h"
#include "tests/unit/walker.h"

#define THREADS 4U
#define KEYS 5U
#define GROUPS 2U
#define CALLS 60U    /* of each thread in a round */
#define CUTS 200U    /* in a round */
#define POINTS 8000U /* in all */
#define PATIENCE_NS 1000000000000U

static const struct sharer_plan plan = {.keys = KEYS,
					.groups = GROUPS,
					.value_max = 300,
					/* put, delete, read, contains, get, swap, group, batch,
					   walk, purge, compact, stat, clear */
					.odds = {24, 10, 10, 4, 10, 10, 12, 8, 0, 1, 6, 0, 1}};

static const uint32_t sizes[] = {8192, 12288, 16384};

static uint8_t region[CUT_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static uint8_t image[CUT_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct sharer sharers[THREADS];
static struct sharer_world world;
static struct store store;
static struct cut_log writes = {.region = region};
static struct cut_memory memory;
static struct walker walk;
static struct rng rng;
static pthread_barrier_t all_here;

/* ---- a round: threads write, and it is recorded ---- */

static _Thread_local uint32_t self_number;

static uint32_t self(void *ctx)
{
	(void)ctx;
	return self_number;
}

static void pause_now(void)
{
	if (history_stamp() % 16 == 0)
		sched_yield();
}

/* By the one that has the store's lock. The event that follows has the stamp. */
static void record(enum cut_kind kind, uint32_t off, uint32_t len)
{
	cut_record(&writes, kind, off, len);
	cut_record(&writes, CUT_STEP, history_stamp(), 0);
	pause_now();
}

static void on_write(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	record(CUT_WRITE, off, len);
}

static void on_clean(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	record(CUT_CLEAN, (uint32_t)((const uint8_t *)ptr - region), (uint32_t)len);
}

static void on_barrier(void *ctx)
{
	(void)ctx;
	record(CUT_BARRIER, 0, 0);
}

static void *use(void *arg)
{
	struct sharer *sharer = arg;

	self_number = sharer->number;
	pthread_barrier_wait(&all_here);
	for (uint32_t i = 0; i < CALLS && !sharer->failure[0]; i++)
		sharer_step(sharer);
	sharer_release_all(sharer);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&all_here, NULL, THREADS);
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &sharers[i]), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&all_here);
	for (uint32_t i = 0; i < THREADS; i++)
		if (sharers[i].failure[0])
			fail_msg("%s", sharers[i].failure);
}

static void record_round(uint64_t seed, uint32_t size)
{
	const struct store_config config = {.media = {.base = region,
						      .size = size,
						      .written = on_write,
						      .clean = on_clean,
						      .barrier = on_barrier}};
	const struct store_sharing sharing = {
		.sharers = THREADS, .self = self, .patience_ns = PATIENCE_NS};

	world = (struct sharer_world){.plan = &plan, .s = &store, .pause = pause_now, .time = 1};
	writes.off = true;
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, (uint32_t)seed), 0);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
	writes.off = false;
	writes.events = writes.used = 0;
	cut_record(&writes, CUT_IMAGE, 0, size);
	for (uint32_t i = 0; i < THREADS; i++)
		sharer_init(&sharers[i], &world, i, seed);
	run_threads();
	writes.off = true;
	store_close(&store);
}

/* ---- what is known at a cut ---- */

struct trial {
	struct history_log logs[THREADS + 1]; /* the last one has the reads behind the reset */
	bool damage;                          /* a line tells of it: */
	char line[120];
};

/* Of the calls of SHARER those that had begun at STAMP. */
static void know(struct history_log *log, const struct sharer *sharer, uint32_t stamp)
{
	log->count = 0;
	log->core = (uint8_t)sharer->number;
	for (size_t i = 0; i < sharer->log.count; i++) {
		struct history_event e = sharer->log.events[i];
		bool reads =
			e.kind == HISTORY_READ || e.kind == HISTORY_SEEN || e.kind == HISTORY_OTHER;
		bool nothing = e.kind == HISTORY_READ && !e.value;

		if (e.start > stamp || nothing || (reads && e.end > stamp))
			continue;
		if (e.end > stamp)
			e.end = HISTORY_PENDING;
		history_add(log, e);
	}
}

static void report(void *ctx, const char *line)
{
	struct trial *t = ctx;

	if (!t->damage)
		snprintf(t->line, sizeof(t->line), "%s", line);
	t->damage |= strcasestr(line, "damage") != NULL;
}

/* Reads everything; false: a value is none. */
static bool read_registers(struct trial *t, struct store *s)
{
	struct history_log *log = &t->logs[THREADS];
	uint32_t stamp = HISTORY_PENDING - 1000;

	log->count = 0;
	log->core = THREADS;
	for (uint32_t i = 0; i < KEYS + GROUPS; i++)
		for (uint32_t part = 0; part < (i < KEYS ? 1 : SHARER_PARTS); part++) {
			struct history_event e = {.kind = HISTORY_READ, .key = i};
			char text[SHARER_KEY_MAX];
			struct store_view view;

			e.part = (uint8_t)(i < KEYS ? 0 : part + 1);
			e.start = stamp++;
			e.end = stamp++;
			if (!store_get(s, text, sharer_key(&world, i, part, text), &view)) {
				e.value = sharer_number(&world, i, part, view.data, view.data_len,
							view.meta, view.meta_len);
				store_release(s, &view);
				if (!e.value)
					return false;
			}
			history_add(log, e);
		}
	return true;
}

static bool explained(const struct trial *t, struct history_fault *fault)
{
	return history_explained(t->logs, THREADS + 1, (struct history_rules){0}, fault);
}

static void print_line(const char *line)
{
	print_message("%s\n", line);
}

static void give_up(const struct trial *t, const struct history_fault *fault, const char *what)
{
	history_tell(t->logs, THREADS + 1, fault, 30, print_line);
	fail_msg("register %u: %s; %s", (unsigned)fault->key, what, t->line);
}

/* ---- cuts ---- */

static void open_cut(struct trial *t, uint32_t size)
{
	struct store_config config = {
		.media = {.base = image, .size = size}, .report = report, .ctx = t};
	struct store_checkup checkup = {0};
	struct history_fault fault;
	struct store_stats stats;
	struct store s;

	assert_int_equal(store_open(&s, &config), 0);
	if (t->damage)
		fail_msg("a cut looks like damage: %s", t->line);
	assert_true(read_registers(t, &s));
	store_stat(&s, &stats);
	assert_int_equal(stats.quarantined, 0);
	assert_int_equal(store_check(&config.media, &checkup), 0);
	assert_int_equal(checkup.problems + checkup.notes, 0);
	if (!walker_walk(&walk, image, size))
		fail_msg("the region at %u: %s", (unsigned)walk.error_off, walk.error);
	assert_int_equal(walk.entries, stats.entries);
	store_close(&s);
	if (!explained(t, &fault))
		give_up(t, &fault, "a cut leaves what nothing explains");
}

/* Whether a call that writes register KEY had begun at the cut, and not ended. */
static bool in_flight(const struct trial *t, uint32_t key)
{
	for (uint32_t k = 0; k < THREADS; k++)
		for (size_t i = 0; i < t->logs[k].count; i++) {
			const struct history_event *e = &t->logs[k].events[i];

			if (e->end == HISTORY_PENDING && (e->key == key || e->key == HISTORY_EVERY))
				return true;
		}
	return false;
}

/*
 * Takes one of the reads of register KEY out, if what is left can be explained then: one entry was
 * lost, so the read found nothing; or one delete of a batch that was under way, so it found what
 * was there before. *ENTRY: which of the two.
 */
static bool forgive_one(struct trial *t, uint32_t key, bool *entry)
{
	struct history_log *log = &t->logs[THREADS];
	bool may_be_old = in_flight(t, key);
	struct history_fault fault;

	for (size_t i = 0; i < log->count; i++) {
		struct history_event was = log->events[i];

		if (was.key != key || (was.value && !may_be_old))
			continue;
		*entry = !was.value;
		log->events[i] = log->events[--log->count];
		if (explained(t, &fault))
			return true;
		log->events[log->count++] = log->events[i];
		log->events[i] = was;
	}
	return false;
}

/* The image with one bit of it flipped; whether an entry was lost. */
static bool open_flipped(struct trial *t, uint32_t size)
{
	struct store_config config = {
		.media = {.base = image, .size = size}, .report = report, .ctx = t};
	uint32_t at = rng_below(&rng, size);
	struct history_fault fault;
	struct store_stats stats;
	struct store s;
	bool entry;
	int err;

	image[at] ^= (uint8_t)(1u << rng_below(&rng, 8));
	err = store_open(&s, &config);
	if ((err == -EBADMSG || err == -EPROTONOSUPPORT) && at < STORE_REGION_ALIGN && t->line[0])
		return false; /* the other copy of the superblock was being written */
	assert_int_equal(err, 0);
	if (!read_registers(t, &s))
		fail_msg("a flip at %u: a value is served that nobody put", (unsigned)at);
	store_stat(&s, &stats);
	store_close(&s);
	if (explained(t, &fault))
		return false;
	if (!forgive_one(t, fault.key, &entry))
		give_up(t, &fault, "a flipped bit leaves what nothing explains");
	if (!t->damage || (entry && !stats.quarantined))
		give_up(t, &fault, "a flipped bit loses an entry, and nothing says so");
	return true;
}

static void build_image(void)
{
	uint32_t how = rng_below(&rng, 6);

	if (how < 3)
		cut_pick_words(&memory, &rng, how == 0 ? 4 : how * 28);
	else
		cut_pick_lines(&memory, &rng, cut_number_lines(&memory), how == 5);
	memcpy(image, memory.kept, memory.size);
	for (uint32_t i = 0; i < memory.words; i++) {
		const struct cut_word *w = &memory.word[i];

		memcpy(image + w->at * 4, &w->value[w->pick], 4);
	}
}

/* The stamp behind event I, which is known of everything before the next write. */
static uint32_t stamp_behind(size_t i)
{
	size_t marks = 0;

	for (; i < writes.events; i++)
		if (writes.event[i].kind == CUT_STEP && ++marks == 2)
			return writes.event[i].off - 1;
	return HISTORY_PENDING - 1001;
}

/* Cuts behind some of the events, in their order; how many entries were lost by flips. */
static uint32_t cut_round(uint32_t size)
{
	static struct trial t;
	uint32_t one_in = (uint32_t)(writes.events / (2 * CUTS)) + 1, lost = 0;

	for (size_t i = 0; i < writes.events; i++) {
		cut_follow(&memory, &writes, &writes.event[i]);
		if (writes.event[i].kind == CUT_STEP || rng_below(&rng, one_in))
			continue;
		for (uint32_t k = 0; k < THREADS; k++)
			know(&t.logs[k], &sharers[k], stamp_behind(i));
		for (int flip = 0; flip < 2; flip++) {
			t.damage = false;
			t.line[0] = '\0';
			build_image();
			if (flip)
				lost += open_flipped(&t, size);
			else
				open_cut(&t, size);
		}
	}
	for (uint32_t k = 0; k <= THREADS; k++)
		history_free(&t.logs[k]);
	return lost;
}

static void cuts(void **state)
{
	uint64_t seed = env_number("STORE_CUT_SEED", 1);
	uint64_t points = env_number("STORE_CUT_POINTS", POINTS), rounds = points / CUTS + 1;
	uint32_t lost = 0;

	(void)state;
	for (uint64_t n = 0; n < rounds; n++) {
		uint32_t size = sizes[n % ARRAY_SIZE(sizes)];

		rng = rng_seeded(seed + n);
		record_round(seed + n, size);
		lost += cut_round(size);
		for (uint32_t i = 0; i < THREADS; i++)
			history_free(&sharers[i].log);
	}
	free(writes.event);
	free(writes.bytes);
	print_message("%llu rounds of %u cuts and flips, seed %llu: flips lost %u entries\n",
		      (unsigned long long)rounds, CUTS, (unsigned long long)seed, (unsigned)lost);
	assert_true(lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cuts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
