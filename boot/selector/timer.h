/* SPDX-License-Identifier: MIT */
/* Time for deadlines: the 24 MHz counter of the board's system registers, which always runs. */
#ifndef CAIRN_BOOT_SELECTOR_TIMER_H
#define CAIRN_BOOT_SELECTOR_TIMER_H

#include "drivers/mmio.h"
#include "flash_layout.h" /* made by the build from the board's tree */

#define TIMER_SECOND 24000000U

/** The counter. */
static inline uint32_t timer_ticks(void)
{
	return mmio_read(SYSREG_BASE + 0x5c);
}

/** Whether a second has passed since timer_ticks() was START. */
static inline int timer_passed(uint32_t start)
{
	return timer_ticks() - start >= TIMER_SECOND;
}

#endif
