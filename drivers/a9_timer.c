/* SPDX-License-Identifier: MIT */
#include "drivers/a9_timer.h"

#include <libfdt.h>

#include "drivers/gic.h"
#include "drivers/mmio.h"
#include "lib/be.h"
#include "lib/clock.h"
#include "lib/log.h"

#define COUNT_LOW 0x00
#define COUNT_HIGH 0x04
#define CONTROL 0x08
#define STATUS 0x0c
#define COMPARE_LOW 0x10
#define COMPARE_HIGH 0x14

#define CONTROL_ENABLE (1u << 0)
#define CONTROL_COMPARE (1u << 1)
#define CONTROL_IRQ (1u << 2)
#define STATUS_EVENT (1u << 0) /* written: clears it */

/* In ticks, as the rate may not be known: 84 ms in QEMU (100 MHz), 42 ms at 200 MHz. */
#define TICK_EVERY (1u << 23)

static uintptr_t timer;
static int interrupt;
static void (*on_tick)(void);

static uint64_t count(void)
{
	uint32_t high, low;

	do {
		high = mmio_read(timer + COUNT_HIGH);
		low = mmio_read(timer + COUNT_LOW);
	} while (mmio_read(timer + COUNT_HIGH) != high);
	return (uint64_t)high << 32 | low;
}

/* The comparator is set while it is off: it would match half of a value. */
static void arm_tick(void)
{
	uint64_t at = count() + TICK_EVERY;

	mmio_write(timer + CONTROL, CONTROL_ENABLE);
	mmio_write(timer + STATUS, STATUS_EVENT);
	mmio_write(timer + COMPARE_LOW, (uint32_t)at);
	mmio_write(timer + COMPARE_HIGH, (uint32_t)(at >> 32));
	mmio_write(timer + CONTROL, CONTROL_ENABLE | CONTROL_COMPARE | CONTROL_IRQ);
}

static void tick(void *ctx)
{
	(void)ctx;
	arm_tick();
	on_tick();
}

static int start_tick(void (*fn)(void))
{
	int err;

	on_tick = fn;
	err = gic_handle(interrupt, tick, NULL);
	if (!err)
		arm_tick();
	return err;
}

static void stop_tick(void)
{
	mmio_write(timer + CONTROL, CONTROL_ENABLE);
	mmio_write(timer + STATUS, STATUS_EVENT);
}

static uint32_t cell(const void *fdt, int node, const char *name)
{
	int len;
	const void *p = fdt_getprop(fdt, node, name, &len);

	return p && len >= 4 ? be32_load(p) : 0;
}

static uint32_t rate(const void *fdt, int node)
{
	uint32_t hz = cell(fdt, node, "clock-frequency");
	uint32_t clock = cell(fdt, node, "clocks");

	if (!hz && clock)
		hz = cell(fdt, fdt_node_offset_by_phandle(fdt, clock), "clock-frequency");
	return hz;
}

void a9_timer_bind(const struct device *device)
{
	const struct clock_counter counter = {count, rate(device->fdt, dt_node(&device->path))};

	timer = device->base;
	mmio_write(timer + CONTROL, CONTROL_ENABLE);
	if (!clock_add(&counter))
		pr_warn("%s: no usable rate, and no other clock to measure it by: it is not used",
			fdt_get_name(device->fdt, dt_node(&device->path), NULL));
	interrupt = gic_interrupt(device);
	if (interrupt >= 0)
		machine.start_tick = start_tick;
	machine.stop_tick = stop_tick;
}
