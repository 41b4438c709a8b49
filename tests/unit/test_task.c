/* SPDX-License-Identifier: MIT */
/* The table of tasks: names, numbers, what they hold, how they go, and the lock. */
#include "tests/unit/oom_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEMORY 4096u /* pages */

static struct pages a, b, c;

static int start(void **state UNUSED)
{
	start_board(MEMORY, NULL);
	return 0;
}

static int create(const char *name, struct task **made)
{
	return task_create(name, NULL, 0, made);
}

/* ---- names and numbers ---- */

static void names_that_are_none(void **state UNUSED)
{
	static const char *const bad[] = {"",        " ",           "a b",     "a\t",
					  "tab\x1f", "caf\xc3\xa9", "del\x7f", "0123456789abcdef"};
	struct task *t = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(create(bad[i], &t), -EINVAL);
	assert_null(t);
	assert_null(task_next(NULL));
	assert_int_equal(create("0123456789abcde", &t), 0);
	assert_string_equal(t->name, "0123456789abcde");
	assert_int_equal(create("!~", &t), 0);
}

static void one_of_a_name(void **state UNUSED)
{
	struct task *t, *other;

	assert_int_equal(create("a", &t), 0);
	assert_int_equal(create("a", &other), -EEXIST);
	assert_ptr_equal(task_find("a"), t);
	assert_null(task_find("aa"));
	assert_null(task_find(""));
	assert_int_equal(task_remove(t, false), 0);
	assert_null(task_find("a"));
	assert_int_equal(create("a", &t), 0);
	assert_int_equal(t->pid, 2);
}

/* Numbers go up, whatever place a task gets. */
static void the_table_in_order_of_pid(void **state UNUSED)
{
	struct task *t = NULL, *made;
	char name[TASK_NAME_MAX];
	uint32_t pid = 0;

	for (int i = 0; i < TASKS_MAX; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(create(name, &made), 0);
		assert_int_equal(made->pid, i + 1);
	}
	assert_int_equal(create("more", &made), -ENOSPC);
	assert_int_equal(create("t3", &made), -EEXIST);
	assert_int_equal(task_remove(task_find("t3"), false), 0);
	assert_int_equal(create("more", &made), 0);
	assert_int_equal(made->pid, TASKS_MAX + 1);
	while ((t = task_next(t)) != NULL) {
		assert_true(t->pid > pid && t->pid != 4);
		pid = t->pid;
	}
	assert_int_equal(pid, TASKS_MAX + 1);
}

/* proc(5): a new process has its parent's. */
static void a_child_begins_as_its_parent(void **state UNUSED)
{
	struct task *parent, *child;

	assert_int_equal(task_create("parent", NULL, TASK_UNKILLABLE, &parent), 0);
	assert_int_equal(parent->oom_score_adj, 0);
	assert_null(parent->parent);
	parent->oom_score_adj = -500;
	assert_int_equal(task_create("child", parent, 0, &child), 0);
	assert_int_equal(child->oom_score_adj, -500);
	assert_int_equal(child->flags, 0);
	assert_ptr_equal(child->parent, parent);
}

static void starting_anew(void **state UNUSED)
{
	struct task *t;

	assert_int_equal(create("a", &t), 0);
	start_board(MEMORY, NULL);
	assert_null(task_next(NULL));
	assert_int_equal(create("b", &t), 0);
	assert_int_equal(t->pid, 1);
}

/* ---- what they hold ---- */

static void holdings_add_up(void **state UNUSED)
{
	struct task *t = add_task(&a, "a", NULL, 100, 0);
	struct task_use use;

	add_task(&b, "b", NULL, 7, 0);
	b.tables = 2;
	task_drop(b.task, &b.h);
	task_hold(t, &b.h);
	use = task_use(t);
	assert_int_equal(use.total_vm, 214);
	assert_int_equal(use.rss, 105);
	assert_int_equal(use.pgtables, 2);
	use = task_use(b.task);
	assert_int_equal(use.total_vm + use.rss + use.pgtables, 0);
	assert_true(lives("b")); /* it has nothing, and nobody removed it */
}

/* Of all memory, a task has part; what the boot itself has is no longer part of all. */
static void pages_in_all(void **state UNUSED)
{
	assert_int_equal(free_pages(), MEMORY);
	add_task(&a, "a", NULL, 100, 0);
	a.tables = 10;
	assert_int_equal(free_pages(), MEMORY - 100);
	assert_int_equal(task_total_pages(), MEMORY);
	a.task->flags = TASK_UNKILLABLE;
	assert_int_equal(task_total_pages(), MEMORY - 100);
	assert_int_equal(memblock_reserve(MEMORY_BASE, PG(3)), 0);
	assert_int_equal(task_total_pages(), MEMORY - 103);
}

