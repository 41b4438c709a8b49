/* SPDX-License-Identifier: MIT */
/*
 * The line editor on a terminal that knows nothing but printing, newline and backspace, and
 * somebody who types.
 */
#ifndef CAIRN_TESTS_UNIT_LINE_TEST_H
#define CAIRN_TESTS_UNIT_LINE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shell/line.h"

#define PROMPT "cairn> "
#define COLUMNS 2048

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"
#define DELETE "\x1b[3~"

/** A terminal's row: a cell is a byte and its UTF-8 continuation bytes. */
extern struct screen {
	char cell[COLUMNS][8];
	size_t column, width;    /**< of the row */
	char above[COLUMNS * 4]; /**< the row before, without blanks at its end */
	size_t rows, bytes;
	int missing; /**< continuation bytes of the character that is being written */
	bool loose;  /**< they may be missing and stand alone */
} screen;

/** What the editor writes; fails if the terminal could not show it. */
void write_screen(void *ctx, const char *text, size_t len);

/** Nothing is on the screen. */
void clear_screen(void);

/** Fails unless the row is the prompt and TEXT, and the cursor COLUMN characters behind that. */
void check_row(const char *text, size_t column);

/** The bytes that the person types, and what to do when the editor asks for the next one. */
extern struct keys {
	const char *bytes;
	size_t len, at;
	void (*before)(void);
} keys;

extern struct line editor;

/** A new editor on an empty screen, and LEN bytes that are typed. */
void type(const char *bytes, size_t len);

#endif
