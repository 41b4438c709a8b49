/* SPDX-License-Identifier: MIT */
/*
 * A store that threads share: all that store/store.h has, at random, by all of them at once.
 * Afterwards an order of the calls must explain every answer (tests/threads/history.h), and the
 * region must be that of a store at rest.
 *
 * STORE_OPS: calls of each thread in each plan. STORE_SEED: another seed; the same one repeats
 * what each thread does, but not how they meet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include "tests/threads/pauses.h"
#include "tests/threads/sharer.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define REGION_MAX (256U * 1024)
#define PATIENCE_NS 1000000000000U /* longer than any test takes */
#define CALLS 800                  /* of each thread in each plan */
#define FAILS 40                   /* of 256 allocations, where some do */
#define EVENTS_CALL 8              /* that a call notes, on the average at most */
#define CALLS_ROUND 20000          /* of them at most in one history */
#define INDEX_AT_REST 2048         /* bytes that the index of an empty store may take */

/*
 * Odds of: put, delete, read, contains, get, swap, group, batch, walk, purge, compact, stat, clear,
 * time.
 */
static const struct sharer_plan plans[] = {
	/* Everything, on few keys. */
	{.name = "few keys",
	 .sharers = 8,
	 .region = 32768,
	 .keys = 5,
	 .groups = 2,
	 .value_max = 700,
	 .odds = {14, 6, 20, 8, 20, 10, 6, 4, 2, 1, 3, 2, 1, 0}},
	/* No room to spare: what is freed is used again at once. */
	{.name = "a small region",
	 .sharers = 6,
	 .region = 8192,
	 .keys = 12,
	 .value_max = 300,
	 .odds = {30, 12, 20, 0, 30, 10, 0, 0, 0, 0, 8, 0, 0, 0}},
	/* The index grows and shrinks. */
	{.name = "many keys",
	 .sharers = 6,
	 .region = REGION_MAX,
	 .keys = 800,
	 .groups = 40,
	 .value_max = 60,
	 .odds = {60, 10, 20, 6, 20, 20, 8, 8, 0, 0, 0, 0, 0, 0},
	 .tide = 400},
	{.name = "expiries",
	 .sharers = 6,
	 .region = 32768,
	 .keys = 6,
	 .groups = 1,
	 .value_max = 500,
	 .expiries = true,
	 .odds = {20, 5, 20, 8, 20, 12, 4, 4, 2, 6, 2, 0, 0, 14}},
	{.name = "max_entries, LRU",
	 .sharers = 6,
	 .region = 32768,
	 .max_entries = 12,
	 .keys = 40,
	 .value_max = 300,
	 .odds = {30, 5, 25, 8, 20, 12, 0, 6, 1, 0, 2, 2, 0, 0}},
	{.name = "max_entries, SIEVE",
	 .sharers = 6,
	 .region = 32768,
	 .max_entries = 200,
	 .policy = STORE_SIEVE,
	 .keys = 600,
	 .value_max = 60,
	 .expiries = true,
	 .odds = {30, 5, 25, 8, 20, 12, 0, 6, 0, 2, 2, 2, 1, 5}},
	{.name = "no memory",
	 .sharers = 6,
	 .region = 65536,
	 .keys = 400,
	 .groups = 4,
	 .value_max = 60,
	 .no_memory = true,
	 .odds = {60, 10, 20, 6, 20, 20, 8, 8, 0, 1, 2, 0, 0, 0},
	 .tide = 400},
	/* As few keys as there can be: a counter in all but name. */
	{.name = "one key",
	 .sharers = 8,
	 .region = 8192,
	 .keys = 1,
	 .groups = 1,
	 .value_max = 40,
	 .odds = {4, 4, 10, 0, 10, 30, 8, 0, 0, 0, 0, 0, 0, 0}},
};

static uint8_t region[REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct sharer sharers[STORE_SHARERS_MAX];
static struct sharer_world world;
static struct store store;
static struct walker walk;
static uint32_t calls;
static pthread_barrier_t all_here;

/* ---- memory ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

static _Atomic long allocated;       /* bytes, by what is linked here */
static _Thread_local uint32_t fails; /* 0: allocations of this thread do not fail */

static void count_memory(void *memory, long sign)
{
	if (memory)
		atomic_fetch_add_explicit(&allocated, sign * (long)malloc_usable_size(memory),
					  memory_order_relaxed);
}

/* Whether there is no memory for once. */
static bool runs_out(void)
{
	if (!fails)
		return false;
	fails = fails * 1664525 + 1013904223;
	return fails >> 24 < FAILS;
}

void *__wrap_malloc(size_t size)
{
	void *memory = runs_out() ? NULL : __real_malloc(size);

	count_memory(memory, 1);
	return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory = runs_out() ? NULL : __real_calloc(count, size);

	count_memory(memory, 1);
	return memory;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *memory;

	if (runs_out())
		return NULL;
	count_memory(old, -1);
	memory = __real_realloc(old, size);
	count_memory(memory ? memory : old, 1);
	return memory;
}

void __wrap_free(void *memory)
{
	count_memory(memory, -1);
	__real_free(memory);
}

/* ---- threads ---- */

static _Thread_local uint32_t self_number;
static _Thread_local uint32_t pauses;

static uint32_t self(void *ctx)
{
	(void)ctx;
	return self_number;
}

/* Now and then another thread has its turn in the midst of a call. */
static void pause_now(void)
{
	pauses = pauses * 1664525 + 1013904223;
	if (pauses >> 24 < 24)
		sched_yield();
}

void between_accesses(void)
{
	pauses = pauses * 1664525 + 1013904223;
	if (pauses >> 24 < 8)
		for (int i = 0; i < 4; i++)
			sched_yield();
}

static void on_write(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)len;
	pause_now();
}

