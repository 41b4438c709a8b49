/* SPDX-License-Identifier: MIT */
/* Bytes as hexadecimal digits, as arguments and on a terminal. */
#ifndef CAIRN_TOOLS_FCS_TEXT_H
#define CAIRN_TOOLS_FCS_TEXT_H

#include <stdio.h>

#include "lib/types.h"

struct bytes {
	uint8_t *at; /**< malloc'ed; NULL: none, not even 0 bytes */
	size_t len;
};

/** Sets *B to what the digits at HEX say; false if that is not an even number of digits. */
bool bytes_from_hex(struct bytes *b, const char *hex);

/** Sets *B to a copy of LEN bytes. */
void bytes_copy(struct bytes *b, const void *from, size_t len);

/** Sets *B to all that is left to read of F; false if that failed. */
bool bytes_read(struct bytes *b, FILE *f);

/** Frees what *B has. */
void bytes_free(struct bytes *b);

/** LEN bytes as lower-case digits, in a string to free. */
char *hex_string(const void *bytes, size_t len);

/** Whether LEN bytes are UTF-8 without control characters. */
bool is_text(const void *bytes, size_t len);

/**
 * LEN bytes as a word on a terminal, in a string to free. No two that differ look alike: text is as
 * it is but for a doubled backslash; of what is no text each byte beyond ASCII is \xNN.
 */
char *word_string(const void *bytes, size_t len);

#define CLIP_MAX 40

/** A copy of TEXT for a message: cut, and '?' for what is not printable. In static memory. */
const char *clip(const char *text);

/** malloc() and realloc(), but they end the program if there is no memory. */
void *grow(void *old, size_t size);

#endif
