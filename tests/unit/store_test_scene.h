/* SPDX-License-Identifier: MIT */
/* What tests of a shared store begin with: a region, the store in it, and those who share it. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_SCENE_H
#define CAIRN_TESTS_UNIT_STORE_TEST_SCENE_H

#include <stdio.h>

#include "tests/unit/store_test_sharers.h"
#include "tests/unit/walker.h"

#define REGION KIB(256)

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_config config;
static struct walker walk;
static int64_t now_ms;
static bool window_is_open;

static inline void note_window(void *ctx, bool open)
{
	(void)ctx;
	window_is_open = open;
}

static inline int64_t now(void *ctx)
{
	(void)ctx;
	return now_ms;
}

/* Opens what is in the region, for the sharers. */
static inline void open_shared(void)
{
	who = 0;
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &sharing), 0);
}

static inline void start(uint32_t size, uint32_t max_entries)
{
	now_ms = 1000;
	config = (struct store_config){
		.media = {.base = region, .size = size, .window = note_window},
		.now = now,
		.max_entries = max_entries,
	};
	assert_int_equal(store_format(&config.media, 1), 0);
	open_shared();
}

static inline void reopen(void)
{
	store_close(&store);
	open_shared();
}

/* The region is that of a store at rest, and the store says the same of it. */
static inline void check_region(void)
{
	struct store_stats st = stats();

	assert_false(window_is_open);
	if (!walker_walk(&walk, region, config.media.size))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
	assert_int_equal(st.entries, walk.entries);
	assert_int_equal(st.free_bytes, walk.free_bytes);
	assert_int_equal(st.free_slots, walk.frees);
}

static const char bytes[REGION];

static inline int put_bytes(const char *key, uint32_t len)
{
	return store_put(&store, key, (uint32_t)strlen(key), bytes, len, NULL, 0, STORE_NEVER);
}

static inline void put_numbered(char letter, uint32_t count)
{
	char key[16];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%c%u", letter, i);
		assert_int_equal(put(key, "1"), 0);
	}
}

#endif
