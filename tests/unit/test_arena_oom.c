/* SPDX-License-Identifier: MIT */
/* Arenas when memory runs out, and when all is different once a page has come; and random ones. */
#include "tests/unit/arena_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/memory_lock.h"
#include "mm/overcommit.h"
#include "tests/unit/store_test_util.h"

#define PAGES 256U
#define ROUNDS 12U
#define STEPS 400U

static int start(void **state UNUSED)
{
	start_arenas(PAGES, NULL);
	return 0;
}

/* ---- who goes ---- */

/* The larger one goes, and what the other one gets of its memory is clear. */
static void the_worst_makes_room(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(PAGES)), *b = add_arena("b", PG(PAGES));

	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(store(arena_base(b) + PG(i), 1), 0);
	for (uint32_t i = 0; free_pages(); i++)
		assert_int_equal(store(arena_base(a) + PG(i) + PAGE - 1, 1), 0);
	for (uint32_t i = 50; i < 240; i++)
		assert_int_equal(byte_at(arena_base(b) + PG(i) + PAGE - 1), 0);
	assert_false(lives("a"));
	assert_true(lives("b"));
	assert_int_equal(store(arena_base(a), 1), -EFAULT);
	expect_line("Killed process 1 (a)");
	assert_int_equal(lines_with("invoked oom-killer"), 1);
}

/* Who needs a page may have to go himself, at the first one or at one for tables. */
static void one_that_is_removed_for_its_own_sake(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(2 * PAGES));
	uint64_t promised = overcommit_promised();
	uint32_t before, array; /* of memblock's list */
	bool removed;
	int err;

	for (uint32_t i = 0; (err = store(arena_base(a) + PG(i), 1)) == 0; i++)
		assert_in_range(i, 0, PAGES);
	assert_int_equal(err, -ENOMEM);
	assert_false(lives("a"));
	assert_string_equal(arena_owner(arena_base(a), &removed), "a");
	assert_true(removed);
	assert_int_equal(overcommit_promised(), promised - 2 * PAGES);
	assert_int_equal(tables.taken, 0);
	before = free_pages();
	a = add_arena("b", MIB(8));
	array = before - free_pages();
	take_the_rest();
	take_back(2);
	assert_int_equal(store(arena_base(a), 1), 0);
	assert_int_equal(store(arena_base(a) + MIB(4), 1), -ENOMEM); /* no tables */
	assert_false(lives("b"));
	assert_int_equal(free_pages(), 2 + array);
}

/* One without memory of its own is no victim, and may be the only one. */
static void nobody_can_go(void **state UNUSED)
{
	struct arena *a = add_arena("a", PAGE);

	take_the_rest();
	assert_int_equal(alloc(task_find("a"), true), 0);
	assert_string_equal(board.panic, "System is deadlocked on memory");
	assert_false(is_mapped(arena_base(a)));
}

/* ---- touching ---- */

static void touched(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	assert_int_equal(store(arena_base(a) + PG(3), 7), 0);
	assert_int_equal(arena_touch(a, 0), 0);
	assert_int_equal(task_use(task_find("a")).rss, 1);
	assert_int_equal(arena_touch(a, PG(4) + 1), 0);
	assert_int_equal(task_use(task_find("a")).rss, 5);
	assert_int_equal(byte_at(arena_base(a) + PG(3)), 7);
	assert_int_equal(arena_touch(a, PG(10)), 0);
	assert_int_equal(task_use(task_find("a")).rss, 10);
	assert_int_equal(arena_touch(a, PG(10) + 1), -EINVAL);
	assert_int_equal(arena_touch(a, UINT64_MAX), -EINVAL);
}

static void remove_a(uintptr_t address)
{
	struct task *a = task_find("a");

	if (address % MIB(1) == PG(3) && a) {
		assert_int_equal(task_remove(a, false), 0);
		add_arena("next", PG(9)); /* in the next place, at other addresses */
	}
}

static void no_probe(uintptr_t address UNUSED)
{
	fail();
}

