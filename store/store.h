/* SPDX-License-Identifier: MIT */
/*
 * A key-value store in a region of RAM that is still there after a reset.
 *
 * The region holds a superblock page and an image of Infinispan's single-file store (FCS1) whose
 * slots carry a checksummed trailer; docs/SPEC.md has every byte. What was acknowledged (a call
 * returned 0) is found at the next open, wherever a reset stopped the machine; what was in flight
 * is found whole or not at all.
 *
 * The store knows a region of bytes, a clock and a barrier, nothing else. It is not locked: one
 * caller at a time. Nothing but store_format() ever starts an empty store.
 *
 * Lengths are bytes, times are milliseconds since 1970. Errors are negative errno values; what each
 * call returns is listed with it, and error_text() (lib/errors.h) has a sentence for each.
 */
#ifndef CAIRN_STORE_STORE_H
#define CAIRN_STORE_STORE_H

#include "lib/types.h"

#define STORE_REGION_ALIGN 4096U     /**< a region's base and size are multiples of this */
#define STORE_REGION_MIN 8192U       /**< the smallest region: the superblock page and one more */
#define STORE_REGION_MAX 0x40000000U /**< the largest: 1 GiB */
#define STORE_KEY_MAX 65535U         /**< the longest key; the shortest is 1 byte */
#define STORE_NEVER (-1)             /**< an expiry that never comes; so are all values <= 0 */

/**
 * The region and the way to it. Every write to the region is one call of the store's own door,
 * which tells the hooks here; all of them may be NULL, and are called with CTX.
 */
struct store_media {
	void *base;    /**< STORE_REGION_ALIGN-aligned, readable and writable while open */
	uint32_t size; /**< STORE_REGION_MIN..STORE_REGION_MAX, a multiple of STORE_REGION_ALIGN */

	/** [off, off + len) was just written. Each word that commits something is one such call. */
	void (*written)(void *ctx, uint32_t off, uint32_t len);
	/** Start to bring [ptr, ptr + len) to where it survives a reset (clean cache lines). */
	void (*clean)(void *ctx, const void *ptr, size_t len);
	/** Return when everything cleaned before is there (DSB). */
	void (*barrier)(void *ctx);
	void *ctx;
};

struct store_config {
	struct store_media media;
	/** Wall clock in ms since 1970; NULL: always 0, and nothing expires. */
	int64_t (*now)(void *ctx);
	/** Receives what a user should know (recovered, damage), a line without newline; may be
	 * NULL. */
	void (*report)(void *ctx, const char *line);
	void *ctx;
};

/** A record in place: pointers into the region, valid until the next call that writes to the store.
 */
struct store_view {
	const void *key, *data, *meta;
	uint32_t key_len, data_len, meta_len;
	int64_t expiry;
};

struct store_stats {
	uint32_t entries;    /**< expired ones that are still there included */
	uint32_t used_bytes; /**< slots of entries, headers and trailers included */
	uint32_t free_bytes; /**< slots that are free */
	uint32_t largest; /**< the most bytes key, data and metadata of a put may have together */
	uint32_t free_slots;  /**< the tail included */
	uint32_t quarantined; /**< slots kept aside as damaged */
	uint32_t boots;       /**< successful opens since the format */
	uint64_t next_seq;    /**< the number of the next record */
};

/*
 * The rest of this block is private: it is here so that a store can be a static variable.
 */
struct store_door {
	struct store_media media;
	struct {
		uint32_t off, len;
	} dirty[8]; /* written since the last flush */
	uint32_t count;
};

struct store_super {
	uint32_t state, region_size, salt, generation, boots;
	uint64_t seq_limit, floor, batch_lo, batch_hi;
};

struct store_index {
	struct store_index_slot {
		uint32_t off; /* of the record; 0: empty */
		uint32_t hash;
	} * slots;
	uint32_t mask; /* slots - 1, a power of two less one */
	uint32_t count;
};

struct store_freelist {
	struct store_free_slot {
		uint32_t size, off;
	} * slots; /* by size, then offset; without the tail */
	uint32_t count, room;
	uint32_t bytes;    /* of all free blocks, the tail included */
	uint32_t tail_off; /* the last block of the chain if it is free, else 0 */
	uint32_t tail_size;
};

