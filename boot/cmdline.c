/* SPDX-License-Identifier: MIT */
#include "boot/cmdline.h"

#include <string.h>

#include "lib/number.h"

char *cmdline_word_end(char *text)
{
	bool quoted = false;

	for (; *text && (quoted || !strchr(CMDLINE_SPACE, *text)); text++)
		if (*text == '"')
			quoted = !quoted;
	return text;
}

/* Takes a quote off the front of *TEXT; whether there was one. */
static bool open_quote(char **text)
{
	bool quoted = **text == '"';

	*text += quoted;
	return quoted;
}

bool cmdline_next(char **pos, struct cmdline_param *param)
{
	char *word = *pos + strspn(*pos, CMDLINE_SPACE), *end, *equals;
	bool quoted;

	if (!*word)
		return false;
	end = cmdline_word_end(word);
	*pos = *end ? end + 1 : end;
	*end = '\0';
	quoted = open_quote(&word);
	param->name = word;
	param->value = NULL;
	/* A word that begins with '=' is all name. */
	equals = *word ? strchr(word + 1, '=') : NULL;
	if (equals) {
		*equals = '\0';
		param->value = equals + 1;
		quoted |= open_quote(&param->value);
	}
	/* Of two opening quotes only one is closed, as in Linux. */
	if (quoted && end > (param->value ? param->value : word) && end[-1] == '"')
		end[-1] = '\0';
	return param->value || strcmp(word, "--") != 0;
}

bool cmdline_same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

bool cmdline_size(const char *text, uint64_t *value, const char **end)
{
	return !number_size(text, value, end);
}
