/* SPDX-License-Identifier: MIT */
/*
 * The free list alone, with more blocks than a store of the other tests ever has: what is taken is
 * the best fit, nothing is lost or listed twice, and it takes at most 16 bytes a block.
 *
 * STORE_SEED: another run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "store/freelist.h"
#include "tests/unit/store_test_util.h"

#define BLOCKS_MAX 60000U
#define CALLS 400000U
#define PHASE 50000U /* calls in which the list mostly grows, or mostly shrinks */
#define LOOK_EVERY 500U
#define LIMIT 0xfffffff0U

static struct store store;
static uint64_t listed[BLOCKS_MAX]; /* keys, in no order */
static uint32_t count, next_off;

static uint32_t size_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static void add(uint32_t size)
{
	next_off += 8;
	freelist_add(&store, next_off, size);
	listed[count++] = freelist_key(size, next_off);
}

static void remove_at(uint32_t i)
{
	freelist_remove(&store, (uint32_t)listed[i], size_of(listed[i]));
	listed[i] = listed[--count];
}

/* Where the best fit for NEED is in the model; COUNT: there is none. */
static uint32_t best_fit(uint32_t need)
{
	uint32_t best = count;

	for (uint32_t i = 0; i < count; i++)
		if (size_of(listed[i]) >= need && (best == count || listed[i] < listed[best]))
			best = i;
	return best;
}

static void take(uint32_t need)
{
	uint32_t got = 0, off = freelist_take(&store, need, &got), best = best_fit(need);

	if (best == count) {
		assert_int_equal(off, 0);
		return;
	}
	assert_int_equal(off, (uint32_t)listed[best]);
	assert_int_equal(got, size_of(listed[best]));
	listed[best] = listed[--count];
}

struct sum {
	uint64_t before, bytes;
	uint32_t blocks;
};

static int look_at(void *ctx, uint32_t off, uint32_t size)
{
	struct sum *sum = ctx;

	assert_true(freelist_key(size, off) > sum->before);
	sum->before = freelist_key(size, off);
	sum->bytes += size;
	sum->blocks++;
	return 0;
}

static void look(void)
{
	struct sum sum = {0};
	uint64_t bytes = 0;
	uint32_t largest = 0;

	for (uint32_t i = 0; i < count; i++) {
		bytes += size_of(listed[i]);
		largest = size_of(listed[i]) > largest ? size_of(listed[i]) : largest;
	}
	assert_int_equal(freelist_each(&store, look_at, &sum), 0);
	assert_int_equal(sum.blocks, count);
	assert_int_equal(sum.bytes, bytes);
	assert_int_equal(store.free.bytes, (uint32_t)bytes);
	assert_int_equal(freelist_largest(&store), largest);
}

/* Few sizes, as in most stores, or many. */
static uint32_t some_size(struct rng *r)
{
	return 40 + 8 * rng_below(r, rng_below(r, 3) ? 5 : 3000);
}

static void test_random_blocks(void **state)
{
	uint64_t seed = env_number("STORE_SEED", 1);
	struct rng r = rng_seeded(seed);
	size_t worst = 0; /* hundredths of a byte for a block */

	(void)state;
	print_message("STORE_SEED=%llu\n", (unsigned long long)seed);
	freelist_clear(&store, LIMIT);
	for (uint32_t call = 0; call < CALLS; call++) {
		bool grows = call / PHASE % 2 == 0;

		if (count == 0 || (count < BLOCKS_MAX && rng_below(&r, 10) < (grows ? 7U : 3U)))
			add(some_size(&r));
		else
			remove_at(rng_below(&r, count));
		if (call % LOOK_EVERY == 0) {
			take(some_size(&r));
			look();
		}
		if (count > 100 && freelist_bytes(&store) * 100 / count > worst)
			worst = freelist_bytes(&store) * 100 / count;
	}
	print_message("figure store_free_slot_bytes %lu.%02lu bytes\n",
		      (unsigned long)(worst / 100), (unsigned long)(worst % 100));
	assert_in_range(worst, 800, 1600);
	while (count)
		remove_at(count - 1);
	assert_int_equal(store.free.bytes, 0);
	freelist_free(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_blocks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
