/* SPDX-License-Identifier: MIT */
/*
 * The calls of fuzz_ops: each takes what it needs of the input, makes its call of the store,
 * compares the answer with the model and changes that.
 */
#ifndef CAIRN_TESTS_FUZZ_OPS_CALLS_H
#define CAIRN_TESTS_FUZZ_OPS_CALLS_H

#include "tests/fuzz/fuzz_ops.h"
#include "tests/fuzz/ops_model.h"

/** A view that is held, and its bytes, of key, data and metadata, when it was pinned. */
struct ops_held {
	struct store_view view;
	uint8_t *bytes;
};

/** The input, the store, and what it should hold. */
extern struct ops {
	struct fuzz_store f;
	uint8_t *region;
	struct fuzz_walk walk;
	struct fuzz_input in;
	struct ops_model model;
	struct ops_held held[FUZZ_PINS];
	struct store_stats counted; /* as the counters should be */
} t;

/** Whether the store is a classic one. */
bool ops_classic(void);

/** How many bytes a view's key, data and metadata have together. */
uint32_t ops_view_bytes(const struct store_view *v);

/** A call that reads (ops_read.c), with key number I. */
void ops_read_call(uint8_t op, uint32_t i);

/** A call that writes, or tries to (ops_write.c), with key number I. */
void ops_write_call(uint8_t op, uint32_t i);

/** A put without room, or an open, took out what is expired. */
void ops_note_purge(void);

#endif
