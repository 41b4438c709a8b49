/* SPDX-License-Identifier: MIT */
/*
 * Reads a line with editing, over any way to read and write bytes.
 *
 * The terminal needs to know nothing but printing, newline and a backspace that moves left. A
 * character is a byte with the UTF-8 continuation bytes behind it and takes one column. A line that
 * the terminal wraps is edited right, but the cursor cannot be shown going back over the wrap (a
 * dumb terminal has no way); Ctrl-L shows it anew.
 *
 * Keys: left, right, Home or Ctrl-A, End or Ctrl-E, up and down (history), backspace, Delete,
 * Ctrl-K (to the end), Ctrl-U (to the start), Ctrl-W (the word before), Ctrl-C (the line), Ctrl-L,
 * Tab (a space, so that pasted words stay apart). Other control bytes and escape sequences do
 * nothing.
 */
#ifndef CAIRN_SHELL_LINE_H
#define CAIRN_SHELL_LINE_H

#include "shell/shell.h"

/** A line editor. After line_read(), text and len are the line; the rest is the editor's own. */
struct line {
	char text[SHELL_LINE_MAX + 1]; /**< NUL-terminated; no byte of it is below ' ' */
	size_t len;                    /**< without the NUL */

	int (*read)(void *ctx);
	void (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
	const char *prompt;

	size_t cursor;        /* offset in text, at the start of a character */
	unsigned int missing; /* continuation bytes still to come; what is behind them is not shown
				 yet */
	bool too_long;        /* the line is being thrown away up to its end */
	bool after_cr;
	bool has_pushed; /* pushed is the next byte */
	int pushed;

	char history[SHELL_HISTORY][SHELL_LINE_MAX + 1]; /* line n at n % SHELL_HISTORY */
	size_t lines;                                    /* ever put there */
	size_t back;                    /* how many lines back the up arrow has gone; 0: none */
	char draft[SHELL_LINE_MAX + 1]; /* what was typed before it */
};

/**
 * Prepares L, with an empty history. READ and WRITE are called with CTX: READ waits for one byte
 * and returns it (0..255), or a negative value: no more will come.
 */
void line_init(struct line *l, int (*read)(void *ctx),
	       void (*write)(void *ctx, const char *text, size_t len), void *ctx);

/**
 * Shows PROMPT and reads a line into l->text; '\r', '\n' and "\r\n" end it. Returns its length
 * (0..SHELL_LINE_MAX), or -1 when no more will come; an unfinished line is dropped then. A longer
 * line is reported to the person, thrown away as a whole, and the next one read. A line that is
 * neither empty nor the one before goes to the history.
 */
int line_read(struct line *l, const char *prompt);

#endif
