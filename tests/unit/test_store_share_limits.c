/* SPDX-License-Identifier: MIT */
/*
 * A store that is shared, where something is missing: memory, room, or a reader that comes back. By
 * sharers that this one thread plays, each case as a reader of the code once found it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "lib/clock.h"
#include "tests/unit/store_test_nomem.h"
#include "tests/unit/store_test_scene.h"

static int teardown(void **state)
{
	(void)state;
	memory_for_all();
	store_close(&store);
	clock_reset();
	return 0;
}

static int stage(const char *key, const char *value)
{
	return store_batch_put(&store, key, (uint32_t)strlen(key), value, (uint32_t)strlen(value),
			       NULL, 0, STORE_NEVER);
}

/* Stages a record that only compaction makes room for. */
static int stage_large(void)
{
	return store_batch_put(&store, "large", 5, bytes, stats().largest + 100, NULL, 0,
			       STORE_NEVER);
}

static int stage_delete(const char *key)
{
	return store_batch_delete(&store, key, (uint32_t)strlen(key));
}

static void stage_numbered(char letter, uint32_t count)
{
	char key[16];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%c%u", letter, i);
		assert_int_equal(stage(key, "2"), 0);
	}
}

/* Entries a, b and c, with a hole of FIRST bytes in front of b, and behind all of them the rest. */
static void leave_holes(uint32_t first, uint32_t second)
{
	assert_int_equal(put_bytes("a", first), 0);
	assert_int_equal(put("b", "1"), 0);
	assert_int_equal(put_bytes("c", second), 0);
	assert_int_equal(put("a", "1"), 0);
}

/* A put that has to compact, into a store with ENTRIES more; OTHER: with the other index hidden. */
static void put_that_compacts(uint32_t entries, bool other, bool memory)
{
	int err;

	start(KIB(16), 100);
	put_numbered('n', entries);
	leave_holes(4000, 1500);
	if (other) {
		assert_true(is("b", "1"));
		assert_int_equal(del("none"), -ENOENT); /* shows that b was read */
	}
	if (!memory)
		memory_for(0);
	err = put_bytes("d", stats().largest + 200);
	memory_for_all();
	check_region();
	if (err != 0) {
		assert_false(memory);
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(put_bytes("d", stats().largest - 1), 0);
	}
	assert_int_equal(store_size(&store), entries + 4);
	reopen();
	check_region();
	assert_int_equal(store_size(&store), entries + 4);
	store_close(&store);
}

/* Compaction shows the index that the put made room in, and goes on with the other one. */
static void test_room_in_the_other_index(void **state)
{
	(void)state;
	for (uint32_t entries = 0; entries < 40; entries++) {
		put_that_compacts(entries, false, true);
		put_that_compacts(entries, true, true);
		put_that_compacts(entries, false, false);
		put_that_compacts(entries, true, false);
	}
}

/* A reader's core stops in the midst of a batch: nothing of the batch happens, now or later. */
static void test_batch_of_a_stuck_store(void **state)
{
	(void)state;
	start(KIB(16), 0);
	assert_int_equal(put("k", "old"), 0);
	assert_int_equal(put("x", "old"), 0);
	leave_holes(4000, 1500);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage_delete("k"), 0);
	assert_int_equal(stage("x", "new"), 0);
	stop_reader(2);
	assert_int_equal(stage_large(), -ETIMEDOUT);
	assert_int_equal(stage_delete("b"), -ETIMEDOUT);
	assert_int_equal(stage("y", "new"), -ETIMEDOUT);
	assert_int_equal(store_batch_commit(&store), -ETIMEDOUT);
	assert_true(is("k", "old") && is("x", "old") && is("b", "1"));
	store_batch_abort(&store);
	assert_true(is("k", "old") && is("x", "old"));
	assert_int_equal(put("x", "new"), -ETIMEDOUT);
	reopen();
	assert_true(is("k", "old") && is("x", "old"));
	assert_int_equal(store_size(&store), 5);
	check_region();
}

/* A put that first has to make room in both indexes finds that a reader stopped, and says that. */
static void test_put_of_a_stuck_store(void **state)
{
	uint32_t refused = 0;

	(void)state;
	for (uint32_t entries = 0; entries < 60; entries++) {
		int err;

		start(KIB(16), 100);
		put_numbered('n', entries);
		stop_reader(1);
		err = put("z", "1");
		assert_true(err == 0 || err == -ETIMEDOUT);
		refused += err != 0;
		assert_int_equal(is("z", "1"), err == 0);
		assert_int_equal(put("z", "2"), -ETIMEDOUT);
		reopen();
		assert_int_equal(is("z", "1"), err == 0);
		store_close(&store);
	}
	assert_in_range(refused, 1, 60);
}

