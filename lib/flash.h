/* SPDX-License-Identifier: MIT */
/*
 * NOR flash as its users see it: blocks that an erase fills with ones, words of which a program can
 * only make bits 0, partitions with names. The driver behind it fills in the four calls; offsets
 * count from the flash's first byte.
 *
 * One caller at a time. Errors are negative errno values, and `problem` is the sentence for the
 * last one: what failed, where, and what the chips said.
 */
#ifndef CAIRN_LIB_FLASH_H
#define CAIRN_LIB_FLASH_H

#include "lib/types.h"

#define FLASH_PARTITIONS_MAX 8
#define FLASH_WORD 4U /**< bytes that are programmed together, at least */

/** A range of the flash, with the name that the device tree gives it. */
struct flash_partition {
	const char *name; /**< in the tree */
	uint32_t off, size;
};

struct flash {
	uintptr_t base; /**< where it can be read as device memory: whole words, aligned */
	uint32_t size;  /**< bytes; never 0 */
	/** The first byte of the erase block that holds OFF, which is below size; *LEN is its size.
	 */
	uint32_t (*block)(const struct flash *f, uint32_t off, uint32_t *len);
	/** Erases the block that begins at OFF. */
	int (*erase)(struct flash *f, uint32_t off);
	/** Programs LEN bytes at OFF, both multiples of FLASH_WORD. */
	int (*program)(struct flash *f, uint32_t off, const void *data, uint32_t len);
	/** Copies LEN bytes at OFF, of any alignment, to DATA. */
	void (*read)(const struct flash *f, uint32_t off, void *data, uint32_t len);

	char problem[128];
	struct flash_partition partitions[FLASH_PARTITIONS_MAX];
	unsigned partition_count;
};

/** The partition called NAME, which has NAME_LEN characters; NULL: there is none. */
const struct flash_partition *flash_find(const struct flash *f, const char *name, size_t name_len);

/** Copies LEN bytes at OFF to DATA. 0, or -EINVAL: they are not all in the flash. */
int flash_read(struct flash *f, uint32_t off, void *data, uint32_t len);

/**
 * Erases [off, off + len). 0, -EINVAL (these are not whole erase blocks of the flash; nothing was
 * done), or what the chips said: -EIO or -ETIMEDOUT.
 */
int flash_erase(struct flash *f, uint32_t off, uint32_t len);

/**
 * Programs LEN bytes, OFF being a multiple of FLASH_WORD, and reads them back. DATA is not in the
 * flash, which cannot be read meanwhile. 0, -EINVAL (DATA is, or not all of it would be), -EROFS (a
 * bit that is 0 there would have to become 1: only an erase does that; in these two cases nothing
 * was done), -EIO or -ETIMEDOUT.
 */
int flash_write(struct flash *f, uint32_t off, const void *data, uint32_t len);

/** CRC-32C of [off, off + len), which is in the flash, going on from CRC as crc32c() does. */
uint32_t flash_crc(const struct flash *f, uint32_t crc, uint32_t off, uint32_t len);

/** Notes a sentence in f->problem and returns ERR. */
int flash_failed(struct flash *f, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
