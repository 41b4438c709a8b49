/* SPDX-License-Identifier: MIT */
/*
 * Reads the region of a store from its bytes alone and says whether they are those of a store at
 * rest: no call of the store is used and none of its code, so that a mistake there is not made here
 * a second time.
 *
 * At rest means that no operation is under way: every byte between the first slot and the end
 * belongs to a slot that is free, live or quarantined, sizes and tags agree, no two free slots are
 * neighbours, no key is there twice, and both superblock copies are the same.
 */
#ifndef CAIRN_TESTS_UNIT_WALKER_H
#define CAIRN_TESTS_UNIT_WALKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WALKER_SLOTS 16384U /**< the most live, and the most free, slots that a walk can hold */

/** A live slot; the pointers are into the region that was walked. */
struct walker_entry {
	uint32_t off, size;
	const uint8_t *key, *data, *meta;
	uint32_t key_len, data_len, meta_len;
	int64_t expiry;
	uint64_t seq;
	uint32_t before; /**< the one before it in its bucket, and 1 */
};

struct walker_free {
	uint32_t off, size;
};

/** Offsets of slots that a reader still has pinned. */
struct walker_pins {
	const uint32_t *off;
	uint32_t count;
};

/** What was found. After an error only error and error_off count. */
struct walker {
	const char *error;  /**< a clause on what is wrong, or NULL */
	uint32_t error_off; /**< where, from the region's first byte */

	const uint8_t *region;
	struct walker_pins pins;
	uint32_t end; /**< offset behind the last slot */
	uint32_t salt, generation, boots;
	uint64_t seq_limit, floor;

	uint64_t max_seq; /**< highest number of a live slot, or 0 */
	uint32_t live_bytes, free_bytes, quarantined_bytes, quarantined;
	uint32_t held, held_bytes; /**< free slots that are pinned, not counted as free */
	uint32_t entries, frees;
	uint32_t bucket[256]; /**< index of the last entry in it, and 1, by a hash of its key */
	struct walker_entry entry[WALKER_SLOTS]; /**< by offset */
	struct walker_free free[WALKER_SLOTS];   /**< by offset; the tail is one of them */
};

/** Walks REGION of SIZE bytes; false and w->error if it is not that of a store at rest. */
bool walker_walk(struct walker *w, const void *region, uint32_t size);

/**
 * walker_walk() of a region of which slots are pinned: those that are free are held back, so they
 * are not listed as free and may have free neighbours.
 */
bool walker_walk_pinned(struct walker *w, const void *region, uint32_t size,
			struct walker_pins pins);

/** The entry of KEY in a walk, or NULL. */
const struct walker_entry *walker_find(const struct walker *w, const void *key, uint32_t key_len);

/** The largest free slot in bytes, or 0. */
uint32_t walker_largest(const struct walker *w);

/** The largest live slot in bytes, or 0. */
uint32_t walker_largest_entry(const struct walker *w);

/**
 * The free slot of a region that a record of NEED bytes belongs in: the smallest that is large
 * enough, then the first, but the last one of the region only if there is no other; size 0: none.
 * Reads no more than headers and trailers.
 */
struct walker_free walker_best(const void *region, uint32_t size, uint32_t need);

/** Where what is used ends: the start of the last slot if it is free, else the chain's end. */
uint32_t walker_used_end(const struct walker *w);

/** Continues a CRC-32C as crc32c() of lib/crc32c.h does, from the polynomial alone. */
uint32_t walker_crc(uint32_t crc, const void *data, size_t len);

/** Gives the superblock copy at COPY the checksum of its bytes. */
void walker_seal(void *copy);

#endif
