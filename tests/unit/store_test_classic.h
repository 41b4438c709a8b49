/* SPDX-License-Identifier: MIT */
/* What the tests of the plain layout share: a file that is written down by hand, and a store in it.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_CLASSIC_H
#define CAIRN_TESTS_UNIT_STORE_TEST_CLASSIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/be.h"
#include "store/store.h"

#define UNUSED __attribute__((unused))
#define ROOM 4096U
#define HEADER 24U
#define NOW 1000000

static struct store store;
static uint8_t region[ROOM];
static char said[400];

/* What the file should be. */
static struct {
	uint8_t bytes[ROOM];
	uint32_t size;
} file;

static inline int64_t now(void *ctx)
{
	(void)ctx;
	return NOW;
}

static inline void report(void *ctx, const char *line)
{
	(void)ctx;
	snprintf(said, sizeof(said), "%s", line);
}

static inline void begin_file(void)
{
	memcpy(file.bytes, "FCS1", 4);
	file.size = 4;
	said[0] = '\0';
}

/* Adds a slot with lengths as given, and BYTES bytes of TEXT (then of zeros) behind its header. Its
 * offset. */
static inline uint32_t add_slot(uint32_t size, uint32_t key_len, uint32_t data_len,
				uint32_t meta_len, int64_t expiry, const char *text)
{
	uint32_t off = file.size;
	uint8_t *p = file.bytes + off;

	assert_true(off + size <= ROOM);
	memset(p, 0, size);
	be32_store(p, size);
	be32_store(p + 4, key_len);
	be32_store(p + 8, data_len);
	be32_store(p + 12, meta_len);
	be64_store(p + 16, (uint64_t)expiry);
	memcpy(p + HEADER, text, strlen(text));
	file.size += size;
	return off;
}

/* Adds the record KEY = DATA, with SLACK unused bytes. */
static inline uint32_t add(const char *key, const char *data, uint32_t slack)
{
	uint32_t key_len = (uint32_t)strlen(key), data_len = (uint32_t)strlen(data);
	char text[256];

	snprintf(text, sizeof(text), "%s%s", key, data);
	return add_slot(HEADER + key_len + data_len + slack, key_len, data_len, 0, -1, text);
}

static inline uint32_t add_free(uint32_t size)
{
	return add_slot(size, 0, 0, 0, -1, "");
}

/* The key length of the record at OFF becomes 0: its only change when it ends. */
static inline void end_record(uint32_t off)
{
	memset(file.bytes + off + 4, 0, 4);
}

/* Opens the file as it was written down. */
static inline int open_file(void)
{
	const struct store_config config = {
		.media = {.base = region, .size = ROOM},
		.now = now,
		.report = report,
		.layout = &store_classic,
		.file_size = file.size,
	};

	memset(region, 0xa5, sizeof(region));
	memcpy(region, file.bytes, file.size);
	return store_open(&store, &config);
}

static inline void assert_open(void)
{
	assert_int_equal(open_file(), 0);
	assert_string_equal(said, "");
}

/* The file is what was written down meanwhile, and as long. */
static inline void assert_file(void)
{
	struct store_stats st;

	store_stat(&store, &st);
	assert_int_equal(st.file_size, file.size);
	assert_int_equal(st.end, file.size);
	assert_memory_equal(region, file.bytes, file.size);
}

static inline int put(const char *key, const char *data)
{
	return store_put(&store, key, (uint32_t)strlen(key), data, (uint32_t)strlen(data), NULL, 0,
			 STORE_NEVER);
}

static inline int del(const char *key)
{
	return store_delete(&store, key, (uint32_t)strlen(key));
}

static inline void assert_value(const char *key, const char *data)
{
	char value[64];
	uint32_t len;

	assert_int_equal(store_read(&store, key, (uint32_t)strlen(key), value, sizeof(value), &len),
			 0);
	assert_int_equal(len, strlen(data));
	assert_memory_equal(value, data, len);
}

/* Free slots as "offset:size ", the smallest first; what may still be appended is none. */
static inline int add_to_text(void *ctx, uint32_t off, uint32_t size)
{
	size_t len = strlen(ctx);

	snprintf((char *)ctx + len, 200 - len, "%u:%u ", off, size);
	return 0;
}

static inline void assert_free(const char *slots)
{
	char text[200] = "";

	assert_int_equal(store_each_free(&store, add_to_text, text), 0);
	assert_string_equal(text, slots);
}

static inline int set_up(void **state UNUSED)
{
	begin_file();
	return 0;
}

static inline int tear_down(void **state UNUSED)
{
	store_close(&store);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#endif
