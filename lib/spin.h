/* SPDX-License-Identifier: MIT */
/* A wait for another core: `while (it is not so) if (spin_over(&late)) return -ETIMEDOUT;` */
#ifndef CAIRN_LIB_SPIN_H
#define CAIRN_LIB_SPIN_H

#ifndef __arm__
#include <sched.h>
#endif

#include "lib/clock.h"

/** A moment's rest for what shares the core: another thread of it, or another program. */
static inline void spin_rest(void)
{
#ifdef __arm__
	__asm__ volatile("yield");
#else
	sched_yield();
#endif
}

/** One turn of the wait: whether LATE has passed. */
static inline bool spin_over(struct deadline *late)
{
	spin_rest();
	return deadline_passed_lazily(late);
}

#endif
