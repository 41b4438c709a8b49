/* SPDX-License-Identifier: MIT */
/*
 * What several cores did to a set of registers, and whether it can be explained.
 *
 * Each core notes its calls in a log of its own, with a stamp from before the call and one from
 * behind it. The calls on one register can be explained (they are linearisable) if each of them can
 * be given a moment between its two stamps such that, in the order of these moments, each answered
 * what a register does that one core alone uses.
 *
 * A register holds a number, 0 for nothing; a number is written at most once to a register. It may
 * have up to eight parts, which are written together: bit N of a number with parts says that part N
 * has nothing then. A number may have an expiry, a time at which it is still there and behind which
 * it counts as nothing; the time is set by an event of its own. A read may find what was not
 * expired at an earlier time, that of its start: it looks at the clock first. But nothing is missed
 * by it.
 *
 * Needs no more of the system than malloc: it runs on the board, too.
 */
#ifndef CAIRN_TESTS_THREADS_HISTORY_H
#define CAIRN_TESTS_THREADS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum history_kind {
	HISTORY_READ,  /**< the part holds VALUE; 0: nothing, or what is expired */
	HISTORY_SEEN,  /**< the part holds something */
	HISTORY_OTHER, /**< the part holds something, and it is not WAS */
	HISTORY_PUT,   /**< VALUE with EXPIRY is written */
	HISTORY_SWAP,  /**< the register held WAS (as READ has it); VALUE is written */
	HISTORY_TAKE,  /**< the register held something, expired or not; it is removed */
	HISTORY_CLEAR, /**< whatever the register held is removed */
	HISTORY_TIME,  /**< the time is VALUE now */
};

#define HISTORY_EVERY UINT32_MAX   /**< as a key: it happens to all registers */
#define HISTORY_PENDING UINT32_MAX /**< as an end: nobody saw one, it may not have happened */

struct history_event {
	uint32_t start, end; /**< stamps; no two of a history are the same, but HISTORY_PENDING */
	uint32_t key;        /**< which register */
	uint32_t value, was;
	uint32_t expiry; /**< 0: never */
	uint32_t since;  /**< the time when it started, if it may go by that; 0: it may not */
	uint8_t kind, part, core; /**< PART: 0 for a register without, else its number and 1 */
};

/** What one core did. All zero but for the core: nothing. */
struct history_log {
	struct history_event *events;
	size_t count, room;
	uint8_t core;
	bool full; /**< there was no memory: the log is not complete */
};

/** The next stamp: later than all that anybody drew before. */
uint32_t history_stamp(void);

/** Adds EVENT, whose core is that of LOG. */
void history_add(struct history_log *log, struct history_event event);

/** Makes room for COUNT events, so that none of them needs malloc. False: there is no memory. */
bool history_reserve(struct history_log *log, size_t count);

/** Frees the events of LOG, which has none then. */
void history_free(struct history_log *log);

/** What a register may do beside what was noted. */
struct history_rules {
	bool evicts; /**< it may lose what it holds at any moment */
};

/** What cannot be explained. */
struct history_fault {
	const char *what; /**< a clause on it */
	uint32_t key;
	struct history_event event; /**< up to this one, by its end, there is no order */
};

/**
 * Whether the events in LOGS, COUNT of them, can be explained. At most 32 may overlap in one
 * register, and the stamps begin above 0. False and *FAULT if not, or if there is no memory to find
 * out.
 */
bool history_explained(const struct history_log *logs, size_t count, struct history_rules rules,
		       struct history_fault *fault);

/** Calls PRINT with a line for each of the last events of FAULT's register that began before it
 * ended, at most MOST. */
void history_tell(const struct history_log *logs, size_t count, const struct history_fault *fault,
		  size_t most, void (*print)(const char *line));

#endif
