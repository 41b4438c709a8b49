/* SPDX-License-Identifier: MIT */
/* Questions: each is one binary search. */
#include "memblock_internal.h"

/* The region of TYPE that holds ADDR, or NULL. */
static const struct memblock_region *region_of(const struct memblock_type *type, phys_addr_t addr)
{
	const struct memblock_region *r = memblock_last_from(type, addr);

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

	return r && memblock_region_end(r) >= capped_end(base, size);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return region_of(&memblock.reserved, addr) != NULL;
}

bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	const struct memblock_region *r = memblock_first_above(type, base);

	return r < memblock_list_end(type) && r->base < capped_end(base, size);
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
	*end_pfn = (unsigned long)PFN_DOWN(memblock_region_end(r));
	return memblock_get_region_node(r);
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.regions[0].base;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return memblock_region_end(&memblock.memory.regions[memblock.memory.cnt - 1]);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}