static int abort_batch(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	store_batch_abort(&store);
	return 0;
}

/* Within a walk nothing is written, and so no batch is ended. */
static void test_abort_within_a_walk(void **state)
{
	(void)state;
	start(KIB(16), 0);
	assert_int_equal(put("x", "old"), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage("x", "new"), 0);
	assert_int_equal(store_iterate(&store, abort_batch, NULL), 0);
	assert_int_equal(store_batch_commit(&store), 0);
	assert_true(is("x", "new"));
	check_region();
}

/* Whoever is refused leaves the store to others. */
static void test_refused_calls_let_others_in(void **state)
{
	(void)state;
	start(KIB(16), 0);
	assert_int_equal(stage("x", "1"), -EINVAL);
	assert_int_equal(store_batch_commit(&store), -EINVAL);
	store_batch_abort(&store);
	who = 1;
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(store_batch_begin(&store), -EBUSY);
	assert_int_equal(put("x", "1"), -EBUSY);
	assert_int_equal(stage_delete("x"), -ENOENT);
	assert_int_equal(store_batch_commit(&store), 0);
	who = 2;
	assert_int_equal(store_put_if(&store, 1, "x", 1, "1", 1, NULL, 0, STORE_NEVER), -ENOENT);
	assert_int_equal(store_drop(&store, 4100), -ENOENT);
	who = 0;
	assert_int_equal(put("x", "1"), 0);
}

static uint32_t barriers_left; /* until a reader's core stops */

static void stop_reader_later(void *ctx)
{
	(void)ctx;
	if (barriers_left > 0 && --barriers_left == 0)
		stop_reader(2);
}

/* A put that purges and compacts; at barrier N a reader's core stops. Whether there were so many.
 */
static bool put_until_a_reader_stops(uint32_t n)
{
	int err;

	start(KIB(16), 0);
	store_close(&store);
	config.media.barrier = stop_reader_later;
	open_shared();
	assert_int_equal(store_put(&store, "e", 1, bytes, 5000, NULL, 0, now_ms), 0);
	assert_int_equal(put("k", "1"), 0);
	assert_int_equal(store_put(&store, "f", 1, bytes, 3000, NULL, 0, now_ms), 0);
	assert_int_equal(put("l", "1"), 0);
	now_ms++;
	barriers_left = n;
	err = put_bytes("z", n % 2 ? 4900 : 11000);
	assert_true(err == 0 || err == -ETIMEDOUT);
	assert_int_equal(store_contains(&store, "z", 1), err == 0 ? 0 : -ENOENT);
	assert_true(is("k", "1") && is("l", "1"));
	n = barriers_left;
	barriers_left = 0;
	reopen();
	assert_int_equal(store_contains(&store, "z", 1), err == 0 ? 0 : -ENOENT);
	assert_true(is("k", "1") && is("l", "1"));
	check_region();
	store_close(&store);
	return n == 0;
}

/* Wherever a reader stops, a put is done, or it is refused and not. */
static void test_put_until_a_reader_stops(void **state)
{
	uint32_t n = 1;

	(void)state;
	while (put_until_a_reader_stops(n) | put_until_a_reader_stops(n + 1))
		n += 2;
	assert_in_range(n, 5, 200);
}

/* The commit itself finds that a reader stopped. It was acknowledged: a reset undoes none of it. */
static void test_commit_that_gets_stuck(void **state)
{
	(void)state;
	start(KIB(16), 0);
	assert_int_equal(put("k", "old"), 0);
	assert_int_equal(put("l", "old"), 0);
	assert_int_equal(put("x", "old"), 0);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage_delete("k"), 0);
	assert_int_equal(stage("x", "new"), 0);
	assert_int_equal(stage_delete("l"), 0);
	stop_reader(2);
	assert_int_equal(store_batch_commit(&store), 0);
	assert_true(is("x", "new"));
	assert_int_equal(store_size(&store), 1);
	assert_int_equal(put("x", "newer"), -ETIMEDOUT);
	reopen();
	assert_true(is("x", "new"));
	assert_int_equal(store_size(&store), 1);
	check_region();
}

/*
 * A commit with memory for COUNT allocations; what it leaves behind if that is too few is tried by
 * going on with the batch. Whether it was enough.
 */
static bool commit_with_memory_for(uint32_t count)
{
	int err;

	start(KIB(64), 0);
	assert_int_equal(put("x", "old"), 0);
	leave_holes(16000, 14000);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage("x", "new"), 0);
	stage_numbered('n', 40);
	memory_for(count);
	err = store_batch_commit(&store);
	if (err == 0)
		return true;
	assert_int_equal(err, -ENOMEM);
	assert_true(is("x", "old"));
	assert_int_equal(store_size(&store), 4);
	memory_for(0);
	err = stage_large();
	assert_true(err == 0 || err == -ENOMEM);
	memory_for_all();
	assert_int_equal(stage_delete("b"), 0);
	assert_int_equal(store_batch_commit(&store), 0);
	return false;
}

