/* SPDX-License-Identifier: MIT */
/* A store and those who share it, all played by one thread: calls on keys that are strings. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_SHARERS_H
#define CAIRN_TESTS_UNIT_STORE_TEST_SHARERS_H

#include <string.h>

#include "store/share.h"
#include "store/store.h"

#define SHARERS 3U

static struct store store;
static uint32_t who; /* calls */

static inline uint32_t self(void *ctx)
{
	assert_ptr_equal(ctx, &who);
	return who;
}

/* Without a clock a wait is over after so many turns. */
static const struct store_sharing sharing = {
	.sharers = SHARERS, .self = self, .ctx = &who, .patience_ns = 100000};

static inline int put(const char *key, const char *value)
{
	return store_put(&store, key, (uint32_t)strlen(key), value, (uint32_t)strlen(value), NULL,
			 0, STORE_NEVER);
}

static inline int del(const char *key)
{
	return store_delete(&store, key, (uint32_t)strlen(key));
}

static inline int get(const char *key, struct store_view *view)
{
	return store_get(&store, key, (uint32_t)strlen(key), view);
}

static inline bool is(const char *key, const char *value)
{
	char data[64];
	uint32_t len;

	return store_read(&store, key, (uint32_t)strlen(key), data, sizeof(data), &len) == 0 &&
	       len == strlen(value) && memcmp(data, value, len) == 0;
}

static inline bool shows(const struct store_view *view, const char *value)
{
	return view->data_len == strlen(value) && memcmp(view->data, value, view->data_len) == 0;
}

static inline struct store_stats stats(void)
{
	struct store_stats st;

	store_stat(&store, &st);
	return st;
}

/* The core of sharer N stops while it looks something up. */
static inline void stop_reader(uint32_t n)
{
	store.share->reader[n].in = store.share->shown + 1;
}

#endif
