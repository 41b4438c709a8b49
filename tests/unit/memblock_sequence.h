/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls on the model. A sequence that fails is shortened as far as it still
 * fails, and printed.
 */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_SEQUENCE_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_SEQUENCE_H

#include <stdint.h>

#define SEQUENCE 200 /**< calls from empty lists on */

/** A random number below N. */
unsigned below(unsigned n);

/**
 * Plays sequences until CALLS calls are made, each on a stage that CHOOSE_STAGE puts into
 * model.stage. Prints the figures, with NAME in theirs, or what failed: then the test fails.
 * MEMBLOCK_CALLS in the environment replaces CALLS; MEMBLOCK_SEED says where to begin: the seed
 * that a failure prints repeats it at once.
 */
void play_random(const char *name, uint64_t calls, void (*choose_stage)(void));

#endif
