/* SPDX-License-Identifier: MIT */
/* What lies in a region and what open makes of it; numbers, checksums and expiry at their ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/probe.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

static uint8_t area[16384] __attribute__((aligned(STORE_REGION_ALIGN)));
static char last_report[200];

static void report(void *ctx, const char *line)
{
	(void)ctx;
	snprintf(last_report, sizeof(last_report), "%s", line);
}

/* store_get() of a key of one letter, released at once; its data to last_data[]. */
static char last_data[32];

static int get(struct store *s, const char *key)
{
	struct store_view view;
	int err = store_get(s, key, 1, &view);

	if (err == 0) {
		memcpy(last_data, view.data, view.data_len);
		store_release(s, &view);
	}
	return err;
}

static struct store_config config_of(uint32_t size)
{
	last_report[0] = '\0';
	return (struct store_config){.media = {.base = area, .size = size}, .report = report};
}

static void assert_refused(const struct store_config *config, int err)
{
	static uint8_t copy[sizeof(area)];
	struct store_stats st;
	struct store s;

	memcpy(copy, area, sizeof(area));
	assert_int_equal(store_open(&s, config), err);
	assert_memory_equal(copy, area, sizeof(area));
	/* A caller that errs, and RAM that was just powered on, are no news. */
	assert_int_equal(strlen(last_report) == 0, err == -EINVAL || err == -ENODATA);
	store_stat(&s, &st);
	assert_int_equal(st.free_bytes, 0);
	assert_int_equal(store_clear(&s), -EBADF);
	store_close(&s);
}

static void test_media_out_of_range(void **state)
{
	static const uint32_t sizes[] = {0, 4096, 8191, 8196, 12287, STORE_REGION_MAX + 4096U};
	struct store_config config = config_of(8192);

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		config = config_of(sizes[i]);
		assert_int_equal(store_format(&config.media, 1), -EINVAL);
		assert_refused(&config, -EINVAL);
	}
	config = config_of(8192);
	config.media.base = area + 8;
	assert_int_equal(store_format(&config.media, 1), -EINVAL);
	assert_refused(&config, -EINVAL);
}

static void test_config_out_of_range(void **state)
{
	static const float parts[] = {-0.1F, 1.01F, 1e30F, NAN, -INFINITY};
	struct store_config config = config_of(8192);

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		config.fragmentation = parts[i];
		assert_refused(&config, -EINVAL);
	}
	config = config_of(8192);
	config.max_entries = STORE_ENTRIES_MAX + 1;
	assert_refused(&config, -EINVAL);
	config.max_entries = UINT32_MAX;
	assert_refused(&config, -EINVAL);
	config.max_entries = 3;
	config.policy = (enum store_policy)(STORE_SIEVE + 1);
	assert_refused(&config, -EINVAL);
}

/* What was told of the place stays until something else is told; a page without it is no region. */
static void test_place(void **state)
{
	struct store_config config = config_of(8192);
	struct store_identity id;
	struct store s;

	(void)state;
	memset(area, 0, sizeof(area));
	assert_false(store_identify(area, &id));
	assert_null(store_seek(area, 8192, 2));
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_true(store_identify(area, &id));
	assert_ptr_equal(store_seek(area, 8192, 2), area);
	assert_null(store_seek(area + 4096, 4096, 2));
	assert_null(store_seek(area, 4096, 0));
	assert_true(id.place == 0 && id.size == 8192 && id.generation == 2);
	for (unsigned told = 0; told < 3; told++) {
		config.media.place = (uint64_t[]){0x123456789a000, 0, 0x63f00000}[told];
		assert_int_equal(store_open(&s, &config), 0);
		store_close(&s);
		assert_true(store_identify(area, &id));
		assert_true(id.place == (told < 2 ? 0x123456789a000 : 0x63f00000));
	}
	config.media.place = 0;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_true(store_identify(area, &id) && id.place == 0x63f00000);
	config.media.place = 0x1000;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_true(store_identify(area, &id) && id.place == 0x1000);

	area[SB_MAGIC] ^= 1;
	assert_true(store_identify(area, &id));
	assert_ptr_equal(store_seek(area, 4096, 1), area);
	area[SB_COPY_B] ^= 1;
	assert_false(store_identify(area, &id));
	assert_null(store_seek(area, 4096, 1));
}

static void test_what_lies_there(void **state)
{
	struct store_config config = config_of(8192);
	struct rng r = rng_seeded(5);

	(void)state;
	memset(area, 0, sizeof(area));
	assert_int_equal(store_probe(&config.media), STORE_NOTHING);
	assert_refused(&config, -ENODATA);
	memset(area, 0xff, sizeof(area));
	assert_int_equal(store_probe(&config.media), STORE_NOTHING);
	assert_refused(&config, -ENODATA);
	rng_fill(&r, area, sizeof(area));
	assert_int_equal(store_probe(&config.media), STORE_NOTHING);
	assert_refused(&config, -ENODATA);

	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_probe(&config.media), STORE_VALID);
	be32_store(area + SB_VERSION, 2);
	be32_store(area + SB_COPY_B + SB_VERSION, 2);
	walker_seal(area);
	walker_seal(area + SB_COPY_B);
	assert_int_equal(store_probe(&config.media), STORE_OTHER);
	config = config_of(8192);
	assert_refused(&config, -EPROTONOSUPPORT);

	assert_int_equal(store_format(&config.media, 1), 0);
	area[SB_SALT] ^= 1;
	area[SB_COPY_B + SB_SALT] ^= 4;
	assert_int_equal(store_probe(&config.media), STORE_DAMAGED);
	config = config_of(8192);
	assert_refused(&config, -EBADMSG);
}

