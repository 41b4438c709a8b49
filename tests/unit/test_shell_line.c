/* SPDX-License-Identifier: MIT */
/*
 * The line editor against a model of the line and a terminal that knows nothing but printing,
 * newline and backspace. Whenever the editor asks for a key, the screen must show the model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/line.h"

#define SEED 77u
#define PROMPT "cairn> "
#define COLUMNS 2048

static uint32_t random_state = SEED;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* A terminal's row: a cell is a byte and its UTF-8 continuation bytes. */
static struct {
	char cell[COLUMNS][8];
	size_t column, width;    /* of the row */
	char above[COLUMNS * 4]; /* the row before, without blanks at its end */
	size_t rows, bytes;
	int missing; /* continuation bytes of the character that is being written */
	bool loose;  /* they may be missing and stand alone */
} screen;

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

static void write_screen(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		put_byte(text[i]);
}

static void clear_screen(void)
{
	memset(&screen, 0, sizeof(screen));
}

/* The bytes that the person types, and what to do when the editor asks for the next one. */
static struct {
	const char *bytes;
	size_t len, at;
	void (*before)(void);
} keys;

static int read_key(void *ctx)
{
	(void)ctx;
	if (keys.before)
		keys.before();
	return keys.at < keys.len ? (unsigned char)keys.bytes[keys.at++] : -1;
}

/* The row is the prompt and TEXT, and the cursor COLUMN characters behind the prompt. */
static void check_row(const char *text, size_t column)
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

static struct line editor;

static void type(const char *bytes, size_t len)
{
	clear_screen();
	line_init(&editor, read_key, write_screen, NULL);
	keys.bytes = bytes;
	keys.len = len;
	keys.at = 0;
	keys.before = NULL;
}

/* Types KEYS into a new editor and expects these lines (NULL ends them), then no more. */
static void expect_lines(const char *bytes, ...)
{
	const char *expected;
	va_list ap;

	type(bytes, strlen(bytes));
	va_start(ap, bytes);
	while ((expected = va_arg(ap, const char *))) {
		assert_int_equal(line_read(&editor, PROMPT), strlen(expected));
		assert_string_equal(editor.text, expected);
	}
	va_end(ap);
	assert_int_equal(line_read(&editor, PROMPT), -1);
}

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"
#define DELETE "\x1b[3~"

static void test_line_ends(void **state)
{
	(void)state;
	expect_lines("", NULL);
	expect_lines("never ended", NULL);
	expect_lines("a\rb\nc\r\nd\n", "a", "b", "c", "d", NULL);
	expect_lines("\r\r\n\n\n\r", "", "", "", "", "", NULL);
	expect_lines("a\rb\r\n\r\nc\n", "a", "b", "", "c", NULL);
}

static void test_editing(void **state)
{
	(void)state;
	expect_lines("ab\x08\x7fxy\r", "xy", NULL);
	expect_lines("\x08\x7f" DELETE LEFT RIGHT "\x0b\x15\x17x\r", "x", NULL);
	expect_lines("ac" LEFT "b\r", "abc", NULL);
	expect_lines("bc\x01"
		     "a\x05"
		     "d\r",
		     "abcd", NULL);
	expect_lines("bc\x1b[Ha\x1b[Fd\r", "abcd", NULL);
	expect_lines("bc\x1bOHa\x1bOFd\r", "abcd", NULL);
	expect_lines("bc\x1b[1~a\x1b[4~d\r", "abcd", NULL);
	expect_lines("bc\x1b[7~a\x1b[8~d\r", "abcd", NULL);
	expect_lines("bc\x1b[1;5Da\r", "bac", NULL);
	expect_lines("abc\x01" RIGHT DELETE "\x1b[3;5~" DELETE "d\r", "ad", NULL);
	expect_lines("abc\x01\x1b[3;5~x\r", "xbc", NULL);
	expect_lines("abcd" LEFT LEFT "\x0b"
		     "x\r",
		     "abx", NULL);
	expect_lines("abcd" LEFT LEFT "\x15"
		     "x\r",
		     "xcd", NULL);
	expect_lines("one  two  \x17"
		     "x\r",
		     "one  x", NULL);
	expect_lines("one two" LEFT "\x17"
		     "x\r",
		     "one xo", NULL);
	expect_lines("a\tb\r", "a b", NULL);
	expect_lines("abc\x03"
		     "d\r",
		     "d", NULL);
	expect_lines("ab\x0c"
		     "c\r",
		     "abc", NULL);
	expect_lines("\xc3\xbc\xe2\x82\xac" LEFT LEFT RIGHT "\x08"
		     "x\r",
		     "x\xe2\x82\xac", NULL);
	expect_lines("\xc3\xbc\xf0\x9f\x8c\xb2\x7f\x01" DELETE "x\r", "x", NULL);
}