/* A batch whose commit was refused goes on as if that had not been tried. */
static void test_batch_after_a_refused_commit(void **state)
{
	uint32_t size, count = 0;
	bool enough;

	(void)state;
	do {
		enough = commit_with_memory_for(count++);
		memory_for_all();
		assert_true(is("x", "new") && is("n0", "2") && is("n39", "2"));
		assert_int_equal(del("x"), 0);
		assert_true(is("n0", "2") && is("n39", "2")); /* in the other index, too */
		assert_int_equal(put("n0", "3"), 0);
		assert_true(is("n0", "3") && is("n39", "2"));
		check_region();
		size = walk.entries;
		assert_in_range(size, enough ? 43 : 42, 43);
		assert_int_equal(is("b", "1"), enough);
		reopen();
		check_region();
		assert_int_equal(store_size(&store), size);
		assert_int_equal(store_contains(&store, "x", 1), -ENOENT);
		store_close(&store);
	} while (!enough);
	assert_in_range(count, 4, 100);
}

/*
 * Ten entries, as many as there may be, and a batch of 40 that commits without the memory to make
 * the second index follow, for which that of COUNT allocations is right. False: it is not.
 */
static bool leave_too_many(uint32_t count)
{
	int err;

	start(KIB(64), 10);
	put_numbered('o', 10);
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage("o9", "new"), 0);
	stage_numbered('n', 40);
	memory_for(count);
	err = store_batch_commit(&store);
	if (err == 0 && store.share->lags)
		return true;
	assert_true(err == 0 || err == -ENOMEM);
	assert_int_equal(store_size(&store), 10);
	memory_for_all();
	store_close(&store);
	return false;
}

/* Without memory for the second index nothing is written, and what is read is right. */
static void check_lagging(void)
{
	assert_int_equal(store_size(&store), 50);
	assert_true(is("o9", "new") && is("n0", "2"));
	assert_int_equal(put("z", "1"), -ENOMEM);
	assert_int_equal(del("o0"), -ENOMEM);
	assert_int_equal(store_purge(&store, NULL, NULL), -ENOMEM);
	assert_int_equal(store_batch_begin(&store), -ENOMEM);
	assert_int_equal(store_clear(&store), -ENOMEM);
	assert_int_equal(store_size(&store), 50);
	assert_true(is("o0", "1") && is("o9", "new"));
}

/* Entries beyond max_entries that a commit had to leave go with the next call that writes. */
static void test_too_many_entries_go_later(void **state)
{
	uint32_t found = 0;

	(void)state;
	assert_false(leave_too_many(UINT32_MAX / 2)); /* with memory for all they go at once */
	for (uint32_t count = 0; count < 60; count++) {
		if (!leave_too_many(count))
			continue;
		found++;
		memory_for(0);
		check_lagging();
		memory_for_all();
		assert_int_equal(del("none"), -ENOENT);
		assert_int_equal(store_size(&store), 10);
		assert_int_equal(stats().evicted, 40);
		assert_int_equal(put("z", "1"), 0);
		assert_int_equal(store_size(&store), 10);
		check_region();
		store_close(&store);
	}
	assert_in_range(found, 1, 60);
}

/* The call that would have made room finds that a reader stopped: it says so, and did nothing. */
static void test_stuck_while_too_many_entries_go(void **state)
{
	uint32_t found = 0;

	(void)state;
	for (uint32_t count = 0; count < 60; count++) {
		if (!leave_too_many(count))
			continue;
		found++;
		memory_for_all();
		stop_reader(2);
		assert_int_equal(count % 2 ? put("o9", "newer") : del("o9"), -ETIMEDOUT);
		assert_false(window_is_open);
		assert_true(is("o9", "new"));
		store_close(&store);
	}
	assert_in_range(found, 1, 60);
}

static uint64_t ticks, ticks_left;

/* A counter, and a reader that comes back when the clock was looked at so often. */
static uint64_t read_ticks(void)
{
	if (ticks_left > 0 && --ticks_left == 0)
		store.share->reader[2].in = 0;
	return ticks += 1000;
}

/* Whoever waits for ever does not find that over at once. */
static void test_endless_patience(void **state)
{
	const struct clock_counter counter = {.read = read_ticks, .hz = 1000000000};
	struct store_sharing endless = sharing;

	(void)state;
	assert_true(clock_add(&counter));
	endless.patience_ns = UINT64_MAX;
	start(KIB(64), 0);
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &endless), 0);
	assert_int_equal(put("a", "1"), 0);
	assert_true(clock_ns() > 0);
	stop_reader(2);
	ticks_left = 5;
	assert_int_equal(del("a"), 0);
	assert_int_equal(ticks_left, 0);
	assert_int_equal(put("a", "2"), 0);
}

