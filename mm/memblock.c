/* SPDX-License-Identifier: MIT */
/*
 * The two lists and the search for free memory.
 *
 * Every change is one splice: binary search for the regions that a range meets, work out which
 * regions replace them, move the rest of the array once. Every question is one binary search.
 */
#include "memblock.h"

#include <errno.h>
#include <string.h>

static struct memblock_region memory_regions[INIT_MEMBLOCK_REGIONS];
static struct memblock_region reserved_regions[INIT_MEMBLOCK_RESERVED_REGIONS];

struct memblock memblock = {
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
	.memory = {.cnt = 1,
		   .max = INIT_MEMBLOCK_REGIONS,
		   .regions = memory_regions,
		   .name = "memory"},
	.reserved = {.cnt = 1,
		     .max = INIT_MEMBLOCK_RESERVED_REGIONS,
		     .regions = reserved_regions,
		     .name = "reserved"},
};

const struct memblock_tracer *memblock_tracer;

#define TRACE_RANGE(call, base, size)                                                          \
	do {                                                                                   \
		if (memblock_tracer)                                                           \
			memblock_tracer->range(call, base, size, __builtin_return_address(0)); \
	} while (0)

static phys_addr_t min_addr_of(phys_addr_t a, phys_addr_t b)
{
	return a < b ? a : b;
}

static phys_addr_t max_addr_of(phys_addr_t a, phys_addr_t b)
{
	return a > b ? a : b;
}

/* The end of [base, base + size), cut one short of the top of the address space. */
static phys_addr_t capped_end(phys_addr_t base, phys_addr_t size)
{
	return base + min_addr_of(size, PHYS_ADDR_MAX - base);
}

static phys_addr_t region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

static unsigned long count(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size ? 0 : type->cnt;
}

static int region_nid(const struct memblock_region *r)
{
#ifdef CONFIG_NUMA
	return r->nid;
#else
	(void)r;
	return NUMA_NO_NODE;
#endif
}

static struct memblock_region make_region(phys_addr_t base, phys_addr_t end, int nid,
					  enum memblock_flags flags)
{
	struct memblock_region r = {.base = base, .size = end - base, .flags = flags};

#ifdef CONFIG_NUMA
	r.nid = nid;
#else
	(void)nid;
#endif
	return r;
}

static bool alike(const struct memblock_region *a, const struct memblock_region *b)
{
	return a->flags == b->flags && region_nid(a) == region_nid(b);
}

