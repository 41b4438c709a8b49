/* SPDX-License-Identifier: MIT */
/*
 * The checker of histories: by hand, good ones and such that no order explains, and at random
 * against the plain definition, by which every order is tried.
 *
 * HISTORY_SEED and HISTORY_ROUNDS: other random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/types.h"
#include "tests/threads/history.h"
#include "tests/unit/store_test_util.h"

#define LINES 8

/* Whether EVENTS, each of another core, can be explained. */
static bool explained(const struct history_event *events, size_t count, bool evicts)
{
	struct history_log log = {0};
	struct history_fault fault;
	bool good;

	for (size_t i = 0; i < count; i++)
		history_add(&log, events[i]);
	good = history_explained(&log, 1, (struct history_rules){.evicts = evicts}, &fault);
	assert_true(good == !fault.what);
	history_free(&log);
	return good;
}

#define GOOD(...)                                                          \
	do {                                                               \
		const struct history_event events[] = {__VA_ARGS__};       \
		assert_true(explained(events, ARRAY_SIZE(events), false)); \
	} while (0)
#define BAD(...)                                                            \
	do {                                                                \
		const struct history_event events[] = {__VA_ARGS__};        \
		assert_false(explained(events, ARRAY_SIZE(events), false)); \
	} while (0)

#define PUT(from, to, v)                                                  \
	{                                                                 \
		.start = from, .end = to, .kind = HISTORY_PUT, .value = v \
	}
#define READ(from, to, v)                                                  \
	{                                                                  \
		.start = from, .end = to, .kind = HISTORY_READ, .value = v \
	}
#define TAKE(from, to)                                         \
	{                                                      \
		.start = from, .end = to, .kind = HISTORY_TAKE \
	}
#define SWAP(from, to, w, v)                                                         \
	{                                                                            \
		.start = from, .end = to, .kind = HISTORY_SWAP, .was = w, .value = v \
	}
#define OTHER(from, to, w)                                                \
	{                                                                 \
		.start = from, .end = to, .kind = HISTORY_OTHER, .was = w \
	}
#define SEEN(from, to)                                         \
	{                                                      \
		.start = from, .end = to, .kind = HISTORY_SEEN \
	}
#define CLEAR(from, to)                                                               \
	{                                                                             \
		.start = from, .end = to, .kind = HISTORY_CLEAR, .key = HISTORY_EVERY \
	}
#define TIME(from, to, t)                                                                        \
	{                                                                                        \
		.start = from, .end = to, .kind = HISTORY_TIME, .key = HISTORY_EVERY, .value = t \
	}
#define MORTAL(from, to, v, t)                                                         \
	{                                                                              \
		.start = from, .end = to, .kind = HISTORY_PUT, .value = v, .expiry = t \
	}
#define LATE(from, to, v, t)                                                           \
	{                                                                              \
		.start = from, .end = to, .kind = HISTORY_READ, .value = v, .since = t \
	}
#define PART(from, to, n, v)                                                              \
	{                                                                                 \
		.start = from, .end = to, .kind = HISTORY_READ, .part = n + 1, .value = v \
	}
#define NEVER_ENDS HISTORY_PENDING

/*
 *   put 1    |---|
 *   read 1         |---|
 */
static void reads(void **state)
{
	(void)state;
	GOOD(READ(1, 2, 0));
	GOOD(PUT(1, 2, 1), READ(3, 4, 1), SEEN(5, 6));
	GOOD(PUT(1, 4, 1), READ(2, 3, 0), READ(5, 6, 1));
	GOOD(PUT(1, 4, 1), READ(2, 3, 1)); /* before the put's end, but after its begin */
	BAD(READ(1, 2, 1));                /* never written */
	BAD(READ(1, 2, 1), PUT(3, 4, 1));  /* only later */
	BAD(SEEN(1, 2));
	BAD(PUT(1, 2, 1), READ(3, 4, 0));
}

/*
 *   put 1    |---|
 *   put 2          |---|
 *   read 1               |---|     stale
 */
