/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "boot/cmdline.h"

/* Whether [word, end) is the parameter behind which nothing is for us. */
static bool is_last(const char *word, const char *end)
{
	size_t quotes = *word == '"';

	return !strncmp(word + quotes, "--", 2) && (size_t)(end - word) <= 2 + 2 * quotes;
}

void cmdline_drop(char *text, const char *prefix)
{
	char *to = text, *end;

	for (char *word = text;; word = end) {
		word += strspn(word, CMDLINE_SPACE);
		if (!*word)
			break;
		end = cmdline_word_end(word);
		if (!strncmp(word + (*word == '"'), prefix, strlen(prefix)))
			continue;
		if (to != text)
			*to++ = ' ';
		if (is_last(word, end))
			end = word + strlen(word);
		memmove(to, word, (size_t)(end - word));
		to += end - word;
	}
	*to = '\0';
}
