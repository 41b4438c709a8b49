/* SPDX-License-Identifier: MIT */
/* GLib's GHashTable: a malloc'ed block for each entry, which the table points into twice. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/engine_heap.h"

struct entry {
	uint32_t len;
	uint8_t key[BENCH_KEY_LEN];
	uint8_t value[];
};

static GHashTable *table;
static size_t before[2];

/* As quick as can be: the keys are random, and of one length. */
static guint hash(gconstpointer key)
{
	uint64_t words[2];

	memcpy(words, key, sizeof(words));
	return (guint)((words[0] ^ words[1]) * 0x9e3779b97f4a7c15u >> 32);
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, BENCH_KEY_LEN);
}

static void glib_open(uint32_t entries, size_t bytes)
{
	(void)entries;
	(void)bytes;
	before[false] = heap_taken(false);
	before[true] = heap_taken(true);
	table = g_hash_table_new_full(hash, equal, NULL, free);
}

static void glib_put(const struct bench_key *key, const void *value, uint32_t len)
{
	struct entry *e = g_hash_table_lookup(table, key->bytes);

	if (!e || e->len != len) {
		e = malloc(sizeof(*e) + len);
		if (!e)
			bench_fail("put: no memory");
		e->len = len;
		memcpy(e->key, key->bytes, sizeof(e->key));
		g_hash_table_replace(table, e->key, e);
	}
	memcpy(e->value, value, len);
}

static uint32_t glib_get(const struct bench_key *key, void *value)
{
	const struct entry *e = g_hash_table_lookup(table, key->bytes);

	if (!e)
		return 0;
	memcpy(value, e->value, e->len);
	return e->len;
}

static bool glib_remove(const struct bench_key *key)
{
	return g_hash_table_remove(table, key->bytes);
}

static void glib_iterate(void (*visit)(const void *value, uint32_t len))
{
	GHashTableIter iter;
	gpointer entry;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, NULL, &entry))
		visit(((struct entry *)entry)->value, ((struct entry *)entry)->len);
}

static size_t glib_spent(bool holes)
{
	return heap_taken(holes) - before[holes];
}

static void glib_close(void)
{
	g_hash_table_destroy(table);
}

const struct engine engines[] = {{
					 .name = "glib",
					 .open = glib_open,
					 .put = glib_put,
					 .get = glib_get,
					 .remove = glib_remove,
					 .iterate = glib_iterate,
					 .spent = glib_spent,
					 .close = glib_close,
				 },
				 {0}};