/* Where a smaller store was, in the free space of a new one, none is found later. */
static void test_nothing_is_left_of_a_store_inside(void **state)
{
	struct store_config config = config_of(sizeof(area));
	const struct store_media inner = {.base = area + 8192, .size = 8192};
	struct store s;

	(void)state;
	for (int grown = 0; grown < 2; grown++) {
		assert_int_equal(store_format(&inner, 1), 0);
		assert_int_equal(store_probe(&inner), STORE_VALID);
		config.media.size = grown ? 8192 : sizeof(area);
		assert_int_equal(store_format(&config.media, 2), 0);
		config.media.size = sizeof(area);
		assert_int_equal(store_open(&s, &config), 0);
		if (grown) {
			assert_int_equal(store_probe(&inner), STORE_VALID);
			assert_int_equal(store_grow(&s, sizeof(area)), 0);
		}
		assert_int_not_equal(store_probe(&inner), STORE_VALID);
		store_close(&s);
	}
}

static void test_region_smaller_than_its_store(void **state)
{
	struct store_config config = config_of(16384);

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	config = config_of(8192);
	assert_refused(&config, -ENOSPC);
}

/* One valid copy is enough, and the other is made again. */
static void test_one_superblock_copy(void **state)
{
	static struct walker walk;
	struct store_config config = config_of(8192);
	struct store s;

	(void)state;
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		assert_int_equal(store_format(&config.media, copy), 0);
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(store_put(&s, "k", 1, "v", 1, NULL, 0, STORE_NEVER), 0);
		store_close(&s);
		memset(area + copy, 0xa5, SB_SIZE);
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(get(&s, "k"), 0);
		assert_true(walker_walk(&walk, area, 8192));
		assert_int_equal(walk.boots, 2);
		store_close(&s);
	}
}

static void set_seq_limit(uint64_t limit)
{
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		be64_store(area + copy + SB_SEQ_LIMIT, limit);
		walker_seal(area + copy);
	}
}

/*
 * Numbers end at 2^48: nothing is written any more, everything is read. The last few may be kept
 * back.
 */
static void test_numbers_used_up(void **state)
{
	static struct walker walk;
	struct store_config config = config_of(8192);
	uint32_t puts;
	struct store s;
	int err;

	(void)state;
	for (uint32_t left = 0; left < 400; left += 100) {
		assert_int_equal(store_format(&config.media, left), 0);
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(store_put(&s, "k", 1, "v", 1, NULL, 0, STORE_NEVER), 0);
		store_close(&s);
		set_seq_limit(SEQ_END - left);
		assert_int_equal(store_open(&s, &config), 0);
		for (puts = 0; puts <= left; puts++) {
			err = store_put(&s, "n", 1, "v", 1, NULL, 0, STORE_NEVER);
			if (err != 0)
				break;
		}
		assert_int_equal(err, -EOVERFLOW);
		assert_in_range(puts, left > 16 ? left - 16 : 0, left);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(get(&s, "k"), 0);
			assert_memory_equal(last_data, "v", 1);
			assert_int_equal(get(&s, "n"), left > 0 ? 0 : -ENOENT);
			err = store_put(&s, "k", 1, "w", 1, NULL, 0, STORE_NEVER);
			assert_int_equal(err, -EOVERFLOW);
			assert_true(walker_walk(&walk, area, 8192));
			store_close(&s);
			assert_int_equal(store_open(&s, &config), 0);
		}
		store_close(&s);
	}
}

/*
 * Four bytes at the end of the LEN bytes at RECORD that make the CRC-32C of all be WANT: each of
 * their 32 bits flips the same bits of the CRC whatever the others are, so this is elimination.
 */
static void force_crc(uint8_t *record, size_t len, uint32_t want)
{
	uint32_t flips[32], bits[32], todo, chosen = 0;
	uint8_t *last = record + len - 4;
	bool used[32] = {false};

	be32_store(last, 0);
	todo = walker_crc(0, record, len) ^ want;
	for (uint32_t i = 0; i < 32; i++) {
		be32_store(last, 1U << i);
		flips[i] = walker_crc(0, record, len) ^ todo ^ want;
		bits[i] = 1U << i;
	}
	for (uint32_t bit = 0, i; bit < 32; bit++) {
		for (i = 0; used[i] || (flips[i] >> bit & 1) == 0; i++)
			assert_in_range(i, 0, 30);
		used[i] = true;
		for (uint32_t n = 0; n < 32; n++)
			if (n != i && (flips[n] >> bit & 1) != 0) {
				flips[n] ^= flips[i];
				bits[n] ^= bits[i];
			}
		if ((todo >> bit & 1) != 0) {
			todo ^= flips[i];
			chosen ^= bits[i];
		}
	}
	be32_store(last, chosen);
}

