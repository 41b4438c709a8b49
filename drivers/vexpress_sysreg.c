/* SPDX-License-Identifier: MIT */
#include "drivers/vexpress_sysreg.h"

#include <errno.h>

#include "drivers/machine.h"
#include "drivers/mmio.h"
#include "drivers/vexpress_registers.h"
#include "lib/clock.h"

#define COUNTER_HZ 24000000
#define ANSWER_NS 1000000000

static uintptr_t sysreg;
static _Atomic uint64_t seen;

static uint32_t ticks(void)
{
	return mmio_read(sysreg + SYS_24MHZ);
}

static uint64_t count(void)
{
	return clock_extend(&seen, ticks);
}

static uint32_t kept_flags(void)
{
	return mmio_read(sysreg + SYS_NVFLAGS);
}

static void set_kept_flags(uint32_t flags)
{
	mmio_write(sysreg + SYS_NVFLAGSCLR, ~flags);
	mmio_write(sysreg + SYS_NVFLAGS, flags);
}

static void set_start(uint32_t address)
{
	mmio_write(sysreg + SYS_FLAGSCLR, ~address);
	mmio_write(sysreg + SYS_FLAGS, address);
}

/* Hands FUNCTION to the board's configuration controller; if that succeeds it is the end. */
static int configure(int function)
{
	struct deadline answer = deadline_after(ANSWER_NS);

	mmio_write(sysreg + SYS_CFGSTAT, 0);
	mmio_write(sysreg + SYS_CFGDATA, 0);
	mmio_write(sysreg + SYS_CFGCTRL,
		   CFGCTRL_START | CFGCTRL_WRITE | CFGCTRL_FUNCTION(function));
	while (!deadline_passed(&answer))
		if (mmio_read(sysreg + SYS_CFGSTAT) & CFGSTAT_ERROR)
			return -EIO;
	return -ETIMEDOUT;
}

static int reset(void)
{
	return configure(FUNCTION_REBOOT);
}

static int poweroff(void)
{
	return configure(FUNCTION_SHUTDOWN);
}

void vexpress_sysreg_bind(const struct device *device)
{
	const struct clock_counter counter = {count, COUNTER_HZ};

	sysreg = device->base;
	seen = ticks();
	clock_add(&counter);
	machine.ticks = ticks;
	machine.kept_flags = kept_flags;
	machine.set_kept_flags = set_kept_flags;
	machine.set_start = set_start;
	machine.start_flags = sysreg + SYS_FLAGS;
	machine.reset = reset;
	machine.poweroff = poweroff;
}
