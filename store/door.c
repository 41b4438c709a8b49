/* SPDX-License-Identifier: MIT */
#include "store/door.h"

static void clean(struct store_door *d, uint32_t i)
{
	if (d->media.clean)
		d->media.clean(d->media.ctx, door_at(d, d->dirty[i].off), d->dirty[i].len);
}

void door_wrote(struct store_door *d, uint32_t off, uint32_t len)
{
	uint32_t last = d->count - 1;

	if (d->count && d->dirty[last].off + d->dirty[last].len == off) {
		d->dirty[last].len += len;
	} else if (d->count < ARRAY_SIZE(d->dirty)) {
		d->dirty[d->count].off = off;
		d->dirty[d->count++].len = len;
	} else {
		clean(d, 0); /* earlier than asked for does no harm */
		d->dirty[0].off = off;
		d->dirty[0].len = len;
	}
	if (d->media.written)
		d->media.written(d->media.ctx, off, len);
}

void door_flush(struct store_door *d)
{
	if (!d->count)
		return;
	for (uint32_t i = 0; i < d->count; i++)
		clean(d, i);
	d->count = 0;
	if (d->media.barrier)
		d->media.barrier(d->media.ctx);
}
