/* SPDX-License-Identifier: MIT */
/*
 * Regions with anything in them: an error, or a store that answers, within its memory.
 *
 * STORE_SEED: the first region.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/be.h"
#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define SAID 100U
#define REGIONS 6000U

static uint64_t first_seed;

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

static int64_t at_100(void *ctx)
{
	(void)ctx;
	return 100;
}

/* One call, or a few that belong together; what it returns does not matter. */
static void use_once(struct rng *r, struct store *s, uint32_t *sum)
{
	uint8_t value[200] = {0}, key = (uint8_t)('a' + rng_below(r, 12));
	uint32_t len = rng_below(r, sizeof(value));
	struct store_walk walk = {.visit = use_entry, .ctx = sum, .prefix = &key, .prefix_len = 1};
	struct store_view view;

	switch (rng_below(r, 12)) {
	case 0:
	case 1:
		store_delete(s, &key, 1);
		break;
	case 2:
		if (store_get(s, &key, 1, &view) == 0) {
			use_entry(sum, &view);
			store_put(s, "p", 1, view.data, view.data_len, NULL, 0, STORE_NEVER);
			use_entry(sum, &view);
			store_release(s, &view);
		}
		break;
	case 3:
		store_read(s, &key, 1, value, len, &len);
		break;
	case 4:
		store_compact(s, len * 8);
		break;
	case 5:
		store_process(s, &walk);
		break;
	case 6:
		store_put_if(s, rng_below(r, 9), &key, 1, value, len, NULL, 0, STORE_NEVER);
		break;
	default:
		store_put(s, &key, 1, value, len, NULL, 0, 5000);
	}
}

static int use_free(void *ctx, uint32_t off, uint32_t size)
{
	uint32_t *sum = ctx;

	*sum ^= off * 3 + size;
	return 0;
}

static void use_store(struct rng *r, const struct store_config *config)
{
	struct store_stats st;
	uint32_t sum = 0;
	struct store s;

	if (store_open(&s, config) != 0)
		return;
	store_iterate(&s, use_entry, &sum);
	for (uint32_t i = 0; i < 30; i++)
		use_once(r, &s, &sum);
	store_each_eldest(&s, use_entry, &sum);
	store_each_free(&s, use_free, &sum);
	store_purge(&s, NULL, NULL);
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

/* Some words of headers and trailers are replaced. */
static void damage(struct rng *r, uint8_t *region)
{
	static struct walker walk;

	if (!walker_walk(&walk, region, 8192))
		return;
	for (uint32_t hits = 1 + rng_below(r, 12); hits > 0; hits--) {
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

/* A store with some entries, and with damage; or noise with a good superblock. */
static void make_garbage(struct rng *r, uint8_t *region, const struct store_config *config)
{
	rng_fill(r, region, 8192);
	if (rng_below(r, 8) == 0)
		return;
	store_format(&config->media, 7);
	if (rng_below(r, 8) == 0) {
		rng_fill(r, region + CHAIN_START, 8192 - CHAIN_START);
		return;
	}
	use_store(r, config);
	damage(r, region);
}

/* The damage comes while the store is open. */
static void damage_in_use(struct rng *r, uint8_t *region, const struct store_config *config)
{
	uint32_t sum = 0;
	struct store s;

	store_format(&config->media, 7);
	if (store_open(&s, config) != 0)
		return;
	for (uint32_t i = 0; i < 60; i++) {
		use_once(r, &s, &sum);
		if (i == 20)
			damage(r, region);
	}
	store_iterate(&s, use_entry, &sum);
	store_each_eldest(&s, use_entry, &sum);
	store_close(&s);
}

static bool open_garbage(void *ctx)
{
	struct garbage *g = ctx;
	uint8_t *region = aligned_alloc(STORE_REGION_ALIGN, 8192);
	struct store_config config = {.media = {.base = region, .size = 8192}, .now = at_100};

	for (uint64_t i = 0; i < 500; i++) {
		struct rng r = rng_seeded(g->seed + i);

		snprintf(g->said, SAID, "STORE_SEED=%llu", (unsigned long long)(g->seed + i));
		config.max_entries = rng_below(&r, 3) == 0 ? 1 + rng_below(&r, 8) : 0;
		config.policy = rng_below(&r, 2) == 0 ? STORE_LRU : STORE_SIEVE;
		make_garbage(&r, region, &config);
		use_store(&r, &config);
		damage_in_use(&r, region, &config);
	}
	free(region);
	return true;
}

static void test_garbage(void **state)
{
	struct garbage g = {.said = shared_memory(SAID)};

	(void)state;
	for (g.seed = first_seed; g.seed < first_seed + REGIONS; g.seed += 500) {
		const char *end = in_child(open_garbage, &g, 30, false);

		if (*end != '\0')
			fail_msg("%s: %s", g.said, end);
	}
	munmap(g.said, SAID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
	};

	first_seed = env_number("STORE_SEED", 1);
	return cmocka_run_group_tests_name("store garbage", tests, NULL, NULL);
}
