/* SPDX-License-Identifier: MIT */
/*
 * Out of memory, against a model: families of tasks with any numbers, that need pages until nobody
 * is left who could give one. The model knows the rules of mm/oom.h as an order of all candidates,
 * sorted; what it says must happen is compared with the lines of the log.
 */
#include "tests/unit/oom_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_test_util.h"

#define SEEN_MAX 4096

/* A task as the model has it; the number of its place is its pid, less 1. */
struct model {
	uint32_t pages;
	int adj, parent; /* place of the parent, -1: none */
	bool gone, dying, passed, asked;
	bool unkillable, stays, slow; /* slow: gives nothing back when it is asked */
};

static struct {
	struct model tasks[200];
	struct pages real[200];
	unsigned n, searches;
	uint32_t free;
	struct oom_settings settings;
	uint64_t seed;
	struct rng rng;
	char expected[SEEN_MAX], seen[SEEN_MAX];
} world;

/* How often each thing was met. */
static unsigned killed, emptied, sacrificed, passed, ended, refused;

/* ---- the model ---- */

static void must_see(const char *what, int i)
{
	size_t used = strlen(world.expected);

	snprintf(world.expected + used, SEEN_MAX - used, "%s %d\n", what, i + 1);
}

static int64_t points(const struct model *m)
{
	int64_t total = world.free;

	for (unsigned i = 0; i < world.n; i++)
		if (!world.tasks[i].gone && !world.tasks[i].unkillable)
			total += world.tasks[i].pages;
	return m->pages + (total - total % 1000) / 1000 * m->adj;
}

static int by_badness(const void *x, const void *y)
{
	const struct model *a = *(struct model *const *)x, *b = *(struct model *const *)y;
	int64_t difference = points(b) - points(a);

	if (difference)
		return difference < 0 ? -1 : 1;
	return a < b ? 1 : -1;
}

/* The worst of all (PARENT -1: of any, else of its children), or NULL. */
static struct model *choose(int parent)
{
	struct model *order[ARRAY_SIZE(world.tasks)];
	size_t n = 0;

	for (unsigned i = 0; i < world.n; i++) {
		struct model *m = &world.tasks[i];
		bool never = m->gone || m->dying || m->unkillable || m->asked || !m->pages ||
			     m->adj == -1000;

		if (!never && (parent < 0 || m->parent == parent))
			order[n++] = m;
	}
	qsort(order, n, sizeof(order[0]), by_badness);
	return n ? order[0] : NULL;
}

static int place_of(const struct model *m)
{
	return (int)(m - world.tasks);
}

/* M is the victim. */
static void go(struct model *m)
{
	m->asked = true;
	must_see(m->stays ? "Emptied" : "Killed", place_of(m));
	if (m->stays)
		emptied++;
	else
		killed++;
	m->dying = !m->stays;
	if (m->slow)
		return;
	world.free += m->pages;
	m->pages = 0;
	m->gone = m->dying;
	for (unsigned i = 0; i < world.n && m->gone; i++)
		if (world.tasks[i].parent == place_of(m))
			world.tasks[i].parent = -1;
}

/* A round of the search for T; false: the boot ends. */
static bool round_for(struct model *t)
{
	struct model *m, *child;

	for (unsigned i = 0; i < world.n; i++) {
		m = &world.tasks[i];
		if (m->dying && !m->gone && !m->passed) {
			m->passed = true;
			must_see("passed", (int)i);
			passed++;
			return true;
		}
	}
	if (world.settings.panic_on_oom)
		return false;
	m = choose(-1);
	if (world.settings.oom_kill_allocating_task && !t->unkillable && t->adj != -1000 &&
	    !t->asked)
		m = t;
	if (!m)
		return false;
	child = choose(place_of(m));
	if (child) {
		must_see("sacrifice", place_of(m));
		sacrificed++;
	}
	go(child ? child : m);
	return true;
}

/* 1: it gets a page; 0: it gets none; -1: the boot ends. */
static int search(struct model *t)
{
	for (unsigned i = 0; i < world.n; i++)
		world.tasks[i].asked = false;
	while (!t->gone && !t->dying) {
		if (world.free) {
			world.free--;
			return 1;
		}
		if (!round_for(t))
			return -1;
	}
	return 0;
}

/* ---- what happens ---- */

/* The log since the last time, in the model's words. */
static void read_log(void)
{
	static const struct {
		const char *line, *what;
	} words[] = {
		{"Out of memory: Killed process %lu", "Killed"},
		{"Out of memory (oom_kill_allocating_task): Killed process %lu", "Killed"},
		{"Out of memory: Emptied process %lu", "Emptied"},
		{"Out of memory (oom_kill_allocating_task): Emptied process %lu", "Emptied"},
		{"Out of memory: Kill process %lu", "sacrifice"},
		{"Out of memory (oom_kill_allocating_task): Kill process %lu", "sacrifice"},
		{"Out of memory: process %lu", "passed"},
	};
	size_t used = 0;

	world.seen[0] = '\0';
	for (const char *at = board.log; (at = strstr(at, "] Out of")) != NULL; at++)
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			unsigned long pid;

			if (sscanf(at + 2, words[i].line, &pid) == 1)
				used += (size_t)snprintf(world.seen + used, SEEN_MAX - used,
							 "%s %lu\n", words[i].what, pid);
		}
	board.log[0] = board.kept[0] = '\0';
}

