/* SPDX-License-Identifier: MIT */
#include "boot/mmu.h"

#include "boot/layout.h"
#include "boot/map.h"
#include "boot/page_fault.h"
#include "drivers/cache.h"
#include "drivers/cp15.h"
#include "drivers/irq.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "mm/arena.h"
#include "mm/heap.h"

#define DACR_OPEN (DACR_CLIENT(PGTABLE_DOMAIN) | DACR_MANAGER(PGTABLE_DOMAIN_GUARDED))

_Static_assert(DACR_CLOSED == (DACR_CLIENT(PGTABLE_DOMAIN) | DACR_CLIENT(PGTABLE_DOMAIN_GUARDED)),
	       "the interrupt vector's idea of a closed window");

static uint32_t first_table[PGTABLE_BYTES(0) / 4] __attribute__((aligned(PGTABLE_ALIGN)));
static struct pgtable first, made;
static struct pgtable *live = &first;
static uint32_t ttbr; /* read by cores whose caches are off */
static struct map_range image_parts[4 + 2 * CORES_MAX];
static struct map map;

void mmu_start(void)
{
	uintptr_t image = (uintptr_t)__image_start;

	live = &first;
	pgtable_init(&first, first_table, (uint32_t)(uintptr_t)first_table, 0);
	pgtable_map(&first, PGTABLE_SECTION, PGTABLE_SPACE - PGTABLE_SECTION, PGTABLE_DEVICE);
	mmu_map_normal(image, (uintptr_t)__image_end - image);
	mmu_map_normal(RAM_OF(image), 1);
	ttbr = first.at | TTBR_WALK;
	cache_start_scu();
	mmu_join();
}

void mmu_join(void)
{
	uint32_t sctlr = read_sctlr() & ~(SCTLR_A | SCTLR_TRE | SCTLR_AFE);

	/* Where a loader set the bits, the register may be read-only. */
	if (~read_actlr() & (ACTLR_SMP | ACTLR_FW))
		write_actlr(read_actlr() | ACTLR_SMP | ACTLR_FW);
	invalidate_icache();
	write_ttbr0(ttbr);
	write_dacr(DACR_CLOSED);
	isb(); /* from here on no walk goes by what was there before (DDI 0406C, B3.10.4) */
	invalidate_tlb();
	dsb();
	isb();
	write_sctlr(sctlr | SCTLR_M | SCTLR_C | SCTLR_Z | SCTLR_I);
	isb();
}

/* Makes changes of live tables count for every core. */
static void publish(void)
{
	dsb();
	invalidate_tlb_everywhere();
	dsb();
	isb();
}

void mmu_map_normal(uintptr_t base, size_t size)
{
	uint32_t start = ROUND_DOWN((uint32_t)base, PGTABLE_SECTION);
	uint64_t end = ROUND_UP((uint64_t)base + size, PGTABLE_SECTION);

	if (size)
		pgtable_map(&first, start, (end < PGTABLE_SPACE ? end : PGTABLE_SPACE) - start,
			    PGTABLE_EARLY);
	publish();
}

void mmu_claim(uintptr_t base, size_t size)
{
	struct map_range device = {.base = base, .size = size, .attr = PGTABLE_DEVICE};
	int err;

	if (live == &first) {
		if (map.device_count < ARRAY_SIZE(map.devices))
			map.devices[map.device_count++] = device;
		else
			pr_err("0x%lx: more than %u devices: it will not be reachable",
			       (unsigned long)base, MAP_DEVICES_MAX);
		return;
	}
	err = map_device(&made, &device);
	if (err)
		pr_err("0x%lx: the device cannot be mapped: %s", (unsigned long)base,
		       error_text(err));
	publish();
}

