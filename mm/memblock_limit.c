/* SPDX-License-Identifier: MIT */
/* Flags and nodes of the memory in a range, and limits: what lies outside of them goes. */
#include "memblock_internal.h"

static const struct memblock_change clear_mapped = {
	.spare = MEMBLOCK_NOMAP, .set = NOTHING, .gap = NOTHING};

/* Sets, or with SET 0 clears, FLAG on the part of `memory` in [base, base + size). */
static int mark(phys_addr_t base, phys_addr_t size, enum memblock_flags flag,
		enum memblock_flags set)
{
	const struct memblock_change c = {
		.keep = (attr_t)~flag, .set = (attr_t)set, .gap = NOTHING};

	return memblock_change(base, size, &memblock.memory, &c);
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
	memblock_has_mirror = true;
	return mark(base, size, MEMBLOCK_MIRROR, MEMBLOCK_MIRROR);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid)
{
	const struct memblock_change c = {.keep = 0xff, .set = attributes(nid, 0), .gap = NOTHING};

	return memblock_change(base, size, type, &c);
}

/* Clears all of TYPE outside of [base, end). That splits no region, which might fail. */
static void clear_outside(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			  const struct memblock_change *c)
{
	memblock_change(0, base, type, c);
	memblock_change(end, PHYS_ADDR_MAX, type, c);
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base >= end)
		return;
	if (!memblock_count(&memblock.memory)) {
		memblock_wrong("no memory yet", CALLER);
		return;
	}
	clear_outside(&memblock.memory, base, end, &clear_mapped);
	clear_outside(&memblock.reserved, base, end, &memblock_clear);
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

	clear_outside(&memblock.memory, 0, end, &memblock_clear);
	clear_outside(&memblock.reserved, 0, end, &memblock_clear);
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
	     (at = memblock_first_above(type, next)) < memblock_list_end(type);) {
		struct memblock_region r = *at;
		phys_addr_t base = ROUND_UP(r.base, align);
		phys_addr_t end = ROUND_DOWN(memblock_region_end(&r), align);

		next = memblock_region_end(&r);
		if (base < r.base || base >= end)
			base = end = next;
		memblock_change(r.base, base - r.base, type, &memblock_clear);
		memblock_change(end, next - end, type, &memblock_clear);
	}
}
