/* SPDX-License-Identifier: MIT */
#include "boot/leave_cores.h"

#include "boot/cores.h"
#include "boot/leave.h"
#include "drivers/cp15.h"
#include "drivers/gic.h"
#include "drivers/machine.h"
#include "lib/clock.h"

static uint32_t leaving; /* a bit for each core that is to wait elsewhere */

static long answer(void *arg)
{
	(void)arg;
	return 0;
}

const char *cores_may_leave(void)
{
	long result;

	leaving = 0;
	if (!gic_bound() || cores_present() == 1)
		return NULL;
	if (!machine.sram || !machine.start_flags)
		return "the device tree names no SRAM or no flags for the other cores";
	leaving = cores_rouse();
	for (unsigned i = 1; i < CORES_MAX; i++)
		if ((leaving & 1u << i) && on_core(i, answer, NULL, &result))
			return "another core is at work";
	return NULL;
}

static void put_pen(volatile uint32_t *to)
{
	const uint32_t *from = (const uint32_t *)&leave_pen;

	for (size_t i = 0; i < sizeof(leave_pen) / sizeof(*to); i++)
		to[i] = from[i];
	((volatile struct leave_pen *)to)->start_flags = (uint32_t)machine.start_flags;
	dsb();
}

/* Waits until each core of SENT is in PEN; those that are late remain in what it returns. */
static uint32_t wait_in(const volatile struct leave_pen *pen, uint32_t sent)
{
	struct deadline late = deadline_after(CORES_START_MS * NS_PER_MS);

	while (sent && !deadline_passed(&late))
		for (unsigned i = 1; i < CORES_MAX; i++)
			if (pen->waits[i])
				sent &= ~(1u << i);
	return sent;
}

const char *cores_leave(void)
{
	void *pen = (void *)machine.sram;

	if (!leaving)
		return NULL;
	machine.set_start(0);
	put_pen(pen);
	for (unsigned i = 1; i < CORES_MAX; i++)
		if (leaving & 1u << i)
			core_give(i, leave_to_wait, pen);
	return wait_in(pen, leaving) ? "another core did not leave: reset the board" : NULL;
}
