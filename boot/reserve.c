/* SPDX-License-Identifier: MIT */
#include "boot/reserve.h"

#include <libfdt.h>
#include <stdarg.h>
#include <string.h>

#include "boot/cmdline.h"
#include "boot/reserved_memory.h"
#include "boot/store_region.h"
#include "lib/dt.h"
#include "lib/log.h"
#include "mm/memblock.h"

void boot_note(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name, bool nomap)
{
	struct boot_reservation r;

	if (size > PHYS_ADDR_MAX - base)
		size = PHYS_ADDR_MAX - base;
	store_region_check(b, base, size, name);
	if (!size)
		return;
	r = (struct boot_reservation){.base = base, .size = size, .name = name, .nomap = nomap};
	if (b->named_count < BOOT_NAMED_MAX)
		b->named[b->named_count++] = r;
	if (b->noted)
		b->noted(b->noted_ctx, &r);
}

const char *boot_holder(const struct boot *b, phys_addr_t base, phys_addr_t size)
{
	for (const struct boot_reservation *r = b->named; r < b->named + b->named_count; r++)
		if (memblock_addrs_overlap(base, size, r->base, r->size))
			return r->name;
	return NULL;
}

/*
 * Whether another line about memory or a reservation may be logged: a tree can give cause for
 * thousands, which would push everything else out of the log. The last one that may is followed by
 * a line that says so.
 */
static bool may_complain(struct boot *b)
{
	if (b->complaints > BOOT_COMPLAINTS_MAX)
		return false;
	if (b->complaints++ < BOOT_COMPLAINTS_MAX)
		return true;
	pr_warn("more is odd about memory and reservations: it is treated alike and not logged");
	return false;
}

void boot_complain(struct boot *b, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!may_complain(b))
		return;
	va_start(ap, fmt);
	log_vprintf(level, fmt, ap);
	va_end(ap);
}

/* The gap included, it becomes part of the region next to it, which needs no slot. */
void boot_reserve_full(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name)
{
	const struct memblock_region *r, *next = NULL, *prev = NULL;
	phys_addr_t from = base, to;

	if (size > PHYS_ADDR_MAX - base)
		size = PHYS_ADDR_MAX - base;
	to = base + size;

	for_each_reserved_mem_region (r) {
		if (r->base >= base && !next)
			next = r;
		if (r->base < base)
			prev = r;
	}
	if (prev && (!next || base - (prev->base + prev->size) <= next->base - to))
		from = prev->base;
	else if (next)
		to = next->base;
	boot_complain(b, LOG_WARNING,
		      "%s: " PRIpa "-" PRIpa
		      ": the list holds %lu reservations and is full: all of " PRIpa "-" PRIpa
		      " is reserved instead",
		      name, base, base + size - 1, memblock.reserved.max, from, to - 1);
	if (memblock_reserve(from, to - from))
		pr_err("%s: " PRIpa "-" PRIpa " could not be reserved", name, from, to - 1);
}

void reserve_tree(struct boot *b)
{
	if (b->fdt_size)
		boot_reserve(b, b->fdt_base, b->fdt_size, "device tree");
}

static bool chosen_number(const void *fdt, const char *name, uint64_t *value)
{
	int len, chosen = fdt_path_offset(fdt, "/chosen");
	const void *p = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, name, &len);

	if (!p)
		return false;
	if (len != 4 && len != 8) {
		pr_warn("/chosen %s: %d bytes, expected 4 or 8: ignored", name, len);
		return false;
	}
	*value = dt_number(p, len / 4);
	return true;
}

void reserve_find_initrd(struct boot *b)
{
	uint64_t start, end;

	if (b->atags.has_initrd) {
		b->initrd_start = b->atags.initrd_start;
		b->initrd_size = b->atags.initrd_size;
		b->has_initrd = b->initrd_size > 0;
		return;
	}
	if (!chosen_number(b->fdt, "linux,initrd-start", &start) ||
	    !chosen_number(b->fdt, "linux,initrd-end", &end))
		return;
	if (start >= end) {
		pr_warn("initrd: it ends (0x%" PRIx64 ") where it starts (0x%" PRIx64
			") or before: ignored",
			end, start);
		return;
	}
	b->initrd_start = start;
	b->initrd_size = end - start;
	b->has_initrd = true;
}

