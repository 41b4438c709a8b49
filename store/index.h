/* SPDX-License-Identifier: MIT */
/*
 * Where each key's record is: a hash table outside the region, rebuilt at open.
 *
 * Linear hashing of segments: low bits of a key's hash choose a segment, and when one is full while
 * there are 512 entries a segment on average, the next one in turn is split by one more bit; when
 * there are fewer than 192, the last split is undone. A segment is a
 * small open-addressing table of its own, sorted by hash: an entry's home is its hash scaled to the
 * number of homes, and between its home and where it lies no slot is empty and no hash is larger. A
 * search ends at the first hash that is not smaller; an entry that leaves is closed up from behind.
 *
 * A segment that becomes too full is made a quarter larger, by one copy in order. So no operation
 * waits for more than the copy of a segment, and the table fits its entries at any size.
 */
#ifndef CAIRN_STORE_INDEX_H
#define CAIRN_STORE_INDEX_H

#include <errno.h>

#include "store/order.h"
#include "store/slot.h"
#include "store/store.h"

#define INDEX_HASH_BITS 31
#define INDEX_EMPTY UINT32_MAX /* as a hash: above all of them */
#define INDEX_FACTOR 0x9e3779b97f4a7c15U
#define INDEX_WINDOW 6U /* slots that a search looks at together */

/** The bytes of a key of less than 8. */
static inline uint64_t index_short_key(const uint8_t *p, uint32_t len)
{
	uint64_t word = 0;

	while (len--)
		word = word << 8 | p[len];
	return word;
}

/**
 * Mixes 64 bits: the product of their halves is what no difference of two keys goes through
 * unchanged, whatever the salt; the halves themselves keep it from being 0.
 */
static inline uint64_t index_mix(uint64_t h)
{
	return (h & UINT32_MAX) * (h >> 32) ^ (h << 32 | h >> 32);
}

/** The hash of a key in this store (salted): 31 bits. */
static ALWAYS_INLINE uint32_t index_hash(const struct store *s, const void *key, uint32_t key_len)
{
	const uint8_t *p = key;
	uint64_t h = INDEX_FACTOR ^ (uint64_t)s->super.salt << 32 ^ key_len;

	if (key_len < 8) {
		h = index_mix(h ^ index_short_key(p, key_len) << 8);
	} else {
		/* The last eight bytes may begin before where the loop has ended. */
		for (const uint8_t *last = p + key_len - 8; p < last; p += 8)
			h = index_mix(h ^ word_at(p));
		h = index_mix(h ^ word_at((const uint8_t *)key + key_len - 8));
	}
	return (uint32_t)(h * INDEX_FACTOR >> (64 - INDEX_HASH_BITS));
}

/**
 * The segment of HASH. There are between `half` and twice as many: those below count - half were
 * split already, by one more bit of the hash.
 */
static inline struct store_segment *index_segment(const struct store_index *ix, uint32_t hash)
{
	uint32_t i = hash & (2 * ix->half - 1);

	/* Which of the two is as good as random: no jump for the CPU to guess. */
	return &ix->segments[i - (ix->half & -(uint32_t)(i >= ix->segment_count))];
}

/** The first slot of a segment where HASH may be. */
static inline struct store_index_slot *index_home(const struct store_segment *seg, uint32_t hash)
{
	return seg->slot + ((uint64_t)hash * seg->homes >> INDEX_HASH_BITS);
}

/** index_reserve() when there is no room. */
struct store_segment *index_make_room(struct store *s, uint32_t hash);

/**
 * Makes room for an entry with HASH, so that its index_insert() cannot fail. Its segment, until the
 * index changes; NULL: no memory.
 */
static inline struct store_segment *index_reserve(struct store *s, uint32_t hash)
{
	if (s->index.count) {
		struct store_segment *seg = index_segment(&s->index, hash);

		if (seg->count < seg->most)
			return seg;
	}
	return index_make_room(s, hash);
}

/** The slot of the record at OFF, found by the key in the region; NULL if there is none. */
struct store_index_slot *index_at(struct store *s, uint32_t off);

/** The same by looking through the whole table: for a record whose key is damaged. */
struct store_index_slot *index_search(struct store *s, uint32_t off);

/** Where a hash is, or would be. */
struct index_place {
	struct store_segment *seg;
	struct store_index_slot *slot; /* the first one with that hash or a larger one */
};

/**
 * Adds a record that is not in it. REF: its offset, or its node if an order is kept. AT is where
 * HASH would be, looked up since the index last changed.
 */
static inline void index_insert(struct store *s, struct index_place at, uint32_t hash, uint32_t ref)
{
	const struct store_index_slot *last = at.seg->slot + at.seg->slots - INDEX_WINDOW - 1;
	const struct store_index_slot slot = {.hash = hash, .ref = ref};
	uint64_t next, here;

	/* Each makes room for the one before it: two or three most of the time. */
	memcpy(&next, &slot, sizeof(next));
	while (at.slot->hash != INDEX_EMPTY) {
		memcpy(&here, at.slot, sizeof(here));
		memcpy(at.slot++, &next, sizeof(next));
		next = here;
	}
	memcpy(at.slot, &next, sizeof(next));
	if (at.slot == last)
		at.seg->most = 0; /* no room for another one */
	at.seg->count++;
	s->index.count++;
}