static void stale_reads(void **state)
{
	(void)state;
	BAD(PUT(1, 2, 1), PUT(3, 4, 2), READ(5, 6, 1));
	GOOD(PUT(1, 2, 1), PUT(3, 6, 2), READ(4, 5, 1));
	/* Two readers may not see it in turns: what one has seen the other sees later. */
	BAD(PUT(1, 2, 1), PUT(3, 8, 2), READ(4, 5, 2), READ(6, 7, 1));
	GOOD(PUT(1, 2, 1), PUT(3, 8, 2), READ(4, 7, 2), READ(5, 6, 1));
	/* Puts that overlap have one order for all. */
	BAD(PUT(1, 4, 1), PUT(2, 3, 2), READ(5, 6, 1), READ(7, 8, 2));
	GOOD(PUT(1, 4, 1), PUT(2, 3, 2), READ(5, 6, 2), READ(7, 8, 2));
	GOOD(PUT(1, 4, 1), PUT(2, 3, 2), READ(5, 6, 1), READ(7, 8, 1));
	/* A put that was seen and is put over comes back. */
	BAD(PUT(1, 10, 1), PUT(2, 9, 2), READ(3, 4, 1), READ(5, 6, 2), READ(7, 8, 1));
}

static void deletes(void **state)
{
	(void)state;
	GOOD(PUT(1, 2, 1), TAKE(3, 4), READ(5, 6, 0));
	BAD(PUT(1, 2, 1), TAKE(3, 4), READ(5, 6, 1)); /* after an acknowledged delete */
	BAD(TAKE(1, 2));                              /* nothing was there */
	BAD(PUT(1, 2, 1), TAKE(3, 6), TAKE(4, 5));    /* two, of one entry */
	GOOD(PUT(1, 2, 1), TAKE(3, 6), READ(4, 5, 1));
	GOOD(PUT(1, 2, 1), TAKE(3, 6), READ(4, 5, 0), READ(7, 8, 0));
	BAD(PUT(1, 2, 1), CLEAR(3, 4), READ(5, 6, 1));
	GOOD(PUT(1, 2, 1), CLEAR(3, 6), READ(4, 5, 1), READ(7, 8, 0));
	BAD(PUT(1, 2, 1), CLEAR(3, 8), READ(4, 5, 0), READ(6, 7, 1));
}

static void swaps(void **state)
{
	(void)state;
	GOOD(SWAP(1, 2, 0, 1), SWAP(3, 4, 1, 2), READ(5, 6, 2));
	BAD(SWAP(1, 4, 0, 1), SWAP(2, 3, 0, 2)); /* both were the first */
	BAD(PUT(1, 2, 1), SWAP(3, 6, 1, 2), SWAP(4, 5, 1, 3));
	BAD(PUT(1, 2, 1), PUT(3, 4, 2), SWAP(5, 6, 1, 3)); /* the update of 2 is lost */
	GOOD(PUT(1, 2, 1), SWAP(3, 6, 1, 2), OTHER(4, 5, 1));
	BAD(PUT(1, 2, 1), OTHER(3, 4, 1)); /* refused for nothing */
	BAD(OTHER(1, 2, 1));
	/* A counter: each adds 1 to what it read, and one addition is lost. */
	BAD(PUT(1, 2, 1), READ(3, 4, 1), READ(5, 6, 1), PUT(7, 8, 2), SWAP(9, 10, 1, 3));
}

/* What nobody saw the end of has happened or not, but not both. */
static void pending(void **state)
{
	(void)state;
	GOOD(PUT(1, NEVER_ENDS, 1), READ(2, 3, 0));
	GOOD(PUT(1, NEVER_ENDS, 1), READ(2, 3, 1));
	GOOD(PUT(1, NEVER_ENDS, 1), READ(2, 3, 0), READ(4, 5, 1));
	BAD(PUT(1, NEVER_ENDS, 1), READ(2, 3, 1), READ(4, 5, 0));
	BAD(READ(1, 2, 1), PUT(3, NEVER_ENDS, 1));
}