static void on_barrier(void *ctx)
{
	(void)ctx;
	pause_now();
}

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fail_msg("the store reports: %s", line);
}

static void *use(void *arg)
{
	struct sharer *sharer = arg;

	self_number = sharer->number;
	pauses = (uint32_t)sharer->random;
	pthread_barrier_wait(&all_here);
	fails = world.plan->no_memory ? pauses | 1 : 0;
	for (uint32_t i = 0; i < calls && !sharer->failure[0]; i++)
		sharer_step(sharer);
	fails = 0;
	sharer_release_all(sharer);
	return NULL;
}

static void run_threads(uint32_t count)
{
	pthread_t threads[STORE_SHARERS_MAX];

	pthread_barrier_init(&all_here, NULL, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &sharers[i]), 0);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&all_here);
	self_number = 0;
}

/* ---- afterwards ---- */

static void print_line(const char *line)
{
	print_message("%s\n", line);
}

static void on_finding(void *ctx, bool problem, uint32_t off, const char *text)
{
	(void)ctx;
	print_message("%s at %u: %s\n", problem ? "problem" : "note", (unsigned)off, text);
}

/* Nobody uses the store: what it says of itself is true, and its region is in order. */
static void check_at_rest(const struct store_media *media)
{
	struct store_checkup checkup = {.line = on_finding};
	struct store_stats stats;

	store_stat(&store, &stats);
	assert_int_equal(stats.pinned, 0);
	assert_int_equal(stats.quarantined, 0);
	assert_int_equal(stats.entries, store_size(&store));
	assert_int_equal(store_check(media, &checkup), 0);
	assert_int_equal(checkup.problems, 0);
	assert_int_equal(checkup.notes, 0);
	assert_int_equal(checkup.records, stats.entries);
	if (!walker_walk(&walk, media->base, media->size))
		fail_msg("the region at %u: %s", (unsigned)walk.error_off, walk.error);
	assert_int_equal(walk.entries, stats.entries);
	assert_int_equal(walk.live_bytes, stats.used_bytes);
	assert_int_equal(walk.free_bytes, stats.free_bytes);
}

/* Deletes everything, one by one: memory and region come back. */
static void empty_store(const struct store_media *media)
{
	struct store_stats stats;
	char key[SHARER_KEY_MAX];

	for (uint32_t i = 0; i < world.plan->keys + world.plan->groups; i++)
		for (uint32_t part = 0; part < (i < world.plan->keys ? 1 : SHARER_PARTS); part++) {
			int err = store_delete(&store, key, sharer_key(&world, i, part, key));

			assert_true(!err || err == -ENOENT);
		}
	store_stat(&store, &stats);
	assert_int_equal(stats.entries, 0);
	assert_int_equal(stats.used_bytes, 0);
	assert_int_equal(stats.free_slots, 1);
	/* With max_entries what was needed most stays. */
	assert_in_range(stats.index_bytes, 0, INDEX_AT_REST + 2 * 17 * world.plan->max_entries);
	check_at_rest(media);
}

/* What it notes needs no memory later. */
static void start_sharer(uint32_t i, uint64_t seed)
{
	sharer_init(&sharers[i], &world, i, seed);
	assert_true(history_reserve(&sharers[i].log, (size_t)calls * EVENTS_CALL));
}

static void run_round(const struct sharer_plan *plan, uint64_t seed)
{
	struct store_config config = {
		.media = {.base = region,
			  .size = plan->region,
			  .written = on_write,
			  .barrier = on_barrier},
		.now = sharer_now,
		.report = report,
		.ctx = &world,
		.max_entries = plan->max_entries,
		.policy = plan->policy,
	};
	struct store_sharing sharing = {
		.sharers = plan->sharers, .self = self, .patience_ns = PATIENCE_NS};
	long before = allocated;

	world = (struct sharer_world){.plan = plan, .s = &store, .pause = pause_now, .time = 1};
	assert_int_equal(store_format(&config.media, (uint32_t)seed), 0);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
	for (uint32_t i = 0; i < plan->sharers; i++)
		start_sharer(i, seed);
	run_threads(plan->sharers);
	for (uint32_t i = 0; i < plan->sharers; i++)
		if (sharers[i].failure[0])
			fail_msg("%s: %s", plan->name, sharers[i].failure);
	assert_true(sharer_read_all(&sharers[0]));
	if (!sharers_explained(sharers, plan->sharers, print_line))
		fail_msg("%s: no order of the calls explains their answers", plan->name);
	assert_true(store_purge(&store, NULL, NULL) >= 0);
	check_at_rest(&config.media);
	empty_store(&config.media);
	store_close(&store);
	for (uint32_t i = 0; i < plan->sharers; i++)
		history_free(&sharers[i].log);
	assert_int_equal(allocated, before);
}

static void stress(void **state)
{
	const struct sharer_plan *plan = *state;
	uint64_t seed = env_number("STORE_SEED", 1), all = env_number("STORE_OPS", CALLS);

	for (uint64_t done = 0, round = 0; done < all; done += calls, round++) {
		calls = (uint32_t)(all - done < CALLS_ROUND ? all - done : CALLS_ROUND);
		run_round(plan, seed + round);
	}
	print_message("%s: %llu calls of each of %u threads, seed %llu; %u refused in the last "
		      "round\n",
		      plan->name, (unsigned long long)all, (unsigned)plan->sharers,
		      (unsigned long long)seed, (unsigned)world.refused);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(plans)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tests[i] = (struct CMUnitTest){.name = plans[i].name,
					       .test_func = stress,
					       .initial_state = (void *)(uintptr_t)&plans[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
