/* SPDX-License-Identifier: MIT */
/* A wait for another core: `while (it is not so) if (spin_over(&spin)) return -ETIMEDOUT;` */
#ifndef CAIRN_LIB_SPIN_H
#define CAIRN_LIB_SPIN_H

#ifndef __arm__
#include <sched.h>
#endif

#include "lib/clock.h"

/** A look at the clock is slow, and on a bus that the other core may need: one in so many turns. */
#define SPIN_TURNS 1024U

struct spin {
	struct deadline late;
	uint32_t turns;
};

/** A wait of at most NS nanoseconds from now. */
static inline struct spin spin_for(uint64_t ns)
{
	return (struct spin){.late = deadline_after(ns)};
}

/** A moment's rest for what shares the core: another thread of it, or another program. */
static inline void spin_rest(void)
{
#ifdef __arm__
	__asm__ volatile("yield");
#else
	sched_yield();
#endif
}

/** One turn of the wait: whether it has taken too long. */
static inline bool spin_over(struct spin *spin)
{
	spin_rest();
	return ++spin->turns % SPIN_TURNS == 0 && deadline_passed(&spin->late);
}

#endif
