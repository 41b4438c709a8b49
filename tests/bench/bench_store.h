/* SPDX-License-Identifier: MIT */
/*
 * What make bench-store does with each engine, apart from how it is measured.
 *
 * A cycle takes an engine through the rows, one operation after the other: the same keys and values
 * in the same order for every engine. Keys and values come from a seed and are not stored; between
 * the rows the answers are checked.
 */
#ifndef CAIRN_TESTS_BENCH_STORE_H
#define CAIRN_TESTS_BENCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_KEY_LEN 16
#define BENCH_FIXED_LEN 100
#define BENCH_VALUE_MAX 1000

struct bench_key {
	uint8_t bytes[BENCH_KEY_LEN];
	uint32_t id; /**< only for the floor, which knows where everything is */
};

/** What values are like. */
enum bench_values {
	BENCH_FIXED, /**< BENCH_FIXED_LEN bytes; 50 to 150 after an overwrite with another size */
	BENCH_MIXED, /**< 10 to BENCH_VALUE_MAX bytes */
};

/** What an engine has done for the cache and the memory behind it. */
struct engine_cost {
	uint64_t barriers, lines;
};

/** An engine under test: one store at a time. What fails ends the program, by bench_fail(). */
struct engine {
	const char *name;
	/** Makes an empty store for ENTRIES entries of together BYTES bytes of keys and values. */
	void (*open)(uint32_t entries, size_t bytes);
	/** Writes KEY = VALUE, whether it is there or not. */
	void (*put)(const struct bench_key *key, const void *value, uint32_t len);
	/** Copies KEY's value to the BENCH_VALUE_MAX bytes at VALUE; its length, or 0: not there.
	 */
	uint32_t (*get)(const struct bench_key *key, void *value);
	/** Whether KEY was there. */
	bool (*remove)(const struct bench_key *key);
	/** Calls VISIT with each value, in the order that is quickest. */
	void (*iterate)(void (*visit)(const void *value, uint32_t len));
	/** Forgets the store but for what outlives a crash; NULL: nothing does. */
	void (*crash)(void);
	/** Makes what outlived the crash a store again. */
	void (*recover)(void);
	/** The memory that the entries take, with keys and values. With HOLES: and what lies unused
	 * between them. NULL: unknown. */
	size_t (*spent)(bool holes);
	/** How much of that is not where the entries are, but what finds them and free room; NULL:
	 * unknown. */
	size_t (*outside)(void);
	/** The cost since the store was opened; NULL: not counted. */
	struct engine_cost (*cost)(void);
	void (*close)(void);
};

/** The engines of the adapter that is linked in, ended by one without a name. */
extern const struct engine engines[];

/** How the rows are measured. A row is BEGIN, operations, END. */
struct bench_meter {
	void (*begin)(void);
	/** Asked after every few thousand operations: whether the row may end early. NULL: it may
	 * not. */
	bool (*enough)(void);
	/** OPS operations of ROW were done; their COST, or zero. */
	void (*end)(const char *row, uint32_t ops, struct engine_cost cost);
	/** The engine's bytes for each entry, beyond key and value: WHAT is "fresh" or "churned",
	 * and of those "fresh_outside" and "churned_outside". NULL: not asked for. */
	void (*bytes)(const char *what, double each);
};

/** The rows, ended by NULL. An engine that forgets everything in a crash has no "recovery". */
extern const char *const bench_store_rows[];

/** Makes ready for N entries; once. */
void bench_store_prepare(uint32_t n, enum bench_values values);

/** Takes ENGINE through all rows, from an empty store to an empty store. */
void bench_store_cycle(const struct engine *engine, const struct bench_meter *meter);

/** The row "put_untouched": puts into an empty store, before anything else has used the memory. */
void bench_store_first_puts(const struct engine *engine, const struct bench_meter *meter);

/** The rows of single operations with an engine that does nothing: what is left is the loop, and
 * making keys. */
void bench_store_loop(const struct bench_meter *meter);

/**
 * Times each put of an empty store's N entries by CLOCK, in two stores, and returns the longest of
 * the N: for each the lesser of the two times counts, so that only what the put itself does is
 * seen.
 */
uint32_t bench_store_longest_put(const struct engine *engine, uint32_t (*clock)(void));

/** The bytes of keys and values that the cycle has at most at a time, about. */
size_t bench_store_bytes(void);

/* Each program has its own of these. */

/** Says that WHAT failed, and ends the program. */
_Noreturn void bench_fail(const char *what);

/** Brings [ptr, ptr + len) to where it survives a reset, if there is a reset to fear. */
void bench_clean(const void *ptr, size_t len);

/** Waits until that is so. */
void bench_barrier(void);

/** Lets the region be written, or no longer, where something keeps others from that. */
void bench_window(bool open);

#endif
