/* SPDX-License-Identifier: MIT */
/* Questions and iterators. */
#include "tests/unit/memblock_model.h"

#include <string.h>

/* ---- is_..., overlaps, ends ---- */

static const char *ask_bytes(unsigned g)
{
	phys_addr_t last = (phys_addr_t)(model.stage.origin +
					 ((phys_addr_t)(g + 1) << model.stage.granule) - 1);
	bool memory = model.memory[g], map = memory && !(model.memory[g] & MEMBLOCK_NOMAP);

	if (memblock_is_memory(address(g)) != memory)
		return "is_memory wrong";
	if (memblock_is_map_memory(address(g)) != map)
		return "is_map_memory wrong";
	if (memblock_is_reserved(address(g)) != (bool)model.reserved[g])
		return "is_reserved wrong";
	if (memblock_is_memory(last) != (memory && last != PHYS_ADDR_MAX))
		return "is_memory of the last byte wrong";
	return NULL;
}

static const char *ask_ends(void)
{
	unsigned first = 0, last = GRANULES;

	while (first < GRANULES && !model.memory[first])
		first++;
	while (last && !model.memory[last - 1])
		last--;
	if (memblock_start_of_DRAM() != (last ? address(first) : 0))
		return "start_of_DRAM wrong";
	if (memblock_end_of_DRAM() != (last ? address(last) : 0))
		return "end_of_DRAM wrong";
	if (memblock_phys_mem_size() != memblock.memory.total_size ||
	    memblock_reserved_size() != memblock.reserved.total_size)
		return "phys_mem_size or reserved_size wrong";
	return NULL;
}

/* Size 0 overlaps a region that BASE lies in, but not at its start. */
static const char *ask_points(unsigned g)
{
	bool memory = g && model.memory[g] && model.memory[g] == model.memory[g - 1];
	bool reserved = g && model.reserved[g] && model.reserved[g] == model.reserved[g - 1];

	if (memblock_overlaps_region(&memblock.memory, address(g), 0) != memory)
		return "overlaps_region of size 0 wrong";
	if (memblock_is_region_reserved(address(g), 0) != reserved)
		return "is_region_reserved of size 0 wrong";
	return NULL;
}

const char *model_ask(const struct call *c)
{
	phys_addr_t base = address(c->lo), size = size_of(c);
	unsigned hi = coverable(c->hi);
	uint8_t tag = model.memory[c->lo];
	bool inside = tag && is_run(model.memory, c->lo, hi, tag);
	const char *wrong = ask_bytes(c->lo);

	if (!wrong)
		wrong = ask_ends();
	if (!wrong)
		wrong = ask_points(c->lo);
	if (wrong)
		return wrong;
	if (memblock_is_region_memory(base, size) != inside)
		return "is_region_memory wrong";
	if (memblock_overlaps_region(&memblock.memory, base, size) !=
	    !is_run(model.memory, c->lo, hi, 0))
		return "overlaps_region wrong";
	if (memblock_is_region_reserved(base, size) != !is_run(model.reserved, c->lo, hi, 0))
		return "is_region_reserved wrong";
	return NULL;
}

/* ---- iterators ---- */

/* What __next_mem_range() is to give. */
struct walk {
	struct memblock_type *a, *b;
	int nid;
	enum memblock_flags flags;
};

struct run {
	unsigned lo, hi;
};

static const uint8_t *map_of(const struct memblock_type *type)
{
	static const uint8_t nothing[GRANULES + 1];

	if (!type)
		return nothing;
	return type == &memblock.memory ? model.memory : model.reserved;
}

static bool passes(const struct walk *w, uint8_t tag)
{
	unsigned hidden = MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED;

	if (w->a != &memblock.memory)
		return true;
	return !(tag & hidden & ~(unsigned)w->flags) &&
	       (!(w->flags & MEMBLOCK_MIRROR) || tag & MEMBLOCK_MIRROR) &&
	       (w->nid == NUMA_NO_NODE || w->nid == nid_of(tag));
}

/* All runs of W in ascending order; returns how many. */
static unsigned runs_of(const struct walk *w, struct run *runs)
{
	const uint8_t *a = map_of(w->a), *b = map_of(w->b);
	unsigned n = 0;

	for (unsigned lo = 0, hi; lo < GRANULES; lo = hi) {
		hi = lo + 1;
		if (!a[lo] || b[lo] || !passes(w, a[lo]))
			continue;
		while (hi < GRANULES && a[hi] == a[lo] && !b[hi])
			hi++;
		runs[n++] = (struct run){lo, hi};
	}
	return n;
}

