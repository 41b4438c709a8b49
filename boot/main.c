/* SPDX-License-Identifier: MIT */
/* The boot, in order. */
#include <errno.h>

#include "boot/boot.h"
#include "boot/bootdata.h"
#include "boot/console.h"
#include "boot/cores.h"
#include "boot/crash.h"
#include "boot/exception.h"
#include "boot/find_memory.h"
#include "boot/images.h"
#include "boot/last_boot.h"
#include "boot/layout.h"
#include "boot/mmu.h"
#include "boot/oom.h"
#include "boot/oom_report.h"
#include "boot/params.h"
#include "boot/payload.h"
#include "boot/shared.h"
#include "boot/snapshots.h"
#include "boot/store_open.h"
#include "boot/store_region.h"
#include "boot/store_search.h"
#include "boot/summary.h"
#include "boot/uptime.h"
#include "drivers/cp15.h"
#include "drivers/irq.h"
#include "drivers/machine.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/symbols.h"
#include "mm/heap.h"
#include "mm/loaded.h"
#include "mm/memblock.h"
#include "mm/memblock_dump.h"
#include "shell/shell.h"
#include "store/store.h"
#include "version.h" /* made by the build */

/*
 * What malloc gets. With the smallest records the store's index takes up to 0.44 of its region, and
 * half as much again while it grows: three quarters of the region, or five if it is shared and
 * there are two, and something for everyone else.
 */
static phys_addr_t heap_wanted(phys_addr_t region)
{
	return MIB(1) + region / 4 * (cores_alone() ? 3 : 5);
}

static struct boot boot;
static struct store store;
static struct store_config store_config;

static void find_bootdata(struct boot *b)
{
	const struct bootdata_places places = {
		.appended = boot_registers.appended,
		.appended_refused = boot_registers.appended_refused,
		.appended_size = boot_registers.appended_size,
		.r2 = boot_registers.r2,
		.ram_start = RAM_OF((uintptr_t)__image_start),
		.linked_in = __linked_in_tree,
		.readable = mmu_mapped,
		.map = mmu_map_normal,
	};

	b->machine_number = boot_registers.r1;
	b->image_base = (phys_addr_t)(uintptr_t)__image_start;
	b->image_size = (phys_addr_t)((uintptr_t)__image_end - (uintptr_t)__image_start);
	bootdata_find(b, &places);
	params_early(b);
	if (b->reset_on_panic)
		panic_ends_by(PANIC_RESET);
	else if (b->exit_on_panic && !b->halt_on_panic)
		panic_ends_by(PANIC_EXIT);
}

static void find_devices(struct boot *b)
{
	machine.reachable = mmu_mapped;
	machine.claim = mmu_claim;
	machine_bind(b->fdt);
	panic_stops_cores();
	last_boot_look();
	log_set_clock(uptime_us);
	console_open(b);
	console_use_interrupts();
	shared_with_interrupts();
	irq_unmask();
}

static void map_memory(const struct boot *b)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		if (!(r->flags & MEMBLOCK_NOMAP))
			mmu_map_normal(r->base, r->size);
	}
	if (b->store_place != STORE_PLACE_NONE)
		mmu_map_normal(b->store_base, b->store_size);
}

/* All memory is mapped, to itself. */
static const void *in_memory(phys_addr_t base, phys_addr_t size)
{
	(void)size;
	return (const void *)(uintptr_t)base;
}

static void make_heap(struct boot *b)
{
	phys_addr_t region = b->store_place != STORE_PLACE_NONE ? b->store_size : 0;

	if (memblock_phys_mem_size() && heap_init(heap_wanted(region)) < 0)
		pr_err("no memory is left for a heap");
	boot_note(b, heap_base(), heap_size(), "heap", false);
}

static int may_access(uintptr_t addr, bool write)
{
	switch (mmu_attr(addr)) {
	case PGTABLE_FAULT:
		return -EFAULT;
	case PGTABLE_CONST:
	case PGTABLE_TEXT:
	case PGTABLE_GUARDED:
		return write ? -EACCES : 0;
	default:
		return 0;
	}
}

