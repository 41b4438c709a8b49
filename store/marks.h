/* SPDX-License-Identifier: MIT */
/*
 * Remembered places where a slot begins, so that a walk of the chain need not wait for each header:
 * every header is where the one before it says, and with large records that is one cache miss after
 * another. A slot is remembered for each 64 KiB of the chain, in memory outside the region. While a
 * walk goes through one group of such parts, it also steps through all parts of the next group in
 * turn and fetches what it finds. Nothing is decided by a mark: a wrong or missing one costs time
 * only.
 */
#ifndef CAIRN_STORE_MARKS_H
#define CAIRN_STORE_MARKS_H

#include "store/store.h"

#define MARKS_GROUP 8U /* parts in a group: cache misses under way at a time */

#define MARKS_SHIFT 16U   /* a part is 64 KiB */
#define MARKS_AHEAD 4096U /* bytes that a first walk fetches ahead, */
#define MARKS_BURST 512U  /* so many at a time */
#define MARKS_NONE UINT32_MAX

/** One walk's steps ahead. */
struct marks_ahead {
	uint32_t off[MARKS_GROUP]; /* where it is in each part of the group, or none */
	uint32_t group;            /* the one that is fetched */
	uint32_t turn;
};

/** Forgets all marks; makes room for those of the chain. Without memory there are none. */
void marks_init(struct store *s);

/** Frees their memory. */
void marks_free(struct store *s);

/** The part of the chain that OFF is in. */
static inline uint32_t marks_part(const struct store *s, uint32_t off)
{
	return (off - s->start) >> MARKS_SHIFT;
}

/** Where that part ends. */
static inline uint32_t marks_part_end(const struct store *s, uint32_t off)
{
	return s->start + ((marks_part(s, off) + 1) << MARKS_SHIFT);
}

/** Remembers that a slot begins at OFF, if none before it in its part is known. */
static inline void marks_note(struct store *s, uint32_t off)
{
	uint32_t part = marks_part(s, off);

	if (part < s->marks.count && off < s->marks.off[part])
		s->marks.off[part] = off;
}

/** Forgets that a slot begins at OFF: it is part of another now. */
static inline void marks_forget(struct store *s, uint32_t off)
{
	uint32_t part = marks_part(s, off);

	if (part < s->marks.count && s->marks.off[part] == off)
		s->marks.off[part] = MARKS_NONE;
}

/**
 * Fetches what lies up to 4 KiB behind OFF and was not fetched yet; *UNTIL is how far it went. For
 * the first walk, which has no marks to go by and reads everything, in order.
 */
static inline void marks_read_ahead(const struct store *s, uint32_t off, uint32_t *until)
{
	const uint8_t *p = s->door.media.base;
	uint32_t end;

	if (off + MARKS_AHEAD < *until + MARKS_BURST)
		return;
	end = s->end - off < MARKS_AHEAD ? s->end : off + MARKS_AHEAD;
	if (*until < off)
		*until = off;
	for (; *until < end; *until += 64)
		__builtin_prefetch(p + *until);
}

/** To be called for each slot of a walk, at OFF, with *AHEAD zeroed before the first. */
void marks_step(struct store *s, struct marks_ahead *ahead, uint32_t off);

#endif
