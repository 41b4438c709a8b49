/* SPDX-License-Identifier: MIT */
/* Versatile Express system registers (ARM DUI 0447): the 24 MHz counter, the flags that a warm
 * reset keeps (SYS_NVFLAGS), reset and power off. */
#ifndef CAIRN_DRIVERS_VEXPRESS_SYSREG_H
#define CAIRN_DRIVERS_VEXPRESS_SYSREG_H

#include "drivers/machine.h"

/**
 * Offers machine.ticks, .kept_flags, .set_kept_flags, .set_start, .reset and .poweroff from the
 * registers at DEVICE, and has the clock go by the counter. That has 32 bits and wraps every 179 s:
 * the clock must be read more often than that, as long as it goes by it.
 */
void vexpress_sysreg_bind(const struct device *device);

#endif