/* The parts of the image: code, constants, what is written, what a reset keeps; and the guards. */
static unsigned image_ranges(struct map_range *range)
{
	const struct {
		const char *start;
		enum pgtable_attr attr;
	} parts[] = {
		{__image_start, PGTABLE_TEXT}, {__rodata_start, PGTABLE_CONST},
		{__data_start, PGTABLE_RAM},   {__kept_start, PGTABLE_UNCACHED},
		{__image_end, PGTABLE_FAULT},
	};
	unsigned n = 0;

	for (; parts[n].start != __image_end; n++)
		range[n] = (struct map_range){
			.base = (uint32_t)(uintptr_t)parts[n].start,
			.size = (uint32_t)(parts[n + 1].start - parts[n].start),
			.attr = parts[n].attr,
		};
	for (unsigned core = 0; core < CORES_MAX; core++) {
		uint32_t below = (uint32_t)(uintptr_t)stacks[core];

		range[n++] = (struct map_range){below, GUARD_SIZE, PGTABLE_FAULT};
		range[n++] = (struct map_range){below + GUARD_SIZE + EXCEPTION_STACK_SIZE,
						GUARD_SIZE, PGTABLE_FAULT};
	}
	return n;
}

/* Drops what the data cache has of what a reset keeps: no cache may have a line of it any more. */
static void drop_kept(void)
{
	clean_invalidate_dcache(__kept_start, (uintptr_t)__image_end - (uintptr_t)__kept_start);
	dsb();
}

/*
 * Goes over to the tables that were made. The isb() makes all walks behind it go by them; what
 * walks before it brought is what publish() drops. An interrupt would write to what is kept.
 */
static void go_over(void)
{
	uint32_t was = irq_save();

	live = &made;
	ttbr = made.at | TTBR_WALK;
	clean_dcache(&ttbr, sizeof(ttbr));
	drop_kept();
	write_ttbr0(ttbr);
	isb();
	publish();
	drop_kept(); /* what was fetched since, though nothing asked for it */
	irq_restore(was);
}

void mmu_protect(struct boot *b)
{
	unsigned leaves;
	phys_addr_t at, size;

	map.boot = b;
	map.image = image_parts;
	map.image_count = image_ranges(image_parts);
	leaves = map_leaves(&map);
	size = ROUND_UP(PGTABLE_BYTES(leaves), PAGE_SIZE);
	at = heap_find(size, PGTABLE_ALIGN);
	if (at && !memblock_reserve(at, size)) {
		boot_note(b, at, size, "page tables", false);
		pgtable_init(&made, (uint32_t *)(uintptr_t)at, at, leaves);
		if (!map_build(&made, &map)) {
			go_over();
			if (b->store_place != STORE_PLACE_NONE && !map_guards_store(b))
				pr_info("store: " PRIpa "+" PRIpa ": not made of whole MiB: not "
					"protected from stray writes",
					b->store_base, b->store_size);
			return;
		}
	}
	pr_err("no memory for page tables: nothing is protected, not even the code");
}

/* All memory is mapped to itself. */
static void *in_memory(phys_addr_t base)
{
	return (void *)(uintptr_t)base;
}

/* Entries that map nothing are in no TLB (B3.10.1), so what takes their place counts at once. */
static void written(void)
{
	dsb();
}

void mmu_start_arenas(void)
{
	static const struct arena_env env = {
		.pt = &made,
		.memory = in_memory,
		.barrier = written,
		.unmade = publish,
		.probe = arena_probe,
	};

	if (live == &made)
		arenas_start(&env);
}

const struct pgtable *mmu_tables(void)
{
	return live;
}

enum pgtable_attr mmu_attr(uintptr_t addr)
{
	return pgtable_attr(live, (uint32_t)addr);
}

bool mmu_mapped(uintptr_t addr)
{
	return mmu_attr(addr) != PGTABLE_FAULT;
}

void mmu_store_window(void *ctx, bool open)
{
	(void)ctx;
	write_dacr(open ? DACR_OPEN : DACR_CLOSED);
	isb();
}
