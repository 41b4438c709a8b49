/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of memblock calls against a map with one byte per granule.
 *
 * The map covers a window of 4096 granules (of one page, or of one byte) at the bottom, in the
 * middle or at the top of the address space; the arrays have 4 to 16 entries, so that they are full
 * most of the time. A sequence that fails is shortened as far as it still fails, and printed.
 *
 * MEMBLOCK_CALLS sets how many calls are made, MEMBLOCK_SEED where to begin: the seed that a
 * failure prints repeats it at once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mm/memblock.h"

#define GRANULES 4096u
#define SEQUENCE 200 /* calls from empty lists on */
#define DEFAULT_CALLS 1000000
#define DEFAULT_SEED 20240229
#define ALIGN_ZERO 15u /* the shift that stands for align 0 */

enum op {
	ADD,
	ADD_NODE,
	RESERVE,
	REMOVE,
	FREE,
	MARK_NOMAP,
	CLEAR_NOMAP,
	MARK_HOTPLUG,
	ALLOC,
	ALLOC_RANGE,
	ALLOC_TRY,
	FIND,
	CAP,
	TRIM,
	DIRECTION,
	LIMIT,
	ASK,
	FREE_RANGES,
	OPS,
};

/* One call. What a kind of call has no use for is random and ignored. */
struct call {
	enum op op;
	unsigned lo, hi; /* granules [lo, hi); for allocations lo may be at or above hi */
	bool beyond;     /* the size goes on to PHYS_ADDR_MAX; hi is GRANULES then */
	unsigned size;   /* granules to allocate */
	unsigned shift;  /* of the alignment, in granules; or ALIGN_ZERO */
	int nid;
	enum memblock_flags flags;
};

/* Where a sequence plays, and in arrays of which sizes. */
struct stage {
	phys_addr_t origin; /* the address of granule 0 */
	unsigned granule;   /* bytes of one, as a shift */
	bool at_top;        /* granule 4095 ends the address space and lacks its last byte */
	unsigned long memory_max, reserved_max;
};

/* A granule that is present; absent ones are 0. The byte after a map's end is always 0. */
#define TAG(nid, flags) ((uint8_t)(0x80 | ((nid) + 1) << 4 | (int)(flags)))
#define PLAIN TAG(NUMA_NO_NODE, MEMBLOCK_NONE)

static struct stage stage;
static uint8_t memory_map[GRANULES + 1], reserved_map[GRANULES + 1];
static unsigned limit; /* current_limit as a granule; GRANULES: MEMBLOCK_ALLOC_ANYWHERE */
static struct {
	unsigned long calls, refused, allocated;
} counts;

static phys_addr_t address(unsigned granule)
{
	if (granule == GRANULES && stage.at_top)
		return PHYS_ADDR_MAX;
	return (phys_addr_t)(stage.origin + ((phys_addr_t)granule << stage.granule));
}

/* The granules that can be covered: one byte of the address space never is. */
static unsigned coverable(unsigned granule)
{
	return stage.at_top && !stage.granule && granule == GRANULES ? GRANULES - 1 : granule;
}

/* The granule that begins at ADDR (or, with GRANULES, ends there); more if there is none. */
static unsigned granule_at(phys_addr_t addr)
{
	phys_addr_t offset = (phys_addr_t)(addr - stage.origin);

	if (stage.at_top && addr == PHYS_ADDR_MAX)
		return coverable(GRANULES);
	if (offset >> stage.granule > GRANULES || offset & (((phys_addr_t)1 << stage.granule) - 1))
		return GRANULES + 1;
	return (unsigned)(offset >> stage.granule);
}

static phys_addr_t size_of(const struct call *c)
{
	return c->beyond ? PHYS_ADDR_MAX : (phys_addr_t)(c->hi - c->lo) << stage.granule;
}

/* ---- a list against its map ---- */

/* Whether [lo, hi) is all TAG. */
static bool is_run(const uint8_t *map, unsigned lo, unsigned hi, uint8_t tag)
{
	return lo >= hi || (map[lo] == tag && !memcmp(map + lo, map + lo + 1, hi - lo - 1));
}

static uint8_t tag_of(const struct memblock_region *r)
{
#ifdef CONFIG_NUMA
	return TAG(r->nid, r->flags);
#else
	return TAG(NUMA_NO_NODE, r->flags);
#endif
}

