/* SPDX-License-Identifier: MIT */
/*
 * What all cores may use of what is one for all: the log, and the C library's malloc.
 *
 * The ring of the log is everybody's, the console is core 0's: it shows what other cores log when
 * they tell it to by an interrupt. A line that cannot be had for LOG_PATIENCE_MS is logged all the
 * same, and so is each one after it, without a lock: a core that stopped within a line must not
 * silence the others. A core that waits MALLOC_PATIENCE_MS for malloc panics: without memory or an
 * answer there is nothing it could say to its caller.
 */
#ifndef CAIRN_BOOT_SHARED_H
#define CAIRN_BOOT_SHARED_H

#define LOG_PATIENCE_MS 2000 /**< longer than the console's queue takes at 115200 baud */
#define MALLOC_PATIENCE_MS 10000

/** Lines may be logged from interrupts from now on. */
void shared_with_interrupts(void);

/** To be called by core 0, with the interrupt controller there, before other cores run. */
void shared_with_cores(void);

/** From now on each core writes to the console what it logs: core 0 may have stopped. */
void shared_for_panic(void);

#endif
