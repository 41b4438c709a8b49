/* SPDX-License-Identifier: MIT */
/*
 * The lock around memblock, from when several cores use it.
 *
 * It lies around memblock, not in it. An answer of memblock is worth something for as long as the
 * lists stay as they are, so whoever asks, or walks a list, takes the lock for as long as he goes
 * by the answer; and while one core alone runs, memblock costs what it did before.
 */
#ifndef CAIRN_MM_MEMORY_LOCK_H
#define CAIRN_MM_MEMORY_LOCK_H

#include "../lib/types.h"

/**
 * From now on other cores may use memblock, and memory_lock() waits for at most NS nanoseconds.
 * Called by the one core that runs.
 */
void memory_lock_start(uint64_t ns);

/**
 * To be called before anything of memblock is, once other cores run, and followed by
 * memory_unlock(); not twice by one core. 0, at once until memory_lock_start(); or -ETIMEDOUT:
 * memblock must not be touched.
 */
int memory_lock(void);

/** Ends what a memory_lock() that returned 0 began. */
void memory_unlock(void);

#endif
