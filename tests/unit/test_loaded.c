/* SPDX-License-Identifier: MIT */
/* What was loaded stays, until somebody says so or memory runs out: mm/loaded.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "lib/clock.h"
#include "mm/loaded.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/task.h"

#define UNUSED __attribute__((unused))
#define BASE 0x60000000U
#define SIZE 0x100000U
#define AT (BASE + 0x20800U) /* what is loaded: two pages and two halves */
#define BYTES 0x3000U

static uint32_t core0(void)
{
	return 0;
}

static int setup(void **state UNUSED)
{
	static const struct task_env env = {.self = core0, .patience_ns = NS_PER_MS};

	memory_lock_start(0);
	loaded_drop();
	memblock_remove(0, PHYS_ADDR_MAX);
	memblock_phys_free(0, PHYS_ADDR_MAX);
	memblock_add(BASE, SIZE);
	tasks_start(&env);
	return 0;
}

static void load(void)
{
	assert_int_equal(memblock_reserve(AT, BYTES), 0);
	assert_int_equal(loaded_keep(AT, BYTES), 0);
}

static void it_is_held_by_a_task(void **state UNUSED)
{
	phys_addr_t at;
	struct task *t;

	assert_int_equal(loaded_range(&at), 0);
	load();
	assert_int_equal(loaded_range(&at), BYTES);
	assert_int_equal(at, AT);
	t = task_find("payload");
	assert_non_null(t);
	assert_int_equal(task_use(t).rss, 4);
	assert_int_equal(task_use(t).total_vm, 4);
	assert_int_equal(task_total_pages(), SIZE / PAGE_SIZE);
	assert_int_equal(memblock_reserved_size(), BYTES);
	assert_int_equal(loaded_keep(BASE, 1), -EEXIST); /* one at a time */
	assert_int_equal(loaded_range(&at), BYTES);
}

static void its_memory_is_free_behind_it(void **state UNUSED)
{
	phys_addr_t at;

	assert_int_equal(loaded_drop(), 0);
	load();
	assert_int_equal(loaded_drop(), 0);
	assert_null(task_find("payload"));
	assert_int_equal(memblock_reserved_size(), 0);
	assert_int_equal(loaded_range(&at), 0);
	load();
	assert_int_equal(task_remove(task_find("payload"), true), 0); /* it was a victim */
	assert_int_equal(memblock_reserved_size(), 0);
	assert_int_equal(loaded_drop(), 0);
	load();
}

/* An image that lay there is none any more; what lies next to it is somebody else's. */
static void its_head_is_cleared(void **state UNUSED)
{
	unsigned char *at = (unsigned char *)(uintptr_t)AT;

	memset(at - 1, 0xff, BYTES + 1);
	load();
	assert_int_equal(at[0], 0xff);
	assert_int_equal(task_remove(task_find("payload"), true), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(at[i], 0);
	assert_true(at[-1] == 0xff && at[64] == 0xff);
	at[0] = at[1] = 0xff;
	assert_int_equal(memblock_reserve(AT, 1), 0);
	assert_int_equal(loaded_keep(AT, 1), 0);
	assert_int_equal(loaded_drop(), 0);
	assert_true(at[0] == 0 && at[1] == 0xff);
}

/* While memblock cannot be had it stays what it is. */
static void it_waits_for_memblock(void **state UNUSED)
{
	phys_addr_t at;

	memset((void *)(uintptr_t)AT, 0xff, BYTES);
	load();
	memory_lock_start(NS_PER_MS);
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(loaded_drop(), -EAGAIN);
	assert_int_equal(loaded_range(&at), BYTES);
	assert_int_equal(*(unsigned char *)(uintptr_t)AT, 0xff);
	memory_unlock();
	assert_int_equal(memblock_reserved_size(), BYTES);
	assert_int_equal(loaded_drop(), 0);
	assert_int_equal(memblock_reserved_size(), 0);
}

/* Each range of pages around it, with a reservation in front of it, behind it or in neither place.
 */
static void what_is_loaded_counts_as_free(void **state UNUSED)
{
	static const phys_addr_t others[] = {AT - 0x4000, AT + BYTES + 0x1000, 0};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		setup(NULL);
		load();
		if (others[i])
			memblock_reserve(others[i], 0x1000);
		for (phys_addr_t from = AT - 0x8000; from < AT + 0x8000; from += 0x800) {
			for (phys_addr_t size = 0x800; size < 0x10000; size += 0x800) {
				bool over = others[i] && from < others[i] + 0x1000 &&
					    others[i] < from + size;

				assert_int_equal(loaded_or_free(from, size), !over);
			}
		}
	}
	loaded_drop();
	assert_true(loaded_or_free(AT, BYTES));
	memblock_reserve(AT, 1);
	assert_false(loaded_or_free(AT, BYTES));
}

#define LOADED(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LOADED(it_is_held_by_a_task),          LOADED(its_memory_is_free_behind_it),
		LOADED(its_head_is_cleared),           LOADED(it_waits_for_memblock),
		LOADED(what_is_loaded_counts_as_free),
	};
	static const struct task_env env = {.self = core0, .patience_ns = NS_PER_MS};

	void *const memory = (void *)(uintptr_t)BASE;

	if (mmap(memory, SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory) {
		print_error("no memory at %p\n", memory);
		return 1;
	}
	tasks_start(&env);
	return cmocka_run_group_tests_name("loaded", tests, NULL, NULL);
}
