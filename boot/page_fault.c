/* SPDX-License-Identifier: MIT */
#include "boot/page_fault.h"

#include <errno.h>

#include "drivers/cp15.h"
#include "drivers/irq.h"
#include "mm/arena.h"

#define CPSR_I (1u << 7)

/* Out of memory takes long, and other cores may have to be waited for: with interrupts, if whoever
 * was interrupted had them. */
static int find_page(const struct interrupted *i, uint32_t address, bool atomic)
{
	int err;

	if (!(i->cpsr & CPSR_I))
		irq_unmask();
	err = arena_fault(address, atomic);
	irq_save();
	return err;
}

bool page_fault(struct interrupted *i)
{
	uint32_t status = read_dfsr(), address = read_dfar();
	bool probes = i->pc >= (uintptr_t)arena_probe && i->pc < (uintptr_t)arena_probe_failed;

	/* Of all that may be interrupted, only the probe's callers are known to have no locks. */
	if (!find_page(i, address, !probes))
		return true;
	if (probes) {
		i->r[0] = (uint32_t)-EFAULT;
		i->pc = (uintptr_t)arena_probe_failed;
		return true;
	}
	write_dfsr(status); /* another abort may have come meanwhile */
	write_dfar(address);
	return false;
}
