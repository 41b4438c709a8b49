/* SPDX-License-Identifier: MIT */
/*
 * The two lists, and changes of them.
 *
 * A change is one binary search and one move of the rest of the array, unless its range has parts
 * that become different regions: then it is made part by part.
 */
#include "memblock_internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static struct memblock_region memory_regions[INIT_MEMBLOCK_REGIONS];
struct memblock_region memblock_first_reserved[INIT_MEMBLOCK_RESERVED_REGIONS];

struct memblock memblock = {
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
	.memory = {.cnt = 1,
		   .max = INIT_MEMBLOCK_REGIONS,
		   .regions = memory_regions,
		   .name = "memory"},
	.reserved = {.cnt = 1,
		     .max = INIT_MEMBLOCK_RESERVED_REGIONS,
		     .regions = memblock_first_reserved,
		     .name = "reserved"},
};

const struct memblock_tracer *memblock_tracer;
void (*memblock_complain)(const char *what, const void *caller);

static bool may_resize;
bool memblock_has_mirror;

extern inline phys_addr_t memblock_region_end(const struct memblock_region *r);
extern inline unsigned long memblock_count(const struct memblock_type *type);
extern inline struct memblock_region *memblock_list_end(const struct memblock_type *type);
extern inline struct memblock_region *memblock_last_from(const struct memblock_type *type,
							 phys_addr_t addr);
extern inline struct memblock_region *memblock_first_above(const struct memblock_type *type,
							   phys_addr_t addr);

const struct memblock_change memblock_clear = {.set = NOTHING, .gap = NOTHING};
static const struct memblock_change fill = {.keep = (attr_t)~0U};

static attr_t attributes_of(const struct memblock_region *r)
{
	return attributes(memblock_get_region_node(r), r->flags);
}

static void set_region(struct memblock_region *r, phys_addr_t base, phys_addr_t end, attr_t attr)
{
	r->base = base;
	r->size = end - base;
	r->flags = attr & 0xff;
	memblock_set_region_node(r, (int)(attr >> 8) - 1);
}

/* Moves the regions from R on to R + BY, for which there is room. */
static inline void move_regions(struct memblock_type *type, struct memblock_region *r, long by)
{
	struct memblock_region *end = type->regions + type->cnt;

	if (r < end)
		memmove(r + by, r, (size_t)((char *)end - (char *)r));
	type->cnt += (unsigned long)by;
}

/* Whether the region before R reaches up to ADDR, and R down to it, with these attributes. */
static bool joins_below(const struct memblock_type *type, const struct memblock_region *r,
			phys_addr_t addr, attr_t attr)
{
	return r > type->regions && memblock_region_end(&r[-1]) >= addr &&
	       attributes_of(&r[-1]) == attr;
}

static bool joins_above(const struct memblock_type *type, const struct memblock_region *r,
			phys_addr_t addr, attr_t attr)
{
	return r < memblock_list_end(type) && r->base <= addr && attributes_of(r) == attr;
}

/*
 * Takes [base, end) out of the N regions from R on, which it meets. A slot must be free if that
 * splits one. Returns the region behind. Neither this nor fill_gap() counts the bytes.
 */
static inline struct memblock_region *cut(struct memblock_type *type, struct memblock_region *r,
					  long n, phys_addr_t base, phys_addr_t end)
{
	unsigned low = r->base < base ? 1 : 0;
	unsigned high = memblock_region_end(&r[n - 1]) > end ? 1 : 0;
	long by = (long)(low + high) - n;

	/* A region that is split is moved up from itself: that makes two of it. */
	if (by)
		move_regions(type, r + n - high, by);
	if (low) {
		r->size = base - r->base;
		r++;
	}
	if (high) {
		r->size = memblock_region_end(r) - end;
		r->base = end;
	}
	if (!type->cnt) {
		type->cnt = 1;
		set_region(r, 0, 0, 0);
	}
	return r;
}