static void test_unknown_keys(void **state)
{
	(void)state;
	expect_lines("a\x01\x02\x04\x06\x07\x0e\x10\x12\x16\x1a\x1c\x1f"
		     "b\r",
		     "ba", NULL);
	expect_lines("a\x1b[5~\x1b[15~\x1b[[A\x1b[1;2P\x1b[?25h\x1b[Z\x1bOP\x1bx\x1b[38~b\r", "ab",
		     NULL);
	expect_lines("a\x1b[33~\x1b[1;3P\x1b[5;3~\x1b[300000000000~b\r", "ab", NULL);
	expect_lines("a\x1b\x1b[Db\r", "ba", NULL);
	expect_lines("a\x1b[1\x1b[Db\r", "ba", NULL);
	expect_lines("a\x1b\xc3\xbc\x1b[\xc3\xbc\x1bO\xc3\xbc\r", "a\xc3\xbc\xc3\xbc\xc3\xbc",
		     NULL);
}

/* A sequence that does not end must not swallow what a person types to get out of it. */
static void test_sequences_are_bounded(void **state)
{
	(void)state;
	expect_lines("a\x1b\rb\x1b[\rc\x1b[1;\rd\x1bO\r", "a", "b", "c", "d", NULL);
	expect_lines("a\x1b[111111111111111111111111;b\r", "a11111111;b", NULL);
	expect_lines("a\x1b[1;\x03"
		     "b\r",
		     "b", NULL);
	expect_lines("a\x1b", NULL);
	expect_lines("a\x1b[", NULL);
	expect_lines("a\x1b[1", NULL);
	expect_lines("a\x1bO", NULL);
}

static void test_history(void **state)
{
	(void)state;
	expect_lines(UP DOWN "x\r", "x", NULL);
	expect_lines("one\rtwo\r" UP "\r" UP UP "\r", "one", "two", "two", "one", NULL);
	expect_lines("one\rtwo\r" UP UP UP UP DOWN "\r", "one", "two", "two", NULL);
	expect_lines("one\rdraft" UP DOWN DOWN "!\r", "one", "draft!", NULL);
	expect_lines("one\r" UP "!\r" UP UP "\r", "one", "one!", "one", NULL);
	expect_lines("one\rone\rone\rtwo\r" UP UP UP "\r", "one", "one", "one", "two", "one", NULL);
	expect_lines("one\r\r\r" UP "\r", "one", "", "", "one", NULL);
	expect_lines("one\rx\x03" UP "\r", "one", "one", NULL);
	expect_lines("long line\rx\r" UP UP "!" DOWN "?\r", "long line", "x", "x?", NULL);
}

static void check_unfinished(void)
{
	if (keys.at == keys.len)
		check_row("a\xc3"
			  "b",
			  2);
}

/* A character of which bytes are missing is shown like another as soon as the next key comes. */
static void test_unfinished_character(void **state)
{
	static const char bytes[] = "ab" LEFT "\xc3" LEFT RIGHT;

	(void)state;
	type(bytes, sizeof(bytes) - 1);
	screen.loose = true;
	keys.before = check_unfinished;
	assert_int_equal(line_read(&editor, PROMPT), -1);
	assert_string_equal(screen.above, PROMPT "a\xc3"
						 "b");
}

/* The last SHELL_HISTORY lines are found, and none before them. */
static void test_history_is_full(void **state)
{
	char bytes[1000] = "", expected[8];

	(void)state;
	for (int i = 0; i < SHELL_HISTORY + 5; i++)
		sprintf(bytes + strlen(bytes), "n%d\r", i);
	for (int back = 0; back < SHELL_HISTORY + 3; back++)
		strcat(bytes, UP);
	strcat(bytes, "\r");
	type(bytes, strlen(bytes));
	for (int i = 0; i < SHELL_HISTORY + 5; i++)
		assert_true(line_read(&editor, PROMPT) > 0);
	sprintf(expected, "n%d", 5);
	assert_true(line_read(&editor, PROMPT) > 0);
	assert_string_equal(editor.text, expected);
}

