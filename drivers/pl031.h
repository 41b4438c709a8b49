/* SPDX-License-Identifier: MIT */
/* ARM PrimeCell real-time clock (PL031), ARM DDI 0224: seconds since 1970 in one register. */
#ifndef CAIRN_DRIVERS_PL031_H
#define CAIRN_DRIVERS_PL031_H

#include "drivers/machine.h"

/** Has the time of day come from the clock at DEVICE. */
void pl031_bind(const struct device *device);

#endif
