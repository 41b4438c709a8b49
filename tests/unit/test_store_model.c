/* SPDX-License-Identifier: MIT */
/*
 * The store against a plain array, with a walk over all bytes after each operation; refused calls;
 * and regions full of anything.
 *
 * STORE_SEED and STORE_OPS (or two arguments) choose the first seed and the number of operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/be.h"
#include "tests/unit/store_test_sequence.h"

#define SEQUENCE 2000U

static uint64_t first_seed = 1;
static uint64_t total_ops = 200000;

static void run_sequence(uint64_t seed, uint32_t count)
{
	static const uint32_t pages[] = {2, 2, 2, 2, 3, 4, 4, 6, 8, 16};
	struct rng r = rng_seeded(~seed);
	struct ops ops = {
		.seed = seed,
		.region_size = pages[rng_below(&r, ARRAY_SIZE(pages))] * 4096U,
		.hooks = rng_below(&r, 4) != 0,
		.count = count,
		.op = malloc(count * sizeof(struct op)),
		.said = shared_memory(OPS_SAID),
	};
	const char *end;

	for (uint32_t i = 0; i < count; i++)
		ops.op[i] = ops_draw(&r);
	end = in_child(ops_run, &ops, 120, false);
	if (*end != '\0') {
		print_error("STORE_SEED=%llu STORE_OPS=%u: %s; %s\n", (unsigned long long)seed,
			    count, ops.said, end);
		ops_shrink(&ops);
		end = in_child(ops_run, &ops, 120, false);
		print_error("shrunk: %s; %s\n", ops.said, end);
		ops_print(&ops);
		fail();
	}
	munmap(ops.said, OPS_SAID);
	free(ops.op);
}

static void test_random_sequences(void **state)
{
	uint64_t left = total_ops, seed = first_seed;

	(void)state;
	print_message("seeds from %llu\n", (unsigned long long)seed);
	for (; left > 0; seed++) {
		uint32_t count = left < SEQUENCE ? (uint32_t)left : SEQUENCE;

		run_sequence(seed, count);
		left -= count;
	}
	print_message("figure store_model_operations %llu operations\n",
		      (unsigned long long)total_ops);
}

/* Small stores made by hand. */

static uint8_t area[16384] __attribute__((aligned(STORE_REGION_ALIGN)));
static char last_report[200];

static void report(void *ctx, const char *line)
{
	(void)ctx;
	snprintf(last_report, sizeof(last_report), "%s", line);
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
	assert_int_equal(store_clear(&s), -EINVAL);
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
	struct store_view view;
	struct store s;

	(void)state;
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		assert_int_equal(store_format(&config.media, copy), 0);
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(store_put(&s, "k", 1, "v", 1, NULL, 0, STORE_NEVER), 0);
		store_close(&s);
		memset(area + copy, 0xa5, SB_SIZE);
		assert_int_equal(store_open(&s, &config), 0);
		assert_int_equal(store_get(&s, "k", 1, &view), 0);
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
	struct store_view view;
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
			assert_int_equal(store_get(&s, "k", 1, &view), 0);
			assert_memory_equal(view.data, "v", 1);
			assert_int_equal(store_get(&s, "n", 1, &view), left > 0 ? 0 : -ENOENT);
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
	struct store_view view;
	struct store s;

	(void)state;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&s, &config), 0);
	assert_int_equal(store_put(&s, "a", 1, "v", 1, NULL, 0, 1), 0);
	assert_int_equal(store_put(&s, "b", 1, "v", 1, NULL, 0, 100), 0);
	assert_int_equal(store_put(&s, "c", 1, "v", 1, NULL, 0, 99), 0);
	assert_int_equal(store_put(&s, "d", 1, "v", 1, NULL, 0, 0), 0);
	assert_int_equal(store_get(&s, "a", 1, &view), 0);
	assert_int_equal(store_purge(&s), 0);
	store_close(&s);
	config.now = at_100;
	assert_int_equal(store_open(&s, &config), 0);
	assert_int_equal(store_get(&s, "a", 1, &view), -ENOENT);
	assert_int_equal(store_get(&s, "b", 1, &view), 0);
	assert_int_equal(store_get(&s, "c", 1, &view), -ENOENT);
	assert_int_equal(store_get(&s, "d", 1, &view), 0);
	assert_int_equal(store_put(&s, "e", 1, "v", 1, NULL, 0, 99), 0);
	assert_int_equal(store_get(&s, "e", 1, &view), -ENOENT);
	assert_int_equal(store_delete(&s, "e", 1), 0);
	assert_int_equal(store_delete(&s, "e", 1), -ENOENT);
	store_close(&s);
}

/* Regions with anything in them: an error or a store that answers, within its memory. */

