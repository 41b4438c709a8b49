/* SPDX-License-Identifier: MIT */
/* Out of memory: what is said, in Linux's words, and what is kept of it. */
#include "tests/unit/oom_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

#define MEMORY 4096u /* pages */

static struct pages a, b, c, many[TASKS_MAX];

static const struct oom_settings with_table = {.oom_dump_tasks = true};

static int start(void **state UNUSED)
{
	start_board(MEMORY, &with_table);
	return 0;
}

/* A parent and its child, and one that needs a page and has nothing. */
static void three_tasks(void)
{
	add_task(&a, "parent", NULL, 100, -5);
	add_task(&b, "child", a.task, 20, 0);
	add_task(&c, "asks", NULL, 0, 300);
	b.tables = 2;
	take_the_rest();
}

#define HEADER "asks invoked oom-killer: order=0, oom_score_adj=300\n"
#define MEMINFO "Mem-Info: 0 pages free of 120\n"
#define TABLE                                                             \
	"Tasks state (memory values in pages):\n"                         \
	"[  pid  ] total_vm      rss pgtables_bytes oom_score_adj name\n" \
	"[      1]      200      100        0            -5 parent\n"     \
	"[      2]       40       18     8192             0 child\n"      \
	"[      3]        0        0        0           300 asks\n"

/* Each line of REPORT is one of the log; others are none of the log. */
static void expect_in_log(const char *report)
{
	char line[256];
	unsigned lines = 0;

	for (size_t len; *report; report += len, lines++) {
		len = strcspn(report, "\n") + 1;
		snprintf(line, sizeof(line), "] %.*s", (int)len, report);
		expect_line(line);
	}
	assert_int_equal(lines_with("\n"), lines);
}

static void the_whole_report(void **state UNUSED)
{
	three_tasks();
	b.task->oom_score_adj = -1000;
	assert_true(alloc(c.task, false));
	assert_string_equal(
		board.kept, HEADER MEMINFO
		"Tasks state (memory values in pages):\n"
		"[  pid  ] total_vm      rss pgtables_bytes oom_score_adj name\n"
		"[      1]      200      100        0            -5 parent\n"
		"[      2]       40       18     8192         -1000 child\n"
		"[      3]        0        0        0           300 asks\n"
		"Out of memory: Killed process 1 (parent) total-vm:800kB, anon-rss:400kB, "
		"pgtables:0kB oom_score_adj:-5\n");
	assert_false(board.kept_atomic);
	expect_in_log(board.kept);
}

/* (1000 + 100 * 1000 / 120) * 2 / 3: with 120 pages in all a step of oom_score_adj is nothing. */
static void a_child_in_its_place(void **state UNUSED)
{
	three_tasks();
	assert_true(alloc(c.task, true));
	assert_string_equal(
		board.kept, HEADER MEMINFO TABLE
		"Out of memory: Kill process 1 (parent) score 1222 or sacrifice child\n"
		"Out of memory: Killed process 2 (child) total-vm:160kB, anon-rss:72kB, "
		"pgtables:8kB oom_score_adj:0\n");
	assert_true(board.kept_atomic);
	expect_in_log(board.kept);
}

static void without_the_table(void **state UNUSED)
{
	start_board(MEMORY, NULL);
	three_tasks();
	b.task->flags = TASK_UNKILLABLE;
	a.task->flags = TASK_STAYS;
	assert_true(alloc(c.task, false));
	assert_string_equal(
		board.kept,
		HEADER "Mem-Info: 0 pages free of 100\n"
		       "Out of memory: Emptied process 1 (parent) total-vm:800kB, anon-rss:400kB, "
		       "pgtables:0kB oom_score_adj:-5\n");
	expect_in_log(board.kept);
}

static void the_one_that_asks(void **state UNUSED)
{
	start_board(MEMORY, &(struct oom_settings){.oom_kill_allocating_task = true});
	three_tasks();
	assert_int_equal(alloc(c.task, false), 0);
	assert_string_equal(
		board.kept, HEADER MEMINFO
		"Out of memory (oom_kill_allocating_task): Killed process 3 (asks) total-vm:0kB, "
		"anon-rss:0kB, pgtables:0kB oom_score_adj:300\n");
}

