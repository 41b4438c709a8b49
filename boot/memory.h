/* SPDX-License-Identifier: MIT */
/* The memory that the device tree, the ATAGs and mem= describe, by Linux 6.1's rules for ARM. */
#ifndef CAIRN_BOOT_MEMORY_H
#define CAIRN_BOOT_MEMORY_H

#include "boot/boot.h"

/**
 * Puts the memory of the tree (and the ATAGs over it) into memblock and sets b->ram_start: LOAD cut
 * to 128 MiB if a memory node holds that address, else the lowest bank. What
 * is dropped or cut is a line, in Linux's words where Linux has any.
 */
void memory_scan(struct boot *b, uint64_t load);

/**
 * mem=SIZE[@START]. The first usable one removes all memory found before; each adds its range. One
 * that holds no page or is malformed is a line and changes nothing. VALUE may be NULL.
 */
void memory_param(struct boot *b, const char *value);

#endif
