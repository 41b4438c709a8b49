/* SPDX-License-Identifier: MIT */
/* The clock: rates known and measured, counters that wrap, deadlines with and without it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/clock.h"

#define UNUSED __attribute__((unused))
#define NS_IN_S 1000000000ull

/* The time that passes is in ns; each counter shows it at its rate, and reading takes time, too. */
static uint64_t real_ns, reading_ns, known_hz, unknown_hz, unknown_offset;
static uint64_t pause_ns; /* once, between two readings */
static unsigned reads;

static uint64_t at_rate(uint64_t hz)
{
	uint64_t now = real_ns;

	real_ns += reading_ns;
	if (++reads % 2 == 0) {
		real_ns += pause_ns;
		pause_ns = 0;
	}
	return (uint64_t)((__uint128_t)now * hz / NS_IN_S);
}

static uint64_t read_known(void)
{
	return at_rate(known_hz);
}

static uint64_t read_unknown(void)
{
	return unknown_offset + at_rate(unknown_hz);
}

static int start(void **state UNUSED)
{
	clock_reset();
	real_ns = 0;
	pause_ns = 0;
	reading_ns = 10;
	known_hz = 24000000;
	unknown_hz = 100000000;
	unknown_offset = 0;
	return 0;
}

static void add_known(void)
{
	assert_true(clock_add(&(struct clock_counter){read_known, (uint32_t)known_hz}));
}

static bool add_unknown(void)
{
	return clock_add(&(struct clock_counter){read_unknown, 0});
}

/* Within so many millionths, and what reading takes. */
static void assert_shows(uint64_t expected, uint64_t millionths)
{
	uint64_t shown = clock_ns(), off = shown < expected ? expected - shown : shown - expected;

	if (off > expected / 1000000 * millionths + 500)
		fail_msg("%llu ns are shown as %llu", (unsigned long long)expected,
			 (unsigned long long)shown);
}

static void without_a_counter(void **state UNUSED)
{
	struct deadline d = deadline_after(1000);

	assert_true(clock_ns() == 0);
	assert_false(add_unknown()); /* there is nothing to measure it by */
	assert_false(clock_add(&(struct clock_counter){read_known, CLOCK_HZ_MIN - 1}));
	assert_true(clock_ns() == 0);
	for (int i = 0; i < 99; i++)
		assert_false(deadline_passed(&d));
	assert_true(deadline_passed(&d));
	assert_true(deadline_passed(&d));
}

static void rates(void **state UNUSED)
{
	static const uint32_t hz[] = {CLOCK_HZ_MIN, 24000000, 33333333, 1000000000, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(hz); i++) {
		start(NULL);
		known_hz = hz[i];
		real_ns = 5 * NS_IN_S;
		add_known();
		assert_shows(0, 0);
		for (uint64_t ns = 1; ns < 30 * 365 * 86400 * NS_IN_S; ns *= 7) {
			real_ns = 5 * NS_IN_S + ns;
			assert_shows(ns, 1);
		}
	}
}

static void a_deadline(void **state UNUSED)
{
	struct deadline d;

	add_known();
	d = deadline_after(1000000);
	real_ns += 999000;
	assert_false(deadline_passed(&d));
	real_ns += 1000;
	assert_true(deadline_passed(&d));
}

/* The clock stops while somebody waits: then the calls are counted, of either kind. */
static void a_deadline_by_a_clock_that_stops(void **state UNUSED)
{
	bool (*const passed[])(struct deadline *) = {deadline_passed, deadline_passed_lazily};

	for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
		struct deadline d;
		unsigned calls = 0;

		start(NULL);
		reading_ns = 0;
		add_known();
		d = deadline_after(1000000);
		real_ns += 400000;
		while (!passed[i](&d))
			calls++;
		assert_in_range(calls, 60000, i ? 20000000 : 100000);
		assert_in_range(clock_ns(), 399000, 401000);
	}
}

/* It is asked often, and goes on, by ticks of a quarter of a microsecond. */
static void a_deadline_by_a_slow_clock(void **state UNUSED)
{
	struct deadline d;

	known_hz = CLOCK_HZ_MIN;
	reading_ns = 0;
	add_known();
	d = deadline_after(20000);
	for (unsigned ticks = 0; ticks < 80; ticks++) {
		for (unsigned calls = 0; calls < 9000; calls++)
			assert_false(deadline_passed(&d));
		real_ns += 250;
	}
	assert_true(deadline_passed(&d));
}

/* The rate of the second one is found in passing, and time goes neither back nor on by a jump. */
static void a_rate_is_measured(void **state UNUSED)
{
	static const uint64_t hz[] = {5000000, 100000000, 200000000, 999999999};

	for (size_t i = 0; i < ARRAY_SIZE(hz); i++) {
		uint64_t last = 0;

		start(NULL);
		unknown_hz = hz[i];
		unknown_offset = UINT64_MAX - 1000000;
		add_known();
		assert_true(add_unknown());
		while (real_ns < NS_IN_S) {
			uint64_t ns = clock_ns();

			assert_true(ns >= last);
			assert_true(ns <= real_ns + real_ns / 20000 + 100);
			last = ns;
			real_ns += 10000;
		}
		known_hz = 0; /* that counter is no longer used */
		for (uint64_t s = 1; s < 1000000; s *= 3) {
			real_ns = s * NS_IN_S;
			assert_shows(real_ns, 50);
		}
	}
}

