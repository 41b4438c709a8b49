/* SPDX-License-Identifier: MIT */
/*
 * A shared store in the midst of each write: one thread plays all who share it. Whenever a byte is
 * written, a line cleaned or a barrier passed, others read every key. Nothing of it is left to
 * chance but the seed, so a failure repeats.
 *
 * What the readers got must be explained (tests/threads/history.h); and a value that one of them
 * found must be found again after a reset at that very moment, whatever is lost then.
 *
 * STORE_SEED, STORE_OPS: other calls, and how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/store.h"
#include "tests/powercut/store_test_subsets.h"
#include "tests/threads/sharer.h"

#define WRITERS 2U /* sharers 0 and 1 write in turns, and read */
#define READERS 2U /* the others read in the midst of that */
#define SHARERS (WRITERS + READERS)
#define REGISTERS 8U
#define OPS 2000U
#define LOSSES 3U /* resets that are tried when a new value is found, with other words lost */

/*
 * ODDS of: put, delete, read, contains, get, swap, group, batch, walk, purge, compact, stat, clear,
 * time.
 */
#define ODDS                                                   \
	{                                                      \
		30, 12, 0, 0, 10, 12, 12, 10, 2, 4, 8, 1, 1, 8 \
	}

static const struct sharer_plan plans[] = {
	{.name = "reads at every write",
	 .region = 16384,
	 .keys = 6,
	 .groups = 2,
	 .value_max = 400,
	 .odds = ODDS},
	{.name = "in a small region",
	 .region = 8192,
	 .keys = 6,
	 .groups = 2,
	 .value_max = 400,
	 .odds = ODDS},
	{.name = "with expiries",
	 .region = 8192,
	 .keys = 6,
	 .groups = 2,
	 .value_max = 400,
	 .expiries = true,
	 .odds = ODDS},
	{.name = "with max_entries, LRU",
	 .region = 8192,
	 .max_entries = 4,
	 .keys = 8,
	 .value_max = 400,
	 .odds = ODDS},
	{.name = "with max_entries, SIEVE",
	 .region = 8192,
	 .max_entries = 4,
	 .policy = STORE_SIEVE,
	 .keys = 8,
	 .value_max = 400,
	 .expiries = true,
	 .odds = ODDS},
};

