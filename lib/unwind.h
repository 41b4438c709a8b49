/* SPDX-License-Identifier: MIT */
/*
 * Who called whom, by the unwind tables that the compiler makes (ARM IHI 0038: EHABI).
 *
 * The stack may be broken, and so may be the tables: every word is read through a callback that
 * refuses what is not there, the stack pointer only ever goes up, and a return address counts only
 * if it lies behind a call. Where there is no table (the C library, code that went astray) the next
 * word on the stack that could be a return address is taken, and said to be a guess.
 */
#ifndef CAIRN_LIB_UNWIND_H
#define CAIRN_LIB_UNWIND_H

#include "lib/types.h"

/** The code, its tables, and the way to memory. Addresses are those of the board: 32 bits. */
struct unwind_image {
	uint32_t text, text_end;   /**< [text, text_end): code */
	uint32_t index, index_end; /**< .ARM.exidx: entries of 8 bytes by ascending function */
	/** The word at ADDR, a multiple of 4, to *WORD; false: it cannot be read. */
	bool (*read)(void *ctx, uint32_t addr, uint32_t *word);
	void *ctx;
};

#define UNWIND_SP 13
#define UNWIND_LR 14
#define UNWIND_PC 15

/** A frame: what the registers were in it, as far as its callees kept them. */
struct unwind {
	const struct unwind_image *image;
	uint32_t r[16]; /**< PC: of the instruction, or within the call that has not come back */
	bool guessed;   /**< the frame was found by looking for a return address */
	bool first;     /**< where it began: it may be anywhere in its function */
};

/** Begins at the registers R of whatever runs, or was stopped. *IMAGE is kept, not copied. */
void unwind_begin(struct unwind *u, const struct unwind_image *image, const uint32_t r[16]);

/** Goes to the caller. False: there is none, or none can be found; *U is of no use then. */
bool unwind_up(struct unwind *u);

#endif
