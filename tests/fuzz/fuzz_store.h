/* SPDX-License-Identifier: MIT */
/*
 * What the two fuzzers of the store share: the bytes of an input one by one, a region that ends
 * where its memory ends, and a look at the whole store that compares every call that tells
 * something about it with a walk of the region by other code. A check that fails is a crash.
 */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_STORE_H
#define CAIRN_TESTS_FUZZ_FUZZ_STORE_H

#include "store/store.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/unit/walker.h"

/** libFuzzer's own: called once for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What is left of an input. Behind its end there are zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/** The next byte, the next two, and the next four. */
uint8_t fuzz_take(struct fuzz_input *in);
uint16_t fuzz_take16(struct fuzz_input *in);
uint32_t fuzz_take32(struct fuzz_input *in);

/** Memory of exactly SIZE bytes for a store; to be freed with free(). */
uint8_t *fuzz_region(uint32_t size);

#define FUZZ_PINS 8U /**< views that are held at a time */

/** A store and what is around it. */
struct fuzz_store {
	struct store s;
	struct store_config config;
	int64_t now;    /**< what the store's clock says */
	unsigned lines; /**< reported since this was last set to 0 */
	/**
	 * Classic: since the open there was a record whose key had a later one. It is nobody's
	 * entry for good, whatever becomes of the later one, so a walk cannot tell what is.
	 */
	bool shadowed;
	/**
	 * With hooks: a copy of the region that has only what they were told of, and for each of
	 * its bytes whether it was written and not cleaned yet; to be freed by who asked for it.
	 */
	uint8_t *told, *dirty;
	uint32_t dirty_bytes;
	bool unflushed; /**< something was written or cleaned after the last barrier */
	/** Slots that are pinned; to be kept by who pins them. */
	uint32_t pinned[FUZZ_PINS], pin_count;
};

/** Makes *F one with that region (which stays the caller's), clock and lines at 0. */
void fuzz_store_init(struct fuzz_store *f, uint8_t *region, uint32_t size);

/** From now on the store has hooks, and what they are told is kept. */
void fuzz_store_hook(struct fuzz_store *f);

/** The hooks were told of each write, and all is where it survives a reset. */
void fuzz_check_hooks(const struct fuzz_store *f);

/** store_open(), with the lines counted from 0. */
int fuzz_store_open(struct fuzz_store *f);

/** Whether F is of the layout store_classic. */
bool fuzz_is_classic(const struct fuzz_store *f);

/** What a walk of a region found, and what it cannot tell of a native one. */
struct fuzz_walk {
	struct walker w;
	uint32_t size;     /**< of the store; the region may be larger */
	uint32_t shadowed; /**< classic: records whose key has a later one; not among the entries */
	bool broken;       /**< classic: lengths that do not fit, or a record that is cut */
};

/** Walks the region of F, which is open or has been; what is wrong in a native one is a crash. */
void fuzz_walk_region(const struct fuzz_store *f, struct fuzz_walk *walk);

/**
 * Compares the open store with its region: entries in both orders, free slots, statistics. *WALK is
 * what the region holds.
 */
void fuzz_check_store(struct fuzz_store *f, struct fuzz_walk *walk);

/** Whether what VIEW has lies inside its slot and that inside the chain. */
void fuzz_check_view(const struct fuzz_store *f, const struct store_view *view);

#endif
