/* SPDX-License-Identifier: MIT */
/*
 * The rows of the stores on the host.
 *
 * "ENGINE time N fixed|mixed" prints for each row the thread CPU time of one operation, the bytes
 * for each entry and, with fixed values, the longest put, "KIND ROW N VALUES ENGINE VALUE" each.
 * "ENGINE insn N fixed|mixed" is for callgrind, which gets told to dump what each row took, as "ROW
 * OPERATIONS"; what the engine did for cache and memory is printed in the same form as above.
 * "names" prints those of the engines.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "tests/bench/bench_store.h"

#define ENTRIES_MAX 10000000u
#define OPERATIONS_MIN 100000u /* of each row, in as many cycles as it takes */
#define ROW_SECONDS 1          /* a row that takes longer does fewer operations, if it can */
#define ROWS_MAX 16
#define PAGE 4096u

static const struct engine *engine;
static uint32_t entries;
static const char *values;

static struct {
	uint64_t began, clock_costs;
	uint64_t best[ROWS_MAX]; /* thousandths of a nanosecond for an operation; 0: not yet */
	uint32_t done[ROWS_MAX]; /* operations */
} timing;

_Noreturn void bench_fail(const char *what)
{
	fprintf(stderr, "bench-store: %s, %u entries, values %s: %s\n", engine->name, entries,
		values, what);
	exit(1);
}

/* The host's cache is not lost. */
void bench_clean(const void *ptr, size_t len)
{
	(void)ptr;
	(void)len;
}

void bench_barrier(void)
{
}

/* Its memory is written by whoever likes. */
void bench_window(bool open)
{
	(void)open;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)) {
		perror("bench-store: the thread's CPU time cannot be read");
		exit(1);
	}
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t clock_low(void)
{
	return (uint32_t)now_ns();
}

static void result(const char *kind, const char *row, double value)
{
	printf("%s %s %u %s %s %.2f\n", kind, row, entries, values, engine->name, value);
}

/* ---- time ---- */

static void time_begin(void)
{
	timing.began = now_ns();
}

static bool time_enough(void)
{
	return now_ns() - timing.began > ROW_SECONDS * UINT64_C(1000000000);
}

static void time_end(const char *row, uint32_t ops, struct engine_cost cost)
{
	uint64_t took = now_ns() - timing.began;
	uint64_t each = (took > timing.clock_costs ? took - timing.clock_costs : 0) * 1000 / ops;

	(void)cost;
	for (unsigned i = 0; bench_store_rows[i]; i++) {
		if (strcmp(bench_store_rows[i], row) != 0)
			continue;
		timing.done[i] = ops;
		if (!timing.best[i] || each < timing.best[i])
			timing.best[i] = each;
	}
}

static void print_bytes(const char *when, double each)
{
	result("bytes", when, each);
}

/* malloc gets all its memory from one piece, and keeps it. */
static void one_heap(void)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
}

/* Touches all the memory that malloc will need. */
static void touch_heap(void)
{
	size_t bytes = 2 * (bench_store_bytes() + entries * (size_t)128);
	volatile uint8_t *all = malloc(bytes);

	if (!all)
		bench_fail("there is no memory");
	for (size_t i = 0; i < bytes; i += PAGE)
		all[i] = 1;
	free((void *)(uintptr_t)all);
}

static void time_clock(void)
{
	timing.clock_costs = UINT64_MAX;
	for (int i = 0; i < 1000; i++) {
		uint64_t began = now_ns(), took = now_ns() - began;

		timing.clock_costs = took < timing.clock_costs ? took : timing.clock_costs;
	}
}

static void print_times(void)
{
	for (unsigned i = 0; bench_store_rows[i]; i++) {
		if (timing.best[i])
			result("ns", bench_store_rows[i], (double)timing.best[i] / 1000);
		if (timing.best[i] && timing.done[i] < entries)
			result("partial", bench_store_rows[i], timing.done[i]);
	}
}

static void time_rows(void)
{
	struct bench_meter meter = {time_begin, time_enough, time_end, print_bytes};
	uint32_t done = 0;

	time_clock();
	one_heap();
	touch_heap();
	do {
		bench_store_cycle(engine, &meter);
		meter.bytes = NULL;
		done += entries;
	} while (done < OPERATIONS_MIN);
	print_times();
	if (!strcmp(values, "fixed"))
		result("longest", "put", bench_store_longest_put(engine, clock_low));
}

static void time_first_puts(void)
{
	const struct bench_meter meter = {time_begin, NULL, time_end, NULL};

	time_clock();
	one_heap();
	bench_store_first_puts(engine, &meter);
	print_times();
}

/* ---- instructions ---- */

static void nothing(void)
{
}

static void nothing_end(const char *row, uint32_t ops, struct engine_cost cost)
{
	(void)row;
	(void)ops;
	(void)cost;
}

static void count_begin(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static void count_end(const char *row, uint32_t ops, struct engine_cost cost)
{
	char label[80];

	CALLGRIND_TOGGLE_COLLECT;
	snprintf(label, sizeof(label), "%s %u", row, ops);
	CALLGRIND_DUMP_STATS_AT(label);
	if (engine->cost) {
		result("barriers", row, (double)cost.barriers / ops);
		result("lines", row, (double)cost.lines / ops);
	}
}

/* The first cycle is not counted: what happens once, such as finding memcpy, is over then. */
static void count_rows(void)
{
	const struct bench_meter none = {nothing, NULL, nothing_end, NULL};
	const struct bench_meter meter = {count_begin, NULL, count_end, NULL};

	bench_store_cycle(engine, &none);
	bench_store_cycle(engine, &meter);
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s names | ENGINE time|first|insn N fixed|mixed\n", program);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long n;
	char *end;

	if (argc == 2 && !strcmp(argv[1], "names")) {
		for (engine = engines; engine->name; engine++)
			puts(engine->name);
		return 0;
	}
	if (argc != 5)
		return usage(argv[0]);
	for (engine = engines; engine->name && strcmp(engine->name, argv[1]);)
		engine++;
	n = strtoul(argv[3], &end, 10);
	values = argv[4];
	if (!engine->name || *end || (strcmp(values, "fixed") != 0 && strcmp(values, "mixed") != 0))
		return usage(argv[0]);
	if (n < 2 || n > ENTRIES_MAX) {
		fprintf(stderr, "bench-store: %s entries: expected 2 to %u: nothing is measured\n",
			argv[3], ENTRIES_MAX);
		return 2;
	}
	entries = (uint32_t)n;
	bench_store_prepare(entries, strcmp(values, "fixed") ? BENCH_MIXED : BENCH_FIXED);
	if (!strcmp(argv[2], "time")) {
		time_rows();
	} else if (!strcmp(argv[2], "first")) {
		time_first_puts();
	} else if (!strcmp(argv[2], "insn")) {
		count_rows();
	} else {
		return usage(argv[0]);
	}
	return 0;
}
