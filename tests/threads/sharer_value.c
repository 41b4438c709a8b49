/* SPDX-License-Identifier: MIT */
/* The keys that sharers use, and the values that they have. */
#include <stdio.h>
#include <string.h>

#include "tests/threads/sharer.h"

uint32_t sharer_key(const struct sharer_world *world, uint32_t key, uint32_t part,
		    char text[SHARER_KEY_MAX])
{
	if (key >= world->plan->keys)
		return (uint32_t)snprintf(text, SHARER_KEY_MAX, "group %u part %u",
					  (unsigned)(key - world->plan->keys), (unsigned)part);
	return (uint32_t)snprintf(text, SHARER_KEY_MAX, "k%u%.*s", (unsigned)key, (int)(key % 24),
				  "-is-one-of-longer-keys-there-are");
}

bool sharer_parse(const struct sharer_world *world, const void *key, uint32_t key_len,
		  uint32_t *number, uint32_t *part)
{
	const char *at = key;
	char text[SHARER_KEY_MAX];
	uint32_t i = at[0] == 'k' ? 1 : 6, n = 0;

	for (; i < key_len && at[i] >= '0' && at[i] <= '9'; i++)
		n = n * 10 + (uint32_t)(at[i] - '0');
	*part = at[0] == 'k' ? 0 : (uint32_t)(at[key_len - 1] - '0');
	*number = at[0] == 'k' ? n : n + world->plan->keys;
	return *number < world->plan->keys + world->plan->groups && *part < SHARER_PARTS &&
	       sharer_key(world, *number, *part, text) == key_len && !memcmp(text, key, key_len);
}

static uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352dU;
	x = (x ^ x >> 15) * 0x846ca68bU;
	return x ^ x >> 16;
}

/* Most values are short, some are not. */
static uint32_t length_of(const struct sharer_world *world, uint32_t number)
{
	uint32_t h = mix(number), room = world->plan->value_max;

	if (h % 4)
		room = room < 80 ? room : 80;
	else if (h % 16)
		room = room / 4 < 80 ? room : room / 4;
	return 8 + (h >> 4) % (room - 7);
}

uint32_t sharer_meta_len(uint32_t number)
{
	return mix(number + 1) % 3 ? 0 : mix(number + 2) % SHARER_META_MAX;
}

static uint32_t seed_of(uint32_t key, uint32_t part, uint32_t number)
{
	return mix(number ^ mix(key * SHARER_PARTS + part + 1));
}

/* The byte at AT of a value, or of its metadata. */
static uint8_t byte_at(uint32_t seed, uint32_t number, uint32_t at)
{
	return (uint8_t)(at < 4 ? number >> at * 8 : (seed + at * 0x9e3779b1U) >> 24);
}

uint32_t sharer_make(struct sharer *sharer, uint32_t key, uint32_t part, uint32_t number)
{
	uint32_t len = length_of(sharer->world, number), seed = seed_of(key, part, number);

	for (uint32_t i = 0; i < len; i++)
		sharer->value[i] = byte_at(seed, number, i);
	for (uint32_t i = 0; i < SHARER_META_MAX; i++)
		sharer->meta[i] = byte_at(seed, ~number, i);
	return len;
}

uint32_t sharer_number(const struct sharer_world *world, uint32_t key, uint32_t part,
		       const void *data, uint32_t data_len, const void *meta, uint32_t meta_len)
{
	const uint8_t *bytes = data, *meta_bytes = meta;
	uint32_t number, seed, bad = 0;

	if (data_len < 8)
		return 0;
	number = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		 (uint32_t)bytes[3] << 24;
	if (data_len != length_of(world, number) || (meta && meta_len != sharer_meta_len(number)))
		return 0;
	seed = seed_of(key, part, number);
	for (uint32_t i = 0; i < data_len; i++)
		bad |= bytes[i] ^ byte_at(seed, number, i);
	for (uint32_t i = 0; meta && i < meta_len; i++)
		bad |= meta_bytes[i] ^ byte_at(seed, ~number, i);
	return bad ? 0 : number;
}
