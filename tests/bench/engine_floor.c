/* SPDX-License-Identifier: MIT */
/*
 * The floor, below which no store gets: the index is told where everything is, an entry is one load
 * of the index, one of the entry and a memcpy. Entries lie one behind the other.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_store.h"

/* As long as the header of a record in Cairn's format. */
struct entry {
	uint32_t id, size, len, unused[3];
	uint8_t key[BENCH_KEY_LEN];
	uint8_t value[];
};

#define GRAIN 4u

static uint8_t *region;
static size_t room, end;
static uint32_t *index_of; /* by id, in grains; 0: none; as many again that are missed */
static uint32_t entries;

static struct entry *entry_at(uint32_t grains)
{
	return (struct entry *)(region + (size_t)grains * GRAIN);
}

static size_t size_for(uint32_t len)
{
	return (sizeof(struct entry) + len + GRAIN - 1) / GRAIN * GRAIN;
}

static void floor_open(uint32_t n, size_t bytes)
{
	entries = n;
	room = 2 * (bytes + n * (sizeof(struct entry) + GRAIN));
	region = malloc(room);
	index_of = calloc(2 * (size_t)n, sizeof(*index_of));
	if (!region || !index_of)
		bench_fail("there is no memory for it");
	end = GRAIN;
}

static void append(const struct bench_key *key, const void *value, uint32_t len)
{
	struct entry *e = (struct entry *)(region + end);
	size_t size = size_for(len);

	if (end + size > room)
		bench_fail("put: its region is full");
	e->id = key->id;
	e->size = (uint32_t)size;
	e->len = len;
	memset(e->unused, 0, sizeof(e->unused));
	memcpy(e->key, key->bytes, sizeof(e->key));
	memcpy(e->value, value, len);
	index_of[key->id] = (uint32_t)(end / GRAIN);
	end += size;
}

static void floor_put(const struct bench_key *key, const void *value, uint32_t len)
{
	uint32_t at = index_of[key->id];
	struct entry *e;

	if (at) {
		e = entry_at(at);
		if (size_for(len) <= e->size) {
			e->len = len;
			memcpy(e->value, value, len);
			return;
		}
		e->len = 0;
	}
	append(key, value, len);
}

static uint32_t floor_get(const struct bench_key *key, void *value)
{
	uint32_t at = index_of[key->id];
	const struct entry *e;

	if (!at)
		return 0;
	e = entry_at(at);
	memcpy(value, e->value, e->len);
	return e->len;
}

static bool floor_remove(const struct bench_key *key)
{
	uint32_t at = index_of[key->id];

	if (!at)
		return false;
	index_of[key->id] = 0;
	entry_at(at)->len = 0;
	return true;
}

static void floor_iterate(void (*visit)(const void *value, uint32_t len))
{
	const struct entry *e;

	for (size_t at = GRAIN; at < end; at += e->size) {
		e = (const struct entry *)(region + at);
		if (e->len)
			visit(e->value, e->len);
	}
}

static void floor_crash(void)
{
	memset(index_of, 0, 2 * (size_t)entries * sizeof(*index_of));
}

static void floor_recover(void)
{
	const struct entry *e;

	for (size_t at = GRAIN; at < end; at += e->size) {
		e = (const struct entry *)(region + at);
		if (e->len)
			index_of[e->id] = (uint32_t)(at / GRAIN);
	}
}

/* The index of the entries: what is there for the misses is no part of a store. */
static size_t floor_spent(bool holes)
{
	(void)holes;
	return end + 2 * entries * sizeof(*index_of);
}

static void floor_close(void)
{
	free(region);
	free(index_of);
}

const struct engine engines[] = {{
					 .name = "floor",
					 .open = floor_open,
					 .put = floor_put,
					 .get = floor_get,
					 .remove = floor_remove,
					 .iterate = floor_iterate,
					 .crash = floor_crash,
					 .recover = floor_recover,
					 .spent = floor_spent,
					 .close = floor_close,
				 },
				 {0}};