/* What is wrong with R, or NULL; the list was right up to *pos, which becomes the end of R. */
static const char *region_differs(const struct memblock_region *r, const uint8_t *map,
				  unsigned *pos)
{
	unsigned lo = granule_at(r->base), hi = granule_at((phys_addr_t)(r->base + r->size));

	if (!r->size)
		return "a region of size 0";
	if (lo > GRANULES || hi > GRANULES || lo >= hi)
		return "a region that nobody asked for";
	if (lo < *pos)
		return "regions out of order";
	if (!is_run(map, *pos, lo, 0))
		return "something is missing";
	if (!is_run(map, lo, hi, tag_of(r)))
		return "a region too large or with wrong flags";
	if (lo && map[lo - 1] == map[lo])
		return "neighbours not merged";
	*pos = hi;
	return NULL;
}

static const char *list_differs(const struct memblock_type *type, const uint8_t *map)
{
	const struct memblock_region *r = type->regions;
	const char *wrong = NULL;
	phys_addr_t total = 0;
	unsigned pos = 0;

	if (type->cnt < 1 || type->cnt > type->max)
		return "cnt not in 1..max";
	if (type->cnt == 1 && !r->size) {
		if (r->base || r->flags || type->total_size)
			return "empty, but not {0, 0}";
		return is_run(map, 0, GRANULES, 0) ? NULL : "everything is missing";
	}
	for (unsigned long i = 0; i < type->cnt && !wrong; i++) {
		wrong = region_differs(&r[i], map, &pos);
		total += r[i].size;
	}
	if (!wrong && total != type->total_size)
		wrong = "total_size is not the sum";
	if (!wrong && !is_run(map, pos, GRANULES, 0))
		wrong = "something is missing at the end";
	return wrong;
}

/* ---- changes of one range in one list ---- */

struct change {
	const struct memblock_type *type;
	uint8_t *map;
	unsigned lo, hi;
	unsigned long regions; /* of the whole list before it */
	unsigned starts;       /* of regions in [lo, hi], before it */
	uint8_t saved[GRANULES];
};

static unsigned starts_in(const uint8_t *map, unsigned lo, unsigned hi)
{
	unsigned n = 0;

	for (unsigned i = lo; i <= hi; i++)
		n += map[i] && (!i || map[i] != map[i - 1]);
	return n;
}

static unsigned long regions_of(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size ? 0 : type->cnt;
}

/* Notes how [lo, hi) is, before the call and before the map changes. */
static void begin(struct change *ch, const struct memblock_type *type, unsigned lo, unsigned hi)
{
	ch->type = type;
	ch->map = type == &memblock.memory ? memory_map : reserved_map;
	ch->lo = lo;
	ch->hi = lo < coverable(hi) ? coverable(hi) : lo;
	ch->regions = regions_of(type);
	ch->starts = starts_in(ch->map, ch->lo, ch->hi);
	memcpy(ch->saved, ch->map + ch->lo, ch->hi - ch->lo);
}

static void undo(const struct change *ch)
{
	memcpy(ch->map + ch->lo, ch->saved, ch->hi - ch->lo);
}

/* How many regions the map has with the change. */
static unsigned long regions_after(const struct change *ch)
{
	return ch->regions - ch->starts + starts_in(ch->map, ch->lo, ch->hi);
}

/*
 * What is wrong with the answer ERR, or NULL. It is -ENOMEM if and only if the result does not fit,
 * and changes nothing then.
 */
static const char *settle(const struct change *ch, int err)
{
	bool fits = regions_after(ch) <= ch->type->max;

	if (err)
		undo(ch);
	counts.refused += err != 0;
	if (err && err != -ENOMEM)
		return "neither 0 nor -ENOMEM";
	if (fits && err)
		return "should have succeeded";
	return !fits && !err ? "should have been -ENOMEM" : NULL;
}

