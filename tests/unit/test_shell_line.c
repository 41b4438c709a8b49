/* SPDX-License-Identifier: MIT */
/* The line editor key by key: what it reads, and what is on the screen meanwhile. */
#include "tests/unit/line_test.h"

#include <stdio.h>
#include <string.h>

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
	};

	return cmocka_run_group_tests_name("shell_line", tests, NULL, NULL);
}
