/* SPDX-License-Identifier: MIT */
/* Words of a kernel command line, by Linux's rules. */
#ifndef CAIRN_BOOT_CMDLINE_H
#define CAIRN_BOOT_CMDLINE_H

#include "lib/types.h"

#define CMDLINE_SPACE " \t\n\v\f\r" /**< what stands between words */

struct cmdline_param {
	char *name;
	char *value; /**< what follows the first '=', without its quotes; NULL if there is none */
};

/**
 * Takes the next parameter off *POS, a string that is cut into pieces on the way. Parameters are
 * separated by white space; double quotes keep spaces together. False at the end, and at a
 * parameter that is exactly "--": what follows it is not for us.
 */
bool cmdline_next(char **pos, struct cmdline_param *param);

/** The end of the word at TEXT: white space outside of quotes, or the NUL. */
char *cmdline_word_end(char *text);

/** Whether two names are one: '-' and '_' are the same in them. */
bool cmdline_same_name(const char *a, const char *b);

/**
 * Takes the parameters whose names begin with PREFIX out of TEXT, as far as it is for us. The
 * others stay as they were written, quotes included, with one space between them.
 */
void cmdline_drop(char *text, const char *prefix);

/**
 * A size: decimal, 0x hex or 0 octal, then one of K M G T P E in either case (powers of 1024).
 * *END is the first character behind it. False if there is no digit or it passes 64 bits.
 */
bool cmdline_size(const char *text, uint64_t *value, const char **end);

#endif
