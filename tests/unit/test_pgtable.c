/* SPDX-License-Identifier: MIT */
/*
 * Translation tables: every page is looked up as the architecture does it, without the code under
 * test, and compared with an array that says what each page should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mm/pgtable.h"
#include "tests/unit/store_test_util.h"

#define LEAVES 16U
#define AT 0x9fff0000U /* the tables' physical address */
#define SECTIONS 16U   /* of the window that is mapped */
#define PAGES (SECTIONS * 256U)
#define ROUNDS 600U
#define STEPS 20U

static uint32_t memory[PGTABLE_BYTES(LEAVES) / 4];
static struct pgtable pt;
static uint8_t model[PAGES];

/* What a descriptor allows, by DDI 0406C B3.5.1, B3.7.1 and B3.8.2. */
struct access {
	bool mapped, write, execute, guarded;
	unsigned memory; /* TEX C B */
	bool shared;
};

static struct access wanted(uint8_t attr)
{
	static const struct access of[PGTABLE_ATTRS] = {
		[PGTABLE_DEVICE] = {.mapped = true, .write = true, .memory = 1},
		[PGTABLE_RAM] = {.mapped = true, .write = true, .memory = 7, .shared = true},
		[PGTABLE_CONST] = {.mapped = true, .memory = 7, .shared = true},
		[PGTABLE_TEXT] = {.mapped = true, .execute = true, .memory = 7, .shared = true},
		[PGTABLE_GUARDED] = {.mapped = true, .guarded = true, .memory = 7, .shared = true},
		[PGTABLE_UNCACHED] = {.mapped = true, .write = true, .memory = 4, .shared = true},
		[PGTABLE_EARLY] = {.mapped = true,
				   .write = true,
				   .execute = true,
				   .memory = 7,
				   .shared = true},
	};

	return of[attr];
}

static uint32_t bits(uint32_t value, unsigned low, unsigned count)
{
	return value >> low & ((1U << count) - 1);
}

/* A walk of the tables for ADDRESS, which must come out at ADDRESS. */
static struct access walk(uint32_t address)
{
	uint32_t first = memory[address >> 20], d = first;
	unsigned domain = bits(first, 5, 4), ap, xn, ap2;
	struct access a = {.mapped = true};

	if (bits(first, 0, 2) == 0)
		return (struct access){.mapped = false};
	if (bits(first, 0, 2) == 2) {
		assert_int_equal(bits(first, 18, 1), 0); /* no supersection */
		assert_int_equal(first & 0xfff00000, address & 0xfff00000);
		xn = bits(d, 4, 1);
		ap = bits(d, 10, 2);
		ap2 = bits(d, 15, 1);
		a.memory = bits(d, 12, 3) << 2 | bits(d, 2, 2);
		a.shared = bits(d, 16, 1);
	} else {
		assert_int_equal(bits(first, 0, 5), 1);
		assert_in_range(first & 0xfffffc00, AT + 16384, AT + sizeof(memory) - 1024);
		d = memory[((first & 0xfffffc00) - AT) / 4 + bits(address, 12, 8)];
		if (bits(d, 0, 2) == 0)
			return (struct access){.mapped = false};
		assert_int_equal(bits(d, 1, 1), 1); /* small pages only */
		assert_int_equal(d & 0xfffff000, address & 0xfffff000);
		xn = bits(d, 0, 1);
		ap = bits(d, 4, 2);
		ap2 = bits(d, 9, 1);
		a.memory = bits(d, 6, 3) << 2 | bits(d, 2, 2);
		a.shared = bits(d, 10, 1);
	}
	assert_int_equal(ap, 1);
	assert_in_range(domain, 0, 1);
	a.write = !ap2;
	a.execute = !xn;
	a.guarded = domain == 1;
	return a;
}

static void check_page(uint32_t address, uint8_t attr)
{
	struct access is = walk(address), should = wanted(attr);

	assert_int_equal(is.mapped, should.mapped);
	assert_int_equal(is.write, should.write);
	assert_int_equal(is.execute, should.execute);
	assert_int_equal(is.guarded, should.guarded);
	assert_int_equal(is.memory, should.memory);
	assert_int_equal(is.shared, should.shared);
	assert_int_equal(pgtable_attr(&pt, address), attr);
	assert_int_equal(pgtable_attr(&pt, address + 4095), attr);
}

/* A section where all pages are alike, a table where they are not, and no other tables. */
static unsigned check_sections(uint32_t base)
{
	unsigned tables = 0;

	for (unsigned s = 0; s < SECTIONS; s++) {
		const uint8_t *page = model + s * 256U;
		bool alike = memcmp(page, page + 1, 255) == 0;

		assert_int_equal(bits(memory[(base >> 20) + s], 0, 2) == 1, !alike);
		tables += !alike;
	}
	return tables;
}

/* The runs are those of the model, each as long as can be. */
static void check_runs(uint32_t base)
{
	struct pgtable_run run;
	uint64_t at = 0;

	for (uint32_t p = 0, end; p < PAGES; p = end) {
		for (end = p + 1; end < PAGES && model[end] == model[p]; end++)
			;
		if (model[p] == PGTABLE_FAULT)
			continue;
		assert_true(pgtable_next(&pt, &at, &run));
		assert_int_equal(run.base, base + p * 4096U);
		assert_int_equal(run.size, (end - p) * 4096ULL);
		assert_int_equal(run.attr, model[p]);
		assert_int_equal(run.sections * 256U + run.pages, end - p);
	}
	assert_false(pgtable_next(&pt, &at, &run));
}

