/* SPDX-License-Identifier: MIT */
#include "boot/memory.h"

#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "boot/cmdline.h"
#include "boot/layout.h"
#include "lib/dt.h"
#include "lib/log.h"
#include "mm/memblock.h"

#define USABLE_RANGES_MAX 2

/* One range of a memory node, as the tree has it. */
struct bank {
	uint64_t base, size;
	bool hotpluggable;
};

typedef void bank_fn(struct boot *b, const struct bank *bank, void *ctx);

static bool is_memory_node(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");

	return type && strcmp(type, "memory") == 0 && dt_available(fdt, node);
}

/* Calls FN for each (address, size) pair of REG that has a size. */
static void each_pair(struct boot *b, const uint8_t *reg, int len, int ac, int sc,
		      bool hotpluggable, bank_fn *fn, void *ctx)
{
	for (; len >= 4 * (ac + sc); len -= 4 * (ac + sc), reg += 4 * (ac + sc)) {
		struct bank bank = {.hotpluggable = hotpluggable};

		dt_pair(reg, ac, sc, &bank.base, &bank.size);
		if (bank.size)
			fn(b, &bank, ctx);
	}
}

static void each_atag(struct boot *b, bank_fn *fn, void *ctx)
{
	for (unsigned i = 0; i < b->atags.mem_count; i++) {
		struct bank bank = {.base = b->atags.mem[i].start, .size = b->atags.mem[i].size};

		fn(b, &bank, ctx);
	}
}

/*
 * Calls FN for each bank. The ATAGs' memory stands in the place of the first memory node's reg, or
 * alone if there is no such node.
 */
static void each_bank(struct boot *b, bank_fn *fn, void *ctx)
{
	const void *fdt = b->fdt;
	bool atags_due = b->atags.mem_count > 0;
	int ac, sc, node;

	if (dt_cells(fdt, 0, &ac, &sc)) {
		if (atags_due)
			each_atag(b, fn, ctx);
		return;
	}
	fdt_for_each_subnode (node, fdt, 0) {
		int len;
		const void *reg;

		if (!is_memory_node(fdt, node))
			continue;
		reg = fdt_getprop(fdt, node, "linux,usable-memory", &len);
		if (!reg && atags_due)
			each_atag(b, fn, ctx);
		else if (!reg)
			reg = fdt_getprop(fdt, node, "reg", &len);
		atags_due = false;
		if (reg)
			each_pair(b, reg, len, ac, sc,
				  fdt_getprop(fdt, node, "hotpluggable", NULL) != NULL, fn, ctx);
	}
	if (atags_due)
		each_atag(b, fn, ctx);
}

/* The end of a range; the top of 64 bits if it would pass it. */
static uint64_t end_of(uint64_t base, uint64_t size)
{
	return size > UINT64_MAX - base ? UINT64_MAX : base + size;
}

/* /chosen's linux,usable-memory-range, whole pairs only; 0 or more of them. */
static int usable_ranges(const void *fdt, struct bank ranges[USABLE_RANGES_MAX])
{
	int len = 0, ac, sc, count = 0, chosen = fdt_path_offset(fdt, "/chosen");
	const uint8_t *p =
		chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "linux,usable-memory-range", &len);

	if (!p || dt_cells(fdt, 0, &ac, &sc))
		return 0;
	if ((unsigned)len % (4U * (unsigned)(ac + sc))) {
		pr_warn("/chosen linux,usable-memory-range: %d bytes, expected pairs of %d: "
			"ignored",
			len, 4 * (ac + sc));
		return 0;
	}
	for (; count < USABLE_RANGES_MAX && len > 0; count++, len -= 4 * (ac + sc)) {
		dt_pair(p, ac, sc, &ranges[count].base, &ranges[count].size);
		p += 4 * (ac + sc);
	}
	return count;
}

struct start {
	uint64_t wanted, lowest;
	bool held;
	uint64_t usable_base, usable_end; /* banks count as far as they lie in here */
};

static void find_start(struct boot *b, const struct bank *bank, void *ctx)
{
	struct start *s = ctx;
	uint64_t base = bank->base, end = end_of(bank->base, bank->size);

	(void)b;
	if (base < s->usable_base)
		base = s->usable_base;
	if (end > s->usable_end)
		end = s->usable_end;
	if (base >= end || base > PHYS_ADDR_MAX)
		return;
	if (s->wanted >= base && s->wanted < end)
		s->held = true;
	if (base < s->lowest)
		s->lowest = base;
}

