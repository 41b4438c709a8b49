/* SPDX-License-Identifier: MIT */
/* What the user of memmap asks for. */
#ifndef CAIRN_TOOLS_MEMMAP_OPTIONS_H
#define CAIRN_TOOLS_MEMMAP_OPTIONS_H

#include "lib/types.h"

struct options {
	const char *file;     /**< the tree */
	unsigned bits;        /**< of an address: 32 or 64 */
	const char *bootargs; /**< in place of the tree's; NULL: the tree's */
	const char *atags;    /**< a file; NULL: none */
	const char *store;    /**< SIZE[@ADDR]; NULL: none */
	uint64_t load; /**< where the image is loaded; 0 makes the lowest bank the start of RAM */
	uint64_t image_base, image_size; /**< size 0: no image */
	bool has_dtb_at, has_initrd;
	uint64_t dtb_at;
	uint64_t initrd_start, initrd_end;
	bool trace, json;
	const char *svg; /**< a file to write; NULL: none */
};

/**
 * Sets *O. Wrong usage ends the program with a line and a status of 2, --help with the help and 0.
 */
void options_parse(struct options *o, int argc, char *argv[]);

/** The last address of BITS bits. */
uint64_t last_address(unsigned bits);

/** Prints "memmap: " and a line, and ends the program with STATUS. */
_Noreturn void die(int status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