static void test_longest_line(void **state)
{
	char bytes[2 * SHELL_LINE_MAX + 20];

	(void)state;
	memset(bytes, 'x', SHELL_LINE_MAX);
	strcpy(bytes + SHELL_LINE_MAX, "\x08y\r");
	type(bytes, strlen(bytes));
	assert_int_equal(line_read(&editor, PROMPT), SHELL_LINE_MAX);
	assert_int_equal(strlen(editor.text), SHELL_LINE_MAX);
	assert_int_equal(editor.text[SHELL_LINE_MAX - 1], 'y');
}

/* One byte too many: nothing of the line is left, one line says so, and the next one is whole. */
static void test_line_too_long(void **state)
{
	static const char *const ends[] = {"\r", "\n", "\r\n",
					   "; reset\x7f" UP "\x15"
					   "yy\r",
					   "\x03"};
	char bytes[2 * SHELL_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		memset(bytes, 'x', SHELL_LINE_MAX + 1);
		strcpy(bytes + SHELL_LINE_MAX + 1, ends[i]);
		strcat(bytes, "next\r" UP UP "\r");
		type(bytes, strlen(bytes));
		assert_int_equal(line_read(&editor, PROMPT), 4);
		assert_string_equal(editor.text, "next");
		assert_string_equal(screen.above, PROMPT "next");
		assert_int_equal(screen.rows, i == 4 ? 4 : 3);   /* ^C shows itself */
		assert_int_equal(line_read(&editor, PROMPT), 4); /* and is not in the history */
		assert_string_equal(editor.text, "next");
	}
}

static void keep_notice(void)
{
	if (screen.rows == 2 && screen.column == 0)
		assert_string_equal(screen.above,
				    "the line is longer than 512 bytes: all of it is ignored");
}

static void test_notice_comes_at_once(void **state)
{
	char bytes[SHELL_LINE_MAX + 10];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	type(bytes, sizeof(bytes));
	keys.before = keep_notice;
	assert_int_equal(line_read(&editor, PROMPT), -1);
	assert_int_equal(screen.rows, 3);
}

static size_t bytes_shown; /* before the last call for a key */

static void count_bytes(void)
{
	bytes_shown = screen.bytes;
}

/* What a key costs on a slow line. */
static void test_economy(void **state)
{
	static const struct {
		const char *keys;
		size_t bytes;
	} costs[] = {
		{"", 0},
		{"a", 1},
		{"abc" LEFT, 4},
		{"abc" LEFT RIGHT, 5},
		{"abc\x01", 6},
		{"abc\x01\x05", 9},
		{"abc\x01\x7f\x15\x17", 6},
		{"abc\x7f", 3 + 3},
		{"abc" LEFT "x", 4 + 3},
		{"abc\x15", 3 + 3 + 3 + 3},
		{"abc\x01\x0b", 6 + 3 + 3},
		{"\x01\x05" LEFT RIGHT DELETE "\x7f\x0b\x15\x17" UP DOWN "\x02\x1b[5~", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		type(costs[i].keys, strlen(costs[i].keys));
		keys.before = count_bytes;
		assert_int_equal(line_read(&editor, ""), -1);
		assert_int_equal(bytes_shown, costs[i].bytes);
	}
}

/*
 * The model: a line is an array of characters.
 */
struct model_line {
	char text[SHELL_LINE_MAX][5];
	size_t len, bytes;
};

static struct {
	struct model_line line, draft, history[SHELL_HISTORY]; /* the latest is history[0] */
	size_t cursor, lines, back;
	bool too_long;
	size_t compared;
} model;

/* Who types, at random. */
static struct {
	char bytes[8];
	size_t len, at;
	size_t left;     /* keys to come */
	uint32_t typing; /* of 100 keys, how many insert */
	size_t ends;     /* lines that a key ended */
	char line[SHELL_LINE_MAX + 1];
	bool ended;
	size_t refused; /* lines that were too long */
} person;

static void model_insert(const char *c)
{
	struct model_line *l = &model.line;

	if (model.too_long)
		return;
	if (l->bytes + strlen(c) > SHELL_LINE_MAX) {
		model.too_long = true;
		person.refused++;
		screen.loose = l->bytes < SHELL_LINE_MAX; /* cut in the character */
		return;
	}
	memmove(l->text[model.cursor + 1], l->text[model.cursor], (l->len - model.cursor) * 5);
	strcpy(l->text[model.cursor++], c);
	l->len++;
	l->bytes += strlen(c);
}

static void model_delete(size_t from, size_t to)
{
	struct model_line *l = &model.line;

	for (size_t i = from; i < to; i++)
		l->bytes -= strlen(l->text[i]);
	memmove(l->text[from], l->text[to], (l->len - to) * 5);
	l->len -= to - from;
	model.cursor = from;
}

static void model_delete_word(void)
{
	size_t from = model.cursor;

	while (from && model.line.text[from - 1][0] == ' ')
		from--;
	while (from && model.line.text[from - 1][0] != ' ')
		from--;
	model_delete(from, model.cursor);
}

static void model_recall(size_t back)
{
	if (back > model.lines)
		return;
	if (!model.back)
		model.draft = model.line;
	model.line = back ? model.history[back - 1] : model.draft;
	model.back = back;
	model.cursor = model.line.len;
}

static size_t model_text(char *text)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < model.line.len; i++)
		n += (size_t)sprintf(text + n, "%s", model.line.text[i]);
	return n;
}