/* Only what memblock could give away as a page is free. */
static void pages_that_are_free(void **state UNUSED)
{
	assert_int_equal(memblock_reserve(MEMORY_BASE + 1, PG(1) - 2), 0);
	assert_int_equal(free_pages(), MEMORY - 1); /* a byte at either end of it */
	assert_int_equal(memblock_mark_nomap(MEMORY_BASE + PG(100), PG(20)), 0);
	assert_int_equal(free_pages(), MEMORY - 21);
	assert_int_equal(memblock_reserve(MEMORY_BASE + PG(200) + 5, 1), 0);
	assert_int_equal(free_pages(), MEMORY - 22);
	memblock_set_current_limit(MEMORY_BASE + PG(150) - 1);
	assert_int_equal(free_pages(), 149 - 21);
	memblock_set_current_limit(MEMORY_BASE);
	assert_int_equal(free_pages(), 0);
}

/* ---- how bad they are ---- */

static void who_is_never_a_victim(void **state UNUSED)
{
	const uint32_t total = 4096;

	add_task(&a, "a", NULL, 100, 250);
	assert_int_equal(oom_badness(a.task, total), 100 + 250 * 4);
	a.tables = 40; /* part of the hundred */
	assert_int_equal(oom_badness(a.task, total), 100 + 250 * 4);
	a.tables = 100; /* page tables alone are memory, too */
	assert_int_equal(oom_badness(a.task, total), 100 + 250 * 4);
	a.task->oom_score_adj = -999;
	assert_int_equal(oom_badness(a.task, total), 100 - 999 * 4);
	a.task->oom_score_adj = -1000;
	assert_true(oom_badness(a.task, total) == OOM_NEVER);
	a.task->oom_score_adj = 1000;
	a.task->flags = TASK_UNKILLABLE;
	assert_true(oom_badness(a.task, total) == OOM_NEVER);
	a.task->flags = TASK_STAYS;
	assert_int_equal(oom_badness(a.task, total), 100 + 1000 * 4);
	a.n = a.tables = 0; /* as of a process of Linux that has touched nothing yet */
	assert_int_equal(oom_badness(a.task, total), 1000 * 4);
}

/* ---- how they go ---- */

static void removed_with_all_it_held(void **state UNUSED)
{
	struct task *child;

	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 20, 0);
	task_drop(b.task, &b.h);
	task_hold(a.task, &b.h);
	assert_int_equal(task_create("child", a.task, 0, &child), 0);
	assert_int_equal(task_remove(a.task, true), 0);
	assert_true(a.atomic && b.atomic);
	assert_false(lives("a"));
	assert_null(child->parent);
	assert_int_equal(memblock_reserved_size(), 0);
}

/* Who has no memory at all is just gone. */
static void removed_without_anything(void **state UNUSED)
{
	struct task *t;

	assert_int_equal(create("a", &t), 0);
	assert_int_equal(task_remove(t, false), 0);
	assert_false(lives("a"));
}

/* Of three holdings the one in the middle comes later; the others are not asked again. */
static void removed_bit_by_bit(void **state UNUSED)
{
	struct task *t = add_task(&a, "a", NULL, 1, 0);

	add_task(&b, "b", NULL, 2, 0);
	add_task(&c, "c", NULL, 4, 0);
	task_drop(b.task, &b.h);
	task_drop(c.task, &c.h);
	task_hold(t, &b.h);
	task_hold(t, &c.h);
	b.answer = -EAGAIN;
	assert_int_equal(task_remove(t, false), -EAGAIN);
	assert_false(a.atomic || b.atomic || c.atomic);
	assert_true(lives("a") && t->dying);
	assert_int_equal(task_use(t).rss, 2);
	assert_true(oom_badness(t, MEMORY) == OOM_NEVER);
	assert_int_equal(memblock_reserved_size(), PG(2));
	assert_int_equal(task_remove(t, true), -EAGAIN);
	assert_int_equal(a.asked + c.asked, 2);
	assert_int_equal(b.asked, 2);
	assert_true(b.atomic);
	task_drop(t, &b.h);
	assert_false(lives("a"));
}

/* Two that both come later, in any order. */
static void gone_with_the_last(void **state UNUSED)
{
	struct task *t = add_task(&a, "a", NULL, 1, 0);

	add_task(&b, "b", NULL, 2, 0);
	task_drop(b.task, &b.h);
	task_hold(t, &b.h);
	a.answer = b.answer = -EAGAIN;
	assert_int_equal(task_remove(t, false), -EAGAIN);
	task_drop(t, &a.h);
	assert_true(lives("a"));
	b.answer = 0;
	assert_int_equal(task_remove(t, false), 0);
	assert_false(lives("a"));
}

