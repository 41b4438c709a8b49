/* SPDX-License-Identifier: MIT */
/*
 * The two lists and the search for free memory.
 *
 * A question is one binary search. So is a change, and one move of the rest of the array, unless
 * its range has parts that become different regions: then it is made part by part.
 */
#include "memblock.h"

#include <errno.h>
#include <limits.h>
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
void (*memblock_complain)(const char *what, const void *caller);

static bool may_resize;
static bool has_mirror; /* some memory was marked mirrored: worth a search of its own */

/* Out of line: the trace names callers by return address. */
#define TRACED __attribute__((noinline))
#define CALLER __builtin_return_address(0)
#define TRACING __builtin_expect(memblock_tracer != NULL, false)

static void complain(const char *what, const void *caller)
{
	if (memblock_complain)
		memblock_complain(what, caller);
}

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

/*
 * What regions must agree in to be one: the flags and, under CONFIG_NUMA, the node above them. A
 * gap has the flag NOTHING, which no region has; it fits the smallest type of an enum.
 */
#define NOTHING 0x80U

#ifdef CONFIG_NUMA
typedef uint32_t attr_t;
#else
typedef uint8_t attr_t;
#endif

static attr_t attributes(int nid, unsigned flags)
{
#ifdef CONFIG_NUMA
	return (attr_t)(nid + 1) << 8 | flags;
#else
	(void)nid;
	return (attr_t)flags;
#endif
}

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

/* Behind the last region of TYPE. */
static struct memblock_region *list_end(const struct memblock_type *type)
{
	return type->regions + count(type);
}

/* The last region that begins at or below ADDR; the first, if none does. */
static struct memblock_region *last_from(const struct memblock_type *type, phys_addr_t addr)
{
	struct memblock_region *r = type->regions;

	for (unsigned long n = type->cnt, half; (half = n / 2) > 0; n -= half) {
		struct memblock_region *mid = r + half;

		r = mid->base <= addr ? mid : r; /* a conditional move, no jump to guess */
	}
	return r;
}

/*
 * The first region that ends above ADDR (there, or after it), or list_end() if there is none. With
 * jumps to guess: what has just been changed is not waited for.
 */