/* A task with any numbers, of at most PAGES. */
static void add_any(uint32_t pages)
{
	static const int usual[] = {-1000, -999, -500, -1, 0, 0, 0, 1, 500, 1000};
	struct model *m = &world.tasks[world.n];
	struct pages *p = &world.real[world.n];
	struct rng *r = &world.rng;
	char name[TASK_NAME_MAX];

	*m = (struct model){
		.pages = rng_below(r, 3) ? rng_below(r, pages + 1) : rng_below(r, pages % 4 + 1),
		.adj = rng_below(r, 2) ? usual[rng_below(r, ARRAY_SIZE(usual))]
				       : (int)rng_below(r, 2001) - 1000,
		.parent = rng_below(r, 2) ? -1 : (int)rng_below(r, world.n + 1) - 1,
		.unkillable = !rng_below(r, 12),
		.stays = !rng_below(r, 6),
		.slow = !rng_below(r, 6),
	};
	if (m->parent >= 0 && world.tasks[m->parent].gone)
		m->parent = -1;
	snprintf(name, sizeof(name), "t%u", world.n);
	add_task(p, name, m->parent < 0 ? NULL : world.real[m->parent].task, m->pages, m->adj);
	p->tables = m->pages ? rng_below(r, m->pages + 1) : 0;
	p->answer = m->slow ? -EAGAIN : 0;
	p->task->flags = (m->unkillable ? TASK_UNKILLABLE : 0u) | (m->stays ? TASK_STAYS : 0u);
	assert_int_equal(p->task->pid, ++world.n);
}

/* Both lists of tasks, and the free memory, are the same. */
static void compare(void)
{
	const struct task *t = NULL;

	for (unsigned i = 0; i < world.n; i++) {
		const struct model *m = &world.tasks[i];

		if (m->gone)
			continue;
		t = task_next(t);
		assert_non_null(t);
		assert_int_equal(t->pid, i + 1);
		assert_int_equal(t->dying, m->dying);
		assert_int_equal(task_use(t).rss + task_use(t).pgtables, m->pages);
		assert_ptr_equal(t->parent, m->parent < 0 ? NULL : world.real[m->parent].task);
	}
	assert_null(task_next(t));
	assert_int_equal(free_pages(), world.free);
}

/* Somebody who is still there needs a page; false: there is no more to be seen. */
static bool step(void)
{
	unsigned i = rng_below(&world.rng, world.n);
	phys_addr_t page;
	int got;

	for (unsigned tried = 0; world.tasks[i].gone; i = (i + 1) % world.n)
		if (tried++ == world.n)
			return false;
	world.expected[0] = '\0';
	got = search(&world.tasks[i]);
	page = alloc(world.real[i].task, rng_below(&world.rng, 2));
	read_log();
	assert_string_equal(world.seen, world.expected);
	assert_int_equal(!!page, got == 1);
	assert_int_equal(board.panic != NULL, got < 0);
	ended += got < 0;
	refused += !got;
	compare();
	return got >= 0 && ++world.searches < 60;
}

static void one_world(void)
{
	struct rng *r = &world.rng;

	world.n = world.searches = 0;
	world.settings = (struct oom_settings){
		.panic_on_oom = !rng_below(r, 20),
		.oom_kill_allocating_task = !rng_below(r, 4),
		.oom_dump_tasks = !rng_below(r, 20),
	};
	start_board(rng_below(r, 2) ? 3000 : 40000, &world.settings);
	for (unsigned n = 1 + rng_below(r, 12); n; n--)
		add_any(rng_below(r, 2) ? 20 : free_pages() / n);
	do {
		/* Some of what came back is a new task's now, and nothing is free. */
		if (free_pages() && world.n < TASKS_MAX && rng_below(r, 2))
			add_any(free_pages());
		take_the_rest();
		world.free = 0;
	} while (step());
}

static void worlds_at_random(void **state UNUSED)
{
	uint64_t seed = env_number("OOM_SEED", 1), worlds = env_number("OOM_WORLDS", 5000);

	for (uint64_t i = 0; i < worlds; i++) {
		world.seed = seed + i;
		world.rng = rng_seeded(world.seed);
		one_world();
	}
	print_message("figure oom_model_victims %u victims\n", killed + emptied);
	print_message("of them %u killed, %u children; %u tasks passed over, %u searches in vain, "
		      "%u boots ended\n",
		      killed, sacrificed, passed, refused, ended);
	if (worlds >= 1000)
		assert_true(killed && emptied && sacrificed && passed && refused && ended);
}

static int say_which(void **state UNUSED)
{
	print_message("the last world: OOM_WORLDS=1 OOM_SEED=%llu\n",
		      (unsigned long long)world.seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(worlds_at_random, say_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