/** Takes the entry at SLOT, which is in SEG, out. */
void index_remove(struct store *s, struct store_segment *seg, struct store_index_slot *slot);

/**
 * The entries of a store that is being opened, gathered one by one; none of them can be found yet.
 * They lie in parts by the low bits of their hashes, as the index' segments do, so that each
 * segment is filled once, at its size, while it is in the cache.
 *
 * This takes at most 12 bytes an entry, and some hundred for each part; a part is freed when the
 * index has its entries, so that both together need little more than the index alone.
 */
struct index_bulk {
	struct index_part {
		struct store_index_slot *slot;
		uint32_t count, room;
	} * parts;
	uint32_t mask;  /* parts, a power of two, less one */
	uint32_t count; /* of all parts */
};

/** Begins to gather the entries of a chain of BYTES bytes. 0 or -ENOMEM. */
int index_bulk_begin(struct index_bulk *b, uint32_t bytes);

/** Makes room for one more in the part. 0 or -ENOMEM. */
int index_part_extend(struct index_part *part);

/** Gathers the record of REF, as for index_insert(). 0 or -ENOMEM. */
static inline int index_bulk_add(struct index_bulk *b, uint32_t hash, uint32_t ref)
{
	struct index_part *part = &b->parts[hash & b->mask];

	if (part->count == part->room && index_part_extend(part))
		return -ENOMEM;
	part->slot[part->count++] = (struct store_index_slot){.hash = hash, .ref = ref};
	b->count++;
	return 0;
}

/** Whether the record at OFF counts, and not the one at OLD, which was gathered before it. */
typedef bool (*index_newer_fn)(const struct store *s, uint32_t off, uint32_t old);

/**
 * Fills the index of S, which is empty, with what was gathered. Which of two records with one key
 * counts, NEWER says (NULL: the later one); *LOST is how many do not. Their nodes leave the order.
 * 0 or -ENOMEM; nothing is gathered any more in either case.
 */
int index_bulk_end(struct store *s, struct index_bulk *b, index_newer_fn newer, uint32_t *lost);

/** Forgets what was gathered. */
void index_bulk_free(struct index_bulk *b);

/** Makes *TO, which is empty, a copy of *FROM. 0, or -ENOMEM: what there is of it is to be freed.
 */
int index_copy(struct store_index *to, const struct store_index *from);

/** Forgets all entries and frees the table. */
void index_free(struct store *s);

/** Bytes of memory that it takes. */
size_t index_bytes(const struct store *s);

/** The offset of the record of an entry. */
static inline uint32_t index_offset(const struct store *s, const struct store_index_slot *slot)
{
	return order_kept(s) ? order_offset(s, slot->ref) : slot->ref;
}

/** Makes OFF the offset of the record of an entry. */
static inline void index_set_offset(struct store *s, struct store_index_slot *slot, uint32_t off)
{
	if (order_kept(s))
		order_set_offset(s, slot->ref, off);
	else
		slot->ref = off;
}

/** The first slot with HASH or a larger one. */
static inline struct store_index_slot *index_first(const struct store_segment *seg, uint32_t hash)
{
	struct store_index_slot *slot = index_home(seg, hash);
	uint32_t smaller;

	/*
	 * It is among the first few most of the time. Counting those before it, instead of going
	 * to it, leaves the CPU nothing to guess while the slots are on their way from memory.
	 */
	do {
		smaller = 0;
#pragma GCC unroll 8
		for (uint32_t i = 0; i < INDEX_WINDOW; i++)
			smaller += slot[i].hash < hash;
		slot += smaller;
	} while (smaller == INDEX_WINDOW);
	return slot;
}

/** The place of HASH. There is an entry, or index_reserve() made room for one. */
static ALWAYS_INLINE struct index_place index_place(const struct store *s, uint32_t hash)
{
	struct store_segment *seg = index_segment(&s->index, hash);

	return (struct index_place){seg, index_first(seg, hash)};
}

/** Whether the record at OFF cannot be believed, its key least of all. */
bool index_damaged(const struct store *s, uint32_t off);

/**
 * index_find() from the place of HASH. A record with this hash that is damaged counts as KEY's: if
 * it were passed over, a newer one could be put beside it and deleted, and it would come back.
 */
static ALWAYS_INLINE struct store_index_slot *index_match(struct store *s, struct index_place at,
							  uint32_t hash, const void *key,
							  uint32_t key_len, uint32_t *off)
{
	for (; at.slot->hash == hash; at.slot++) {
		*off = index_offset(s, at.slot);
		if (slot_has_key(s, *off, key, key_len) || index_damaged(s, *off))
			return at.slot;
	}
	return NULL;
}

/**
 * The slot of the record with KEY, and in *OFF where that is; NULL: there is none. Valid until the
 * index changes.
 */
static ALWAYS_INLINE struct store_index_slot *
index_find(struct store *s, const void *key, uint32_t key_len, uint32_t hash, uint32_t *off)
{
	if (!s->index.count)
		return NULL;
	return index_match(s, index_place(s, hash), hash, key, key_len, off);
}

/** The same for a key whose hash is not known, and by a call: for where that is not noticed. */
struct store_index_slot *index_lookup(struct store *s, const void *key, uint32_t key_len,
				      uint32_t *off);

#endif
