/* SPDX-License-Identifier: MIT */
/*
 * How long this boot has been running, kept for the next one: each reading is noted in memory that
 * a warm reset keeps, to the millisecond. So what the next boot finds is the time of the last
 * reading. The timer's interrupt reads it some ten times a second; without one it is read all the
 * time at the prompt, and while a command runs with each line of the log and as often as the
 * command looks for a key.
 */
#ifndef CAIRN_BOOT_UPTIME_H
#define CAIRN_BOOT_UPTIME_H

#include "lib/types.h"

/** Microseconds since the devices of this boot were bound; 0 without a clock. */
uint64_t uptime_us(void);

/**
 * The milliseconds after which the boot before read its clock for the last time, in *MS; false if
 * it is not known. To be called once, before the first uptime_us(). They stop at 2^32 - 1, which is
 * 49 days.
 */
bool uptime_of_last_boot(uint32_t *ms);

#endif