/* What waits to become an entry of the store. */
static void write_report(void)
{
	if (CONFIG_OOM)
		oom_report_write(&store);
}

static const char *boot_payload(const char *where)
{
	write_report();
	return payload_boot(&boot, &store, where);
}

static int reset(void)
{
	write_report();
	console_drain(NULL);
	return last_boot_reset();
}

static int power_off(void)
{
	write_report();
	console_drain(NULL);
	return machine_poweroff();
}

static void flush(const void *ptr, size_t len)
{
	clean_invalidate_dcache(ptr, len);
	dsb();
}

static const char *holder(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t at, loaded = CONFIG_STAGE ? loaded_range(&at) : 0;

	if (loaded && memblock_addrs_overlap(base, size, at, loaded))
		return LOADED_TASK;
	return boot_holder(&boot, base, size);
}

/* While core 0 has nothing to do. */
static void idle(void)
{
	write_report();
	if (CONFIG_STAGE)
		snapshots_idle();
}

static void run_shell(struct boot *b)
{
	bool has_region = b->store_place != STORE_PLACE_NONE;
	struct shell_env env = {
		.write = console_write,
		.drain = console_drain,
		.read = console_read,
		.typed = console_typed,
		.version = CAIRN_VERSION,
		.model = summary_model(b),
		.bootargs = b->cmdline,
		.fdt = b->fdt,
		.fdt_source = b->fdt_source,
		.store = &store,
		.store_config = has_region ? &store_config : NULL,
		.store_closed = store.open ? NULL : b->store_problem,
		.share = store_share_with_cores,
		.salt = store_salt,
		.now = clock_has_wall() ? clock_wall_ms : NULL,
		.reset = reset,
		.poweroff = power_off,
		.crash = crash,
		.crash_kinds = crash_kinds,
		.may_access = may_access,
		.cores = &cores_for_shell,
		.flush = flush,
		.holder = holder,
		.pgtable = mmu_tables(),
		.heap_used = heap_used,
		.heap_size = heap_size,
		.boot = CONFIG_STAGE ? boot_payload : NULL,
		.save = CONFIG_STAGE ? snapshots_save : NULL,
		.flash = machine.flash,
		.images = CONFIG_STAGE ? &images_for_shell : NULL,
	};

	if (CONFIG_STAGE)
		snapshots_start(&store, b->autosave);
	console_on_idle(idle);
	if (b->init[0])
		shell_run(&env, b->init);
	if (CONFIG_STAGE)
		payload_boot_by_itself(b, &store);
	shell_loop(&env);
}

int main(void)
{
	symbols_set(&image_symbols);
	memblock_complain_to_log();
	pr_info("Cairn %s", CAIRN_VERSION);
	find_bootdata(&boot);
	find_devices(&boot);
	pr_info("Machine model: %s", summary_model(&boot));
	pr_info("Command line (%s): %s", boot.cmdline_source, boot.cmdline);
	find_memory(&boot, boot.image_base);
	store_region_place(&boot);
	map_memory(&boot);
	store_search(&boot, in_memory);
	boot.asked_count = boot.named_count;
	if (memblock_trace_enabled())
		memblock_dump_all();
	mmu_protect(&boot);
	memblock_allow_resize(); /* all is reserved that must be, and what is free can be written */
	if (CONFIG_OOM)
		mmu_start_arenas();
	cores_start(&boot);
	make_heap(&boot);
	if (CONFIG_STAGE || CONFIG_OOM)
		oom_begin_tasks();
	if (CONFIG_OOM)
		oom_begin(&boot, &store);
	summary_log(&boot);
	store_open_region(&boot, &store, &store_config, CAIRN_VERSION);
	last_boot_write(&store);
	if (CONFIG_STAGE)
		images_came_up(&boot, machine.flash, &store);
	run_shell(&boot);
	panic("the console is gone");
}
