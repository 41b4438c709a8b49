/* SPDX-License-Identifier: MIT */
/* Names for code addresses, from a table that the build links into the image. */
#ifndef CAIRN_LIB_SYMBOLS_H
#define CAIRN_LIB_SYMBOLS_H

#include "lib/types.h"

#define SYMBOL_TEXT_MAX 80 /**< enough for any symbol_format() result of this image */

struct symbol {
	uint32_t address; /**< of the function's first instruction, without the Thumb bit */
	uint32_t name;    /**< offset in the table's names, NUL-terminated there */
};

struct symbol_table {
	const struct symbol *symbols; /**< by ascending address; the last one ends the code */
	size_t count;                 /**< with that end mark */
	const char *names;
};

/** Looks addresses up in TABLE from now on (it is kept, not copied); NULL: in none. */
void symbols_set(const struct symbol_table *table);

/**
 * Writes "name+0xoffset/0xsize" for ADDRESS to TEXT as Linux's %pS does, the size being the
 * distance to the next symbol, or "0xaddress" if no symbol holds it. Cut at SIZE, always
 * NUL-terminated. The Thumb bit of a return address is ignored. Returns TEXT.
 */
const char *symbol_format(char *text, size_t size, uintptr_t address);

#endif
