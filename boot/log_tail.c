/* SPDX-License-Identifier: MIT */
#include "boot/log_tail.h"

#include <string.h>

static void count(void *ctx, const char *text, size_t len)
{
	size_t *sum = ctx;

	(void)text;
	*sum += len;
}

size_t log_length(log_dump_fn *dump)
{
	size_t sum = 0;

	dump(count, &sum);
	return sum;
}

struct tail {
	char *text;
	size_t skip, len, room;
};

static void copy(void *ctx, const char *text, size_t len)
{
	struct tail *t = ctx;
	size_t skip = t->skip < len ? t->skip : len;

	t->skip -= skip;
	text += skip;
	len -= skip;
	if (len > t->room - t->len)
		len = t->room - t->len;
	memcpy(t->text + t->len, text, len);
	t->len += len;
}

/* The bytes behind the last newline in LEN bytes are no whole line. */
static size_t whole_lines(const char *text, size_t len)
{
	while (len && text[len - 1] != '\n')
		len--;
	return len;
}

size_t log_tail(log_dump_fn *dump, char *text, size_t room)
{
	size_t all = log_length(dump), cut = 0;
	struct tail t = {.text = text, .skip = all > room ? all - room : 0, .room = room};
	bool begins_within = t.skip;

	dump(copy, &t);
	t.len = whole_lines(text, t.len);
	if (begins_within && t.len) /* or right behind a line: that one is left out, too */
		cut = (size_t)((const char *)memchr(text, '\n', t.len) + 1 - text);
	memmove(text, text + cut, t.len - cut);
	return t.len - cut;
}
