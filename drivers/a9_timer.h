/* SPDX-License-Identifier: MIT */
/*
 * The Cortex-A9's global timer (ARM DDI 0407, chapter 4): 64 bits that all cores see, and a
 * comparator that each core has of its own.
 */
#ifndef CAIRN_DRIVERS_A9_TIMER_H
#define CAIRN_DRIVERS_A9_TIMER_H

#include "drivers/machine.h"

/**
 * Starts the timer and has the clock go by it. Its rate is what the node says (clock-frequency, its
 * own or that of the node in clocks), else it is measured: it is that of the cores' bus, which
 * boards set as they like. If its interrupt can be had, machine.start_tick is offered.
 */
void a9_timer_bind(const struct device *device);

#endif
