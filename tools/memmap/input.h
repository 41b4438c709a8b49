/* SPDX-License-Identifier: MIT */
/* The files that memmap reads. */
#ifndef CAIRN_TOOLS_MEMMAP_INPUT_H
#define CAIRN_TOOLS_MEMMAP_INPUT_H

#include "lib/types.h"
#include "tools/memmap/options.h"

struct input {
	void *fdt;         /**< checked, with what the options put into /chosen */
	uint32_t fdt_size; /**< that of the tree in the file: what a loader would hand over */
	void *atags;       /**< a list that begins as one must; NULL: none */
	size_t atags_size;
};

/**
 * Reads the tree and the ATAGs. As a loader would, it puts the command line and the initrd of the
 * options into the tree. A file that cannot be used ends the program with a line and a status of 1.
 */
void input_read(struct input *in, const struct options *o);

/** Frees what input_read() has allocated. */
void input_free(struct input *in);

#endif
