/* SPDX-License-Identifier: MIT */
/*
 * The one door to the region: nothing else writes to it, and it does so while the window is open.
 *
 * A group is what is written between two flushes. Until the flush any part of it may be lost in a
 * reset, word by word; after it, none. Offsets must have been checked by the caller.
 */
#ifndef CAIRN_STORE_DOOR_H
#define CAIRN_STORE_DOOR_H

#include "lib/be.h"
#include "store/store.h"

/** A door to MEDIA with nothing to flush. */
static inline struct store_door door_to(const struct store_media *media)
{
	return (struct store_door){.media = *media,
				   .told = media->written || media->clean || media->barrier};
}

/** Opens the window to the region: the same call of store.h closes it. */
static inline void door_open(const struct store_door *d)
{
	if (d->media.window)
		d->media.window(d->media.ctx, true);
}

/** Closes it. */
static inline void door_close(const struct store_door *d)
{
	if (d->media.window)
		d->media.window(d->media.ctx, false);
}

/** The byte at OFF, for reading. */
static inline const uint8_t *door_at(const struct store_door *d, uint32_t off)
{
	return (const uint8_t *)d->media.base + off;
}

/** The word at OFF. */
static inline uint32_t door_read(const struct store_door *d, uint32_t off)
{
	return be32_load(door_at(d, off));
}

/** Tells the hooks that LEN bytes at OFF were written. */
void door_wrote(struct store_door *d, uint32_t off, uint32_t len);

/** A part of what door_end_parts() ends: copies LEN bytes, 0 included, as door_write() does. */
static inline void door_part(struct store_door *d, uint32_t off, const void *src, uint32_t len)
{
	if (len)
		memcpy((uint8_t *)d->media.base + off, src, len);
}

/** All LEN bytes at OFF were written in parts: they count as one write. */
static inline void door_end_parts(struct store_door *d, uint32_t off, uint32_t len)
{
	if (d->told)
		door_wrote(d, off, len);
}

/** Copies LEN bytes from SRC (which may lie elsewhere in the region) to OFF. */
static inline void door_write(struct store_door *d, uint32_t off, const void *src, uint32_t len)
{
	if (!len)
		return;
	memcpy((uint8_t *)d->media.base + off, src, len);
	if (d->told)
		door_wrote(d, off, len);
}

/** Copies LEN bytes from FROM to OFF, both offsets; they may overlap. */
static inline void door_move(struct store_door *d, uint32_t off, uint32_t from, uint32_t len)
{
	memmove((uint8_t *)d->media.base + off, door_at(d, from), len);
	if (d->told)
		door_wrote(d, off, len);
}

/** Stores one big-endian word to OFF, a multiple of 4, in one access. */
static inline void door_word(struct store_door *d, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)((uint8_t *)d->media.base + off) = __builtin_bswap32(value);
	if (d->told)
		door_wrote(d, off, sizeof(value));
}

/** Ends the group: returns when all of it is where it survives a reset. */
void door_flush(struct store_door *d);

#endif
