/* SPDX-License-Identifier: MIT */
#include "mm/heap.h"

#include <errno.h>

#include "mm/memblock.h"

static struct {
	char *base;
	size_t used;
	size_t size;
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
		heap.size = size;
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
	return heap.size;
}

void *_sbrk(ptrdiff_t increment);

/* What newlib's malloc takes its memory from; (void *)-1 and ENOMEM when there is none. */
void *_sbrk(ptrdiff_t increment)
{
	size_t used = heap.used;

	if (!heap.base ||
	    (increment > 0 ? (size_t)increment > heap.size - used : -(size_t)increment > used)) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap.used += (size_t)increment;
	return heap.base + used;
}