static bool model_same(const struct model_line *a, const struct model_line *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (strcmp(a->text[i], b->text[i]))
			return false;
	return true;
}

static void model_new_line(void)
{
	memset(&model.line, 0, sizeof(model.line));
	model.cursor = model.back = 0;
	model.too_long = false;
}

static void model_remember(void)
{
	if (!model.line.len || (model.lines && model_same(&model.line, &model.history[0])))
		return;
	memmove(&model.history[1], &model.history[0],
		(SHELL_HISTORY - 1) * sizeof(model.history[0]));
	model.history[0] = model.line;
	if (model.lines < SHELL_HISTORY)
		model.lines++;
}

enum {
	M_LEFT,
	M_RIGHT,
	M_HOME,
	M_END,
	M_BS,
	M_DELETE,
	M_KILL,
	M_UNDO,
	M_WORD,
	M_UP,
	M_DOWN,
	M_NOTHING
};

static const struct {
	const char *bytes;
	int what;
} model_keys[] = {
	{LEFT, M_LEFT},
	{LEFT, M_LEFT},
	{LEFT, M_LEFT},
	{"\x1bOD", M_LEFT},
	{RIGHT, M_RIGHT},
	{RIGHT, M_RIGHT},
	{"\x01", M_HOME},
	{"\x1b[H", M_HOME},
	{"\x05", M_END},
	{"\x1bOF", M_END},
	{"\x08", M_BS},
	{"\x7f", M_BS},
	{DELETE, M_DELETE},
	{DELETE, M_DELETE},
	{"\x0b", M_KILL},
	{"\x15", M_UNDO},
	{"\x17", M_WORD},
	{UP, M_UP},
	{UP, M_UP},
	{DOWN, M_DOWN},
	{"\x0c", M_NOTHING},
	{"\x02", M_NOTHING},
	{"\x1b[15~", M_NOTHING},
	{"\x1bq", M_NOTHING},
	{"\x1b[[B", M_NOTHING},
};

static void model_key(int what)
{
	size_t len = model.line.len, at = model.cursor;

	if (model.too_long)
		return;
	switch (what) {
	case M_LEFT:
		model.cursor -= at > 0;
		break;
	case M_RIGHT:
		model.cursor += at < len;
		break;
	case M_HOME:
		model.cursor = 0;
		break;
	case M_END:
		model.cursor = len;
		break;
	case M_BS:
		model_delete(at - (at > 0), at);
		break;
	case M_DELETE:
		if (at < len)
			model_delete(at, at + 1);
		break;
	case M_KILL:
		model_delete(at, len);
		break;
	case M_UNDO:
		model_delete(0, at);
		break;
	case M_WORD:
		model_delete_word();
		break;
	case M_UP:
		model_recall(model.back + 1);
		break;
	case M_DOWN:
		if (model.back)
			model_recall(model.back - 1);
		break;
	}
}

