/* SPDX-License-Identifier: MIT */
/*
 * A fair lock for several cores: first come, first served, and no wait without an end.
 *
 * The lock is one word: the ticket that the next one to come draws, the ticket that is served, and
 * which of those behind it were given back because their owners waited for too long. Every step is
 * one compare-and-swap of that word, so there is no state in between for two cores to disagree
 * about.
 *
 * Memory ordering: whatever a core did before lock_give() is seen by every core whose lock_take()
 * comes after it (release and acquire). A lock_take() that fails orders nothing.
 *
 * A lock does not know its owner: who takes it twice waits for himself, until it is too late. It
 * must not be taken by an interrupt handler that may have interrupted its owner.
 */
#ifndef CAIRN_LIB_LOCK_H
#define CAIRN_LIB_LOCK_H

#include <stdatomic.h>

#include "../lib/types.h"

/** Tickets that can be drawn and not yet served, the owner's and those given back included. */
#define LOCK_TICKETS 16

/** All zero is a free lock. */
struct lock {
	_Atomic uint32_t word;
};

/**
 * Takes LOCK, waiting for those who came before for at most NS nanoseconds of the clock. 0, or
 * -ETIMEDOUT: it was not taken.
 */
int lock_take(struct lock *lock, uint64_t ns);

/** Gives LOCK, which the caller has taken, to the next in line. */
void lock_give(struct lock *lock);

#endif
