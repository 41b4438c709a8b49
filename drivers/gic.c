/* SPDX-License-Identifier: MIT */
#include "drivers/gic.h"

#include <errno.h>
#include <libfdt.h>

#include "drivers/cp15.h"
#include "drivers/mmio.h"
#include "lib/be.h"
#include "lib/dt.h"
#include "lib/log.h"

/* Distributor (IHI 0048, 4.3): a bit, a byte or two bits for each interrupt. */
#define ICDDCR 0x000
#define ICDICTR 0x004
#define ICDISER 0x100
#define ICDICER 0x180
#define ICDICPR 0x280
#define ICDIPR 0x400
#define ICDIPTR 0x800
#define ICDICFR 0xc00
#define ICDSGIR 0xf00

/* CPU interface (4.4). */
#define ICCICR 0x00
#define ICCPMR 0x04
#define ICCIAR 0x0c
#define ICCEOIR 0x10

#define ENABLE 1u
#define LINES(ictr) (32 * (((ictr)&0x1f) + 1))
#define ID(iar) ((iar)&0x3ff)
#define ID_NONE 1020u /* this and those above: nothing is pending for this core */

#define SHARED 32u          /* the first interrupt that is not a core's own */
#define PRIORITY 0xa0a0a0a0 /* four times one in the middle, from the non-secure state, too */
#define ALL_PRIORITIES 0xf0

/* The tree's three cells: kind, number, flags (low bits: 1 = rising edge, 4 = high level). */
#define KIND_SHARED 0
#define KIND_PRIVATE 1
#define PRIVATE 16u /* where the numbers of private ones begin */
#define FLAG_EDGE 1u

/* What gic_interrupt() adds to the number. */
#define EDGE 0x400

#define HANDLERS_MAX 8

static struct {
	uintptr_t distributor, cpu;
	uint32_t phandle;
	unsigned lines;
	struct {
		gic_handler_fn *handler;
		void *ctx;
		unsigned id;
	} handlers[HANDLERS_MAX];
	unsigned handlers_count;
} gic;

static void set_bit(uintptr_t reg, unsigned id)
{
	mmio_write(gic.distributor + reg + id / 32 * 4, 1u << id % 32);
}

static void init_distributor(void)
{
	/* Reads as this core's own bit; as 0 where there is one core only. */
	uint32_t here = mmio_read(gic.distributor + ICDIPTR);

	mmio_write(gic.distributor + ICDDCR, 0);
	for (unsigned id = SHARED; id < gic.lines; id += 32) {
		mmio_write(gic.distributor + ICDICER + id / 8, ~0u);
		mmio_write(gic.distributor + ICDICPR + id / 8, ~0u);
	}
	for (unsigned id = SHARED; id < gic.lines; id += 4) {
		mmio_write(gic.distributor + ICDIPR + id, PRIORITY);
		mmio_write(gic.distributor + ICDIPTR + id, here);
	}
	mmio_write(gic.distributor + ICDDCR, ENABLE);
}

void gic_init_core(void)
{
	if (!gic_bound())
		return;
	mmio_write(gic.distributor + ICDICER, ~0u);
	for (unsigned id = 0; id < SHARED; id += 4)
		mmio_write(gic.distributor + ICDIPR + id, PRIORITY);
	mmio_write(gic.distributor + ICDISER, (1u << GIC_SGIS) - 1);
	mmio_write(gic.cpu + ICCPMR, ALL_PRIORITIES);
	mmio_write(gic.cpu + ICCICR, ENABLE);
}

void gic_bind(const struct device *device)
{
	int node = dt_node(&device->path);
	uint64_t cpu;

	if (dt_reg_address(device->fdt, &device->path, 1, &cpu) || !machine_claim(cpu)) {
		pr_warn("%s: reg gives no address of a CPU interface: there are no interrupts",
			fdt_get_name(device->fdt, node, NULL));
		return;
	}
	gic.distributor = device->base;
	gic.cpu = (uintptr_t)cpu;
	gic.phandle = fdt_get_phandle(device->fdt, node);
	gic.lines = LINES(mmio_read(gic.distributor + ICDICTR));
	gic.handlers_count = 0;
	init_distributor();
	gic_init_core();
}

