/* SPDX-License-Identifier: MIT */
/*
 * Where the image and its boot data have to go before anything else: a loader may have put the
 * image at any page, and the tree or the ATAGs where the image is linked to run. Plain work on
 * memory, with aligned accesses only; the code runs at any address, before there is a .bss.
 */
#ifndef CAIRN_BOOT_RELOCATE_H
#define CAIRN_BOOT_RELOCATE_H

#include "lib/types.h"

#define RELOCATE_PAGE 4096 /**< an image that moves lies at a multiple of it */

/** What is known when the image is entered, and what relocate() makes of it. */
struct relocation {
	uint32_t load, link; /**< where the image lies, where it has to be */
	uint32_t file_size;  /**< bytes that came; a tree may be appended to them */
	uint32_t image_size; /**< bytes that it takes there, .bss and stacks included */
	uint32_t ram_start;  /**< where a tree or, 0x100 behind it, ATAGs may lie without r2 */
	uint32_t r2;         /**< what the loader handed over; changed if that was moved */

	uint32_t appended;     /**< where the appended tree lies now; 0: none */
	bool appended_refused; /**< there is one that claims a size which cannot be */
	uint32_t appended_size;
	uint32_t problem_at; /**< what a refusal is about */
};

/**
 * Moves the boot data that would be overwritten when the image moves to r->link and clears its
 * .bss: the appended tree, and what r2 points at if it lies there. They go behind the image, beside
 * the initrd. Afterwards r->file_size bytes may be moved from r->load to r->link. Returns NULL, or
 * why the image cannot start, a sentence about r->problem_at; no memory has been written then but
 * for a moved tree.
 */
const char *relocate(struct relocation *r);

#endif
