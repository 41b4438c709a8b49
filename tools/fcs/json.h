/* SPDX-License-Identifier: MIT */
/*
 * Entries as JSON, one a line: {"key":"a","value":"b","meta":"","expiry":-1,"seq":7}. What is not
 * text stands as hex digits in "key_hex", "value_hex" or "meta_hex".
 */
#ifndef CAIRN_TOOLS_FCS_JSON_H
#define CAIRN_TOOLS_FCS_JSON_H

#include <stdio.h>

#include "store/store.h"
#include "tools/fcs/text.h"

struct record {
	struct bytes key, value, meta;
	int64_t expiry;
};

/** Prints a line for *V, with its number if it has one. */
void json_print(FILE *f, const struct store_view *v);

/**
 * Reads a line of LEN bytes. True and *R, to be freed, with lengths that a record may have; else
 * false, and in WHY what is wrong.
 */
bool json_parse(struct record *r, const char *line, size_t len, char *why, size_t room);

/** Frees what *R has. */
void json_free(struct record *r);

#endif
