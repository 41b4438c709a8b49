/* SPDX-License-Identifier: MIT */
#include "mm/heap.h"

#include <errno.h>

#include "mm/memblock.h"

static struct {
	char *base;
	size_t used;
	size_t size;
} heap;

long heap_init(size_t size)
{
	for (; size >= PAGE_SIZE; size /= 2) {
		heap.base = memblock_alloc_raw(ROUND_DOWN(size, PAGE_SIZE), PAGE_SIZE);
		if (heap.base) {
			heap.size = ROUND_DOWN(size, PAGE_SIZE);
			return (long)heap.size;
		}
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
	char *before = heap.base + heap.used;

	if (increment > 0 ? (size_t)increment > heap.size - heap.used
			  : (size_t)-increment > heap.used) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap.used += (size_t)increment;
	return before;
}