/** An open store. Read it through the calls below. */
struct store {
	struct store_config config;
	struct store_door door;
	struct store_super super;
	struct store_index index;
	struct store_freelist free;
	uint64_t next_seq;
	uint32_t end; /* offset behind the last slot */
	uint32_t quarantined, quarantined_bytes;
	bool open;
};

/** What lies in a region. */
enum store_found {
	STORE_NOTHING, /**< no trace of a store: RAM after power-on */
	STORE_VALID,   /**< a superblock of this version that checks */
	STORE_OTHER,   /**< a superblock of another version */
	STORE_DAMAGED, /**< traces of a store, and no superblock that checks */
};

/** Looks at the region without writing to it or checking more than the superblock. */
enum store_found store_probe(const struct store_media *media);

/**
 * Opens the store in config->media: recovers it (a reset may have stopped anything at any point),
 * rebuilds the index in malloc'ed memory and purges expired entries. Copies *CONFIG. Never formats.
 *
 * 0, or: -EINVAL (base or size out of range), -ENODATA (STORE_NOTHING), -EPROTONOSUPPORT
 * (STORE_OTHER, or a batch that was cut), -EBADMSG (STORE_DAMAGED, or the chain of slots is
 * broken), -ENOSPC (the store in the region is larger than the region), -ENOMEM (index). After an
 * error *S is closed and nothing was written, but after -ENOMEM perhaps what recovery had completed
 * by then; the reason of -EPROTONOSUPPORT, -EBADMSG and -ENOSPC is a line to config->report.
 */
int store_open(struct store *s, const struct store_config *config);

/**
 * Makes an empty store in the region, whatever is in it, without opening it. SALT should differ
 * from one format to the next (a clock will do): it keeps records from before out of the new store.
 * Cut anywhere, the next open finds the old store, the new one, or STORE_NOTHING. 0 or -EINVAL.
 */
int store_format(const struct store_media *media, uint32_t salt);

/** Releases the index. Everything acknowledged is in the region already. No effect if not open. */
void store_close(struct store *s);

/**
 * Writes KEY = DATA with META (of Infinispan; may be empty), replacing an entry of that key, which
 * is there until the new one is. Data and metadata may lie in the region (a view). EXPIRY: see
 * STORE_NEVER.
 *
 * 0, or with the store unchanged: -EINVAL (key_len not 1..STORE_KEY_MAX, or not open), -E2BIG (no
 * region of this size could hold it), -ENOSPC (no free slot does now), -ENOMEM (index), -EOVERFLOW
 * (all numbers up to 2^48 but the last few are used).
 */
int store_put(struct store *s, const void *key, uint32_t key_len, const void *data,
	      uint32_t data_len, const void *meta, uint32_t meta_len, int64_t expiry);

/**
 * Finds KEY. 0 and *VIEW, or -ENOENT (none, or expired), -EBADMSG (its bytes no longer match its
 * checksum: never served), -EINVAL (as for store_put()).
 */
int store_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view);

/**
 * Removes KEY. 0, -ENOENT (none; an expired one is removed and counts), -EINVAL, or -EBADMSG: its
 * bytes no longer match its checksum; it is not served again, but its slot stays out of use.
 */
int store_delete(struct store *s, const void *key, uint32_t key_len);

/**
 * Removes every entry at once: cut anywhere, all are there or none is. 0, -EINVAL (not open) or
 * -EBADMSG (the chain of slots is broken: nothing was removed).
 */
int store_clear(struct store *s);

/** Removes expired entries, one by one; returns how many, or -EINVAL. */
int store_purge(struct store *s);

/**
 * Calls FN for each entry in the order of the region, expired ones and such with a bad checksum
 * left out, until it returns other than 0; returns that, or 0, -EINVAL (not open) or -EBADMSG
 * (the chain of slots is broken from there on). FN must not write to the
 * store.
 */
int store_iterate(struct store *s, int (*fn)(void *ctx, const struct store_view *view), void *ctx);

/** Fills *STATS; all zero if not open. */
void store_stat(const struct store *s, struct store_stats *stats);

#endif