void reserve_initrd_param(struct boot *b, const char *value)
{
	uint64_t start, size;
	const char *end;

	if (!value || !cmdline_size(value, &start, &end) || *end != ',' ||
	    !cmdline_size(end + 1, &size, &end) || !size) {
		pr_warn("initrd=%s: expected START,SIZE such as 0x62000000,4M: ignored",
			value ? value : "");
		return;
	}
	if (*end)
		pr_warn("initrd=%s: \"%s\" behind the size is ignored", value, end);
	b->initrd_start = start;
	b->initrd_size = size;
	b->has_initrd = true;
}

static void reserve_initrd(struct boot *b)
{
	uint64_t start = ROUND_DOWN(b->initrd_start, PAGE_SIZE);
	uint64_t size, end = b->initrd_start + b->initrd_size;
	const char *why = NULL;

	if (!b->has_initrd)
		return;
	b->has_initrd = false;
	size = ROUND_UP(end, PAGE_SIZE) - start;
	if (end < b->initrd_start || end > UINT64_MAX - PAGE_SIZE || end - 1 > PHYS_ADDR_MAX ||
	    size > PHYS_ADDR_MAX ||
	    !memblock_is_region_memory((phys_addr_t)start, (phys_addr_t)size))
		why = "is not in memory";
	else if (memblock_is_region_reserved((phys_addr_t)start, (phys_addr_t)size))
		why = "overlaps what is reserved already";
	if (why) {
		pr_err("initrd: 0x%" PRIx64 "+0x%" PRIx64 " %s: the initrd is not used",
		       b->initrd_start, b->initrd_size, why);
		return;
	}
	boot_reserve(b, (phys_addr_t)start, (phys_addr_t)size, "initrd");
	b->has_initrd = true;
}

/* Says what is odd about a reservation that the tree asks for; it is made all the same. */
static void check_reservation(struct boot *b, uint64_t base, uint64_t end, const char *name)
{
	uint64_t image_end = (uint64_t)b->image_base + b->image_size;
	bool over_image = base < image_end && end > b->image_base;
	bool outside = !memblock_overlaps_region(&memblock.memory, (phys_addr_t)base,
						 (phys_addr_t)(end - base));

	if (over_image || outside)
		boot_complain(b, over_image ? LOG_WARNING : LOG_INFO,
			      "%s: 0x%" PRIx64 "-0x%" PRIx64 " %s: reserved all the same", name,
			      base, end - 1,
			      over_image ? "overlaps the image" : "is not in memory");
}

bool reserve_cap(struct boot *b, uint64_t base, uint64_t *size, const char *name)
{
	if (base > PHYS_ADDR_MAX) {
		boot_complain(b, LOG_ERR,
			      "%s: 0x%" PRIx64 "+0x%" PRIx64
			      " is beyond the address space: ignored",
			      name, base, *size);
		return false;
	}
	if (*size - 1 > PHYS_ADDR_MAX - base)
		boot_complain(b, LOG_WARNING,
			      "%s: 0x%" PRIx64 "+0x%" PRIx64
			      " passes the end of the address space: cut there",
			      name, base, *size);
	if (*size > PHYS_ADDR_MAX - base)
		*size = PHYS_ADDR_MAX - base;
	return *size > 0;
}

void reserve_range(struct boot *b, uint64_t base, uint64_t size, const char *name)
{
	check_reservation(b, base, base + size, name);
	boot_reserve(b, (phys_addr_t)base, (phys_addr_t)size, name);
}

static void reserve_memreserve(struct boot *b)
{
	int count = fdt_num_mem_rsv(b->fdt);

	for (int i = 0; i < count; i++) {
		uint64_t base, size;

		if (!fdt_get_mem_rsv(b->fdt, i, &base, &size) && size &&
		    reserve_cap(b, base, &size, "memreserve"))
			reserve_range(b, base, size, "memreserve");
	}
}

void reserve_all(struct boot *b)
{
	if (b->image_size)
		boot_reserve(b, b->image_base, b->image_size, "image");
	reserve_initrd(b);
	reserve_memreserve(b);
	reserved_memory(b);
}
