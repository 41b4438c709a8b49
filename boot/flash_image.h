/* SPDX-License-Identifier: MIT */
/*
 * An image in flash: a header, then its bytes, which are two parts, one behind the other: the code,
 * which is entered at its first byte, and its device tree. docs/SPEC.md ("Flash") has each field.
 */
#ifndef CAIRN_BOOT_FLASH_IMAGE_H
#define CAIRN_BOOT_FLASH_IMAGE_H

#include "lib/types.h"

#define FLASH_IMAGES 2 /**< A and B */

#define FLASH_IMAGE_MAGIC 0x474d4943U /* "CIMG" */
#define FLASH_IMAGE_VERSION 1U
#define FLASH_IMAGE_ALIGN 8U /**< of places and sizes of the parts */
#define FLASH_IMAGE_TEXT 92

enum { FLASH_IMAGE_CODE, FLASH_IMAGE_TREE, FLASH_IMAGE_PARTS };

/** What the tree's command line says before the selector has put A or B for the question mark. */
#define FLASH_IMAGE_MARK "cairn.image=?"

/** Words are little-endian. */
struct flash_image {
	uint32_t magic, version;
	struct {
		uint32_t base, size; /**< where in RAM */
	} parts[FLASH_IMAGE_PARTS];
	uint32_t mark; /**< of the tree, the byte that is made 'A' or 'B'; 0: none is */
	uint32_t crc;  /**< CRC-32C of the bytes */
	char text[FLASH_IMAGE_TEXT]; /**< its version, ended by a NUL */
	uint32_t header_crc;         /**< CRC-32C of the header before it */
};

/**
 * What is wrong with the header H of an image that has ROOM bytes, header included, for a board
 * with RAM in [ram, ram + ram_size): a clause for people, or NULL if nothing is.
 */
const char *flash_image_problem(const struct flash_image *h, uint32_t room, uint32_t ram,
				uint32_t ram_size);

/** How many bytes follow the header H, which has no problem. */
uint32_t flash_image_bytes(const struct flash_image *h);

#endif