static const char *do_add(const struct call *c)
{
	bool node = c->op == ADD_NODE;
	struct memblock_type *type = c->op == RESERVE ? &memblock.reserved : &memblock.memory;
	uint8_t tag = PLAIN;
	struct change ch;
	int err;

	if (node)
		tag = TAG(c->nid, c->flags);
	begin(&ch, type, c->lo, c->hi);
	if (node)
		err = memblock_add_node(address(c->lo), size_of(c), c->nid, c->flags);
	else if (c->op == RESERVE)
		err = memblock_reserve(address(c->lo), size_of(c));
	else
		err = memblock_add(address(c->lo), size_of(c));
	for (unsigned i = ch.lo; i < ch.hi; i++)
		if (!ch.map[i])
			ch.map[i] = tag;
	return settle(&ch, err);
}

static const char *do_cut(const struct call *c)
{
	struct change ch;
	int err;

	begin(&ch, c->op == FREE ? &memblock.reserved : &memblock.memory, c->lo, c->hi);
	if (c->op == FREE)
		err = memblock_phys_free(address(c->lo), size_of(c));
	else
		err = memblock_remove(address(c->lo), size_of(c));
	memset(ch.map + ch.lo, 0, ch.hi - ch.lo);
	return settle(&ch, err);
}

static const char *do_mark(const struct call *c)
{
	struct change ch;
	int err;

	begin(&ch, &memblock.memory, c->lo, c->hi);
	if (c->op == MARK_NOMAP)
		err = memblock_mark_nomap(address(c->lo), size_of(c));
	else if (c->op == CLEAR_NOMAP)
		err = memblock_clear_nomap(address(c->lo), size_of(c));
	else
		err = memblock_mark_hotplug(address(c->lo), size_of(c));
	for (unsigned i = ch.lo; i < ch.hi; i++) {
		if (ch.map[i] && c->op == CLEAR_NOMAP)
			ch.map[i] = (uint8_t)(ch.map[i] & ~MEMBLOCK_NOMAP);
		else if (ch.map[i])
			ch.map[i] |= c->op == MARK_NOMAP ? MEMBLOCK_NOMAP : MEMBLOCK_HOTPLUG;
	}
	return settle(&ch, err);
}

/* ---- allocation ---- */

/* Whether granule I may be part of a block for node NID. */
static bool allocatable(unsigned i, int nid)
{
	uint8_t tag = memory_map[i];
	bool partial = stage.at_top && stage.granule && i == GRANULES - 1;

	return tag && !reserved_map[i] && address(i) >= PAGE_SIZE && !partial &&
	       !(tag & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)) &&
	       (nid == NUMA_NO_NODE || (tag & 0x70) == (TAG(nid, 0) & 0x70));
}

static bool aligned(unsigned i, unsigned shift)
{
	if (shift == ALIGN_ZERO)
		shift = stage.granule ? 0 : (unsigned)__builtin_ctz(SMP_CACHE_BYTES);
	return !(i & ((1u << shift) - 1));
}

/* The granule in [lo, hi) where C's block begins, found by going through all; GRANULES: nowhere. */
static unsigned place(const struct call *c, unsigned lo, unsigned hi, int nid)
{
	unsigned run = 0;

	for (unsigned n = 0; lo + n < hi; n++) {
		unsigned i = memblock.bottom_up ? lo + n : hi - 1 - n;
		unsigned last = memblock.bottom_up ? i - 1 : i + 1;
		unsigned start = memblock.bottom_up ? i + 1 - c->size : i;

		if (!allocatable(i, nid))
			run = 0;
		else if (run && memory_map[last] == memory_map[i])
			run++;
		else
			run = 1;
		if (run >= c->size && aligned(start, c->shift))
			return start;
	}
	return GRANULES;
}

static unsigned place_on_node(const struct call *c, unsigned lo, unsigned hi, int nid)
{
	unsigned at = nid == NUMA_NO_NODE ? GRANULES : place(c, lo, hi, nid);

	return at == GRANULES ? place(c, lo, hi, NUMA_NO_NODE) : at;
}

/* Reserves C's block AT in the map; false, and no change, if there is none or the array is full. */
static bool take(const struct call *c, unsigned at)
{
	struct change ch;

	if (at == GRANULES)
		return false;
	begin(&ch, &memblock.reserved, at, at + c->size);
	memset(ch.map + at, PLAIN, c->size);
	if (regions_after(&ch) <= ch.type->max)
		return true;
	undo(&ch);
	counts.refused++;
	return false;
}

