/* SPDX-License-Identifier: MIT */
/* Out of memory: which task goes, and which of its children in its place. */
#include "tests/unit/oom_test.h"

#include <errno.h>

#define MEMORY 8192u /* pages: a step of oom_score_adj is 8 */

static struct pages a, b, c, d;

static int start(void **state UNUSED)
{
	start_board(MEMORY, NULL);
	return 0;
}

/* ---- the worst ---- */

/* Three tasks with RSS[] pages and ADJ[]; a fourth, which has all the rest, needs a page. */
static void expect_worst(const uint32_t rss[3], const int adj[3], const char *left)
{
	start_board(MEMORY, NULL);
	add_task(&a, "a", NULL, rss[0], adj[0]);
	add_task(&b, "b", NULL, rss[1], adj[1]);
	add_task(&c, "c", NULL, rss[2], adj[2]);
	add_task(&d, "d", NULL, MEMORY - rss[0] - rss[1] - rss[2], -1000);
	expect_left(d.task, left);
}

static void the_worst_goes(void **state UNUSED)
{
	/* The most pages. */
	expect_worst((uint32_t[]){9, 8, 7}, (int[]){0, 0, 0}, "bcd");
	expect_worst((uint32_t[]){8, 9, 7}, (int[]){0, 0, 0}, "acd");
	expect_worst((uint32_t[]){7, 8, 9}, (int[]){0, 0, 0}, "abd");
	/* Of equals the later one. */
	expect_worst((uint32_t[]){9, 9, 9}, (int[]){0, 0, 0}, "abd");
	expect_worst((uint32_t[]){9, 9, 8}, (int[]){0, 0, 0}, "acd");
	/* A step of oom_score_adj is as much as 8 pages. */
	expect_worst((uint32_t[]){1, 8, 7}, (int[]){1, 0, 0}, "bcd");
	expect_worst((uint32_t[]){1, 9, 7}, (int[]){1, 0, 0}, "acd");
	expect_worst((uint32_t[]){17, 1, 8}, (int[]){0, 2, 1}, "acd");
	expect_worst((uint32_t[]){800, 792, 1}, (int[]){-1, 0, 0}, "acd");
	expect_worst((uint32_t[]){800, 791, 1}, (int[]){-1, 0, 0}, "bcd");
	/* Points below 0 are points. */
	expect_worst((uint32_t[]){1, 9, 1}, (int[]){-999, -999, -999}, "acd");
	expect_worst((uint32_t[]){1, 1, 1}, (int[]){-998, -999, -999}, "bcd");
	/* At -1000 never, whatever it has, and neither without memory. */
	expect_worst((uint32_t[]){900, 1, 1}, (int[]){-1000, -999, -1000}, "acd");
	expect_worst((uint32_t[]){0, 0, 1}, (int[]){1000, 1000, -999}, "abd");
}

/* Page tables count as other memory does; what was only promised does not. */
static void page_tables_are_memory(void **state UNUSED)
{
	add_task(&a, "a", NULL, 20, 0);
	add_task(&b, "b", NULL, 19, 0);
	a.tables = 20;
	b.promised = 4000;
	take_the_rest();
	expect_left(b.task, "b");
}

static void the_unkillable_stays(void **state UNUSED)
{
	add_task(&a, "a", NULL, 1, -999);
	add_task(&b, "b", NULL, 2000, 1000)->flags = TASK_UNKILLABLE;
	take_the_rest();
	expect_left(b.task, "b");
}

/* Total memory is less by what the unkillable ones have: a step here is 1 page, and not 8. */
static void a_step_of_what_there_is(void **state UNUSED)
{
	add_task(&a, "a", NULL, 500, 1);
	add_task(&b, "b", NULL, 502, 0);
	add_task(&c, "c", NULL, 4000, 0)->flags = TASK_UNKILLABLE;
	take_the_rest();
	expect_left(c.task, "ac");
}

/* Who asks may be the worst. */
static void the_one_that_asks_is_the_worst(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 9, 0);
	take_the_rest();
	assert_int_equal(alloc(a.task, true), 0);
	assert_true(!lives("a") && lives("b"));
	assert_true(a.atomic);
	assert_null(board.panic);
	assert_int_equal(free_pages(), 10);
}

/* ... and not give its memory back at once: it gets no page. */
static void the_one_that_asks_begins_to_die(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 9, 0);
	a.answer = -EAGAIN;
	take_the_rest();
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(lives("a") && lives("b"));
	assert_int_equal(lines_with("waited for"), 0);
}

/* The victim gives nothing back for now: it is waited for, then the next worst goes. */
static void a_victim_that_takes_too_long(void **state UNUSED)
{
	add_task(&a, "a", NULL, 1, 0);
	add_task(&b, "b", NULL, 9, 0);
	add_task(&c, "c", NULL, 8, 0);
	b.answer = -EAGAIN;
	take_the_rest();
	expect_left(a.task, "ab");
	assert_int_equal(lines_with("waited for"), 1);
	assert_int_equal(b.asked, 1);
	assert_int_equal(board.keeps, 2);
}

