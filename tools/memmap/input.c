/* SPDX-License-Identifier: MIT */
#include "tools/memmap/input.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/bootdata.h"
#include "tools/memmap/text.h"

#define FDT_HEADER 40
#define CHOSEN_ROOM 256 /* for the node, two addresses and the names of the properties */

/* The file at PATH, or its first MAX + 1 bytes if it is larger; *SIZE is how many. */
static void *read_file(const char *path, size_t max, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *bytes = NULL;
	bool ok = false;

	if (f) {
		bytes = grow(NULL, max + 1, 1);
		*size = fread(bytes, 1, max + 1, f);
		ok = !ferror(f);
		fclose(f);
	}
	if (!ok)
		die(1, "%s: %s", path, strerror(errno));
	return bytes;
}

static void read_tree(struct input *in, const char *path)
{
	size_t size, claimed;
	const char *damage;

	in->fdt = read_file(path, BOOT_FDT_MAX, &size);
	if (size < FDT_HEADER || fdt_magic(in->fdt) != FDT_MAGIC)
		die(1, "%s: not a device tree blob: expected a file that dtc -O dtb makes", path);
	claimed = fdt_totalsize(in->fdt);
	if (claimed > BOOT_FDT_MAX)
		die(1, "%s: the tree says it has %zu bytes, expected at most %u", path, claimed,
		    BOOT_FDT_MAX);
	if (claimed > size)
		die(1, "%s: the tree says it has %zu bytes, the file has %zu", path, claimed, size);
	damage = bootdata_damage(in->fdt, claimed);
	if (damage)
		die(1, "%s: the tree is damaged (%s)", path, damage);
	in->fdt_size = (uint32_t)claimed;
}

static void read_atags(struct input *in, const char *path)
{
	in->atags = read_file(path, ATAGS_MAX_BYTES, &in->atags_size);
	if (in->atags_size > ATAGS_MAX_BYTES)
		die(1, "%s: expected a list of ATAGs of at most %u bytes", path, ATAGS_MAX_BYTES);
	if (in->atags_size < 8 || !atags_begin(in->atags))
		die(1, "%s: no list of ATAGs: it does not begin with a CORE tag of 2 or 5 words",
		    path);
}

static int find_or_make_chosen(void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, "chosen") : node;
}

static int set_initrd(void *fdt, int chosen, const struct options *o)
{
	int err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", o->initrd_start);

	return err ? err : fdt_setprop_u64(fdt, chosen, "linux,initrd-end", o->initrd_end);
}

/* Does to the tree what a loader would that has been told the same. */
static void fill_chosen(struct input *in, const struct options *o)
{
	size_t args = o->bootargs ? strlen(o->bootargs) : 0,
	       room = in->fdt_size + args + CHOSEN_ROOM;
	void *larger;
	int err, chosen;

	if (!o->bootargs && !o->has_initrd)
		return;
	if (room > INT_MAX)
		die(2, "--bootargs: %zu characters are too many", args);
	larger = grow(NULL, room, 1);
	err = fdt_open_into(in->fdt, larger, (int)room);
	chosen = err ? err : find_or_make_chosen(larger);
	if (chosen < 0)
		err = chosen;
	if (!err && o->bootargs)
		err = fdt_setprop(larger, chosen, "bootargs", o->bootargs, (int)args + 1);
	if (!err && o->has_initrd)
		err = set_initrd(larger, chosen, o);
	if (err)
		die(1, "%s: /chosen cannot be changed (%s)", o->file, fdt_strerror(err));
	free(in->fdt);
	in->fdt = larger;
}

void input_read(struct input *in, const struct options *o)
{
	*in = (struct input){0};
	read_tree(in, o->file);
	if (o->has_dtb_at && in->fdt_size - 1 > last_address(o->bits) - o->dtb_at)
		die(2,
		    "--dtb-at: the %u bytes of the tree at 0x%" PRIx64
		    " pass the last address of %u bits, 0x%" PRIx64,
		    in->fdt_size, o->dtb_at, o->bits, last_address(o->bits));
	if (o->atags)
		read_atags(in, o->atags);
	fill_chosen(in, o);
}

void input_free(struct input *in)
{
	free(in->fdt);
	free(in->atags);
}
