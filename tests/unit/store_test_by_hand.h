/* SPDX-License-Identifier: MIT */
/* A small store whose bytes a test changes by hand. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_BY_HAND_H
#define CAIRN_TESTS_UNIT_STORE_TEST_BY_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/walker.h"

#define REGION 8192U

static uint8_t region[REGION] __attribute__((aligned(4096)));
static char reports[2048]; /**< the store's lines since reopen() */
static struct store store;
static struct walker walk; /**< of walk_region() */

/** Where the store reports to. */
static inline void collect(void *ctx, const char *line)
{
	(void)ctx;
	snprintf(reports + strlen(reports), sizeof(reports) - strlen(reports), "%s\n", line);
}

static const struct store_config config = {
	.media = {.base = region, .size = REGION},
	.report = collect,
};

/** Closes the store and opens it again, as store_open(). */
static inline int reopen(void)
{
	store_close(&store);
	reports[0] = '\0';
	return store_open(&store, &config);
}

/** An empty store, open. */
static inline int fresh_store(void **state)
{
	(void)state;
	store_close(&store);
	memset(region, 0, sizeof(region));
	return store_format(&config.media, 1234) || reopen();
}

/** The end of it. */
static inline int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/** Puts a text that never expires. */
static inline void put(const char *key, const char *value)
{
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
}

/** The value of KEY, or NULL. */
static inline const char *get(const char *key)
{
	static char value[256];
	struct store_view view;

	if (store_get(&store, key, (uint32_t)strlen(key), &view))
		return NULL;
	memcpy(value, view.data, view.data_len);
	value[view.data_len] = '\0';
	store_release(&store, &view);
	return value;
}

/** Fails unless the region is one that a walk accepts. */
static inline void walk_region(void)
{
	if (!walker_walk(&walk, region, REGION))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
}

/** The record of KEY, which is there. */
static inline struct walker_entry entry(const char *key)
{
	const struct walker_entry *e;

	walk_region();
	e = walker_find(&walk, key, (uint32_t)strlen(key));
	assert_non_null(e);
	return *e;
}

/** Sets the word at OFF of the region. */
static inline void set_word(uint32_t off, uint32_t value)
{
	be32_store(region + off, value);
}

/** The word at OFF. */
static inline uint32_t word(uint32_t off)
{
	return be32_load(region + off);
}

/** Fails unless KEY cannot be had, and COUNT slots are kept aside. */
static inline void assert_quarantined(const char *key, uint32_t count)
{
	struct store_stats stats;

	assert_null(get(key));
	store_stat(&store, &stats);
	assert_int_equal(stats.quarantined, count);
	walk_region();
	assert_int_equal(walk.quarantined, count);
}

#define BY_HAND_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)

#endif
