/* SPDX-License-Identifier: MIT */
/*
 * Writes to standard output what a cut at each write of a workload leaves in a region, and the
 * entries that an open finds there: COUNT, KEY LENGTH EXPIRY VALUE lines, the region's bytes. A cut
 * behind a write comes in two kinds: all since the last flush is there, or all but the write
 * before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define REGION KIB(12)
#define KEYS 12U
#define STEPS 120U

static _Alignas(STORE_REGION_ALIGN) char region[REGION], flushed[REGION], cut[REGION],
	opened[REGION];

static int line(void *ctx, const struct store_view *v)
{
	(void)ctx;
	printf("%.*s %u %lld %.*s\n", (int)v->key_len, (const char *)v->key, v->data_len,
	       (long long)v->expiry, (int)(v->data_len < 8 ? v->data_len : 8),
	       (const char *)v->data);
	return 0;
}

static void show(void)
{
	struct store_config config = {.media = {.base = opened, .size = REGION}};
	struct store store;

	memcpy(opened, cut, REGION);
	if (store_open(&store, &config))
		return; /* in the midst of the format */
	printf("%u\n", store_size(&store));
	store_iterate(&store, line, NULL);
	store_close(&store);
	fwrite(cut, 1, REGION, stdout);
}

static struct {
	uint32_t off, len; /* len 0: there was a flush since */
} before;

static void written(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	memcpy(cut, region, REGION);
	show();
	if (before.len) {
		memcpy(cut + before.off, flushed + before.off, before.len);
		show();
	}
	before.off = off;
	before.len = len;
}

static void barrier(void *ctx)
{
	(void)ctx;
	memcpy(flushed, region, REGION);
	before.len = 0;
}

/* What no store can refuse for another reason than a full region or a missing entry. */
static void expect(int err)
{
	if (err < 0 && err != -ENOENT && err != -ENOSPC)
		exit(1);
}

static uint32_t next(uint32_t below)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void key_of(char key[8])
{
	snprintf(key, 8, "key%u", next(KEYS));
}

static void batch(struct store *s)
{
	char key[8], value[64] = "batch of several";

	expect(store_batch_begin(s));
	for (int i = 0; i < 3; i++) {
		key_of(key);
		if (next(3))
			expect(store_batch_put(s, key, (uint32_t)strlen(key), value, 10 + next(54),
					       NULL, 0, STORE_NEVER));
		else
			expect(store_batch_delete(s, key, (uint32_t)strlen(key)));
	}
	if (next(4))
		expect(store_batch_commit(s));
	else
		store_batch_abort(s);
}

static void step(struct store *s)
{
	char key[8], value[300] = "a value of its own";
	uint32_t what = next(16);

	key_of(key);
	if (what < 9)
		expect(store_put(s, key, (uint32_t)strlen(key), value, next(sizeof(value)), "meta",
				 next(5), (int64_t)next(100) - 1));
	else if (what < 11)
		expect(store_delete(s, key, (uint32_t)strlen(key)));
	else if (what < 14)
		batch(s);
	else if (what < 15)
		expect(store_compact(s, 500));
	else if (!next(3))
		expect(store_clear(s));
}

int main(void)
{
	struct store_config config = {
		.media = {.base = region, .size = REGION, .written = written, .barrier = barrier},
		.max_entries = KEYS - 3,
	};
	struct store store;

	expect(store_format(&config.media, 7));
	expect(store_open(&store, &config));
	for (uint32_t i = 0; i < STEPS; i++)
		step(&store);
	store_close(&store);
	return 0;
}