/* A record whose checksum would say that its slot is free takes the next number. */
static void test_checksum_that_reads_free(void **state)
{
	static struct walker walk;
	struct store_config config = config_of(8192);
	uint8_t record[40 + 13] = {0};
	struct store_stats st;
	struct store s;

	(void)state;
	assert_int_equal(store_format(&config.media, 77), 0);
	assert_int_equal(store_open(&s, &config), 0);
	store_stat(&s, &st);
	be32_store(record, 77);
	be32_store(record + 4, CHAIN_START);
	be32_store(record + 8, slot_size(13));
	be32_store(record + 12, 1);
	be32_store(record + 16, 12);
	be64_store(record + 24, (uint64_t)-1);
	be64_store(record + 32, 1ULL << 48 | st.next_seq);
	record[40] = 'k';
	force_crc(record, sizeof(record), CRC_FREE);
	assert_int_equal(walker_crc(0, record, sizeof(record)), CRC_FREE);
	assert_int_equal(store_put(&s, "k", 1, record + 41, 12, NULL, 0, STORE_NEVER), 0);
	assert_true(walker_walk(&walk, area, 8192));
	assert_int_equal(walk.entries, 1);
	assert_int_equal(walk.entry[0].off, CHAIN_START);
	assert_int_equal(walk.entry[0].seq, st.next_seq + 1);
	store_close(&s);
	assert_int_equal(store_open(&s, &config), 0);
	store_stat(&s, &st);
	assert_int_equal(st.entries, 1);
	store_close(&s);
}

/* Without a clock nothing expires; at its time an entry is there, one later it is not. */
static int64_t at_100(void *ctx)
{
	(void)ctx;
	return 100;
}

static void test_expiry(void **state)
{
	struct store_config config = config_of(8192);
	struct store s;

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&s, &config), 0);
	assert_int_equal(store_put(&s, "a", 1, "v", 1, NULL, 0, 1), 0);
	assert_int_equal(store_put(&s, "b", 1, "v", 1, NULL, 0, 100), 0);
	assert_int_equal(store_put(&s, "c", 1, "v", 1, NULL, 0, 99), 0);
	assert_int_equal(store_put(&s, "d", 1, "v", 1, NULL, 0, 0), 0);
	assert_int_equal(get(&s, "a"), 0);
	assert_int_equal(store_purge(&s, NULL, NULL), 0);
	store_close(&s);
	config.now = at_100;
	assert_int_equal(store_open(&s, &config), 0);
	assert_int_equal(get(&s, "a"), -ENOENT);
	assert_int_equal(get(&s, "b"), 0);
	assert_int_equal(get(&s, "c"), -ENOENT);
	assert_int_equal(get(&s, "d"), 0);
	assert_int_equal(store_put(&s, "e", 1, "v", 1, NULL, 0, 99), 0);
	assert_int_equal(get(&s, "e"), -ENOENT);
	assert_int_equal(store_delete(&s, "e", 1), 0);
	assert_int_equal(store_delete(&s, "e", 1), -ENOENT);
	store_close(&s);
}

/* Reads verify the checksum unless they are told not to: then a damaged byte is served. */
static void test_unchecked(void **state)
{
	struct store_config config = config_of(8192);
	struct store_view view;
	struct store s;

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&s, &config), 0);
	assert_int_equal(store_put(&s, "k", 1, "v", 1, NULL, 0, STORE_NEVER), 0);
	store_close(&s);
	for (int unchecked = 0; unchecked < 2; unchecked++) {
		config.unchecked = unchecked == 1;
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(store_get(&s, "k", 1, &view), 0);
		memcpy(last_data, view.data, 1);
		store_release(&s, &view);
		area[view.slot + HDR_BYTES + 1] ^= 'v' ^ 'w';
		assert_int_equal(get(&s, "k"), unchecked == 1 ? 0 : -EBADMSG);
		assert_int_equal(last_data[0], unchecked == 1 ? 'w' : 'v');
		area[view.slot + HDR_BYTES + 1] ^= 'v' ^ 'w';
		store_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_out_of_range),
		cmocka_unit_test(test_config_out_of_range),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_what_lies_there),
		cmocka_unit_test(test_nothing_is_left_of_a_store_inside),
		cmocka_unit_test(test_region_smaller_than_its_store),
		cmocka_unit_test(test_one_superblock_copy),
		cmocka_unit_test(test_numbers_used_up),
		cmocka_unit_test(test_checksum_that_reads_free),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_unchecked),
	};

	return cmocka_run_group_tests_name("store open", tests, NULL, NULL);
}
