/* SPDX-License-Identifier: MIT */
/*
 * The search for free memory, and allocations.
 *
 * It begins at the limit, by binary search, and walks reservations from there.
 */
#include "memblock_internal.h"

#include <string.h>

static phys_addr_t max_addr_of(phys_addr_t a, phys_addr_t b)
{
	return a > b ? a : b;
}

/* The highest place for SIZE bytes in the hole [lo, hi), or 0. */
static phys_addr_t highest(phys_addr_t lo, phys_addr_t hi, phys_addr_t size, phys_addr_t align)
{
	phys_addr_t found;

	if (lo >= hi || hi - lo < size)
		return 0;
	found = ROUND_DOWN(hi - size, align);
	return found >= lo ? found : 0;
}

/* The highest place in [lo, hi), which is memory, between the reservations, or 0. */
static phys_addr_t find_down(phys_addr_t lo, phys_addr_t hi, phys_addr_t size, phys_addr_t align)
{
	const struct memblock_type *type = &memblock.reserved;
	const struct memblock_region *first = type->regions, *r = memblock_last_from(type, hi - 1);
	phys_addr_t found;

	if (r->base >= hi)
		return highest(lo, hi, size, align);
	found = highest(max_addr_of(lo, memblock_region_end(r)), hi, size, align);
	if (found)
		return found;
	for (; r > first && r->base > lo; r--) {
		if (memblock_region_end(&r[-1]) + size >
		    r->base) /* it may wrap: a filter, no more */
			continue;
		found = highest(max_addr_of(lo, memblock_region_end(&r[-1])), r->base, size, align);
		if (found)
			return found;
	}
	return r == first ? highest(lo, r->base, size, align) : 0;
}

/* The lowest such place, or 0. */
static phys_addr_t find_up(phys_addr_t lo, phys_addr_t hi, phys_addr_t size, phys_addr_t align)
{
	const struct memblock_type *type = &memblock.reserved;
	const struct memblock_region *r = memblock_first_above(type, lo),
				     *last = memblock_list_end(type);

	for (;; r++) {
		phys_addr_t end = r < last ? min_addr_of(hi, r->base) : hi;
		phys_addr_t found = ROUND_UP(lo, align);

		if (found >= lo && found < end && end - found >= size)
			return found;
		if (end == hi)
			return 0;
		lo = memblock_region_end(r);
	}
}

bool memblock_region_picked(const struct memblock_region *r, int nid, enum memblock_flags flags)
{
	unsigned with = flags & MEMBLOCK_MIRROR;
	unsigned without = ~(unsigned)flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED);

	return (nid == NUMA_NO_NODE || nid == memblock_get_region_node(r)) &&
	       (r->flags & (with | without)) == with;
}

/*
 * Where SIZE bytes fit in [start, end) on node NID, in regions that FLAGS pick: the first place in
 * the direction set, or 0.
 */
static phys_addr_t find(phys_addr_t size, phys_addr_t align, phys_addr_t start, phys_addr_t end,
			int nid, enum memblock_flags flags)
{
	const struct memblock_region *r, *stop = memblock.memory.regions;
	bool up = memblock.bottom_up;

	if (end == MEMBLOCK_ALLOC_ACCESSIBLE || end == MEMBLOCK_ALLOC_NOLEAKTRACE)
		end = memblock.current_limit;
	start = max_addr_of(start, PAGE_SIZE); /* page 0 is never given */
	if (start >= end)
		return 0;
	r = memblock_last_from(&memblock.memory, up ? start : end - 1);
	if (up)
		stop += memblock.memory.cnt - 1;
	for (;; up ? r++ : r--) {
		phys_addr_t lo = max_addr_of(r->base, start);
		phys_addr_t hi = min_addr_of(memblock_region_end(r), end), found = 0;

		if (lo < hi && memblock_region_picked(r, nid, flags))
			found = up ? find_up(lo, hi, size, align) : find_down(lo, hi, size, align);
		if (found || r == stop)
			return found;
	}
}

/* find() by a caller's wishes: on node NID, if it can be; in mirrored memory, if there is room. */
static inline phys_addr_t find_best(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				    phys_addr_t end, int nid, bool exact_nid)
{
	enum memblock_flags flags = memblock_has_mirror ? MEMBLOCK_MIRROR : MEMBLOCK_NONE;

	if (!size)
		return 0;
	if (!align)
		align = SMP_CACHE_BYTES;
	for (int wish = nid;;) {
		phys_addr_t found = find(size, align, start, end, wish, flags);

		if (found)
			return found;
		if (wish != NUMA_NO_NODE && !exact_nid) {
			wish = NUMA_NO_NODE;
		} else if (flags) {
			wish = nid;
			flags = MEMBLOCK_NONE;
		} else {
			return 0;
		}
	}
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	return find_best(size, align, start, end, NUMA_NO_NODE, false);
}

TRACED phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					    phys_addr_t end, int nid, bool exact_nid)
{
	phys_addr_t found = find_best(size, align, start, end, nid, exact_nid);

	if (found)
		return memblock_reserve(found, size) ? 0 : found;
	if (!size)
		memblock_wrong("size 0 is refused", CALLER);
	return 0;
}

TRACED phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					     phys_addr_t end)
{
	if (TRACING)
		memblock_tracer->alloc("memblock_phys_alloc_range", size, align, NULL, start, end,
				       CALLER);
	return memblock_alloc_range_nid(size, align, start, end, NUMA_NO_NODE, false);
}

phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_range_nid(size, align, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE,
					nid, false);
}

static SELDOM void *alloc_internal(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid, bool exact_nid)
{
	phys_addr_t found;

	max_addr = min_addr_of(max_addr, memblock.current_limit);
	found = memblock_alloc_range_nid(size, align, min_addr, max_addr, nid, exact_nid);
	if (!found && min_addr && size)
		found = memblock_alloc_range_nid(size, align, MEMBLOCK_LOW_LIMIT, max_addr, nid,
						 exact_nid);
	return (void *)(uintptr_t)found;
}

TRACED void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
					  phys_addr_t max_addr, int nid)
{
	if (TRACING)
		memblock_tracer->alloc("memblock_alloc_exact_nid_raw", size, align, &nid, min_addr,
				       max_addr, CALLER);
	return alloc_internal(size, align, min_addr, max_addr, nid, true);
}

TRACED void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
					phys_addr_t max_addr, int nid)
{
	if (TRACING)
		memblock_tracer->alloc("memblock_alloc_try_nid_raw", size, align, &nid, min_addr,
				       max_addr, CALLER);
	return alloc_internal(size, align, min_addr, max_addr, nid, false);
}

TRACED void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				    phys_addr_t max_addr, int nid)
{
	void *ptr;

	if (TRACING)
		memblock_tracer->alloc("memblock_alloc_try_nid", size, align, &nid, min_addr,
				       max_addr, CALLER);
	ptr = alloc_internal(size, align, min_addr, max_addr, nid, false);
	return ptr ? memset(ptr, 0, (size_t)size) : NULL;
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}
