/* SPDX-License-Identifier: MIT */
/* Lines of the script language of "fcs run". docs/fcs.md has all of them. */
#ifndef CAIRN_TOOLS_FCS_SCRIPT_H
#define CAIRN_TOOLS_FCS_SCRIPT_H

#include "tools/fcs/options.h"
#include "tools/fcs/text.h"

enum op_verb {
	OP_NOTHING, /**< an empty line or a comment */
	OP_CLOCK,
	OP_START,
	OP_STOP,
	OP_PUT,
	OP_GET,
	OP_DEL,
	OP_CONTAINS,
	OP_CLEAR,
	OP_PURGE,
	OP_SIZE,
	OP_FREE,
	OP_ENTRIES,
	OP_LRU,
	OP_FILESIZE,
	OP_SHA,
	OP_DUMP,
};

struct op {
	enum op_verb verb;
	struct bytes key, value;
	struct bytes meta; /**< at is NULL: absent */
	int64_t number;    /**< an expiry, or a clock */
};

/**
 * Reads LINE, which has LEN bytes without its newline and is changed. True and *OP, to be freed;
 * else false, and in WHY (of ROOM bytes) what is wrong.
 */
bool script_parse(struct op *op, char *line, size_t len, char *why, size_t room);

/** Frees what *OP has. */
void script_free(struct op *op);

/** Reads the options that LINE has if it is a comment that begins with one: "# --frag 0.5". */
void script_options(struct options *o, unsigned allowed, const char *where, char *line);

#endif
