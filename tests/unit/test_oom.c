/* SPDX-License-Identifier: MIT */
/* Out of memory: who is asked, in which order, and who is not. What is said of it: test_oom_report.
 */
#include "tests/unit/oom_test.h"

#include <errno.h>
#include <string.h>

#include "mm/memory_lock.h"

#define MEMORY 8192u /* pages: a step of oom_score_adj is 8 */

static struct pages a, b, c, d;

static void start_with(const struct oom_settings *settings)
{
	start_board(MEMORY, settings);
}

static int start(void **state UNUSED)
{
	start_with(NULL);
	return 0;
}

/* ---- a page that is there ---- */

static void nobody_is_asked(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 1000);
	assert_int_equal(alloc(a.task, false), MEMORY_BASE + PG(MEMORY - 11));
	take_the_rest();
	take_back(1);
	assert_int_equal(alloc(a.task, true), MEMORY_BASE);
	assert_string_equal(board.log, "");
	assert_int_equal(a.asked + board.keeps, 0);
}

/* ---- notifiers ---- */

static struct notifier {
	struct oom_notifier n;
	uint32_t gives, says;
	unsigned asked, turn;
	bool atomic;
} first, second, third;
static unsigned turns;

static uint32_t give_back(struct oom_notifier *on, bool atomic)
{
	struct notifier *n = (struct notifier *)on;

	n->asked++;
	n->turn = ++turns;
	n->atomic = atomic;
	take_back(n->gives);
	return n->says;
}

static void add_notifier(struct notifier *n, uint32_t gives, uint32_t says)
{
	*n = (struct notifier){.n = {.give_back = give_back}, .gives = gives, .says = says};
	oom_add_notifier(&n->n);
}

/* All of them are asked, in the order in which they came, and that is all. */
static void notifiers_are_enough(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_notifier(&first, 1, 1);
	add_notifier(&second, 2, 2);
	add_notifier(&third, 0, 0);
	take_the_rest();
	expect_left(a.task, "a");
	assert_true(first.turn < second.turn && second.turn < third.turn);
	assert_false(first.atomic);
	assert_true(alloc(a.task, true) && alloc(a.task, true));
	assert_int_equal(first.asked, 1);
	assert_true(alloc(a.task, true));
	assert_int_equal(first.asked, 2);
	assert_true(first.atomic && second.atomic && third.atomic);
	assert_string_equal(board.log, "");
	assert_int_equal(a.asked + board.keeps, 0);
}

static void notifiers_have_nothing(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 11, 0);
	add_notifier(&first, 0, 0);
	take_the_rest();
	expect_left(a.task, "a");
	assert_int_equal(first.asked, 1);
}

/* One that says so and gives nothing stops nobody. */
static void a_notifier_that_lies(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 11, 0);
	add_notifier(&first, 0, 1);
	take_the_rest();
	expect_left(a.task, "a");
	assert_int_equal(first.asked, 16);
}

/* Asked before anything else: before a panic, before who is dying. */
static void notifiers_come_first(void **state UNUSED)
{
	start_with(&(struct oom_settings){.panic_on_oom = 2, .oom_kill_allocating_task = true});
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 11, 0)->dying = true;
	add_notifier(&first, 1, 1);
	take_the_rest();
	expect_left(a.task, "ab");
	expect_left(a.task, "ab");
	assert_int_equal(first.asked, 2);
}

/* It is no want of memory: nobody is asked for some. */
static void memblock_cannot_be_had(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_notifier(&first, 0, 0);
	take_the_rest();
	memory_lock_start(1000000);
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(alloc(a.task, false), 0);
	memory_unlock();
	memory_lock_start(0);
	assert_null(board.panic);
	assert_string_equal(board.log, "");
	assert_int_equal(a.asked + first.asked, 0);
}

static uint32_t keeps_memblock(struct oom_notifier *n UNUSED, bool atomic UNUSED)
{
	assert_int_equal(memory_lock(), 0);
	return 0;
}

/* From then on nobody knows how much there is: no victim is chosen by that. */
static void memblock_is_lost_meanwhile(void **state UNUSED)
{
	struct oom_notifier n = {.give_back = keeps_memblock};

	add_task(&a, "a", NULL, 10, 0);
	oom_add_notifier(&n);
	take_the_rest();
	memory_lock_start(1000000);
	assert_int_equal(alloc(a.task, false), 0);
	memory_unlock();
	memory_lock_start(0);
	assert_true(lives("a"));
	assert_null(board.panic);
	assert_string_equal(board.log, "");
}

