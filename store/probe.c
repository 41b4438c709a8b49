/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "store/door.h"
#include "store/format.h"
#include "store/super.h"

enum store_found store_probe(const struct store_media *media)
{
	struct store_door d = door_to(media);
	struct store_super sb;
	int copies;

	return super_usable(media) ? super_read(&d, &sb, &copies) : STORE_NOTHING;
}

const void *store_seek(const void *from, uint32_t step, uint32_t count)
{
	const uint8_t *page = from;

	for (; count > 0; count--, page += step)
		if (be32_load(page) == SB_MAGIC_VALUE ||
		    be32_load(page + SB_COPY_B) == SB_MAGIC_VALUE)
			return page;
	return NULL;
}

bool store_identify(const void *page, struct store_identity *id)
{
	/* Reading a superblock writes nothing. */
	const struct store_media media = {.base = (void *)(uintptr_t)page};
	const struct store_door d = door_to(&media);
	struct store_super sb;
	int copies;

	if (super_read(&d, &sb, &copies) != STORE_VALID)
		return false;
	*id = (struct store_identity){
		.place = sb.place, .size = sb.region_size, .generation = sb.generation};
	return true;
}
