/* SPDX-License-Identifier: MIT */
#include "boot/bootdata.h"

#include <libfdt.h>
#include <string.h>

#include "lib/be.h"
#include "lib/log.h"

#define FDT_ALIGN 8
#define FDT_HEADER 40
/* Nodes have names from this version on, not paths: libfdt 1.6.1 faults on a root without one. */
#define FDT_VERSION_MIN 16

/* Whether two words at AT may be read. */
static bool readable(const struct bootdata_places *places, uintptr_t at)
{
	return at % 4 == 0 &&
	       (!places->readable || (places->readable(at) && places->readable(at + 4)));
}

static bool tree_begins(uintptr_t at)
{
	return __builtin_bswap32(*(const volatile uint32_t *)at) == FDT_MAGIC;
}

const char *bootdata_damage(const void *fdt, size_t size)
{
	int err = fdt_version(fdt) < FDT_VERSION_MIN ? -FDT_ERR_BADVERSION
						     : fdt_check_full(fdt, size);

	if (!err && !fdt_get_name(fdt, 0, NULL))
		err = -FDT_ERR_BADSTRUCTURE; /* it has no root, which libfdt lets pass */
	return err ? fdt_strerror(err) : NULL;
}

/* The tree at AT if all of it is good, or NULL and a line. WHERE names the place. */
static const void *check_tree(const struct bootdata_places *places, uintptr_t at, const char *where)
{
	const char *damage;
	uint32_t size;

	if (at % FDT_ALIGN) {
		pr_err("device tree %s (0x%lx): not 8-byte aligned: not used", where,
		       (unsigned long)at);
		return NULL;
	}
	size = __builtin_bswap32(((const volatile uint32_t *)at)[1]);
	if (size < FDT_HEADER || size > BOOT_FDT_MAX || size > UINTPTR_MAX - at) {
		pr_err("device tree %s (0x%lx): it says it has %lu bytes, expected %u to %u: not "
		       "used",
		       where, (unsigned long)at, (unsigned long)size, FDT_HEADER, BOOT_FDT_MAX);
		return NULL;
	}
	if (places->map)
		places->map(at, size);
	damage = bootdata_damage((const void *)at, size);
	if (damage) {
		pr_err("device tree %s (0x%lx, %lu bytes): damaged (%s): not used", where,
		       (unsigned long)at, (unsigned long)size, damage);
		return NULL;
	}
	return (const void *)at;
}

static bool take_tree(struct boot *b, const struct bootdata_places *places, uintptr_t at,
		      const char *where)
{
	b->fdt = check_tree(places, at, where);
	b->fdt_source = where;
	return b->fdt != NULL;
}

static bool take_atags(struct boot *b, const struct bootdata_places *places, uintptr_t at)
{
	if (!readable(places, at) || !atags_begin((const void *)at))
		return false;
	if (places->map)
		places->map(at, ATAGS_MAX_BYTES);
	return atags_parse((const void *)at, ATAGS_MAX_BYTES, &b->atags);
}

/* What r2 points at. True if it was something. */
static bool look_at_r2(struct boot *b, const struct bootdata_places *places)
{
	uintptr_t r2 = places->r2;

	if (!r2)
		return false;
	if (readable(places, r2) && tree_begins(r2)) {
		if (!b->fdt)
			return take_tree(b, places, r2, "from the loader");
		pr_info("the loader's device tree at 0x%lx is not used: the appended one wins",
			(unsigned long)r2);
		return true;
	}
	if (take_atags(b, places, r2))
		return true;
	pr_warn("r2 = 0x%lx points at neither a device tree nor ATAGs: ignored", (unsigned long)r2);
	return false;
}

static void look_at_ram_start(struct boot *b, const struct bootdata_places *places)
{
	uintptr_t start = places->ram_start;

	if (!start)
		return;
	if (take_atags(b, places, start + BOOTDATA_ATAGS_OFFSET))
		return;
	if (!b->fdt && readable(places, start) && tree_begins(start))
		take_tree(b, places, start, "at the start of RAM");
}

void bootdata_take_cmdline(struct boot *b)
{
	int len = 0, chosen = fdt_path_offset(b->fdt, "/chosen");
	const char *args = chosen < 0 ? NULL : fdt_getprop(b->fdt, chosen, "bootargs", &len);
	size_t n;

	b->cmdline_source = b->atags.has_cmdline ? "ATAGs" : "device tree";
	if (b->atags.has_cmdline) {
		memcpy(b->cmdline, b->atags.cmdline, sizeof(b->cmdline));
		return;
	}
	n = args ? strnlen(args, (size_t)len) : 0;
	if (n > CMDLINE_MAX - 1) {
		pr_warn("command line: %lu characters in the device tree, cut at %u",
			(unsigned long)n, CMDLINE_MAX - 1);
		n = CMDLINE_MAX - 1;
	}
	memcpy(b->cmdline, args ? args : "", n);
	b->cmdline[n] = '\0';
}

void bootdata_find(struct boot *b, const struct bootdata_places *places)
{
	bool linked_in;

	if (places->appended_refused)
		pr_err("device tree behind the image: it says it has %lu bytes, expected %u to %u: "
		       "not used",
		       (unsigned long)places->appended_size, FDT_HEADER, BOOT_FDT_MAX);
	if (places->appended)
		take_tree(b, places, places->appended, "appended to the image");
	if (!look_at_r2(b, places))
		look_at_ram_start(b, places);
	linked_in = !b->fdt;
	if (linked_in) {
		b->fdt = places->linked_in;
		b->fdt_source = "linked into the image";
	}
	if (!linked_in) {
		b->fdt_base = (phys_addr_t)(uintptr_t)b->fdt;
		b->fdt_size = fdt_totalsize(b->fdt);
	}
	bootdata_take_cmdline(b);
	pr_info("device tree: %s, 0x%lx, %lu bytes", b->fdt_source,
		(unsigned long)(uintptr_t)b->fdt, (unsigned long)fdt_totalsize(b->fdt));
	if (b->atags.present)
		pr_info("ATAGs: memory from %s, command line from %s, initrd from %s",
			b->atags.mem_count ? "ATAGs" : "the tree",
			b->atags.has_cmdline ? "ATAGs" : "the tree",
			b->atags.has_initrd ? "ATAGs" : "the tree");
}
