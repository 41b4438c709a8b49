/* SPDX-License-Identifier: MIT */
/* Lines into words: against the host's sh, and by round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wordexp.h>

#include "shell/words.h"

#define SEED 20240607u
#define ROUNDS 20000

static uint32_t random_state = SEED;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* words_split() on a copy that ends where the line does, so that reading on is seen. */
static const char *split(struct words *w, const char *line, size_t *taken)
{
	char *copy = strdup(line);
	const char *at = copy, *error;

	assert_non_null(copy);
	memset(w, 0xa5, sizeof(*w));
	error = words_split(w, &at);
	*taken = (size_t)(at - copy);
	free(copy);
	return error;
}

static void expect_words(const char *line, int count, const char *const *expected)
{
	struct words w;
	size_t taken;

	assert_null(split(&w, line, &taken));
	assert_int_equal(w.count, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(w.word[i], expected[i]);
	assert_null(w.word[count]);
}

#define EXPECT(line, ...)                                                                 \
	expect_words(line, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
		     (const char *[]){__VA_ARGS__})

static void test_quoting(void **state)
{
	(void)state;
	expect_words("", 0, NULL);
	expect_words(" \t ", 0, NULL);
	EXPECT("put key value", "put", "key", "value");
	EXPECT("\t put\tkey  value ", "put", "key", "value");
	EXPECT("put 'a b' \"c d\" e\\ f", "put", "a b", "c d", "e f");
	EXPECT("a'b'\"c\"\\d", "abcd");
	EXPECT("'' \"\"", "", "");
	EXPECT("'\\' \"\\\\\" \\\\", "\\", "\\", "\\");
	EXPECT("'\"' \"'\" \\' \\\"", "\"", "'", "'", "\"");
	EXPECT("\"\\$ \\` \\\" \\a \\; \\'\"", "$ ` \" \\a \\; \\'");
	EXPECT("a \\\n b \"c\\\nd\" e\\\nf 'g\\\nh'", "a", "b", "cd", "ef", "g\\\nh");
	EXPECT("# is #no comment", "#", "is", "#no", "comment");
	EXPECT("$HOME `x` * ~ | & < > ( ) {", "$HOME", "`x`", "*", "~", "|", "&", "<", ">", "(",
	       ")", "{");
	EXPECT("\xc3\xbc\xff '\x01\x7f'", "\xc3\xbc\xff", "\x01\x7f");
	EXPECT("'a;b' \";\" \\;", "a;b", ";", ";");
}

static void test_commands_end_at_semicolons(void **state)
{
	static const struct {
		int count;
		const char *first;
	} commands[] = {{2, "a"}, {0, NULL}, {0, NULL}, {2, "b;"}, {1, "c"}, {1, "d"}};
	const char *line = "a 1; ;;'b;' 2;c\nd ;", *at = line;
	struct words w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_true(*at);
		assert_null(words_split(&w, &at));
		assert_int_equal(w.count, commands[i].count);
		if (w.count)
			assert_string_equal(w.word[0], commands[i].first);
	}
	assert_string_equal(at, "");
	assert_null(words_split(&w, &at));
	assert_int_equal(w.count, 0);
	assert_ptr_equal(at, line + strlen(line));
}

static void expect_error(const char *line, const char *part)
{
	struct words w;
	size_t taken;
	const char *error = split(&w, line, &taken);

	assert_non_null(error);
	assert_non_null(strstr(error, part));
	assert_non_null(strstr(error, "expected"));
	assert_null(strchr(error, '\n'));
}

static void test_errors(void **state)
{
	(void)state;
	expect_error("a 'b", "single quote");
	expect_error("a 'b\\''", "single quote");
	expect_error("a '", "single quote");
	expect_error("a \"b", "double quote");
	expect_error("a \"b\\\"", "double quote");
	expect_error("a \"b\\", "double quote");
	expect_error("a \\", "backslash");
	expect_error("\\", "backslash");
}

