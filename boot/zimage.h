/* SPDX-License-Identifier: MIT */
/*
 * What a zImage says of itself, and which memory it writes to when it is entered: itself, behind
 * itself, where the kernel is unpacked, and where it moves itself first if it lies in the way.
 * Plain work on memory and numbers.
 */
#ifndef CAIRN_BOOT_ZIMAGE_H
#define CAIRN_BOOT_ZIMAGE_H

#include "lib/types.h"

#define ZIMAGE_ALIGN 8U /**< an image may lie at multiples of this */

struct zimage {
	phys_addr_t at;       /**< where it lies */
	uint32_t size;        /**< of the file */
	uint32_t work;        /**< bytes that it uses behind that: .bss, stack, heap */
	uint32_t text_offset; /**< where the kernel comes, from the start of RAM */
	uint32_t kernel;      /**< bytes that it unpacks */
	uint32_t bss;         /**< bytes that the kernel clears behind them */
};

/** Memory that is written to: [base, end), and what for. An end of PHYS_ADDR_MAX is one that cannot
 * be. */
struct zimage_zone {
	phys_addr_t base, end;
	const char *what;
};

/** In the order of zimage_zones(). Only the first is there, and has to stay, before the jump. */
enum { ZIMAGE_FILE, ZIMAGE_WORK, ZIMAGE_KERNEL, ZIMAGE_MOVED, ZIMAGE_ZONES };

#define ZIMAGE_HEADER 64U /**< bytes at an image's start that have to be readable */

/**
 * Reads the header at P, of ZIMAGE_HEADER bytes, of an image that lies at AT, where ROOM bytes are.
 * NULL; or a sentence: no zImage, cut off, damaged, or at an odd address. But for at and size, *Z
 * is a guess: of a kernel that is packed very well and goes wherever kernels went that do not tell.
 */
const char *zimage_header(struct zimage *z, const void *p, phys_addr_t at, phys_addr_t room);

/** zimage_header() of an image whose ROOM bytes can all be read at P; *Z is what it tells. */
const char *zimage_read(struct zimage *z, const void *p, phys_addr_t at, phys_addr_t room);

/**
 * Fills in all ZIMAGE_ZONES for an image in the RAM that begins at RAM, as the image finds out by
 * zimage_ram(). One that is not written to is empty.
 */
void zimage_zones(const struct zimage *z, phys_addr_t ram, struct zimage_zone zones[ZIMAGE_ZONES]);

/** Where an image at AT takes the RAM to begin if there is memory: AT cut to 128 MiB. */
static inline phys_addr_t zimage_ram(phys_addr_t at)
{
	return ROUND_DOWN(at, MIB(128));
}

/** Where it takes it to begin if there is none at zimage_ram(): the lowest memory, LOWEST, in whole
 * 2 MiB. */
static inline phys_addr_t zimage_ram_otherwise(phys_addr_t lowest)
{
	return ROUND_UP(lowest, MIB(2));
}

#endif
