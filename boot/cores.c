/* SPDX-License-Identifier: MIT */
#include "boot/cores.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "boot/layout.h"
#include "boot/mmu.h"
#include "boot/shared.h"
#include "drivers/cp15.h"
#include "drivers/gic.h"
#include "drivers/irq.h"
#include "drivers/machine.h"
#include "drivers/mmio.h"
#include "drivers/vexpress_registers.h"
#include "lib/clock.h"
#include "lib/dt.h"
#include "lib/log.h"
#include "lib/spin.h"
#include "mm/memory_lock.h"

#define SGI_WORK 0 /* wakes a core: to start, or for a job */

#define MEMORY_LOCK_NS (10 * NS_PER_S) /* what a core waits for the lock of memblock */

static struct core {
	struct job job __attribute__((aligned(CACHE_LINE)));
	bool named, started;
	uint32_t came_up_us; /* after it was started; 0: it has not been seen */
} cores[CORES_MAX];

/* Cores that the tree names, core 0 included; their numbers are below CORES_MAX. */
static unsigned cores_named(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CORES_MAX; i++)
		count += cores[i].named;
	return count;
}

unsigned cores_present(void)
{
	uintptr_t scu = read_cbar(); /* DDI 0407, 1.5 */

	if (!mmu_mapped(scu + SCU_CONFIGURATION))
		return CORES_MAX;
	return (mmio_read(scu + SCU_CONFIGURATION) & 3) + 1;
}

static void name_core(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");
	int len;
	const void *reg = fdt_getprop(fdt, node, "reg", &len);
	uint64_t core;

	if (!type || strcmp(type, "cpu") || !dt_available(fdt, node))
		return;
	core = reg && (len == 4 || len == 8) ? dt_number(reg, len / 4) : UINT64_MAX;
	if (core >= CORES_MAX)
		pr_warn("/cpus/%s: reg is not below %u: the core is left out",
			fdt_get_name(fdt, node, NULL), CORES_MAX);
	else
		cores[core].named = true;
}

/* Marks the cores of the tree; core 0 needs no node, since it runs. */
static void name_cores(const void *fdt)
{
	int node, cpus = fdt_path_offset(fdt, "/cpus");

	cores[0].named = cores[0].started = true;
	if (cpus < 0)
		return;
	for (node = fdt_first_subnode(fdt, cpus); node >= 0; node = fdt_next_subnode(fdt, node))
		name_core(fdt, node);
}

/* Those of the first PRESENT cores that the tree names, MAX in all; a bit for each. */
static uint32_t wanted(unsigned present, unsigned max)
{
	uint32_t cores_wanted = 0;
	unsigned count = 1;

	for (unsigned i = 1; i < present && count < max; i++) {
		if (!cores[i].named)
			continue;
		cores_wanted |= 1u << i;
		count++;
	}
	return cores_wanted;
}

/* Sends the cores of SENT off. */
static void send_off(uint32_t sent)
{
	if (!sent)
		return;
	if (machine.set_start)
		machine.set_start((uint32_t)(uintptr_t)core_entry);
	cores_released |= sent;
	clean_dcache((const void *)&cores_released, sizeof(cores_released));
	dsb();
	for (unsigned i = 1; i < CORES_MAX; i++) {
		if (!(sent & 1u << i))
			continue;
		cores[i].started = true;
		gic_sgi(i, SGI_WORK);
	}
}

/* Waits for the cores in WAITED; those that are late remain in what it returns. */
static uint32_t wait_for(uint32_t waited)
{
	struct deadline late = deadline_after(CORES_START_MS * NS_PER_MS);
	uint64_t start = clock_ns();

	while (waited && !deadline_passed(&late)) {
		for (unsigned i = 1; i < CORES_MAX; i++) {
			if (!(waited & 1u << i) || !job_is_open(&cores[i].job))
				continue;
			cores[i].came_up_us = (uint32_t)((clock_ns() - start) / 1000) + 1;
			waited &= ~(1u << i);
		}
	}
	return waited;
}

static void nothing(void *ctx)
{
	(void)ctx; /* an interrupt for a job only has to end the core's wait */
}

static bool expected; /* other cores run, or may at any time */

