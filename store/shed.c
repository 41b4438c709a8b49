/* SPDX-License-Identifier: MIT */
/* Entries that go because somebody needs the memory that they cost outside of the region. */
#include "store/internal.h"

int store_shed(struct store *s, uint32_t most)
{
	int err = store_begin(s);
	uint32_t count, gone;

	if (err)
		return err;
	count = s->index.count;
	gone = store_evict_to(s, most < count ? count - most : 0);
	store_end(s);
	return (int)gone;
}
