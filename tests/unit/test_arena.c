/* SPDX-License-Identifier: MIT */
/* Arenas: what a program sees that accesses them, and what becomes of memory. */
#include "tests/unit/arena_test.h"

#include <errno.h>
#include <string.h>

#include "mm/memory_lock.h"
#include "mm/overcommit.h"

#define PAGES 512U /* of memory, if not said otherwise */

static int start(void **state UNUSED)
{
	start_arenas(PAGES, NULL);
	return 0;
}

static struct task_use use_of(const char *name)
{
	return task_use(task_find(name));
}

static int remove_task(const char *name)
{
	return task_remove(task_find(name), false);
}

/* ---- what is seen ---- */

static void pages_are_zero_and_keep_what_is_written(void **state UNUSED)
{
	struct arena *a = add_arena("a", 3 * PAGE), *b = add_arena("b", PAGE);
	uintptr_t at = arena_base(a);

	assert_int_equal(arena_size(a), 3 * PAGE);
	assert_int_equal(byte_at(at), 0);
	assert_int_equal(byte_at(at + PAGE - 1), 0);
	assert_int_equal(store(at + 2 * PAGE, 7), 0);
	assert_int_equal(store(arena_base(b), 9), 0);
	assert_int_equal(byte_at(at + 2 * PAGE), 7);
	assert_int_equal(byte_at(at + 2 * PAGE + 1), 0);
	assert_int_equal(byte_at(at), 0);
	assert_int_equal(byte_at(arena_base(b)), 9);
	assert_false(is_mapped(at + PAGE));
}

/* One byte is a page; the last bytes of an arena, none behind them, none before. */
static void only_the_arena_is_there(void **state UNUSED)
{
	struct arena *a = add_arena("a", 1), *b = add_arena("b", MIB(4) + PAGE + 1);
	uintptr_t end = arena_base(b) + arena_size(b);
	uint8_t value;

	assert_int_equal(arena_size(a), PAGE);
	assert_int_equal(arena_size(b), MIB(4) + 2 * PAGE);
	assert_int_equal(byte_at(arena_base(a) + PAGE - 1), 0);
	assert_int_equal(load(arena_base(a) + PAGE, &value), -EFAULT);
	assert_int_equal(load(arena_base(a) - 1, &value), -EFAULT);
	assert_int_equal(byte_at(end - 1), 0);
	assert_int_equal(load(end, &value), -EFAULT);
	assert_int_equal(load(arena_base(b) - 1, &value), -EFAULT);
	assert_int_equal(load(0, &value), -EFAULT);
	assert_true(arena_base(b) >= arena_base(a) + 2 * MIB(1)); /* a section is between them */
	assert_int_equal(store(end - MIB(4), 1), 0);
	assert_int_equal(byte_at(end - MIB(4)), 1);
}

/* The reach has them all, and begins above memory. */
static void the_reach(void **state UNUSED)
{
	uint32_t end = (uint32_t)ROUND_UP(MEMORY_BASE + PG(PAGES), MIB(1));
	struct arena *a;

	assert_int_equal(arenas_reach.base, end);
	assert_int_equal(arenas_reach.size, 0);
	a = add_arena("a", PAGE);
	assert_int_equal(arena_base(a), end + MIB(1));
	assert_int_equal(arenas_reach.base, end);
	assert_int_equal(arenas_reach.size, 2 * MIB(1));
	assert_int_equal(remove_task("a"), 0);
	assert_int_equal(arenas_reach.size, 2 * MIB(1));
	add_arena("b", MIB(3));
	assert_int_equal(arenas_reach.size, 6 * MIB(1));
}

