/* SPDX-License-Identifier: MIT */
/* Linear probing; an entry that leaves is closed by moving later ones up, so there are no
 * tombstones. */
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/slot.h"

#define INDEX_FIRST 64U

uint32_t index_hash(const struct store *s, const void *key, uint32_t key_len)
{
	const uint8_t *p = key;
	uint32_t h = s->super.salt ^ key_len * 0x9e3779b1U, word = 0;

	for (; key_len >= 4; key_len -= 4, p += 4) {
		memcpy(&word, p, 4);
		h = (h ^ word) * 0x85ebca6bU;
		h ^= h >> 15;
	}
	word = 0;
	memcpy(&word, p, key_len);
	h = (h ^ word) * 0xc2b2ae35U;
	return h ^ h >> 16;
}

static void place(struct store_index *ix, uint32_t hash, uint32_t off)
{
	uint32_t i = hash & ix->mask;

	while (ix->slots[i].off)
		i = (i + 1) & ix->mask;
	ix->slots[i].off = off;
	ix->slots[i].hash = hash;
}

int index_reserve(struct store *s)
{
	struct store_index *ix = &s->index, bigger = *ix;
	uint32_t room = ix->slots ? ix->mask + 1 : 0;

	if (ix->count + 1 <= room / 4 * 3)
		return 0;
	bigger.mask = (room ? room * 2 : INDEX_FIRST) - 1;
	bigger.slots = calloc((size_t)bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < room; i++)
		if (ix->slots[i].off)
			place(&bigger, ix->slots[i].hash, ix->slots[i].off);
	free(ix->slots);
	*ix = bigger;
	return 0;
}

struct store_index_slot *index_find(struct store *s, const void *key, uint32_t key_len,
				    uint32_t hash)
{
	struct store_index *ix = &s->index;

	if (!ix->slots)
		return NULL;
	for (uint32_t i = hash & ix->mask; ix->slots[i].off; i = (i + 1) & ix->mask)
		if (ix->slots[i].hash == hash && slot_has_key(s, ix->slots[i].off, key, key_len))
			return &ix->slots[i];
	return NULL;
}

void index_insert(struct store *s, uint32_t hash, uint32_t off)
{
	place(&s->index, hash, off);
	s->index.count++;
}

void index_remove(struct store *s, struct store_index_slot *slot)
{
	struct store_index *ix = &s->index;
	uint32_t hole = (uint32_t)(slot - ix->slots);

	for (uint32_t i = (hole + 1) & ix->mask; ix->slots[i].off; i = (i + 1) & ix->mask) {
		uint32_t home = ix->slots[i].hash & ix->mask;

		/* An entry may fill the hole if its home is not behind the hole. */
		if (((i - home) & ix->mask) >= ((i - hole) & ix->mask)) {
			ix->slots[hole] = ix->slots[i];
			hole = i;
		}
	}
	ix->slots[hole].off = 0;
	ix->count--;
}

void index_free(struct store *s)
{
	free(s->index.slots);
	s->index = (struct store_index){0};
}