/* [lo, hi) as granules: hi at address 0 is MEMBLOCK_ALLOC_ACCESSIBLE. */
static unsigned search_end(const struct call *c)
{
	return address(c->hi) == MEMBLOCK_ALLOC_ACCESSIBLE ? limit : c->hi;
}

static phys_addr_t expect_alloc(const struct call *c)
{
	bool whole = c->op == ALLOC;
	unsigned at = place(c, whole ? 0 : c->lo, whole ? limit : search_end(c), NUMA_NO_NODE);

	if (c->op == FIND)
		return at == GRANULES ? 0 : address(at);
	return take(c, at) ? address(at) : 0;
}

static phys_addr_t expect_try(const struct call *c)
{
	unsigned hi = search_end(c) < limit ? search_end(c) : limit;
	unsigned at = place_on_node(c, c->lo, hi, c->nid);

	if (take(c, at))
		return address(at);
	if (!address(c->lo))
		return 0;
	at = place_on_node(c, 0, hi, c->nid);
	return take(c, at) ? address(at) : 0;
}

static phys_addr_t call_alloc(const struct call *c)
{
	phys_addr_t size = (phys_addr_t)c->size << stage.granule;
	phys_addr_t align = (phys_addr_t)1 << (stage.granule + c->shift);
	phys_addr_t lo = address(c->lo), hi = address(c->hi);

	if (c->shift == ALIGN_ZERO)
		align = 0;
	if (c->op == ALLOC)
		return memblock_phys_alloc(size, align);
	if (c->op == ALLOC_RANGE)
		return memblock_phys_alloc_range(size, align, lo, hi);
	if (c->op == FIND)
		return memblock_find_in_range(lo, hi, size, align);
	return (phys_addr_t)(uintptr_t)memblock_alloc_try_nid_raw(size, align, lo, hi, c->nid);
}

static const char *do_alloc(const struct call *c)
{
	phys_addr_t want = c->op == ALLOC_TRY ? expect_try(c) : expect_alloc(c);
	phys_addr_t got = call_alloc(c);

	counts.allocated += want != 0;
	if (got == want)
		return NULL;
	return !got ? "room was not found" : !want ? "there is no room" : "not the first place";
}

/* ---- the rest ---- */

static const char *do_cap(const struct call *c)
{
	unsigned hi = coverable(c->hi);
	bool memory = regions_of(&memblock.memory);

	memblock_cap_memory_range(address(c->lo), size_of(c));
	if (!memory || c->lo >= hi)
		return NULL;
	for (unsigned i = 0; i < GRANULES; i++) {
		if (i >= c->lo && i < hi)
			continue;
		if (!(memory_map[i] & MEMBLOCK_NOMAP))
			memory_map[i] = 0;
		reserved_map[i] = 0;
	}
	return NULL;
}

static const char *do_trim(const struct call *c)
{
	unsigned shift = c->shift == ALIGN_ZERO ? 0 : c->shift, mask = (1u << shift) - 1, hi;

	memblock_trim_memory((phys_addr_t)1 << (stage.granule + shift));
	for (unsigned lo = 0; lo < GRANULES; lo = hi) {
		uint8_t tag = memory_map[lo];
		unsigned from = (lo + mask) & ~mask, to;

		for (hi = lo + 1; memory_map[hi] == tag && hi < GRANULES;)
			hi++;
		to = stage.at_top && stage.granule && hi == GRANULES ? hi - 1 : hi;
		to &= ~mask;
		memset(memory_map + lo, 0, hi - lo);
		if (from < to)
			memset(memory_map + from, tag, to - from);
	}
	return NULL;
}

static const char *do_set(const struct call *c)
{
	if (c->op == DIRECTION) {
		memblock_set_bottom_up(c->lo & 1);
		return memblock_bottom_up() == (c->lo & 1) ? NULL : "not the direction set";
	}
	limit = c->lo;
	memblock_set_current_limit(limit == GRANULES ? MEMBLOCK_ALLOC_ANYWHERE : address(limit));
	return NULL;
}

