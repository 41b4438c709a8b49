/* SPDX-License-Identifier: MIT */
/* khash of htslib: keys in the table, a malloc'ed block for each value. */
#include <htslib/khash.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/engine_heap.h"

struct key {
	uint8_t bytes[BENCH_KEY_LEN];
};

struct value {
	uint32_t len;
	uint8_t bytes[];
};

/* As quick as can be: the keys are random, and of one length. */
static inline khint_t hash(struct key key)
{
	uint64_t words[2];

	memcpy(words, key.bytes, sizeof(words));
	return (khint_t)((words[0] ^ words[1]) * 0x9e3779b97f4a7c15u >> 32);
}

static inline int equal(struct key a, struct key b)
{
	return !memcmp(a.bytes, b.bytes, sizeof(a.bytes));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* in what this makes */
KHASH_INIT(store, struct key, struct value *, 1, hash, equal)
#pragma GCC diagnostic pop

static khash_t(store) * table;
static size_t before[2];

static void khash_open(uint32_t entries, size_t bytes)
{
	(void)entries;
	(void)bytes;
	before[false] = heap_taken(false);
	before[true] = heap_taken(true);
	table = kh_init(store);
}

static struct key key_of(const struct bench_key *key)
{
	struct key k;

	memcpy(k.bytes, key->bytes, sizeof(k.bytes));
	return k;
}

static void khash_put(const struct bench_key *key, const void *value, uint32_t len)
{
	int added;
	khint_t at = kh_put(store, table, key_of(key), &added);
	struct value *v = added ? NULL : kh_val(table, at);

	if (!v || v->len != len) {
		v = realloc(v, sizeof(*v) + len);
		if (added < 0 || !v)
			bench_fail("put: no memory");
		kh_val(table, at) = v;
		v->len = len;
	}
	memcpy(v->bytes, value, len);
}

static uint32_t khash_get(const struct bench_key *key, void *value)
{
	khint_t at = kh_get(store, table, key_of(key));
	const struct value *v;

	if (at == kh_end(table))
		return 0;
	v = kh_val(table, at);
	memcpy(value, v->bytes, v->len);
	return v->len;
}

static bool khash_remove(const struct bench_key *key)
{
	khint_t at = kh_get(store, table, key_of(key));

	if (at == kh_end(table))
		return false;
	free(kh_val(table, at));
	kh_del(store, table, at);
	return true;
}

static void khash_iterate(void (*visit)(const void *value, uint32_t len))
{
	for (khint_t at = kh_begin(table); at != kh_end(table); at++)
		if (kh_exist(table, at))
			visit(kh_val(table, at)->bytes, kh_val(table, at)->len);
}

static size_t khash_spent(bool holes)
{
	return heap_taken(holes) - before[holes];
}

static void khash_close(void)
{
	for (khint_t at = kh_begin(table); at != kh_end(table); at++)
		if (kh_exist(table, at))
			free(kh_val(table, at));
	kh_destroy(store, table);
}

const struct engine engines[] = {{
					 .name = "khash",
					 .open = khash_open,
					 .put = khash_put,
					 .get = khash_get,
					 .remove = khash_remove,
					 .iterate = khash_iterate,
					 .spent = khash_spent,
					 .close = khash_close,
				 },
				 {0}};
