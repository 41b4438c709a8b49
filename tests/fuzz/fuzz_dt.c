/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_dt.h"

#include <libfdt.h>
#include <string.h>

uint64_t fuzz_sum(uint64_t base, uint64_t size)
{
	return size > UINT64_MAX - base ? UINT64_MAX : base + size;
}

uint64_t fuzz_cells(const uint8_t *p, unsigned count)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 4 * count; i++)
		v = v << 8 | p[i];
	return v;
}

/* The number in a property of one cell, or NONE. */
static unsigned cell(const void *fdt, int node, const char *name, unsigned none)
{
	int len;
	const uint8_t *p = fdt_getprop(fdt, node, name, &len);

	return !p ? none : len == 4 ? (unsigned)fuzz_cells(p, 1) : 0;
}

bool fuzz_cell_counts(const void *fdt, int node, unsigned *ac, unsigned *sc)
{
	*ac = cell(fdt, node, "#address-cells", 1);
	*sc = cell(fdt, node, "#size-cells", 1);
	return (*ac == 1 || *ac == 2) && (*sc == 1 || *sc == 2);
}

/* Whether the bytes of a property begin with TEXT and its NUL. */
static bool begins(const void *fdt, int node, const char *name, const char *text, bool none)
{
	int len;
	const char *p = fdt_getprop(fdt, node, name, &len);

	return !p ? none : len > (int)strlen(text) && strcmp(p, text) == 0;
}

bool fuzz_is_enabled(const void *fdt, int node)
{
	return begins(fdt, node, "status", "okay", true) || begins(fdt, node, "status", "ok", true);
}
