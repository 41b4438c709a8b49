/* SPDX-License-Identifier: MIT */
/*
 * Cairn's store: the Java store's format, its own with trailers, and that with the hooks of a
 * machine whose cache does not survive a reset. They count, which is part of what they cost.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/errors.h"
#include "store/store.h"
#include "tests/bench/bench_store.h"

#define CACHE_LINE 32u   /* the Cortex-A9's, also where the benchmark runs on another machine */
#define RECORD_BYTES 48u /* header, trailer and rounding, or a little more */

static struct store store;
static bool shared; /* by four cores, of which one is there */
static struct store_config config;
static struct engine_cost cost;
static void *memory; /* which the region is in */

static void clean(void *ctx, const void *ptr, size_t len)
{
	uintptr_t first = (uintptr_t)ptr / CACHE_LINE;
	uintptr_t last = ((uintptr_t)ptr + len - 1) / CACHE_LINE;

	(void)ctx;
	cost.lines += last - first + 1;
	bench_clean(ptr, len);
}

static void barrier(void *ctx)
{
	(void)ctx;
	cost.barriers++;
	bench_barrier();
}

static void window(void *ctx, bool open)
{
	(void)ctx;
	bench_window(open);
}

static void must(int err)
{
	if (err)
		bench_fail(error_text(err));
}

/* A region for twice the entries, as far as a region goes. */
static void prepare(uint32_t entries, size_t bytes)
{
	uint64_t size = 2 * (bytes + (uint64_t)entries * RECORD_BYTES) + 2 * STORE_REGION_MIN;

	if (size > STORE_REGION_MAX)
		size = STORE_REGION_MAX;
	size = size / STORE_REGION_ALIGN * STORE_REGION_ALIGN;
	config = (struct store_config){.media.size = (uint32_t)size};
	memory = malloc((size_t)size + STORE_REGION_ALIGN);
	if (!memory)
		bench_fail("there is no memory for its region");
	config.media.base = (void *)(((uintptr_t)memory + STORE_REGION_ALIGN) / STORE_REGION_ALIGN *
				     STORE_REGION_ALIGN);
	cost = (struct engine_cost){0};
	shared = false;
}

static void cairn_open_classic(uint32_t entries, size_t bytes)
{
	prepare(entries, bytes);
	config.layout = &store_classic;
	must(store_open(&store, &config));
}

static void cairn_open_native(uint32_t entries, size_t bytes)
{
	prepare(entries, bytes);
	must(store_format(&config.media, entries));
	must(store_open(&store, &config));
}

static uint32_t first_sharer(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct store_sharing sharing = {
	.sharers = 4, .self = first_sharer, .patience_ns = 1000000000};

static void cairn_open_shared(uint32_t entries, size_t bytes)
{
	cairn_open_native(entries, bytes);
	must(store_share(&store, &sharing));
	shared = true;
}

static void cairn_open_guarded(uint32_t entries, size_t bytes)
{
	prepare(entries, bytes);
	config.media.window = window;
	must(store_format(&config.media, entries));
	must(store_open(&store, &config));
}

static void cairn_open_flushed(uint32_t entries, size_t bytes)
{
	prepare(entries, bytes);
	config.media.clean = clean;
	config.media.barrier = barrier;
	must(store_format(&config.media, entries));
	must(store_open(&store, &config));
}

static void cairn_put(const struct bench_key *key, const void *value, uint32_t len)
{
	must(store_put(&store, key->bytes, BENCH_KEY_LEN, value, len, NULL, 0, STORE_NEVER));
}

static uint32_t cairn_get(const struct bench_key *key, void *value)
{
	uint32_t len = 0;
	int err = store_read(&store, key->bytes, BENCH_KEY_LEN, value, BENCH_VALUE_MAX, &len);

	if (err == -ENOENT)
		return 0;
	must(err);
	return len;
}

static bool cairn_remove(const struct bench_key *key)
{
	int err = store_delete(&store, key->bytes, BENCH_KEY_LEN);

	if (err == -ENOENT)
		return false;
	must(err);
	return true;
}

struct visitor {
	void (*visit)(const void *value, uint32_t len);
};

static int visit_view(void *ctx, const struct store_view *view)
{
	const struct visitor *visitor = ctx;

	visitor->visit(view->data, view->data_len);
	return 0;
}

static void cairn_iterate(void (*visit)(const void *value, uint32_t len))
{
	struct visitor visitor = {visit};

	must(store_iterate(&store, visit_view, &visitor));
}

static void cairn_crash(void)
{
	struct store_stats stats;

	store_stat(&store, &stats);
	config.file_size = stats.file_size;
	store_close(&store);
}

static void cairn_recover(void)
{
	must(store_open(&store, &config));
	if (shared)
		must(store_share(&store, &sharing));
}

/* What is free at the end of the region is not spent. */
static int find_tail(void *ctx, uint32_t off, uint32_t size)
{
	uint32_t *end = ctx;

	if (off + size == *end)
		*end = off;
	return 0;
}

static size_t cairn_outside(void)
{
	struct store_stats stats;

	store_stat(&store, &stats);
	return stats.index_bytes + stats.free_list_bytes;
}

static size_t cairn_spent(bool holes)
{
	struct store_stats stats;
	uint32_t end;

	store_stat(&store, &stats);
	if (!holes)
		return cairn_outside() + stats.used_bytes;
	end = stats.end;
	must(store_each_free(&store, find_tail, &end));
	return cairn_outside() + end;
}

static struct engine_cost cairn_cost(void)
{
	return cost;
}

static void cairn_close(void)
{
	store_close(&store);
	free(memory);
}

#define CAIRN                                                                                 \
	.put = cairn_put, .get = cairn_get, .remove = cairn_remove, .iterate = cairn_iterate, \
	.crash = cairn_crash, .recover = cairn_recover, .spent = cairn_spent,                 \
	.outside = cairn_outside, .close = cairn_close

const struct engine engines[] = {
	{.name = "cairn-classic", .open = cairn_open_classic, CAIRN},
	{.name = "cairn-native", .open = cairn_open_native, CAIRN},
	{.name = "cairn-guarded", .open = cairn_open_guarded, CAIRN},
	{.name = "cairn-shared", .open = cairn_open_shared, CAIRN},
	{.name = "cairn-flushed", .open = cairn_open_flushed, .cost = cairn_cost, CAIRN},
	{0},
};