static void check_all(uint32_t base)
{
	for (uint32_t p = 0; p < PAGES; p++)
		check_page(base + p * 4096U, model[p]);
	assert_int_equal(check_sections(base), pt.used);
	check_runs(base);
}

/* What is left of a section that was guarded is read-only. */
static void unguard_parts(void)
{
	for (uint8_t *page = model; page < model + PAGES; page += 256) {
		unsigned guarded = 0;

		for (unsigned i = 0; i < 256; i++)
			guarded += page[i] == PGTABLE_GUARDED;
		for (unsigned i = 0; i < 256 && guarded < 256; i++)
			if (page[i] == PGTABLE_GUARDED)
				page[i] = PGTABLE_CONST;
	}
}

/* Maps something at random, in the tables and in the model. */
static void map_something(struct rng *r, uint32_t base)
{
	uint8_t attr = (uint8_t)rng_below(r, PGTABLE_ATTRS);
	uint32_t grain = attr == PGTABLE_GUARDED || rng_below(r, 3) == 0 ? 256 : 1;
	uint32_t first = rng_below(r, PAGES), count = rng_below(r, 4) ? 1 + rng_below(r, 600) : 1;

	first -= first % grain;
	count += grain - 1;
	count -= count % grain;
	if (count > PAGES - first)
		count = PAGES - first;
	assert_int_equal(pgtable_map(&pt, base + first * 4096U, count * 4096ULL, attr), 0);
	memset(model + first, attr, count);
	unguard_parts();
}

static void test_random_layouts(void **state)
{
	static const uint32_t bases[] = {0, 0x60000000, 0xff000000};
	struct rng r = rng_seeded(6);

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t base = bases[round % 3];

		memset(memory, 0xa5, sizeof(memory));
		memset(model, PGTABLE_FAULT, sizeof(model));
		pgtable_init(&pt, memory, AT, LEAVES);
		for (unsigned step = 0; step < STEPS; step++)
			map_something(&r, base);
		check_all(base);
	}
}

/* All of it is mapped at once, to the last byte. */
static void test_whole_space(void **state)
{
	struct pgtable_run run;
	uint64_t at = 0;

	(void)state;
	pgtable_init(&pt, memory, AT, 0);
	assert_int_equal(pgtable_map(&pt, 0, PGTABLE_SPACE, PGTABLE_DEVICE), 0);
	assert_true(pgtable_next(&pt, &at, &run));
	assert_int_equal(run.base, 0);
	assert_int_equal(run.size, PGTABLE_SPACE);
	assert_int_equal(run.sections, 4096);
	assert_false(pgtable_next(&pt, &at, &run));
	check_page(0xfffff000, PGTABLE_DEVICE);
}

static void test_refused(void **state)
{
	(void)state;
	pgtable_init(&pt, memory, AT, 0);
	assert_int_equal(pgtable_map(&pt, 0x60000800, 0x1000, PGTABLE_RAM), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0x60000000, 0x1800, PGTABLE_RAM), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0xfff00000, 0x101000, PGTABLE_RAM), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0x1000, UINT64_MAX - 0xfff, PGTABLE_RAM), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0x60000000, 0x81000, PGTABLE_GUARDED), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0x60001000, 0x100000, PGTABLE_GUARDED), -EINVAL);
	for (uint32_t i = 0; i < 4096; i++)
		assert_int_equal(memory[i], 0);
}

/* What has no table left is refused, and a section makes one free for another. */
static void test_tables_run_out(void **state)
{
	(void)state;
	pgtable_init(&pt, memory, AT, 2);
	assert_int_equal(pgtable_map(&pt, 0x60001000, 0x1000, PGTABLE_RAM), 0);
	assert_int_equal(pgtable_map(&pt, 0x60101000, 0x1000, PGTABLE_RAM), 0);
	assert_int_equal(pgtable_map(&pt, 0x60201000, 0x1000, PGTABLE_RAM), -ENOMEM);
	assert_int_equal(pgtable_map(&pt, 0x60101000, 0x1000, PGTABLE_FAULT), 0);
	assert_int_equal(pt.used, 1);
	assert_int_equal(pgtable_map(&pt, 0x60201000, 0x1000, PGTABLE_RAM), 0);
	assert_int_equal(pgtable_map(&pt, 0x60000000, 0x400000, PGTABLE_RAM), 0);
	assert_int_equal(pt.used, 0);
	/* A page of a section that is mapped so already takes none. */
	assert_int_equal(pgtable_map(&pt, 0x60000000, 0x1000, PGTABLE_CONST), 0);
	assert_int_equal(pgtable_map(&pt, 0x60100000, 0x1000, PGTABLE_CONST), 0);
	assert_int_equal(pgtable_map(&pt, 0x60201000, 0x1000, PGTABLE_RAM), 0);
	check_page(0x60201000, PGTABLE_RAM);
	check_page(0x60100000, PGTABLE_CONST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_layouts),
		cmocka_unit_test(test_whole_space),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tables_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
