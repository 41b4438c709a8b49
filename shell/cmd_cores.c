/* SPDX-License-Identifier: MIT */
/* The cores, and a test that has all of them use memblock, malloc and the log at once. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/log.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "shell/command.h"

#define CORES_TESTED_MAX 8
#define ROUNDS 100       /* blocks that each core allocates at least */
#define ROUNDS_MAX 50000 /* and at most, until all have had as many */
#define BLOCKS 8         /* of them at a time */
#define BLOCK_WORDS 64U  /* in a block at most */
#define LINE_EACH 20     /* rounds, while there are no more than ROUNDS */
#define TEST_MS 60000

/* A block that is allocated is filled with one number, which no other block has. */
struct block {
	volatile uint32_t *word;
	uint32_t words, stamp;
	bool malloced;
};

/* The work of one core. */
struct work {
	uint32_t number; /* of the core */
	uint32_t allocated, refused, torn;
	struct block blocks[BLOCKS];
};

/* Static, since a core that is late goes on with it. */
static struct work works[CORES_TESTED_MAX];
static _Atomic bool under_way[CORES_TESTED_MAX];
static _Atomic uint32_t not_yet; /* cores with fewer than ROUNDS behind them */

static int take_from_memblock(struct block *b, size_t size)
{
	phys_addr_t base;
	int err = memory_lock();

	if (err)
		return err;
	base = memblock_phys_alloc_range((phys_addr_t)size, 0, MEMBLOCK_LOW_LIMIT,
					 MEMBLOCK_ALLOC_ACCESSIBLE);
	memory_unlock();
	b->word = (volatile uint32_t *)(uintptr_t)base;
	return 0;
}

static int give_to_memblock(const struct block *b)
{
	int err = memory_lock();

	if (err)
		return err;
	err = memblock_phys_free((phys_addr_t)(uintptr_t)b->word,
				 b->words * (phys_addr_t)sizeof(*b->word));
	memory_unlock();
	return err;
}

/* A block for B with its words and its stamp set: every second one is from malloc. */
static int take_block(struct work *w, struct block *b)
{
	size_t size = b->words * sizeof(*b->word);
	int err = 0;

	b->malloced = b->stamp % 2;
	if (b->malloced)
		b->word = malloc(size);
	else
		err = take_from_memblock(b, size);
	if (err)
		return err;
	if (!b->word) {
		w->refused++;
		return 0;
	}
	w->allocated++;
	for (uint32_t i = 0; i < b->words; i++)
		b->word[i] = b->stamp;
	return 0;
}

static int give_block(struct work *w, struct block *b)
{
	bool torn = false;
	int err = 0;

	if (!b->word)
		return 0;
	for (uint32_t i = 0; i < b->words; i++)
		torn |= b->word[i] != b->stamp;
	w->torn += torn;
	if (b->malloced)
		free((void *)b->word);
	else
		err = give_to_memblock(b);
	b->word = NULL;
	return err;
}

/* Whether there is a round I: those who are done early go on while others have rounds to do. */
static bool another_round(uint32_t i)
{
	if (i == ROUNDS)
		atomic_fetch_sub(&not_yet, 1);
	return i < ROUNDS || (i < ROUNDS_MAX && atomic_load(&not_yet));
}

/* What each core does: in each round it frees the oldest of its blocks and allocates another. */
static long work_on_lists(void *arg)
{
	struct work *w = arg;
	uint32_t state = w->number;
	int err = 0;

	for (uint32_t i = 0; !err && another_round(i); i++) {
		struct block *b = &w->blocks[i % BLOCKS];

		state = state * 1664525 + 1013904223;
		err = give_block(w, b);
		b->words = state % BLOCK_WORDS + 1;
		b->stamp = w->number << 24 | i;
		if (!err)
			err = take_block(w, b);
		if (i < ROUNDS && i % LINE_EACH == 0)
			pr_debug("cores test: core %u, round %u", (unsigned)w->number, (unsigned)i);
	}
	for (uint32_t i = 0; i < BLOCKS && !err; i++)
		err = give_block(w, &w->blocks[i]);
	atomic_store(&under_way[w->number], false);
	return err;
}

