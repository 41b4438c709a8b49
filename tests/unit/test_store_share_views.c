/* SPDX-License-Identifier: MIT */
/* Views of a shared store, held and let go while others change all of the region. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/be.h"
#include "store/format.h"
#include "tests/unit/store_test_nomem.h"
#include "tests/unit/store_test_scene.h"

#define OTHERS 15U    /* views that each other sharer holds: one is left */
#define RECORDS 1200U /* of test_views_come_and_go */
#define LETTERS 40U   /* in each of them */

static int teardown(void **state)
{
	(void)state;
	memory_for_all();
	store_close(&store);
	return 0;
}

static struct {
	struct store_view view[OTHERS];
	uint32_t count;
} held[SHARERS];

static uint32_t barriers, every; /* one of so many lets the others in; 0: none */
static bool moving;              /* they also look at what is just being moved */

/* The letter of the record of VIEW: its key is a number. */
static char letter_of(const struct store_view *view)
{
	char text[6] = {0};
	unsigned n;

	memcpy(text, view->key, 5);
	assert_int_equal(sscanf(text, "k%4u", &n), 1);
	return (char)('a' + n % 26);
}

/* VIEW shows what it showed, and unless that had begun its record was not moved. */
static void check_held(const struct store_view *view)
{
	const char letter = letter_of(view);
	struct store_view again;

	for (uint32_t i = 0; i < LETTERS; i++)
		assert_int_equal(((const char *)view->data)[i], letter);
	assert_int_equal(store_get(&store, view->key, view->key_len, &again), 0);
	if (!moving)
		assert_int_equal(again.slot, view->slot);
	store_release(&store, &again);
}

static void release_held(void)
{
	for (who = 1; who < SHARERS; who++)
		while (held[who].count > 0) {
			const struct store_view *view = &held[who].view[--held[who].count];

			check_held(view);
			store_release(&store, view);
		}
}

/* Views of what compaction comes to next; the first two records may be those that it moves now. */
static void hold_next(void)
{
	const uint32_t first = moving ? 0 : 2;
	uint32_t n = 0, size;

	for (uint32_t off = store.packed; off < store.end && n < first + 2 * OTHERS; off += size) {
		size = be32_load(region + off + HDR_SIZE);
		if (be32_load(region + off + HDR_KEYLEN) != 5 || n++ < first)
			continue;
		who = 1 + (n - first - 1) / OTHERS;
		if (store_get(&store, region + off + HDR_BYTES, 5,
			      &held[who].view[held[who].count]) == 0)
			held[who].count++;
	}
}

static void let_others_in(void *ctx)
{
	uint32_t caller = who;

	(void)ctx;
	if (every == 0 || ++barriers % every != 0)
		return;
	release_held();
	hold_next();
	who = caller;
}

static void put_records(void)
{
	char key[6], value[LETTERS];

	for (uint32_t i = 0; i < RECORDS; i++) {
		snprintf(key, sizeof(key), "k%04u", i % 10000);
		memset(value, 'a' + (int)(i % 26), sizeof(value));
		assert_int_equal(
			store_put(&store, key, 5, value, sizeof(value), NULL, 0, STORE_NEVER), 0);
	}
	for (uint32_t i = 0; i < RECORDS; i += 5) {
		snprintf(key, sizeof(key), "k%04u", i % 10000);
		assert_int_equal(del(key), 0);
	}
}

/* Fills all that is free, so that what is in use by mistake does not stay as it was. */
static void fill_region(void)
{
	uint32_t n = 0;
	int err;

	do {
		err = store_put(&store, &n, sizeof(n), bytes, LETTERS, NULL, 0, STORE_NEVER);
		n++;
	} while (err == 0);
	assert_int_equal(err, -ENOSPC);
}

/* One long compaction without memory, into which others are let at that pace. */
static void compact_among_others(uint32_t pace)
{
	start(KIB(128), 0);
	store_close(&store);
	config.media.barrier = let_others_in;
	open_shared();
	put_records();
	barriers = 0;
	every = pace;
	memory_for(0);
	assert_in_range(store_compact(&store, REGION), 0, 1);
	memory_for_all();
	every = 0;
	assert_true(barriers > 3 * SHARERS * STORE_VIEWS);
	fill_region();
	release_held();
	who = 0;
	assert_int_equal(del("none"), -ENOENT);
	check_region();
	store_close(&store);
}

/*
 * In one long call others look at hundreds of records, each for a moment, and there is no memory to
 * remember them all: none moves or is written over while somebody looks, and the call goes on.
 */
static void test_views_come_and_go(void **state)
{
	(void)state;
	for (uint32_t pace = 1; pace < 10; pace++) {
		moving = false;
		compact_among_others(pace);
		moving = true;
		compact_among_others(pace);
	}
}

