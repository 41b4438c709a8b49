/* SPDX-License-Identifier: MIT */
#include "store/door.h"

#include "lib/be.h"

static void clean(struct store_door *d, uint32_t i)
{
	if (d->media.clean)
		d->media.clean(d->media.ctx, door_at(d, d->dirty[i].off), d->dirty[i].len);
}

static void wrote(struct store_door *d, uint32_t off, uint32_t len)
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

void door_write(struct store_door *d, uint32_t off, const void *src, uint32_t len)
{
	if (!len)
		return;
	memcpy((uint8_t *)d->media.base + off, src, len);
	wrote(d, off, len);
}

void door_word(struct store_door *d, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)((uint8_t *)d->media.base + off) = __builtin_bswap32(value);
	wrote(d, off, sizeof(value));
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

uint32_t door_read(const struct store_door *d, uint32_t off)
{
	return be32_load(door_at(d, off));
}

const uint8_t *door_at(const struct store_door *d, uint32_t off)
{
	return (const uint8_t *)d->media.base + off;
}
