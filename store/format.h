/* SPDX-License-Identifier: MIT */
/*
 * The bytes of the region: docs/SPEC.md in constants. All words are 32-bit big-endian, 4-aligned;
 * all offsets count from the region's first byte.
 */
#ifndef CAIRN_STORE_FORMAT_H
#define CAIRN_STORE_FORMAT_H

#include "lib/types.h"

/* Superblock: two copies in the first page. */
#define SB_COPY_B 2048U /* copy A is at 0 */
#define SB_SIZE 128U
#define SB_MAGIC_VALUE 0x4341524eU /* "CARN" */
#define SB_VERSION_VALUE 1U
#define SB_NORMAL 0x4e4f524dU     /* "NORM" */
#define SB_FORMATTING 0x464f524dU /* "FORM" */

/* Offsets in a copy. A number of 64 bits is two words, high word first. */
enum {
	SB_MAGIC = 0,
	SB_VERSION = 4,
	SB_STATE = 8,
	SB_REGION_SIZE = 12,
	SB_SALT = 16,
	SB_GENERATION = 20,
	SB_BOOTS = 24,
	SB_SEQ_LIMIT = 32,
	SB_FLOOR = 40,
	SB_BATCH_LO = 48,
	SB_BATCH_HI = 56,
	SB_EVICT_NEW = 64,
	SB_EVICT_VICTIM = 72,
	SB_EVICT_OFFSET = 80,
	SB_PLACE = 116,
	SB_CRC = 124, /* CRC-32C of the bytes before it */
};

/* The note: what is left of the page behind copy B. */
#define NOTE_OFFSET (SB_COPY_B + SB_SIZE)
#define NOTE_MAGIC_VALUE 0x50414e43U /* "PANC" */

/* Offsets in it. */
enum {
	NOTE_MAGIC = 0,
	NOTE_CRC = 4,    /* CRC-32C of the length and the text */
	NOTE_LENGTH = 8, /* of the text, in bytes */
	NOTE_TEXT = 12,
};

/* Image. */
#define IMAGE_OFFSET 4096U
#define IMAGE_MAGIC 0x46435331U /* "FCS1" */
#define CHAIN_START 4100U

/* Header of a slot. */
enum {
	HDR_SIZE = 0, /* of the slot, header and trailer included: a multiple of 8, >= SLOT_MIN */
	HDR_KEYLEN = 4,
	HDR_DATALEN = 8,
	HDR_METALEN = 12,
	HDR_EXPIRY = 16,
	HDR_BYTES = 24,
};

/* Trailer: the last 16 bytes of a slot, as distances from the slot's end. */
enum {
	TRL_W0 = 16, /* keyLen << 16 | seq >> 32 */
	TRL_W1 = 12, /* seq, low word */
	TRL_CRC = 8, /* w2 */
	TRL_TAG = 4, /* w3: TAG_MAGIC ^ size */
	TRL_BYTES = 16,
};

#define SLOT_MIN 40U
#define SLOT_ALIGN 8U
#define TAG_MAGIC 0x5a7ac0deU
#define CRC_FREE 0x46524545U     /* "FREE": odd, so that one flipped bit of 0 or ~0 is not it */
#define CRC_STAGE 0x00535447U    /* xored into the crc of a staged put */
#define CRC_STAGEDEL 0x53444c00U /* and of a staged delete */
#define KEYLEN_QMARK 0xa5d3962cU /* keyLen of a quarantined slot: negative, far from 0 and ~0 */
#define SEQ_END (1ULL << 48)     /* numbers are below this */

/** Offset behind the last slot of a region. */
static inline uint32_t chain_end(uint32_t region_size)
{
	return CHAIN_START + ROUND_DOWN(region_size - CHAIN_START, SLOT_ALIGN);
}

/** What a record of that many content bytes, at most INT32_MAX, takes. */
static inline uint32_t slot_size(uint32_t content)
{
	return ROUND_UP(HDR_BYTES + content + TRL_BYTES, SLOT_ALIGN);
}

#endif
