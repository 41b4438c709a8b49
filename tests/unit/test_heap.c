/* SPDX-License-Identifier: MIT */
/* The heap that gives its end back and takes it again: mm/heap.c on memory of its own. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

static int trim_end(size_t pad);
#define malloc_trim trim_end
#include "mm/heap.c"
#undef malloc_trim

#include "lib/clock.h"

#define UNUSED __attribute__((unused))
#define NO_MEMORY ((void *)-1)
#define PAGES 8
#define HEAP 6 /* pages of the heap, at the end of memory */
#define SIZE(pages) ((ptrdiff_t)((pages)*PAGE_SIZE))

static char *memory;
static struct {
	size_t spare; /* what malloc has at its end and does not need */
	unsigned calls;
} malloc_has;

/* As newlib's: what it gives up it gives by _sbrk(). */
static int trim_end(size_t pad)
{
	assert_int_equal(pad, 0);
	malloc_has.calls++;
	if (malloc_has.spare)
		assert_ptr_not_equal(_sbrk(-(ptrdiff_t)malloc_has.spare), NO_MEMORY);
	malloc_has.spare = 0;
	return 0;
}

static phys_addr_t page(unsigned n)
{
	return (phys_addr_t)((uintptr_t)memory + n * PAGE_SIZE);
}