/* Fills [base, end) of the gap before R. A slot must be free if no neighbour joins. */
static inline void fill_gap(struct memblock_type *type, struct memblock_region *r, phys_addr_t base,
			    phys_addr_t end, attr_t attr)
{
	bool low = joins_below(type, r, base, attr), high = joins_above(type, r, end, attr);

	if (low) {
		r[-1].size = (high ? memblock_region_end(r) : end) - r[-1].base;
		if (high)
			move_regions(type, r + 1, -1);
	} else if (high) {
		r->size = memblock_region_end(r) - base;
		r->base = base;
	} else {
		if (memblock_count(type))
			move_regions(type, r, 1);
		set_region(r, base, end, attr);
	}
}

void memblock_wrong(const char *what, const void *caller)
{
	if (memblock_complain)
		memblock_complain(what, caller);
}

/* What C makes of attributes. */
static attr_t changed(const struct memblock_change *c, attr_t attr)
{
	if (attr == NOTHING)
		return c->gap;
	return c->spare & attr ? attr : (attr_t)((c->keep & attr) | c->set);
}

/*
 * Finds the run from BASE on, the longest part of [base, *end) that C makes one region, or nothing;
 * makes that change, if it takes at most LIMIT slots more than it frees. Sets *END to the end of
 * the run. Returns how many slots more.
 */
static SELDOM long change_run(struct memblock_type *type, phys_addr_t base, phys_addr_t *end,
			      const struct memblock_change *c, long limit)
{
	struct memblock_region *lo = memblock_first_above(type, base), *r = lo;
	phys_addr_t till = base, next, covered = 0;
	unsigned differs = 0, low, high;
	attr_t to = 0;
	long more, n = 0;

	for (; till < *end; till = next) {
		bool inside = r < memblock_list_end(type) && r->base <= till;
		attr_t old = inside ? attributes_of(r) : NOTHING, new = changed(c, old);

		next = *end;
		if (r < memblock_list_end(type))
			next = min_addr_of(next, inside ? memblock_region_end(r) : r->base);
		if (till > base && new != to)
			break;
		to = new;
		differs |= new ^ old;
		if (inside) {
			covered += next - till;
			n++;
			r++;
		}
	}
	*end = till;
	if (!differs)
		return 0;

	/* What is left of the first and the last region stays, and may be one with the run. */
	low = n && lo->base < base;
	high = n && memblock_region_end(&r[-1]) > till;
	more = (long)(low + high) - n;
	if (to != NOTHING)
		more += 1 - joins_below(type, lo + low, base, to) -
			joins_above(type, r - high, till, to);
	if (more > limit)
		return more;
	type->total_size += (to == NOTHING ? 0 : till - base) - covered;
	if (n == 1 && more == 0 && covered == lo->size) {
		set_region(lo, base, till, to); /* in its place: the rest does not move */
		return 0;
	}
	if (n)
		lo = cut(type, lo, n, base, till);
	if (to != NOTHING)
		fill_gap(type, lo, base, till, to);
	return more;
}

/* Makes the change of each run in [base, end) that takes at most LIMIT slots; as change_run(). */
static long change_runs(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			const struct memblock_change *c, long limit)
{
	phys_addr_t stop;
	long more = 0;

	for (; base < end; base = stop) {
		stop = end;
		more += change_run(type, base, &stop, c, limit);
	}
	return more;
}

/* Makes the change C of [base, end). 0, or -ENOMEM if the result does not fit, and no change. */
static SELDOM int change_range(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			       const struct memblock_change *c)
{
	while (change_runs(type, base, end, c, LONG_MIN) > (long)(type->max - memblock_count(type)))
		if (memblock_double_array(type, 2 * type->max, base, end))
			return -ENOMEM;
	/* What frees slots goes first: there is room on the way, too. */
	change_runs(type, base, end, c, 0);
	change_runs(type, base, end, c, LONG_MAX);
	return 0;
}

