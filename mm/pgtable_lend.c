/* SPDX-License-Identifier: MIT */
#include "mm/pgtable_lend.h"

#include <errno.h>

#include "mm/pgtable_entry.h"

int pgtable_take(struct pgtable *pt, uint32_t from, uint64_t size, uint32_t *base)
{
	uint32_t count = (uint32_t)(size >> SECTION_SHIFT), run = 0;

	for (uint32_t i = from >> SECTION_SHIFT; i < ROOT_ENTRIES; i++) {
		run = pt->root[i] ? 0 : run + 1;
		if (run < count + 2)
			continue;
		for (uint32_t s = i - count; s < i; s++)
			pt->root[s] = TAKEN;
		pt->taken += count;
		*base = (i - count) << SECTION_SHIFT;
		return 0;
	}
	return -ENOSPC;
}

void pgtable_cut_off(struct pgtable *pt, uint32_t base, uint64_t size)
{
	uint32_t *entry = pt->root + (base >> SECTION_SHIFT);

	for (uint32_t n = (uint32_t)(size >> SECTION_SHIFT); n; n--, entry++)
		*entry = (*entry & LEAF_MASK) | TAKEN;
}

void pgtable_leave(struct pgtable *pt, uint32_t base, uint64_t size)
{
	uint32_t *entry = pt->root + (base >> SECTION_SHIFT), n = (uint32_t)(size >> SECTION_SHIFT);

	pt->taken -= n;
	for (; n; n--)
		*entry++ = 0;
}

void pgtable_lend(struct pgtable *pt, uint32_t span, uint64_t end, uint32_t tables)
{
	for (uint64_t at = span; at < end && at < (uint64_t)span + PGTABLE_SPAN;
	     at += PGTABLE_SECTION, tables += PGTABLE_LEAF_BYTES)
		pt->root[at >> SECTION_SHIFT] = tables | DOMAIN(PGTABLE_DOMAIN) | TYPE_LEAF;
}

uint32_t pgtable_lent(const struct pgtable *pt, uint32_t address)
{
	return pt->root[address >> SECTION_SHIFT] & ~(uint32_t)(PAGE_SIZE - 1);
}

/* The entry of the page at ADDRESS. */
static uint32_t *entry_of(const struct pgtable *pt, uint32_t address)
{
	return leaf_of(pt, pt->root[address >> SECTION_SHIFT]) +
	       (address >> PAGE_SHIFT & (LEAF_ENTRIES - 1));
}

void pgtable_put(struct pgtable *pt, uint32_t address, uint32_t at)
{
	*entry_of(pt, address) = at | pgtable_page_bits(PGTABLE_RAM);
}

uint32_t pgtable_place(const struct pgtable *pt, uint32_t address)
{
	if (!pgtable_lent(pt, address))
		return 0;
	return *entry_of(pt, address) & ~(uint32_t)(PAGE_SIZE - 1);
}
