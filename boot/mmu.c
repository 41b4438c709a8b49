/* SPDX-License-Identifier: MIT */
#include "boot/mmu.h"

#include "boot/layout.h"
#include "drivers/cp15.h"
#include "mm/pgtable.h"

static uint32_t table[PGTABLE_ENTRIES] __attribute__((aligned(PGTABLE_ALIGN)));

static void refresh(void)
{
	dsb();
	invalidate_tlb();
	dsb();
	isb();
}

void mmu_start(void)
{
	uintptr_t image = (uintptr_t)__image_start;

	pgtable_init(table);
	pgtable_map(table, 0, 1, PGTABLE_FAULT);
	pgtable_map(table, image, (uint32_t)((uintptr_t)__image_end - image), PGTABLE_NORMAL);
	pgtable_map(table, RAM_OF(image), 1, PGTABLE_NORMAL);
	mmu_join();
}

void mmu_join(void)
{
	invalidate_icache();
	write_ttbr0(table);
	refresh();
	write_sctlr((read_sctlr() | SCTLR_M) & ~SCTLR_A);
	isb();
}

void mmu_map_normal(uintptr_t base, size_t size)
{
	pgtable_map(table, base, size, PGTABLE_NORMAL);
	refresh();
}

bool mmu_mapped(uintptr_t addr)
{
	return pgtable_mapped(table, addr);
}
