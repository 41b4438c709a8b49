/* SPDX-License-Identifier: MIT */
#include "drivers/pl031.h"

#include "drivers/machine.h"
#include "drivers/mmio.h"
#include "lib/clock.h"

#define RTCDR 0x00

static uintptr_t rtc;

static int64_t wall_seconds(void)
{
	return mmio_read(rtc + RTCDR);
}

void pl031_bind(const struct device *device)
{
	rtc = device->base;
	clock_set_wall(wall_seconds);
}
