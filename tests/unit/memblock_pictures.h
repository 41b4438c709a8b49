/* SPDX-License-Identifier: MIT */
/*
 * The lists of memblock as pictures, one character a page: what a test starts from and expects.
 *
 *	.  nothing     #  a region without flags    n  no-map     h  hotplug    b  both
 *	m  mirror      d  driver-managed            0..7  a region without flags on that node
 *
 * Regions that touch and are alike are one region, so a picture describes exactly one list. lay()
 * fills a list without any call of memblock's: a test exercises the one call that it is about.
 */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_PICTURES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_PICTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mm/memblock.h"

/** N pages in bytes. */
#define PG(n) ((phys_addr_t)((n)*PAGE_SIZE))

#define PICTURE_MAX 64 /**< pages of a picture at most */

/** The address of a picture's first page. */
static phys_addr_t origin;

/** The address of the picture's page N. */
static phys_addr_t page(unsigned n)
{
	return (phys_addr_t)(origin + PG(n));
}

struct range {
	phys_addr_t base;
	phys_addr_t size;
};

/** From the first x of PICTURE to its last. */
static struct range range_of(const char *picture)
{
	size_t first = strcspn(picture, "x"), last = (size_t)(strrchr(picture, 'x') - picture);

	return (struct range){page((unsigned)first), PG(last + 1 - first)};
}

static const struct {
	char c;
	enum memblock_flags flags;
} kinds[] = {
	{'#', MEMBLOCK_NONE},    {'n', MEMBLOCK_NOMAP},
	{'h', MEMBLOCK_HOTPLUG}, {'b', MEMBLOCK_HOTPLUG | MEMBLOCK_NOMAP},
	{'m', MEMBLOCK_MIRROR},  {'d', MEMBLOCK_DRIVER_MANAGED},
};

/** The flags that C stands for; a digit stands for none. */
static enum memblock_flags flags_of(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].c == c)
			return kinds[i].flags;
	assert_in_range(c, '0', '7');
	return MEMBLOCK_NONE;
}

/** The node that C stands for. */
static int node_of(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : NUMA_NO_NODE;
}

/** The character of the region R. */
static char kind_of(const struct memblock_region *r)
{
#ifdef CONFIG_NUMA
	if (r->nid != NUMA_NO_NODE)
		return (char)('0' + r->nid);
#endif
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].flags == r->flags)
			return kinds[i].c;
	return '?';
}

/** Makes TYPE what PICTURE shows. */
static void lay(struct memblock_type *type, const char *picture)
{
	unsigned long n = 0;
	unsigned len;

	memset(type->regions, 0, sizeof(type->regions[0]));
	type->total_size = 0;
	for (unsigned i = 0; picture[i]; i += len) {
		struct memblock_region r = {.base = page(i), .flags = MEMBLOCK_NONE};

		for (len = 1; picture[i + len] == picture[i];)
			len++;
		if (picture[i] == '.')
			continue;
		r.size = PG(len);
		r.flags = flags_of(picture[i]);
#ifdef CONFIG_NUMA
		r.nid = node_of(picture[i]);
#endif
		type->regions[n++] = r;
		type->total_size += r.size;
	}
	type->cnt = n ? n : 1;
}

/** Both lists empty, everything else as at the start of the boot. */
static void reset(void)
{
	memset(memblock.memory.regions, 0, INIT_MEMBLOCK_REGIONS * sizeof(struct memblock_region));
	memset(memblock.reserved.regions, 0,
	       INIT_MEMBLOCK_RESERVED_REGIONS * sizeof(struct memblock_region));
	memblock.memory.cnt = memblock.reserved.cnt = 1;
	memblock.memory.max = INIT_MEMBLOCK_REGIONS;
	memblock.reserved.max = INIT_MEMBLOCK_RESERVED_REGIONS;
	memblock.memory.total_size = memblock.reserved.total_size = 0;
	memblock.current_limit = MEMBLOCK_ALLOC_ANYWHERE;
	memblock.bottom_up = false;
	memblock_tracer = NULL;
}

/** What is wrong with TYPE as a list, or NULL: the rules that hold whatever it contains. */
static const char *disorder(const struct memblock_type *type)
{
	const struct memblock_region *r = type->regions;
	phys_addr_t total = 0;

	if (type->cnt < 1 || type->cnt > type->max)
		return "cnt is not in 1..max";
	if (type->cnt == 1 && !r->size)
		return r->base || r->flags || type->total_size ? "empty, but not {0, 0}" : NULL;
	for (unsigned long i = 0; i < type->cnt; i++) {
		if (!r[i].size)
			return "a region of size 0";
		if (r[i].size > PHYS_ADDR_MAX - r[i].base)
			return "a region with the last byte of the address space";
		if (i && r[i - 1].base + r[i - 1].size > r[i].base)
			return "regions not in order";
		if (i && r[i - 1].base + r[i - 1].size == r[i].base &&
		    kind_of(&r[i - 1]) == kind_of(&r[i]))
			return "neighbours not merged";
		total += r[i].size;
	}
	return total == type->total_size ? NULL : "total_size is not the sum";
}

/** Draws TYPE into PICTURE, N pages long; '!' where a region does not begin and end with a page. */
static void draw(const struct memblock_type *type, char *picture, size_t n)
{
	const struct memblock_region *r;

	memset(picture, '.', n);
	picture[n] = '\0';
	for_each_region (type, r) {
		phys_addr_t first = (phys_addr_t)(r->base - origin), len = r->size;
		bool whole = !(first % PAGE_SIZE) && !(len % PAGE_SIZE) && first < PG(n) &&
			     len <= PG(n) - first;

		if (whole)
			memset(picture + first / PAGE_SIZE, kind_of(r), (size_t)(len / PAGE_SIZE));
		else
			picture[first < PG(n) ? first / PAGE_SIZE : n - 1] = '!';
	}
}

static void expect_at(const struct memblock_type *type, const char *picture, const char *file,
		      int line)
{
	char drawn[PICTURE_MAX + 1];
	const char *wrong = disorder(type);

	if (wrong) {
		print_error("%s: %s\n", type->name, wrong);
		_fail(file, line);
	}
	assert_in_range(strlen(picture), 1, PICTURE_MAX);
	draw(type, drawn, strlen(picture));
	_assert_string_equal(drawn, picture, file, line);
}

/** Fails unless TYPE is exactly what PICTURE shows. */
#define expect(type, picture) expect_at(type, picture, __FILE__, __LINE__)

static void expect_region_at(const struct memblock_type *type, unsigned long i, phys_addr_t base,
			     phys_addr_t size, const char *file, int line)
{
	const char *wrong = disorder(type);

	if (wrong) {
		print_error("%s: %s\n", type->name, wrong);
		_fail(file, line);
	}
	_assert_in_range(i, 0, type->cnt - 1, file, line);
	_assert_int_equal(type->regions[i].base, base, file, line);
	_assert_int_equal(type->regions[i].size, size, file, line);
}

/** Fails unless region I of TYPE is [base, base + size). For what no picture can show. */
#define expect_region(type, i, base, size) expect_region_at(type, i, base, size, __FILE__, __LINE__)

#endif
