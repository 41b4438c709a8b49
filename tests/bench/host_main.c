/* SPDX-License-Identifier: MIT */
/*
 * The rows on the host.
 *
 * "rows" prints their names. "time ROW N" prints the thread CPU time for one call in ns and the
 * checksum. "insn N..." is for callgrind, which gets told to dump what a pass of each row took, as
 * "ROW N CALLS", and what the same pass without memblock took, as "ROW N CALLS empty"; the
 * checksums are printed, a line "ROW N CHECKSUM" each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "tests/bench/bench_memblock.h"

#define BATCH_NS 20e6   /* a batch of passes takes at least this long */
#define BATCHES 5       /* the quickest counts: whatever else the machine does only adds time */
#define ENOUGH_NS 200e6 /* a batch this long is not repeated */

static double now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)) {
		perror("bench: the thread's CPU time cannot be read");
		exit(1);
	}
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double batch(const struct bench_row *row, unsigned long passes, bool empty)
{
	double began = now_ns();

	for (unsigned long i = 0; i < passes; i++)
		bench_pass(row, empty);
	return now_ns() - began;
}

/* The quickest of several batches, of which one took NS already. */
static double best_batch(const struct bench_row *row, unsigned long passes, bool empty, double ns)
{
	for (int i = 1; i < BATCHES && ns < ENOUGH_NS; i++) {
		double again = batch(row, passes, empty);

		ns = again < ns ? again : ns;
	}
	return ns;
}

static void time_row(const struct bench_row *row, unsigned long n)
{
	unsigned long passes = 1;
	double whole, loop;

	bench_prepare(row, n);
	while ((whole = batch(row, passes, false)) < BATCH_NS)
		passes *= 2;
	whole = best_batch(row, passes, false, whole);
	loop = best_batch(row, passes, true, batch(row, passes, true));
	bench_pass(row, false);
	printf("%.2f %016" PRIx64 "\n", (whole - loop) / (double)passes / (double)bench_calls(),
	       bench_checksum());
}

static void dump(const struct bench_row *row, unsigned long n, bool empty)
{
	char label[80];

	snprintf(label, sizeof(label), "%s %lu %lu%s", row->name, n, bench_calls(),
		 empty ? " empty" : "");
	CALLGRIND_TOGGLE_COLLECT;
	bench_pass(row, empty);
	CALLGRIND_TOGGLE_COLLECT;
	CALLGRIND_DUMP_STATS_AT(label);
}

static void count_row(const struct bench_row *row, unsigned long n)
{
	bench_prepare(row, n);
	bench_pass(row, false); /* what happens once, such as finding memmove, is over then */
	dump(row, n, true);
	dump(row, n, false);
	printf("%s %lu %016" PRIx64 "\n", row->name, n, bench_checksum());
}

static unsigned long regions(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n < 2 || BENCH_SLOTS(n) > INIT_MEMBLOCK_RESERVED_REGIONS) {
		fprintf(stderr, "bench: %s regions: expected 2 to %d: nothing is measured\n", text,
			INIT_MEMBLOCK_RESERVED_REGIONS / 2 - 1);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	const struct bench_row *row = bench_rows;

	if (argc == 2 && !strcmp(argv[1], "rows")) {
		for (; row->name; row++)
			puts(row->name);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "time")) {
		while (row->name && strcmp(row->name, argv[2]))
			row++;
		if (row->name) {
			time_row(row, regions(argv[3]));
			return 0;
		}
	} else if (argc > 2 && !strcmp(argv[1], "insn")) {
		for (; row->name; row++)
			for (int i = 2; i < argc; i++)
				count_row(row, regions(argv[i]));
		return 0;
	}
	fprintf(stderr, "usage: %s rows | time ROW N | insn N...\n", argv[0]);
	return 2;
}