/* The task goes before, or meanwhile. What takes its place is not touched. */
static void one_that_is_gone(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	on_probe = remove_a;
	assert_int_equal(arena_touch(a, PG(10)), -ENOMEM);
	assert_int_equal(task_use(task_find("next")).rss, 0);
	on_probe = no_probe;
	assert_int_equal(arena_touch(a, PG(1)), -ENOMEM);
	on_probe = NULL;
	a = add_arena("b", PG(PAGES));
	assert_int_equal(arena_touch(a, PG(PAGES)), -ENOMEM);
	assert_false(lives("b"));
}

static void lock_memory(uintptr_t address)
{
	if (address % MIB(1) == PG(2)) {
		memory_lock_start(PATIENCE_NS);
		assert_int_equal(memory_lock(), 0);
	}
}

static void locks_cannot_be_had(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	board.core = 1;
	assert_int_equal(task_lock(), 0);
	board.core = 0;
	assert_int_equal(arena_touch(a, PG(1)), -ETIMEDOUT);
	assert_int_equal(store(arena_base(a), 1), -ETIMEDOUT);
	board.core = 1;
	task_unlock();
	on_probe = lock_memory;
	assert_int_equal(arena_touch(a, PG(10)), -ETIMEDOUT);
	memory_unlock();
	assert_int_equal(task_use(task_find("a")).rss, 2);
	assert_int_equal(arena_touch(a, PG(2)), 0);
}

/* ---- what happens while a page is looked for ---- */

static struct {
	uintptr_t address; /* an access that another core makes */
	const char *removes;
	bool atomic;
} meanwhile;

static uint32_t give_back(struct oom_notifier *n UNUSED, bool atomic)
{
	meanwhile.atomic = atomic;
	take_back(8);
	if (meanwhile.removes) {
		assert_int_equal(task_remove(task_find(meanwhile.removes), false), 0);
		meanwhile.removes = NULL;
	}
	if (meanwhile.address)
		assert_int_equal(arena_fault(meanwhile.address, true), 0);
	return 8;
}

static void will_happen(uintptr_t address, const char *removes)
{
	static struct oom_notifier n = {.give_back = give_back};

	meanwhile.address = address;
	meanwhile.removes = removes;
	check_order = false; /* two are made at once */
	take_the_rest();
	oom_add_notifier(&n);
}

/* Another core had the same fault, and was quicker: one page is too many, or one of tables. */
static void another_core_was_quicker(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	will_happen(arena_base(a) + PG(5), NULL);
	assert_int_equal(store(arena_base(a) + PG(5), 9), 0);
	assert_int_equal(byte_at(arena_base(a) + PG(5)), 9);
	assert_int_equal(task_use(task_find("a")).rss, 1);
	assert_int_equal(task_use(task_find("a")).pgtables, 1);
	assert_int_equal(free_pages(), 8 - 2);
}

/* It had one beside it: the tables are there, and what was to be tables is a page. */
static void another_core_made_tables(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	will_happen(arena_base(a) + PG(5), NULL);
	assert_int_equal(store(arena_base(a) + PG(6), 9), 0);
	assert_int_equal(task_use(task_find("a")).rss, 2);
	assert_int_equal(task_use(task_find("a")).pgtables, 1);
	assert_int_equal(free_pages(), 8 - 3);
}

/* The page that comes then belongs to nobody. */
static void the_task_went_meanwhile(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(10));

	will_happen(0, "a");
	assert_int_equal(store(arena_base(a), 9), -ENOMEM);
	assert_int_equal(free_pages(), 8);
	assert_int_equal(lines_with("invoked oom-killer"), 0);
}

/* Who is asked may take locks for a probe, and may not for anything else. */
static void who_may_be_asked_what(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(20));

	will_happen(0, NULL);
	assert_int_equal(arena_touch(a, PG(2)), 0);
	assert_false(meanwhile.atomic);
	take_back(0);
	while (memblock_phys_alloc(PG(1), PG(1)))
		;
	assert_int_equal(store(arena_base(a) + PG(9), 1), 0);
	assert_true(meanwhile.atomic);
}

/* ---- random ---- */

#define TASKS 6U
#define ARENA_PAGES 700U