/* The first region that ends above ADDR (there, or after it), or the count if there is none. */
static unsigned long first_ending_above(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long lo = 0, hi = count(type);

	while (lo < hi) {
		unsigned long mid = lo + (hi - lo) / 2;

		if (region_end(&type->regions[mid]) > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The first region from LO on that begins at or above ADDR, or the count if there is none. */
static unsigned long first_starting_from(const struct memblock_type *type, unsigned long lo,
					 phys_addr_t addr)
{
	unsigned long hi = count(type);

	while (lo < hi) {
		unsigned long mid = lo + (hi - lo) / 2;

		if (type->regions[mid].base >= addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Replaces the regions [lo, hi) by the N at WITH; -ENOMEM if they do not fit. */
static int splice(struct memblock_type *type, unsigned long lo, unsigned long hi,
		  const struct memblock_region *with, unsigned long n)
{
	unsigned long cnt = count(type), new_cnt = cnt - (hi - lo) + n;
	struct memblock_region *r = type->regions;

	if (new_cnt > type->max)
		return -ENOMEM;
	for (unsigned long i = lo; i < hi; i++)
		type->total_size -= r[i].size;
	if (hi - lo != n && hi < cnt)
		memmove(&r[lo + n], &r[hi], (cnt - hi) * sizeof(*r));
	for (unsigned long i = 0; i < n; i++) {
		r[lo + i] = with[i];
		type->total_size += with[i].size;
	}
	if (!new_cnt)
		memset(r, 0, sizeof(*r));
	type->cnt = new_cnt ? new_cnt : 1;
	return 0;
}

/* Joins the regions of [lo, hi) and their neighbours on both sides where they touch and agree. */
static void merge(struct memblock_type *type, unsigned long lo, unsigned long hi)
{
	struct memblock_region *r = type->regions;
	unsigned long cnt = count(type), out, in;

	lo = lo ? lo - 1 : 0;
	hi = hi < cnt ? hi + 1 : cnt;
	if (hi - lo < 2)
		return;
	for (out = lo, in = lo + 1; in < hi; in++) {
		if (region_end(&r[out]) == r[in].base && alike(&r[out], &r[in]))
			r[out].size += r[in].size;
		else
			r[++out] = r[in];
	}
	out++;
	if (out == hi)
		return;
	memmove(&r[out], &r[hi], (cnt - hi) * sizeof(*r));
	type->cnt = cnt - (hi - out);
}

/*
 * Adds what of [base, end) the regions [lo, hi) do not cover yet, as regions of their own: the case
 * in which neighbours differ in flags or node.
 */
static int fill_gaps(struct memblock_type *type, unsigned long lo, unsigned long hi,
		     const struct memblock_region *add)
{
	phys_addr_t pos = add->base, end = region_end(add);
	unsigned long gaps = 0;

	for (unsigned long i = lo; i < hi; i++) {
		gaps += type->regions[i].base > pos;
		pos = region_end(&type->regions[i]);
	}
	gaps += pos < end;
	if (count(type) + gaps > type->max)
		return -ENOMEM;
	pos = add->base;
	for (unsigned long i = lo; pos < end; i++) {
		phys_addr_t stop = i < hi ? type->regions[i].base : end;

		if (pos < stop) {
			struct memblock_region gap = *add;

			gap.base = pos;
			gap.size = stop - pos;
			splice(type, i, i, &gap, 1);
			i++;
			hi++;
		}
		pos = i < hi ? region_end(&type->regions[i]) : end;
	}
	merge(type, lo, hi);
	return 0;
}

static int add_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size, int nid,
		     enum memblock_flags flags)
{
	phys_addr_t end = capped_end(base, size);
	struct memblock_region add = make_region(base, end, nid, flags);
	struct memblock_region *r = type->regions;
	unsigned long lo, hi;

	if (!add.size)
		return 0;
	/* [lo, hi): the regions that overlap or touch [base, end). */
	lo = first_ending_above(type, base ? base - 1 : 0);
	for (hi = lo; hi < count(type) && r[hi].base <= end; hi++)
		if (!alike(&r[hi], &add))
			break;
	if (hi < count(type) && r[hi].base <= end) {
		hi = first_starting_from(type, lo, end);
		lo = first_ending_above(type, base);
		return fill_gaps(type, lo, hi, &add);
	}
	if (lo < hi)
		add = make_region(min_addr_of(base, r[lo].base),
				  max_addr_of(end, region_end(&r[hi - 1])), nid, flags);
	return splice(type, lo, hi, &add, 1);
}

static int remove_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);
	unsigned long lo = first_ending_above(type, base);
	unsigned long hi = first_starting_from(type, lo, end);
	struct memblock_region left[2];
	unsigned long n = 0;

	if (base >= end || lo >= hi)
		return 0;
	if (type->regions[lo].base < base) {
		left[n] = type->regions[lo];
		left[n++].size = base - type->regions[lo].base;
	}
	if (region_end(&type->regions[hi - 1]) > end) {
		left[n] = type->regions[hi - 1];
		left[n].base = end;
		left[n++].size = region_end(&type->regions[hi - 1]) - end;
	}
	return splice(type, lo, hi, left, n);
}

/* Splits the region that holds ADDR strictly inside in two. 0 or -ENOMEM. */
static int split_at(struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = first_ending_above(type, addr);
	struct memblock_region halves[2];

	if (i == count(type) || type->regions[i].base >= addr)
		return 0;
	halves[0] = halves[1] = type->regions[i];
	halves[0].size = addr - halves[0].base;
	halves[1].base = addr;
	halves[1].size -= halves[0].size;
	return splice(type, i, i + 1, halves, 2);
}

/* Sets or clears FLAG on the part of `memory` in [base, base + size). */
static int set_flag(phys_addr_t base, phys_addr_t size, bool set, enum memblock_flags flag)
{
	struct memblock_type *type = &memblock.memory;
	phys_addr_t end = capped_end(base, size);
	unsigned long lo, hi;
	int err;

	if (base >= end)
		return 0;
	err = split_at(type, base);
	if (!err)
		err = split_at(type, end);
	lo = first_ending_above(type, base);
	hi = first_starting_from(type, lo, end);
	for (unsigned long i = lo; !err && i < hi; i++)
		type->regions[i].flags =
			set ? type->regions[i].flags | flag : type->regions[i].flags & ~flag;
	merge(type, lo, hi); /* after an error it takes the one split back */
	return err;
}

__attribute__((noinline)) int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid,
						enum memblock_flags flags)
{
	TRACE_RANGE("memblock_add_node", base, size);
	return add_range(&memblock.memory, base, size, nid, flags);
}

__attribute__((noinline)) int memblock_add(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_add", base, size);
	return add_range(&memblock.memory, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

__attribute__((noinline)) int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_remove", base, size);
	return remove_range(&memblock.memory, base, size);
}

__attribute__((noinline)) int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_reserve", base, size);
	return add_range(&memblock.reserved, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

__attribute__((noinline)) int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_phys_free", base, size);
	return remove_range(&memblock.reserved, base, size);
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr)
		memblock_phys_free((phys_addr_t)(uintptr_t)ptr, (phys_addr_t)size);
}

/* The highest place for SIZE bytes in [lo, hi), which is memory, between the reservations; or 0. */
static phys_addr_t find_in_region_down(phys_addr_t lo, phys_addr_t hi, phys_addr_t size,
				       phys_addr_t align)
{
	const struct memblock_region *first = memblock.reserved.regions;
	const struct memblock_region *r =
		first + first_starting_from(&memblock.reserved, 0, hi); /* r[-1] is below hi */

	for (;;) {
		phys_addr_t gap = r > first ? max_addr_of(lo, region_end(r - 1)) : lo;

		if (hi > gap && hi - gap >= size) {
			phys_addr_t found = ROUND_DOWN(hi - size, align);

			if (found >= gap)
				return found;
		}
		if (r == first || r[-1].base <= lo)
			return 0;
		hi = (--r)->base;
	}
}

/* The lowest such place, or 0. */
static phys_addr_t find_in_region_up(phys_addr_t lo, phys_addr_t hi, phys_addr_t size,
				     phys_addr_t align)
{
	const struct memblock_region *r =
		memblock.reserved.regions + first_ending_above(&memblock.reserved, lo);
	const struct memblock_region *last = memblock.reserved.regions + count(&memblock.reserved);

	for (;;) {
		phys_addr_t gap_end = r < last ? min_addr_of(hi, r->base) : hi;
		phys_addr_t found = ROUND_UP(lo, align);

		if (found >= lo && found < gap_end && gap_end - found >= size)
			return found;
		if (r == last || region_end(r) >= hi)
			return 0;
		lo = region_end(r++);
	}
}

static bool usable(const struct memblock_region *r, int nid)
{
	return !(r->flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)) &&
	       (nid == NUMA_NO_NODE || nid == region_nid(r));
}

/* Where SIZE bytes fit in [start, end) on node NID: the first place in the direction set, or 0. */
static phys_addr_t find(phys_addr_t size, phys_addr_t align, phys_addr_t start, phys_addr_t end,
			int nid)
{
	const struct memblock_type *mem = &memblock.memory;
	unsigned long lo, hi;

	if (end == MEMBLOCK_ALLOC_ACCESSIBLE)
		end = memblock.current_limit;
	start = max_addr_of(start, PAGE_SIZE); /* page 0 is never given */
	if (start >= end)
		return 0;
	lo = first_ending_above(mem, start);
	hi = first_starting_from(mem, lo, end);
	for (unsigned long n = lo; n < hi; n++) {
		const struct memblock_region *r =
			&mem->regions[memblock.bottom_up ? n : hi - 1 - (n - lo)];
		phys_addr_t base = max_addr_of(r->base, start);
		phys_addr_t top = min_addr_of(region_end(r), end);
		phys_addr_t found = 0;

		if (usable(r, nid))
			found = memblock.bottom_up ? find_in_region_up(base, top, size, align)
						   : find_in_region_down(base, top, size, align);
		if (found)
			return found;
	}
	return 0;
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	return size ? find(size, align ? align : SMP_CACHE_BYTES, start, end, NUMA_NO_NODE) : 0;
}

/* Finds and reserves; a node is a wish. Not inlined: it is what the trace names as the caller. */
__attribute__((noinline)) static phys_addr_t memblock_alloc_range_nid(phys_addr_t size,
								      phys_addr_t align,
								      phys_addr_t start,
								      phys_addr_t end, int nid)
{
	phys_addr_t found = 0;

	if (!size)
		return 0;
	if (!align)
		align = SMP_CACHE_BYTES;
	if (nid != NUMA_NO_NODE)
		found = find(size, align, start, end, nid);
	if (!found)
		found = find(size, align, start, end, NUMA_NO_NODE);
	if (!found || memblock_reserve(found, size))
		return 0;
	return found;
}

__attribute__((noinline)) phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
								phys_addr_t start, phys_addr_t end)
{
	if (memblock_tracer)
		memblock_tracer->alloc("memblock_phys_alloc_range", size, align, false,
				       NUMA_NO_NODE, start, end, __builtin_return_address(0));
	return memblock_alloc_range_nid(size, align, start, end, NUMA_NO_NODE);
}

