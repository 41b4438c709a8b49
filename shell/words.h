/* SPDX-License-Identifier: MIT */
/*
 * A line as commands and words, with the quoting of a POSIX shell and nothing else of it: no
 * variables, no patterns, no comments.
 */
#ifndef CAIRN_SHELL_WORDS_H
#define CAIRN_SHELL_WORDS_H

#include "shell/shell.h"

/** The words of one command. */
struct words {
	int count;                       /**< 0: the command is empty */
	char *word[SHELL_WORDS_MAX + 1]; /**< word[count] is NULL */
	char text[SHELL_LINE_MAX + 1];   /**< what they point to; one word may be empty ('') */
};

/**
 * Takes the first command off *LINE, which is moved behind its ';' (a newline ends a command as
 * well) or to the line's end: done when **LINE is '\0'. In '...' every byte stands for itself; in
 * "..." a backslash takes the meaning from one of $ ` " \ and stands for itself before any other
 * byte; outside it does so for each byte. A backslash and newline, not in '...', are nothing.
 *
 * Returns NULL, or what is wrong as one sentence (static text): a quote without its end, a
 * backslash with nothing behind it, more than SHELL_WORDS_MAX words, or words of more bytes than
 * SHELL_LINE_MAX. *LINE and *W are of no use then.
 */
const char *words_split(struct words *w, const char **line);

#endif