/* Whoever reads both may be stopped in between, at the start or at any time later. */
static void an_interrupted_measurement(void **state UNUSED)
{
	for (unsigned at = 0; at < 60; at++) {
		start(NULL);
		add_known();
		pause_ns = at ? 0 : 20000000;
		assert_true(add_unknown());
		for (unsigned i = 1; real_ns < 3000 * NS_IN_S; i++) {
			if (i == at)
				pause_ns = 20000000;
			clock_ns();
			real_ns += i < 100 ? 100000 : NS_IN_S;
		}
		known_hz = 0;
		assert_shows(real_ns, 50);
	}
}

/* Longer than a product of 64 bits can tell: it begins again. */
static void nobody_looks_for_long(void **state UNUSED)
{
	add_known();
	assert_true(add_unknown());
	real_ns += 3000 * NS_IN_S;
	for (int i = 0; i < 10; i++) {
		assert_shows(real_ns, 50);
		real_ns += NS_IN_S;
	}
}

/* What was measured so far is no concern of the one that takes over. */
static void a_known_one_while_one_is_measured(void **state UNUSED)
{
	add_known();
	assert_true(add_unknown());
	assert_true(clock_add(&(struct clock_counter){read_unknown, (uint32_t)unknown_hz}));
	for (int i = 0; i < 20; i++) {
		real_ns += NS_IN_S;
		assert_shows(real_ns, 1);
	}
	known_hz = 0;
	real_ns += NS_IN_S;
	assert_shows(real_ns, 1);
}

static void one_that_stands_still(void **state UNUSED)
{
	add_known();
	unknown_hz = 0;
	assert_true(add_unknown());
	real_ns += 1000 * NS_IN_S;
	assert_shows(real_ns, 1);
}

/* A better counter with a known rate takes over at once. */
static void a_second_known_one(void **state UNUSED)
{
	add_known();
	real_ns += NS_IN_S;
	assert_true(clock_add(&(struct clock_counter){read_unknown, (uint32_t)unknown_hz}));
	known_hz = 0;
	real_ns += NS_IN_S;
	assert_shows(real_ns, 1);
}

static uint32_t read_wrapping(void)
{
	return (uint32_t)at_rate(24000000);
}

static _Atomic uint64_t extended;

/* An interrupt comes between the two looks of who extends the counter, and extends it itself. */
static uint32_t read_interrupted(void)
{
	uint32_t before = read_wrapping();

	real_ns += 100 * NS_IN_S;
	clock_extend(&extended, read_wrapping);
	return before;
}

static void who_is_overtaken_takes_nothing_back(void **state UNUSED)
{
	uint64_t late;

	reading_ns = 0;
	extended = read_wrapping();
	late = clock_extend(&extended, read_interrupted);
	assert_true(late == 0);
	assert_true(extended == 100ull * 24000000);
}

static void a_counter_that_wraps(void **state UNUSED)
{
	_Atomic uint64_t seen;
	uint32_t first;

	real_ns = 100 * NS_IN_S;
	reading_ns = 0;
	seen = first = read_wrapping();
	for (int i = 0; i < 100; i++) {
		real_ns += 178 * NS_IN_S;
		assert_true(clock_extend(&seen, read_wrapping) ==
			    first + 178ull * 24000000 * (unsigned)(i + 1));
	}
}

static int64_t wall(void)
{
	return 1700000000;
}

static void the_time_of_day(void **state UNUSED)
{
	assert_false(clock_has_wall());
	assert_true(clock_wall_ms(NULL) == 0);
	clock_set_wall(wall);
	assert_true(clock_has_wall());
	assert_true(clock_wall_ms(NULL) == 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_counter, start),
		cmocka_unit_test_setup(rates, start),
		cmocka_unit_test_setup(a_deadline, start),
		cmocka_unit_test_setup(a_deadline_by_a_clock_that_stops, start),
		cmocka_unit_test_setup(a_deadline_by_a_slow_clock, start),
		cmocka_unit_test_setup(a_rate_is_measured, start),
		cmocka_unit_test_setup(an_interrupted_measurement, start),
		cmocka_unit_test_setup(one_that_stands_still, start),
		cmocka_unit_test_setup(nobody_looks_for_long, start),
		cmocka_unit_test_setup(a_known_one_while_one_is_measured, start),
		cmocka_unit_test_setup(who_is_overtaken_takes_nothing_back, start),
		cmocka_unit_test_setup(a_second_known_one, start),
		cmocka_unit_test_setup(a_counter_that_wraps, start),
		cmocka_unit_test_setup(the_time_of_day, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
