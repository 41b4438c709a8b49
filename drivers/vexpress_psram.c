/* SPDX-License-Identifier: MIT */
#include "drivers/vexpress_psram.h"

#define OFFSET 4096

void vexpress_psram_bind(const struct device *device)
{
	if (machine_claim(device->base + OFFSET))
		machine.sram = device->base + OFFSET;
}