static void *alloc_internal(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			    phys_addr_t max_addr, int nid)
{
	phys_addr_t found;

	if (max_addr > memblock.current_limit)
		max_addr = memblock.current_limit;
	found = memblock_alloc_range_nid(size, align, min_addr, max_addr, nid);
	if (!found && min_addr)
		found = memblock_alloc_range_nid(size, align, MEMBLOCK_LOW_LIMIT, max_addr, nid);
	return (void *)(uintptr_t)found;
}

__attribute__((noinline)) void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align,
							   phys_addr_t min_addr,
							   phys_addr_t max_addr, int nid)
{
	if (memblock_tracer)
		memblock_tracer->alloc("memblock_alloc_try_nid_raw", size, align, true, nid,
				       min_addr, max_addr, __builtin_return_address(0));
	return alloc_internal(size, align, min_addr, max_addr, nid);
}

__attribute__((noinline)) void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align,
						       phys_addr_t min_addr, phys_addr_t max_addr,
						       int nid)
{
	void *ptr;

	if (memblock_tracer)
		memblock_tracer->alloc("memblock_alloc_try_nid", size, align, true, nid, min_addr,
				       max_addr, __builtin_return_address(0));
	ptr = alloc_internal(size, align, min_addr, max_addr, nid);
	if (ptr)
		memset(ptr, 0, (size_t)size);
	return ptr;
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return set_flag(base, size, true, MEMBLOCK_NOMAP);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return set_flag(base, size, false, MEMBLOCK_NOMAP);
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return set_flag(base, size, true, MEMBLOCK_HOTPLUG);
}