static uint64_t ram_start(struct boot *b, uint64_t load, const struct bank *usable)
{
	struct start s = {.wanted = RAM_OF(load), .lowest = UINT64_MAX, .usable_end = UINT64_MAX};

	if (usable && usable->size) {
		s.usable_base = usable->base;
		s.usable_end = end_of(usable->base, usable->size);
	}
	each_bank(b, find_start, &s);
	return s.held || s.lowest == UINT64_MAX ? s.wanted : s.lowest;
}

/* WHAT: block or range, as Linux calls it. */
static void ignore(struct boot *b, const char *what, uint64_t base, uint64_t end)
{
	boot_complain(b, LOG_WARNING, "Ignoring memory %s 0x%" PRIx64 " - 0x%" PRIx64, what, base,
		      end);
}

static void full(struct boot *b, uint64_t base, uint64_t end)
{
	boot_complain(b, LOG_ERR,
		      "memory 0x%" PRIx64 " - 0x%" PRIx64
		      " is left out: the list holds %lu regions",
		      base, end, memblock.memory.max);
}

/* Adds the whole pages [first, last) as far as they lie above the start of RAM. */
static void add_pages(struct boot *b, uint64_t first, uint64_t last)
{
	if (last < b->ram_start) {
		ignore(b, "block", first, last);
		return;
	}
	if (first < b->ram_start) {
		ignore(b, "range", first, b->ram_start);
		first = ROUND_UP(b->ram_start, PAGE_SIZE);
		if (first >= last)
			return;
	}
	if (memblock_add((phys_addr_t)first, last - first > PHYS_ADDR_MAX
						     ? PHYS_ADDR_MAX
						     : (phys_addr_t)(last - first)))
		full(b, first, last);
}

/* Adds a bank of the tree: whole pages, inside phys_addr_t, not below the start of RAM. */
static void add_bank(struct boot *b, const struct bank *bank)
{
	uint64_t end = end_of(bank->base, bank->size);
	uint64_t first = ROUND_UP(bank->base, PAGE_SIZE), last = ROUND_DOWN(end, PAGE_SIZE);

	if (bank->size < PAGE_SIZE - bank->base % PAGE_SIZE) {
		ignore(b, "block", bank->base, end);
	} else if (first < bank->base || first >= last) {
		boot_complain(b, LOG_WARNING,
			      "memory 0x%" PRIx64 " - 0x%" PRIx64 " holds no whole page: ignored",
			      bank->base, end);
	} else if (first > PHYS_ADDR_MAX) {
		ignore(b, "block", first, last);
	} else {
		if (last - 1 > PHYS_ADDR_MAX) {
			ignore(b, "range", (uint64_t)PHYS_ADDR_MAX + 1, last);
			last = (uint64_t)PHYS_ADDR_MAX + 1;
		}
		add_pages(b, first, last);
	}
}

/* Marks what the tree calls hotpluggable, as it stands there: it may be more than was added. */
static void mark_bank(struct boot *b, const struct bank *bank)
{
	uint64_t size = bank->size > PHYS_ADDR_MAX ? PHYS_ADDR_MAX : bank->size;

	if (bank->hotpluggable && bank->base <= PHYS_ADDR_MAX &&
	    memblock_mark_hotplug((phys_addr_t)bank->base, (phys_addr_t)size))
		boot_complain(b, LOG_WARNING,
			      "memory 0x%" PRIx64 " - 0x%" PRIx64
			      " could not be marked hotpluggable: "
			      "the list holds %lu regions",
			      bank->base, end_of(bank->base, bank->size), memblock.memory.max);
}

static void scan_bank(struct boot *b, const struct bank *bank, void *ctx)
{
	(void)ctx;
	add_bank(b, bank);
	mark_bank(b, bank);
}

/* Memory is capped to the first usable range; a second comes back. */
static void cap_to_usable(struct boot *b, const struct bank *ranges, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t base = ranges[i].base, size = ranges[i].size;

		if (base > PHYS_ADDR_MAX) {
			pr_warn("/chosen linux,usable-memory-range: 0x%" PRIx64
				" is beyond the address space: ignored",
				base);
			continue;
		}
		if (size > PHYS_ADDR_MAX - base)
			size = PHYS_ADDR_MAX - base;
		if (i == 0)
			memblock_cap_memory_range((phys_addr_t)base, (phys_addr_t)size);
		else if (size && memblock_add((phys_addr_t)base, (phys_addr_t)size))
			full(b, base, base + size);
	}
}