/* The screen, the editor and the model agree. */
static void compare(void)
{
	static char expected[SHELL_LINE_MAX + 1];
	size_t len = model_text(expected);

	if (model.too_long)
		return;
	model.compared++;
	assert_int_equal(editor.len, len);
	assert_string_equal(editor.text, expected);
	check_row(expected, model.cursor);
}

/* Chooses a key, and does to the model what it means. */
static void next_key(void)
{
	static const char *const characters[] = {
		"a", "b", " ", "~", "[", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8c\xb2"};
	uint32_t kind = random_below(100);
	const char *bytes;

	person.ended = false;
	screen.loose = false;
	if (random_below(person.typing > 95 ? 700 : 60) == 0) {
		bytes = random_below(5) ? "\r" : "\x03";
		if (*bytes == '\r' && !model.too_long) {
			model_text(person.line);
			model_remember();
			person.ended = true;
			person.ends++;
		}
		model_new_line();
	} else if (kind < person.typing) {
		bytes = characters[random_below(ARRAY_SIZE(characters))];
		model_insert(bytes);
	} else {
		size_t i = random_below(ARRAY_SIZE(model_keys));

		bytes = model_keys[i].bytes;
		model_key(model_keys[i].what);
	}
	strcpy(person.bytes, bytes);
	person.len = strlen(bytes);
	person.at = 0;
}

static int read_person(void *ctx)
{
	(void)ctx;
	if (person.at == person.len) {
		compare();
		if (person.left-- == 0)
			return -1;
		next_key();
	}
	return (unsigned char)person.bytes[person.at++];
}

static void run_person(uint32_t typing, size_t count)
{
	int len;

	clear_screen();
	memset(&model, 0, sizeof(model));
	memset(&person, 0, sizeof(person));
	person.typing = typing;
	person.left = count;
	line_init(&editor, read_person, write_screen, NULL);
	while ((len = line_read(&editor, PROMPT)) >= 0) {
		assert_true(person.ended);
		assert_string_equal(editor.text, person.line);
		assert_int_equal(len, strlen(person.line));
	}
	assert_true(model.compared > count / 4);
	assert_true(person.ends > 0);
}

static void test_random_keys_against_model(void **state)
{
	(void)state;
	print_message("seed %u\n", SEED);
	run_person(40, 20000);
	run_person(60, 20000);
	run_person(90, 10000);
}

/* Long lines, at and over the limit. */
static void test_random_keys_with_long_lines(void **state)
{
	(void)state;
	run_person(99, 60000);
	assert_true(person.refused > 5);
}

/*
 * Any bytes: it ends, every line is clean, and an Enter later a line is read as it was typed.
 */
static void test_garbage(void **state)
{
	static char bytes[3000];

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t len = random_below(sizeof(bytes) - 10);
		char last[SHELL_LINE_MAX + 1] = "";

		for (size_t i = 0; i < len; i++)
			bytes[i] = random_below(4) ? (char)random_below(256)
						   : "\x1b[O0;~ABCD\x08\x17\x01"[random_below(14)];
		memcpy(bytes + len, "\rprobe\r", 7);
		type(bytes, len + 7);
		screen.loose = true;
		for (int n; (n = line_read(&editor, PROMPT)) >= 0;) {
			assert_in_range(n, 0, SHELL_LINE_MAX);
			assert_int_equal(strlen(editor.text), n);
			for (int i = 0; i < n; i++)
				assert_true((unsigned char)editor.text[i] >= ' ' &&
					    editor.text[i] != 0x7f);
			strcpy(last, editor.text);
		}
		assert_int_equal(keys.at, keys.len);
		assert_string_equal(last, "probe");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_sequences_are_bounded),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_unfinished_character),
		cmocka_unit_test(test_history_is_full),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_line_too_long),
		cmocka_unit_test(test_notice_comes_at_once),
		cmocka_unit_test(test_economy),
		cmocka_unit_test(test_random_keys_against_model),
		cmocka_unit_test(test_random_keys_with_long_lines),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("shell_line", tests, NULL, NULL);
}
