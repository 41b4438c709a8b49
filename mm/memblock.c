/* SPDX-License-Identifier: MIT */
/*
 * The two lists and the search for free memory.
 *
 * Every change is a splice: binary search for the regions that a range meets, work out which
 * regions replace them, move the rest of the array once. Every question is one binary search.
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
void (*memblock_complain)(const char *what, phys_addr_t size, const void *caller);

static bool may_resize;
static bool has_mirror; /* some memory was marked mirrored: worth a search of its own */

/* Out of line: the trace names the caller by return address. */
#define TRACED __attribute__((noinline))
#define TRACE_RANGE(call, base, size)                                                          \
	do {                                                                                   \
		if (memblock_tracer)                                                           \
			memblock_tracer->range(call, base, size, __builtin_return_address(0)); \
	} while (0)
#define TRACE_ALLOC(call, size, align, has_nid, nid, from, max_addr)                            \
	do {                                                                                    \
		if (memblock_tracer)                                                            \
			memblock_tracer->alloc(call, size, align, has_nid, nid, from, max_addr, \
					       __builtin_return_address(0));                    \
	} while (0)
#define COMPLAIN(what, size)                                                        \
	do {                                                                        \
		if (memblock_complain)                                              \
			memblock_complain(what, size, __builtin_return_address(0)); \
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

static struct memblock_region make_region(phys_addr_t base, phys_addr_t end, int nid,
					  enum memblock_flags flags)
{
	struct memblock_region r = {.base = base, .size = end - base, .flags = flags};

	memblock_set_region_node(&r, nid);
	return r;
}

static bool alike(const struct memblock_region *a, const struct memblock_region *b)
{
	return a->flags == b->flags && memblock_get_region_node(a) == memblock_get_region_node(b);
}

/* Whether A and B, the one above it, are one region. */
static bool joins(const struct memblock_region *a, const struct memblock_region *b)
{
	return region_end(a) == b->base && alike(a, b);
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

/* What a change makes of each piece of a range. */
struct change {
	bool fill;                /* of what no region covers; else of what regions cover */
	enum memblock_flags keep; /* of a region's flags */
	enum memblock_flags set;
	int nid;
	bool keep_nid;
};

/* Which pieces are changed now: see change_range(). */
enum pass { COUNT, SHRINK, FINISH };

/* What C makes of R. */
static struct memblock_region changed(const struct change *c, struct memblock_region r)
{
	r.flags = (r.flags & c->keep) | c->set;
	if (!c->keep_nid)
		memblock_set_region_node(&r, c->nid);
	return r;
}

/*
 * Puts PIECE, which touches no other piece that is due, in its place: in region I if that holds it
 * (INSIDE), else in the gap before it. BELOW is what the region before it counts as. Returns how
 * many regions there are more for it.
 */
static long put_piece(struct memblock_type *type, unsigned long i, bool inside,
		      struct memblock_region piece, const struct change *below, enum pass pass)
{
	const struct memblock_region *r = type->regions;
	phys_addr_t base = piece.base, end = region_end(&piece);
	unsigned long lo = i, hi = i + inside, n = 0, at;
	struct memblock_region with[3], prev;
	long more;

	if (inside && r[i].base < base) {
		with[n] = r[i];
		with[n++].size = base - r[i].base;
	} else if (lo > 0) {
		prev = below ? changed(below, r[lo - 1]) : r[lo - 1];
		if (joins(&prev, &piece)) {
			lo--;
			piece.base = prev.base;
			piece.size += prev.size;
		}
	}
	at = n;
	with[n++] = piece;
	if (inside && region_end(&r[i]) > end) {
		with[n] = r[i];
		with[n].base = end;
		with[n++].size = region_end(&r[i]) - end;
	} else if (hi < count(type) && joins(&piece, &r[hi])) {
		with[at].size += r[hi++].size;
	}
	more = (long)n - (long)(hi - lo);
	if (pass == FINISH || (pass == SHRINK && more <= 0))
		splice(type, lo, hi, with, n);
	return more;
}

/* One pass of change_range(); returns how many regions there are more for it. */
static long change_pass(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			const struct change *c, enum pass pass)
{
	const struct change *below = NULL;
	long more = 0;

	while (base < end) {
		unsigned long i = first_ending_above(type, base);
		struct memblock_region *r = i < count(type) ? &type->regions[i] : NULL;
		bool inside = r && r->base <= base;
		phys_addr_t stop = r ? min_addr_of(end, inside ? region_end(r) : r->base) : end;
		struct memblock_region piece = changed(
			c, inside ? *r : make_region(base, stop, NUMA_NO_NODE, MEMBLOCK_NONE));

		piece.base = base;
		piece.size = stop - base;
		if (inside ? !c->fill && !alike(&piece, r) : c->fill)
			more += put_piece(type, i, inside, piece, below, pass);
		below = pass == COUNT && !c->fill ? c : NULL;
		base = stop;
	}
	return more;
}

/*
 * Changes [base, end) of TYPE piece by piece, in an order in which it never needs more slots than
 * before or after: first what joins its neighbours, then what is a region of its own. 0, or -ENOMEM
 * and nothing is changed.
 */
static int change_range(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			const struct change *c)
{
	long more = change_pass(type, base, end, c, COUNT);

	if (more > 0 && (unsigned long)more > type->max - count(type))
		return -ENOMEM;
	change_pass(type, base, end, c, SHRINK);
	change_pass(type, base, end, c, FINISH);
	return 0;
}

/* Adds ADD, with its neighbours, as one region; where some are not alike, only what they lack. */
static int try_add(struct memblock_type *type, struct memblock_region add)
{
	phys_addr_t base = add.base, end = region_end(&add);
	struct memblock_region *r = type->regions;
	unsigned long lo = first_ending_above(type, base ? base - 1 : 0), hi = lo;

	/* [lo, hi): the regions that overlap or touch [base, end). */
	for (; hi < count(type) && r[hi].base <= end; hi++) {
		if (!alike(&r[hi], &add)) {
			const struct change fill = {.fill = true,
						    .set = add.flags,
						    .nid = memblock_get_region_node(&add)};

			return change_range(type, base, end, &fill);
		}
	}
	if (lo < hi) {
		add.base = min_addr_of(base, r[lo].base);
		add.size = max_addr_of(end, region_end(&r[hi - 1])) - add.base;
	}
	return splice(type, lo, hi, &add, 1);
}

static int try_remove(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	unsigned long lo = first_ending_above(type, base);
	unsigned long hi = first_starting_from(type, lo, end);
	struct memblock_region left[2];
	unsigned long n = 0;

	if (lo >= hi)
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

static int double_array(struct memblock_type *type, phys_addr_t base, phys_addr_t end);

static int add_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size, int nid,
		     enum memblock_flags flags)
{
	struct memblock_region add = make_region(base, capped_end(base, size), nid, flags);
	int err = 0;

	if (add.size)
		while ((err = try_add(type, add)) && !double_array(type, base, region_end(&add)))
			;
	return err;
}

static int remove_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);
	int err = 0;

	if (base < end)
		while ((err = try_remove(type, base, end)) && !double_array(type, base, end))
			;
	return err;
}

