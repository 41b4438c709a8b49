/* SPDX-License-Identifier: MIT */
/* The rows of memblock on the board: prints "insn ROW N VALUE CHECKSUM" for each. */
#include <stdio.h>

#include "tests/bench/bench_memblock.h"
#include "tests/bench/board.h"

#define CALLS_MIN 2048u /* in a measurement: a tick more or less is nothing then */

static uint64_t ticks_of_passes(const struct bench_row *row, unsigned long passes, bool empty)
{
	uint64_t began = board_ticks();

	for (unsigned long i = 0; i < passes; i++)
		bench_pass(row, empty);
	return board_ticks() - began;
}

static void count_row(const struct bench_row *row, unsigned long n)
{
	unsigned long passes, calls;
	uint64_t loop, whole, tenths, sum;
	char line[96];

	bench_prepare(row, n);
	passes = CALLS_MIN / bench_calls() + 1;
	calls = passes * bench_calls();
	loop = ticks_of_passes(row, passes, true);
	whole = ticks_of_passes(row, passes, false);
	sum = bench_checksum();
	tenths = (board_tenths(whole - loop) + calls / 2) / calls;
	snprintf(line, sizeof(line), "insn %s %lu %lu.%lu %08lx%08lx\n", row->name, n,
		 (unsigned long)(tenths / 10), (unsigned long)(tenths % 10),
		 (unsigned long)(sum >> 32), (unsigned long)sum);
	board_print(line);
}

void bench_board(void)
{
	static const unsigned long sizes[] = {BENCH_BOARD_SIZES};

	for (const struct bench_row *row = bench_rows; row->name; row++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
			count_row(row, sizes[i]);
}
