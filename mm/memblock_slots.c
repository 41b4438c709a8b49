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

void memblock_release_slots(void)
{
	struct memblock_type *type = &memblock.reserved;
	struct memblock_region *old = type->regions;
	size_t old_size = type->max * sizeof(*old);

	/* What it takes to free the array must fit, too. */
	if (old == memblock_first_reserved || type->cnt >= INIT_MEMBLOCK_RESERVED_REGIONS)
		return;
	type->regions = memcpy(memblock_first_reserved, old, type->cnt * sizeof(*old));
	type->max = INIT_MEMBLOCK_RESERVED_REGIONS;
	memblock_free(old, ROUND_UP(old_size, PAGE_SIZE));
}