static inline struct memblock_region *first_ending_above(const struct memblock_type *type,
							 phys_addr_t addr)
{
	unsigned long lo = 0, hi = count(type);

	/* Memory is given from the top: mostly it is the last region, or behind it. */
	if (hi > 1 && region_end(&type->regions[hi - 2]) <= addr)
		lo = hi - 1;
	while (lo < hi) {
		unsigned long mid = (lo + hi) / 2;

		if (region_end(&type->regions[mid]) > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return type->regions + lo;
}

/* What becomes of a range: of a region in it, and of a gap. */
struct change {
	attr_t spare; /* a region with one of these attributes stays as it is */
	attr_t keep;  /* of a region's attributes */
	attr_t set;   /* in them; NOTHING removes it */
	attr_t gap;   /* the attributes of what fills a gap */
};

static const struct change fill = {.keep = (attr_t)~0U};
static const struct change clear = {.set = NOTHING, .gap = NOTHING};
static const struct change clear_mapped = {.spare = MEMBLOCK_NOMAP, .set = NOTHING, .gap = NOTHING};

static int memblock_double_array(struct memblock_type *type, phys_addr_t base, phys_addr_t end);

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
	return r > type->regions && region_end(&r[-1]) >= addr && attributes_of(&r[-1]) == attr;
}

static bool joins_above(const struct memblock_type *type, const struct memblock_region *r,
			phys_addr_t addr, attr_t attr)
{
	return r < list_end(type) && r->base <= addr && attributes_of(r) == attr;
}

/*
 * Takes [base, end) out of the N regions from R on, which it meets. A slot must be free if that
 * splits one. Returns the region behind. Neither this nor fill_gap() counts the bytes.
 */
static inline struct memblock_region *cut(struct memblock_type *type, struct memblock_region *r,
					  long n, phys_addr_t base, phys_addr_t end)
{
	unsigned low = r->base < base ? 1 : 0;
	unsigned high = region_end(&r[n - 1]) > end ? 1 : 0;
	long by = (long)(low + high) - n;

	/* A region that is split is moved up from itself: that makes two of it. */
	if (by)
		move_regions(type, r + n - high, by);
	if (low) {
		r->size = base - r->base;
		r++;
	}
	if (high) {
		r->size = region_end(r) - end;
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
		r[-1].size = (high ? region_end(r) : end) - r[-1].base;
		if (high)
			move_regions(type, r + 1, -1);
	} else if (high) {
		r->size = region_end(r) - base;
		r->base = base;
	} else {
		if (count(type))
			move_regions(type, r, 1);
		set_region(r, base, end, attr);
	}
}

/* What C makes of attributes. */
static attr_t changed(const struct change *c, attr_t attr)
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
static long change_run(struct memblock_type *type, phys_addr_t base, phys_addr_t *end,
		       const struct change *c, long limit)
{
	struct memblock_region *lo = first_ending_above(type, base), *r = lo;
	phys_addr_t till = base, next, covered = 0;
	unsigned differs = 0, low, high;
	attr_t to = 0;
	long more, n = 0;

	for (; till < *end; till = next) {
		bool inside = r < list_end(type) && r->base <= till;
		attr_t old = inside ? attributes_of(r) : NOTHING, new = changed(c, old);

		next = *end;
		if (r < list_end(type))
			next = min_addr_of(next, inside ? region_end(r) : r->base);
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
	high = n && region_end(&r[-1]) > till;
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
			const struct change *c, long limit)
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
static int change_range(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			const struct change *c)
{
	while (change_runs(type, base, end, c, LONG_MIN) > (long)(type->max - count(type)))
		if (memblock_double_array(type, base, end))
			return -ENOMEM;
	/* What frees slots goes first: there is room on the way, too. */
	change_runs(type, base, end, c, 0);
	change_runs(type, base, end, c, LONG_MAX);
	return 0;
}

/* Makes the change C of [base, base + size). 0, or -ENOMEM if the result does not fit. */
static int change(phys_addr_t base, phys_addr_t size, struct memblock_type *type,
		  const struct change *c)
{
	phys_addr_t end = capped_end(base, size);
	struct memblock_region *r = first_ending_above(type, base);
	bool gap = r == list_end(type) || r->base >= end;

	if (base >= end)
		return 0;
	/* The short way for most changes: filling a part of one gap, clearing one of a region. */
	if (type->cnt < type->max && c == &fill && gap) {
		type->total_size += end - base;
		fill_gap(type, r, base, end, c->gap);
		return 0;
	}
	if (type->cnt < type->max && c == &clear && !gap && r->base <= base &&
	    end <= region_end(r)) {
		type->total_size -= end - base;
		cut(type, r, 1, base, end);
		return 0;
	}
	return change_range(type, base, end, c);
}

/* A change that Linux traces as CALL. */
static int traced_change(phys_addr_t base, phys_addr_t size, const char *call,
			 struct memblock_type *type, const struct change *c, const void *caller)
{
	if (TRACING)
		memblock_tracer->range(call, base, size, NULL, MEMBLOCK_NONE, caller);
	return change(base, size, type, c);
}

TRACED int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	const struct change c = {.keep = (attr_t)~0U, .gap = attributes(nid, flags)};

	has_mirror |= (flags & MEMBLOCK_MIRROR) != 0;
	if (TRACING)
		memblock_tracer->range("memblock_add_node", base, size, &nid, flags, CALLER);
	return change(base, size, &memblock.memory, &c);
}

TRACED int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_add", &memblock.memory, &fill, CALLER);
}

TRACED int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_remove", &memblock.memory, &clear, CALLER);
}

