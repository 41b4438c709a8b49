/* SPDX-License-Identifier: MIT */
/* What the files of the store share beside slots, index and free list: the two layouts' seam. */
#ifndef CAIRN_STORE_INTERNAL_H
#define CAIRN_STORE_INTERNAL_H

#include <errno.h>

#include "store/share.h"
#include "store/slot.h"
#include "store/store.h"

/** How records lie in the region. The store is open but for open(); offsets are of records. */
struct store_layout {
	uint32_t overhead;      /**< bytes of a slot that cannot be content */
	uint32_t align;         /**< sizes of slots are multiples of it, a power of two */
	uint32_t tail_rest_min; /**< a rest of the last slot of so many bytes is split off */
	bool versions;          /**< records have numbers */
	bool makes_room;        /**< a put that finds no room purges and compacts */

	/** Whether base and size of the region will do. */
	bool (*usable)(const struct store_media *media);

	/** Fills start, end, limit, entries and free list from the region; errors as store_open().
	 */
	int (*open)(struct store *s);

	/**
	 * Before anything of a put is written: gives the record its number, and notes that the
	 * record at VICTIM (0: none) is to go with it. 0 or -EOVERFLOW. May be NULL: nothing.
	 */
	int (*begin)(struct store *s, struct slot_content *c, uint32_t victim);

	/**
	 * Writes C into the block [off, off + block), which is not in the free list any more,
	 * leaving SIZE bytes as the record's slot; the rest becomes a free block. Returns when the
	 * record is durable and visible.
	 */
	void (*write)(struct store *s, uint32_t off, uint32_t block, uint32_t size,
		      const struct slot_content *c);

	/**
	 * Whether the record in the slot [off, off + size), whose lengths fit in it, can be
	 * believed. May be NULL: always.
	 */
	bool (*verify)(const struct store *s, uint32_t off, uint32_t size);

	/** Ends the record at OFF. Durable when it returns. */
	void (*kill)(struct store *s, uint32_t off, uint32_t size);

	/** Makes the dead slot [off, off + size) a free block; returns where that ends. Compaction
	 * begins there again. */
	uint32_t (*reclaim)(struct store *s, uint32_t off, uint32_t size);

	/** Keeps the slot at OFF, whose record cannot be believed, out of use. */
	void (*set_aside)(struct store *s, uint32_t off);

	/** The size of the slot at OFF, or 0 after a line: the chain is broken there. */
	uint32_t (*step)(const struct store *s, uint32_t off);

	/** Ends all records at once. Views stay pinned. As store_clear(). */
	int (*clear)(struct store *s);

	/** After a purge. May be NULL. */
	void (*tidy)(struct store *s);

	/** As store_compact(). */
	int (*compact)(struct store *s, uint32_t max_bytes);
};

/** What a record of that many bytes of content, at most INT32_MAX, takes. */
static inline uint32_t store_slot_bytes(const struct store *s, uint32_t content)
{
	return ROUND_UP(content + s->layout->overhead, s->layout->align);
}

/** The size of the slot of the record at OFF, or 0: the lengths in its header do not fit. */
static ALWAYS_INLINE uint32_t store_lengths(const struct store *s, uint32_t off)
{
	const uint8_t *p = (const uint8_t *)s->door.media.base + off;
	uint64_t words = be64_load(p + HDR_SIZE), lengths = be64_load(p + HDR_DATALEN);
	uint32_t size = (uint32_t)(words >> 32), key_len = (uint32_t)words;
	uint64_t least = (lengths >> 32) + (uint32_t)lengths + key_len + s->layout->overhead;

	return key_len - 1 >= STORE_KEY_MAX || least > size || size > s->end - off ? 0 : size;
}

/**
 * The size of the slot of the record at OFF, or 0: what it says cannot be believed, and nothing it
 * says may be acted on, its size least of all.
 */
static ALWAYS_INLINE uint32_t store_record(const struct store *s, uint32_t off)
{
	uint32_t size = store_lengths(s, off);

	return !size || !s->layout->verify || s->layout->verify(s, off, size) ? size : 0;
}

/** store_record() for a record that is only read: what is served may be unchecked. */
static ALWAYS_INLINE uint32_t store_readable(const struct store *s, uint32_t off)
{
	return s->config.unchecked ? store_lengths(s, off) : store_record(s, off);
}

/** Fills *VIEW with the record in the slot [off, off + size), of one of the three above. */
void store_view_slot(const struct store *s, uint32_t off, uint32_t size, struct store_view *view);

