/* SPDX-License-Identifier: MIT */
/* The arithmetic of badness, with what a running Linux shows, and with the same told in other ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mm/badness.h"

#define UNUSED __attribute__((unused))

static const uint32_t totals[] = {1,     2,      999,    1000,     1001,          1999,
				  2000,  16384,  32768,  131072,   262144,        262143,
				  99999, 524288, 786431, 1u << 20, (1u << 20) - 1};

/*
 * What Linux 6.18 (x86-64) had in /proc/PID/oom_score_adj and then in oom_adj after each number was
 * written to oom_adj.
 */
static void oom_adj_as_linux_reads_it(void **state UNUSED)
{
	static const struct {
		int score_adj, reads;
	} linux_has[] = {{0, 0},    {58, 0},   {117, 1},  {176, 2},  {235, 3}, {294, 4},
			 {352, 5},  {411, 6},  {470, 7},  {529, 8},  {588, 9}, {647, 10},
			 {705, 11}, {764, 12}, {823, 13}, {1000, 15}};

	for (int adj = 0; adj <= OOM_ADJ_MAX; adj++) {
		assert_int_equal(oom_score_adj_of(adj), linux_has[adj].score_adj);
		assert_int_equal(oom_adj_of(linux_has[adj].score_adj), linux_has[adj].reads);
	}
}

/* Below 0 it is the same with the sign turned, and the end is -17, not -15. */
static void oom_adj_below_zero(void **state UNUSED)
{
	for (int adj = 0; adj < OOM_ADJ_MAX; adj++)
		assert_int_equal(oom_score_adj_of(-adj), -oom_score_adj_of(adj));
	assert_int_equal(oom_score_adj_of(-15), -882);
	assert_int_equal(oom_score_adj_of(-16), -941);
	assert_int_equal(oom_score_adj_of(OOM_ADJ_DISABLE), OOM_SCORE_ADJ_MIN);
}

/* The number next to 0 that is not further from it than A / B is. */
static int towards_zero(int a, int b)
{
	int n = 0, step = a < 0 ? -1 : 1;

	while ((n + step) * b * step <= a * step)
		n += step;
	return n;
}

/* All of either range; above 15 steps of 17 there is only 15. */
static void both_scales_over_their_range(void **state UNUSED)
{
	for (int adj = OOM_ADJ_DISABLE; adj < OOM_ADJ_MAX; adj++) {
		int read_back = oom_adj_of(oom_score_adj_of(adj));

		assert_int_equal(oom_score_adj_of(adj), towards_zero(adj * 1000, 17));
		/* Only what both roundings leave alone comes back as it was. */
		assert_int_equal(read_back, adj % 17 ? adj + (adj < 0 ? 1 : -1) : adj);
	}
	for (int adj = OOM_SCORE_ADJ_MIN; adj <= OOM_SCORE_ADJ_MAX; adj++) {
		int expected = towards_zero(adj * 17, 1000);

		assert_int_equal(oom_adj_of(adj), expected > 15 ? 15 : expected);
	}
}

/* What Linux 6.18 had in /proc/PID/oom_score of a process with 79,002 pages, of 6,170,914 in all.
 */
static void oom_score_as_linux_shows_it(void **state UNUSED)
{
	static const struct {
		int adj;
		unsigned score;
	} linux_has[] = {{0, 674},    {1, 675},    {5, 678},    {100, 741},  {250, 841},
			 {333, 896},  {500, 1008}, {529, 1027}, {882, 1262}, {940, 1301},
			 {941, 1302}, {999, 1340}, {1000, 1341}};

	for (size_t i = 0; i < ARRAY_SIZE(linux_has); i++) {
		long points = oom_points(79002, linux_has[i].adj, 6170914);

		assert_int_equal(oom_score(points, 6170914), linux_has[i].score);
	}
}

/* A thousandth of memory is a whole number of pages: it is added once for each step. */
static void points_by_counting(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
		uint32_t total = totals[i], thousandth = 0;
		long up = (long)total / 3, down = up;

		while ((uint64_t)(thousandth + 1) * 1000 <= total)
			thousandth++;
		for (int adj = 1; adj < 1000; adj++) {
			up += thousandth;
			down -= thousandth;
			assert_int_equal(oom_points(total / 3, adj, total), up);
			assert_int_equal(oom_points(total / 3, -adj, total), down);
		}
		assert_int_equal(oom_points(total / 3, 1000, total), up + thousandth);
		assert_int_equal(oom_points(total / 3, 0, total), total / 3);
		assert_true(oom_points(total, -1000, total) == OOM_NEVER);
	}
}

/* The score by fractions: 2 / 3 of a thousand and of so many thousandths, each rounded down. */
static unsigned score_by_doubles(long points, uint32_t total)
{
	long thousandths = (long)((double)points * 1000.0 / (double)total);

	return (unsigned)((double)(1000 + thousandths) * 2.0 / 3.0 + 1e-9);
}

static void scores_over_the_range(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		for (int adj = -999; adj <= 1000; adj++)
			for (uint32_t part = 0; part <= 4; part++) {
				uint32_t total = totals[i],
					 pages = (uint32_t)((uint64_t)total * part / 4);
				long points = oom_points(pages, adj, total);
				unsigned score = oom_score(points, total);

				assert_int_equal(score, score_by_doubles(points, total));
				assert_in_range(score, 0, 2000);
			}
}

static void scores_at_the_ends(void **state UNUSED)
{
	assert_int_equal(oom_score(OOM_NEVER, 1000), 0);
	assert_int_equal(oom_score(OOM_NEVER, 0), 0);
	assert_int_equal(oom_score(1, 0), 0);
	assert_int_equal(oom_score(0, 1000), 666);
	assert_int_equal(oom_score(oom_points(1000, 1000, 1000), 1000), 2000);
	/* 4 GiB and as much again: more than 32 bits once it is in thousandths. */
	assert_int_equal(oom_score(oom_points(1u << 20, 1000, 1u << 20), 1u << 20), 1999);
	/* With less than a thousand pages only -1000 makes a difference. */
	assert_int_equal(oom_points(500, 1000, 999), 500);
	assert_int_equal(oom_points(500, -999, 999), 500);
	assert_true(oom_points(500, -1000, 999) == OOM_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oom_adj_as_linux_reads_it),
		cmocka_unit_test(oom_adj_below_zero),
		cmocka_unit_test(both_scales_over_their_range),
		cmocka_unit_test(oom_score_as_linux_shows_it),
		cmocka_unit_test(points_by_counting),
		cmocka_unit_test(scores_over_the_range),
		cmocka_unit_test(scores_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
