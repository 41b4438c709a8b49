/* SPDX-License-Identifier: MIT */
/* Commands about memory as memblock knows it. */
#include <string.h>

#include "lib/config.h"
#include "lib/log.h"
#include "mm/memblock.h"
#include "mm/memblock_dump.h"
#include "mm/memory_lock.h"
#include "mm/overcommit.h"
#include "mm/pgtable.h"
#include "mm/task.h"
#include "shell/command.h"

/* A list as Linux shows it under /sys/kernel/debug/memblock. */
static void list(struct shell_env *env, const struct memblock_type *type)
{
	const struct memblock_region *r;
	int i = 0;

	for_each_region (type, r)
		shell_printf(env, "%4d: " PRIpa ".." PRIpa "\n", i++, r->base,
			     (phys_addr_t)(r->base + r->size - 1));
}

/* The dump is part of the log; here it was asked for, so a quiet console shows it as well. */
static void dump(struct shell_env *env)
{
	int level = log_set_console_level(LOG_DEBUG + 1);

	memblock_dump_all();
	log_set_console_level(level);
	if (!log_has_console())
		shell_printf(env, "the log has no console: dmesg shows it\n");
}

int cmd_memblock(struct shell_env *env, int argc, char *argv[])
{
	const struct memblock_type *type = NULL;

	if (argc == 2) {
		if (!strcmp(argv[1], "memory"))
			type = &memblock.memory;
		else if (!strcmp(argv[1], "reserved"))
			type = &memblock.reserved;
		else
			return COMMAND_USAGE;
	}
	if (!shell_lock_memory(env, argv[0]))
		return -1;
	if (type)
		list(env, type);
	else
		dump(env);
	memory_unlock();
	return 0;
}

static phys_addr_t nomap_size(void)
{
	const struct memblock_region *r;
	phys_addr_t size = 0;

	for_each_mem_region (r) {
		if (r->flags & MEMBLOCK_NOMAP)
			size += r->size;
	}
	return size;
}

/* The sum of the free ranges, and the largest one in *LARGEST. */
static phys_addr_t free_size(phys_addr_t *largest)
{
	phys_addr_t start, end, size = 0;
	uint64_t i;

	*largest = 0;
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL) {
		size += end - start;
		if (end - start > *largest)
			*largest = end - start;
	}
	return size;
}

static void kilobytes(struct shell_env *env, const char *name, uint64_t bytes)
{
	shell_printf(env, "%-13s %10llu kB\n", name, (unsigned long long)bytes / 1024);
}

/* What is promised, and how much may be. */
static int show_promises(struct shell_env *env, const char *name)
{
	if (!shell_lock_tasks(env, name))
		return -1;
	kilobytes(env, "CommitLimit:", overcommit_limit() * PAGE_SIZE);
	kilobytes(env, "Committed_AS:", overcommit_promised() * PAGE_SIZE);
	task_unlock();
	return 0;
}

int cmd_meminfo(struct shell_env *env, int argc, char *argv[])
{
	phys_addr_t total, nomap, largest, unused;

	(void)argc;
	if (!shell_lock_memory(env, argv[0]))
		return -1;
	total = memblock_phys_mem_size();
	nomap = nomap_size();
	unused = free_size(&largest);
	memory_unlock();
	/*
	 * Reservations may lie where no memory is, or in no-map memory; counting those that take
	 * memory away makes total = reserved + free + no-map.
	 */
	kilobytes(env, "MemTotal:", total);
	kilobytes(env, "MemReserved:", total - nomap - unused);
	kilobytes(env, "MemFree:", unused);
	kilobytes(env, "NoMap:", nomap);
	kilobytes(env, "LargestFree:", largest);
	kilobytes(env, "HeapUsed:", env->heap_used ? env->heap_used() : 0);
	kilobytes(env, "HeapSize:", env->heap_size ? env->heap_size() : 0);
	return CONFIG_OOM ? show_promises(env, argv[0]) : 0;
}

int cmd_pgtable(struct shell_env *env, int argc, char *argv[])
{
	static const char *const names[PGTABLE_ATTRS] = {
		[PGTABLE_DEVICE] = "rw-  device",
		[PGTABLE_RAM] = "rw-  memory",
		[PGTABLE_CONST] = "r--  memory",
		[PGTABLE_TEXT] = "r-x  memory",
		[PGTABLE_GUARDED] = "r--  memory, rw- while the store writes",
		[PGTABLE_UNCACHED] = "rw-  memory, not cached",
		[PGTABLE_EARLY] = "rwx  memory",
	};
	struct pgtable_run run;
	uint64_t at = 0;

	(void)argc;
	if (!env->pgtable) {
		shell_printf(env, "%s: there are no tables: nothing is protected\n", argv[0]);
		return -1;
	}
	while (pgtable_next(env->pgtable, &at, &run))
		shell_printf(env, "0x%08" PRIx32 "..0x%08" PRIx32 " %8llu KiB  %s%s\n", run.base,
			     (uint32_t)(run.base + (run.size - 1)),
			     (unsigned long long)run.size / 1024, names[run.attr],
			     run.lent ? ", of an arena" : "");
	shell_printf(env, "tables: first level at 0x%08" PRIx32 ", second level %u of %u\n",
		     env->pgtable->at, env->pgtable->used, env->pgtable->room);
	return 0;
}
