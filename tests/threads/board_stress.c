/* SPDX-License-Identifier: MIT */
/*
 * The command "stress" of an image for tests: all cores use the store at once, at random, and then
 * an order of their calls is searched for that explains every answer (tests/threads/history.h). The
 * store's region is formatted for it. "stress N" has the seed N.
 */
#include <errno.h>
#include <string.h>

#include "drivers/cp15.h"
#include "shell/command.h"
#include "tests/threads/sharer.h"

#define CORES 4U
#define CALLS 300U         /* of each core in each scenario */
#define EVENTS (CALLS * 6) /* that a core notes: none of them needs malloc */
#define REGION_MAX 65536U
#define PATIENCE_NS 60000000000U /* longer than any call takes */
#define JOB_MS 100000

/*
 * Odds of: put, delete, read, contains, get, swap, group, batch, walk, purge, compact, stat, clear,
 * time.
 */
static const struct sharer_plan plans[] = {
	{.name = "few keys",
	 .region = 32768,
	 .keys = 5,
	 .groups = 2,
	 .value_max = 700,
	 .odds = {14, 6, 20, 8, 20, 10, 6, 4, 1, 0, 3, 0, 1, 0}},
	{.name = "a small region",
	 .region = 8192,
	 .keys = 12,
	 .value_max = 300,
	 .odds = {30, 12, 20, 0, 30, 10, 0, 0, 0, 0, 8, 0, 0, 0}},
	{.name = "many keys",
	 .region = REGION_MAX,
	 .keys = 500,
	 .groups = 10,
	 .value_max = 60,
	 .odds = {60, 10, 20, 0, 20, 20, 8, 8, 0, 0, 0, 0, 0, 0},
	 .tide = 150},
	{.name = "max_entries",
	 .region = 32768,
	 .max_entries = 12,
	 .policy = STORE_SIEVE,
	 .keys = 40,
	 .value_max = 300,
	 .odds = {30, 5, 25, 8, 20, 12, 0, 6, 0, 0, 0, 0, 0, 0}},
};

static struct sharer sharers[CORES];
static struct sharer_world world;
static struct store store;
static struct shell_env *to;

static uint32_t self(void *ctx)
{
	(void)ctx;
	return this_core();
}

static void print_line(const char *line)
{
	shell_printf(to, "%s\n", line);
}

static void report(void *ctx, const char *line)
{
	(void)ctx;
	shell_printf(to, "the store reports: %s\n", line);
}

static long use(void *arg)
{
	struct sharer *sharer = arg;

	for (uint32_t i = 0; i < CALLS && !sharer->failure[0]; i++)
		sharer_step(sharer);
	sharer_release_all(sharer);
	return 0;
}

/* All cores at once; how many there are, or 0 after a line. */
static unsigned run_cores(struct shell_env *env)
{
	uint32_t begun = 0;
	long result;

	for (unsigned i = 1; env->cores && i < CORES; i++)
		if (!env->cores->give(i, use, &sharers[i]))
			begun |= 1u << i;
	use(&sharers[0]);
	for (unsigned i = 1; i < CORES; i++)
		if (begun & 1u << i && env->cores->wait(i, JOB_MS, &result)) {
			shell_printf(env, "core %u does not come back\n", i);
			return 0;
		}
	return 1 + (unsigned)__builtin_popcount(begun);
}

/* What was noted, and what the store is like at rest. */
static bool check(struct shell_env *env, const struct store_media *media)
{
	struct store_checkup checkup = {0};

	for (unsigned i = 0; i < CORES; i++) {
		if (!sharers[i].failure[0])
			continue;
		print_line(sharers[i].failure);
		return false;
	}
	if (!sharers_explained(sharers, CORES, print_line))
		return false;
	store_purge(&store, NULL, NULL); /* a write, which tidies what readers left */
	if (!store_check(media, &checkup) && !checkup.problems && !checkup.notes &&
	    checkup.records == store_size(&store))
		return true;
	shell_printf(env, "store_check: %lu problems, %lu notes, %lu records\n",
		     (unsigned long)checkup.problems, (unsigned long)checkup.notes,
		     (unsigned long)checkup.records);
	return false;
}

static int open_shared(struct shell_env *env, const struct sharer_plan *plan, uint32_t seed,
		       struct store_config *config)
{
	const struct store_sharing sharing = {
		.sharers = CORES, .self = self, .patience_ns = PATIENCE_NS};
	int err;

	*config = *env->store_config;
	config->media.size = plan->region;
	config->now = sharer_now;
	config->report = report;
	config->ctx = &world;
	config->max_entries = plan->max_entries;
	config->policy = plan->policy;
	world = (struct sharer_world){.plan = plan, .s = &store, .time = 1};
	err = store_format(&config->media, seed);
	if (!err)
		err = store_open(&store, config);
	if (!err)
		err = store_share(&store, &sharing);
	return err;
}

static bool play(struct shell_env *env, const struct sharer_plan *plan, uint32_t seed)
{
	struct store_config config;
	int err = open_shared(env, plan, seed, &config);
	bool good = !err;
	unsigned cores;

	if (err)
		shell_failed(env, plan->name, err);
	for (unsigned i = 0; i < CORES && good; i++) {
		sharer_init(&sharers[i], &world, i, seed);
		good = history_reserve(&sharers[i].log, EVENTS);
	}
	cores = good ? run_cores(env) : 0;
	good = cores && sharer_read_all(&sharers[0]) && check(env, &config.media);
	if (good)
		shell_printf(env, "%s: %u calls of each of %u cores are explained\n", plan->name,
			     CALLS, cores);
	store_close(&store);
	for (unsigned i = 0; i < CORES; i++)
		history_free(&sharers[i].log);
	return good;
}

int cmd_stress(struct shell_env *env, int argc, char *argv[])
{
	uint64_t seed = 1;
	bool good = true;

	if (argc > 1 && !shell_number(env, "seed", argv[1], 0, UINT32_MAX, &seed))
		return -1;
	if (!env->store_config || env->store_config->media.size < REGION_MAX)
		return shell_failed(env, argv[0], -ENOSPC);
	to = env;
	store_close(env->store);
	for (unsigned i = 0; i < ARRAY_SIZE(plans) && good; i++)
		good = play(env, &plans[i], (uint32_t)seed);
	shell_printf(env, "stress: seed %lu: %s\n", (unsigned long)seed, good ? "good" : "FAILED");
	return good ? 0 : -1;
}
