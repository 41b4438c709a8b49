/* SPDX-License-Identifier: MIT */
/* Finding the device tree and the ATAGs among the places where loaders leave them. */
#ifndef CAIRN_BOOT_BOOTDATA_H
#define CAIRN_BOOT_BOOTDATA_H

#include "boot/boot.h"

/** Where to look. Addresses of 0 are not looked at. */
struct bootdata_places {
	uintptr_t appended;     /**< a tree that was appended to the image, moved behind .bss */
	bool appended_refused;  /**< there is one, left where it was: its size cannot be */
	uint32_t appended_size; /**< the size that an appended tree claims */
	uintptr_t r2;           /**< what the loader handed over */
	uintptr_t ram_start;    /**< a tree may lie here, ATAGs 0x100 behind it */
	const void *linked_in;  /**< the tree in the image; it is good */
	/** Whether a word at ADDR may be read at all; NULL: every one may. */
	bool (*readable)(uintptr_t addr);
	/** Makes [base, base + size) readable without alignment; NULL: it is. */
	void (*map)(uintptr_t base, size_t size);
};

#define BOOTDATA_ATAGS_OFFSET 0x100

/**
 * Sets b->fdt, b->atags and b->cmdline: the appended tree, or what r2 points at, or what lies at
 * the start of RAM, or the linked-in tree; ATAGs found on the way add to whichever tree it is. Each
 * tree is checked in full before it is taken; one that is refused is a line. Says which were taken.
 */
void bootdata_find(struct boot *b, const struct bootdata_places *places);

/** What is wrong with the tree of SIZE readable bytes at FDT, in libfdt's words; NULL: nothing. */
const char *bootdata_damage(const void *fdt, size_t size);

/** Sets b->cmdline and its source: that of the ATAGs if they have one, else that of the tree. */
void bootdata_take_cmdline(struct boot *b);

#endif
