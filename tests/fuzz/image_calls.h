/* SPDX-License-Identifier: MIT */
/* The calls of fuzz_image: reads and writes of a store that was opened, each with its checks. */
#ifndef CAIRN_TESTS_FUZZ_IMAGE_CALLS_H
#define CAIRN_TESTS_FUZZ_IMAGE_CALLS_H

#include "tests/fuzz/fuzz_store.h"

#define IMAGE_KEYS 48U

/** A key that was seen, or is not there. */
struct image_key {
	uint8_t *bytes;
	uint32_t len;
};

/** A view that is held. */
struct image_held {
	struct store_view view;
	uint8_t *bytes; /* of key, data and metadata when it was pinned */
};

/** The input and the store. */
extern struct image {
	struct fuzz_store f;
	uint8_t *region, *was; /* *WAS: a copy of it, as it was before the open */
	struct fuzz_walk walk;
	struct walker before; /* what was found before the open */
	struct fuzz_input in;
	struct image_key key[IMAGE_KEYS];
	uint32_t keys;
	struct image_held held[FUZZ_PINS];
	bool pokes, poked; /* bytes may change, and did */
} t;

/** The bytes of the pinned views are what they were. */
void image_check_held(void);

/** An answer about an entry that was there once: only a damaged region has damaged ones. */
void image_check_answer(int err);

/** Gives back view number I. */
void image_release(uint32_t i);

/** Gets a key and holds the view; the eldest is given back if there are too many. */
void image_hold(const struct image_key *k);

/** Reads a key to ROOM bytes. */
void image_read(const struct image_key *k, uint32_t room);

/** Walks with the options that HOW has, a prefix of K one of them. */
void image_walk(const struct image_key *k, uint8_t how);

/** Every key that was seen, and walks of all kinds. */
void image_read_everything(void);

/** The call OP, below 8, that writes. */
void image_write(uint8_t op, const struct image_key *k, uint8_t arg);

#endif
