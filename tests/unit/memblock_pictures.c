/* SPDX-License-Identifier: MIT */
#include "tests/unit/memblock_pictures.h"

#include <string.h>

phys_addr_t origin;

phys_addr_t page(unsigned n)
{
	return (phys_addr_t)(origin + PG(n));
}

struct range range_of(const char *picture)
{
	size_t first = strcspn(picture, "x"), last = (size_t)(strrchr(picture, 'x') - picture);

	return (struct range){page((unsigned)first), PG(last + 1 - first)};
}

static const struct {
	char c;
	enum memblock_flags flags;
} kinds[] = {
	{'#', MEMBLOCK_NONE},           {'n', MEMBLOCK_NOMAP},
	{'h', MEMBLOCK_HOTPLUG},        {'b', MEMBLOCK_HOTPLUG | MEMBLOCK_NOMAP},
	{'m', MEMBLOCK_MIRROR},         {'M', MEMBLOCK_HOTPLUG | MEMBLOCK_MIRROR},
	{'d', MEMBLOCK_DRIVER_MANAGED},
};

enum memblock_flags flags_of(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].c == c)
			return kinds[i].flags;
	assert_in_range(c, '0', '7');
	return MEMBLOCK_NONE;
}

int node_of(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : NUMA_NO_NODE;
}

/* The character of the region R. */
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

void lay(struct memblock_type *type, const char *picture)
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

void reset(void)
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
	memblock_complain = NULL;
}

const char *disorder(const struct memblock_type *type)
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

/* Draws TYPE into PICTURE, N pages long; '!' where a region does not begin and end with a page. */
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

void expect_at(const struct memblock_type *type, const char *picture, const char *file, int line)
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

void expect_region_at(const struct memblock_type *type, unsigned long i, phys_addr_t base,
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

/* ---- where and how a test runs ---- */

int at_bottom(void **state UNUSED)
{
	origin = 0;
	return 0;
}

int at_middle(void **state UNUSED)
{
	origin = MIDDLE;
	return 0;
}

int at_top(void **state UNUSED)
{
	origin = TOP;
	return 0;
}

int fresh(void **state UNUSED)
{
	reset();
	return 0;
}

int top_down(void **state UNUSED)
{
	reset();
	return 0;
}

int bottom_up(void **state UNUSED)
{
	reset();
	memblock.bottom_up = true;
	return 0;
}

struct heard heard;

static void hear(const char *what, const void *caller)
{
	heard.n++;
	heard.what = what;
	heard.caller = caller;
}

int listen(void **state UNUSED)
{
	reset();
	memblock_complain = hear;
	memset(&heard, 0, sizeof(heard));
	return 0;
}

int listen_bottom_up(void **state)
{
	listen(state);
	memblock.bottom_up = true;
	return 0;
}

int run_rows(const char *group, CMUnitTestFunction test, CMFixtureFunction setup,
	     CMFixtureFunction place, const void *rows, size_t size, size_t n)
{
	struct CMUnitTest tests[ROWS_MAX];
	const char *row = rows;

	for (size_t i = 0; i < n && i < ROWS_MAX; i++, row += size)
		tests[i] = (struct CMUnitTest){*(const char *const *)(const void *)row, test, setup,
					       NULL, (void *)(uintptr_t)row};
	return n > ROWS_MAX ? 1 : _cmocka_run_group_tests(group, tests, n, place, NULL);
}

bool next_free(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start, phys_addr_t *end)
{
	__next_mem_range(idx, NUMA_NO_NODE, flags, &memblock.memory, &memblock.reserved, start, end,
			 NULL);
	return *idx != MEMBLOCK_ITER_END;
}

bool next_free_rev(uint64_t *idx, enum memblock_flags flags, phys_addr_t *start, phys_addr_t *end)
{
	__next_mem_range_rev(idx, NUMA_NO_NODE, flags, &memblock.memory, &memblock.reserved, start,
			     end, NULL);
	return *idx != MEMBLOCK_ITER_END;
}