static void expiry(void **state)
{
	(void)state;
	GOOD(MORTAL(1, 2, 1, 10), TIME(3, 4, 10), READ(5, 6, 1), TIME(7, 8, 11), READ(9, 10, 0));
	BAD(MORTAL(1, 2, 1, 10), READ(3, 4, 0));
	BAD(MORTAL(1, 2, 1, 10), TIME(3, 4, 11), READ(5, 6, 1));
	GOOD(MORTAL(1, 2, 1, 10), TIME(3, 6, 11), READ(4, 5, 1), READ(7, 8, 0));
	BAD(MORTAL(1, 2, 1, 10), TIME(3, 8, 11), READ(4, 5, 0), READ(6, 7, 1));
	/* It can be removed as long as nobody purged it, and to a swap there is nothing. */
	GOOD(MORTAL(1, 2, 1, 10), TIME(3, 4, 11), TAKE(5, 6), READ(7, 8, 0));
	GOOD(MORTAL(1, 2, 1, 10), TIME(3, 4, 11), SWAP(5, 6, 0, 2), READ(7, 8, 2));
	/* A read may go by the time of its start, but not by one before. */
	GOOD(MORTAL(1, 6, 1, 10), TIME(2, 3, 11), READ(4, 5, 0), LATE(7, 8, 1, 10));
	BAD(MORTAL(1, 6, 1, 10), TIME(2, 3, 11), READ(4, 5, 0), LATE(7, 8, 1, 11));
	BAD(MORTAL(1, 2, 1, 10), LATE(3, 4, 0, 12));
	/* There was always something, before the time and behind it. */
	BAD(MORTAL(1, 2, 1, 10), PUT(4, 5, 2), TIME(6, 7, 11), READ(3, 8, 0));
}

static void evictions(void **state)
{
	const struct history_event lost[] = {PUT(1, 2, 1), READ(3, 4, 1), READ(5, 6, 0)};
	const struct history_event back[] = {PUT(1, 2, 1), READ(3, 4, 0), READ(5, 6, 1)};
	const struct history_event stale[] = {PUT(1, 2, 1), PUT(3, 4, 2), READ(5, 6, 1)};
	const struct history_event again[] = {PUT(1, 2, 1), SWAP(3, 4, 0, 2), READ(5, 6, 2)};

	(void)state;
	assert_true(explained(lost, ARRAY_SIZE(lost), true));
	assert_true(explained(again, ARRAY_SIZE(again), true));
	assert_false(explained(back, ARRAY_SIZE(back), true));
	assert_false(explained(stale, ARRAY_SIZE(stale), true));
}

/* Batches: who has seen one part of the second one sees no other part of the first. Number 0x402
 * has nothing in part 1. */
static void parts(void **state)
{
	(void)state;
	GOOD(PUT(1, 2, 0x100), PUT(3, 8, 0x200), PART(4, 5, 0, 0x100), PART(6, 7, 1, 0x200));
	BAD(PUT(1, 2, 0x100), PUT(3, 8, 0x200), PART(4, 5, 0, 0x200), PART(6, 7, 1, 0x100));
	BAD(PUT(1, 2, 0x100), PUT(3, 8, 0x200), PART(4, 5, 0, 0x200), PART(6, 7, 1, 0));
	GOOD(PUT(1, 2, 0x100), PUT(3, 8, 0x402), PART(4, 5, 0, 0x402), PART(6, 7, 1, 0));
	BAD(PUT(1, 2, 0x100), PUT(3, 8, 0x402), PART(4, 5, 1, 0), PART(6, 7, 0, 0x100));
	BAD(PUT(1, 2, 0x402), PART(3, 4, 1, 0x402));
}

/* One register's calls do not explain another's, and all of them are looked at. */
static void registers(void **state)
{
	struct history_event events[] = {PUT(1, 2, 1), READ(3, 4, 1), PUT(5, 6, 7), READ(7, 8, 7)};
	struct history_log logs[2] = {{.core = 0}, {.core = 1}};
	struct history_fault fault;

	(void)state;
	events[2].key = events[3].key = 9;
	assert_true(explained(events, ARRAY_SIZE(events), false));
	events[3].value = 1;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		history_add(&logs[i % 2], events[i]);
	assert_false(history_explained(logs, 2, (struct history_rules){0}, &fault));
	assert_int_equal(fault.key, 9);
	assert_int_equal(fault.event.start, 7);
	assert_int_equal(fault.event.core, 1);
	history_free(&logs[0]);
	history_free(&logs[1]);
}

static void too_many(void **state)
{
	struct history_event events[40];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(events); i++)
		events[i] = (struct history_event)PUT(i + 1, i + 100, i + 1);
	assert_false(explained(events, ARRAY_SIZE(events), false));
}

