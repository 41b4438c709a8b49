/* SPDX-License-Identifier: MIT */
#include "boot/handover.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/cmdline.h"
#include "lib/log.h"
#include "mm/loaded.h"
#include "mm/memblock.h"

/* What decompressor and kernel reach before the kernel has made its own tables. */
#define TREE_WITHIN MIB(256)
/* Linux maps two sections of 1 MiB, from the one in which the tree begins. */
#define TREE_SECTION MIB(1)

#define NEAR MIB(128)       /* see zimage_ram() */
#define PLACE_ALIGN KIB(64) /* looks well in a log */

#define UNNAMED "something reserved"

static int PRINTF_LIKE(2, 3) refuse(struct handover *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->why, sizeof(h->why), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- what is there -------------------------------------------------------------------------- */

static phys_addr_t lowest_memory(void)
{
	return memblock.memory.regions[0].base;
}

/* Whether the SIZE bytes at BASE are memory, all of them, that is not no-map. */
static bool is_plain_memory(phys_addr_t base, phys_addr_t size)
{
	return memblock_is_region_memory(base, size) && memblock_is_map_memory(base);
}

/* Whether R is of no use to anybody behind the jump: image, old tree, and what Cairn allocated. */
static bool is_own(const struct boot *b, const struct boot_reservation *r)
{
	return r >= b->named + b->asked_count ||
	       (r->base == b->image_base && r->size == b->image_size) ||
	       (b->fdt_size && r->base == b->fdt_base && r->size == b->fdt_size);
}

/* Who needs a byte of [base, base + size) behind the jump; NULL: nobody. */
static const char *needed_by(const struct boot *b, phys_addr_t base, phys_addr_t size)
{
	for (const struct boot_reservation *r = b->named; r < b->named + b->named_count; r++)
		if (!is_own(b, r) && memblock_addrs_overlap(base, size, r->base, r->size))
			return r->name;
	/* With more than have names, each reservation may be somebody's. */
	return b->named_count == BOOT_NAMED_MAX && !loaded_or_free(base, size) ? UNNAMED : NULL;
}

/* Who has a byte of it now. */
static const char *taken_by(const struct boot *b, phys_addr_t base, phys_addr_t size)
{
	const char *holder = boot_holder(b, base, size);

	if (loaded_or_free(base, size))
		return NULL;
	return holder ? holder : UNNAMED;
}

/* ---- zones ---------------------------------------------------------------------------------- */

/* 0, or -EINVAL and why a zone cannot be written to. */
static int check_zone(struct handover *h, const struct boot *b, unsigned i)
{
	const struct zimage_zone *z = &h->zones[i];
	phys_addr_t size = z->end - z->base;
	const char *who = "what is no memory";

	if (!size)
		return 0;
	if (z->end < PHYS_ADDR_MAX && is_plain_memory(z->base, size))
		who = i == ZIMAGE_FILE ? taken_by(b, z->base, size) : needed_by(b, z->base, size);
	if (!who)
		return 0;
	return refuse(h, "%s, " PRIpa "-" PRIpa ", overlaps %.40s", z->what, z->base, z->end - 1,
		      who);
}

static const struct zimage_zone *zone_over(const struct handover *h, phys_addr_t base,
					   phys_addr_t size)
{
	for (const struct zimage_zone *z = h->zones; z < h->zones + ZIMAGE_ZONES; z++)
		if (z->base < z->end &&
		    memblock_addrs_overlap(base, size, z->base, z->end - z->base))
			return z;
	return NULL;
}

/* Looks from the top down for memory that is free and that the image does not write to. */
static int place_tree(struct handover *h, phys_addr_t room)
{
	phys_addr_t align = room > TREE_SECTION ? TREE_SECTION : PAGE_SIZE;
	phys_addr_t high =
		PHYS_ADDR_MAX - h->ram < TREE_WITHIN ? PHYS_ADDR_MAX : h->ram + TREE_WITHIN;
	const struct zimage_zone *z = NULL;

	do {
		if (z)
			high = z->base;
		h->tree = room <= BOOT_FDT_MAX && high > h->ram
				  ? memblock_find_in_range(h->ram, high, room, align)
				  : 0;
		if (!h->tree)
			return refuse(
				h,
				"the device tree: no %lu bytes are free within 256 MiB from " PRIpa,
				(unsigned long)room, h->ram);
		z = zone_over(h, h->tree, room);
	} while (z);
	return 0;
}

/* ---- plans ---------------------------------------------------------------------------------- */

/* How many bytes there are from AT on in memory that is not no-map. */
static phys_addr_t room_at(phys_addr_t at)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		if (at >= r->base && at - r->base < r->size && !(r->flags & MEMBLOCK_NOMAP))
			return r->size - (at - r->base);
	}
	return 0;
}

phys_addr_t handover_place(struct handover *h, const void *p, phys_addr_t room)
{
	const char *why = zimage_header(&h->image, p, 0, room);
	phys_addr_t low = lowest_memory(), at = 0;

	if (!why) {
		phys_addr_t size = h->image.size + h->image.work;

		at = memblock_find_in_range(low, zimage_ram(low) + NEAR, size, PLACE_ALIGN);
		if (!at)
			at = memblock_find_in_range(low, MEMBLOCK_ALLOC_ACCESSIBLE, size,
						    PLACE_ALIGN);
		why = "no memory is free for it";
	}
	if (!at)
		refuse(h, "flash: %s", why);
	return at;
}

int handover_plan(struct handover *h, const struct boot *b, phys_addr_t at, const void *p,
		  phys_addr_t tree_room)
{
	phys_addr_t room = room_at(at);
	const char *why =
		room ? zimage_read(&h->image, p, at, room) : "no memory, or not to be mapped";
	int err = 0;

	if (why)
		return refuse(h, PRIpa ": %s", at, why);
	if (b->initrd_size && !b->has_initrd)
		return refuse(h, "the initrd that was named could not be used: see the log");
	h->ram = zimage_ram(at);
	if (!memblock_is_region_memory(h->ram, 1))
		h->ram = zimage_ram_otherwise(lowest_memory());
	zimage_zones(&h->image, h->ram, h->zones);
	for (unsigned i = 0; i < ZIMAGE_ZONES && !err; i++)
		err = check_zone(h, b, i);
	return err ? err : place_tree(h, tree_room);
}

int handover_args(struct handover *h, const struct boot *b, const void *entry, size_t len,
		  char args[CMDLINE_MAX])
{
	const char *text = entry;

	if (!entry) {
		cmdline_drop(strcpy(args, b->cmdline), "cairn.");
		return 0;
	}
	if (len > CMDLINE_MAX - 1)
		return refuse(h, "the entry boot/args has %lu bytes, at most %u were expected",
			      (unsigned long)len, CMDLINE_MAX - 1);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return refuse(h, "the entry boot/args is no text");
	memcpy(args, text, len);
	args[len] = '\0';
	return 0;
}
