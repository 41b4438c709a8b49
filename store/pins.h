/* SPDX-License-Identifier: MIT */
/*
 * Slots whose bytes somebody looks at. When the record in one dies, the slot stays out of the free
 * list and of joins until the last view of it is released; the region says it is free at once.
 */
#ifndef CAIRN_STORE_PINS_H
#define CAIRN_STORE_PINS_H

#include "store/share.h"
#include "store/store.h"

/** Pins the slot at OFF once more. 0 or -ENOMEM. */
int pins_add(struct store *s, uint32_t off);

/**
 * Ends one pin of the slot at OFF; the slot's size if it is to be freed now, else 0. *PASSED:
 * whether it was the last one and compaction had passed the slot by.
 */
uint32_t pins_drop(struct store *s, uint32_t off, bool *passed);

/** Makes room for COUNT more pins: pins_add() of so many does not fail. 0 or -ENOMEM. */
int pins_reserve(struct store *s, uint32_t count);

/** Notes that compaction passed by the slot at OFF if it is pinned, and tells whether it is. */
bool pins_pass(struct store *s, uint32_t off);

/** The pin of the slot at OFF, or NULL. */
struct store_pin *pins_find(const struct store *s, uint32_t off);

/** Whether the slot at OFF is pinned, by a sharer included. */
static inline bool pins_on(struct store *s, uint32_t off)
{
	return (s->share && share_pin(s, off)) || pins_find(s, off);
}

/** Whether the slot at OFF is pinned and its record dead. */
static inline bool pins_hold_dead(const struct store *s, uint32_t off)
{
	const struct store_pin *pin = s->pins.dead ? pins_find(s, off) : NULL;

	return pin && pin->size;
}

/** Tells that the record in the slot at OFF died: true if it is pinned, and so not to be freed. */
static inline bool pins_keep(struct store *s, uint32_t off, uint32_t size)
{
	struct store_pin *pin = s->pins.count ? pins_find(s, off) : NULL;

	if (!pin)
		return false;
	pin->size = size;
	s->pins.dead++;
	s->pins.dead_bytes += size;
	return true;
}

/** Forgets all pins and frees their memory. */
void pins_free(struct store *s);

#endif