static const char *ask_bytes(unsigned g)
{
	phys_addr_t last =
		(phys_addr_t)(stage.origin + ((phys_addr_t)(g + 1) << stage.granule) - 1);
	bool memory = memory_map[g], map = memory && !(memory_map[g] & MEMBLOCK_NOMAP);

	if (memblock_is_memory(address(g)) != memory)
		return "is_memory wrong";
	if (memblock_is_map_memory(address(g)) != map)
		return "is_map_memory wrong";
	if (memblock_is_reserved(address(g)) != (bool)reserved_map[g])
		return "is_reserved wrong";
	if (memblock_is_memory(last) != (memory && last != PHYS_ADDR_MAX))
		return "is_memory of the last byte wrong";
	return NULL;
}

static const char *ask_ends(void)
{
	unsigned first = 0, last = GRANULES;

	while (first < GRANULES && !memory_map[first])
		first++;
	while (last && !memory_map[last - 1])
		last--;
	if (memblock_start_of_DRAM() != (last ? address(first) : 0))
		return "start_of_DRAM wrong";
	if (memblock_end_of_DRAM() != (last ? address(last) : 0))
		return "end_of_DRAM wrong";
	return NULL;
}

static const char *do_ask(const struct call *c)
{
	phys_addr_t base = address(c->lo), size = size_of(c);
	unsigned hi = coverable(c->hi);
	bool inside = memory_map[c->lo] && is_run(memory_map, c->lo, hi, memory_map[c->lo]);
	const char *wrong = ask_bytes(c->lo);

	if (!wrong)
		wrong = ask_ends();
	if (wrong)
		return wrong;
	if (memblock_is_region_memory(base, size) != inside)
		return "is_region_memory wrong";
	if (memblock_overlaps_region(&memblock.memory, base, size) !=
	    !is_run(memory_map, c->lo, hi, 0))
		return "overlaps_region wrong";
	if (memblock_is_region_reserved(base, size) != !is_run(reserved_map, c->lo, hi, 0))
		return "is_region_reserved wrong";
	return NULL;
}

/* The next free run from *at on, within one region; false: none. */
static bool next_free(unsigned *at, unsigned *end, enum memblock_flags flags)
{
	unsigned without = ~(unsigned)flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED);
	unsigned must = flags & MEMBLOCK_MIRROR, lo = *at, hi;

	while (lo < GRANULES && (!memory_map[lo] || memory_map[lo] & without ||
				 (must && !(memory_map[lo] & must)) || reserved_map[lo]))
		lo++;
	for (hi = lo; hi < GRANULES && memory_map[hi] == memory_map[lo] && !reserved_map[hi];)
		hi++;
	*at = lo;
	*end = hi;
	return lo < GRANULES;
}

static bool next_range(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start,
		       phys_addr_t *end)
{
	__next_mem_range(idx, NUMA_NO_NODE, flags, &memblock.memory, &memblock.reserved, start, end,
			 NULL);
	return *idx != MEMBLOCK_ITER_END;
}

static const char *do_free_ranges(const struct call *c)
{
	phys_addr_t start, end;
	unsigned lo = 0, hi;
	uint64_t idx = 0;

	for (; next_free(&lo, &hi, c->flags); lo = hi) {
		if (!next_range(&idx, c->flags, &start, &end))
			return "a free range is missing";
		if (granule_at(start) != lo || granule_at(end) != hi)
			return "a wrong free range";
	}
	return next_range(&idx, c->flags, &start, &end) ? "one free range more" : NULL;
}

static const struct {
	const char *name;
	const char *(*run)(
		const struct call *c); /* does it, here and there; what is wrong, or NULL */
	unsigned weight;
} ops[OPS] = {
	[ADD] = {"add", do_add, 10},
	[ADD_NODE] = {"add_node", do_add, 14},
	[RESERVE] = {"reserve", do_add, 18},
	[REMOVE] = {"remove", do_cut, 8},
	[FREE] = {"phys_free", do_cut, 10},
	[MARK_NOMAP] = {"mark_nomap", do_mark, 5},
	[CLEAR_NOMAP] = {"clear_nomap", do_mark, 4},
	[MARK_HOTPLUG] = {"mark_hotplug", do_mark, 3},
	[ALLOC] = {"phys_alloc", do_alloc, 4},
	[ALLOC_RANGE] = {"phys_alloc_range", do_alloc, 6},
	[ALLOC_TRY] = {"alloc_try_nid_raw", do_alloc, 6},
	[FIND] = {"find_in_range", do_alloc, 2},
	[CAP] = {"cap_memory_range", do_cap, 1},
	[TRIM] = {"trim_memory", do_trim, 1},
	[DIRECTION] = {"set_bottom_up", do_set, 1},
	[LIMIT] = {"set_current_limit", do_set, 1},
	[ASK] = {"is_..., ...overlaps, ends", do_ask, 4},
	[FREE_RANGES] = {"for_each_free_mem_range", do_free_ranges, 2},
};

