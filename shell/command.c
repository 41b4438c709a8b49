/* SPDX-License-Identifier: MIT */
#include "shell/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/number.h"
#include "mm/memory_lock.h"

void shell_printf(struct shell_env *env, const char *fmt, ...)
{
	char text[SHELL_PRINTF_MAX + 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > SHELL_PRINTF_MAX)
		len = SHELL_PRINTF_MAX;
	if (len > 0)
		env->write(env->ctx, text, (size_t)len);
}

void shell_escaped(struct shell_env *env, const void *data, size_t len)
{
	const unsigned char *from = data;
	char text[64 + 5]; /* room for one more escape, and snprintf's NUL */
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\\')
			n += (size_t)snprintf(text + n, 5, "\\\\");
		else if (from[i] >= ' ' && from[i] < 0x7f)
			text[n++] = (char)from[i];
		else
			n += (size_t)snprintf(text + n, 5, "\\x%02x", from[i]);
		if (n >= 64) {
			env->write(env->ctx, text, n);
			n = 0;
		}
	}
	if (n)
		env->write(env->ctx, text, n);
}

void shell_word(struct shell_env *env, const char *text)
{
	if (text)
		shell_escaped(env, text, strlen(text));
}

void shell_text_line(struct shell_env *env, const char *before, const char *text)
{
	shell_printf(env, "%s", before);
	shell_word(env, text);
	shell_printf(env, "\n");
}

void shell_usage(struct shell_env *env, const struct command *command)
{
	shell_printf(env, "usage: %s%s%s\n", command->name, *command->arguments ? " " : "",
		     command->arguments);
}

int shell_unknown(struct shell_env *env, const char *name)
{
	shell_printf(env, "there is no command \"");
	shell_word(env, name);
	shell_printf(env, "\": help lists those that there are\n");
	return -1;
}

int shell_failed(struct shell_env *env, const char *name, int err)
{
	shell_printf(env, "%s: %s\n", name, error_text(err));
	return -1;
}

void shell_lists_in_use(struct shell_env *env, const char *name)
{
	shell_printf(env, "%s: another core has been in memblock's lists for too long\n", name);
}

bool shell_lock_memory(struct shell_env *env, const char *name)
{
	if (!memory_lock())
		return true;
	shell_lists_in_use(env, name);
	return false;
}

/* Begins the sentence that says what was expected of WHAT, which is WORD. */
static void not_expected(struct shell_env *env, const char *what, const char *word)
{
	shell_printf(env, "%s is \"", what);
	shell_word(env, word);
	shell_printf(env, "\": a ");
}

bool shell_number(struct shell_env *env, const char *what, const char *word, uint64_t min,
		  uint64_t max, uint64_t *value)
{
	const char *end;
	int err = number_parse(word, value, &end);

	if (*end)
		err = -EINVAL;
	if (!err && *value >= min && *value <= max)
		return true;
	not_expected(env, what, word);
	if (err == -EINVAL)
		shell_printf(env, "number was expected, decimal, 0x and hexadecimal or 0 and "
				  "octal\n");
	else
		shell_printf(env, "number from %llu to %llu was expected\n",
			     (unsigned long long)min, (unsigned long long)max);
	return false;
}

bool shell_size(struct shell_env *env, const char *what, const char *word, uint64_t *value)
{
	const char *end;

	if (!number_size(word, value, &end) && !*end && *value)
		return true;
	not_expected(env, what, word);
	shell_printf(env, "size such as 64M was expected\n");
	return false;
}

bool shell_signed(struct shell_env *env, const char *what, const char *word, int64_t min,
		  int64_t max, int64_t *value)
{
	bool below = *word == '-';
	uint64_t size;
	const char *end;

	if (!number_parse(word + below, &size, &end) && !*end && size <= INT64_MAX) {
		*value = below ? -(int64_t)size : (int64_t)size;
		if (*value >= min && *value <= max)
			return true;
	}
	not_expected(env, what, word);
	shell_printf(env, "number from %lld to %lld was expected\n", (long long)min,
		     (long long)max);
	return false;
}
