/* SPDX-License-Identifier: MIT */
/* The ATAG list and the command line read once more: what the boot took of them is what is there.
 */
#include <libfdt.h>
#include <string.h>

#include "tests/fuzz/fuzz_boot.h"

#define ATAG_MEM 0x54410002
#define ATAG_CMDLINE 0x54410009
#define ATAG_INITRD2 0x54420005

/* One tag that is whole, of SIZE words. */
static void read_tag(const uint32_t *tag, uint32_t size, struct atags *found)
{
	switch (tag[1]) {
	case ATAG_MEM:
		if (tag[2] && found->mem_count < ATAGS_MEM_MAX) {
			found->mem[found->mem_count].start = tag[3];
			found->mem[found->mem_count++].size = tag[2];
		}
		break;
	case ATAG_CMDLINE:
		size = (size - 2) * 4 < CMDLINE_MAX ? (size - 2) * 4 : CMDLINE_MAX - 1;
		memset(found->cmdline, 0, sizeof(found->cmdline));
		strncpy(found->cmdline, (const char *)(tag + 2), size);
		found->has_cmdline = true;
		break;
	case ATAG_INITRD2:
		found->initrd_start = tag[2];
		found->initrd_size = tag[3];
		found->has_initrd = true;
		break;
	default:
		break;
	}
}

static void check_atags(const struct boot *b)
{
	const uint32_t *tag = (const uint32_t *)(uintptr_t)FUZZ_AT;
	const uint32_t *end = tag + ATAGS_MAX_BYTES / sizeof(*tag);
	struct atags found = {.present = true};

	while (end - tag >= 2 && tag[1]) {
		uint32_t least = tag[1] == ATAG_MEM || tag[1] == ATAG_INITRD2 ? 4 : 2;

		if (tag[0] < least || tag[0] > end - tag)
			break;
		read_tag(tag, tag[0], &found);
		tag += tag[0];
	}
	CHECK(b->atags.mem_count == found.mem_count &&
		      memcmp(b->atags.mem, found.mem, sizeof(found.mem)) == 0,
	      "the ATAGs have %u memory ranges, or others, instead of %u", b->atags.mem_count,
	      found.mem_count);
	CHECK(b->atags.has_cmdline == found.has_cmdline &&
		      strcmp(b->atags.cmdline, found.cmdline) == 0,
	      "the ATAGs have the command line %s", found.cmdline);
	CHECK(b->atags.has_initrd == found.has_initrd &&
		      b->atags.initrd_start == found.initrd_start &&
		      b->atags.initrd_size == found.initrd_size,
	      "the ATAGs have the initrd 0x%x+0x%x", found.initrd_start, found.initrd_size);
}

void fuzz_check_handed(const struct boot *b)
{
	int chosen = fdt_path_offset(b->fdt, "/chosen"), len = 0;
	const char *args = chosen < 0 ? NULL : fdt_getprop(b->fdt, chosen, "bootargs", &len);
	char expected[CMDLINE_MAX] = "";

	if (b->atags.present)
		check_atags(b);
	if (args)
		strncpy(expected, args, (size_t)(len < CMDLINE_MAX ? len : CMDLINE_MAX - 1));
	if (b->atags.has_cmdline)
		memcpy(expected, b->atags.cmdline, sizeof(expected));
	CHECK(strcmp(b->cmdline, expected) == 0, "the command line is not %s", expected);
}
