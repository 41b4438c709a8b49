/* SPDX-License-Identifier: MIT */
/*
 * Whether and how a zImage can be entered: what it overwrites, where its tree goes, what its
 * command line is. Plain work on what the boot knows; nothing is changed. boot/leave.h does what
 * was planned.
 */
#ifndef CAIRN_BOOT_HANDOVER_H
#define CAIRN_BOOT_HANDOVER_H

#include "boot/boot.h"
#include "boot/zimage.h"

#define HANDOVER_WHY_MAX 200 /**< bytes of a sentence that says why not, with its NUL */

struct handover {
	struct zimage image;
	phys_addr_t ram; /**< where the image takes the RAM to begin */
	struct zimage_zone zones[ZIMAGE_ZONES];
	phys_addr_t tree; /**< where there is room for the tree */
	char why[HANDOVER_WHY_MAX];
};

/**
 * Where a copy of an image should lie whose header is at P and of which there are ROOM bytes: as
 * high as possible in the first 128 MiB of memory, or anywhere. An address, or 0 and h->why.
 */
phys_addr_t handover_place(struct handover *h, const void *p, phys_addr_t room);

/**
 * Plans how to enter the image at AT, where P is what is read, if it is memory: free, or what was
 * loaded (mm/loaded.h). TREE_ROOM is what the tree may need. 0, or -EINVAL and h->why: there is no
 * image, or what it would write to is no memory, or somebody's who needs it. Cairn's own memory is
 * needed until the jump only.
 */
int handover_plan(struct handover *h, const struct boot *b, phys_addr_t at, const void *p,
		  phys_addr_t tree_room);

/**
 * The command line: LEN bytes at ENTRY, or, if that is NULL, Cairn's own without what is Cairn's.
 * 0, or -EINVAL and h->why: the entry is too long, or no text.
 */
int handover_args(struct handover *h, const struct boot *b, const void *entry, size_t len,
		  char args[CMDLINE_MAX]);

#endif