static void one_that_stays(void **state UNUSED)
{
	struct task *t = add_task(&a, "a", NULL, 5, 0);

	add_task(&b, "b", NULL, 2, 0);
	task_drop(b.task, &b.h);
	task_hold(t, &b.h);
	t->flags = TASK_STAYS;
	b.answer = -EAGAIN;
	assert_int_equal(task_remove(t, false), -EAGAIN);
	assert_true(lives("a") && !t->dying);
	assert_int_equal(task_use(t).rss, 2);
	b.answer = 0;
	assert_int_equal(task_remove(t, false), 0);
	assert_true(lives("a") && !t->dying);
	assert_int_equal(a.asked, 2);
	assert_int_equal(b.asked, 2);
	assert_int_equal(task_use(t).rss, 0);
}

static void one_that_must_not_go(void **state UNUSED)
{
	add_task(&a, "a", NULL, 5, 0);
	a.task->flags = TASK_UNKILLABLE;
	assert_int_equal(task_remove(a.task, false), -EPERM);
	assert_int_equal(a.asked, 0);
	assert_true(lives("a") && !a.task->dying);
}

/* ---- the lock ---- */

static int found; /* by another core */

static void another_core_tries(void)
{
	board.core = 1;
	found = task_lock();
	if (!found)
		task_unlock();
	board.core = 0;
}

static void another_core_keeps_it(void)
{
	board.core = 1;
	found = task_lock();
	board.core = 0;
}

static void one_core_as_often_as_it_likes(void **state UNUSED)
{
	assert_int_equal(task_lock(), 0);
	assert_int_equal(task_lock(), 0);
	task_unlock();
	another_core_tries();
	assert_int_equal(found, -ETIMEDOUT);
	task_unlock();
	another_core_tries();
	assert_int_equal(found, 0);
}

/* All of it is given, and had again. */
static void suspended(void **state UNUSED)
{
	assert_int_equal(task_lock(), 0);
	assert_int_equal(task_lock(), 0);
	board.on_self = another_core_tries;
	board.selfs = 1; /* behind task_suspend() */
	found = -1;
	assert_int_equal(task_suspend(), 2);
	assert_int_equal(task_resume(2), 0);
	assert_int_equal(found, 0);
	task_unlock();
	another_core_tries();
	assert_int_equal(found, -ETIMEDOUT);
	task_unlock();
	another_core_tries();
	assert_int_equal(found, 0);
}

static void suspended_for_too_long(void **state UNUSED)
{
	assert_int_equal(task_lock(), 0);
	assert_int_equal(task_lock(), 0);
	board.on_self = another_core_keeps_it;
	board.selfs = 1;
	assert_int_equal(task_suspend(), 2);
	assert_int_equal(task_resume(2), -ETIMEDOUT);
	assert_int_equal(found, 0);
	assert_int_equal(task_suspend(), 0); /* it is another core's */
	assert_int_equal(task_lock(), -ETIMEDOUT);
	board.core = 1;
	task_unlock();
	board.core = 0;
	another_core_tries();
	assert_int_equal(found, 0);
}

/* What takes the lock by itself gives it back, and says so if it cannot have it. */
static void calls_without_the_lock(void **state UNUSED)
{
	struct task *t;

	assert_int_equal(create("a", &t), 0);
	assert_int_equal(create("a", &t), -EEXIST);
	assert_int_equal(task_remove(t, false), 0);
	another_core_tries();
	assert_int_equal(found, 0);
	assert_int_equal(create("b", &t), 0);
	another_core_keeps_it();
	assert_int_equal(create("c", &t), -ETIMEDOUT);
	assert_int_equal(task_remove(t, false), -ETIMEDOUT);
	assert_int_equal(oom_alloc_page(t, false), 0);
	board.core = 1;
	assert_true(lives("b") && !lives("c"));
	task_unlock();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		TEST(names_that_are_none),
		TEST(one_of_a_name),
		TEST(the_table_in_order_of_pid),
		TEST(a_child_begins_as_its_parent),
		TEST(starting_anew),
		TEST(holdings_add_up),
		TEST(pages_in_all),
		TEST(pages_that_are_free),
		TEST(who_is_never_a_victim),
		TEST(removed_with_all_it_held),
		TEST(removed_without_anything),
		TEST(removed_bit_by_bit),
		TEST(gone_with_the_last),
		TEST(one_that_stays),
		TEST(one_that_must_not_go),
		TEST(one_core_as_often_as_it_likes),
		TEST(suspended),
		TEST(suspended_for_too_long),
		TEST(calls_without_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
