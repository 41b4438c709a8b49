/* SPDX-License-Identifier: MIT */
#include "shell/words.h"

#include <string.h>

#define TEXT_OF(number) #number
#define DECIMAL(macro) TEXT_OF(macro)

static const char error_single[] =
	"a single quote is not closed: another ' was expected before the end of the line";
static const char error_double[] =
	"a double quote is not closed: another \" was expected before the end of the line";
static const char error_backslash[] =
	"the line ends in a backslash: a character was expected behind it";
static const char error_words[] =
	"the command has too many words: " DECIMAL(SHELL_WORDS_MAX) " at most were expected";
static const char error_length[] =
	"the command is too long: " DECIMAL(SHELL_LINE_MAX) " bytes at most were expected";

static bool ends_command(char c)
{
	return c == '\0' || c == ';' || c == '\n';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p)
{
	for (;;) {
		if (is_blank(*p))
			p++;
		else if (p[0] == '\\' && p[1] == '\n')
			p += 2;
		else
			return p;
	}
}

/* Whether a backslash takes the meaning from NEXT, in quotes of kind QUOTE ('\0': in none). */
static bool escapes(char quote, char next)
{
	if (quote == '"')
		return next && strchr("$`\"\\\n", next);
	return !quote;
}

/*
 * Copies the word at *LINE without its quoting to w->text + *USED, NUL-terminated, and moves both
 * behind it.
 */
static const char *copy_word(struct words *w, size_t *used, const char **line)
{
	const char *p = *line;
	char quote = '\0';

	for (; *p && (quote || (!is_blank(*p) && !ends_command(*p))); p++) {
		if (quote && *p == quote) {
			quote = '\0';
			continue;
		}
		if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
			continue;
		}
		if (*p == '\\' && escapes(quote, p[1])) {
			if (*++p == '\0')
				return error_backslash;
			if (*p == '\n')
				continue;
		}
		if (*used >= sizeof(w->text))
			return error_length;
		w->text[(*used)++] = *p;
	}
	if (quote)
		return quote == '"' ? error_double : error_single;
	if (*used >= sizeof(w->text))
		return error_length;
	w->text[(*used)++] = '\0';
	*line = p;
	return NULL;
}

const char *words_split(struct words *w, const char **line)
{
	const char *p = skip_blanks(*line), *error;
	size_t used = 0;

	w->count = 0;
	while (!ends_command(*p)) {
		if (w->count == SHELL_WORDS_MAX)
			return error_words;
		w->word[w->count++] = w->text + used;
		error = copy_word(w, &used, &p);
		if (error)
			return error;
		p = skip_blanks(p);
	}
	w->word[w->count] = NULL;
	*line = *p ? p + 1 : p;
	return NULL;
}