TRACED int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_reserve", &memblock.reserved, &fill, CALLER);
}

TRACED int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	return traced_change(base, size, "memblock_phys_free", &memblock.reserved, &clear, CALLER);
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr)
		memblock_phys_free((phys_addr_t)(uintptr_t)ptr, (phys_addr_t)size);
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
	const struct memblock_region *first = type->regions, *r = last_from(type, hi - 1);
	phys_addr_t found;

	if (r->base >= hi)
		return highest(lo, hi, size, align);
	found = highest(max_addr_of(lo, region_end(r)), hi, size, align);
	if (found)
		return found;
	for (; r > first && r->base > lo; r--) {
		if (region_end(&r[-1]) + size > r->base) /* it may wrap: a filter, no more */
			continue;
		found = highest(max_addr_of(lo, region_end(&r[-1])), r->base, size, align);
		if (found)
			return found;
	}
	return r == first ? highest(lo, r->base, size, align) : 0;
}

/* The lowest such place, or 0. */
static phys_addr_t find_up(phys_addr_t lo, phys_addr_t hi, phys_addr_t size, phys_addr_t align)
{
	const struct memblock_type *type = &memblock.reserved;
	const struct memblock_region *r = first_ending_above(type, lo), *last = list_end(type);

	for (;; r++) {
		phys_addr_t end = r < last ? min_addr_of(hi, r->base) : hi;
		phys_addr_t found = ROUND_UP(lo, align);

		if (found >= lo && found < end && end - found >= size)
			return found;
		if (end == hi)
			return 0;
		lo = region_end(r);
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
	r = last_from(&memblock.memory, up ? start : end - 1);
	if (up)
		stop += memblock.memory.cnt - 1;
	for (;; up ? r++ : r--) {
		phys_addr_t lo = max_addr_of(r->base, start);
		phys_addr_t hi = min_addr_of(region_end(r), end), found = 0;

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
	enum memblock_flags flags = has_mirror ? MEMBLOCK_MIRROR : MEMBLOCK_NONE;

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

/*
 * Gives TYPE an array of twice the size, outside of [base, end), which the caller is about to
 * change. 0 or -ENOMEM. Linux's name, since the trace shows it as a caller.
 */
TRACED static int memblock_double_array(struct memblock_type *type, phys_addr_t base,
					phys_addr_t end)
{
	struct memblock_type *reserved = &memblock.reserved;
	struct memblock_region *old = type->regions;
	size_t old_size = type->max * sizeof(*old);
	phys_addr_t size = ROUND_UP((phys_addr_t)(2 * old_size), PAGE_SIZE), at;

	if (!may_resize || old_size > SIZE_MAX / 4)
		return -ENOMEM;
	/* The new array takes a slot there, and to free the old one may take another. */
	if (type != reserved && reserved->max - reserved->cnt < 2 &&
	    memblock_double_array(reserved, base, end))
		return -ENOMEM;
	at = memblock_find_in_range(end, MEMBLOCK_ALLOC_ACCESSIBLE, size, PAGE_SIZE);
	if (!at && base > PAGE_SIZE)
		at = memblock_find_in_range(0, min_addr_of(base, memblock.current_limit), size,
					    PAGE_SIZE);
	if (!at) {
		complain("no room for an array", CALLER);
		return -ENOMEM;
	}
	type->regions = memcpy((void *)(uintptr_t)at, old, old_size);
	type->max *= 2;
	if (TRACING)
		memblock_tracer->doubled(type, at, size);
	memblock_reserve(at, size);
	if (old != memory_regions && old != reserved_regions)
		memblock_free(old, ROUND_UP(old_size, PAGE_SIZE));
	return 0;
}

void memblock_allow_resize(void)
{
	may_resize = true;
}

TRACED phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					    phys_addr_t end, int nid, bool exact_nid)
{
	phys_addr_t found = find_best(size, align, start, end, nid, exact_nid);

	if (found)
		return memblock_reserve(found, size) ? 0 : found;
	if (!size)
		complain("size 0 is refused", CALLER);
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

static void *alloc_internal(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
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

/* Sets, or with SET 0 clears, FLAG on the part of `memory` in [base, base + size). */
static int mark(phys_addr_t base, phys_addr_t size, enum memblock_flags flag,
		enum memblock_flags set)
{
	const struct change c = {.keep = (attr_t)~flag, .set = (attr_t)set, .gap = NOTHING};

	return change(base, size, &memblock.memory, &c);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return mark(base, size, MEMBLOCK_NOMAP, MEMBLOCK_NOMAP);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return mark(base, size, MEMBLOCK_NOMAP, MEMBLOCK_NONE);
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return mark(base, size, MEMBLOCK_HOTPLUG, MEMBLOCK_HOTPLUG);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return mark(base, size, MEMBLOCK_HOTPLUG, MEMBLOCK_NONE);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	has_mirror = true;
	return mark(base, size, MEMBLOCK_MIRROR, MEMBLOCK_MIRROR);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid)
{
	const struct change c = {.keep = 0xff, .set = attributes(nid, 0), .gap = NOTHING};

	return change(base, size, type, &c);
}

/* Clears all of TYPE outside of [base, end). That splits no region, which might fail. */
static void clear_outside(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			  const struct change *c)
{
	change(0, base, type, c);
	change(end, PHYS_ADDR_MAX, type, c);
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base >= end)
		return;
	if (!count(&memblock.memory)) {
		complain("no memory yet", CALLER);
		return;
	}
	clear_outside(&memblock.memory, base, end, &clear_mapped);
	clear_outside(&memblock.reserved, base, end, &clear);
}

/* Where the first LIMIT bytes of memory end; PHYS_ADDR_MAX if there are fewer, or LIMIT is 0. */
static phys_addr_t end_of_first(phys_addr_t limit)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		if (limit && limit <= r->size)
			return r->base + limit;
		limit -= min_addr_of(limit, r->size);
	}
	return PHYS_ADDR_MAX;
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	phys_addr_t end = end_of_first(limit);

	clear_outside(&memblock.memory, 0, end, &clear);
	clear_outside(&memblock.reserved, 0, end, &clear);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	phys_addr_t end = end_of_first(limit);

	if (end < PHYS_ADDR_MAX)
		memblock_cap_memory_range(0, end);
}

void memblock_trim_memory(phys_addr_t align)
{
	struct memblock_type *type = &memblock.memory;
	phys_addr_t next = 0;

	if (!align)
		align = SMP_CACHE_BYTES;
	for (const struct memblock_region *at;
	     (at = first_ending_above(type, next)) < list_end(type);) {
		struct memblock_region r = *at;
		phys_addr_t base = ROUND_UP(r.base, align);
		phys_addr_t end = ROUND_DOWN(region_end(&r), align);

		next = region_end(&r);
		if (base < r.base || base >= end)
			base = end = next;
		change(r.base, base - r.base, type, &clear);
		change(end, next - end, type, &clear);
	}
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

/* The region of TYPE that holds ADDR, or NULL. */
static const struct memblock_region *region_of(const struct memblock_type *type, phys_addr_t addr)
{
	const struct memblock_region *r = last_from(type, addr);

	return addr - r->base < r->size ? r : NULL;
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
	const struct memblock_region *r = first_ending_above(type, base);

	return r < list_end(type) && r->base < capped_end(base, size);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn)
{
	phys_addr_t addr = (phys_addr_t)pfn << PAGE_SHIFT;
	const struct memblock_region *r = region_of(&memblock.memory, addr);

	if (!r || PFN_DOWN(addr) != pfn)
		return -1;
	*start_pfn = (unsigned long)PFN_DOWN(r->base);
	*end_pfn = (unsigned long)PFN_DOWN(region_end(r));
	return memblock_get_region_node(r);
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
