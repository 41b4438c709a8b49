/* SPDX-License-Identifier: MIT */
#include "drivers/machine.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "drivers/a9_timer.h"
#include "drivers/gic.h"
#include "drivers/cache.h"
#include "drivers/cfi_flash.h"
#include "drivers/pl011.h"
#include "drivers/pl031.h"
#include "drivers/vexpress_psram.h"
#include "drivers/vexpress_sysreg.h"
#include "lib/config.h"
#include "lib/dt.h"
#include "lib/log.h"

#define REGISTERS 4096 /* bytes that every device here takes */

struct machine machine;

/* In the order in which they are bound: some use what those before them offer. */
static const struct driver {
	const char *compatible;
	void (*bind)(const struct device *device);
} drivers[] = {
	{"arm,cortex-a9-gic", gic_bind},
	{"arm,vexpress-sysreg", vexpress_sysreg_bind},
	{"arm,pl031", pl031_bind},
	{"arm,cortex-a9-global-timer", a9_timer_bind},
#if CONFIG_STAGE
	{"arm,vexpress-psram", vexpress_psram_bind},
	{"cfi-flash", cfi_flash_bind},
#endif
};

static const struct {
	const char *name;
	const struct uart_ops *ops;
} uarts[] = {
	{"pl011", &pl011_ops},
};

bool machine_base_usable(uint64_t base)
{
	return base % 4 == 0 && base <= UINTPTR_MAX - REGISTERS &&
	       (!machine.reachable || (machine.reachable((uintptr_t)base) &&
				       machine.reachable((uintptr_t)base + REGISTERS - 1)));
}

bool machine_claim(uint64_t base)
{
	if (!machine_base_usable(base))
		return false;
	if (machine.claim)
		machine.claim((uintptr_t)base, REGISTERS);
	return true;
}

static int find_base(struct device *device)
{
	uint64_t address;

	if (dt_reg_address(device->fdt, &device->path, 0, &address) || !machine_claim(address)) {
		pr_warn("%s: reg gives no address that the CPU can reach: the device is left out",
			fdt_get_name(device->fdt, dt_node(&device->path), NULL));
		return -EINVAL;
	}
	device->base = (uintptr_t)address;
	return 0;
}

/* Takes PATH's node for each driver that is for it and has none yet. */
static void find_drivers(const void *fdt, const struct dt_path *path, struct device devices[])
{
	int len, node = dt_node(path);
	const char *compatible = fdt_getprop(fdt, node, "compatible", &len);

	for (size_t i = 0; compatible && i < ARRAY_SIZE(drivers); i++)
		if (!devices[i].fdt &&
		    fdt_stringlist_contains(compatible, len, drivers[i].compatible) &&
		    dt_available(fdt, node))
			devices[i] = (struct device){.fdt = fdt, .path = *path};
}

/* The tree is walked through once; then the order is the drivers'. */
void machine_bind(const void *fdt)
{
	struct device devices[ARRAY_SIZE(drivers)] = {{NULL}};
	struct dt_path path = {0};

	while (dt_next(fdt, &path))
		find_drivers(fdt, &path, devices);
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (devices[i].fdt && !find_base(&devices[i]))
			drivers[i].bind(&devices[i]);
}

int machine_uart(const void *fdt, int node, struct uart *uart)
{
	struct device device = {.fdt = fdt};
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (fdt_node_check_compatible(fdt, node, uarts[i].ops->compatible) != 0)
			continue;
		err = dt_path_to(fdt, node, &device.path);
		if (!err)
			err = find_base(&device);
		if (!err)
			*uart = (struct uart){uarts[i].ops, device.base, gic_interrupt(&device)};
		return err;
	}
	return -ENODEV;
}

int machine_first_uart(const void *fdt, struct uart *uart)
{
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		const char *compatible = uarts[i].ops->compatible;
		int node = fdt_node_offset_by_compatible(fdt, -1, compatible);

		for (; node >= 0; node = fdt_node_offset_by_compatible(fdt, node, compatible))
			if (dt_available(fdt, node) && !machine_uart(fdt, node, uart))
				return 0;
	}
	return -ENODEV;
}

const struct uart_ops *machine_uart_driver(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++)
		if (strcmp(uarts[i].name, name) == 0)
			return uarts[i].ops;
	return NULL;
}

int machine_reset(void)
{
	cache_clean_all(); /* what this core wrote is to be there after it */
	return machine.reset ? machine.reset() : -ENODEV;
}

int machine_poweroff(void)
{
	return machine.poweroff ? machine.poweroff() : -ENODEV;
}
