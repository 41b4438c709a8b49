/* SPDX-License-Identifier: MIT */
#include "tools/memmap/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define WIDE_FROM 0x300            /* from here on a character may take two columns */

void *grow(void *p, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || !(p = realloc(p, bytes ? bytes : 1))) {
		fputs("memmap: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void text_add(struct text *t, const char *bytes, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = 2 * (t->len + len + 1);
		t->s = grow(t->s, t->room, 1);
	}
	memcpy(t->s + t->len, bytes, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		char *line = grow(NULL, (size_t)n + 1, 1);

		vsnprintf(line, (size_t)n + 1, fmt, again);
		text_add(t, line, (size_t)n);
		free(line);
	}
	va_end(again);
	va_end(ap);
}

const char *size_text(char text[SIZE_TEXT_MAX], uint64_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned u = 0;
	uint64_t unit = 1, rest;

	while (u + 1 < ARRAY_SIZE(units) && size / 1024 >= unit) {
		unit *= 1024;
		u++;
	}
	rest = size % unit;
	if (rest)
		snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 ".%u %s", size / unit,
			 (unsigned)(rest * 10 / unit), units[u]);
	else
		snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 " %s", size / unit, units[u]);
	return text;
}

/* How many bytes follow FIRST in UTF-8, and the least code point that needs so many; -1: not a
 * first. */
static int following(unsigned char first, int32_t *least)
{
	static const int32_t leasts[] = {0, 0x80, 0x800, 0x10000};
	int n = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	if (n < 0 || first > 0xf4)
		return -1;
	*least = leasts[n];
	return n;
}

int32_t utf8_next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	int32_t least, c;
	int n = following(*p, &least);

	(*s)++;
	if (n < 0)
		return -(int32_t)*p;
	c = n ? *p & (0x3f >> n) : *p;
	for (int i = 1; i <= n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -(int32_t)*p;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -(int32_t)*p;
	*s += n;
	return c;
}

static bool is_control(int32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0);
}

/* The columns of one character as print_plain() shows it. */
static size_t columns_of(int32_t c)
{
	return is_control(c) ? (c < 0x80 ? 4 : 8) : c < WIDE_FROM ? 1 : 2;
}

size_t columns(const char *s)
{
	size_t n = 0;

	while (*s)
		n += columns_of(utf8_next(&s));
	return n;
}

char *cut_to_columns(char *to, size_t room, const char *s, size_t columns_max)
{
	const char *p = s, *end = s;
	size_t used = 0;

	if (columns(s) <= columns_max && strlen(s) < room) {
		strcpy(to, s);
		return to;
	}
	while (*p) {
		used += columns_of(utf8_next(&p));
		if (used + 3 > columns_max || (size_t)(p - s) + 4 > room)
			break;
		end = p;
	}
	snprintf(to, room, "%.*s...", (int)(end - s), s);
	return to;
}

void print_plain(FILE *f, const char *s, size_t len)
{
	for (const char *end = s + len; s < end;) {
		const char *start = s;
		int32_t c = utf8_next(&s);

		if (is_control(c) && c != '\n' && c != '\t')
			for (; start < s; start++)
				fprintf(f, "\\x%02x", (unsigned char)*start);
		else
			fwrite(start, 1, (size_t)(s - start), f);
	}
}

void print_json_string(FILE *f, const char *s, size_t len)
{
	fputc('"', f);
	for (const char *end = s + len; s < end;) {
		const char *start = s;
		int32_t c = utf8_next(&s);

		if (c < 0)
			fputs(REPLACEMENT, f);
		else if (c == '"' || c == '\\')
			fprintf(f, "\\%c", (int)c);
		else if (is_control(c))
			fprintf(f, "\\u%04x", (unsigned)c);
		else
			fwrite(start, 1, (size_t)(s - start), f);
	}
	fputc('"', f);
}

void print_xml(FILE *f, const char *s)
{
	while (*s) {
		const char *start = s;
		int32_t c = utf8_next(&s);

		if (is_control(c) || c == 0xfffe || c == 0xffff)
			fputs(REPLACEMENT, f);
		else if (c < 0x80 && strchr("<>&\"'", c))
			fprintf(f, "&#%d;", (int)c);
		else
			fwrite(start, 1, (size_t)(s - start), f);
	}
}
