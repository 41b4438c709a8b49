/* SPDX-License-Identifier: MIT */
#include "tools/fcs/find.h"

#include <errno.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/super.h"
#include "tools/fcs/text.h"

/* As much of ROOM as a region may have; 0 if it is too little for one. */
static uint32_t region_room(uint64_t room)
{
	if (room > STORE_REGION_MAX)
		return STORE_REGION_MAX;
	return room < STORE_REGION_MIN ? 0 : ROUND_DOWN((uint32_t)room, STORE_REGION_ALIGN);
}

static struct store_media media_at(const uint8_t *base, uint64_t room)
{
	/* Neither a probe nor reading the superblock writes. */
	return (struct store_media){.base = (void *)(uintptr_t)base, .size = region_room(room)};
}

int find_super(const uint8_t *base, uint64_t room, struct store_super *super)
{
	const struct store_door door = {.media = media_at(base, room)};
	int copies;

	if (!door.media.size || super_read(&door, super, &copies) != STORE_VALID ||
	    super->region_size > room)
		return -ENODATA;
	return 0;
}

enum store_found find_probe(const uint8_t *base, uint64_t room)
{
	const struct store_media media = media_at(base, room);

	return media.size ? store_probe(&media) : STORE_NOTHING;
}

/* Whether a page may begin a superblock: quick, for there are many pages. */
static bool may_begin(const uint8_t *page)
{
	return be32_load(page + SB_MAGIC) == SB_MAGIC_VALUE ||
	       be32_load(page + SB_COPY_B + SB_MAGIC) == SB_MAGIC_VALUE;
}

size_t find_regions(const uint8_t *base, uint64_t size, struct found **list)
{
	struct store_super super;
	size_t count = 0;

	*list = NULL;
	for (uint64_t off = 0; size - off >= STORE_REGION_MIN;) {
		uint32_t step = STORE_REGION_ALIGN;

		if (may_begin(base + off) && !find_super(base + off, size - off, &super)) {
			step = super.region_size;
			*list = grow(*list, (count + 1) * sizeof(**list));
			(*list)[count++] = (struct found){.offset = off, .size = step};
		}
		off += step;
	}
	return count;
}
