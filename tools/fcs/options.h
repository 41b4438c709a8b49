/* SPDX-License-Identifier: MIT */
/* What the user of fcs asks for, and how fcs ends. */
#ifndef CAIRN_TOOLS_FCS_OPTIONS_H
#define CAIRN_TOOLS_FCS_OPTIONS_H

#include "store/store.h"

/** Exit statuses of fcs. */
enum {
	STATUS_OK = 0,
	STATUS_NO = 1,    /**< there is no such entry; check found problems, repair has
			  something left to do */
	STATUS_USAGE = 2, /**< wrong usage, or input that is not what it should be */
	STATUS_ERROR = 3, /**< a file or a store cannot be used */
};

/** Bits for the options that a command takes. */
enum {
	OPTION_FILE = 1 << 0,
	OPTION_MAX_ENTRIES = 1 << 1,
	OPTION_FRAG = 1 << 2,
	OPTION_POLICY = 1 << 3,
	OPTION_CLASSIC = 1 << 4,
	OPTION_SIZE = 1 << 5,
	OPTION_RAM_BASE = 1 << 6,
	OPTION_AT = 1 << 7,
	OPTION_HEX = 1 << 8,
	OPTION_META = 1 << 9,
	OPTION_EXPIRES = 1 << 10,
	OPTION_FCS1 = 1 << 11,
	OPTION_YES = 1 << 12,
	OPTION_SAVE = 1 << 13,
	OPTION_PHYS = 1 << 14,
};

struct options {
	unsigned given;   /**< OPTION_ bits */
	const char *file; /**< of --file; NULL: none */
	uint32_t max_entries;
	float frag;
	enum store_policy policy;
	bool classic, hex;
	uint32_t size; /**< of a store that is made */
	uint64_t ram_base, at;
	uint64_t phys;    /**< of a region in this computer's memory */
	const char *meta; /**< hex; NULL: none */
	int64_t expires;
	const char *fcs1; /**< a file to write; NULL: none */
	bool yes;
	const char *save; /**< a folder to write to; NULL: none */
	char **args;      /**< what is no option */
	int arg_count;
};

/** Sets *O to what it is without any option. */
void options_init(struct options *o);

/**
 * Reads the options in ARGV (from 1 on) over those that are in *O already. Only those of ALLOWED
 * may be there. What is wrong ends the program with a line, which has WHERE in front, and a status
 * of 2.
 */
void options_parse(struct options *o, unsigned allowed, const char *where, int argc, char *argv[]);

/** A number with an optional sign that fits in 64 bits and nothing else: whether TEXT is one. */
bool parse_signed(const char *text, int64_t *value);

/** Prints "fcs: " and a line, and ends the program with STATUS. */
_Noreturn void die(int status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