/* A close ends the batch of another sharer, who will not end it. */
static void test_close_within_a_batch(void **state)
{
	(void)state;
	start(KIB(64), 0);
	assert_int_equal(put("x", "old"), 0);
	who = 1;
	assert_int_equal(store_batch_begin(&store), 0);
	assert_int_equal(stage("x", "new"), 0);
	assert_int_equal(stage_delete("x"), 0);
	who = 0;
	store_close(&store);
	assert_null(store.batch.ops);
	if (!walker_walk(&walk, region, KIB(64)))
		fail_msg("at offset %u: %s", walk.error_off, walk.error);
	open_shared();
	assert_true(is("x", "old"));
	check_region();
}

/* ---- the window of a call that finds a reader stuck ---- */

static uint32_t reports;

static void report_within(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	assert_true(window_is_open);
	reports++;
}

static void put_new(void)
{
	assert_int_equal(put("z", "1"), 0);
}

static void put_new_if(void)
{
	assert_int_equal(store_put_if(&store, STORE_ABSENT, "z", 1, "1", 1, NULL, 0, STORE_NEVER),
			 0);
}

static void commit_new(void)
{
	assert_int_equal(stage("z", "1"), 0);
	assert_int_equal(store_batch_commit(&store), 0);
}

static void delete_old(void)
{
	assert_int_equal(del("a"), -ETIMEDOUT);
}

static void clear_all(void)
{
	assert_int_equal(store_clear(&store), -ETIMEDOUT);
}

/* What a call has to tell of its last publication it tells before it closes the window. */
static void test_reports_are_within_the_window(void **state)
{
	static void (*const calls[])(void) = {put_new, put_new_if, commit_new, delete_old,
					      clear_all};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++) {
		start(KIB(64), 0);
		store_close(&store);
		config.report = report_within;
		open_shared();
		assert_int_equal(put("a", "1"), 0);
		if (calls[i] == commit_new)
			assert_int_equal(store_batch_begin(&store), 0);
		stop_reader(2);
		reports = 0;
		calls[i]();
		assert_int_equal(reports, 1);
		assert_false(window_is_open);
		assert_int_equal(put("a", "2"), -ETIMEDOUT);
		store_close(&store);
	}
}

/* ---- time that passes while a call waits ---- */

static int64_t late_ms; /* when the caller has the lock; 0: at once */

static uint32_t self_late(void *ctx)
{
	if (late_ms > 0)
		now_ms = late_ms;
	return self(ctx);
}

static int count_entry(void *ctx, const struct store_view *view)
{
	(void)view;
	*(uint32_t *)ctx += 1;
	return 0;
}

/* What expires while a walk waits for its turn is not visited. */
static void test_walk_that_has_to_wait(void **state)
{
	struct store_sharing waits = sharing;
	uint32_t visited = 0;

	(void)state;
	waits.self = self_late;
	start(KIB(64), 0);
	store_close(&store);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_share(&store, &waits), 0);
	assert_int_equal(store_put(&store, "a", 1, "1", 1, NULL, 0, 2000), 0);
	assert_int_equal(store_iterate(&store, count_entry, &visited), 0);
	assert_int_equal(visited, 1);
	late_ms = 5000;
	assert_int_equal(store_iterate(&store, count_entry, &visited), 0);
	late_ms = 0;
	assert_int_equal(visited, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_room_in_the_other_index, teardown),
		cmocka_unit_test_teardown(test_batch_of_a_stuck_store, teardown),
		cmocka_unit_test_teardown(test_put_of_a_stuck_store, teardown),
		cmocka_unit_test_teardown(test_abort_within_a_walk, teardown),
		cmocka_unit_test_teardown(test_refused_calls_let_others_in, teardown),
		cmocka_unit_test_teardown(test_put_until_a_reader_stops, teardown),
		cmocka_unit_test_teardown(test_commit_that_gets_stuck, teardown),
		cmocka_unit_test_teardown(test_batch_after_a_refused_commit, teardown),
		cmocka_unit_test_teardown(test_too_many_entries_go_later, teardown),
		cmocka_unit_test_teardown(test_stuck_while_too_many_entries_go, teardown),
		cmocka_unit_test_teardown(test_endless_patience, teardown),
		cmocka_unit_test_teardown(test_close_within_a_batch, teardown),
		cmocka_unit_test_teardown(test_reports_are_within_the_window, teardown),
		cmocka_unit_test_teardown(test_walk_that_has_to_wait, teardown),
	};

	return cmocka_run_group_tests_name("store share limits", tests, NULL, NULL);
}