static void what_a_task_has(void **state UNUSED)
{
	struct arena *a = add_arena("a", 16 * MIB(1));
	uint32_t before = free_pages();
	struct task_use use = use_of("a");

	assert_int_equal(use.total_vm, 4096);
	assert_int_equal(use.rss + use.pgtables, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(byte_at(arena_base(a) + i * PAGE), 0);
	assert_int_equal(byte_at(arena_base(a) + MIB(4) - 1), 0);
	assert_int_equal(byte_at(arena_base(a) + MIB(4)), 0);
	use = use_of("a");
	assert_int_equal(use.total_vm, 4096);
	assert_int_equal(use.rss, 6);
	assert_int_equal(use.pgtables, 2);
	assert_int_equal(free_pages(), before - 8);
}

/* Two arenas of one task go together. */
static void more_than_one(void **state UNUSED)
{
	struct arena *a = add_arena("a", PAGE), *b;

	assert_int_equal(arena_create(task_find("a"), 2 * PAGE, &b), 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(byte_at(arena_base(a)) | byte_at(arena_base(b)), 0);
	assert_int_equal(use_of("a").total_vm, 3);
	assert_int_equal(remove_task("a"), 0);
	assert_false(is_mapped(arena_base(a)) || is_mapped(arena_base(b)));
	assert_int_equal(free_pages(), PAGES - 5);
}

/* ---- what goes is as if it had never been ---- */

static void lists_are_as_before(void **state UNUSED)
{
	uint64_t promised = overcommit_promised();
	struct arena *a, *b;
	unsigned taken = tables.taken;

	start_arenas(4096, NULL);
	memblock_reserve(MEMORY_BASE + PG(2000), PG(3));
	note_lists();
	a = add_arena("a", 9 * MIB(1));
	b = add_arena("b", 9 * MIB(1) + 1);
	assert_int_equal(overcommit_promised() - promised, 2 * 9 * 256 + 1);
	/* In turn, and each downward, so that one alone leaves holes everywhere. */
	for (unsigned i = 0; i < 1500; i++) {
		assert_int_equal(store(arena_base(a) + (1500 - i) * PAGE, 1), 0);
		assert_int_equal(store(arena_base(b) + (1500 - i) * PAGE, 2), 0);
	}
	assert_int_equal(remove_task("a"), 0);
	assert_true(memblock.reserved.cnt > 1400);
	for (unsigned i = 0; i < 1500; i++)
		assert_int_equal(byte_at(arena_base(b) + (1500 - i) * PAGE), 2);
	assert_int_equal(remove_task("b"), 0);
	same_lists();
	assert_int_equal(overcommit_promised(), promised);
	assert_int_equal(tables.taken, taken);
}

static unsigned long free_slots(void)
{
	return memblock.reserved.max - memblock.reserved.cnt;
}

/* Those of the others, too, while there are some. */
static void lists_are_as_before_among_others(void **state UNUSED)
{
	struct arena *a;

	start_arenas(4096, NULL);
	assert_int_equal(arena_touch(add_arena("stays", MIB(4)), MIB(2)), 0);
	for (uint64_t size = PAGE; size <= MIB(16); size *= 8) {
		note_lists();
		a = add_arena("a", size);
		assert_int_equal(arena_touch(a, size < MIB(8) ? size : MIB(8)), 0);
		add_arena("b", MIB(2));
		assert_int_equal(remove_task("a") | remove_task("b"), 0);
		same_lists();
	}
}

/* More reservations than the first array has room for, before there is an arena. */
static void lists_are_as_before_in_a_grown_array(void **state UNUSED)
{
	start_arenas(4096, NULL);
	for (unsigned i = 0; i < INIT_MEMBLOCK_RESERVED_REGIONS + 8; i++)
		assert_int_equal(memblock_reserve(0x90000000 + i * PG(2), PAGE), 0);
	note_lists();
	assert_int_equal(arena_touch(add_arena("a", MIB(8)), MIB(4)), 0);
	assert_int_equal(remove_task("a"), 0);
	same_lists();
}

/* What others took meanwhile of the slots of an arena must not be missing when its pages go. */
static void slots_that_others_took_stay(void **state UNUSED)
{
	add_arena("a", PG(300));
	add_arena("b", PG(600));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(memblock_reserve(0x90000000 + i * PG(2), PAGE), 0);
	assert_int_equal(remove_task("b"), 0);
	assert_true(free_slots() >= 301);
}

/* One for each page that may go, and one for each that may come, whatever others took meanwhile. */
static void slots_are_set_aside(void **state UNUSED)
{
	struct arena *a = add_arena("a", PG(300));
	struct task_use use;

	assert_true(free_slots() >= 301);
	assert_int_equal(arena_touch(a, PG(200)), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(memblock_reserve(0x90000000 + i * PG(2), PAGE), 0);
	use = use_of("a");
	add_arena("b", PG(100));
	assert_true(free_slots() >= use.rss + use.pgtables + 100 + 101);
	assert_true(free_slots() < 500);
	add_arena("c", MIB(64)); /* far more than there is */
	assert_true(free_slots() >= use.rss + use.pgtables + PAGES);
	assert_true(free_slots() < 1000);
}

/* With no memory left at all: the slots are there, and were asked for when there was some. */
static void every_page_goes_without_memory(void **state UNUSED)
{
	struct arena *a, *b;
	unsigned i;

	start_arenas(2048, NULL);
	note_lists();
	a = add_arena("a", PG(2048));
	b = add_arena("b", PG(2048));
	for (i = 0; free_pages() > 3; i++)
		assert_int_equal(store(arena_base(i % 2 ? a : b) + i / 2 * PAGE, 1), 0);
	while (memblock_phys_alloc(PAGE, PAGE))
		;
	assert_int_equal(free_pages(), 0);
	assert_int_equal(remove_task("b"), 0);
	assert_int_equal(free_pages(), (i + 1) / 2 + 1 + (i > 2047));
	assert_int_equal(remove_task("a"), 0);
	assert_null(strstr(board.log, "no room"));
}

/* What was an arena is not used again at once, so that a late access is found out. */
static void addresses_are_used_again_late(void **state UNUSED)
{
	uintptr_t first = arena_base(add_arena("a", MIB(512))), at = first;
	bool removed;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(remove_task("a"), 0);
		assert_string_equal(arena_owner(at, &removed), "a");
		assert_true(removed);
		assert_int_equal(store(at, 1), -EFAULT);
		at = arena_base(add_arena("a", MIB(512)));
		assert_int_equal(at, first + (i + 1) * MIB(513));
	}
	assert_int_equal(remove_task("a"), 0);
	assert_int_equal(arena_base(add_arena("b", MIB(1024))), first);
	assert_string_equal(arena_owner(first, &removed), "b");
	assert_false(removed);
	assert_null(arena_owner(first - 1, &removed));
	assert_string_equal(arena_owner(first + MIB(1027), &removed), "a");
	assert_true(removed);
}

/* Of all that lay there it is the last one that counts, wherever that is in the table. */
static void the_last_owner(void **state UNUSED)
{
	bool removed;

	for (unsigned i = 0; i <= ARENAS_MAX; i++) {
		char name[] = {(char)('A' + i), 0};
		uintptr_t at = arena_base(add_arena(name, MIB(1000)));

		assert_string_equal(arena_owner(at, &removed), name);
		assert_false(removed);
		assert_int_equal(remove_task(name), 0);
		assert_string_equal(arena_owner(at, &removed), name);
		assert_true(removed);
	}
	assert_int_equal(arenas_reach.size, 2 * MIB(1001));
}

/* What was removed first is forgotten first. */
static void places_are_used_again_late(void **state UNUSED)
{
	uintptr_t at[ARENAS_MAX];
	bool removed;

	for (unsigned i = 0; i < ARENAS_MAX; i++) {
		char name[] = {'t', (char)('A' + i), 0};

		at[i] = arena_base(add_arena(name, PAGE));
		assert_int_equal(remove_task(name), 0);
	}
	add_arena("more", PAGE);
	assert_null(arena_owner(at[0], &removed));
	assert_string_equal(arena_owner(at[1], &removed), "tB");
	assert_true(removed);
}

/* ---- what is refused ---- */

static void refused(void **state UNUSED)
{
	struct arena *a = NULL;
	struct task *t, *stays;

	assert_int_equal(task_create("t", NULL, 0, &t), 0);
	assert_int_equal(task_create("stays", NULL, TASK_STAYS, &stays), 0);
	note_lists();
	assert_int_equal(arena_create(t, 0, &a), -EINVAL);
	assert_int_equal(arena_create(stays, PAGE, &a), -EINVAL);
	t->dying = true;
	assert_int_equal(arena_create(t, PAGE, &a), -EINVAL);
	t->dying = false;
	assert_int_equal(arena_create(t, PGTABLE_SPACE, &a), -ENOSPC);
	assert_int_equal(arena_create(t, UINT64_MAX, &a), -ENOSPC);
	board.core = 1;
	assert_int_equal(task_lock(), 0);
	board.core = 0;
	assert_int_equal(arena_create(t, PAGE, &a), -ETIMEDOUT);
	assert_int_equal(arena_fault(arenas_reach.base, false), -ETIMEDOUT);
	board.core = 1;
	task_unlock();
	assert_null(a);
	assert_null(t->holdings);
	assert_int_equal(tables.taken, 0);
	same_lists();
}

/* By the policy, before anything else is done; a promise that failed otherwise is none. */
static void promises_are_counted(void **state UNUSED)
{
	uint64_t promised = overcommit_promised();
	struct arena *a = NULL;
	struct task *t;

	assert_int_equal(task_create("t", NULL, 0, &t), 0);
	overcommit_set(OVERCOMMIT_GUESS, 50);
	assert_int_equal(arena_create(t, PG(PAGES), &a), -ENOMEM);
	assert_int_equal(arena_create(t, UINT64_MAX, &a), -ENOMEM);
	expect_line("overcommit: t: ");
	overcommit_set(OVERCOMMIT_ALWAYS, 50);
	assert_int_equal(arena_create(t, UINT64_MAX, &a), -ENOSPC);
	assert_int_equal(overcommit_promised(), promised);
	assert_int_equal(arena_create(t, PG(PAGES), &a), 0);
	assert_int_equal(overcommit_promised(), promised + PAGES);
	assert_int_equal(remove_task("t"), 0);
	assert_int_equal(overcommit_promised(), promised);
}

static void too_many(void **state UNUSED)
{
	struct arena *a;
	struct task *t;

	assert_int_equal(task_create("t", NULL, 0, &t), 0);
	for (unsigned i = 0; i < ARENAS_MAX; i++)
		assert_int_equal(arena_create(t, PAGE, &a), 0);
	assert_int_equal(arena_create(t, PAGE, &a), -ENOSPC);
	assert_int_equal(remove_task("t"), 0);
	assert_int_equal(tables.taken, 0);
}

/* Refused when it is promised, not when a page is to go. What was known of the place is known yet.
 */
static void no_memory_for_slots(void **state UNUSED)
{
	struct arena *a = add_arena("old", PAGE);
	uint64_t promised;
	struct task *t;
	bool removed;

	assert_int_equal(remove_task("old"), 0);
	promised = overcommit_promised();
	assert_int_equal(task_create("t", NULL, 0, &t), 0);
	take_the_rest();
	take_back(1); /* an array takes two or three */
	note_lists();
	assert_int_equal(arena_create(t, PG(PAGES), &a), -ENOMEM);
	same_lists();
	assert_int_equal(overcommit_promised(), promised);
	assert_int_equal(tables.taken, 0);
	assert_string_equal(arena_owner(arenas_reach.base + MIB(1), &removed), "old");
	assert_int_equal(arena_create(t, PG(8), &a), 0); /* needs none */
}

/* Without memblock an arena stays as it is, and goes when it is asked again. */
static void memblock_cannot_be_had(void **state UNUSED)
{
	struct arena *a = add_arena("a", 2 * PAGE), *b = NULL;
	uintptr_t at = arena_base(a);
	struct task *t;

	assert_int_equal(task_create("t", NULL, 0, &t), 0);
	assert_int_equal(store(at, 5), 0);
	memory_lock_start(PATIENCE_NS);
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(arena_create(t, PAGE, &b), -ETIMEDOUT);
	assert_int_equal(tables.taken, 1);
	assert_int_equal(store(at + PAGE, 5), -ETIMEDOUT);
	assert_int_equal(remove_task("a"), -EAGAIN);
	assert_int_equal(byte_at(at), 5);
	memory_unlock();
	assert_int_equal(remove_task("a"), 0);
	assert_false(lives("a"));
	assert_int_equal(tables.taken, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pages_are_zero_and_keep_what_is_written, start),
		cmocka_unit_test_setup(only_the_arena_is_there, start),
		cmocka_unit_test_setup(the_reach, start),
		cmocka_unit_test_setup(what_a_task_has, start),
		cmocka_unit_test_setup(more_than_one, start),
		cmocka_unit_test_setup(lists_are_as_before, start),
		cmocka_unit_test_setup(lists_are_as_before_among_others, start),
		cmocka_unit_test_setup(lists_are_as_before_in_a_grown_array, start),
		cmocka_unit_test_setup(slots_that_others_took_stay, start),
		cmocka_unit_test_setup(slots_are_set_aside, start),
		cmocka_unit_test_setup(every_page_goes_without_memory, start),
		cmocka_unit_test_setup(addresses_are_used_again_late, start),
		cmocka_unit_test_setup(the_last_owner, start),
		cmocka_unit_test_setup(places_are_used_again_late, start),
		cmocka_unit_test_setup(refused, start),
		cmocka_unit_test_setup(promises_are_counted, start),
		cmocka_unit_test_setup(too_many, start),
		cmocka_unit_test_setup(no_memory_for_slots, start),
		cmocka_unit_test_setup(memblock_cannot_be_had, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
