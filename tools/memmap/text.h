/* SPDX-License-Identifier: MIT */
/* Text: strings that grow, sizes for people, and names of any bytes made harmless for a terminal,
 * JSON or XML. */
#ifndef CAIRN_TOOLS_MEMMAP_TEXT_H
#define CAIRN_TOOLS_MEMMAP_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "lib/types.h"

/** A string that grows. All zero: empty, and `s` is NULL. */
struct text {
	char *s; /**< NUL-terminated; the owner frees it */
	size_t len, room;
};

/** Appends LEN bytes at BYTES. */
void text_add(struct text *t, const char *bytes, size_t len);

/** Appends what printf would print. */
void text_printf(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** realloc() of COUNT elements of SIZE bytes; ends the program if there is no memory. */
void *grow(void *p, size_t count, size_t size);

#define SIZE_TEXT_MAX 32

/** SIZE in the largest unit that it reaches, with one decimal (cut, not rounded) unless it is a
 * whole number: "64 KiB", "248.0 KiB". Returns TEXT. */
const char *size_text(char text[SIZE_TEXT_MAX], uint64_t size);

/**
 * Takes the first character off *S, which is not at its end: the code point, or the negative of the
 * byte if that is no part of well-formed UTF-8.
 */
int32_t utf8_next(const char **s);

/** The columns that S takes in a terminal or a fixed-width font: at least as many as it will be. */
size_t columns(const char *s);

/** Writes the first COLUMNS_MAX columns of S, "..." at the end if that is not all. Returns TO. */
char *cut_to_columns(char *to, size_t room, const char *s, size_t columns_max);

/** Prints LEN bytes at S with control characters, and what is no UTF-8, as \xNN. Newlines stay. */
void print_plain(FILE *f, const char *s, size_t len);

/** Prints LEN bytes at S as a JSON string with its quotes; what is no UTF-8 becomes U+FFFD. */
void print_json_string(FILE *f, const char *s, size_t len);

/** Prints S as XML character data or in an attribute; what XML cannot hold becomes U+FFFD. */
void print_xml(FILE *f, const char *s);

#endif
