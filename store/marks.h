/* SPDX-License-Identifier: MIT */
/*
 * A few remembered places where a slot begins, so that a walk of the chain need not wait for each
 * header: every header is where the one before it says, and with large records that is one cache
 * miss after another. The chain is cut into 256 parts, and a slot is remembered for each. While a
 * walk goes through one group of parts, it also steps through all parts of the next group in turn
 * and fetches what it finds. Nothing is decided by a mark: a wrong one costs time only.
 */
#ifndef CAIRN_STORE_MARKS_H
#define CAIRN_STORE_MARKS_H

#include "store/store.h"

#define MARKS_GROUP 8U /* parts in a group: cache misses under way at a time */

/** One walk's steps ahead. */
struct marks_ahead {
	uint32_t off[MARKS_GROUP]; /* where it is in each part of the group; 0: through */
	uint32_t group;            /* the one that is fetched */
	uint32_t turn;
};

/** Cuts the chain, which ends at LIMIT at most, into parts and forgets all marks. */
void marks_init(struct store *s, uint32_t limit);

/** Remembers that a slot begins at OFF, if none before it in its part is known. */
static inline void marks_note(struct store *s, uint32_t off)
{
	uint32_t *mark = &s->marks.off[(off - s->start) >> s->marks.shift];

	if (*mark == 0 || off < *mark)
		*mark = off;
}

/** Forgets that a slot begins at OFF: it is part of another now. */
static inline void marks_forget(struct store *s, uint32_t off)
{
	uint32_t *mark = &s->marks.off[(off - s->start) >> s->marks.shift];

	if (*mark == off)
		*mark = 0;
}

/** To be called for each slot of a walk, at OFF, with *AHEAD zeroed before the first. */
void marks_step(struct store *s, struct marks_ahead *ahead, uint32_t off);

#endif
