/* SPDX-License-Identifier: MIT */
/*
 * The one door to the region: nothing else writes to it.
 *
 * A group is what is written between two flushes. Until the flush any part of it may be lost in a
 * reset, word by word; after it, none. Offsets must have been checked by the caller.
 */
#ifndef CAIRN_STORE_DOOR_H
#define CAIRN_STORE_DOOR_H

#include "store/store.h"

/** Copies LEN bytes from SRC (which may lie elsewhere in the region) to OFF. */
void door_write(struct store_door *d, uint32_t off, const void *src, uint32_t len);

/** Stores one big-endian word to OFF, a multiple of 4, in one access. */
void door_word(struct store_door *d, uint32_t off, uint32_t value);

/** Ends the group: returns when all of it is where it survives a reset. */
void door_flush(struct store_door *d);

/** The word at OFF. */
uint32_t door_read(const struct store_door *d, uint32_t off);

/** The byte at OFF, for reading. */
const uint8_t *door_at(const struct store_door *d, uint32_t off);

#endif