/** Sends a line to config->report, if there is one. */
void store_report(const struct store *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Whether a record with this EXPIRY is dead at NOW. Equal is alive. */
static inline bool store_expired(int64_t expiry, int64_t now)
{
	return expiry > 0 && expiry < now;
}

/** Notes the expiry of an entry. */
static inline void store_note_expiry(struct store *s, int64_t expiry)
{
	if (expiry > 0 && expiry < s->first_expiry)
		s->first_expiry = expiry;
}

/** The clock's time. */
static inline int64_t store_now(const struct store *s)
{
	return s->config.now ? s->config.now(s->config.ctx) : 0;
}

/** Whether a purge may find something. */
static inline bool store_purgeable(const struct store *s)
{
	return store_expired(s->first_expiry, store_now(s));
}

/** Why a call with a key of that length cannot be served: -EBADF or -EDOM; or 0. */
static inline int store_check_key(const struct store *s, uint32_t key_len)
{
	if (!s->open)
		return -EBADF;
	return key_len - 1 < STORE_KEY_MAX ? 0 : -EDOM;
}

/**
 * Finds KEY's live entry: 0 and its slot, [*off, *off + *size); errors as store_get(). It is not
 * counted, and no order takes note of it.
 */
int store_find(struct store *s, const void *key, uint32_t key_len, uint32_t *off, uint32_t *size);

/**
 * Kills the record at OFF, which no entry refers to any more, and gives its slot back unless it is
 * pinned; *NEXT (may be NULL) is where the slot, or the free block that it became part of, ends. A
 * record that cannot be believed says nothing that may be acted on, its size least of all: it is
 * only set aside, *NEXT is not touched, and the result is -EBADMSG. If the store is shared what was
 * changed is published first; -ETIMEDOUT: a reader may still be there, and nothing was done.
 */
int store_kill(struct store *s, uint32_t off, uint32_t *next);

/**
 * Begins a call that needs the store for itself, and store_leave() ends it; within another one it
 * does no harm. 0, -EBADF; or, if it is shared, -ETIMEDOUT or -ENOMEM.
 */
int store_enter(const struct store *s);
void store_leave(const struct store *s);

/** Opens the window for a call that has entered, and closes it when what it changed is shown. */
void store_window_open(struct store *s);
void store_window_close(struct store *s);

/** Begins a call that writes, if it may (store_writable()): entered, and with the window open. */
int store_begin(struct store *s);
void store_end(struct store *s);

/** Whether a sharer never came back from a read, so that nothing can be ended any more. */
static inline bool store_stuck(const struct store *s)
{
	return s->share && s->share->stuck;
}

/** ERR, why a call is refused, unless the store is stuck. */
int store_refused(const struct store *s, int err);

/** Ends one pin of the slot at OFF; true if the slot, of *SIZE bytes, is to be reclaimed now. */
bool store_unpin(struct store *s, uint32_t off, uint32_t *size);

/** 0, or why nothing may be written now: -EBADF, -EBUSY (a walk or a batch) or -EROFS. */
int store_writable(const struct store *s);

/** 0 if a record of C could be put into an empty region, and *NEED what it takes; else why not. */
int store_check_content(const struct store *s, const struct slot_content *c, uint32_t *need);

/**
 * Takes a free block of at least NEED bytes out of the free list, if need be after expired entries
 * were removed and the region compacted. Its offset, and its size in *BLOCK; 0: there is no room.
 */
SELDOM uint32_t store_make_room(struct store *s, uint32_t need, uint32_t *block);

/** The size of the slot that a record of NEED bytes takes from the block [off, off + block). */
uint32_t store_cut_to(const struct store *s, uint32_t off, uint32_t block, uint32_t need);

/** Notes that compaction may have something to do now where it had to pass by. */
static inline void store_unpack(struct store *s)
{
	if (s->passed < s->packed)
		s->packed = s->passed;
	s->passed = s->limit;
}

/** Gives the dead slot [off, off + size) back; returns where the free block it is part of ends. */
uint32_t store_reclaim(struct store *s, uint32_t off, uint32_t size);

/** store_purge() whatever else is under way. */
int store_remove_expired(struct store *s,
			 void (*gone)(void *ctx, const void *key, uint32_t key_len), void *ctx);

/** With max_entries, removes entries by its policy while there are more than KEEP; returns how
 * many.
 */
uint32_t store_evict_to(struct store *s, uint32_t keep);

/** The same while there are more than max_entries. */
static inline uint32_t store_evict(struct store *s)
{
	return store_evict_to(s, s->config.max_entries);
}

/** Whether the slot at OFF holds a staged record of the batch that is open. */
bool store_staged(const struct store *s, uint32_t off);

/** Takes the entry of the record at OFF (0: none) out; false if there is none. */
SELDOM bool store_forget(struct store *s, uint32_t off);

/** Sets the superblock's seq_limit ahead of next_seq (at most 2^48) and writes it. */
void store_raise_limit(struct store *s);

/**
 * Brings the chain of a region whose superblock is in s->super to a legal, quiescent state and
 * fills entries and free list. 0, -ENOMEM or -EBADMSG (the region does not keep what is written).
 */
int store_recover(struct store *s);

/** Joins all neighbouring free blocks of the chain and lists them anew. Ends the group before it.
 */
void store_join_all(struct store *s);

/** Whether the slot at OFF is free, and nobody looks at the record that was in it. */
bool store_is_hole(const struct store *s, uint32_t off);

/** Writes the image's magic and one free block over the whole chain. */
void store_format_image(struct store_door *d, uint32_t region_size);

/** The layout's function of that name, for store_native. */
int store_compact_native(struct store *s, uint32_t max_bytes);

/** The size of the slot at OFF, whose header and tag agree, or 0: the chain is broken there. */
uint32_t store_step(const struct store *s, uint32_t off);

#endif
