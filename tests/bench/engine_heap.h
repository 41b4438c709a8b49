/* SPDX-License-Identifier: MIT */
/* What malloc gave out: for the engines that live in its memory. */
#ifndef CAIRN_TESTS_BENCH_ENGINE_HEAP_H
#define CAIRN_TESTS_BENCH_ENGINE_HEAP_H

#include <malloc.h>
#include <stdbool.h>

/** Bytes of malloc's blocks, with its own headers; with HOLES those of free ones below the topmost
 * block, too. */
static inline size_t heap_taken(bool holes)
{
	struct mallinfo2 info = mallinfo2();

	return holes ? info.arena - info.keepcost : info.uordblks;
}

#endif