void memory_scan(struct boot *b, uint64_t load)
{
	struct bank usable[USABLE_RANGES_MAX];
	int ac, sc, count = usable_ranges(b->fdt, usable);

	if (dt_cells(b->fdt, 0, &ac, &sc))
		pr_err("the root's #address-cells and #size-cells are %d and %d, expected 1 or 2: "
		       "its memory nodes are not read",
		       ac, sc);
	b->ram_start = ram_start(b, load, count ? &usable[0] : NULL);
	each_bank(b, scan_bank, NULL);
	cap_to_usable(b, usable, count);
}

/* Keeps what the tree described, for warn_undescribed(). */
static void keep_described(struct boot *b)
{
	const struct memblock_region *r;

	b->described.count = 0;
	for_each_mem_region (r) {
		if (b->described.count < ARRAY_SIZE(b->described.regions))
			b->described.regions[b->described.count++] = *r;
	}
}

/* Warns if the tree did not describe all of [base, end). */
static void warn_undescribed(const struct boot *b, uint64_t base, uint64_t end)
{
	for (unsigned long i = 0; i < b->described.count; i++) {
		const struct memblock_region *r = &b->described.regions[i];

		if (r->base <= base && (uint64_t)r->base + r->size > base)
			base = (uint64_t)r->base + r->size;
	}
	if (base < end)
		pr_warn("mem=: no memory node describes 0x%" PRIx64 "-0x%" PRIx64
			": added all the same",
			base, end);
}

/* SIZE[@START] of mem=; false and a line if it is none or holds no page. */
static bool parse_mem(const struct boot *b, const char *value, uint64_t *start, uint64_t *size)
{
	const char *end = value;
	bool ok = value && cmdline_size(value, size, &end);

	*start = b->ram_start;
	if (ok && *end == '@')
		ok = cmdline_size(end + 1, start, &end);
	if (!ok || *start > UINT64_MAX - PAGE_SIZE ||
	    ROUND_UP(*start, PAGE_SIZE) >= ROUND_DOWN(end_of(*start, *size), PAGE_SIZE)) {
		pr_err("mem=%s: expected SIZE[@START], a page or more, such as mem=64M@0x60000000: "
		       "ignored, memory stays as it was",
		       value ? value : "");
		return false;
	}
	if (*end)
		pr_warn("mem=%s: \"%s\" behind the size is ignored", value, end);
	return true;
}

/* The map as Linux's ARM code adds it: whole pages, below 4 GiB, not below the start of RAM. */
static void add_mem(struct boot *b, uint64_t start, uint64_t size)
{
	uint64_t first = ROUND_UP(start, PAGE_SIZE), end = end_of(start, size);

	if (first > PHYS_ADDR_MAX) {
		pr_err("Ignoring memory at 0x%08" PRIx64 " outside %u-bit physical address space",
		       start, 8 * (unsigned)sizeof(phys_addr_t));
		return;
	}
	if (end > PHYS_ADDR_MAX) {
		pr_err("Truncating memory at 0x%08" PRIx64
		       " to fit in %u-bit physical address space",
		       start, 8 * (unsigned)sizeof(phys_addr_t));
		end = PHYS_ADDR_MAX;
	}
	if (first < b->ram_start) {
		uint64_t below = end < b->ram_start ? end : b->ram_start;

		pr_info("Ignoring memory below PHYS_OFFSET: 0x%08" PRIx64 "-0x%08" PRIx64, first,
			below);
		first = ROUND_UP(b->ram_start, PAGE_SIZE);
	}
	end = ROUND_DOWN(end, PAGE_SIZE);
	if (first < b->ram_start || first >= end) /* the start may be in the very last page */
		return;
	if (memblock_add((phys_addr_t)first, (phys_addr_t)(end - first)))
		full(b, first, end);
	else
		warn_undescribed(b, first, end);
}

void memory_param(struct boot *b, const char *value)
{
	uint64_t start, size;

	if (!parse_mem(b, value, &start, &size))
		return;
	if (!b->mem_seen) {
		keep_described(b);
		memblock_remove(memblock_start_of_DRAM(),
				memblock_end_of_DRAM() - memblock_start_of_DRAM());
	}
	b->mem_seen = true;
	add_mem(b, start, size);
}
