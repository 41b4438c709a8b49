/* SPDX-License-Identifier: MIT */
/*
 * The line editor against a model of the line. Whenever the editor asks for a key, the screen must
 * show the model.
 */
#include "tests/unit/line_test.h"

#include <stdio.h>
#include <string.h>

#define SEED 77u

static uint32_t random_state = SEED;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
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
		cmocka_unit_test(test_random_keys_against_model),
		cmocka_unit_test(test_random_keys_with_long_lines),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("shell_line, random keys", tests, NULL, NULL);
}