static void stamps(void **state)
{
	uint32_t first = history_stamp();

	(void)state;
	assert_true(first);
	assert_int_equal(history_stamp(), first + 1);
}

/* ---- against the definition ---- */

/* Whether E answers what a register that holds *VALUE does. */
static bool step(const struct history_event *e, uint32_t *value)
{
	bool fits = e->kind != HISTORY_READ || *value == e->value;

	fits &= e->kind != HISTORY_SEEN || *value;
	fits &= e->kind != HISTORY_OTHER || (*value && *value != e->was);
	fits &= e->kind != HISTORY_SWAP || *value == e->was;
	fits &= e->kind != HISTORY_TAKE || *value;
	if (e->kind == HISTORY_PUT || e->kind == HISTORY_SWAP)
		*value = e->value;
	if (e->kind == HISTORY_TAKE)
		*value = 0;
	return fits;
}

/* Whether the events without a bit in DONE can come behind those that have one. */
static bool some_order(const struct history_event *events, size_t count, uint32_t done,
		       uint32_t value)
{
	uint32_t first_end = HISTORY_PENDING;
	bool over = true;

	for (size_t i = 0; i < count; i++) {
		if (done >> i & 1)
			continue;
		over &= events[i].end == HISTORY_PENDING;
		first_end = events[i].end < first_end ? events[i].end : first_end;
	}
	if (over)
		return true;
	for (size_t i = 0; i < count; i++) {
		uint32_t now = value;

		if (!(done >> i & 1) && events[i].start < first_end && step(&events[i], &now) &&
		    some_order(events, count, done | 1u << i, now))
			return true;
	}
	return false;
}

static void shuffle(struct rng *rng, uint32_t *stamp, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		stamp[i] = i + 1;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = rng_below(rng, i), was = stamp[i - 1];

		stamp[i - 1] = stamp[other];
		stamp[other] = was;
	}
}

/* Up to LINES calls with few numbers, each written once, and stamps near each other. */
static size_t make(struct rng *rng, struct history_event *events)
{
	uint32_t stamp[LINES * 2], written = 0;
	size_t count = 2 + rng_below(rng, LINES - 1);

	shuffle(rng, stamp, (uint32_t)count * 2);
	for (size_t i = 0; i < count; i++) {
		uint32_t a = stamp[i * 2], b = stamp[i * 2 + 1];
		struct history_event *e = &events[i];

		*e = (struct history_event){.start = a < b ? a : b, .end = a < b ? b : a};
		e->kind = (uint8_t)rng_below(rng, HISTORY_TAKE + 1);
		e->was = rng_below(rng, 4);
		e->value = rng_below(rng, 4);
		if (e->kind == HISTORY_PUT || e->kind == HISTORY_SWAP)
			e->value = ++written;
		if (!rng_below(rng, 8))
			e->end = HISTORY_PENDING;
	}
	return count;
}

static void random_ones(void **state)
{
	uint64_t seed = env_number("HISTORY_SEED", 1);
	uint64_t rounds = env_number("HISTORY_ROUNDS", 200000);
	struct history_event events[LINES];
	struct rng rng = rng_seeded(seed);
	uint64_t good = 0;

	(void)state;
	for (uint64_t n = 0; n < rounds; n++) {
		size_t count = make(&rng, events);
		bool is = explained(events, count, false);

		good += is;
		if (is != some_order(events, count, 0, 0))
			fail_msg("HISTORY_SEED=%llu: history %llu is judged wrong",
				 (unsigned long long)seed, (unsigned long long)n);
	}
	printf("%llu of %llu random histories have an order\n", (unsigned long long)good,
	       (unsigned long long)rounds);
	assert_true(good > rounds / 100 && good < rounds / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),     cmocka_unit_test(stale_reads),
		cmocka_unit_test(deletes),   cmocka_unit_test(swaps),
		cmocka_unit_test(pending),   cmocka_unit_test(expiry),
		cmocka_unit_test(evictions), cmocka_unit_test(parts),
		cmocka_unit_test(registers), cmocka_unit_test(too_many),
		cmocka_unit_test(stamps),    cmocka_unit_test(random_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