static void nobody_is_left(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, -1000);
	add_task(&b, "b", NULL, 0, 1000);
	add_task(&c, "c", NULL, 10, 1000)->flags = TASK_UNKILLABLE;
	take_the_rest();
	expect_panic(a.task, "System is deadlocked on memory");
	expect_line("Out of memory and no killable processes...\n");
	assert_int_equal(a.asked + b.asked + c.asked, 0);
	assert_int_equal(board.keeps, 1);
}

/* ---- tasks that stay ---- */

/* It is a victim as any other, and still there; with less it is less bad. */
static void emptied(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0)->flags = TASK_STAYS;
	add_task(&b, "b", NULL, 9, 0);
	take_the_rest();
	expect_left(b.task, "ab");
	assert_int_equal(a.n, 0);
	assert_false(a.atomic);
	take_the_rest();
	assert_int_equal(alloc(b.task, false), 0);
	assert_false(lives("b"));
}

/* It cannot now: the next worst, and in another search it is asked again. */
static void asked_once_in_a_search(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0)->flags = TASK_STAYS;
	add_task(&b, "b", NULL, 9, 0);
	add_task(&c, "c", NULL, 8, 0);
	add_task(&d, "d", NULL, 1, 0);
	a.answer = -EAGAIN;
	take_the_rest();
	expect_left(d.task, "acd");
	assert_int_equal(a.asked, 1);
	take_the_rest();
	expect_left(d.task, "ad");
	assert_int_equal(a.asked, 2);
	take_the_rest();
	a.answer = 0;
	expect_left(d.task, "ad");
	assert_int_equal(a.asked, 3);
}

/* Of two at once each is asked once, and then nobody is left. */
static void two_that_stay(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0)->flags = TASK_STAYS;
	add_task(&b, "b", NULL, 9, 0)->flags = TASK_STAYS;
	a.answer = b.answer = -EAGAIN;
	take_the_rest();
	expect_panic(a.task, "System is deadlocked on memory");
	assert_int_equal(a.asked, 1);
	assert_int_equal(b.asked, 1);
}

/* ---- children ---- */

/* The parent is the worst; a child of its own memory goes first, the worst, of equals the later. */
static void the_worst_child_goes(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", a.task, 5, 0);
	add_task(&c, "c", a.task, 7, 0);
	add_task(&d, "d", a.task, 7, 0);
	take_the_rest();
	expect_left(b.task, "abc");
	take_the_rest();
	expect_left(b.task, "ab");
	take_the_rest();
	assert_int_equal(alloc(b.task, false), 0);
	assert_true(lives("a"));
	expect_left(a.task, "a");
}

/* Those that may be no victims are none as children either: then it is the parent. */
static void children_that_may_not_go(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", a.task, 50, -1000);
	add_task(&c, "c", a.task, 50, 0)->flags = TASK_UNKILLABLE;
	add_task(&d, "d", a.task, 0, 1000);
	take_the_rest();
	expect_left(b.task, "bcd");
	assert_null(b.task->parent);
}

/* Others' children do not go, and a child's children neither. */
static void one_generation(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", a.task, 5, 0);
	add_task(&c, "c", b.task, 50, 0);
	add_task(&d, "d", NULL, 60, 0);
	take_the_rest();
	expect_left(a.task, "acd");
}

/* A child is the worst of all: its own children go, not its parent. */
static void a_child_that_is_the_worst(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", a.task, 50, 0);
	take_the_rest();
	expect_left(a.task, "a");
}

/* One that stays and gives nothing makes way for the next child, and then for the parent. */
static void children_that_stay(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", a.task, 50, 0)->flags = TASK_STAYS;
	add_task(&c, "c", a.task, 40, 0)->flags = TASK_STAYS;
	b.answer = c.answer = -EAGAIN;
	take_the_rest();
	expect_left(c.task, "bc");
	assert_int_equal(b.asked + c.asked, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		TEST(the_worst_goes),
		TEST(page_tables_are_memory),
		TEST(the_unkillable_stays),
		TEST(a_step_of_what_there_is),
		TEST(the_one_that_asks_is_the_worst),
		TEST(the_one_that_asks_begins_to_die),
		TEST(a_victim_that_takes_too_long),
		TEST(nobody_is_left),
		TEST(emptied),
		TEST(asked_once_in_a_search),
		TEST(two_that_stay),
		TEST(the_worst_child_goes),
		TEST(children_that_may_not_go),
		TEST(one_generation),
		TEST(a_child_that_is_the_worst),
		TEST(children_that_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
