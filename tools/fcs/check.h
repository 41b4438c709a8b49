/* SPDX-License-Identifier: MIT */
/* What "fcs check" finds: a line each, and a total. */
#ifndef CAIRN_TOOLS_FCS_CHECK_H
#define CAIRN_TOOLS_FCS_CHECK_H

#include "store/store.h"
#include "tools/fcs/file.h"

/** A record that would be served, unless there is a later one of its key. */
struct check_record {
	const uint8_t *key;
	uint32_t key_len;
	uint32_t off, size;
	bool deletes;   /**< what would be served of its key goes, if that has a lower number */
	uint64_t order; /**< of two records of a key the one with the higher number counts */
};

struct check {
	const struct file *file;
	uint32_t problems; /**< bytes are not what they should be */
	uint32_t notes;    /**< what a reset leaves, and the next open puts in order */
	uint32_t free_slots, kept_aside;
	struct check_record *records; /**< to be freed */
	size_t count, room;
};

/** Prints a line about the bytes at OFF (of the .dat or the region), and counts a problem. */
void check_problem(struct check *c, uint32_t off, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** The same for a note. */
void check_note(struct check *c, uint32_t off, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** Remembers a record. */
void check_add(struct check *c, const struct check_record *r);

/** Checks a plain .dat. */
void check_classic(struct check *c);

/** Checks a region. It is not recovered yet, and stays as it is. */
void check_region(struct check *c);

#endif
