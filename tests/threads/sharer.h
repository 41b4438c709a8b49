/* SPDX-License-Identifier: MIT */
/*
 * One of several that use a store at random, and what each of them notes (tests/threads/history.h).
 * It runs in threads of the host, and on the cores of the board.
 *
 * Register N below the world's keys is a key of its own. The registers behind these are groups of
 * SHARER_PARTS keys, of which a batch writes all at once. Every byte of a value and its metadata
 * follows from the register, the part and the number that is written there, so that one which is
 * made of two values, or of anything else, is no value.
 */
#ifndef CAIRN_TESTS_THREADS_SHARER_H
#define CAIRN_TESTS_THREADS_SHARER_H

#include <stdatomic.h>

#include "store/store.h"
#include "tests/threads/history.h"

#define SHARER_PARTS 4U
#define SHARER_VALUE_MAX 4096U
#define SHARER_META_MAX 16U
#define SHARER_KEY_MAX 48U
#define SHARER_HELD 4U
#define SHARER_REGISTERS 4096U /**< keys and groups together */

/** What a sharer does. */
enum sharer_op {
	SHARER_PUT,
	SHARER_DELETE,
	SHARER_READ,
	SHARER_CONTAINS,
	SHARER_GET,   /**< and look at all of it, and release it or hold it */
	SHARER_SWAP,  /**< put_if the version that it just read is still there, or nothing */
	SHARER_GROUP, /**< a batch that writes a group */
	SHARER_BATCH, /**< one of some keys */
	SHARER_WALK,
	SHARER_PURGE,
	SHARER_COMPACT,
	SHARER_STAT,
	SHARER_CLEAR,
	SHARER_TIME, /**< let the clock go on: only sharer 0 does */
	SHARER_OPS
};

/** What sharers do together, and on what store. */
struct sharer_plan {
	const char *name;
	uint32_t sharers, region, max_entries;
	enum store_policy policy;
	uint32_t keys, groups;
	uint32_t value_max; /**< bytes, at most SHARER_VALUE_MAX */
	bool expiries;      /**< some values have one */
	bool no_memory;     /**< some calls may have none */
	uint8_t odds[SHARER_OPS];
	uint32_t tide; /**< after so many calls puts become deletes, and again; 0: never */
};

/** What all sharers have in common. */
struct sharer_world {
	const struct sharer_plan *plan;
	struct store *s;
	/** Lets others go on, if that is wanted here; may be NULL. */
	void (*pause)(void);

	_Atomic uint32_t time;    /**< for config.now: sharer_now(); 1 at first */
	_Atomic uint32_t batch;   /**< the last group's number, under the store's lock */
	_Atomic uint32_t refused; /**< calls for which there was no room or no memory */
};

/** A view that is held. */
struct sharer_view {
	struct store_view view;
	uint32_t key, part, number;
};

struct sharer {
	struct sharer_world *world;
	struct history_log log;
	uint32_t number; /**< which sharer */
	uint64_t random; /**< any but 0 */
	uint32_t written, steps;
	struct sharer_view held[SHARER_HELD];
	uint32_t helds;
	char failure[160]; /**< "": none so far */

	/* Private. */
	uint8_t value[SHARER_VALUE_MAX], meta[SHARER_META_MAX];
	uint32_t seen[SHARER_REGISTERS][SHARER_PARTS]; /* by a walk */
};

/** The world's clock; CTX is a struct sharer_world. */
int64_t sharer_now(void *ctx);

/** An even number from [0, N). */
uint32_t sharer_below(struct sharer *sharer, uint32_t n);

/** Makes SHARER number NUMBER of WORLD, with nothing noted. */
void sharer_init(struct sharer *sharer, struct sharer_world *world, uint32_t number, uint64_t seed);

/** One random call, or a batch of them, of that kind; false and sharer->failure if it is wrong by
 * itself. */
bool sharer_do(struct sharer *sharer, enum sharer_op op);

/** sharer_do() of what the world's odds give. */
bool sharer_step(struct sharer *sharer);

/** Looks at all views that are held, and releases them. False: one has changed. */
bool sharer_release_all(struct sharer *sharer);

/** Reads every register and part, as sharer_do(SHARER_GET). */
bool sharer_read_all(struct sharer *sharer);

/**
 * Whether what SHARERS of one world noted, COUNT of them, can be explained, with evictions where
 * the plan has max_entries. False after lines to PRINT, without newlines: the last events of a
 * register that cannot be, and what is wrong with it.
 */
bool sharers_explained(const struct sharer *sharers, uint32_t count,
		       void (*print)(const char *line));

/** The key of part PART of register KEY, in TEXT; its length. */
uint32_t sharer_key(const struct sharer_world *world, uint32_t key, uint32_t part,
		    char text[SHARER_KEY_MAX]);

/** The register that a key is of, and its part; false: it is of none. */
bool sharer_parse(const struct sharer_world *world, const void *key, uint32_t key_len,
		  uint32_t *number, uint32_t *part);

/** Fills the sharer's value and metadata with value NUMBER of that register and part; its length.
 */
uint32_t sharer_make(struct sharer *sharer, uint32_t key, uint32_t part, uint32_t number);

/** How much metadata it has. */
uint32_t sharer_meta_len(uint32_t number);

/** Which value of that register and part this is, or 0: none at all. META may be NULL. */
uint32_t sharer_number(const struct sharer_world *world, uint32_t key, uint32_t part,
		       const void *data, uint32_t data_len, const void *meta, uint32_t meta_len);

#endif