/* While a notifier waits for another core that one removes who needed the page. */
static uint32_t suspends(struct oom_notifier *n UNUSED, bool atomic UNUSED)
{
	uint32_t taken = task_suspend();

	board.core = 1;
	assert_int_equal(task_remove(a.task, false), 0);
	board.core = 0;
	take_back(1);
	assert_int_equal(task_resume(taken), 0);
	return 0;
}

static void gone_behind_a_notifier(void **state UNUSED)
{
	struct oom_notifier n = {.give_back = suspends};

	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 11, 0);
	oom_add_notifier(&n);
	take_the_rest();
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(lives("b"));
	assert_string_equal(board.log, "");
}

/* Meanwhile another core has somebody removed: its page is enough for both. */
static uint32_t suspends_for_a_victim(struct oom_notifier *n UNUSED, bool atomic UNUSED)
{
	uint32_t taken = task_suspend();

	take_back(1);
	assert_int_equal(task_resume(taken), 0);
	return 0;
}

static void a_page_came_behind_a_notifier(void **state UNUSED)
{
	struct oom_notifier n = {.give_back = suspends_for_a_victim};

	add_task(&a, "a", NULL, 10, 0);
	oom_add_notifier(&n);
	take_the_rest();
	assert_int_not_equal(alloc(a.task, false), 0);
	assert_true(lives("a"));
	assert_string_equal(board.log, "");
}

/* ---- one that is being removed ---- */

static void another_core_drops_b(void)
{
	board.core = 1;
	assert_int_equal(task_lock(), 0);
	assert_int_equal(memblock_phys_free(b.base, PG(b.n)), 0);
	task_drop(b.task, &b.h);
	task_unlock();
	board.core = 0;
}

/* B is being removed, and all other memory is taken. */
static void begin_to_remove_b(void)
{
	b.answer = -EAGAIN;
	assert_int_equal(task_remove(b.task, false), -EAGAIN);
	take_the_rest();
}

/* It comes while it is waited for, and nobody else goes. The caller has the lock twice. */
static void waited_for(void **state UNUSED)
{
	start_with(&(struct oom_settings){.panic_on_oom = 1, .oom_kill_allocating_task = true});
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 1, 0);
	begin_to_remove_b();
	assert_int_equal(task_lock(), 0);
	assert_int_equal(task_lock(), 0);
	board.on_self = another_core_drops_b;
	board.selfs = 6; /* the call takes it; behind each look it is looked at, and all three are
			    taken again */
	expect_left(a.task, "a");
	assert_null(board.on_self);
	task_unlock();
	task_unlock();
	assert_int_equal(b.asked, 1);
	assert_string_equal(board.log, "");
}

static void another_core_puts_c_in_its_place(void)
{
	struct task *place = b.task;

	another_core_drops_b();
	assert_ptr_equal(add_task(&c, "c", NULL, 0, 0), place);
	c.task->dying = true;
}

/* Once it is gone the wait is over, whoever has its place then. */
static void waited_for_by_number(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 1, 0);
	begin_to_remove_b();
	board.on_self = another_core_puts_c_in_its_place;
	board.selfs = 2;
	expect_left(a.task, "ac");
	assert_string_equal(board.log, "");
}

/* It does not come: after a while it is passed over, once and for all, and said so. */
static void waited_for_too_long(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 200, 1000);
	add_task(&c, "c", NULL, 100, 0);
	begin_to_remove_b();
	expect_left(a.task, "ab");
	assert_int_equal(
		lines_with("Out of memory: process 2 (b) is being removed and does not end: "
			   "it is not waited for any more\n"),
		1);
	for (int i = 0; i < 99; i++)
		assert_true(alloc(a.task, false));
	assert_int_equal(alloc(a.task, false), 0);
	assert_false(lives("a"));
	assert_true(lives("b"));
	assert_int_equal(lines_with("waited for"), 1);
	assert_int_equal(b.asked, 1);
}