static void nobody_is_left(void **state UNUSED)
{
	three_tasks();
	a.task->flags = b.task->flags = TASK_UNKILLABLE;
	expect_panic(c.task, "System is deadlocked on memory");
	assert_string_equal(board.kept, HEADER "Mem-Info: 0 pages free of 0\n" TABLE
					       "Out of memory and no killable processes...\n");
	expect_in_log(board.kept);
}

static void a_panic_that_was_wished_for(void **state UNUSED)
{
	start_board(MEMORY, &(struct oom_settings){.panic_on_oom = 1, .oom_dump_tasks = true});
	three_tasks();
	expect_panic(c.task, "Out of memory: system-wide panic_on_oom is enabled");
	assert_string_equal(board.kept, HEADER MEMINFO TABLE);
	assert_int_equal(board.keeps, 1);
}

/* What people filter by: errors are who went, warnings why, the table is for information. */
static void levels_as_linux_has_them(void **state UNUSED)
{
	three_tasks();
	log_set_console_level(LOG_WARNING);
	assert_true(alloc(c.task, false));
	assert_int_equal(lines_with("\n"), 2);
	expect_line("sacrifice child");
	expect_line("Killed process");
	start(state);
	three_tasks();
	log_set_console_level(LOG_INFO);
	assert_true(alloc(c.task, false));
	assert_int_equal(lines_with("\n"), 4);
}

/* Each victim has a report of its own. */
static void one_behind_the_other(void **state UNUSED)
{
	three_tasks();
	b.answer = -EAGAIN;
	assert_true(alloc(c.task, false));
	assert_int_equal(board.keeps, 2);
	assert_int_equal(lines_with("invoked oom-killer"), 2);
	assert_non_null(strstr(board.kept, "Killed process 2 (child)"));
	assert_non_null(strstr(board.kept, "Killed process 1 (parent)"));
}

static void panic(const char *why UNUSED)
{
	fail();
}

/* Nobody wants the report: it is in the log. */
static void nobody_keeps_it(void **state UNUSED)
{
	static const struct oom_env env = {.panic = panic, .patience_ns = PATIENCE_NS};

	oom_start(&env, &with_table);
	three_tasks();
	assert_true(alloc(c.task, false));
	assert_int_equal(board.keeps, 0);
	expect_line("Killed process 2 (child)");
}

static unsigned lines_of(const char *text)
{
	unsigned n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

/*
 * As many tasks as there can be, with the longest names and numbers: no line is left out. The child
 * takes too long to give its memory back, and then its parent, who asked, is the victim.
 */
static void the_longest_report(void **state UNUSED)
{
	char name[TASK_NAME_MAX];

	start_board(MEMORY, &(struct oom_settings){.oom_kill_allocating_task = true,
						   .oom_dump_tasks = true});
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		snprintf(name, sizeof(name), "fifteen-long-%02u", i);
		add_task(&many[i], name, NULL, 1, -1000)->pid = UINT32_MAX - TASKS_MAX + i;
	}
	take_the_rest();
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		many[i].promised = many[i].n = UINT32_MAX;
		many[i].tables = UINT32_MAX / 2;
		many[i].answer = -EAGAIN;
	}
	many[0].task->oom_score_adj = many[1].task->oom_score_adj = -999;
	many[0].task->parent = many[1].task;
	assert_int_equal(alloc(many[1].task, false), 0);
	assert_int_equal(lines_of(board.kept), 2 * (4 + TASKS_MAX) + 2 + 1);
	assert_int_equal(lines_of(board.log), lines_of(board.kept) + 1);
	expect_line("Out of memory (oom_kill_allocating_task): Killed process 4294967264 "
		    "(fifteen-long-01) total-vm:17179869180kB, anon-rss:8589934592kB, "
		    "pgtables:8589934588kB oom_score_adj:-999\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		TEST(the_whole_report),         TEST(a_child_in_its_place),
		TEST(without_the_table),        TEST(the_one_that_asks),
		TEST(nobody_is_left),           TEST(a_panic_that_was_wished_for),
		TEST(levels_as_linux_has_them), TEST(one_behind_the_other),
		TEST(nobody_keeps_it),          TEST(the_longest_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
