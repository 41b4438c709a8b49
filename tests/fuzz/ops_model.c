/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/ops_model.h"

#include <stdlib.h>
#include <string.h>

const uint8_t *ops_key(uint32_t i, uint32_t *len)
{
	static uint8_t keys[OPS_KEYS][OPS_KEY_MAX];
	static const uint16_t lengths[OPS_KEYS] = {1, 1, 2, 3,  4,  5,  7,  8,  9,   15,  16,  17,
						   1, 1, 2, 31, 32, 33, 63, 64, 100, 255, 256, 700};

	*len = lengths[i];
	/* Half of them are beginnings of one another. */
	memset(keys[i], i < OPS_KEYS / 2 ? 'p' : (int)i, lengths[i]);
	keys[i][lengths[i] - 1] = (uint8_t)i;
	return keys[i];
}

uint32_t ops_find(const void *key, uint32_t len)
{
	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		uint32_t l;
		const uint8_t *k = ops_key(i, &l);

		if (l == len && memcmp(k, key, l) == 0)
			return i;
	}
	return OPS_KEYS;
}

void ops_set(struct ops_model *m, uint32_t i, const void *data, uint32_t data_len, const void *meta,
	     uint32_t meta_len, int64_t expiry)
{
	uint8_t *bytes = malloc((size_t)data_len + meta_len);

	CHECK(bytes || data_len + meta_len == 0, "no memory for the model");
	if (data_len)
		memcpy(bytes, data, data_len);
	if (meta_len)
		memcpy(bytes + data_len, meta, meta_len);
	ops_drop(m, i);
	m->entry[i] = (struct ops_entry){.there = true,
					 .data_len = data_len,
					 .meta_len = meta_len,
					 .bytes = bytes,
					 .expiry = expiry};
	m->count++;
}

void ops_drop(struct ops_model *m, uint32_t i)
{
	if (!m->entry[i].there)
		return;
	free(m->entry[i].bytes);
	m->entry[i] = (struct ops_entry){0};
	m->count--;
}

static bool expired(const struct ops_entry *e, int64_t now)
{
	return e->there && e->expiry > 0 && e->expiry < now;
}

bool ops_alive(const struct ops_model *m, uint32_t i, int64_t now)
{
	return m->entry[i].there && !expired(&m->entry[i], now);
}

uint32_t ops_drop_expired(struct ops_model *m, int64_t now)
{
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		if (!expired(&m->entry[i], now))
			continue;
		ops_drop(m, i);
		dropped++;
	}
	return dropped;
}

bool ops_same(const struct ops_model *m, uint32_t i, const void *data, uint32_t data_len,
	      const void *meta, uint32_t meta_len)
{
	const struct ops_entry *e = &m->entry[i];

	return e->there && e->data_len == data_len && e->meta_len == meta_len &&
	       (!data || memcmp(e->bytes, data, data_len) == 0) &&
	       (!meta || memcmp(e->bytes + data_len, meta, meta_len) == 0);
}

void ops_compare(struct ops_model *m, const struct walker *w)
{
	CHECK(w->entries == m->count, "the region has %u entries, there should be %u", w->entries,
	      m->count);
	for (uint32_t n = 0; n < w->entries; n++) {
		const struct walker_entry *found = &w->entry[n];
		uint32_t i = ops_find(found->key, found->key_len);
		struct ops_entry *e = &m->entry[i];

		CHECK(i < OPS_KEYS && e->there, "the entry at %u should not be there", found->off);
		CHECK(ops_same(m, i, found->data, found->data_len, found->meta, found->meta_len) &&
			      e->expiry == found->expiry,
		      "the entry at %u, key %u, is another one", found->off, i);
		e->off = found->off;
		if (e->version)
			CHECK(found->seq == e->version, "key %u has version %llu instead of %llu",
			      i, (unsigned long long)found->seq, (unsigned long long)e->version);
		else
			CHECK(!found->seq || found->seq > m->version,
			      "key %u was put and has the old version %llu", i,
			      (unsigned long long)found->seq);
		e->version = found->seq;
	}
	m->version = w->max_seq > m->version ? w->max_seq : m->version;
}

void ops_clear(struct ops_model *m)
{
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		ops_drop(m, i);
}
