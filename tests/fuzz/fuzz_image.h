/* SPDX-License-Identifier: MIT */
/*
 * An input of fuzz_image: 48 bytes that say what is done, then the region. Of a region that is a
 * native store's, what protects it can be made right before it is opened, so that a change of any
 * byte is not merely one that a checksum tells.
 */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_IMAGE_H
#define CAIRN_TESTS_FUZZ_FUZZ_IMAGE_H

#include "store/store.h"

/** Where the region begins in an input. */
#define IMAGE_HEAD 48U

/** Offsets in an input. */
enum {
	IMAGE_FLAGS = 0,   /**< IMAGE_CLASSIC... */
	IMAGE_ENTRIES = 1, /**< max_entries */
	IMAGE_SIZE = 2,    /**< native: pages; classic: how much the file may grow, and its place */
	IMAGE_PART = 3,    /**< the fragmentation factor, in 256ths; 0: as it is */
	IMAGE_SPARED = 4,  /**< 4 bytes: a bit for each slot that is not sealed, modulo 32 */
	IMAGE_STEPS = 8,   /**< 40 bytes: what is done, and to what */
};

/** What the flags may have. */
enum {
	IMAGE_CLASSIC = 1,
	IMAGE_UNCHECKED = 2,
	IMAGE_SIEVE = 4,
	IMAGE_POKED = 8,        /**< native: bytes of the region change while it is open */
	IMAGE_SEAL_SUPER = 16,  /**< checksums of the superblock's copies */
	IMAGE_SEAL_CHAIN = 32,  /**< sizes that lead to the end, and tags */
	IMAGE_SEAL_RECORD = 64, /**< checksums of records, and their key's length behind them */
	IMAGE_SEAL_ODD = 128,   /**< with IMAGE_SEAL_CHAIN: sizes stay that no slot may have */
};

/** Seals the region of SIZE bytes as FLAGS have it, but for the slots of SPARED. */
void image_seal(uint8_t *region, uint32_t size, uint8_t flags, uint32_t spared);

/** libFuzzer's own: makes the SIZE bytes at DATA another input of at most MAX_SIZE. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** libFuzzer's own: as it would without a custom one. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