/* Takes all of `memory` in [base, end) out but for the no-map regions. */
static void remove_mapped(phys_addr_t base, phys_addr_t end)
{
	struct memblock_type *type = &memblock.memory;

	for (unsigned long i = first_ending_above(type, base); i < count(type);) {
		struct memblock_region r = type->regions[i];

		if (r.base >= end)
			return;
		if (r.flags & MEMBLOCK_NOMAP) {
			i++;
		} else {
			phys_addr_t from = max_addr_of(base, r.base);
			phys_addr_t to = min_addr_of(end, region_end(&r));

			remove_range(type, from, to - from);
			i = first_ending_above(type, to);
		}
	}
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base >= end || !count(&memblock.memory))
		return;
	remove_mapped(0, base);
	remove_mapped(end, PHYS_ADDR_MAX);
	remove_range(&memblock.reserved, 0, base);
	remove_range(&memblock.reserved, end, PHYS_ADDR_MAX);
}

void memblock_trim_memory(phys_addr_t align)
{
	struct memblock_type *type = &memblock.memory;
	unsigned long i = 0;

	while (i < count(type)) {
		struct memblock_region r = type->regions[i];
		phys_addr_t base = ROUND_UP(r.base, align);
		phys_addr_t end = ROUND_DOWN(region_end(&r), align);
		bool empty = base < r.base || base >= end;

		r.base = base;
		r.size = end - base;
		splice(type, i, i + 1, &r, empty ? 0 : 1);
		i += !empty;
	}
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}

bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

/* The region of TYPE that holds ADDR, or NULL. */
static const struct memblock_region *region_of(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = first_ending_above(type, addr);

	return i < count(type) && type->regions[i].base <= addr ? &type->regions[i] : NULL;
}

bool memblock_is_memory(phys_addr_t addr)
{
	return region_of(&memblock.memory, addr) != NULL;
}

bool memblock_is_map_memory(phys_addr_t addr)
{
	const struct memblock_region *r = region_of(&memblock.memory, addr);

	return r && !(r->flags & MEMBLOCK_NOMAP);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	const struct memblock_region *r = region_of(&memblock.memory, base);

	return r && region_end(r) >= capped_end(base, size);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return region_of(&memblock.reserved, addr) != NULL;
}

bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	unsigned long i = first_ending_above(type, base);

	return i < count(type) && type->regions[i].base < capped_end(base, size);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.regions[0].base;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return region_end(&memblock.memory.regions[memblock.memory.cnt - 1]);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

/* *idx is the address to go on from; addresses are enough, since the lists are sorted. */
bool memblock_next_free_range(uint64_t *idx, enum memblock_flags without, phys_addr_t *start,
			      phys_addr_t *end)
{
	for (;;) {
		phys_addr_t pos = (phys_addr_t)*idx;
		unsigned long m = first_ending_above(&memblock.memory, pos), r;
		const struct memblock_region *mem = &memblock.memory.regions[m];

		if (*idx >= PHYS_ADDR_MAX || m == count(&memblock.memory))
			return false;
		pos = max_addr_of(pos, mem->base);
		*idx = region_end(mem);
		if (mem->flags & without)
			continue;
		r = first_ending_above(&memblock.reserved, pos);
		if (r < count(&memblock.reserved) && memblock.reserved.regions[r].base <= pos) {
			*idx = region_end(&memblock.reserved.regions[r]);
			continue;
		}
		*start = pos;
		*end = region_end(mem);
		if (r < count(&memblock.reserved))
			*end = min_addr_of(*end, memblock.reserved.regions[r].base);
		*idx = *end;
		return true;
	}
}