/* ---- sequences ---- */

/* Empty lists in arrays that end where their memory ends. */
static void set_stage(void)
{
	memset(memory_map, 0, sizeof(memory_map));
	memset(reserved_map, 0, sizeof(reserved_map));
	limit = GRANULES;
	memblock.memory.cnt = memblock.reserved.cnt = 1;
	memblock.memory.total_size = memblock.reserved.total_size = 0;
	memblock.memory.max = stage.memory_max;
	memblock.reserved.max = stage.reserved_max;
	memblock.memory.regions = calloc(stage.memory_max, sizeof(struct memblock_region));
	memblock.reserved.regions = calloc(stage.reserved_max, sizeof(struct memblock_region));
	memblock.current_limit = MEMBLOCK_ALLOC_ANYWHERE;
	memblock.bottom_up = false;
}

static const char *play_one(const struct call *c)
{
	const char *wrong = ops[c->op].run(c);

	if (!wrong)
		wrong = list_differs(&memblock.memory, memory_map);
	if (!wrong)
		wrong = list_differs(&memblock.reserved, reserved_map);
	return wrong;
}

/* Plays the N calls on the stage; what goes wrong, or NULL. */
static const char *play(const struct call *calls, size_t n)
{
	struct memblock_region *memory, *reserved;
	const char *wrong = NULL;

	set_stage();
	memory = memblock.memory.regions;
	reserved = memblock.reserved.regions;
	for (size_t i = 0; i < n && !wrong; i++)
		wrong = play_one(&calls[i]);
	counts.calls += n;
	free(memory);
	free(reserved);
	return wrong;
}

/* Leaves out every call without which the rest still fails; returns how many are left. */
static size_t shrink(struct call *calls, size_t n)
{
	struct call without[SEQUENCE];
	bool shorter = true;

	while (shorter) {
		shorter = false;
		for (size_t i = n; i-- > 0;) {
			memcpy(without, calls, i * sizeof(*calls));
			memcpy(without + i, calls + i + 1, (n - i - 1) * sizeof(*calls));
			if (!play(without, n - 1))
				continue;
			memcpy(calls, without, --n * sizeof(*calls));
			shorter = true;
		}
	}
	return n;
}

/* A call with what it looks at; + means that the size goes on to PHYS_ADDR_MAX. */
static void print_call(const struct call *c)
{
	print_error("  %s [" PRIpa ", " PRIpa "%s)", ops[c->op].name, address(c->lo),
		    address(c->hi), c->beyond ? "+" : "");
	if (c->op >= ALLOC && c->op <= FIND)
		print_error(" size 0x%x", c->size << stage.granule);
	if ((c->op >= ALLOC && c->op <= FIND) || c->op == TRIM)
		print_error(" align 0x%x",
			    c->shift == ALIGN_ZERO ? 0 : 1u << (c->shift + stage.granule));
	if (c->op == ADD_NODE || c->op == ALLOC_TRY)
		print_error(" nid %d", c->nid);
	if (c->op == ADD_NODE || c->op == FREE_RANGES)
		print_error(" flags 0x%x", (unsigned)c->flags);
	print_error("\n");
}

static void report(uint64_t seed, struct call *calls, size_t n)
{
	const char *wrong;

	n = shrink(calls, n);
	wrong = play(calls, n);
	print_error("%s; MEMBLOCK_SEED=%llu MEMBLOCK_CALLS=%d repeats it\n", wrong,
		    (unsigned long long)seed, SEQUENCE);
	print_error("granules of %u bytes from " PRIpa ", memory.max %lu, reserved.max %lu\n",
		    1u << stage.granule, stage.origin, stage.memory_max, stage.reserved_max);
	for (size_t i = 0; i < n; i++)
		print_call(&calls[i]);
}

/* ---- chance ---- */

