/* SPDX-License-Identifier: MIT */
/*
 * Which image is entered, and how often that was tried: records in flash, which the selector reads
 * and marks, and Cairn marks and writes. docs/SPEC.md ("Flash") has the bytes, and why no cut gives
 * a try back.
 *
 * In flash a word goes from ones to what it is to be, once; only an erase brings the ones back.
 * Nothing here programs a word that is not all ones, but one that a cut has left half done.
 */
#ifndef CAIRN_BOOT_SELECTION_H
#define CAIRN_BOOT_SELECTION_H

#include "boot/flash_image.h"
#include "boot/selection_parts.h"
#include "lib/types.h"

#define SELECTION_TRIES 3
#define SELECTION_SLOTS 64          /**< records in an area */
#define SELECTION_MAGIC 0x544c5353U /* "SSLT" */
#define SELECTION_BLANK 0xffffffffU

/** One record. Words are little-endian. */
struct selection {
	uint32_t magic;
	uint32_t sequence;  /**< the highest counts */
	uint32_t preferred; /**< image that is tried first: 0 is A, 1 is B */
	uint32_t crc;       /**< CRC-32C of the three above */
	uint32_t tried[FLASH_IMAGES][SELECTION_TRIES]; /**< anything but ones: used */
	uint32_t
		confirmed[FLASH_IMAGES]; /**< the checksum of the image that came up; for ones, 0 */
	uint32_t spare[4];
};

/** The areas. Offsets count from the first one. */
struct selection_flash {
	void *ctx;
	uint32_t stride; /**< from one area to the next */
	void (*read)(void *ctx, uint32_t offset, void *to, size_t size);
	/** Programs the word at OFFSET. 0 or a negative errno value. */
	int (*program)(void *ctx, uint32_t offset, uint32_t word);
	/** Makes the area at OFFSET all ones. 0 or a negative errno value. The selector has none.
	 */
	int (*erase)(void *ctx, uint32_t offset);
};

/** A record and where it is. */
struct selection_found {
	struct selection record;
	uint32_t offset;
};

/**
 * Finds the record that counts. If there is none, the first place is it, for image A and with the
 * tries that are marked there: so tries are counted before anything was ever selected.
 */
void selection_find(const struct selection_flash *f, struct selection_found *found);

/** How many tries IMAGE has left in S. */
unsigned selection_tries_left(const struct selection *s, unsigned image);

/** What the word says that confirms an image of which CRC is the header's. */
uint32_t selection_mark(uint32_t crc);

/** Whether IMAGE, of which CRC is the header's, has come up in S. */
bool selection_confirmed(const struct selection *s, unsigned image, uint32_t crc);

/** What the selector does, for selection_choose(). */
struct selector {
	struct selection_flash flash;
	/** Reads the header of IMAGE, and leaves the checksum in it. False if it is no good, after
	 * a line. */
	bool (*look)(void *ctx, unsigned image, uint32_t *crc);
	/** Copies IMAGE to where it runs. False if its bytes are not right, after a line. */
	bool (*load)(void *ctx, unsigned image);
	/** Says that IMAGE has used up its tries. */
	void (*used_up)(void *ctx, unsigned image);
	/** Says that a try of IMAGE cannot be counted, for ERR. */
	void (*not_counted)(void *ctx, unsigned image, int err);
	/** Says that IMAGE is entered although its tries are used up. */
	void (*again)(void *ctx, unsigned image);
	unsigned turn; /**< another one at each start: whose turn it is at the last resort */
};

/**
 * The image to be entered: it is loaded, and if it is not confirmed its try is marked. If no image
 * has one left, one that is whole is taken all the same. -1: none is.
 * *TRY is which try it is, 0 if it is confirmed or is not counted.
 */
int selection_choose(const struct selector *s, unsigned *try);

/**
 * Makes IMAGE the one that is tried first, with all tries, by a new record; the other one stays
 * confirmed if it was. 0 or a negative errno value: then the record of before counts. A cut leaves
 * either of them.
 */
int selection_select(const struct selection_flash *f, unsigned image);

/**
 * Marks that IMAGE, of which CRC is the header's, has come up. If the record was for another image
 * in the same place, a new one is written for this one. 0 or a negative errno value.
 */
int selection_confirm(const struct selection_flash *f, unsigned image, uint32_t crc);

#endif
