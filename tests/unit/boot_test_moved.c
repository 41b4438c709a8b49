/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/unit/boot_test_moved.h"

#include <sys/mman.h>

#include "boot/store_region.h"
#include "boot/store_search.h"
#include "lib/be.h"
#include "lib/crc32c.h"
#include "store/format.h"
#include "store/store.h"

uint8_t *ram;
uint64_t ram_base;
unsigned looked;
uint64_t own, own_size;

struct memblock_type reserved_before;

static struct memblock_region before[INIT_MEMBLOCK_RESERVED_REGIONS];

int moved_setup(void **state)
{
	boot_test_setup(state);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ram_base = 0x60000000;
	MEMORY("/memory", ram_base, RAM_SIZE);
	return ram == MAP_FAILED;
}

int moved_teardown(void **state)
{
	munmap(ram, RAM_SIZE);
	return boot_test_teardown(state);
}

static const void *readable(phys_addr_t base, phys_addr_t size)
{
	assert_true(base >= ram_base && size <= RAM_SIZE && base - ram_base <= RAM_SIZE - size);
	assert_true(list_covers(&memblock.memory, base, (uint64_t)base + size, 0) ||
		    list_covers(&memblock.memory, base, (uint64_t)base + size, MEMBLOCK_HOTPLUG));
	looked++;
	return ram + (base - ram_base);
}

/* What is no memory, or must not be mapped, can not be read; the rest can not be written. */
static void protect(void)
{
	const struct memblock_region *r;

	assert_int_equal(mprotect(ram, RAM_SIZE, PROT_NONE), 0);
	for_each_mem_region (r)
		if (!(r->flags & MEMBLOCK_NOMAP) && r->base - ram_base < RAM_SIZE)
			assert_int_equal(mprotect(ram + (r->base - ram_base),
						  ROUND_UP((size_t)r->size, PAGE_SIZE), PROT_READ),
					 0);
}

void put_store_told(uint64_t at, uint32_t size, uint64_t place, unsigned formats)
{
	const struct store_media media = {
		.base = ram + (at - ram_base), .size = size, .place = place};

	while (formats-- > 0)
		assert_int_equal(store_format(&media, 1), 0);
}

void put_store(uint64_t at, uint32_t size)
{
	put_store_told(at, size, at, 1);
}

void put_superblock(uint64_t at, uint32_t size)
{
	put_store(at, STORE_REGION_MIN);
	for (uint8_t *sb = ram + (at - ram_base), *end = sb + 2 * SB_COPY_B; sb < end;
	     sb += SB_COPY_B) {
		be32_store(sb + SB_REGION_SIZE, size);
		be32_store(sb + SB_CRC, crc32c(0, sb, SB_CRC));
	}
}

void search_with(const char *cmdline)
{
	boot_scan_and_reserve(cmdline);
	reserved_before = memblock.reserved;
	memcpy(before, memblock.reserved.regions, sizeof(before));
	reserved_before.regions = before;
	store_region_place(&boot);
	own = boot.store_base;
	own_size = boot.store_size;
	looked = 0;
	protect();
	store_search(&boot, readable);
	assert_int_equal(mprotect(ram, RAM_SIZE, PROT_READ | PROT_WRITE), 0);
	list_check(&memblock.reserved);
}

void expect_region(uint64_t base, uint64_t size)
{
	const struct boot_reservation *last = &boot.named[boot.named_count - 1];

	assert_true(boot.store_place != STORE_PLACE_NONE);
	assert_true(boot.store_base == base && boot.store_size == size);
	assert_true(memblock_is_region_memory(boot.store_base, boot.store_size));
	assert_true(list_covers(&memblock.reserved, base, base + size, 0));
	assert_false(memblock_overlaps_region(&reserved_before, boot.store_base, boot.store_size));
	if (boot.named_count < BOOT_NAMED_MAX) {
		assert_string_equal(last->name, "store");
		assert_true(last->base == base && last->size == size);
		for (const struct boot_reservation *r = boot.named; r < last; r++)
			assert_true(strcmp(r->name, "store") != 0);
	}
}

bool could_be_had(uint64_t base, uint64_t end)
{
	return list_covers(&memblock.memory, base, end, 0) &&
	       !memblock_overlaps_region(&reserved_before, (phys_addr_t)base,
					 (phys_addr_t)(end - base));
}

bool would_be_found(uint64_t base, struct store_identity *id)
{
	bool any_page = (own | own_size) % MEBI || base - own < own_size;

	return store_identify(ram + (base - ram_base), id) && id->place == base &&
	       (base % MEBI == 0 || any_page) &&
	       list_covers(&memblock.memory, base, base + STORE_REGION_MIN, 0);
}