/* Whether the regions of TYPE are sorted and disjoint, joined where they can be, and add up. */
static bool list_holds(const struct memblock_type *type)
{
	const struct memblock_region *r;
	phys_addr_t sum = 0;

	for_each_region (type, r) {
		const struct memblock_region *before;

		sum += r->size;
		if (r == type->regions)
			continue;
		before = r - 1;
		if (before->base + before->size > r->base)
			return false;
		if (before->base + before->size == r->base && before->flags == r->flags &&
		    memblock_get_region_node(before) == memblock_get_region_node(r))
			return false;
	}
	return sum == type->total_size;
}

/* Whether both lists hold, and as much is reserved as BEFORE. */
static bool lists_hold(struct shell_env *env, const struct memblock_type *before)
{
	const struct memblock_type *reserved = &memblock.reserved;
	bool good;

	if (!shell_lock_memory(env, "cores test"))
		return false;
	good = list_holds(&memblock.memory) && list_holds(reserved);
	/* An array that grew has taken memory for itself. */
	good &= reserved->max != before->max || reserved->total_size == before->total_size;
	memory_unlock();
	return good;
}

/* Says how the core of W ended. */
static bool report_work(struct shell_env *env, const struct work *w, int err)
{
	if (err)
		shell_printf(env, "core %u: %s\n", (unsigned)w->number, error_text(err));
	else
		shell_printf(env, "core %u: %u blocks allocated, %u refused, %u torn\n",
			     (unsigned)w->number, (unsigned)w->allocated, (unsigned)w->refused,
			     (unsigned)w->torn);
	return !err && !w->torn;
}

/* Prepares the work of CORE; false if an earlier test's is still under way. */
static bool prepare(unsigned core)
{
	if (atomic_load(&under_way[core]))
		return false;
	works[core] = (struct work){.number = core};
	atomic_store(&under_way[core], true);
	return true;
}

/* Gives CORE its work; false if it takes none, for which it may have a line. */
static bool begin(struct shell_env *env, unsigned core)
{
	int err = -EBUSY;

	if (prepare(core)) {
		atomic_fetch_add(&not_yet, 1);
		err = env->cores->give(core, work_on_lists, &works[core]);
		if (err) {
			atomic_fetch_sub(&not_yet, 1);
			atomic_store(&under_way[core], false);
		}
	}
	if (err == -EBUSY)
		shell_printf(env, "core %u: still busy with the work of before\n", core);
	return !err;
}

static int test(struct shell_env *env)
{
	unsigned max = env->cores->max < CORES_TESTED_MAX ? env->cores->max : CORES_TESTED_MAX;
	struct memblock_type before;
	uint32_t begun = 0;
	long result = 0;
	bool good;

	if (!shell_lock_memory(env, "cores test"))
		return -1;
	before = memblock.reserved;
	memory_unlock();
	atomic_store(&not_yet, 1); /* core 0, which comes last */
	for (unsigned i = 1; i < max; i++)
		begun |= (uint32_t)begin(env, i) << i;
	prepare(0);
	good = report_work(env, &works[0], (int)work_on_lists(&works[0]));
	for (unsigned i = 1; i < max; i++) {
		int err;

		if (!(begun & 1u << i))
			continue;
		err = env->cores->wait(i, TEST_MS, &result);
		good &= report_work(env, &works[i], err ? err : (int)result);
	}
	good &= lists_hold(env, &before);
	shell_printf(env, "%s\n",
		     good ? "memblock's lists are as they were"
			  : "cores test: memory was given twice, or the lists are damaged");
	return good ? 0 : -1;
}

int cmd_cores(struct shell_env *env, int argc, char *argv[])
{
	char text[64];

	if (!env->cores)
		return shell_failed(env, argv[0], -ENODEV);
	if (argc == 2) {
		if (strcmp(argv[1], "test"))
			return COMMAND_USAGE;
		return test(env);
	}
	for (unsigned i = 0; i < env->cores->max; i++)
		if (env->cores->describe(i, text, sizeof(text)))
			shell_printf(env, "core %u %s\n", i, text);
	return 0;
}
