/* SPDX-License-Identifier: MIT */
/* What the store of fuzz_ops should hold: for each of a few keys what was last put. */
#ifndef CAIRN_TESTS_FUZZ_OPS_MODEL_H
#define CAIRN_TESTS_FUZZ_OPS_MODEL_H

#include "tests/fuzz/fuzz_store.h"

#define OPS_KEYS 24U
#define OPS_KEY_MAX 700U

struct ops_entry {
	bool there;
	uint32_t data_len, meta_len;
	uint8_t *bytes; /**< data, then metadata */
	int64_t expiry;
	uint64_t version; /**< of store_native, once it was seen; 0: not yet */
	uint32_t off;     /**< of its slot, when it was last looked at */
};

struct ops_model {
	struct ops_entry entry[OPS_KEYS];
	uint32_t count;   /**< of those that are there */
	uint64_t version; /**< the highest that was seen */
};

/** Key number I; *LEN is its length. Some begin with others, some are long. */
const uint8_t *ops_key(uint32_t i, uint32_t *len);

/** The number of a key, or OPS_KEYS. */
uint32_t ops_find(const void *key, uint32_t len);

/** Entry I becomes a copy of these. */
void ops_set(struct ops_model *m, uint32_t i, const void *data, uint32_t data_len, const void *meta,
	     uint32_t meta_len, int64_t expiry);

/** Entry I goes, if it is there. */
void ops_drop(struct ops_model *m, uint32_t i);

/** Whether entry I is there and alive at NOW. */
bool ops_alive(const struct ops_model *m, uint32_t i, int64_t now);

/** Drops all entries that are expired at NOW; how many there were. */
uint32_t ops_drop_expired(struct ops_model *m, int64_t now);

/** Whether data and metadata, which may be NULL for "not asked for", are those of entry I. */
bool ops_same(const struct ops_model *m, uint32_t i, const void *data, uint32_t data_len,
	      const void *meta, uint32_t meta_len);

/** Compares with the entries of a walk: all are there, no others, and no version came twice. */
void ops_compare(struct ops_model *m, const struct walker *w);

/** Drops all. */
void ops_clear(struct ops_model *m);

#endif
