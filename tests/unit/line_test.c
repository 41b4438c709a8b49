/* SPDX-License-Identifier: MIT */
#include "tests/unit/line_test.h"

#include <stdio.h>
#include <string.h>

struct screen screen;
struct keys keys;
struct line editor;

static size_t row_text(char *text, size_t columns)
{
	size_t n = 0;

	for (size_t i = 0; i < columns; i++)
		n += (size_t)sprintf(text + n, "%s", screen.cell[i]);
	return n;
}

/* A terminal takes the bytes of a character one behind the other, with nothing between them. */
static void check_utf8(unsigned char c)
{
	bool continues = (c & 0xc0) == 0x80;

	if (c == '\n') /* the line ends with what was missing */
		screen.missing = 0;
	assert_true(screen.loose || continues == (screen.missing > 0));
	if (continues)
		screen.missing -= screen.missing > 0;
	else
		screen.missing = (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0);
}

/* The terminal may have wrapped the row: only from its end does a newline lead to a new one. */
static void check_row_is_left_at_its_end(void)
{
	for (size_t i = screen.column; i < screen.width && !screen.loose; i++)
		assert_string_equal(screen.cell[i], " ");
}

static void put_byte(char c)
{
	screen.bytes++;
	check_utf8((unsigned char)c);
	if (c == '\n') {
		size_t n = row_text(screen.above, screen.width);

		check_row_is_left_at_its_end();
		while (n && screen.above[n - 1] == ' ')
			screen.above[--n] = '\0';
		memset(screen.cell, 0, sizeof(screen.cell));
		screen.column = screen.width = 0;
		screen.rows++;
	} else if (c == '\b') {
		assert_true(screen.column > 0);
		screen.column--;
	} else if ((c & 0xc0) == 0x80 && screen.column > 0) {
		strncat(screen.cell[screen.column - 1], &c, 1);
	} else {
		assert_true((unsigned char)c >= ' ' && c != 0x7f);
		assert_true(screen.column < COLUMNS - 1);
		screen.cell[screen.column][0] = c;
		screen.cell[screen.column][1] = '\0';
		if (++screen.column > screen.width)
			screen.width = screen.column;
	}
}

void write_screen(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		put_byte(text[i]);
}

void clear_screen(void)
{
	memset(&screen, 0, sizeof(screen));
}

static int read_key(void *ctx)
{
	(void)ctx;
	if (keys.before)
		keys.before();
	return keys.at < keys.len ? (unsigned char)keys.bytes[keys.at++] : -1;
}

void check_row(const char *text, size_t column)
{
	static char shown[COLUMNS * 4];
	size_t columns = strlen(PROMPT);

	for (const char *c = text; *c; c++)
		columns += (*c & 0xc0) != 0x80;
	row_text(shown, columns);
	assert_memory_equal(shown, PROMPT, strlen(PROMPT));
	assert_string_equal(shown + strlen(PROMPT), text);
	assert_int_equal(screen.column, strlen(PROMPT) + column);
	for (size_t i = columns; i < screen.width; i++)
		assert_string_equal(screen.cell[i], " ");
}

void type(const char *bytes, size_t len)
{
	clear_screen();
	line_init(&editor, read_key, write_screen, NULL);
	keys.bytes = bytes;
	keys.len = len;
	keys.at = 0;
	keys.before = NULL;
}
