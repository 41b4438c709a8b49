/* SPDX-License-Identifier: MIT */
/*
 * What the damage test damages: images of a region with what had been acknowledged when they were
 * taken, and where the records lie in them.
 */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_IMAGE_H
#define CAIRN_TESTS_POWERCUT_FLIP_IMAGE_H

#include <errno.h>

#include "lib/be.h"
#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define FLIP_KEYS 24U
#define FLIP_KEY_MAX 40U
#define FLIP_REGION_MAX 32768U
#define FLIP_SLOTS (FLIP_REGION_MAX / SLOT_MIN)

/* An entry as it was put; absent if bytes is NULL. Data, then metadata. */
struct flip_value {
	const uint8_t *bytes;
	uint32_t data_len, meta_len;
	int64_t expiry;
};

struct flip_state {
	struct flip_value value[FLIP_KEYS];
};

/* Where a record lies, none if size is 0. What is behind its first USED bytes is slack, up to its
 * trailer. */
struct flip_slot {
	uint32_t off, size, used, key_len;
};

struct flip_image {
	const char *name;
	uint32_t size;
	int64_t clock;                   /* at which it is opened */
	bool perfect;                    /* some value holds records that check in their place */
	bool cut;                        /* in the midst of an operation, */
	struct flip_state before, after; /* else these two are the same */
	/* The record that BEFORE has, unless the operation has touched it already. */
	struct flip_slot kept[FLIP_KEYS];
	/* The record that an open without any damage finds. */
	struct flip_slot found[FLIP_KEYS];
	uint32_t slot[FLIP_SLOTS], slots; /* where each slot begins after such an open */
	uint8_t bytes[FLIP_REGION_MAX];
};

/* The region that is open, and its clock. There is one at a time. */
static uint8_t flip_area[FLIP_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static int64_t flip_clock;

static inline int64_t flip_now(void *ctx)
{
	(void)ctx;
	return flip_clock;
}

/* Keys are told apart by their first byte; their lengths differ. They can all be printed. */
static inline uint32_t flip_key(uint32_t i, uint8_t key[FLIP_KEY_MAX])
{
	static const uint8_t lens[FLIP_KEYS] = {1,  40, 2,  39, 3,  4,  5,  7,  8,  9,  12, 13,
						16, 17, 20, 23, 24, 25, 31, 32, 33, 36, 37, 38};

	for (uint32_t n = 1; n < lens[i]; n++)
		key[n] = (uint8_t)('0' + (i + n) % 10);
	key[0] = (uint8_t)('A' + i);
	return lens[i];
}

/* The number of the key of an entry, or FLIP_KEYS if nobody put such a key. */
static inline uint32_t flip_key_of(const void *key, uint32_t key_len)
{
	uint32_t i = (uint32_t)(*(const uint8_t *)key - 'A') & 0xff;
	uint8_t want[FLIP_KEY_MAX];

	if (i >= FLIP_KEYS || flip_key(i, want) != key_len || memcmp(key, want, key_len) != 0)
		return FLIP_KEYS;
	return i;
}

static inline bool flip_expired(const struct flip_value *v)
{
	return v->bytes != NULL && v->expiry > 0 && v->expiry < flip_clock;
}

static inline bool flip_same(const struct flip_value *v, const void *data, uint32_t data_len,
			     const void *meta, uint32_t meta_len, int64_t expiry)
{
	return v->bytes != NULL && v->data_len == data_len && v->meta_len == meta_len &&
	       v->expiry == expiry && memcmp(v->bytes, data, data_len) == 0 &&
	       memcmp(v->bytes + data_len, meta, meta_len) == 0;
}

static inline bool flip_same_entry(const struct flip_value *v, const struct walker_entry *e)
{
	return flip_same(v, e->data, e->data_len, e->meta, e->meta_len, e->expiry);
}

static inline struct flip_slot flip_slot_of(const struct walker_entry *e)
{
	return (struct flip_slot){
		.off = e->off,
		.size = e->size,
		.used = HDR_BYTES + e->key_len + e->data_len + e->meta_len,
		.key_len = e->key_len,
	};
}

/* Where the records and all slots are in REGION, which WALK is of. */
static inline void flip_locate(struct flip_image *im, const struct walker *walk)
{
	memset(im->found, 0, sizeof(im->found));
	for (uint32_t n = 0; n < walk->entries; n++) {
		const struct walker_entry *e = &walk->entry[n];
		uint32_t i = flip_key_of(e->key, e->key_len);

		if (i < FLIP_KEYS)
			im->found[i] = flip_slot_of(e);
	}
	im->slots = 0;
	for (uint32_t off = CHAIN_START; off < walk->end;) {
		const uint8_t *p = walk->region + off;

		im->slot[im->slots++] = off;
		off += (uint32_t)p[2] << 8 | p[3]; /* all sizes here are below 64 KiB */
	}
}

/* Whether the record of SLOT is the same in both regions, slack aside. */
static inline bool flip_untouched(const struct flip_slot *slot, const uint8_t *a, const uint8_t *b)
{
	uint32_t trailer = slot->off + slot->size - TRL_BYTES;

	return memcmp(a + slot->off, b + slot->off, slot->used) == 0 &&
	       memcmp(a + trailer, b + trailer, TRL_BYTES) == 0;
}

#endif
