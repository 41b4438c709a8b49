/* SPDX-License-Identifier: MIT */
#include "lib/symbols.h"

#include <stdio.h>

static const struct symbol_table *table;

void symbols_set(const struct symbol_table *t)
{
	table = t;
}

/* The last symbol at or below ADDRESS, or NULL if the table does not hold it. */
static const struct symbol *find(uintptr_t address)
{
	size_t lo = 0, hi;

	if (!table || table->count < 2)
		return NULL;
	hi = table->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (table->symbols[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 || lo == table->count ? NULL : &table->symbols[lo - 1];
}

const char *symbol_format(char *text, size_t size, uintptr_t address)
{
	const struct symbol *s = find(address & ~(uintptr_t)1);

	if (s)
		snprintf(text, size, "%s+0x%lx/0x%lx", table->names + s->name,
			 (unsigned long)(address & ~(uintptr_t)1) - s->address,
			 (unsigned long)s[1].address - s->address);
	else
		snprintf(text, size, "0x%lx", (unsigned long)address);
	return text;
}
