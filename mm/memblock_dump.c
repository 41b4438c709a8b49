/* SPDX-License-Identifier: MIT */
#include "mm/memblock_dump.h"

#include <stdio.h>

#include "lib/log.h"
#include "lib/symbols.h"

/* The last byte of a range as Linux prints it: base + size - 1, whatever the size. */
static phys_addr_t last_byte(phys_addr_t base, phys_addr_t size)
{
	return base + size - 1;
}

static void trace_range(const char *call, phys_addr_t base, phys_addr_t size, const int *nid,
			enum memblock_flags flags, const void *caller)
{
	char symbol[SYMBOL_TEXT_MAX], node[40] = "";

	if (nid)
		snprintf(node, sizeof(node), "nid=%d flags=%x ", *nid, (unsigned)flags);
	pr_info("%s: [" PRIpa "-" PRIpa "] %s%s", call, base, last_byte(base, size), node,
		symbol_format(symbol, sizeof(symbol), (uintptr_t)caller));
}

static void trace_alloc(const char *call, phys_addr_t size, phys_addr_t align, const int *nid,
			phys_addr_t from, phys_addr_t max_addr, const void *caller)
{
	char symbol[SYMBOL_TEXT_MAX], node[24] = "";

	if (nid)
		snprintf(node, sizeof(node), "nid=%d ", *nid);
	pr_info("%s: %llu bytes align=0x%llx %sfrom=" PRIpa " max_addr=" PRIpa " %s", call,
		(unsigned long long)size, (unsigned long long)align, node, from, max_addr,
		symbol_format(symbol, sizeof(symbol), (uintptr_t)caller));
}

static void trace_doubled(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	pr_info("memblock: %s is doubled to %lu at [" PRIpa "-" PRIpa "]", type->name, type->max,
		base, last_byte(base, size));
}

static const struct memblock_tracer tracer = {
	.range = trace_range,
	.alloc = trace_alloc,
	.doubled = trace_doubled,
};

static void complain(const char *what, const void *caller)
{
	char symbol[SYMBOL_TEXT_MAX];

	pr_warn("memblock: %s (%s)", what,
		symbol_format(symbol, sizeof(symbol), (uintptr_t)caller));
}

void memblock_complain_to_log(void)
{
	memblock_complain = complain;
}

void memblock_trace_start(void)
{
	memblock_tracer = &tracer;
}

bool memblock_trace_enabled(void)
{
	return memblock_tracer != NULL;
}

static void dump_type(const struct memblock_type *type)
{
	pr_info(" %s.cnt  = 0x%lx", type->name, type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];
		char node[24] = "";

#ifdef CONFIG_NUMA
		if (r->nid != NUMA_NO_NODE)
			snprintf(node, sizeof(node), " on node %d", r->nid);
#endif
		pr_info(" %s[0x%lx]\t[" PRIpa "-" PRIpa "], " PRIpa " bytes%s flags: 0x%x",
			type->name, i, r->base, last_byte(r->base, r->size), r->size, node,
			(unsigned)r->flags);
	}
}

void memblock_dump_all(void)
{
	pr_info("MEMBLOCK configuration:");
	pr_info(" memory size = " PRIpa " reserved size = " PRIpa, memblock.memory.total_size,
		memblock.reserved.total_size);
	dump_type(&memblock.memory);
	dump_type(&memblock.reserved);
}
