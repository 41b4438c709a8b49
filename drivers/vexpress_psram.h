/* SPDX-License-Identifier: MIT */
/* The static RAM of the Versatile Express motherboard (ARM DUI 0447): it is in no memory node. */
#ifndef CAIRN_DRIVERS_VEXPRESS_PSRAM_H
#define CAIRN_DRIVERS_VEXPRESS_PSRAM_H

#include "drivers/machine.h"

/** Offers a page of the RAM at DEVICE: the second one, as the loader's code is in the first. */
void vexpress_psram_bind(const struct device *device);

#endif
