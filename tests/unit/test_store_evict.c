/* SPDX-License-Identifier: MIT */
/* Who goes for max_entries: short examples of what the random sequences try at length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/types.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/walker.h"

#define REGION 8192U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;

static void open_with(uint32_t max_entries, enum store_policy policy)
{
	const struct store_config config = {
		.media = {.base = region, .size = REGION},
		.max_entries = max_entries,
		.policy = policy,
	};

	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
}

static void fresh(uint32_t max_entries, enum store_policy policy)
{
	const struct store_media media = {.base = region, .size = REGION};

	store_close(&store);
	assert_int_equal(store_format(&media, 1), 0);
	open_with(max_entries, policy);
}

static int close_store(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/* Puts each letter of KEYS, one after the other. */
static void put(const char *keys)
{
	for (; *keys != '\0'; keys++)
		assert_int_equal(store_put(&store, keys, 1, "value", 5, NULL, 0, STORE_NEVER), 0);
}

static void read_key(const char *key)
{
	assert_int_equal(store_contains(&store, key, 1), 0);
}

static int add_letter(void *ctx, const struct store_view *view)
{
	strncat(ctx, view->key, 1);
	return 0;
}

/* The entries in their order, eldest first, and no others in the region. */
static void assert_order(const char *want)
{
	static struct walker walk;
	char got[64] = "";

	assert_int_equal(store_each_eldest(&store, add_letter, got), 0);
	assert_string_equal(got, want);
	assert_true(walker_walk(&walk, region, REGION));
	assert_int_equal(walk.entries, strlen(want));
	assert_int_equal(store_size(&store), strlen(want));
}

static void test_lru(void **state)
{
	(void)state;
	fresh(3, STORE_LRU);
	put("abc");
	assert_order("abc");
	read_key("a");
	assert_order("bca");
	put("b"); /* a put of what is there is a use */
	assert_order("cab");
	put("d");
	assert_order("abd");
	assert_int_equal(store_delete(&store, "b", 1), 0);
	put("e"); /* there is room for one more */
	assert_order("ade");
	put("f");
	assert_order("def");
}

static void test_sieve(void **state)
{
	(void)state;
	fresh(3, STORE_SIEVE);
	put("abc");
	read_key("a");
	assert_order("abc"); /* a read does not move it */
	put("d");            /* the hand passes by a and takes b */
	assert_order("acd");
	put("e"); /* and goes on: c */
	assert_order("ade");
	read_key("d");
	put("d"); /* a put of what is there is a use, too */
	put("f"); /* passes by d and takes e, the newest */
	assert_order("adf");
	put("g"); /* begins anew: a was not read since it was passed */
	assert_order("dfg");
	put("h"); /* so it is with d */
	assert_order("fgh");
}

static void test_sieve_takes_the_hand_along(void **state)
{
	(void)state;
	fresh(4, STORE_SIEVE);
	put("abcd");
	read_key("a");
	put("e"); /* takes b, the hand is at c */
	assert_int_equal(store_delete(&store, "c", 1), 0);
	put("f");
	assert_order("adef");
	put("g"); /* d, where the hand went when c was deleted */
	assert_order("aefg");
	read_key("e");
	read_key("f");
	read_key("g");
	put("h"); /* all but a were read: round to it */
	assert_order("efgh");
}

/* After an open the order is that of the region, and nothing was read. */
static void test_order_after_an_open(void **state)
{
	(void)state;
	fresh(4, STORE_LRU);
	put("abcd");
	read_key("a");
	assert_order("bcda");
	open_with(4, STORE_SIEVE);
	assert_order("abcd");
	open_with(2, STORE_LRU);
	assert_order("cd");
	open_with(0, STORE_LRU);
	assert_int_equal(store_size(&store), 2);
}

static void test_the_only_one(void **state)
{
	(void)state;
	for (int policy = STORE_LRU; policy <= STORE_SIEVE; policy++) {
		fresh(1, policy);
		put("abb");
		read_key("b");
		put("c");
		assert_order("c");
	}
}

/* What is pinned goes like any other; its bytes stay until the release. */
static void test_a_pinned_one_goes(void **state)
{
	struct store_view view;
	struct store_stats st;

	(void)state;
	fresh(2, STORE_LRU);
	put("a");
	assert_int_equal(store_get(&store, "a", 1, &view), 0);
	put("bcdef");
	assert_int_equal(store_contains(&store, "a", 1), -ENOENT);
	assert_memory_equal(view.data, "value", 5);
	store_stat(&store, &st);
	assert_int_equal(st.evicted, 4);
	assert_int_equal(st.entries, 2);
	store_release(&store, &view);
	assert_order("ef");
}

/* One that was damaged is no reason to let all others stay. */
static void test_a_damaged_one_does_not_stop_it(void **state)
{
	struct store_view view;

	(void)state;
	for (int policy = STORE_LRU; policy <= STORE_SIEVE; policy++)
		for (uint32_t at = 0; at < 2; at++) { /* the key, or the value */
			fresh(3, policy);
			put("a");
			assert_int_equal(store_get(&store, "a", 1, &view), 0);
			store_release(&store, &view);
			region[view.slot + HDR_BYTES + at] ^= 0x20;
			put("bcdefghij");
			assert_in_range(store_size(&store), 3, 4);
			assert_int_equal(store_contains(&store, "j", 1), 0);
			assert_int_equal(store_contains(&store, "b", 1), -ENOENT);
		}
}