/* Makes the change C of [base, base + size). 0, or -ENOMEM if the result does not fit. */
int memblock_change(phys_addr_t base, phys_addr_t size, struct memblock_type *type,
		    const struct memblock_change *c)
{
	phys_addr_t end = capped_end(base, size);
	struct memblock_region *r = memblock_first_above(type, base);
	bool gap = r == memblock_list_end(type) || r->base >= end;

	if (base >= end)
		return 0;
	/* The short way for most changes: filling a part of one gap, clearing one of a region. */
	if (type->cnt < type->max && c == &fill && gap) {
		type->total_size += end - base;
		fill_gap(type, r, base, end, c->gap);
		return 0;
	}
	if (type->cnt < type->max && c == &memblock_clear && !gap && r->base <= base &&
	    end <= memblock_region_end(r)) {
		type->total_size -= end - base;
		cut(type, r, 1, base, end);
		return 0;
	}
	return change_range(type, base, end, c);
}

/* A change that Linux traces as CALL. */
static int traced_change(phys_addr_t base, phys_addr_t size, const char *call,
			 struct memblock_type *type, const struct memblock_change *c,
			 const void *caller)
{
	if (TRACING)
		memblock_tracer->range(call, base, size, NULL, MEMBLOCK_NONE, caller);
	return memblock_change(base, size, type, c);
}

SELDOM TRACED int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid,
				    enum memblock_flags flags)
{
	const struct memblock_change c = {.keep = (attr_t)~0U, .gap = attributes(nid, flags)};

	memblock_has_mirror |= (flags & MEMBLOCK_MIRROR) != 0;
	if (TRACING)
		memblock_tracer->range("memblock_add_node", base, size, &nid, flags, CALLER);
	return memblock_change(base, size, &memblock.memory, &c);
}

TRACED int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_add", &memblock.memory, &fill, CALLER);
}

TRACED int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_remove", &memblock.memory, &memblock_clear,
			     CALLER);
}

TRACED int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_reserve", &memblock.reserved, &fill, CALLER);
}

TRACED int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_phys_free", &memblock.reserved, &memblock_clear,
			     CALLER);
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr)
		memblock_phys_free((phys_addr_t)(uintptr_t)ptr, (phys_addr_t)size);
}

/* Linux's name, since the trace shows it as a caller. */
SELDOM TRACED int memblock_double_array(struct memblock_type *type, unsigned long max,
					phys_addr_t base, phys_addr_t end)
{
	struct memblock_type *reserved = &memblock.reserved;
	struct memblock_region *old = type->regions;
	size_t old_size = type->max * sizeof(*old);
	phys_addr_t size, at;

	if (!may_resize || max > SIZE_MAX / 64) /* a region takes less than half of that */
		return -ENOMEM;
	/* The new array takes a slot there, and to free the old one may take another. */
	if (type != reserved && reserved->max - reserved->cnt < 2 &&
	    memblock_double_array(reserved, 2 * reserved->max, base, end))
		return -ENOMEM;
	size = ROUND_UP((phys_addr_t)(max * sizeof(*old)), PAGE_SIZE);
	at = memblock_find_in_range(end, MEMBLOCK_ALLOC_ACCESSIBLE, size, PAGE_SIZE);
	if (!at && base > PAGE_SIZE)
		at = memblock_find_in_range(0, min_addr_of(base, memblock.current_limit), size,
					    PAGE_SIZE);
	if (!at) {
		memblock_wrong("no room for an array", CALLER);
		return -ENOMEM;
	}
	type->regions = memcpy((void *)(uintptr_t)at, old, old_size);
	type->max = max;
	if (TRACING)
		memblock_tracer->doubled(type, at, size);
	memblock_reserve(at, size);
	if (old != memory_regions && old != memblock_first_reserved)
		memblock_free(old, ROUND_UP(old_size, PAGE_SIZE));
	return 0;
}

void memblock_allow_resize(void)
{
	may_resize = true;
}
