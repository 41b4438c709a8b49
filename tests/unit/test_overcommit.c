/* SPDX-License-Identifier: MIT */
/* Promises of memory under each policy, at and beside each limit, and the line that refuses one. */
#include "tests/unit/oom_test.h"

#include <errno.h>
#include <string.h>

#include "mm/memory_lock.h"
#include "mm/overcommit.h"

#define MEMORY 4096u /* pages */

static struct pages a;

static int start(void **state UNUSED)
{
	start_board(MEMORY, NULL);
	assert_int_equal(overcommit_promised(), 0);
	return 0;
}

/* Promises are not forgotten with the tasks. */
static int end(void **state UNUSED)
{
	overcommit_forget((uint32_t)overcommit_promised());
	overcommit_set(OVERCOMMIT_GUESS, OVERCOMMIT_RATIO);
	return 0;
}

static void until_somebody_says(void **state UNUSED)
{
	assert_int_equal(overcommit_limit(), MEMORY / 2);
	assert_int_equal(overcommit_promise("a", MEMORY), 0);
	assert_int_equal(overcommit_promise("a", MEMORY + 1), -ENOMEM);
}

/* What the command line says as a number. */
static void policies_as_linux_counts_them(void **state UNUSED)
{
	assert_int_equal(OVERCOMMIT_GUESS, 0);
	assert_int_equal(OVERCOMMIT_ALWAYS, 1);
	assert_int_equal(OVERCOMMIT_NEVER, 2);
}

/* One promise at a time is looked at: many that fit one by one may be far too much. */
static void guess(void **state UNUSED)
{
	assert_int_equal(overcommit_promise("a", MEMORY + 1), -ENOMEM);
	expect_line("overcommit: a: 16388 kB are refused: all of memory is 16384 kB\n");
	assert_int_equal(overcommit_promised(), 0);
	for (uint32_t i = 1; i <= 5; i++) {
		assert_int_equal(overcommit_promise("a", MEMORY), 0);
		assert_int_equal(overcommit_promised(), i * MEMORY);
	}
	assert_int_equal(overcommit_promise("a", MEMORY + 1), -ENOMEM);
	assert_int_equal(overcommit_promise("a", UINT32_MAX), -ENOMEM);
	assert_int_equal(overcommit_promised(), 5 * MEMORY);
	overcommit_forget(2 * MEMORY);
	assert_int_equal(overcommit_promised(), 3 * MEMORY);
}

/* All of memory is what tasks have as well: a promise is refused for its size, not for others'. */
static void guess_beside_a_task(void **state UNUSED)
{
	add_task(&a, "a", NULL, MEMORY, 0);
	assert_int_equal(free_pages(), 0);
	assert_int_equal(overcommit_promise("b", MEMORY), 0);
	a.task->flags = TASK_UNKILLABLE;
	assert_int_equal(overcommit_promise("b", 1), -ENOMEM);
}

static void always(void **state UNUSED)
{
	overcommit_set(OVERCOMMIT_ALWAYS, 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(overcommit_promise("a", UINT32_MAX), 0);
		assert_true(overcommit_promised() == i * UINT32_MAX);
	}
	overcommit_forget(UINT32_MAX);
	overcommit_forget(UINT32_MAX);
	assert_string_equal(board.log, "");
}

/* Linux refuses the promise that reaches the limit, too. */
static void never(void **state UNUSED)
{
	overcommit_set(OVERCOMMIT_NEVER, 50);
	assert_int_equal(overcommit_promise("a", MEMORY / 2), -ENOMEM);
	expect_line("overcommit: a: 8192 kB are refused: 0 kB are promised, and all promises have "
		    "to stay below 8192 kB\n");
	assert_int_equal(overcommit_promise("a", MEMORY / 2 - 1), 0);
	assert_int_equal(overcommit_promise("b", 1), -ENOMEM);
	expect_line("overcommit: b: 4 kB are refused: 8188 kB are promised, and all promises have "
		    "to stay below 8192 kB\n");
	overcommit_forget(1);
	assert_int_equal(overcommit_promise("b", 1), 0);
	assert_int_equal(overcommit_promise("b", UINT32_MAX), -ENOMEM);
	assert_int_equal(overcommit_promised(), MEMORY / 2 - 1);
}