static int change(struct memblock_type *type, phys_addr_t base, phys_addr_t size,
		  const struct change *c)
{
	phys_addr_t end = capped_end(base, size);
	int err;

	while ((err = change_range(type, base, end, c)) && !double_array(type, base, end))
		;
	return err;
}

TRACED int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	if (memblock_tracer)
		memblock_tracer->add_node(base, size, nid, flags, __builtin_return_address(0));
	return add_range(&memblock.memory, base, size, nid, flags);
}

TRACED int memblock_add(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_add", base, size);
	return add_range(&memblock.memory, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

TRACED int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_remove", base, size);
	return remove_range(&memblock.memory, base, size);
}

TRACED int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	TRACE_RANGE("memblock_reserve", base, size);
	return add_range(&memblock.reserved, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

TRACED int memblock_phys_free(phys_addr_t base, phys_addr_t size)
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

bool memblock_region_picked(const struct memblock_region *r, int nid, enum memblock_flags flags)
{
	if (nid != NUMA_NO_NODE && nid != memblock_get_region_node(r))
		return false;
	if (flags & MEMBLOCK_MIRROR && !memblock_is_mirror(r))
		return false;
	return !(r->flags & ~flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED));
}

/*
 * Where SIZE bytes fit in [start, end) on node NID, in regions that FLAGS pick: the first place in
 * the direction set, or 0.
 */
static phys_addr_t find(phys_addr_t size, phys_addr_t align, phys_addr_t start, phys_addr_t end,
			int nid, enum memblock_flags flags)
{
	const struct memblock_type *mem = &memblock.memory;
	unsigned long lo, hi;

	if (end == MEMBLOCK_ALLOC_ACCESSIBLE || end == MEMBLOCK_ALLOC_NOLEAKTRACE)
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

		if (memblock_region_picked(r, nid, flags))
			found = memblock.bottom_up ? find_in_region_up(base, top, size, align)
						   : find_in_region_down(base, top, size, align);
		if (found)
			return found;
	}
	return 0;
}

/* find() on node NID, if it can be; in mirrored memory, if there is some with room. */
static phys_addr_t find_best(phys_addr_t size, phys_addr_t align, phys_addr_t start,
			     phys_addr_t end, int nid, bool exact_nid)
{
	enum memblock_flags flags = has_mirror ? MEMBLOCK_MIRROR : MEMBLOCK_NONE;

	for (;; flags = MEMBLOCK_NONE) {
		phys_addr_t found = find(size, align, start, end, nid, flags);

		if (!found && nid != NUMA_NO_NODE && !exact_nid)
			found = find(size, align, start, end, NUMA_NO_NODE, flags);
		if (found || !flags)
			return found;
	}
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	if (!size)
		return 0;
	return find_best(size, align ? align : SMP_CACHE_BYTES, start, end, NUMA_NO_NODE, false);
}

