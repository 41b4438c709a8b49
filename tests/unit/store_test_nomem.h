/* SPDX-License-Identifier: MIT */
/* Allocations that fail when a test says so: the Makefile has the allocator's calls go through
 * here. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_NOMEM_H
#define CAIRN_TESTS_UNIT_STORE_TEST_NOMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Allocation FAIL_FROM and the FAIL_COUNT - 1 after it fail; ALLOCATED have been asked for. */
static uint32_t fail_from = UINT32_MAX, fail_count, allocated;

/* From now on COUNT allocations have memory, and those after them none. */
static inline void memory_for(uint32_t count)
{
	fail_from = allocated + count;
	fail_count = UINT32_MAX;
}

static inline void memory_for_all(void)
{
	fail_from = UINT32_MAX;
}

static inline bool fails(void)
{
	uint32_t n = allocated++;

	return n >= fail_from && n - fail_from < fail_count;
}

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

#endif