/* One step, of which some of the results are wanted only: bits of WANTED. */
static const char *step(const struct walk *w, uint64_t *idx, bool reverse, unsigned wanted,
			const struct run *want)
{
	phys_addr_t start = 1, end = 2;
	int nid = 77;
	void (*next)(uint64_t * at, int node, enum memblock_flags flags, struct memblock_type *a,
		     struct memblock_type *b, phys_addr_t *out_start, phys_addr_t *out_end,
		     int *out_nid) = reverse ? __next_mem_range_rev : __next_mem_range;

	next(idx, w->nid, w->flags, w->a, w->b, wanted & 1 ? &start : NULL,
	     wanted & 2 ? &end : NULL, wanted & 4 ? &nid : NULL);
	if (!want) {
		if (*idx != MEMBLOCK_ITER_END)
			return "one range more";
		return start != 1 || end != 2 || nid != 77 ? "a result at the end" : NULL;
	}
	if (*idx == MEMBLOCK_ITER_END)
		return "a range is missing";
	if ((wanted & 1 && granule_at(start) != want->lo) ||
	    (wanted & 2 && granule_at(end) != want->hi))
		return "a wrong range";
	return wanted & 4 && nid != nid_of(map_of(w->a)[want->lo]) ? "a wrong node" : NULL;
}

const char *model_ranges(const struct call *c)
{
	static struct run runs[GRANULES];
	struct memblock_type *lists[] = {&memblock.memory, &memblock.reserved, NULL};
	unsigned wanted = c->size >> 3 & 1 ? 7 : c->size & 7;
	struct walk w = {.a = lists[c->shift & 1],
			 .b = lists[c->shift & 2 ? 2 : !(c->shift & 1)],
			 .nid = c->nid,
			 .flags = c->flags};
	unsigned n = runs_of(&w, runs);
	const char *wrong = NULL;
	uint64_t idx = 0;

	for (unsigned i = 0; i <= n && !wrong; i++)
		wrong = step(&w, &idx, false, wanted, i < n ? &runs[i] : NULL);
	idx = MEMBLOCK_ITER_END;
	for (unsigned i = 0; i <= n && !wrong; i++)
		wrong = step(&w, &idx, true, wanted, i < n ? &runs[n - 1 - i] : NULL);
	return wrong;
}

/* ---- pages ---- */

/* The last page of the address space lacks a byte: it is no whole page. */
static unsigned long end_page(unsigned granule)
{
	return (unsigned long)(address(granule) >> PAGE_SHIFT);
}

static unsigned long first_page(unsigned granule)
{
	phys_addr_t at = address(granule);

	return (unsigned long)(at >> PAGE_SHIFT) + (at % PAGE_SIZE != 0);
}

static const char *search_page(unsigned g)
{
	unsigned long start = 1, end = 2;
	uint8_t tag = model.memory[g];
	unsigned lo = g, hi = g;
	int nid = memblock_search_pfn_nid((unsigned long)(address(g) >> PAGE_SHIFT), &start, &end);

	if (!tag)
		return nid == -1 && start == 1 && end == 2 ? NULL : "a page that is no memory";
	while (lo && model.memory[lo - 1] == tag)
		lo--;
	while (hi < GRANULES && model.memory[hi] == tag)
		hi++;
	if (nid != nid_of(tag))
		return "the node of a page wrong";
	return start == first_page(lo) && end == end_page(hi) ? NULL : "the region of a page wrong";
}

const char *model_pages(const struct call *c)
{
	static struct run runs[GRANULES];
	struct walk w = {&memblock.memory, NULL, c->nid,
			 (enum memblock_flags)(MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)};
	int any = c->size & 1 ? MAX_NUMNODES : NUMA_NO_NODE;
	unsigned n = runs_of(&w, runs), at = 0;
	unsigned long start, end;
	int i, nid;

	for_each_mem_pfn_range (i, c->nid == NUMA_NO_NODE ? any : c->nid, &start, &end, &nid) {
		while (at < n && first_page(runs[at].lo) >= end_page(runs[at].hi))
			at++;
		if (at == n)
			return "one range of pages more";
		if (start != first_page(runs[at].lo) || end != end_page(runs[at].hi))
			return "a wrong range of pages";
		if (nid != nid_of(model.memory[runs[at].lo]))
			return "a wrong node of pages";
		at++;
	}
	for (; at < n; at++)
		if (first_page(runs[at].lo) < end_page(runs[at].hi))
			return "a range of pages is missing";
	return model.stage.granule == PAGE_SHIFT ? search_page(c->lo) : NULL;
}