static uint8_t region[CUT_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static uint8_t image[CUT_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct sharer sharers[SHARERS];
static struct sharer_world world;
static struct store store;
static struct cut_memory memory;
static struct rng losses;
static uint32_t current; /* who calls */
static bool looking;     /* in the midst of a write already */
static bool silent;      /* nobody looks */
static uint32_t looks, resets;
static uint32_t kept[REGISTERS][SHARER_PARTS]; /* the value that a reset keeps, as far as tried */

static uint32_t self(void *ctx)
{
	(void)ctx;
	return current;
}

/* ---- what a reset leaves ---- */

static void read_image(uint32_t key, uint32_t part, uint32_t number)
{
	struct store_config config = {
		.media = {.base = image, .size = memory.size}, .now = sharer_now, .ctx = &world};
	char text[SHARER_KEY_MAX];
	uint32_t len = sharer_key(&world, key, part, text), found = 0;
	struct store_view view;
	struct store s;

	resets++;
	assert_int_equal(store_open(&s, &config), 0);
	if (!store_get(&s, text, len, &view)) {
		found = sharer_number(&world, key, part, view.data, view.data_len, view.meta,
				      view.meta_len);
		store_release(&s, &view);
	}
	store_close(&s);
	if (found != number)
		fail_msg("%s was read as %#x, but after a reset it is %#x", text, (unsigned)number,
			 (unsigned)found);
}

/* Value NUMBER was found: resets now, with all words lost that may be, or some. */
static void must_be_kept(uint32_t key, uint32_t part, uint32_t number)
{
	for (uint32_t n = 0; n < LOSSES; n++) {
		for (uint32_t i = 0; i < memory.words; i++)
			cut_keep(&memory.word[i], n && rng_below(&losses, 2));
		memcpy(image, memory.kept, memory.size);
		for (uint32_t i = 0; i < memory.words; i++) {
			const struct cut_word *w = &memory.word[i];

			memcpy(image + w->at * 4, &w->value[w->pick], 4);
		}
		read_image(key, part, number);
	}
	kept[key][part] = number;
}

/* ---- reads in the midst of writes ---- */

/* What the events of SHARER from number FROM on found there must be kept. */
static void check_found(const struct sharer *sharer, size_t from)
{
	for (size_t i = from; i < sharer->log.count; i++) {
		const struct history_event *e = &sharer->log.events[i];
		uint32_t part = e->part ? e->part - 1 : 0;

		if (e->kind == HISTORY_READ && e->value && kept[e->key][part] != e->value)
			must_be_kept(e->key, part, e->value);
	}
}

static void look(void)
{
	static const enum sharer_op reads[] = {SHARER_GET, SHARER_READ, SHARER_CONTAINS};
	uint32_t writer = current;

	if (looking || silent)
		return;
	looking = true;
	looks++;
	for (current = WRITERS; current < SHARERS; current++) {
		struct sharer *sharer = &sharers[current];
		size_t from = sharer->log.count;

		if (!sharer_do(sharer, reads[sharer_below(sharer, ARRAY_SIZE(reads))]) ||
		    (current == WRITERS && !sharer_read_all(sharer)))
			fail_msg("%s", sharer->failure);
		check_found(sharer, from);
		assert_true(store_size(&store) <= REGISTERS * SHARER_PARTS);
	}
	current = writer;
	looking = false;
}

static void on_write(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	cut_write(&memory, off, region + off, len);
	look();
}

static void on_clean(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	cut_clean_lines(&memory, (uint32_t)((const uint8_t *)ptr - region), (uint32_t)len);
	look();
}

static void on_barrier(void *ctx)
{
	(void)ctx;
	cut_settle(&memory);
	look();
}

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fail_msg("the store reports: %s", line);
}

/* ---- a store that is shared ---- */

static void start(const struct sharer_plan *plan, uint64_t seed)
{
	const struct store_sharing sharing = {.sharers = SHARERS, .self = self, .patience_ns = 1};
	const struct store_config config = {
		.media = {.base = region,
			  .size = plan->region,
			  .written = on_write,
			  .clean = on_clean,
			  .barrier = on_barrier},
		.now = sharer_now,
		.report = report,
		.ctx = &world,
		.max_entries = plan->max_entries,
		.policy = plan->policy,
	};

	world = (struct sharer_world){.plan = plan, .s = &store, .time = 1};
	memset(kept, 0, sizeof(kept));
	losses = rng_seeded(seed);
	looks = resets = 0;
	silent = true;
	memset(region, 0, sizeof(region));
	cut_start(&memory, region, plan->region);
	assert_int_equal(store_format(&config.media, (uint32_t)seed), 0);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
	silent = false;
	for (uint32_t i = 0; i < SHARERS; i++)
		sharer_init(&sharers[i], &world, i, seed);
	current = 0;
}

static void print_line(const char *line)
{
	print_message("%s\n", line);
}

static void finish(void)
{
	for (uint32_t i = 0; i < SHARERS; i++) {
		current = i;
		assert_true(sharer_release_all(&sharers[i]));
	}
	current = 0;
	if (!sharers_explained(sharers, SHARERS, print_line))
		fail_msg("no order of the calls explains their answers");
	store_close(&store);
	for (uint32_t i = 0; i < SHARERS; i++)
		history_free(&sharers[i].log);
}

static void reads_at_every_write(void **state)
{
	const struct sharer_plan *plan = *state;
	uint64_t seed = env_number("STORE_SEED", 1), ops = env_number("STORE_OPS", OPS);

	start(plan, seed);
	for (uint64_t i = 0; i < ops; i++) {
		current = i % WRITERS;
		if (!sharer_step(&sharers[current]))
			fail_msg("STORE_SEED=%llu, call %llu: %s", (unsigned long long)seed,
				 (unsigned long long)i, sharers[current].failure);
	}
	finish();
	print_message("%llu calls, %u moments, %u resets, seed %llu\n", (unsigned long long)ops,
		      (unsigned)looks, (unsigned)resets, (unsigned long long)seed);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(plans)];

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		tests[i] = (struct CMUnitTest){.name = plans[i].name,
					       .test_func = reads_at_every_write,
					       .initial_state = (void *)(uintptr_t)&plans[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
