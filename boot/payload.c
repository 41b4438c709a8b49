/* SPDX-License-Identifier: MIT */
#include "boot/payload.h"

#include <errno.h>
#include <stdio.h>

#include "boot/console.h"
#include "boot/final_tree.h"
#include "boot/handover.h"
#include "boot/leave.h"
#include "boot/leave_cores.h"
#include "boot/params_later.h"
#include "boot/serial.h"
#include "drivers/gic.h"
#include "drivers/machine.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/flash.h"
#include "lib/log.h"
#include "mm/memblock.h"

#define ARGS "boot/args"       /* the entry with the command line */
#define PARTITION "payload"    /* of the flash */
#define NO_MACHINE 0xffffffffU /* Linux goes by the tree */

static struct handover plan;
static char args[CMDLINE_MAX];

/* NULL, or why there is no command line: one that is there and cannot be read has no stand-in. */
static const char *find_args(const struct boot *b, struct store *s)
{
	struct store_view view;
	int err = s->open ? store_get(s, ARGS, sizeof(ARGS) - 1, &view) : -ENOENT;

	if (!err) {
		err = handover_args(&plan, b, view.data, view.data_len, args);
		store_release(s, &view);
	} else if (err == -ENOENT) {
		err = handover_args(&plan, b, NULL, 0, args);
	} else {
		snprintf(plan.why, sizeof(plan.why), "the entry " ARGS ": %s", error_text(err));
	}
	return err ? plan.why : NULL;
}

/* Copies what is in flash to free memory. NULL and its address, or why not. */
static const char *load_from_flash(phys_addr_t *at)
{
	struct flash *f = machine.flash;
	const struct flash_partition *p =
		f ? flash_find(f, PARTITION, sizeof(PARTITION) - 1) : NULL;
	uint8_t header[ZIMAGE_HEADER];

	if (!p)
		return "flash: the device tree names no partition \"" PARTITION "\"";
	if (flash_read(f, p->off, header, sizeof(header)))
		return f->problem;
	*at = handover_place(&plan, header, p->size);
	if (!*at)
		return plan.why;
	return flash_read(f, p->off, (void *)(uintptr_t)*at, plan.image.size) ? f->problem : NULL;
}

/* Says what will be where. */
static void announce(void)
{
	phys_addr_t lowest = memblock.memory.regions[0].base;

	if (plan.ram > lowest)
		pr_warn("boot: too high in memory for Linux to use what lies below " PRIpa,
			plan.ram);
	pr_info("boot: zImage at " PRIpa ", %lu bytes, kernel at " PRIpa ", device tree at " PRIpa,
		plan.image.at, (unsigned long)plan.image.size, plan.ram + plan.image.text_offset,
		plan.tree);
	pr_info("boot: command line: %s", args);
}

static _Noreturn void leave(const struct boot *b)
{
	uint32_t number = b->machine_number;

	console_drain(NULL);
	serial_alone();
	if (machine.stop_tick)
		machine.stop_tick();
	gic_quiesce();
	leave_to((uint32_t)plan.image.at, number ? number : NO_MACHINE, (uint32_t)plan.tree);
}

static const char *boot_from(const struct boot *b, struct store *s,
			     const struct payload_place *place)
{
	struct final_tree tree = {
		.from = b->fdt,
		.bootargs = args,
		.initrd_start = (phys_addr_t)b->initrd_start,
		.initrd_end = (phys_addr_t)(b->initrd_start + (b->has_initrd ? b->initrd_size : 0)),
		.store_base = b->store_base,
		.store_size = b->store_place != STORE_PLACE_NONE ? b->store_size : 0,
		.store_node = b->store_place == STORE_PLACE_TREE
				      ? final_tree_node(b->fdt, b->store_node)
				      : -1,
	};
	const char *why = cores_may_leave();
	phys_addr_t at = place->at;

	if (why)
		return why;
	why = find_args(b, s);
	if (!why && place->kind == PAYLOAD_FLASH)
		why = load_from_flash(&at);
	if (why)
		return why;
	if (handover_plan(&plan, b, at, (const void *)(uintptr_t)at,
			  (phys_addr_t)final_tree_room(&tree)))
		return plan.why;
	if (final_tree_write(&tree, (void *)(uintptr_t)plan.tree))
		return "the device tree: its cells or its /reserved-memory are not as Linux "
		       "demands";
	announce();
	why = cores_leave();
	if (why)
		return why;
	leave(b);
}

const char *payload_boot(const struct boot *b, struct store *s, const char *where)
{
	struct payload_place place = b->payload;

	if (where && !params_payload(where, &place))
		return "an address was expected, or flash";
	if (place.kind == PAYLOAD_NONE)
		return "where from? There is no cairn.boot= either";
	return boot_from(b, s, &place);
}

void payload_boot_by_itself(const struct boot *b, struct store *s)
{
	struct deadline end = deadline_after(b->payload_delay * NS_PER_S);

	if (b->payload.kind == PAYLOAD_NONE)
		return;
	pr_notice("boot: in %lu seconds, unless a key is hit", (unsigned long)b->payload_delay);
	do {
		if (console_typed(NULL) >= 0) {
			pr_notice("boot: a key was hit: it is left out");
			return;
		}
	} while (!deadline_passed(&end));
	pr_err("boot: %s", boot_from(b, s, &b->payload));
}
