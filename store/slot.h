/* SPDX-License-Identifier: MIT */
/* One slot of the chain: its fields, its checksum, what state it is in, and the writes that change
 * it. */
#ifndef CAIRN_STORE_SLOT_H
#define CAIRN_STORE_SLOT_H

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"

enum slot_state {
	SLOT_FREE,
	SLOT_FREE_DAMAGED, /**< its state word was hit, but nothing else it can have been */
	SLOT_LIVE,
	SLOT_STAGED,      /**< a put of a batch, checks as such */
	SLOT_STAGED_DEL,  /**< a delete of a batch */
	SLOT_QUARANTINED, /**< kept aside as damaged before */
	SLOT_DAMAGED,
};

/** How a slot fits into the chain. */
enum slot_fit {
	FIT_WHOLE, /**< header and tag agree */
	FIT_SPLIT, /**< a split was cut: the record is durable, the header still has the old size */
	FIT_JOIN,  /**< a join (or split) was cut: the header counts, the tag does not */
	FIT_BROKEN,
};

/** A record about to be written. */
struct slot_content {
	const void *key, *data, *meta;
	uint32_t key_len, data_len, meta_len;
	int64_t expiry;
	uint64_t seq;
	uint32_t stage; /**< 0, or CRC_STAGE or CRC_STAGEDEL: a batch's, durable but not visible */
};

/** Whether a slot of SIZE bytes can begin a part of the chain that has ROOM bytes. */
static inline bool slot_fits(uint32_t size, uint32_t room)
{
	return size >= SLOT_MIN && size % SLOT_ALIGN == 0 &&
	       (size == room || (size < room && room - size >= SLOT_MIN));
}

/** Whether SIZE is one that a slot at OFF may have: a multiple of 8, >= 40, inside the chain. */
bool slot_size_legal(const struct store *s, uint32_t off, uint32_t size);

/** The size that the tag at the end of the slot before END gives; not checked. */
uint32_t slot_tag_before(const struct store *s, uint32_t end);

/** The size of the slot at OFF if header and tag agree on it, else 0. */
uint32_t slot_whole(const struct store *s, uint32_t off);

/** The sequence number in the trailer of the slot [OFF, OFF + SIZE); not checked. */
uint64_t slot_seq(const struct store *s, uint32_t off, uint32_t size);

/** Whether header and tag of the slot at OFF agree and its state words say free. */
bool slot_is_free(const struct store *s, uint32_t off);

/**
 * The state of the SIZE bytes at OFF (legal) by the table of docs/SPEC.md. If it is live or staged
 * *VIEW has its fields, with the key length that the checksum agrees with; else only where it is.
 */
enum slot_state slot_classify(const struct store *s, uint32_t off, uint32_t size,
			      struct store_view *view);

#define SLOT_KEY_SHOWN 35 /**< room for the 32 bytes of a key that a line shows, quoted */

/** What can be read of the key of the damaged record in the slot [OFF, OFF + SIZE), as text. */
void slot_show_key(const struct store *s, uint32_t off, uint32_t size, char key[SLOT_KEY_SHOWN]);

/**
 * Fills *VIEW with the record in the slot [OFF, OFF + SIZE) by its header and its trailer's key
 * length, whatever its checksum says. False, and no lengths: they do not fit.
 */
bool slot_guess(const struct store *s, uint32_t off, uint32_t size, struct store_view *view);

/** What the trailer says of a record, apart from its number. */
struct slot_seal {
	uint32_t key_len, crc;
};

/** The seal of the record of *V; not checked. */
struct slot_seal slot_seal(const struct store *s, const struct store_view *v);

/** Whether the record of *V, which may have been ended since, agrees with its seal. */
bool slot_sealed(const struct store *s, const struct store_view *v, const struct slot_seal *seal);

/** Whether the live record in the slot [OFF, OFF + SIZE), whose lengths fit, checks. */
bool slot_verify(const struct store *s, uint32_t off, uint32_t size);

/** The next eight bytes as a number, in the machine's order. */
static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/** Whether the N bytes at A and B are the same. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	size_t i;

	if (n < 8) {
		while (n--)
			if (*a++ != *b++)
				return false;
		return true;
	}
	/* The last eight bytes may begin before where the loop has ended. */
	for (i = 0; i < n - 8; i += 8)
		if (word_at(a + i) != word_at(b + i))
			return false;
	return word_at(a + n - 8) == word_at(b + n - 8);
}

/** Whether the header at OFF holds this key (no checksum). */
static inline bool slot_has_key(const struct store *s, uint32_t off, const void *key,
				uint32_t key_len)
{
	const uint8_t *p = (const uint8_t *)s->door.media.base + off;

	return be32_load(p + HDR_KEYLEN) == key_len && key_len <= s->end - off - HDR_BYTES &&
	       same_bytes(p + HDR_BYTES, key, key_len);
}

/**
 * Writes C into the free block [off, off + block), leaving SIZE bytes as the record's slot and the
 * rest (0, or >= SLOT_MIN) as a free block. If the checksum would read as "free" the record gets
 * the store's next number. Returns when the record is durable and, unless it is staged, visible.
 */
void slot_write(struct store *s, uint32_t off, uint32_t block, uint32_t size,
		const struct slot_content *c);

/**
 * How the slot at OFF fits into the chain, which is sound before it; *SIZE is what it really has. A
 * cut leaves a header and a tag that disagree only where nothing is visible, and then the tags that
 * are there tell what was under way: see "Open" in docs/SPEC.md.
 */
enum slot_fit slot_fit(const struct store *s, uint32_t off, uint32_t *size);

/** Makes the staged put in the slot [OFF, OFF + SIZE) a live record, in the current group. */
void slot_commit(struct store *s, uint32_t off, uint32_t size, uint32_t key_len);

/** Ends a record, in the current group: the caller flushes. */
void slot_kill(struct store *s, uint32_t off, uint32_t size);

/**
 * Makes [OFF, OFF + SIZE), slots that are free and whose kills are flushed, one free block, in the
 * current group. Its header and number are those of a new one: it is known for free by them, too.
 */
void slot_join(struct store_door *d, uint32_t off, uint32_t size);

/** Writes the header and trailer of a free block of SIZE bytes at OFF, in the current group. */
void slot_write_free(struct store_door *d, uint32_t off, uint32_t size);

#endif