struct garbage {
	uint64_t seed;
	char *said;
};

static int use_entry(void *ctx, const struct store_view *v)
{
	uint32_t *sum = ctx;

	*sum += walker_crc(0, v->key, v->key_len) ^ walker_crc(0, v->data, v->data_len) ^
		walker_crc(0, v->meta, v->meta_len);
	return 0;
}

static void use_store(struct rng *r, const struct store_config *config)
{
	uint8_t value[200] = {0};
	struct store_view view;
	struct store_stats st;
	uint32_t sum = 0;
	struct store s;

	if (store_open(&s, config) != 0)
		return;
	store_iterate(&s, use_entry, &sum);
	for (uint32_t i = 0; i < 30; i++) {
		uint8_t key = (uint8_t)('a' + rng_below(r, 12));

		switch (rng_below(r, 4)) {
		case 0:
			store_delete(&s, &key, 1);
			break;
		case 1:
			if (store_get(&s, &key, 1, &view) == 0)
				use_entry(&sum, &view);
			break;
		default:
			store_put(&s, &key, 1, value, rng_below(r, sizeof(value)), NULL, 0, 5000);
		}
	}
	store_purge(&s);
	store_stat(&s, &st);
	if (rng_below(r, 2) == 0)
		store_clear(&s);
	store_close(&s);
}

static uint32_t nasty_word(struct rng *r)
{
	static const uint32_t words[] = {
		0,          1,     8,     24,         32,           36,         40,
		48,         4088,  4096,  0x7fffffff, 0x7ffffff8,   0x80000000, 0xffffffff,
		0xfffffff8, 65535, 65536, CRC_FREE,   KEYLEN_QMARK, TAG_MAGIC};
	uint32_t n = rng_below(r, ARRAY_SIZE(words) + 2);

	if (n < ARRAY_SIZE(words))
		return words[n];
	return n == ARRAY_SIZE(words) ? rng_below(r, 4096) & ~7U : (uint32_t)rng_next(r);
}

/* A store with some entries, some of its words replaced; or noise with a good superblock. */
static void make_garbage(struct rng *r, uint8_t *region, const struct store_config *config)
{
	static struct walker walk;
	uint32_t hits = 1 + rng_below(r, 12);

	rng_fill(r, region, 8192);
	if (rng_below(r, 8) == 0)
		return;
	store_format(&config->media, 7);
	if (rng_below(r, 8) == 0) {
		rng_fill(r, region + CHAIN_START, 8192 - CHAIN_START);
		return;
	}
	use_store(r, config);
	if (!walker_walk(&walk, region, 8192))
		return;
	while (hits-- > 0) {
		uint32_t slot = CHAIN_START, size = walk.end - CHAIN_START, field;

		if (walk.entries > 0 && rng_below(r, 4) != 0) {
			uint32_t n = rng_below(r, walk.entries);

			slot = walk.entry[n].off;
			size = walk.entry[n].size;
		}
		field = rng_below(r, 10) * 4; /* header and trailer */
		field = field < HDR_BYTES ? field : size - 40 + field;
		be32_store(region + slot + field, nasty_word(r));
	}
}

static bool open_garbage(void *ctx)
{
	struct garbage *g = ctx;
	uint8_t *region = aligned_alloc(STORE_REGION_ALIGN, 8192);
	struct store_config config = {.media = {.base = region, .size = 8192}, .now = at_100};

	for (uint64_t i = 0; i < 500; i++) {
		struct rng r = rng_seeded(g->seed + i);

		snprintf(g->said, OPS_SAID, "region of seed %llu",
			 (unsigned long long)(g->seed + i));
		make_garbage(&r, region, &config);
		use_store(&r, &config);
	}
	free(region);
	return true;
}

static void test_garbage(void **state)
{
	struct garbage g = {.said = shared_memory(OPS_SAID)};

	(void)state;
	for (g.seed = first_seed; g.seed < first_seed + 6000; g.seed += 500) {
		const char *end = in_child(open_garbage, &g, 30, false);

		if (*end != '\0')
			fail_msg("%s: %s", g.said, end);
	}
	munmap(g.said, OPS_SAID);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_out_of_range),
		cmocka_unit_test(test_what_lies_there),
		cmocka_unit_test(test_region_smaller_than_its_store),
		cmocka_unit_test(test_one_superblock_copy),
		cmocka_unit_test(test_numbers_used_up),
		cmocka_unit_test(test_checksum_that_reads_free),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_random_sequences),
		cmocka_unit_test(test_garbage),
	};

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : env_number("STORE_SEED", first_seed);
	total_ops = argc > 2 ? strtoull(argv[2], NULL, 0) : env_number("STORE_OPS", total_ops);
	return cmocka_run_group_tests_name("store model", tests, NULL, NULL);
}
