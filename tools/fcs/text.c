/* SPDX-License-Identifier: MIT */
#include "tools/fcs/text.h"

#include <jansson.h>
#include <nettle/base16.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fcs/options.h"

void *grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		die(STATUS_ERROR, "no memory is left for %zu bytes", size);
	return p;
}

bool bytes_from_hex(struct bytes *b, const char *hex)
{
	size_t len = strlen(hex), done;
	struct base16_decode_ctx ctx;

	/* The decoder would skip white space. */
	if (hex[strspn(hex, "0123456789abcdefABCDEF")])
		return false;
	b->at = grow(NULL, BASE16_DECODE_LENGTH(len));
	base16_decode_init(&ctx);
	if (base16_decode_update(&ctx, &done, b->at, len, hex) && base16_decode_final(&ctx)) {
		b->len = done;
		return true;
	}
	bytes_free(b);
	return false;
}

void bytes_copy(struct bytes *b, const void *from, size_t len)
{
	b->at = grow(NULL, len);
	b->len = len;
	if (len)
		memcpy(b->at, from, len);
}

bool bytes_read(struct bytes *b, FILE *f)
{
	size_t room = 0, got;

	*b = (struct bytes){.at = grow(NULL, 0)};
	do {
		if (room - b->len < BUFSIZ)
			b->at = grow(b->at, room = room * 2 + BUFSIZ);
		got = fread(b->at + b->len, 1, room - b->len, f);
		b->len += got;
	} while (got);
	return !ferror(f);
}

void bytes_free(struct bytes *b)
{
	free(b->at);
	*b = (struct bytes){0};
}

char *hex_string(const void *bytes, size_t len)
{
	char *s = grow(NULL, BASE16_ENCODE_LENGTH(len) + 1);

	base16_encode_update(s, len, bytes);
	s[BASE16_ENCODE_LENGTH(len)] = '\0';
	return s;
}

/* A control character of UTF-8 begins at P: below the blank, DEL, or U+0080 to U+009F. */
static bool is_control(const uint8_t *p, const uint8_t *end)
{
	return *p < ' ' || *p == 0x7f || (*p == 0xc2 && p + 1 < end && p[1] < 0xa0);
}

bool is_text(const void *bytes, size_t len)
{
	json_t *string = json_stringn(len ? bytes : "", len); /* NULL if it is no UTF-8 */
	const uint8_t *p = bytes, *end = p + len;

	json_decref(string);
	if (!string)
		return false;
	while (p < end && !is_control(p, end))
		p++;
	return p == end;
}

char *word_string(const void *bytes, size_t len)
{
	bool text = is_text(bytes, len);
	char *word = grow(NULL, 4 * len + 1), *to = word;

	for (const uint8_t *p = bytes; p < (const uint8_t *)bytes + len; p++) {
		if (*p == '\\')
			to = stpcpy(to, "\\\\");
		else if (text || (*p >= ' ' && *p < 0x7f))
			*to++ = (char)*p;
		else
			to += sprintf(to, "\\x%02x", *p);
	}
	*to = '\0';
	return word;
}

const char *clip(const char *text)
{
	static char clipped[CLIP_MAX + sizeof("...")];
	size_t len = strnlen(text, CLIP_MAX);

	for (size_t i = 0; i < len; i++)
		clipped[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	strcpy(clipped + len, text[len] ? "..." : "");
	return clipped;
}