static int make_heap(void **state UNUSED)
{
	void *hint = (void *)(uintptr_t)0x50000000; /* for a phys_addr_t of 32 bits */

	if (!memory)
		memory = mmap(hint, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_true((uintptr_t)memory + PAGES * PAGE_SIZE <= PHYS_ADDR_MAX);
	memset(&heap, 0, sizeof(heap));
	memset(&malloc_has, 0, sizeof(malloc_has));
	memory_lock_start(0);
	memblock_remove(0, PHYS_ADDR_MAX);
	memblock_phys_free(0, PHYS_ADDR_MAX);
	memblock_add(page(0), PAGES * PAGE_SIZE);
	assert_int_equal(heap_init(HEAP * PAGE_SIZE), HEAP * PAGE_SIZE);
	assert_int_equal(heap_base(), page(PAGES - HEAP));
	return 0;
}

/* What is reserved is exactly FIRST up to END, in pages of memory. */
static void expect_reserved(unsigned first, unsigned end)
{
	assert_int_equal(memblock.reserved.cnt, 1);
	assert_int_equal(memblock.reserved.regions[0].base, page(first));
	assert_int_equal(memblock.reserved.regions[0].size, (end - first) * PAGE_SIZE);
}

static void expect_refused(ptrdiff_t increment)
{
	size_t used = heap_used(), size = heap_size();

	errno = 0;
	assert_ptr_equal(_sbrk(increment), NO_MEMORY);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(heap_used(), used);
	assert_int_equal(heap_size(), size);
}

static void whole_pages_behind_the_end_go(void **state UNUSED)
{
	assert_ptr_equal(_sbrk(SIZE(2) + 1), memory + SIZE(2));
	assert_int_equal(heap_unused(0), 3);
	assert_int_equal(heap_give_back(true, 0), 3);
	assert_int_equal(malloc_has.calls, 1);
	expect_reserved(2, 5);
	assert_int_equal(heap_size(), SIZE(3));
	assert_int_equal(heap_used(), SIZE(2) + 1);
	assert_int_equal(heap_unused(0), 0);
	assert_int_equal(heap_give_back(true, 0), 0);
	expect_reserved(2, 5);
}

static void what_malloc_gives_up_goes_as_well(void **state UNUSED)
{
	_sbrk(SIZE(4));
	malloc_has.spare = SIZE(3);
	assert_int_equal(heap_give_back(false, 0), 2); /* in the midst of malloc */
	assert_int_equal(malloc_has.calls, 0);
	_sbrk(SIZE(1));
	malloc_has.spare = SIZE(4);
	assert_int_equal(heap_give_back(true, 0), 4);
	expect_reserved(2, 3);
	assert_int_equal(heap_used(), SIZE(1));
}

/* What malloc may want next is kept, and counts as what it has not taken. */
static void some_pages_may_be_kept(void **state UNUSED)
{
	_sbrk(SIZE(1) + 1);
	assert_int_equal(heap_unused(0), 4);
	assert_int_equal(heap_unused(3), 1);
	assert_int_equal(heap_unused(5), 0);
	assert_int_equal(heap_give_back(true, 4), 0);
	expect_reserved(2, 8);
	assert_int_equal(heap_give_back(true, 3), 1);
	expect_reserved(2, 7);
	assert_int_equal(heap_unused(3), 0);
	assert_int_equal(heap_unused(0), 3);
	assert_int_equal(heap_give_back(true, 5), 0);
	expect_reserved(2, 7);
}

/* One that looks without the lock may see what malloc has taken, and not yet what is held for it.
 */
static void seen_from_another_core(void **state UNUSED)
{
	heap.used = heap.held + 1;
	assert_int_equal(heap_unused(0), 0);
	assert_int_equal(heap_unused(3), 0);
}

static void all_of_it_may_go(void **state UNUSED)
{
	assert_int_equal(heap_give_back(true, 0), HEAP);
	assert_int_equal(memblock_reserved_size(), 0);
	assert_int_equal(heap_size(), 0);
	assert_int_equal(heap_give_back(true, 0), 0);
	assert_ptr_equal(_sbrk(1), memory + SIZE(2));
	expect_reserved(2, 3);
}

static void it_is_taken_again_page_by_page(void **state UNUSED)
{
	_sbrk(SIZE(1));
	heap_give_back(true, 0);
	expect_reserved(2, 3);
	assert_ptr_equal(_sbrk(1), memory + SIZE(3));
	expect_reserved(2, 4);
	assert_ptr_equal(_sbrk(SIZE(1) - 1), memory + SIZE(3) + 1);
	expect_reserved(2, 4);
	assert_ptr_equal(_sbrk(1), memory + SIZE(4));
	expect_reserved(2, 5);
	assert_ptr_equal(_sbrk(SIZE(4) - 1), memory + SIZE(4) + 1);
	expect_reserved(2, 8);
	assert_int_equal(heap_size(), SIZE(HEAP));
	expect_refused(1); /* its first size is the most */
}

static void what_somebody_else_has_it_does_not_get(void **state UNUSED)
{
	_sbrk(SIZE(1));
	heap_give_back(true, 0);
	assert_int_equal(memblock_reserve(page(4), 1), 0);
	assert_ptr_equal(_sbrk(SIZE(1)), memory + SIZE(3));
	expect_refused(1);
	expect_refused(SIZE(4));
	assert_ptr_equal(_sbrk(-SIZE(1)), memory + SIZE(4)); /* it goes on with what it has */
	assert_int_equal(memblock_phys_free(page(4), 1), 0);
	assert_ptr_equal(_sbrk(SIZE(5)), memory + SIZE(3));
	expect_reserved(2, 8);
}

/* Between other reservations, in a list without a slot to spare, the hole cannot be. */
static void a_full_list_keeps_it(void **state UNUSED)
{
	struct memblock_region *last = &memblock.reserved.regions[memblock.reserved.max - 1];

	_sbrk(1);
	assert_int_equal(memblock_reserve(page(PAGES), PAGE_SIZE), 0);
	expect_reserved(2, 9);
	for (unsigned i = 1; memblock.reserved.cnt < memblock.reserved.max; i++)
		assert_int_equal(memblock_reserve(page(PAGES + 2 * i), PAGE_SIZE), 0);
	assert_int_not_equal(last->size, 0);
	assert_int_equal(heap_give_back(true, 0), 0);
	assert_int_equal(heap_size(), SIZE(HEAP));
	assert_true(memblock_is_region_reserved(page(7), 1));
	memblock_phys_free(last->base, last->size);
	assert_int_equal(heap_give_back(true, 0), HEAP - 1);
	assert_false(memblock_is_region_reserved(page(3), SIZE(HEAP - 1)));
	assert_true(memblock_is_region_reserved(page(PAGES), 1));
}

/* Another core that keeps memblock for too long: nothing is done, and nothing breaks. */
static void without_the_lock_nothing_happens(void **state UNUSED)
{
	memory_lock_start(NS_PER_MS); /* without a clock its looks at the lock are counted */
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(heap_give_back(true, 0), 0);
	expect_refused(1);
	expect_reserved(2, 8);
	memory_unlock();
	assert_ptr_equal(_sbrk(1), memory + SIZE(2));
	assert_int_equal(heap_give_back(true, 0), 5);
	memory_lock_start(0);
}

#define HEAPED(f) cmocka_unit_test_setup(f, make_heap)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HEAPED(whole_pages_behind_the_end_go),
		HEAPED(what_malloc_gives_up_goes_as_well),
		HEAPED(some_pages_may_be_kept),
		HEAPED(seen_from_another_core),
		HEAPED(all_of_it_may_go),
		HEAPED(it_is_taken_again_page_by_page),
		HEAPED(what_somebody_else_has_it_does_not_get),
		HEAPED(a_full_list_keeps_it),
		HEAPED(without_the_lock_nothing_happens),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