/* ---- store_shed() ---- */

/* Those go that would go next, whatever the policy: the others are there, in their order. */
static void test_shed(void **state)
{
	struct store_stats st;

	(void)state;
	fresh(5, STORE_LRU);
	put("abcde");
	read_key("a");
	assert_int_equal(store_shed(&store, 2), 2);
	assert_order("dea");
	assert_int_equal(store_shed(&store, 0), 0);
	assert_order("dea");
	put("bcf"); /* there is room for two, and one goes */
	assert_order("eabcf");
	assert_int_equal(store_shed(&store, 6), 5);
	assert_order("");
	assert_int_equal(store_shed(&store, 1), 0);
	store_stat(&store, &st);
	assert_int_equal(st.evicted, 8);
	fresh(5, STORE_SIEVE);
	put("abcde");
	read_key("a");
	read_key("c");
	assert_int_equal(store_shed(&store, 2), 2);
	assert_order("ace");
}

static void test_shed_without_an_order(void **state)
{
	(void)state;
	fresh(0, STORE_LRU);
	put("abc");
	assert_int_equal(store_shed(&store, 2), 0);
	assert_int_equal(store_size(&store), 3);
}

static int shed_within_a_walk(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	assert_int_equal(store_shed(&store, 1), -EBUSY);
	return 0;
}

static void test_shed_is_refused(void **state)
{
	(void)state;
	fresh(5, STORE_LRU);
	put("ab");
	assert_int_equal(store_iterate(&store, shed_within_a_walk, NULL), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_shed(&store, 1), -EBUSY);
	store_batch_abort(&store);
	assert_order("ab");
	store_close(&store);
	assert_int_equal(store_shed(&store, 1), -EBADF);
}

/* What is left of a region that a reset stops behind any of its writes. */
static uint8_t cut[64][REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static unsigned cuts;

static void note_write(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)len;
	assert_true(cuts < ARRAY_SIZE(cut));
	memcpy(cut[cuts++], region, REGION);
}

/* Behind each write, the ones that are gone are the first that had to go, and stay gone. */
static void test_shed_is_cut(void **state)
{
	static const char *const left[] = {"abcdef", "bcdef", "cdef", "def"};
	struct store_config config = {.media = {.base = region, .size = REGION}, .max_entries = 6};
	unsigned least = 0;

	(void)state;
	fresh(6, STORE_LRU);
	put("abcdef");
	store_close(&store);
	config.media.written = note_write;
	assert_int_equal(store_open(&store, &config), 0);
	cuts = 0;
	assert_int_equal(store_shed(&store, 3), 3);
	config.media.written = NULL;
	store_close(&store);
	assert_true(cuts >= 3);
	for (unsigned i = 0; i < cuts; i++) {
		memcpy(region, cut[i], REGION);
		assert_int_equal(store_open(&store, &config), 0);
		assert_in_range(store_size(&store), 3, 6 - least);
		least = 6 - store_size(&store);
		assert_order(left[least]);
		store_close(&store);
	}
	assert_int_equal(least, 3);
}

static uint32_t sharer;

static uint32_t who(void *ctx)
{
	(void)ctx;
	return sharer;
}

/* What one sharer lets go no other one finds; what another one looks at keeps its bytes. */
static void test_shed_of_a_shared_store(void **state)
{
	static const struct store_sharing sharing = {
		.sharers = 2, .self = who, .patience_ns = 1000000};
	struct store_view view;

	(void)state;
	fresh(20, STORE_LRU);
	put("abcdefghijklmnopqrst");
	assert_int_equal(store_share(&store, &sharing), 0);
	sharer = 1;
	assert_int_equal(store_get(&store, "b", 1, &view), 0);
	sharer = 0;
	assert_int_equal(store_shed(&store, 17), 17);
	sharer = 1;
	assert_int_equal(store_contains(&store, "b", 1), 0); /* it was read last */
	assert_int_equal(store_contains(&store, "r", 1), -ENOENT);
	sharer = 0;
	assert_int_equal(store_shed(&store, 3), 3);
	sharer = 1;
	assert_int_equal(store_contains(&store, "b", 1), -ENOENT);
	assert_memory_equal(view.data, "value", 5);
	store_release(&store, &view);
	sharer = 0;
	put("z"); /* who writes gives back what was pinned */
	assert_order("z");
}

#define EVICT_TEST(f) cmocka_unit_test_teardown(f, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EVICT_TEST(test_lru),
		EVICT_TEST(test_sieve),
		EVICT_TEST(test_sieve_takes_the_hand_along),
		EVICT_TEST(test_order_after_an_open),
		EVICT_TEST(test_the_only_one),
		EVICT_TEST(test_a_pinned_one_goes),
		EVICT_TEST(test_a_damaged_one_does_not_stop_it),
		EVICT_TEST(test_shed),
		EVICT_TEST(test_shed_without_an_order),
		EVICT_TEST(test_shed_is_refused),
		EVICT_TEST(test_shed_is_cut),
		EVICT_TEST(test_shed_of_a_shared_store),
	};

	return cmocka_run_group_tests_name("store evict", tests, NULL, NULL);
}
