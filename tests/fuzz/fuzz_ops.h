/* SPDX-License-Identifier: MIT */
/*
 * An input of fuzz_ops: two bytes for the store (fuzz_ops.c, start()), then calls, each a byte for
 * the call, one for the key and what the call takes. make-seeds.py writes them from text.
 */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_OPS_H
#define CAIRN_TESTS_FUZZ_FUZZ_OPS_H

/** The calls, and how many bytes they take. */
enum {
	OPS_PUT,         /**< 3: two for the length, one for the bytes and the expiry */
	OPS_PUT_IF,      /**< 4: as before, and which version */
	OPS_PUT_HELD,    /**< 1: which view */
	OPS_GET,         /**< 0; 1 if FUZZ_PINS are held */
	OPS_RELEASE,     /**< 0 */
	OPS_READ,        /**< 1: how much room there is */
	OPS_CONTAINS,    /**< 0 */
	OPS_DELETE,      /**< 0 */
	OPS_WALK,        /**< 2: options, and after how many to stop */
	OPS_COMPACT,     /**< 2: how much */
	OPS_COMPACT_ALL, /**< 0 */
	OPS_PURGE,       /**< 0 */
	OPS_CLOCK,       /**< 0: the key says how far */
	OPS_REOPEN,      /**< 1: entries, policy */
	OPS_CLEAR,       /**< 0 */
	OPS_WRONG,       /**< 0 */
	OPS_COUNT,
};

#endif
