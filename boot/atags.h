/* SPDX-License-Identifier: MIT */
/* The ATAG list: what loaders before device trees handed to the kernel. */
#ifndef CAIRN_BOOT_ATAGS_H
#define CAIRN_BOOT_ATAGS_H

#include "lib/types.h"

/* Kinds of tags: those that are taken, and the end. */
#define ATAG_NONE 0x00000000
#define ATAG_CORE 0x54410001
#define ATAG_MEM 0x54410002
#define ATAG_CMDLINE 0x54410009
#define ATAG_INITRD2 0x54420005

#define ATAGS_MAX_BYTES 16384 /**< a longer list is cut here, with a line */
#define ATAGS_MEM_MAX 32      /**< memory ranges kept; more are left out, with a line */
#define CMDLINE_MAX 1024      /**< bytes of a command line with its NUL, as in Linux */

struct atags {
	bool present;
	unsigned mem_count;
	unsigned mem_left_out; /**< ranges beyond ATAGS_MEM_MAX */
	struct {
		uint32_t start, size;
	} mem[ATAGS_MEM_MAX];
	bool has_cmdline;
	char cmdline[CMDLINE_MAX]; /**< cut at CMDLINE_MAX - 1, with a line */
	bool has_initrd;
	uint32_t initrd_start, initrd_size;
};

/** Whether LIST (4-aligned, 8 readable bytes) begins as an ATAG list must: a CORE tag of 2 or 5
 * words. */
bool atags_begin(const void *list);

/**
 * Copies what Cairn uses of the list at LIST, of which LIMIT bytes may be read, to *OUT. A list
 * that is broken or has no end counts up to there, with a line. False, and *OUT empty, if it is no
 * list.
 */
bool atags_parse(const void *list, size_t limit, struct atags *out);

#endif
