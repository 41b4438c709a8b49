/* SPDX-License-Identifier: MIT */
/*
 * A fair lock (lib/lock.h) that knows which core has it: that one may take it again, and gives it
 * as often as it took it.
 *
 * An interrupt handler takes it again, too, if it interrupted the owner: who must not be disturbed
 * masks interrupts first.
 */
#ifndef CAIRN_LIB_CORE_LOCK_H
#define CAIRN_LIB_CORE_LOCK_H

#include "lib/lock.h"

/** All zero is a free lock. */
struct core_lock {
	struct lock lock;
	_Atomic uint32_t owner; /* the core's number and 1; 0: nobody */
	uint32_t taken;         /* how often, by the owner */
};

/**
 * Takes LOCK for CORE, the one that calls, waiting for others at most NS nanoseconds of the clock.
 * 0, or -ETIMEDOUT: it was not taken.
 */
int core_lock_take(struct core_lock *lock, uint32_t core, uint64_t ns);

/** Ends what a core_lock_take() that returned 0 began. */
void core_lock_give(struct core_lock *lock);

#endif
