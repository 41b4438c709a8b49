/* SPDX-License-Identifier: MIT */
/* Slots of the list of reservations that are there before they are needed. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "memblock_internal.h"

int memblock_reserve_slots(unsigned long slots)
{
	struct memblock_type *type = &memblock.reserved;
	unsigned long has = memblock_count(type);

	if (type->max - has >= slots)
		return 0;
	if (slots > ULONG_MAX - 2 - has)
		return -ENOMEM;
	/* The array takes a slot in itself, and to free the old one may take another. */
	return memblock_double_array(type, has + slots + 2, 0, 0);
}

void memblock_release_slots(unsigned long max)
{
	struct memblock_type *type = &memblock.reserved;
	struct memblock_region *old = type->regions, *array = memblock_first_reserved;
	phys_addr_t old_size = ROUND_UP((phys_addr_t)(type->max * sizeof(*old)), PAGE_SIZE);
	bool first = max <= INIT_MEMBLOCK_RESERVED_REGIONS;

	/* To free the old array may take a slot, and so may the new one if it is not the first. */
	if (max >= type->max || type->cnt + !first >= max)
		return;
	if (!first) {
		phys_addr_t size = ROUND_UP((phys_addr_t)(max * sizeof(*old)), PAGE_SIZE);
		phys_addr_t at =
			memblock_find_in_range(0, MEMBLOCK_ALLOC_ACCESSIBLE, size, PAGE_SIZE);

		if (!at)
			return;
		memblock_reserve(at, size);
		array = (struct memblock_region *)(uintptr_t)at;
	}
	type->regions = memcpy(array, old, type->cnt * sizeof(*old));
	type->max = max;
	memblock_phys_free((phys_addr_t)(uintptr_t)old, old_size);
}
