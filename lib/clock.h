/* SPDX-License-Identifier: MIT */
/*
 * The one clock: nanoseconds that only ever go up, deadlines by them, and the time of day. Drivers
 * bring the counters. Until there is one the time is 0, and deadlines count how often they are
 * asked. All of it may be called from interrupts and, once the counters are there, on any core.
 */
#ifndef CAIRN_LIB_CLOCK_H
#define CAIRN_LIB_CLOCK_H

#include "lib/types.h"

/** A counter that goes up with time. */
struct clock_counter {
	uint64_t (*read)(void); /**< never goes back, on any core */
	uint32_t hz;            /**< how often it counts in a second; 0: not known */
};

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

#define CLOCK_HZ_MIN 4000000u /**< slower counters are refused */

/**
 * Goes by COUNTER from now on. If its rate is not known it is first measured against the counter
 * so far, while that goes on to be used; nobody waits for it. The time goes on where it was.
 * Returns false if it cannot be used: too slow, or there is nothing to measure it against.
 */
bool clock_add(const struct clock_counter *counter);

/** Nanoseconds since the first counter came; 0 without one. */
uint64_t clock_ns(void);

/**
 * What READ counts with 32 bits, in 64. *SEEN is for this call alone, at first what the counter
 * read then. The call must be made more often than the counter wraps.
 */
uint64_t clock_extend(_Atomic uint64_t *seen, uint32_t (*read)(void));

/** When a wait is over. */
struct deadline {
	uint64_t ns; /* of the clock; without one, how much is left */
	bool counted;
	uint32_t calls;     /* of deadline_passed_lazily() */
	uint32_t unchanged; /* looks at the clock since it went on */
	uint64_t seen;      /* what it showed */
};

/** A deadline NS from now. */
struct deadline deadline_after(uint64_t ns);

/**
 * Whether D has passed. Without a clock, or once it turns out to stand still, each call counts as
 * 10 ns, which is less than any access to a device takes: too late rather than too early.
 */
bool deadline_passed(struct deadline *d);

/**
 * deadline_passed() for a loop that only looks at memory: it looks at the clock, which is slow and
 * on a bus that others may need, in one call of 1024.
 */
bool deadline_passed_lazily(struct deadline *d);

/** The time of day comes from SECONDS, since 1970. */
void clock_set_wall(int64_t (*seconds)(void));

/** Whether the time of day is known. */
bool clock_has_wall(void);

/** Wall clock in ms since 1970, 0 without one. CTX is ignored. */
int64_t clock_wall_ms(void *ctx);

/** Forgets everything: for tests. */
void clock_reset(void);

#endif
