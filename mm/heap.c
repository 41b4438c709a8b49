/* SPDX-License-Identifier: MIT */
#include "mm/heap.h"

#include <errno.h>
#include <malloc.h>

#include "mm/memblock.h"
#include "mm/memory_lock.h"

/* From when other cores use memblock, behind memory_lock(). */
static struct {
	char *base;
	size_t used;
	size_t held; /* whole pages that are reserved now; used is within */
	size_t size; /* and at most */
} heap;

/* Whether each page of [base, base + size) keeps a word; its contents stay. */
static bool keeps_words(phys_addr_t base, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)(base + at);
		uint32_t before = *word;
		bool kept;

		*word = ~before;
		kept = *word == ~before;
		*word = before;
		if (!kept)
			return false;
	}
	return true;
}

phys_addr_t heap_find(size_t size, phys_addr_t align)
{
	phys_addr_t start = MEMBLOCK_LOW_LIMIT, end = MEMBLOCK_ALLOC_ACCESSIBLE, base;

	while ((base = memblock_find_in_range(start, end, (phys_addr_t)size, align)) != 0) {
		if (keeps_words(base, size))
			return base;
		if (memblock_bottom_up())
			start = base + (phys_addr_t)size;
		else
			end = base;
	}
	return 0;
}

long heap_init(size_t size)
{
	for (; size >= PAGE_SIZE; size /= 2) {
		phys_addr_t base;

		size = ROUND_DOWN(size, PAGE_SIZE);
		base = heap_find(size, PAGE_SIZE);
		if (!base || memblock_reserve(base, (phys_addr_t)size))
			continue;
		heap.base = (char *)(uintptr_t)base;
		heap.held = heap.size = size;
		return (long)size;
	}
	return -ENOMEM;
}

size_t heap_used(void)
{
	return heap.used;
}

phys_addr_t heap_base(void)
{
	return (phys_addr_t)(uintptr_t)heap.base;
}

size_t heap_size(void)
{
	return heap.held;
}

uint32_t heap_unused(uint32_t keep)
{
	/* Below 0 also where another core has moved the one and not yet the other. */
	int32_t pages = (int32_t)(heap.held / PAGE_SIZE - PFN_UP(heap.used) - keep);

	return pages > 0 ? (uint32_t)pages : 0;
}

uint32_t heap_give_back(bool trim, uint32_t keep)
{
	uint32_t pages;
	size_t held;

	if (trim)
		malloc_trim(0); /* by _sbrk(), so without the lock */
	if (memory_lock())
		return 0;
	pages = heap_unused(keep);
	held = heap.held - pages * PAGE_SIZE;
	if (pages &&
	    !memblock_phys_free(heap_base() + (phys_addr_t)held, (phys_addr_t)(pages * PAGE_SIZE)))
		heap.held = held;
	else
		pages = 0;
	memory_unlock();
	return pages;
}

/* Sees to it that the first USED bytes are the heap's, which may have given some of them back. */
static bool hold(size_t used)
{
	size_t more = ROUND_UP(used, PAGE_SIZE) - heap.held;
	phys_addr_t at = heap_base() + (phys_addr_t)heap.held;

	if (used <= heap.held)
		return true;
	if (memblock_is_region_reserved(at, (phys_addr_t)more) ||
	    memblock_reserve(at, (phys_addr_t)more))
		return false;
	heap.held += more;
	return true;
}

/* Moves the end of what is used; false if it cannot be there. */
static bool move_end(ptrdiff_t increment)
{
	size_t used = heap.used;

	if (!heap.base ||
	    (increment > 0 ? (size_t)increment > heap.size - used : -(size_t)increment > used) ||
	    !hold(used + (size_t)increment))
		return false;
	heap.used = used + (size_t)increment;
	return true;
}

void *_sbrk(ptrdiff_t increment);

/* What newlib's malloc takes its memory from; (void *)-1 and ENOMEM when there is none. */
void *_sbrk(ptrdiff_t increment)
{
	char *end = NULL;

	if (!memory_lock()) {
		if (move_end(increment))
			end = heap.base + heap.used - increment;
		memory_unlock();
	}
	if (!end) {
		errno = ENOMEM;
		return (void *)-1;
	}
	return end;
}
