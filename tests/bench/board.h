/* SPDX-License-Identifier: MIT */
/*
 * An image that measures something on the board: board_main.c brings the machine up, and hands over
 * to bench_board(), of which each image has its own.
 */
#ifndef CAIRN_TESTS_BENCH_BOARD_H
#define CAIRN_TESTS_BENCH_BOARD_H

#include "lib/types.h"

/** The Cortex-A9's global timer. */
uint64_t board_ticks(void);

/** How many tenths of an instruction are executed in so many ticks, under QEMU's -icount. */
uint64_t board_tenths(uint64_t ticks);

/** Prints TEXT to the serial port. */
void board_print(const char *text);

/** Measures, and prints what was measured. */
void bench_board(void);

#endif