bool gic_bound(void)
{
	return gic.distributor != 0;
}

/* Whether the interrupts of DEVICE are the controller's. */
static bool is_parent_of(const struct device *device)
{
	int len = 0;
	const void *parent = dt_inherited(device->fdt, &device->path, "interrupt-parent", &len);

	return parent && len == 4 && be32_load(parent) == gic.phandle;
}

int gic_interrupt(const struct device *device)
{
	int len;
	const uint8_t *cells = fdt_getprop(device->fdt, dt_node(&device->path), "interrupts", &len);
	uint32_t kind, id;

	if (!gic_bound() || !cells || len < 12 || !is_parent_of(device))
		return -ENOENT;
	kind = be32_load(cells);
	id = be32_load(cells + 4);
	if (kind == KIND_SHARED && id < gic.lines - SHARED)
		id += SHARED;
	else if (kind == KIND_PRIVATE && id < SHARED - PRIVATE)
		id += PRIVATE;
	else
		return -EINVAL;
	return (int)id | (be32_load(cells + 8) & FLAG_EDGE ? EDGE : 0);
}

/* Level or edge; a private one is what the core made it (DDI 0407, 3.1.2). */
static void set_trigger(unsigned id, bool edge)
{
	uintptr_t reg = gic.distributor + ICDICFR + id / 16 * 4;
	uint32_t bit = 2u << id % 16 * 2;

	if (id >= SHARED)
		mmio_write(reg, edge ? mmio_read(reg) | bit : mmio_read(reg) & ~bit);
}

int gic_handle(int interrupt, gic_handler_fn *handler, void *ctx)
{
	unsigned id = ID((unsigned)interrupt);

	if (interrupt < 0 || id >= gic.lines)
		return -EINVAL;
	if (gic.handlers_count == HANDLERS_MAX)
		return -ENOSPC;
	gic.handlers[gic.handlers_count].id = id;
	gic.handlers[gic.handlers_count].handler = handler;
	gic.handlers[gic.handlers_count].ctx = ctx;
	dsb(); /* another core may take it, once it counts */
	gic.handlers_count++;
	set_trigger(id, interrupt & EDGE);
	gic_enable(interrupt);
	return 0;
}

void gic_enable(int interrupt)
{
	if (gic_bound())
		set_bit(ICDISER, ID((unsigned)interrupt));
}

void gic_silence(void)
{
	if (gic_bound())
		mmio_write(gic.cpu + ICCICR, 0);
}

void gic_quiesce(void)
{
	for (unsigned id = 0; id < gic.lines; id += 32) {
		mmio_write(gic.distributor + ICDICER + id / 8, ~0u);
		mmio_write(gic.distributor + ICDICPR + id / 8, ~0u);
	}
	gic_silence();
}

int gic_sgi(unsigned core, unsigned n)
{
	if (!gic_bound() || core >= 8 || n >= GIC_SGIS)
		return -EINVAL;
	dsb();
	mmio_write(gic.distributor + ICDSGIR, 1u << (16 + core) | n);
	return 0;
}

static void handle(unsigned id)
{
	for (unsigned i = 0; i < gic.handlers_count; i++) {
		if (gic.handlers[i].id == id) {
			gic.handlers[i].handler(gic.handlers[i].ctx);
			return;
		}
	}
	set_bit(ICDICER, id);
	pr_warn("interrupt %u came, which no driver asked for: it is turned off", id);
}

void gic_dispatch(void)
{
	uint32_t iar;

	while (ID(iar = mmio_read(gic.cpu + ICCIAR)) < ID_NONE) {
		handle(ID(iar));
		mmio_write(gic.cpu + ICCEOIR, iar); /* a sent one with its sender */
	}
}
