/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers of the boot share. Each one puts its input where a loader would leave it and
 * calls fuzz_boot(), which takes the boot's own way from there to the end of find_memory() and
 * checks after each step what must hold whatever the input is. A check that fails is a crash.
 */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_BOOT_H
#define CAIRN_TESTS_FUZZ_FUZZ_BOOT_H

#include "boot/boot.h"
#include "mm/memblock.h"
#include "tests/fuzz/fuzz_check.h"

/** Where the loader of the fuzzers leaves a tree or ATAGs: in the first bank of most trees. */
#define FUZZ_AT 0x64000000U
/** Where the image lies, which is not there: nothing reads it. */
#define FUZZ_IMAGE 0x60010000U

/** The tree of tests/fuzz/fixed.dts, with two banks. */
extern const char fuzz_fixed_tree[];

/** libFuzzer's own: called once for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/** libFuzzer's own: called before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/**
 * Puts the SIZE bytes at DATA at FUZZ_AT. What the boot may read of them before it maps more is two
 * words; behind them are zeros or, with REPEAT, the same bytes again and again.
 */
void fuzz_put(const void *data, size_t size, bool repeat);

/**
 * Boots with r2 = FUZZ_AT, up to the end of find_memory(), checks each step, and then allocates and
 * frees as SEED has it. What is refused on the way in ends there.
 */
void fuzz_boot(uint32_t seed);

/** A number made of the bytes, for what should differ from input to input but not between runs. */
uint32_t fuzz_hash(const void *data, size_t size);

/** A number below N > 0, and the state to go on from. */
uint32_t fuzz_below(uint64_t *state, uint32_t n);

/* ---- the lists (fuzz_lists.c) --------------------------------------------------------------- */

/** Both lists as they were. */
struct fuzz_lists {
	unsigned long count[2]; /**< of memory, of reserved */
	struct memblock_region regions[2][INIT_MEMBLOCK_REGIONS];
};

/** The end of a region; no region reaches the last byte, so this cannot wrap. */
uint64_t fuzz_end(const struct memblock_region *r);

/** Whether any byte of [base, end) is in a region of TYPE that has one of FLAGS; 0: any region. */
bool fuzz_meets(const struct memblock_type *type, uint64_t base, uint64_t end, unsigned flags);

/** Whether every byte of [base, end) is in TYPE. */
bool fuzz_covers(const struct memblock_type *type, uint64_t base, uint64_t end);

/** Sorted, disjoint, merged, nothing empty, the sums right, nothing past the arrays. */
void fuzz_check_lists(void);

/** Copies both lists to *NOW. */
void fuzz_keep_lists(struct fuzz_lists *now);

/** Whether [base, end) met the list `reserved` as kept in *THEN. */
bool fuzz_was_reserved(const struct fuzz_lists *then, uint64_t base, uint64_t end);

/** Whether both lists are as they were. */
bool fuzz_same_lists(const struct fuzz_lists *then);

/** Allocates blocks, each in the one place where it belongs, and frees them: all is as it was. */
void fuzz_check_allocations(uint32_t seed);

/* ---- the rules: fuzz_handed.c, fuzz_memory.c, fuzz_reserved.c ------------------------------- */

/** ATAGs and command line are those that were handed over. */
void fuzz_check_handed(const struct boot *b);

/** Memory is what tree, ATAGs and mem= say; to be called before anything is marked no-map. */
void fuzz_check_memory(const struct boot *b);

/** Nothing that tree, loader or command line want spared can be given away, and no more is lost. */
void fuzz_check_reserved(const struct boot *b);

#endif
