/* SPDX-License-Identifier: MIT */
#include "boot/summary.h"

#include <stdio.h>

#include "lib/dt.h"
#include "lib/log.h"
#include "mm/memblock.h"

const char *summary_model(const struct boot *b)
{
	const char *model = dt_string(b->fdt, 0, "model");

	return model ? model : "unnamed board";
}

/* SIZE in the largest unit that leaves nothing over, "12 KiB". */
static const char *size_text(char text[32], phys_addr_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	unsigned u = 0;

	while (size && size % 1024 == 0 && u < ARRAY_SIZE(units) - 1) {
		size /= 1024;
		u++;
	}
	snprintf(text, 32, "%llu %s", (unsigned long long)size, units[u]);
	return text;
}

static void log_range(phys_addr_t base, phys_addr_t size, const char *what)
{
	char text[32];

	pr_info("  " PRIpa "-" PRIpa " %12s%s%s", base, base + size - 1, size_text(text, size),
		*what ? "  " : "", what);
}

static const char *memory_kind(enum memblock_flags flags)
{
	return flags & MEMBLOCK_NOMAP ? "no-map" : flags & MEMBLOCK_HOTPLUG ? "hotpluggable" : "";
}

/* The noted reservation with the lowest base that comes after AFTER, or NULL. */
static const struct boot_reservation *next_named(const struct boot *b,
						 const struct boot_reservation *after)
{
	const struct boot_reservation *next = NULL;

	for (const struct boot_reservation *r = b->named; r < b->named + b->named_count; r++) {
		bool later =
			!after || r->base > after->base || (r->base == after->base && r > after);

		if (later && (!next || r->base < next->base))
			next = r;
	}
	return next;
}

void summary_log(const struct boot *b)
{
	const struct memblock_region *r;
	char text[32];

	pr_info("Memory: %s, start of RAM 0x%08" PRIx64, size_text(text, memblock_phys_mem_size()),
		b->ram_start);
	for_each_mem_region (r) {
		log_range(r->base, r->size, memory_kind(r->flags));
	}
	pr_info("Reserved:");
	for (const struct boot_reservation *n = next_named(b, NULL); n; n = next_named(b, n)) {
		char what[80];

		snprintf(what, sizeof(what), "%.60s%s", n->name, n->nomap ? " (no-map)" : "");
		log_range(n->base, n->size, what);
	}
	if (b->named_count == BOOT_NAMED_MAX)
		pr_info("  and more: \"memblock reserved\" lists all");
}