static uint64_t random_state;

static unsigned below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

static void choose_stage(void)
{
	phys_addr_t window;

	stage.granule = below(3) ? PAGE_SHIFT : 0;
	window = (phys_addr_t)GRANULES << stage.granule;
	stage.memory_max = 4 + below(13);
	stage.reserved_max = 4 + below(13);
	stage.at_top = false;
	switch (below(3)) {
	case 0: /* in bytes: half of it page 0 */
		stage.origin = stage.granule ? 0 : PAGE_SIZE / 2;
		break;
	case 1:
		stage.origin = 0x60000000;
		break;
	default:
		stage.origin = (phys_addr_t)(0 - window);
		stage.at_top = true;
	}
}

/* A border of a range: few different ones, so that ranges often meet. */
static unsigned border(void)
{
	switch (below(8)) {
	case 0:
		return below(GRANULES + 1);
	case 1:
		return GRANULES;
	default:
		return below(65) * 64;
	}
}

static enum op choose_op(void)
{
	unsigned total = 0, at;
	int op = 0;

	for (int i = 0; i < OPS; i++)
		total += ops[i].weight;
	for (at = below(total); at >= ops[op].weight; op++)
		at -= ops[op].weight;
	return (enum op)op;
}

/* Borders in order and not both the same, for calls that take a base and a size. */
static void order(struct call *c)
{
	if (c->lo > c->hi) {
		unsigned lo = c->hi;

		c->hi = c->lo;
		c->lo = lo;
	}
	if (c->lo == c->hi)
		c->hi = ++c->hi > GRANULES ? GRANULES : c->hi;
	if (c->lo == c->hi)
		c->lo--;
	if (below(3) && c->hi - c->lo > 256) /* long ranges leave little to happen */
		c->hi = c->lo + 64 * (1 + below(4));
	c->beyond =
		!below(16) && (stage.at_top || c->op == REMOVE || c->op == FREE || c->op == CAP);
	if (c->beyond)
		c->hi = GRANULES;
}

static struct call choose_call(void)
{
	static const enum memblock_flags flags[] = {
		MEMBLOCK_NONE,
		MEMBLOCK_NONE,
		MEMBLOCK_NOMAP,
		MEMBLOCK_HOTPLUG,
		MEMBLOCK_MIRROR,
		MEMBLOCK_DRIVER_MANAGED,
		MEMBLOCK_NOMAP | MEMBLOCK_HOTPLUG,
	};
	struct call c = {.op = choose_op(), .lo = border(), .hi = border()};
	bool alloc = c.op >= ALLOC && c.op <= FIND;

	c.size = below(4) ? 1 + below(64) : 1 + below(512);
	c.shift = below(8);
	if (alloc && !below(8) && !(stage.at_top && stage.granule))
		c.shift = ALIGN_ZERO;
	c.nid = NUMA_NO_NODE;
#ifdef CONFIG_NUMA
	c.nid += (int)below(4);
#endif
	c.flags = flags[below(ARRAY_SIZE(flags))];
	if (c.op != LIMIT && !alloc)
		order(&c);
	return c;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_calls(void **state)
{
	uint64_t calls = number_of("MEMBLOCK_CALLS", DEFAULT_CALLS);
	struct call sequence[SEQUENCE];

	(void)state;
	random_state = number_of("MEMBLOCK_SEED", DEFAULT_SEED);
	random_state += !random_state; /* 0 would stay 0 */
	print_message("MEMBLOCK_SEED=%llu MEMBLOCK_CALLS=%llu\n", (unsigned long long)random_state,
		      (unsigned long long)calls);
	while (counts.calls < calls) {
		uint64_t seed = random_state;

		choose_stage();
		for (size_t i = 0; i < SEQUENCE; i++)
			sequence[i] = choose_call();
		if (play(sequence, SEQUENCE)) {
			report(seed, sequence, SEQUENCE);
			fail();
		}
	}
	print_message("figure memblock_random_calls %lu calls\n", counts.calls);
	print_message("figure memblock_random_refused %lu calls\n", counts.refused);
	print_message("figure memblock_random_allocated %lu calls\n", counts.allocated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_calls),
	};

	return cmocka_run_group_tests_name("memblock random", tests, NULL, NULL);
}
