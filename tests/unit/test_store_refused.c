/* SPDX-License-Identifier: MIT */
/* Each input that is refused has an error and a sentence of its own, and changes no byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/be.h"
#include "lib/errors.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define REGION 8192U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static uint8_t before[REGION];
static const struct store_config config = {.media = {.base = region, .size = REGION}};
static struct store store;
static const uint8_t bytes[REGION];

static int fresh_store(void **state)
{
	(void)state;
	return store_format(&config.media, 1) || store_open(&store, &config) ||
	       store_put(&store, "key", 3, "value", 5, "meta", 4, STORE_NEVER);
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static void keep(void)
{
	memcpy(before, region, REGION);
}

/* A call made since keep() returned GOT. */
#define assert_refused(got, want)                            \
	do {                                                 \
		assert_int_equal(got, want);                 \
		assert_memory_equal(before, region, REGION); \
	} while (0)

static uint64_t version_of(const char *key)
{
	struct store_view view;
	uint64_t version;

	assert_int_equal(store_get(&store, key, (uint32_t)strlen(key), &view), 0);
	version = view.version;
	store_release(&store, &view);
	return version;
}

static void test_key_lengths(void **state)
{
	static const uint32_t lens[] = {0, STORE_KEY_MAX + 1, 0x80000000, UINT32_MAX};
	struct store_view view;
	uint8_t to[8];
	uint32_t len;

	(void)state;
	keep();
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		uint32_t n = lens[i];

		assert_refused(store_put(&store, bytes, n, "v", 1, NULL, 0, STORE_NEVER), -EDOM);
		assert_refused(store_put_if(&store, 0, bytes, n, "v", 1, NULL, 0, STORE_NEVER),
			       -EDOM);
		assert_refused(store_get(&store, bytes, n, &view), -EDOM);
		assert_refused(store_read(&store, bytes, n, to, sizeof(to), &len), -EDOM);
		assert_refused(store_contains(&store, bytes, n), -EDOM);
		assert_refused(store_delete(&store, bytes, n), -EDOM);
	}
}

static void test_lengths_out_of_range(void **state)
{
	static const uint32_t lens[][2] = {
		{0x80000000, 0}, {0, 0x80000000},          {UINT32_MAX, 0},
		{0, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}, {UINT32_MAX, 1},
		{0x7fffffff, 0}, {0x40000000, 0x3fffffff},
	};

	(void)state;
	keep();
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		uint32_t data = lens[i][0], meta = lens[i][1];

		assert_refused(store_put(&store, "k", 1, bytes, data, bytes, meta, STORE_NEVER),
			       -ERANGE);
		assert_refused(store_put_if(&store, STORE_ABSENT, "k", 1, bytes, data, bytes, meta,
					    STORE_NEVER),
			       -ERANGE);
	}
}

static void test_too_large_for_any_region(void **state)
{
	uint32_t most = ROUND_DOWN(REGION - CHAIN_START, 8) - 40;

	(void)state;
	assert_int_equal(store_clear(&store), 0);
	keep();
	assert_refused(store_put(&store, "k", 1, bytes, most, NULL, 0, STORE_NEVER), -E2BIG);
	assert_refused(store_put(&store, "k", 1, NULL, 0, bytes, most, STORE_NEVER), -E2BIG);
	assert_refused(store_put(&store, "k", 1, bytes, 0x7ffffffe, NULL, 0, STORE_NEVER), -E2BIG);
	assert_int_equal(store_put(&store, "k", 1, bytes, most - 1, NULL, 0, STORE_NEVER), 0);
}

static void test_no_room(void **state)
{
	struct store_stats st;

	(void)state;
	store_stat(&store, &st);
	assert_int_equal(store_put(&store, "k", 1, bytes, st.largest - 1, NULL, 0, STORE_NEVER), 0);
	keep();
	assert_refused(store_put(&store, "n", 1, "v", 1, NULL, 0, STORE_NEVER), -ENOSPC);
	assert_refused(store_put(&store, "key", 3, "other", 5, NULL, 0, STORE_NEVER), -ENOSPC);
	store_stat(&store, &st);
	assert_int_equal(st.free_bytes, 0);
	assert_int_equal(st.largest, 0);
}

/* The same with all entries that there may be: nothing has to go for a put that is refused. */
static void test_no_room_at_the_limit(void **state)
{
	struct store_config limited = config;
	struct store_stats st;

	(void)state;
	store_close(&store);
	limited.max_entries = 2;
	assert_int_equal(store_open(&store, &limited), 0);
	store_stat(&store, &st);
	assert_int_equal(store_put(&store, "k", 1, bytes, st.largest - 1, NULL, 0, STORE_NEVER), 0);
	keep();
	assert_refused(store_put(&store, "n", 1, bytes, 100, NULL, 0, STORE_NEVER), -ENOSPC);
	store_stat(&store, &st);
	assert_int_equal(st.evicted, 0);
}