/* Each of them has its time, in order, and then everything is as without them. */
static void two_to_wait_for(void **state UNUSED)
{
	struct task *t = add_task(&a, "a", NULL, 0, 0);

	add_task(&c, "c", NULL, 2, 0);
	add_task(&b, "b", NULL, 1, 0);
	c.answer = -EAGAIN;
	assert_int_equal(task_remove(c.task, false), -EAGAIN);
	begin_to_remove_b();
	expect_panic(t, "System is deadlocked on memory");
	assert_true(strstr(board.log, "process 2 (c)") < strstr(board.log, "process 3 (b)"));
	assert_int_equal(lines_with("waited for"), 2);
}

/* Who is on the way out needs no page any more, and nobody is asked for one. */
static void the_one_that_asks_is_dying(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 100, 0);
	begin_to_remove_b();
	assert_int_equal(alloc(b.task, false), 0);
	assert_true(lives("a"));
	take_back(1);
	assert_int_equal(alloc(b.task, false), 0);
	assert_string_equal(board.log, "");
}

static void another_core_removes_a(void)
{
	board.core = 1;
	assert_int_equal(task_remove(a.task, false), 0);
	board.core = 0;
}

/* It is removed while it waits, and its place may have been given to another task. */
static void gone_while_it_waits(void **state UNUSED)
{
	struct task *place = add_task(&a, "a", NULL, 100, 0);

	add_task(&b, "b", NULL, 100, 0);
	begin_to_remove_b();
	board.on_self = another_core_removes_a;
	board.selfs = 2;
	assert_int_equal(alloc(place, false), 0);
	assert_int_equal(memblock_reserved_size(), PG(MEMORY - 100));
	assert_ptr_equal(add_task(&c, "c", NULL, 1, 0), place);
}

static void another_core_tells_a(void)
{
	board.core = 1;
	assert_int_equal(task_remove(a.task, false), -EAGAIN);
	board.core = 0;
}

/* It is to go itself while it waits: whoever it waits for may be waiting for it. */
static void told_while_it_waits(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 100, 0);
	a.answer = -EAGAIN;
	begin_to_remove_b();
	board.on_self = another_core_tells_a;
	board.selfs = 2;
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(lives("a") && lives("b"));
	assert_string_equal(board.log, "");
}

static void another_core_keeps_the_lock(void)
{
	board.core = 1;
	assert_int_equal(task_lock(), 0);
	board.core = 0;
}

/* A core that does not give the lock any more: without it nothing can be done. */
static void the_lock_is_lost(void **state UNUSED)
{
	add_task(&a, "a", NULL, 100, 0);
	add_task(&b, "b", NULL, 100, 0);
	begin_to_remove_b();
	board.on_self = another_core_keeps_the_lock;
	board.selfs = 2;
	expect_panic(a.task, "Out of memory: the lock of the tasks cannot be had");
	assert_true(lives("a"));
}

/* ---- panic_on_oom ---- */