/* Once, before any other core runs. */
static void expect_cores(void)
{
	if (expected)
		return;
	expected = true;
	gic_handle(SGI_WORK, nothing, NULL);
	memory_lock_start(MEMORY_LOCK_NS);
	shared_with_cores();
}

void cores_start(const struct boot *b)
{
	unsigned max = b->cores_max ? b->cores_max : CORES_MAX, present = cores_present();
	uint32_t sent, late;

	name_cores(b->fdt);
	if (present == 1 || max == 1)
		return;
	if (!gic_bound()) {
		pr_warn("there is no interrupt controller that can be used: only core 0 is used");
		return;
	}
	expect_cores();
	sent = wanted(present, max);
	send_off(sent);
	late = wait_for(sent);
	for (unsigned i = 1; i < CORES_MAX; i++)
		if (late & 1u << i)
			pr_warn("core %u did not come up within %u ms: the boot goes on", i,
				CORES_START_MS);
	if (sent & ~late)
		pr_info("Cores: %d of %u online", 1 + __builtin_popcount(sent & ~late),
			cores_named());
}

void core_main(unsigned core)
{
	struct job *job = &cores[core].job;

	gic_init_core();
	job_open(job);
	for (;;) {
		irq_unmask(); /* in jobs, too: a panic stops this core whatever it does */
		while (job_run(job))
			;
		irq_save(); /* a job that is given from here on ends the wait */
		if (!job_waits(job))
			irq_wait();
	}
}

int core_give(unsigned core, job_fn *fn, void *arg)
{
	int err;

	if (core >= CORES_MAX || !cores[core].named || core == this_core())
		return -EINVAL;
	err = job_give(&cores[core].job, fn, arg);
	return err ? err : gic_sgi(core, SGI_WORK);
}

/* Waits for the job of CORE for at most MS milliseconds; as on_core(). */
static int core_wait(unsigned core, uint32_t ms, long *result)
{
	struct deadline late = deadline_after(ms * NS_PER_MS);

	if (core >= CORES_MAX)
		return -EINVAL;
	while (job_result(&cores[core].job, result)) {
		if (spin_over(&late)) {
			job_forget(&cores[core].job);
			return -ETIMEDOUT;
		}
	}
	return 0;
}

int on_core(unsigned core, job_fn *fn, void *arg, long *result)
{
	int err;

	if (core == this_core()) {
		*result = fn(arg);
		return 0;
	}
	err = core_give(core, fn, arg);
	return err ? err : core_wait(core, CORES_JOB_MS, result);
}

bool core_is_up(unsigned core)
{
	return core < CORES_MAX && (!core || job_is_open(&cores[core].job));
}

bool cores_alone(void)
{
	return !expected;
}

uint32_t cores_rouse(void)
{
	unsigned present = cores_present();
	uint32_t missing = 0, up = 0;

	for (unsigned i = 1; i < present; i++)
		missing |= (uint32_t)!cores[i].started << i;
	expect_cores();
	send_off(missing);
	wait_for(missing);
	for (unsigned i = 1; i < present; i++) {
		if (!job_is_open(&cores[i].job))
			continue; /* it never came: nobody knows where it is */
		cores[i].named = true;
		up |= 1u << i;
	}
	return up;
}

/* Writes what CORE, below CORES_MAX, is doing to TEXT; false if the tree names no such core. */
static bool core_describe(unsigned core, char *text, size_t size)
{
	const struct core *c = &cores[core];

	if (!c->named)
		return false;
	if (!core)
		snprintf(text, size, "online, booted");
	else if (!c->started)
		snprintf(text, size, "%s", core < cores_present() ? "not started" : "not there");
	else if (!core_is_up(core))
		snprintf(text, size, "did not come up within %u ms", CORES_START_MS);
	else if (!c->came_up_us)
		snprintf(text, size, "online, came up late");
	else
		snprintf(text, size, "online, came up in %lu us", (unsigned long)c->came_up_us);
	return true;
}

const struct shell_cores cores_for_shell = {
	.max = CORES_MAX,
	.describe = core_describe,
	.give = core_give,
	.wait = core_wait,
	.run = on_core,
};
