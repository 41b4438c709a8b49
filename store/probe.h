/* SPDX-License-Identifier: MIT */
/* What lies in memory where no store is open. Nothing is written. */
#ifndef CAIRN_STORE_PROBE_H
#define CAIRN_STORE_PROBE_H

#include "store/store.h"

/** What lies in a region. */
enum store_found {
	STORE_NOTHING, /**< no trace of a store: RAM after power-on */
	STORE_VALID,   /**< a superblock of this version that checks */
	STORE_OTHER,   /**< a superblock of another version */
	STORE_DAMAGED, /**< traces of a store, and no superblock that checks */
};

/** Looks at the region without writing to it or checking more than the superblock. */
enum store_found store_probe(const struct store_media *media);

/** What a superblock tells of its region. */
struct store_identity {
	uint64_t place; /**< store_media.place when it was opened or formatted; 0: never told */
	uint32_t size;  /**< of the region, in bytes */
	uint32_t generation; /**< updates of the superblock, modulo 2^32 */
};

/**
 * For a search through memory: the first of COUNT pages, the first at FROM and each STEP bytes
 * behind the other, that by two of its words may begin a region; NULL: none. Reads nothing else.
 */
const void *store_seek(const void *from, uint32_t step, uint32_t count);

/**
 * Whether a region with a superblock of this version that checks begins at PAGE, and then *ID.
 * Reads within the STORE_REGION_MIN bytes at PAGE, which is aligned as a region is.
 */
bool store_identify(const void *page, struct store_identity *id);

#endif