/* Stricter from now on: what was promised stays, and nothing more is. */
static void never_behind_always(void **state UNUSED)
{
	overcommit_set(OVERCOMMIT_ALWAYS, 50);
	assert_int_equal(overcommit_promise("a", 10 * MEMORY), 0);
	overcommit_set(OVERCOMMIT_NEVER, 50);
	assert_int_equal(overcommit_promised(), 10 * MEMORY);
	assert_int_equal(overcommit_promise("a", 1), -ENOMEM);
	overcommit_set(OVERCOMMIT_GUESS, 50);
	assert_int_equal(overcommit_promise("a", 1), 0);
}

/* The first promise that each ratio refuses: a hundredth of memory is no whole number of pages. */
static void every_ratio(void **state UNUSED)
{
	for (unsigned ratio = 0; ratio <= OVERCOMMIT_RATIO_MAX; ratio++) {
		uint32_t limit = 0;

		while ((limit + 1) * 100 <= MEMORY * ratio)
			limit++;
		board.log[0] = '\0';
		overcommit_set(OVERCOMMIT_NEVER, ratio);
		assert_int_equal(overcommit_limit(), limit);
		assert_int_equal(overcommit_promise("a", limit), -ENOMEM);
		if (limit) {
			assert_int_equal(overcommit_promise("a", limit - 1), 0);
			overcommit_forget(limit - 1);
		}
	}
}

/* With 64-bit addresses more than 32 bits before it is divided. It is there under any policy. */
static void the_limit_of_much_memory(void **state UNUSED)
{
	const uint32_t pages = sizeof(phys_addr_t) > 4 ? 1u << 23 : 1u << 19;

	start_board(pages, NULL);
	overcommit_set(OVERCOMMIT_ALWAYS, OVERCOMMIT_RATIO_MAX);
	assert_true(overcommit_limit() == 10 * pages);
	overcommit_set(OVERCOMMIT_GUESS, 25);
	assert_true(overcommit_limit() == pages / 4);
}

/* The limit goes by what there is at that moment. */
static void memory_that_the_boot_takes(void **state UNUSED)
{
	overcommit_set(OVERCOMMIT_NEVER, 100);
	assert_int_equal(overcommit_promise("a", 1000), 0);
	assert_int_equal(memblock_reserve(MEMORY_BASE, PG(3000)), 0);
	assert_int_equal(overcommit_limit(), 1096);
	assert_int_equal(overcommit_promise("a", 96), -ENOMEM);
	assert_int_equal(overcommit_promise("a", 95), 0);
}

/* Another core has memblock: nobody knows. */
static void memblock_cannot_be_had(void **state UNUSED)
{
	struct task_pages pages;

	memory_lock_start(1000000);
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(task_count_pages(&pages), -ETIMEDOUT);
	assert_int_equal(task_total_pages(), 0);
	assert_int_equal(overcommit_limit(), 0);
	assert_int_equal(overcommit_promise("a", 1), -ETIMEDOUT);
	overcommit_set(OVERCOMMIT_NEVER, 50);
	assert_int_equal(overcommit_promise("a", 1), -ETIMEDOUT);
	overcommit_set(OVERCOMMIT_ALWAYS, 50);
	assert_int_equal(overcommit_promise("a", 1), 0);
	memory_unlock();
	memory_lock_start(0);
	assert_int_equal(overcommit_promised(), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		TEST(until_somebody_says),
		TEST(policies_as_linux_counts_them),
		TEST(guess),
		TEST(guess_beside_a_task),
		TEST(always),
		TEST(never),
		TEST(never_behind_always),
		TEST(every_ratio),
		TEST(the_limit_of_much_memory),
		TEST(memory_that_the_boot_takes),
		TEST(memblock_cannot_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
