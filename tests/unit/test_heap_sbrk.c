/* SPDX-License-Identifier: MIT */
/* The heap as newlib asks for it. The tests build on each other, since there is only one heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/heap.h"
#include "mm/memblock.h"

#define UNUSED __attribute__((unused))

void *_sbrk(ptrdiff_t increment);

#define NO_MEMORY ((void *)-1)
#define HEAP_PAGES 4

static char *heap_memory;

static void expect_refused(ptrdiff_t increment)
{
	errno = 0;
	assert_ptr_equal(_sbrk(increment), NO_MEMORY);
	assert_int_equal(errno, ENOMEM);
}

static void heap_refuses_before_init(void **state UNUSED)
{
	expect_refused(1);
	expect_refused(PTRDIFF_MAX);
	expect_refused(-1);
	assert_int_equal(heap_size(), 0);
	assert_int_equal(heap_used(), 0);
	assert_int_equal(heap_base(), 0);
}

static void heap_init_without_memory(void **state UNUSED)
{
	assert_int_equal(heap_init(64 * PAGE_SIZE), -ENOMEM);
	assert_int_equal(heap_init(0), -ENOMEM);
	assert_int_equal(heap_size(), 0);
	expect_refused(1);
}

/* Seven pages and a bit asked for, four there: half of the wish, in whole pages, is three. */
static void heap_init_takes_what_there_is(void **state UNUSED)
{
	void *hint = (void *)(uintptr_t)0x50000000; /* for a phys_addr_t of 32 bits */

	heap_memory = mmap(hint, HEAP_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap_memory == MAP_FAILED ||
	    (uintptr_t)heap_memory + HEAP_PAGES * PAGE_SIZE > PHYS_ADDR_MAX)
		skip();
	memset(heap_memory, 1, HEAP_PAGES * PAGE_SIZE);
	memblock_add((phys_addr_t)(uintptr_t)heap_memory, (phys_addr_t)(HEAP_PAGES * PAGE_SIZE));
	assert_int_equal(heap_init(PAGE_SIZE - 1), -ENOMEM);
	assert_int_equal(heap_init(7 * PAGE_SIZE + 5), 3 * PAGE_SIZE);
	assert_int_equal(heap_size(), 3 * PAGE_SIZE);
	assert_int_equal(heap_used(), 0);
	assert_int_equal(heap_base(), (uintptr_t)heap_memory + PAGE_SIZE);
	assert_int_equal(memblock_reserved_size(), 3 * PAGE_SIZE);
	assert_true(
		memblock_is_region_reserved((phys_addr_t)((uintptr_t)heap_memory + PAGE_SIZE), 1));
}

static void heap_grows_and_shrinks(void **state UNUSED)
{
	char *base = _sbrk(0);

	if (!heap_size())
		skip();
	assert_ptr_equal(base, heap_memory + PAGE_SIZE);
	assert_ptr_equal(_sbrk(100), base);
	assert_ptr_equal(_sbrk(24), base + 100);
	assert_int_equal(heap_used(), 124);
	assert_ptr_equal(_sbrk(-24), base + 124);
	assert_ptr_equal(_sbrk(0), base + 100);
	assert_int_equal(heap_used(), 100);
	expect_refused(-101);
	assert_ptr_equal(_sbrk(-100), base + 100);
	assert_int_equal(heap_used(), 0);
}

static void heap_ends(void **state UNUSED)
{
	char *base = _sbrk(0);

	if (!heap_size())
		skip();
	expect_refused((ptrdiff_t)(3 * PAGE_SIZE + 1));
	expect_refused(PTRDIFF_MAX);
	assert_ptr_equal(_sbrk((ptrdiff_t)(3 * PAGE_SIZE)), base);
	assert_int_equal(heap_used(), heap_size());
	expect_refused(1);
	assert_ptr_equal(_sbrk(0), base + 3 * PAGE_SIZE);
	for (size_t i = 0; i < HEAP_PAGES * PAGE_SIZE; i++) /* it has what it had */
		assert_int_equal(heap_memory[i], 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(heap_refuses_before_init),
	cmocka_unit_test(heap_init_without_memory),
	cmocka_unit_test(heap_init_takes_what_there_is),
	cmocka_unit_test(heap_grows_and_shrinks),
	cmocka_unit_test(heap_ends),
};

int main(void)
{
	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