static void test_number_of_words(void **state)
{
	char line[2 * SHELL_WORDS_MAX + 4] = "";
	struct words w;
	size_t taken;

	(void)state;
	for (int i = 0; i < SHELL_WORDS_MAX; i++)
		strcat(line, "x ");
	assert_null(split(&w, line, &taken));
	assert_int_equal(w.count, SHELL_WORDS_MAX);
	assert_null(w.word[SHELL_WORDS_MAX]);
	strcat(line, ";y");
	assert_null(split(&w, line, &taken));
	assert_int_equal(taken, strlen(line) - 1);
	line[2 * SHELL_WORDS_MAX] = 'y';
	expect_error(line, "too many words: 32 ");
}

/* Words that end where their room does: one byte more would be behind the allocation. */
static void test_room_is_not_passed(void **state)
{
	struct words *w = malloc(offsetof(struct words, text) + sizeof(w->text));
	char line[SHELL_LINE_MAX + 10];
	const char *at = line;

	(void)state;
	assert_non_null(w);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	assert_non_null(words_split(w, &at));
	line[SHELL_LINE_MAX] = '\0';
	at = line;
	assert_null(words_split(w, &at));
	free(w);
}

/* Any line of SHELL_LINE_MAX bytes has room, however it is cut into words. */
static void test_length(void **state)
{
	char line[SHELL_LINE_MAX + 4];
	struct words w;
	size_t taken;

	(void)state;
	for (size_t len = SHELL_LINE_MAX - 2; len <= SHELL_LINE_MAX + 2; len++) {
		memset(line, 'x', len);
		line[len] = '\0';
		if (len > SHELL_LINE_MAX) {
			expect_error(line, "too long: 512 bytes");
			continue;
		}
		assert_null(split(&w, line, &taken));
		assert_string_equal(w.word[0], line);
		line[1] = line[len - 2] = ' ';
		assert_null(split(&w, line, &taken));
		assert_int_equal(w.count, 3);
		assert_int_equal(strlen(w.word[1]), len - 4);
		assert_string_equal(w.word[2], "x");
	}
	memset(line, 'x', SHELL_LINE_MAX); /* a word that leaves no room for an empty one */
	strcpy(line + SHELL_LINE_MAX, " ''");
	expect_error(line, "too long");
}

/* wordexp(3) says which lines are whole; it has words wrong where '' touches another byte. */
static bool is_whole(const char *line)
{
	wordexp_t expanded;
	int outcome = wordexp(line, &expanded, WRDE_NOCMD);

	if (outcome == 0)
		wordfree(&expanded);
	return outcome != WRDE_SYNTAX;
}

/* Writes LINE for a shell to split, and what is expected of it. */
static void ask_shell(FILE *script, FILE *expected, const char *line)
{
	struct words w;
	size_t taken;
	const char *error = split(&w, line, &taken);

	if (!error != is_whole(line))
		fail_msg("<%s>: %s", line, error ? error : "not refused");
	if (error || line[taken]) /* or more than one command */
		return;
	fprintf(script, "f %s\n", line);
	fprintf(expected, "%d:", w.count);
	for (int i = 0; i < w.count; i++)
		fprintf(expected, "%s|", w.word[i]);
}

static void compare_to_shell(FILE *script, const char *expected)
{
	char command[32];
	FILE *shell;

	fflush(script);
	snprintf(command, sizeof(command), "sh /dev/fd/%d", fileno(script));
	shell = popen(command, "r");
	assert_non_null(shell);
	for (const char *at = expected; *at; at++) {
		int c = fgetc(shell);

		if (c != *at)
			fail_msg("sh has '%c' before: %.40s", c, at);
	}
	assert_int_equal(fgetc(shell), EOF);
	assert_int_equal(pclose(shell), 0);
}