static void panics_as_it_is_told(void **state UNUSED)
{
	static const struct {
		unsigned setting;
		const char *why;
	} rows[] = {
		{1, "Out of memory: system-wide panic_on_oom is enabled"},
		{2, "Out of memory: compulsory panic_on_oom is enabled"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int allocating = 0; allocating < 2; allocating++) {
			start_with(&(struct oom_settings){
				.panic_on_oom = rows[i].setting,
				.oom_kill_allocating_task = allocating,
			});
			add_task(&a, "a", NULL, 10, 0);
			add_task(&b, "b", NULL, 1, 0);
			begin_to_remove_b();
			expect_panic(a.task, rows[i].why);
			assert_int_equal(lines_with("waited for"), 1); /* before that */
			assert_int_equal(a.asked, 0);
			assert_int_equal(board.keeps, 1);
		}
}

/* ---- oom_kill_allocating_task ---- */

static const struct oom_settings allocating = {.oom_kill_allocating_task = true};

static void the_one_that_asks_goes(void **state UNUSED)
{
	start_with(&allocating);
	add_task(&a, "a", NULL, 1, -999);
	add_task(&b, "b", NULL, 500, 1000);
	take_the_rest();
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(!lives("a") && lives("b"));
}

/* It has nothing, or nothing that it would give; but it is the one that wants something. */
static void the_one_that_asks_has_nothing(void **state UNUSED)
{
	start_with(&allocating);
	add_task(&a, "a", NULL, 0, 0);
	add_task(&b, "b", NULL, 500, 1000);
	take_the_rest();
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(!lives("a") && lives("b"));
	task_drop(add_task(&a, "a", NULL, 0, 0), &a.h);
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(!lives("a") && lives("b"));
}

static void the_one_that_asks_may_not_go(void **state UNUSED)
{
	start_with(&allocating);
	add_task(&a, "a", NULL, 600, -1000);
	add_task(&b, "b", NULL, 500, 0);
	add_task(&c, "c", NULL, 600, 1000)->flags = TASK_UNKILLABLE;
	add_task(&d, "d", NULL, 1, 0);
	take_the_rest();
	expect_left(a.task, "acd");
	take_the_rest();
	expect_left(c.task, "ac");
}

/* One that stays is asked once; then it is the worst's turn. */
static void the_one_that_asks_stays(void **state UNUSED)
{
	start_with(&allocating);
	add_task(&a, "a", NULL, 1, 0)->flags = TASK_STAYS;
	add_task(&b, "b", NULL, 500, 0);
	a.answer = -EAGAIN;
	take_the_rest();
	expect_left(a.task, "a");
	assert_int_equal(a.asked, 1);
	assert_int_equal(b.asked, 1);
}

static void a_child_of_the_one_that_asks(void **state UNUSED)
{
	start_with(&allocating);
	add_task(&a, "a", NULL, 500, 0);
	add_task(&b, "b", a.task, 1, 0);
	add_task(&c, "c", NULL, 700, 0);
	take_the_rest();
	expect_left(a.task, "ac");
	take_the_rest();
	assert_int_equal(alloc(a.task, false), 0);
	assert_true(!lives("a") && lives("c"));
}

/* ---- all of it ---- */

/* What a task had is free again, to the last byte of memblock's lists. */
static void the_lists_are_as_before(void **state UNUSED)
{
	struct memblock_region before[8];
	unsigned long cnt;
	phys_addr_t page;

	add_task(&a, "a", NULL, 10, 0);
	take_the_rest();
	take_back(100);
	cnt = memblock.reserved.cnt;
	assert_true(cnt < ARRAY_SIZE(before));
	memcpy(before, memblock.reserved.regions, cnt * sizeof(before[0]));
	add_task(&b, "b", NULL, 100, 0);
	page = alloc(a.task, false);
	assert_true(page && !lives("b"));
	assert_int_equal(memblock_phys_free(page, PAGE_SIZE), 0);
	assert_int_equal(memblock.reserved.cnt, cnt);
	assert_memory_equal(memblock.reserved.regions, before, cnt * sizeof(before[0]));
}

/* Each call leaves both locks as they were. */
static void the_locks_afterwards(void **state UNUSED)
{
	add_task(&a, "a", NULL, 10, 0);
	add_task(&b, "b", NULL, 10, 0);
	take_the_rest();
	memory_lock_start(PATIENCE_NS);
	for (unsigned i = 0; i < 10; i++)
		assert_true(alloc(a.task, false));
	assert_int_equal(alloc(a.task, false), 0);
	assert_false(lives("a") || lives("b"));
	assert_int_equal(memory_lock(), 0);
	memory_unlock();
	memory_lock_start(0);
	board.core = 1;
	assert_int_equal(task_lock(), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		TEST(nobody_is_asked),
		TEST(memblock_cannot_be_had),
		TEST(notifiers_are_enough),
		TEST(notifiers_have_nothing),
		TEST(a_notifier_that_lies),
		TEST(notifiers_come_first),
		TEST(memblock_is_lost_meanwhile),
		TEST(gone_behind_a_notifier),
		TEST(a_page_came_behind_a_notifier),
		TEST(waited_for),
		TEST(waited_for_by_number),
		TEST(waited_for_too_long),
		TEST(two_to_wait_for),
		TEST(the_one_that_asks_is_dying),
		TEST(gone_while_it_waits),
		TEST(told_while_it_waits),
		TEST(the_lock_is_lost),
		TEST(panics_as_it_is_told),
		TEST(the_one_that_asks_goes),
		TEST(the_one_that_asks_has_nothing),
		TEST(the_one_that_asks_may_not_go),
		TEST(the_one_that_asks_stays),
		TEST(a_child_of_the_one_that_asks),
		TEST(the_lists_are_as_before),
		TEST(the_locks_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
