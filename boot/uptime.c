/* SPDX-License-Identifier: MIT */
#include "boot/uptime.h"

#include <stdatomic.h>

#include "lib/clock.h"

/*
 * Two copies, written one after the other: a reset leaves one of them whole. A whole one is a value
 * and its complement, which neither noise nor zeroed memory is.
 */
static struct {
	volatile uint32_t ms, complement;
} noted[2] KEPT;

/* Nobody waits for one who is at it: the time to note is the same. */
static void note(uint64_t us)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;
	uint64_t ms = us / 1000;

	if (atomic_flag_test_and_set(&busy))
		return;
	if (ms > UINT32_MAX)
		ms = UINT32_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(noted); i++) {
		noted[i].ms = (uint32_t)ms;
		noted[i].complement = ~(uint32_t)ms;
	}
	atomic_flag_clear(&busy);
}

uint64_t uptime_us(void)
{
	uint64_t us = clock_ns() / 1000;

	if (us)
		note(us);
	return us;
}

bool uptime_of_last_boot(uint32_t *ms)
{
	bool known = false;

	*ms = 0;
	for (size_t i = 0; i < ARRAY_SIZE(noted); i++) {
		uint32_t value = noted[i].ms;

		if (noted[i].complement != ~value)
			continue;
		if (value > *ms)
			*ms = value;
		known = true;
		noted[i].complement = value; /* it was that boot's, and not this one's */
	}
	return known;
}