static struct {
	struct arena *a;
	uint8_t bytes[ARENA_PAGES]; /* one in each page */
	uint32_t touched;
} model[TASKS];

static const char *name_of(unsigned i)
{
	static const char *const names[TASKS] = {"a", "b", "c", "d", "e", "f"};

	return names[i];
}

/* Forgets what is gone. */
static void look(void)
{
	for (unsigned i = 0; i < TASKS; i++)
		if (!lives(name_of(i)))
			memset(&model[i], 0, sizeof(model[i]));
}

/* May be refused where no memory is left to note what is reserved. */
static void make(unsigned i)
{
	struct task *t;
	int err;

	assert_int_equal(task_create(name_of(i), NULL, 0, &t), 0);
	err = arena_create(t, PG(ARENA_PAGES), &model[i].a);
	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(task_remove(t, false), 0);
	}
}

static void access_some(struct rng *r, unsigned i)
{
	uint32_t first = rng_below(r, ARENA_PAGES), n = 1 + rng_below(r, 60);

	for (uint32_t p = first; p < ARENA_PAGES && p < first + n; p++) {
		uintptr_t at = arena_base(model[i].a) + PG(p) + p % PAGE;
		uint8_t value = (uint8_t)(1 + rng_below(r, 255));
		int err;

		if (lives(name_of(i)) && is_mapped(at))
			assert_int_equal(byte_at(at), model[i].bytes[p]);
		err = store(at, value);
		look();
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_false(lives(name_of(i)));
			return;
		}
		model[i].bytes[p] = value;
	}
}

static void check_all(void)
{
	for (unsigned i = 0; i < TASKS; i++) {
		uint32_t mapped = 0;

		for (uint32_t p = 0; model[i].a && p < ARENA_PAGES; p++) {
			uintptr_t at = arena_base(model[i].a) + PG(p) + p % PAGE;

			assert_int_equal(is_mapped(at), model[i].bytes[p] != 0);
			mapped += is_mapped(at);
			if (is_mapped(at))
				assert_int_equal(byte_at(at), model[i].bytes[p]);
		}
		if (model[i].a)
			assert_int_equal(task_use(task_find(name_of(i))).rss, mapped);
	}
}

/* Whatever is made, accessed and removed, by hand and by want of memory: in the end the lists are
 * as before. */
static void random_arenas(void **state UNUSED)
{
	struct rng r = rng_seeded(8);
	unsigned killed = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		start_arenas(1000 + rng_below(&r, 1000), NULL);
		memset(model, 0, sizeof(model));
		note_lists();
		for (unsigned step = 0; step < STEPS; step++) {
			unsigned i = rng_below(&r, TASKS);

			if (!model[i].a)
				make(i);
			else if (rng_below(&r, 40) == 0)
				assert_int_equal(task_remove(task_find(name_of(i)), true), 0);
			else
				access_some(&r, i);
			look();
			if (step % 50 == 0)
				check_all();
		}
		check_all();
		killed += lines_with("Killed process");
		for (unsigned i = 0; i < TASKS; i++)
			if (lives(name_of(i)))
				assert_int_equal(task_remove(task_find(name_of(i)), true), 0);
		same_lists();
		assert_int_equal(tables.taken, 0);
		assert_null(strstr(board.log, "no room"));
	}
	assert_true(killed > ROUNDS);
	printf("figure arenas_killed %u tasks\n", killed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_worst_makes_room, start),
		cmocka_unit_test_setup(one_that_is_removed_for_its_own_sake, start),
		cmocka_unit_test_setup(nobody_can_go, start),
		cmocka_unit_test_setup(touched, start),
		cmocka_unit_test_setup(one_that_is_gone, start),
		cmocka_unit_test_setup(locks_cannot_be_had, start),
		cmocka_unit_test_setup(another_core_was_quicker, start),
		cmocka_unit_test_setup(another_core_made_tables, start),
		cmocka_unit_test_setup(the_task_went_meanwhile, start),
		cmocka_unit_test_setup(who_may_be_asked_what, start),
		cmocka_unit_test_setup(random_arenas, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