static bool is_first_array(const struct memblock_region *regions)
{
	return regions == memory_regions || regions == reserved_regions;
}

/*
 * Gives TYPE an array of twice the size, which does not lie in [base, end), what the caller is
 * about to reserve. 0 or -ENOMEM. Not inlined: it is what the trace names as the caller.
 */
TRACED static int double_array(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	struct memblock_region *old = type->regions, *new;
	phys_addr_t old_size = ROUND_UP((phys_addr_t)(type->max * sizeof(*old)), PAGE_SIZE);
	phys_addr_t size = ROUND_UP((phys_addr_t)(2 * type->max * sizeof(*old)), PAGE_SIZE);
	phys_addr_t at;

	if (!may_resize || type->max > ULONG_MAX / 4 / sizeof(*old))
		return -ENOMEM;
	if (type != &memblock.reserved)
		base = end = 0;
	at = memblock_find_in_range(end, MEMBLOCK_ALLOC_ACCESSIBLE, size, PAGE_SIZE);
	if (!at && base)
		at = memblock_find_in_range(0, min_addr_of(base, memblock.current_limit), size,
					    PAGE_SIZE);
	/* The reservation of an array for `reserved` goes into that array. */
	if (!at || (type != &memblock.reserved && memblock_reserve(at, size))) {
		COMPLAIN("no room for an array of twice the regions", size);
		return -ENOMEM;
	}
	new = memcpy((void *)(uintptr_t)at, old, type->max * sizeof(*old));
	memset(new + type->max, 0, type->max * sizeof(*old));
	type->regions = new;
	type->max *= 2;
	if (memblock_tracer)
		memblock_tracer->doubled(type, at, size);
	if (type == &memblock.reserved)
		memblock_reserve(at, size);
	if (!is_first_array(old))
		memblock_free(old, (size_t)old_size);
	return 0;
}

void memblock_allow_resize(void)
{
	may_resize = true;
}

TRACED phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					    phys_addr_t end, int nid, bool exact_nid)
{
	phys_addr_t found;

	if (!size) {
		COMPLAIN("an allocation of no bytes is refused", size);
		return 0;
	}
	if (nid == MAX_NUMNODES) /* what callers before NUMA_NO_NODE passed for any */
		nid = NUMA_NO_NODE;
	found = find_best(size, align ? align : SMP_CACHE_BYTES, start, end, nid, exact_nid);
	return found && !memblock_reserve(found, size) ? found : 0;
}

TRACED phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					     phys_addr_t end)
{
	TRACE_ALLOC("memblock_phys_alloc_range", size, align, false, NUMA_NO_NODE, start, end);
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
	TRACE_ALLOC("memblock_alloc_exact_nid_raw", size, align, true, nid, min_addr, max_addr);
	return alloc_internal(size, align, min_addr, max_addr, nid, true);
}

TRACED void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
					phys_addr_t max_addr, int nid)
{
	TRACE_ALLOC("memblock_alloc_try_nid_raw", size, align, true, nid, min_addr, max_addr);
	return alloc_internal(size, align, min_addr, max_addr, nid, false);
}

TRACED void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				    phys_addr_t max_addr, int nid)
{
	void *ptr;

	TRACE_ALLOC("memblock_alloc_try_nid", size, align, true, nid, min_addr, max_addr);
	ptr = alloc_internal(size, align, min_addr, max_addr, nid, false);
	return ptr ? memset(ptr, 0, (size_t)size) : NULL;
}

/* Sets, or with SET 0 clears, FLAG on the part of `memory` in [base, base + size). */
static int mark(phys_addr_t base, phys_addr_t size, enum memblock_flags flag,
		enum memblock_flags set)
{
	const struct change c = {.keep = (enum memblock_flags) ~flag, .set = set, .keep_nid = true};

	return change(&memblock.memory, base, size, &c);
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
	const struct change c = {.keep = (enum memblock_flags) ~0U, .nid = nid};

	return change(type, base, size, &c);
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

			try_remove(type, from, to); /* never splits */
			i = first_ending_above(type, to);
		}
	}
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base >= end)
		return;
	if (!count(&memblock.memory)) {
		COMPLAIN("no memory is known yet that could be capped", size);
		return;
	}
	remove_mapped(0, base);
	remove_mapped(end, PHYS_ADDR_MAX);
	try_remove(&memblock.reserved, 0, base);
	try_remove(&memblock.reserved, end, PHYS_ADDR_MAX);
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

	try_remove(&memblock.memory, end, PHYS_ADDR_MAX);
	try_remove(&memblock.reserved, end, PHYS_ADDR_MAX);
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

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
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
