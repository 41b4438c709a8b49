/* SPDX-License-Identifier: MIT */
/*
 * The window of the region. The region is memory that can only be read while it is closed, so that
 * a write past it ends the program; and no call leaves it open, or opens it twice, or for a read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define SIZE 65536U
#define KEYS 40U
#define OPS 30000U

static uint8_t *region;
static struct store store;
static struct store_config config;
static bool is_open;
static unsigned opened; /* how often */
static int64_t clock_ms;

static void window(void *ctx, bool open)
{
	(void)ctx;
	assert_int_not_equal(open, is_open);
	is_open = open;
	opened += open;
	assert_int_equal(mprotect(region, SIZE, PROT_READ | (open ? PROT_WRITE : 0)), 0);
}

static void flush(void *ctx)
{
	(void)ctx;
	assert_true(is_open);
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return clock_ms;
}

static int setup(void **state)
{
	(void)state;
	region = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(region, MAP_FAILED);
	config = (struct store_config){
		.media = {.base = region, .size = SIZE, .barrier = flush, .window = window},
		.now = now,
	};
	is_open = false;
	opened = 0;
	clock_ms = 1000;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(opened, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	assert_false(is_open);
	munmap(region, SIZE);
	return 0;
}

/* The call opened the window WANTED times and closed it. */
#define OPENED(wanted, call)                               \
	do {                                               \
		unsigned before = opened;                  \
		(void)(call);                              \
		assert_false(is_open);                     \
		assert_int_equal(opened - before, wanted); \
	} while (0)

static int put(const char *key, uint32_t data_len, int64_t expiry)
{
	static const uint8_t data[8192] = {1};

	return store_put(&store, key, (uint32_t)strlen(key), data, data_len, NULL, 0, expiry);
}

static int del(const char *key)
{
	return store_delete(&store, key, (uint32_t)strlen(key));
}

static int batch_put(const char *key)
{
	return store_batch_put(&store, key, (uint32_t)strlen(key), key, 1, NULL, 0, STORE_NEVER);
}

static int visit(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	return 0;
}

static void test_each_call(void **state)
{
	struct store_stats stats;
	struct store_view view;
	uint32_t len;
	char data[8];

	(void)state;
	OPENED(1, store_open(&store, &config));
	OPENED(1, put("a", 10, STORE_NEVER));
	OPENED(1, put("a", 20, STORE_NEVER));
	OPENED(1, store_put_if(&store, STORE_ABSENT, "b", 1, "b", 1, NULL, 0, clock_ms + 5));
	OPENED(0, store_put_if(&store, STORE_ABSENT, "a", 1, "b", 1, NULL, 0, STORE_NEVER));
	OPENED(1, put("", 10, STORE_NEVER)); /* refused */
	OPENED(0, store_get(&store, "a", 1, &view));
	OPENED(1, del("a"));
	OPENED(1, del("a")); /* not there */
	OPENED(1, store_release(&store, &view));
	OPENED(0, store_read(&store, "b", 1, data, sizeof(data), &len));
	OPENED(0, store_contains(&store, "b", 1));
	OPENED(0, store_iterate(&store, visit, NULL));
	OPENED(0, store_stat(&store, &stats));
	clock_ms += 10;
	OPENED(1, store_purge(&store, NULL, NULL));
	OPENED(0, store_batch_begin(&store));
	OPENED(1, batch_put("c"));
	OPENED(1, batch_put("d"));
	OPENED(0, put("e", 10, STORE_NEVER));
	OPENED(1, store_batch_commit(&store));
	OPENED(0, store_batch_begin(&store));
	OPENED(1, batch_put("e"));
	OPENED(1, store_batch_delete(&store, "c", 1));
	OPENED(0, store_batch_delete(&store, "nothing", 7));
	OPENED(1, store_batch_abort(&store));
	OPENED(1, store_compact(&store, SIZE));
	OPENED(1, store_clear(&store));
	OPENED(0, store_close(&store));
	assert_int_equal(store_contains(&store, "a", 1), -EBADF);
	OPENED(1, store_open(&store, &config));
	OPENED(0, store_batch_begin(&store));
	OPENED(1, batch_put("e"));
	OPENED(1, store_close(&store)); /* which aborts the batch */
}

static int first_damaged(void *ctx, const struct store_damage *d)
{
	*(uint32_t *)ctx = d->off;
	return 1;
}

static void test_repairs(void **state)
{
	struct store_checkup checkup = {0};
	struct store_view view;
	uint32_t off = 0;

	(void)state;
	config.media.size = SIZE / 2;
	OPENED(1, store_format(&config.media, 1));
	OPENED(1, store_open(&store, &config));
	OPENED(1, put("a", 10, STORE_NEVER));
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	store_close(&store);
	window(NULL, true);
	region[view.slot + HDR_BYTES + 3] ^= 1;
	window(NULL, false);
	config.media.size = SIZE;
	OPENED(1, store_open(&store, &config));
	OPENED(0, store_check(&config.media, &checkup));
	OPENED(0, store_each_damaged(&store, first_damaged, &off));
	assert_int_not_equal(off, 0);
	OPENED(1, store_drop(&store, off));
	OPENED(1, store_drop(&store, off)); /* not there */
	OPENED(1, store_grow(&store, SIZE));
	OPENED(1, store_grow(&store, SIZE)); /* it has that size */
}

/* One call at random. */
static void some_call(struct rng *r)
{
	char key[8];

	snprintf(key, sizeof(key), "%u", rng_below(r, KEYS));
	switch (rng_below(r, 16)) {
	case 0:
		store_close(&store);
		assert_int_equal(store_open(&store, &config), 0);
		break;
	case 1:
		assert_int_not_equal(store_compact(&store, 1 + rng_below(r, 4096)), -EBUSY);
		break;
	case 2:
		assert_int_equal(store_batch_begin(&store), 0);
		batch_put(key);
		store_batch_delete(&store, "1", 1);
		assert_int_equal(store_batch_commit(&store), 0);
		break;
	case 3:
	case 4:
	case 5:
		del(key);
		break;
	default:
		put(key, rng_below(r, 5000), rng_below(r, 3) ? STORE_NEVER : clock_ms + 20);
	}
	clock_ms++;
	assert_false(is_open);
}

static void random_calls(uint32_t max_entries)
{
	struct rng r = rng_seeded(max_entries);

	config.max_entries = max_entries;
	assert_int_equal(store_open(&store, &config), 0);
	for (unsigned i = 0; i < OPS; i++)
		some_call(&r);
}

static void test_random_calls(void **state)
{
	(void)state;
	random_calls(0);
}

static void test_random_calls_with_evictions(void **state)
{
	(void)state;
	random_calls(KEYS / 4);
}

#define WINDOW_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WINDOW_TEST(test_each_call),
		WINDOW_TEST(test_repairs),
		WINDOW_TEST(test_random_calls),
		WINDOW_TEST(test_random_calls_with_evictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
