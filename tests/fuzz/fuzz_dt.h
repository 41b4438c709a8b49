/* SPDX-License-Identifier: MIT */
/* What the rules need of a tree, told without lib/dt.c, which is under test. */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_DT_H
#define CAIRN_TESTS_FUZZ_FUZZ_DT_H

#include "lib/types.h"

/** base + size, or the top of 64 bits if it would pass it. */
uint64_t fuzz_sum(uint64_t base, uint64_t size);

/** The number in COUNT cells at P. */
uint64_t fuzz_cells(const uint8_t *p, unsigned count);

/** The cells of an address and of a size below NODE; false if there are not 1 or 2 of each. */
bool fuzz_cell_counts(const void *fdt, int node, unsigned *ac, unsigned *sc);

/** Whether the node has no status, or one of okay and ok. */
bool fuzz_is_enabled(const void *fdt, int node);

#endif
