/* SPDX-License-Identifier: MIT */
/* uthash: a malloc'ed block for each entry, with its links in it. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/engine_heap.h"

struct entry {
	UT_hash_handle hh;
	uint32_t len;
	uint8_t key[BENCH_KEY_LEN];
	uint8_t value[];
};

static struct entry *table;
static size_t before[2];

static void uthash_open(uint32_t entries, size_t bytes)
{
	(void)entries;
	(void)bytes;
	before[false] = heap_taken(false);
	before[true] = heap_taken(true);
}

static struct entry *find(const struct bench_key *key)
{
	struct entry *e;

	HASH_FIND(hh, table, key->bytes, BENCH_KEY_LEN, e);
	return e;
}

static void uthash_put(const struct bench_key *key, const void *value, uint32_t len)
{
	struct entry *e = find(key);

	if (!e || e->len != len) {
		if (e)
			HASH_DELETE(hh, table, e);
		e = realloc(e, sizeof(*e) + len);
		if (!e)
			bench_fail("put: no memory");
		e->len = len;
		memcpy(e->key, key->bytes, sizeof(e->key));
		HASH_ADD(hh, table, key, BENCH_KEY_LEN, e);
	}
	memcpy(e->value, value, len);
}

static uint32_t uthash_get(const struct bench_key *key, void *value)
{
	const struct entry *e = find(key);

	if (!e)
		return 0;
	memcpy(value, e->value, e->len);
	return e->len;
}

static bool uthash_remove(const struct bench_key *key)
{
	struct entry *e = find(key);

	if (!e)
		return false;
	HASH_DELETE(hh, table, e);
	free(e);
	return true;
}

static void uthash_iterate(void (*visit)(const void *value, uint32_t len))
{
	for (const struct entry *e = table; e; e = e->hh.next)
		visit(e->value, e->len);
}

static size_t uthash_spent(bool holes)
{
	return heap_taken(holes) - before[holes];
}

static void uthash_close(void)
{
	struct entry *e, *next;

	HASH_ITER(hh, table, e, next)
	{
		HASH_DELETE(hh, table, e);
		free(e);
	}
}

const struct engine engines[] = {{
					 .name = "uthash",
					 .open = uthash_open,
					 .put = uthash_put,
					 .get = uthash_get,
					 .remove = uthash_remove,
					 .iterate = uthash_iterate,
					 .spent = uthash_spent,
					 .close = uthash_close,
				 },
				 {0}};
