/* SPDX-License-Identifier: MIT */
/*
 * The iterators: two sorted lists walked side by side, the regions of one and the gaps of the
 * other.
 */
#include "memblock.h"

/* An index holds how far either list has been walked. */
static uint64_t pack(unsigned long a, unsigned long b)
{
	return (uint32_t)a | (uint64_t)b << 32;
}

/* The gap before region I of TYPE, or behind its last; without a list, all there is. */
static void gap_before(const struct memblock_type *type, unsigned long i, phys_addr_t *start,
		       phys_addr_t *end)
{
	*start = type && i ? type->regions[i - 1].base + type->regions[i - 1].size : 0;
	*end = type && i < type->cnt ? type->regions[i].base : PHYS_ADDR_MAX;
}

static bool picked(const struct memblock_type *type, const struct memblock_region *r, int nid,
		   enum memblock_flags flags)
{
	return r->size && (type != &memblock.memory || memblock_region_picked(r, nid, flags));
}

/* Hands out what R and the gap [start, end) have in common, if it is something. */
static bool hand_out(const struct memblock_region *r, phys_addr_t start, phys_addr_t end,
		     phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	if (start < r->base)
		start = r->base;
	if (end > r->base + r->size)
		end = r->base + r->size;
	if (start >= end)
		return false;
	if (out_start)
		*out_start = start;
	if (out_end)
		*out_end = end;
	if (out_nid)
		*out_nid = memblock_get_region_node(r);
	return true;
}

/* The index counts the regions of A, and the gaps of B, that are done. */
void __next_mem_range(uint64_t *idx, int nid, enum memblock_flags flags,
		      struct memblock_type *type_a, struct memblock_type *type_b,
		      phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	unsigned long a = (uint32_t)*idx, b = (unsigned long)(*idx >> 32);

	while (a < type_a->cnt) {
		const struct memblock_region *r = &type_a->regions[a];
		phys_addr_t start, end;

		gap_before(type_b, b, &start, &end);
		/* Whichever ends first is done. */
		if (!picked(type_a, r, nid, flags)) {
			a++;
			continue;
		}
		if (r->base + r->size <= end)
			a++;
		else
			b++;
		if (hand_out(r, start, end, out_start, out_end, out_nid)) {
			*idx = pack(a, b);
			return;
		}
	}
	*idx = MEMBLOCK_ITER_END;
}

/* The index counts the regions of A, and of B, that are still to come. */
void __next_mem_range_rev(uint64_t *idx, int nid, enum memblock_flags flags,
			  struct memblock_type *type_a, struct memblock_type *type_b,
			  phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid)
{
	unsigned long a = (uint32_t)*idx, b = (unsigned long)(*idx >> 32);

	if (*idx == MEMBLOCK_ITER_END) {
		a = type_a->cnt;
		b = type_b ? type_b->cnt : 0;
	}
	while (a > 0) {
		const struct memblock_region *r = &type_a->regions[a - 1];
		phys_addr_t start, end;

		gap_before(type_b, b, &start, &end);
		/* Whichever begins last is done. */
		if (!picked(type_a, r, nid, flags)) {
			a--;
			continue;
		}
		if (r->base >= start)
			a--;
		else
			b--;
		if (hand_out(r, start, end, out_start, out_end, out_nid)) {
			*idx = pack(a, b);
			return;
		}
	}
	*idx = MEMBLOCK_ITER_END;
}

void __next_mem_pfn_range(int *idx, int nid, unsigned long *out_start_pfn,
			  unsigned long *out_end_pfn, int *out_nid)
{
	const struct memblock_type *type = &memblock.memory;

	for (unsigned long i = (unsigned long)(*idx + 1); i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];
		unsigned long first = memblock_region_memory_base_pfn(r);
		unsigned long end = memblock_region_memory_end_pfn(r);
		int r_nid = memblock_get_region_node(r);

		if (first >= end || (nid != MAX_NUMNODES && nid != NUMA_NO_NODE && nid != r_nid))
			continue;
		*idx = (int)i;
		if (out_start_pfn)
			*out_start_pfn = first;
		if (out_end_pfn)
			*out_end_pfn = end;
		if (out_nid)
			*out_nid = r_nid;
		return;
	}
	*idx = -1;
}