/* Views stay as they are while the store grows, is cleared, filled, and a damage is given back. */
static void test_views_and_the_whole_region(void **state)
{
	struct store_view first, last, damaged;

	(void)state;
	start(KIB(64), 0);
	store_close(&store);
	config.media.size = REGION;
	open_shared();
	put_numbered('k', 100);
	who = 1;
	assert_int_equal(get("k50", &first), 0);
	assert_int_equal(get("k99", &last), 0);
	who = 0;
	assert_int_equal(store_grow(&store, REGION), 0);
	assert_int_equal(store_clear(&store), 0);
	assert_int_equal(store_size(&store), 0);
	put_numbered('z', 3000); /* beyond where the region ended */
	who = 2;
	assert_true(is("z0", "1") && is("z2999", "1"));
	assert_true(shows(&first, "1") && shows(&last, "1"));
	assert_memory_equal(first.key, "k50", 3);
	assert_int_equal(get("z7", &damaged), 0);
	region[damaged.slot + HDR_BYTES + damaged.key_len] ^= 1;
	assert_false(is("z7", "1"));
	who = 0;
	assert_int_equal(del("z7"), -EBADMSG);
	assert_int_equal(store_drop(&store, damaged.slot), -EBUSY);
	who = 2;
	store_release(&store, &damaged);
	who = 0;
	assert_int_equal(store_drop(&store, damaged.slot), 0);
	who = 1;
	store_release(&store, &first);
	store_release(&store, &last);
	who = 0;
	while (store_compact(&store, REGION) == 1)
		;
	assert_int_equal(stats().pinned, 0);
	assert_int_equal(stats().entries, 2999);
	check_region();
	assert_int_equal(walk.frees, 1);
}

static bool purging; /* whenever a reader asks for the time */

/* now(), and a writer has its turn before the answer is used. */
static int64_t now_with_purge(void *ctx)
{
	uint32_t caller = who;

	if (purging) {
		purging = false;
		who = 0;
		assert_int_equal(store_purge(&store, NULL, NULL), 1);
		who = caller;
	}
	return now(ctx);
}

/* Nobody holds a pin, and all counts of them say so. */
static void check_no_pin(void)
{
	for (uint32_t i = 0; i < SHARERS; i++) {
		const struct share_reader *reader = &store.share->reader[i];

		assert_int_equal(reader->pinned, 0);
		for (uint32_t k = 0; k < ARRAY_SIZE(reader->pins); k++)
			assert_int_equal(reader->pins[k], 0);
	}
}

/* Each way to read KEY gives ERR, and leaves nothing pinned. */
static void refuse_reads(const char *key, int err)
{
	struct store_view view;

	assert_int_equal(get(key, &view), err);
	assert_int_equal(store_contains(&store, key, (uint32_t)strlen(key)), err);
	check_no_pin();
}

/* A read that is refused pins nothing, whatever the reason. */
static void test_refused_reads_pin_nothing(void **state)
{
	struct store_view view;
	uint32_t len;
	char byte;

	(void)state;
	start(KIB(64), 0);
	store_close(&store);
	config.now = now_with_purge;
	open_shared();
	assert_int_equal(store_put(&store, "expired", 7, "1", 1, NULL, 0, now_ms), 0);
	assert_int_equal(put("damaged", "1"), 0);
	assert_int_equal(put("long", "22"), 0);
	who = 1;
	assert_int_equal(get("damaged", &view), 0);
	region[view.slot + HDR_BYTES + view.key_len] ^= 1;
	store_release(&store, &view);
	now_ms++;
	refuse_reads("none", -ENOENT);
	refuse_reads("damaged", -EBADMSG);
	refuse_reads("expired", -ENOENT);
	assert_int_equal(store_read(&store, "long", 4, &byte, 1, &len), -EMSGSIZE);
	check_no_pin();
	purging = true; /* between the looks at the record and at it again */
	refuse_reads("expired", -ENOENT);
	assert_false(purging);
	assert_int_equal(store_size(&store), 2);
	assert_int_equal(stats().hits, 2); /* of what was damaged later, and of what was too long */
	assert_int_equal(stats().misses, 6);
}

static struct store_view glance; /* of e, by sharer 1 */
static enum { NOT_YET, LOOKS, LOOKED } glances;

/* At the first write somebody looks at what is in the way, until the writer has seen that. */
static void look_for_a_moment(void *ctx, uint32_t off, uint32_t len)
{
	uint32_t caller = who;

	(void)ctx;
	(void)off;
	(void)len;
	who = 1;
	if (glances == NOT_YET) {
		assert_int_equal(get("e", &glance), 0);
		glances = LOOKS;
	} else if (glances == LOOKS && store.pins.count > 0) {
		store_release(&store, &glance);
		glances = LOOKED;
	}
	who = caller;
}

/* What others look at for a moment is in the way of a put for no longer than that. */
static void test_put_past_a_glance(void **state)
{
	static const char *const large[] = {"a", "c", "f"}, *const small[] = {"b", "e", "g"};

	(void)state;
	start(KIB(64), 0);
	store_close(&store);
	config.media.written = look_for_a_moment;
	glances = LOOKED;
	open_shared();
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(put_bytes(large[i], 16000), 0);
		assert_int_equal(put(small[i], "1"), 0);
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(del(large[i]), 0);
	glances = NOT_YET;
	assert_int_equal(put_bytes("h", 50000), 0);
	assert_int_equal(glances, LOOKED);
	check_region();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_refused_reads_pin_nothing, teardown),
		cmocka_unit_test_teardown(test_put_past_a_glance, teardown),
		cmocka_unit_test_teardown(test_views_come_and_go, teardown),
		cmocka_unit_test_teardown(test_views_and_the_whole_region, teardown),
	};

	return cmocka_run_group_tests_name("store share views", tests, NULL, NULL);
}
