/* SPDX-License-Identifier: MIT */
#include "mm/pgtable.h"

#define SECTION 0x2u
#define SECTION_B (1u << 2)
#define SECTION_C (1u << 3)
#define SECTION_XN (1u << 4)
#define SECTION_AP_RW (3u << 10)
#define SECTION_TEX(x) ((uint32_t)(x) << 12)
#define SECTION_S (1u << 16)

#define SECTION_SHIFT 20

static const uint32_t attributes[] = {
	/* TEX C B = 000 0 1 and 001 1 1 (table B3-10, TEX remap off) */
	[PGTABLE_DEVICE] = SECTION | SECTION_B | SECTION_XN | SECTION_AP_RW,
	[PGTABLE_NORMAL] =
		SECTION | SECTION_TEX(1) | SECTION_C | SECTION_B | SECTION_S | SECTION_AP_RW,
};

void pgtable_init(uint32_t table[PGTABLE_ENTRIES])
{
	for (uint32_t i = 0; i < PGTABLE_ENTRIES; i++)
		table[i] = i << SECTION_SHIFT | attributes[PGTABLE_DEVICE];
}

void pgtable_map(uint32_t table[PGTABLE_ENTRIES], uint32_t base, uint32_t size,
		 enum pgtable_attr attr)
{
	uint32_t last = size > UINT32_MAX - base ? UINT32_MAX : base + size - 1;

	if (!size)
		return;
	for (uint32_t i = base >> SECTION_SHIFT; i <= last >> SECTION_SHIFT; i++)
		table[i] = attr == PGTABLE_FAULT ? 0 : i << SECTION_SHIFT | attributes[attr];
}

bool pgtable_mapped(const uint32_t table[PGTABLE_ENTRIES], uint32_t address)
{
	return table[address >> SECTION_SHIFT] != 0;
}