static void test_conditions(void **state)
{
	uint64_t version = version_of("key");

	(void)state;
	keep();
	assert_refused(store_put_if(&store, STORE_ABSENT, "key", 3, "v", 1, NULL, 0, STORE_NEVER),
		       -EEXIST);
	assert_refused(store_put_if(&store, version + 1, "key", 3, "v", 1, NULL, 0, STORE_NEVER),
		       -ESTALE);
	assert_refused(store_put_if(&store, version, "none", 4, "v", 1, NULL, 0, STORE_NEVER),
		       -ENOENT);
	assert_int_equal(store_put_if(&store, version, "key", 3, "v", 1, NULL, 0, STORE_NEVER), 0);
	keep();
	assert_refused(store_put_if(&store, version, "key", 3, "v", 1, NULL, 0, STORE_NEVER),
		       -ESTALE);
	assert_int_equal(
		store_put_if(&store, STORE_ABSENT, "none", 4, "v", 1, NULL, 0, STORE_NEVER), 0);
}

static void test_what_is_not_there(void **state)
{
	struct store_view view;
	uint32_t len = 77;
	uint8_t to[8];

	(void)state;
	keep();
	assert_refused(store_get(&store, "none", 4, &view), -ENOENT);
	assert_refused(store_read(&store, "none", 4, to, sizeof(to), &len), -ENOENT);
	assert_refused(store_contains(&store, "none", 4), -ENOENT);
	assert_refused(store_delete(&store, "none", 4), -ENOENT);
}

static void test_too_little_room_to_read(void **state)
{
	uint8_t to[8] = "unused";
	uint32_t len = 77;

	(void)state;
	keep();
	assert_refused(store_read(&store, "key", 3, to, 4, &len), -EMSGSIZE);
	assert_int_equal(len, 5);
	assert_memory_equal(to, "unused", 7);
	assert_refused(store_read(&store, "key", 3, NULL, 0, &len), -EMSGSIZE);
	assert_int_equal(store_read(&store, "key", 3, to, 5, &len), 0);
	assert_memory_equal(to, "valued", 7);
}

static void test_damaged(void **state)
{
	struct store_view view;
	uint32_t len, size, slot;
	uint8_t to[8];

	(void)state;
	assert_int_equal(store_get(&store, "key", 3, &view), 0);
	slot = view.slot;
	size = view.slot_size;
	store_release(&store, &view);
	region[slot + HDR_BYTES + 4] ^= 1;
	keep();
	assert_refused(store_get(&store, "key", 3, &view), -EBADMSG);
	assert_refused(store_read(&store, "key", 3, to, sizeof(to), &len), -EBADMSG);
	assert_refused(store_contains(&store, "key", 3), -EBADMSG);
	assert_refused(store_put_if(&store, 7, "key", 3, "v", 1, NULL, 0, STORE_NEVER), -EBADMSG);
	assert_refused(store_put_if(&store, STORE_ABSENT, "key", 3, "v", 1, NULL, 0, STORE_NEVER),
		       -EBADMSG);
	region[slot + HDR_BYTES + 4] ^= 1;
	be32_store(region + slot + HDR_SIZE, size + 8);
	keep();
	assert_refused(store_clear(&store), -EBADMSG);
}

static int busy(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	assert_refused(store_put(&store, "k", 1, "v", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_refused(store_put_if(&store, 0, "k", 1, "v", 1, NULL, 0, STORE_NEVER), -EBUSY);
	assert_refused(store_delete(&store, "key", 3), -EBUSY);
	assert_refused(store_clear(&store), -EBUSY);
	assert_refused(store_purge(&store, NULL, NULL), -EBUSY);
	assert_refused(store_compact(&store, 1000), -EBUSY);
	return 3;
}

static void test_writes_within_a_walk(void **state)
{
	(void)state;
	keep();
	assert_refused(store_iterate(&store, busy, NULL), 3);
	assert_int_equal(store_delete(&store, "key", 3), 0);
}

static void test_errors_have_sentences(void **state)
{
	static const int errors[] = {EBADF,  EDOM,      ERANGE,  E2BIG,           ENOSPC,  ENOMEM,
				     EBUSY,  EEXIST,    ENOENT,  ESTALE,          EBADMSG, EMSGSIZE,
				     EINVAL, EOVERFLOW, ENODATA, EPROTONOSUPPORT, ENOTSUP};
	const char *unknown = error_text(100000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		assert_string_not_equal(error_text(errors[i]), unknown);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(error_text(errors[i]), error_text(errors[j]));
	}
}

#define REFUSED_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFUSED_TEST(test_key_lengths),
		REFUSED_TEST(test_lengths_out_of_range),
		REFUSED_TEST(test_too_large_for_any_region),
		REFUSED_TEST(test_no_room),
		REFUSED_TEST(test_no_room_at_the_limit),
		REFUSED_TEST(test_conditions),
		REFUSED_TEST(test_what_is_not_there),
		REFUSED_TEST(test_too_little_room_to_read),
		REFUSED_TEST(test_damaged),
		REFUSED_TEST(test_writes_within_a_walk),
		cmocka_unit_test(test_errors_have_sentences),
	};

	return cmocka_run_group_tests_name("store refused", tests, NULL, NULL);
}