/* Every line of up to 6 of these bytes. */
static void test_all_short_lines_against_sh(void **state)
{
	static const char bytes[] = "a '\"\\\n";
	const unsigned int kinds = sizeof(bytes) - 1;
	char line[7], *expected;
	size_t size;
	FILE *script = tmpfile(), *text = open_memstream(&expected, &size);

	(void)state;
	assert_non_null(script);
	fputs("f() { printf %d: $#; test $# = 0 || printf '%s|' \"$@\"; }\n", script);
	for (unsigned int len = 0, lines = 1; len <= 6; len++, lines *= kinds) {
		for (unsigned int n = 0; n < lines; n++) {
			unsigned int rest = n;

			for (unsigned int i = 0; i < len; i++, rest /= kinds)
				line[i] = bytes[rest % kinds];
			line[len] = '\0';
			ask_shell(script, text, line);
		}
	}
	fclose(text);
	compare_to_shell(script, expected);
	fclose(script);
	free(expected);
}

/* Appends C to a line, quoted in a way that suits what stands before it. */
static size_t quote_byte(char *to, char c)
{
	switch (random_below(3)) {
	case 0:
		if (c != '\'')
			return (size_t)sprintf(to, "'%c'", c);
		break;
	case 1:
		return (size_t)sprintf(to, strchr("$`\"\\", c) ? "\"\\%c\"" : "\"%c\"", c);
	case 2:
		if (!strchr(" \t\n;'\"\\", c))
			return (size_t)sprintf(to, "%c", c);
		break;
	}
	return (size_t)sprintf(to, c == '\n' ? "'%c'" : "\\%c", c);
}

/* Appends WORD to a line as a person would write it, or byte by byte. */
static size_t quote_word(char *to, const char *word)
{
	size_t n = 0;

	if (!*word || (!strchr(word, '\'') && random_below(2)))
		return (size_t)sprintf(to, "'%s'", word);
	for (; *word; word++)
		n += quote_byte(to + n, *word);
	return n;
}

struct command {
	int count;
	char word[6][12];
};

static void random_command(struct command *c)
{
	c->count = (int)random_below(7);
	for (int i = 0; i < c->count; i++) {
		size_t len = random_below(12);

		for (size_t k = 0; k < len; k++)
			c->word[i][k] = random_below(2) ? " \t\n;'\"\\$`ab#"[random_below(12)]
							: (char)(1 + random_below(255));
		c->word[i][len] = '\0';
	}
}

static size_t write_command(char *to, const struct command *c)
{
	size_t n = 0;

	for (int i = 0; i < c->count; i++) {
		n += (size_t)sprintf(to + n, "%s", random_below(4) ? "" : " \t");
		n += quote_word(to + n, c->word[i]);
		n += (size_t)sprintf(to + n, "%s", i + 1 < c->count || random_below(2) ? " " : "");
	}
	return n;
}

static void test_round_trip(void **state)
{
	struct command commands[3];
	char line[3 * 6 * 12 * 4 + 100];
	struct words w;

	(void)state;
	print_message("seed %u\n", SEED);
	for (int round = 0; round < ROUNDS; round++) {
		const char *at = line;
		size_t n = 0;

		for (int i = 0; i < 3; i++) {
			random_command(&commands[i]);
			n += write_command(line + n, &commands[i]);
			n += (size_t)sprintf(line + n, "%s", i == 2 ? "" : ";");
		}
		for (int i = 0; i < 3; i++) {
			assert_null(words_split(&w, &at));
			assert_int_equal(w.count, commands[i].count);
			for (int k = 0; k < w.count; k++)
				assert_string_equal(w.word[k], commands[i].word[k]);
		}
		assert_string_equal(at, "");
	}
}

/* Bytes of no sense: it ends, moves on, and stays in its memory. */
static void test_garbage(void **state)
{
	char line[80];
	struct words w;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t len = random_below(sizeof(line));
		const char *at = line;

		for (size_t i = 0; i < len; i++)
			line[i] = random_below(3) ? " ;'\"\\a\n"[random_below(7)]
						  : (char)(1 + random_below(255));
		line[len] = '\0';
		while (*at) {
			const char *before = at;

			if (words_split(&w, &at))
				break;
			assert_true(at > before && at <= line + len);
			assert_in_range(w.count, 0, SHELL_WORDS_MAX);
			assert_null(w.word[w.count]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_commands_end_at_semicolons),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_number_of_words),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_room_is_not_passed),
		cmocka_unit_test(test_all_short_lines_against_sh),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("shell_words", tests, NULL, NULL);
}
