/* SPDX-License-Identifier: MIT */
/* Allocations: every place is found by going through all granules. */
#include "tests/unit/memblock_model.h"

#include <string.h>

/* The places that a call tries, in order. */
struct attempts {
	unsigned at[2];
	unsigned n;
};

/* Which tags of memory may be given: on node NID, and mirrored if MIRROR. */
static void find_givable(bool *givable, int nid, bool mirror)
{
	for (unsigned tag = 0; tag < 256; tag++)
		givable[tag] = tag & 0x80 && !(tag & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)) &&
			       (!mirror || tag & MEMBLOCK_MIRROR) &&
			       (nid == NUMA_NO_NODE || nid_of((uint8_t)tag) == nid);
}

/* Narrows [*lo, *hi) to what may be given whatever is there: not page 0, not half a granule. */
static void narrow(unsigned *lo, unsigned *hi)
{
	while (*lo < *hi && address(*lo) < PAGE_SIZE)
		(*lo)++;
	if (model.stage.at_top && model.stage.granule && *hi == GRANULES)
		*hi = GRANULES - 1;
}

static bool aligned(unsigned i, unsigned shift)
{
	if (shift == ALIGN_ZERO)
		return !(address(i) & (SMP_CACHE_BYTES - 1));
	return !(i & ((1u << shift) - 1));
}

/* The granule in [lo, hi) where C's block begins; GRANULES: nowhere. */
static unsigned place(const struct call *c, unsigned lo, unsigned hi, int nid, bool mirror)
{
	bool up = memblock.bottom_up, givable[256];
	uint8_t tag = 0;
	unsigned run = 0;

	find_givable(givable, nid, mirror);
	narrow(&lo, &hi);
	for (unsigned n = 0; lo + n < hi; n++) {
		unsigned i = up ? lo + n : hi - 1 - n;

		if (model.reserved[i] || !givable[model.memory[i]]) {
			run = 0;
			continue;
		}
		run = run && model.memory[i] == tag ? run + 1 : 1;
		tag = model.memory[i];
		if (run >= c->size && aligned(up ? i + 1 - c->size : i, c->shift))
			return up ? i + 1 - c->size : i;
	}
	return GRANULES;
}

/* The list was right before the call. */
static bool some_is_mirrored(void)
{
	const struct memblock_region *r;

	for_each_mem_region (r)
		if (r->flags & MEMBLOCK_MIRROR)
			return true;
	return false;
}

/*
 * Mirrored memory first, on any node, and the node first in each. The place that is found is the
 * one that is taken: an array that is too full for it is no reason to look further.
 */
static void try_range(struct attempts *a, const struct call *c, unsigned lo, unsigned hi, int nid,
		      bool exact)
{
	unsigned at = GRANULES;

	for (int mirror = some_is_mirrored(); mirror >= 0 && at == GRANULES; mirror--) {
		at = place(c, lo, hi, nid, mirror);
		if (at == GRANULES && nid != NUMA_NO_NODE && !exact)
			at = place(c, lo, hi, NUMA_NO_NODE, mirror);
	}
	if (at != GRANULES)
		a->at[a->n++] = at;
}

/* [lo, hi) as granules: hi at address 0 is MEMBLOCK_ALLOC_ACCESSIBLE. */
static unsigned search_end(const struct call *c)
{
	return address(c->hi) == MEMBLOCK_ALLOC_ACCESSIBLE ? model.limit : c->hi;
}

/* Whether C's function prefers addresses from its start on, and ends at the limit. */
static bool takes_min_addr(enum op op)
{
	return op == ALLOC_TRY || op == ALLOC_EXACT || op == ALLOC_ZEROED;
}

static void try_all(struct attempts *a, const struct call *c)
{
	unsigned lo = c->lo, hi = search_end(c);
	int nid = c->op == ALLOC_RANGE || c->op == FIND || c->op == ALLOC ? NUMA_NO_NODE : c->nid;
	bool exact = c->op == ALLOC_EXACT || (c->op == ALLOC_RANGE_NID && c->flags);

	if (!c->size)
		return;
	if (c->op == ALLOC || c->op == ALLOC_PHYS_NID) {
		lo = 0;
		hi = model.limit;
	}
	if (takes_min_addr(c->op) && hi > model.limit)
		hi = model.limit;
	try_range(a, c, lo, hi, nid, exact);
	if (takes_min_addr(c->op) && address(lo))
		try_range(a, c, 0, hi, nid, exact);
}

static phys_addr_t at_pointer(const void *ptr)
{
	return (phys_addr_t)(uintptr_t)ptr;
}

static phys_addr_t call_alloc(const struct call *c)
{
	phys_addr_t size = (phys_addr_t)c->size << model.stage.granule;
	phys_addr_t align = (phys_addr_t)1 << (model.stage.granule + c->shift);
	phys_addr_t lo = address(c->lo), hi = address(c->hi);

	if (c->shift == ALIGN_ZERO)
		align = 0;
	switch (c->op) {
	case ALLOC:
		return memblock_phys_alloc(size, align);
	case ALLOC_RANGE:
		return memblock_phys_alloc_range(size, align, lo, hi);
	case ALLOC_RANGE_NID:
		return memblock_alloc_range_nid(size, align, lo, hi, c->nid, c->flags);
	case ALLOC_PHYS_NID:
		return memblock_phys_alloc_try_nid(size, align, c->nid);
	case ALLOC_TRY:
		return at_pointer(memblock_alloc_try_nid_raw(size, align, lo, hi, c->nid));
	case ALLOC_EXACT:
		return at_pointer(memblock_alloc_exact_nid_raw(size, align, lo, hi, c->nid));
	case ALLOC_ZEROED:
		return at_pointer(memblock_alloc_try_nid(size, align, lo, hi, c->nid));
	default:
		return memblock_find_in_range(lo, hi, size, align);
	}
}

/* What is wrong with the block AT, which is what was GOT or not; BEFORE is the list before it. */
static const char *attempt_differs(const struct call *c, const struct change *before, unsigned at,
				   bool got)
{
	struct change ch;

	begin(&ch, &memblock.reserved, at, at + c->size);
	ch.regions = before->regions;
	ch.max = before->max;
	memset(model.reserved + at, PLAIN, c->size);
	return got ? settle(&ch, 0) : refuse(&ch);
}

/* Where the array is too full for a place above the wished-for minimum, one below may do. */
static const char *differs(const struct call *c, const struct change *before,
			   const struct attempts *a, phys_addr_t got)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < a->n && !wrong; i++) {
		wrong = attempt_differs(c, before, a->at[i], got == address(a->at[i]));
		if (got == address(a->at[i]))
			return wrong;
	}
	if (!wrong && got)
		wrong = "not a place that it has";
	return !wrong && grow_events() ? "failed, but an array has moved" : wrong;
}

const char *model_alloc(const struct call *c)
{
	struct attempts a = {.n = 0};
	struct change before;
	const char *wrong;
	phys_addr_t got;

	try_all(&a, c);
	begin(&before, &memblock.reserved, 0, 0);
	got = call_alloc(c);
	if (c->op == FIND)
		return got == (a.n ? address(a.at[0]) : 0) ? NULL : "not the first place";
	wrong = differs(c, &before, &a, got);
	model.complaints_due += !c->size;
	model.complaints_open |= a.n > 1;
	model.allocated += got != 0;
	if (!wrong && got && c->op == ALLOC_ZEROED)
		return grow_zeroed(granule_at(got), granule_at(got) + c->size);
	return wrong;
}
