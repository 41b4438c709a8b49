/* SPDX-License-Identifier: MIT */
/* Sections that are taken and get tables and pages from elsewhere, as a walk of the tables sees
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "mm/pgtable_lend.h"

#define UNUSED __attribute__((unused))
#define LEAVES 2U
#define AT 0x60008000U /* where the tables lie in memory */
#define MEMORY 0x60000000U
#define PAGE 4096U
#define PAGES 64U

/* Memory, with tables in the midst of it, so that what is lent lies on either side. */
static uint32_t memory[PAGES * PAGE / 4] __attribute__((aligned(4096)));
static struct pgtable pt;

static uint32_t *in_memory(uint32_t at)
{
	assert_in_range(at, MEMORY, MEMORY + sizeof(memory) - 1);
	return memory + (at - MEMORY) / 4;
}

/* The entry that a walk for ADDRESS ends at (DDI 0406C, B3.5.1); 0: nothing is mapped. */
static uint32_t walk(uint32_t address)
{
	uint32_t entry = *in_memory(AT + (address >> 20) * 4);

	if ((entry & 3) != 1)
		return (entry & 3) == 0 ? 0 : entry;
	assert_int_equal(entry & 0x3fc, 0); /* domain 0, and what should be zero */
	entry = *in_memory((entry & 0xfffffc00) + (address >> 12 & 0xff) * 4);
	return (entry & 3) == 0 ? 0 : entry;
}

static int start(void **state UNUSED)
{
	memset(memory, 0, sizeof(memory));
	pgtable_init(&pt, in_memory(AT), AT, LEAVES);
	assert_int_equal(pgtable_map(&pt, MEMORY, PAGES * PAGE, PGTABLE_RAM), 0);
	return 0;
}

static uint32_t take(uint32_t from, uint64_t size)
{
	uint32_t base = 0;

	assert_int_equal(pgtable_take(&pt, from, size, &base), 0);
	return base;
}

/* Nothing mapped is next to it. */
static void the_first_place(void **state UNUSED)
{
	assert_int_equal(take(MEMORY, MIB(1)), MEMORY + MIB(2));
	assert_int_equal(take(MEMORY, MIB(3)), MEMORY + MIB(4));
	assert_int_equal(take(MEMORY + MIB(20), MIB(1)), MEMORY + MIB(21));
	assert_int_equal(take(MEMORY, MIB(11)), MEMORY + MIB(8)); /* just as large as that is */
	assert_int_equal(take(MEMORY, MIB(11)), MEMORY + MIB(23));
	assert_int_equal(take(0, MIB(1)), MIB(1));
	assert_int_equal(pt.taken, 28);
}

/* Nothing is mapped at the end either: 4 GiB less the section there. */
static void no_place(void **state UNUSED)
{
	uint32_t base = 7;

	assert_int_equal(pgtable_take(&pt, 0, PGTABLE_SPACE, &base), -ENOSPC);
	assert_int_equal(pgtable_take(&pt, 0xfd000000, MIB(47), &base), -ENOSPC);
	assert_int_equal(base, 7);
	assert_int_equal(pt.taken, 0);
	assert_int_equal(take(0xfd000000, MIB(46)), 0xfd100000);
	assert_int_equal(pgtable_take(&pt, 0xfd000000, MIB(1), &base), -ENOSPC);
}

static void taken_is_taken(void **state UNUSED)
{
	uint32_t base = take(MEMORY, MIB(2));
	struct pgtable_run run;
	uint64_t at = 0;

	assert_int_equal(pgtable_map(&pt, base + MIB(1), PAGE, PGTABLE_DEVICE), -EBUSY);
	assert_int_equal(pgtable_map(&pt, base - MIB(1), MIB(2), PGTABLE_DEVICE), -EBUSY);
	assert_int_equal(pgtable_map(&pt, base + MIB(2) - PAGE, 2 * PAGE, PGTABLE_FAULT), -EBUSY);
	assert_int_equal(walk(base - PAGE) | walk(base + MIB(2)), 0);
	assert_int_equal(pgtable_attr(&pt, base), PGTABLE_FAULT);
	assert_true(pgtable_next(&pt, &at, &run));
	assert_int_equal(run.base, MEMORY);
	assert_false(run.lent);
	assert_false(pgtable_next(&pt, &at, &run));

	pgtable_lend(&pt, base, base + MIB(2), MEMORY);
	assert_int_equal(pgtable_map(&pt, base, PAGE, PGTABLE_DEVICE), -EBUSY);
	pgtable_cut_off(&pt, base, MIB(2));
	assert_int_equal(pgtable_map(&pt, base, PAGE, PGTABLE_DEVICE), -EBUSY);
	pgtable_leave(&pt, base, MIB(2));
	assert_int_equal(pt.taken, 0);
	assert_int_equal(pgtable_map(&pt, base, PAGE, PGTABLE_DEVICE), 0);
}

/* A span and a part of one, by tables before ours and behind them. */
static void pages_are_mapped(void **state UNUSED)
{
	uint32_t base = take(MEMORY, MIB(6)), page = base + MIB(3) + 5 * PAGE;
	uint32_t before = MEMORY, behind = MEMORY + 20 * PAGE;
	struct pgtable_run run;
	uint64_t at = MEMORY + MIB(1);

	assert_int_equal(pgtable_lent(&pt, page) | pgtable_place(&pt, page), 0);
	pgtable_lend(&pt, base, base + MIB(6), before);
	pgtable_lend(&pt, base + MIB(4), base + MIB(6), behind);
	assert_int_equal(*in_memory(AT + ((base + MIB(6)) >> 20) * 4), 0);
	assert_int_equal(pgtable_lent(&pt, page), before);
	assert_int_equal(pgtable_lent(&pt, base + MIB(5)), behind);
	assert_int_equal(pgtable_place(&pt, page) | walk(page), 0);

	pgtable_put(&pt, page, MEMORY + 30 * PAGE);
	pgtable_put(&pt, base + MIB(6) - PAGE, MEMORY + 31 * PAGE);
	assert_int_equal(pgtable_place(&pt, page + 17), MEMORY + 30 * PAGE);
	/* Small page, XN, write-back write-allocate, shareable, privileged read and write. */
	assert_int_equal(walk(page), (MEMORY + 30 * PAGE) | 0x45f);
	assert_int_equal(walk(base + MIB(6) - 1), (MEMORY + 31 * PAGE) | 0x45f);
	assert_int_equal(walk(page - PAGE) | walk(page + PAGE) | walk(base), 0);
	assert_int_equal(pgtable_attr(&pt, page), PGTABLE_RAM);
	assert_int_equal(pgtable_attr(&pt, page + PAGE), PGTABLE_FAULT);

	assert_true(pgtable_next(&pt, &at, &run));
	assert_int_equal(run.base, page);
	assert_int_equal(run.size, PAGE);
	assert_true(run.lent);
	assert_true(pgtable_next(&pt, &at, &run));
	assert_int_equal(run.base, base + MIB(6) - PAGE);
	assert_int_equal(pt.used, 1); /* of our own */
}

/* What was mapped is still known when nothing is any more. */
static void cut_off(void **state UNUSED)
{
	uint32_t base = take(MEMORY, MIB(5));

	pgtable_lend(&pt, base, base + MIB(5), MEMORY);
	pgtable_put(&pt, base + MIB(1), MEMORY + 30 * PAGE);
	pgtable_cut_off(&pt, base, MIB(5));
	assert_int_equal(walk(base + MIB(1)), 0);
	assert_int_equal(pgtable_attr(&pt, base + MIB(1)), PGTABLE_FAULT);
	assert_int_equal(pgtable_lent(&pt, base + MIB(1)), MEMORY);
	assert_int_equal(pgtable_place(&pt, base + MIB(1)), MEMORY + 30 * PAGE);
	assert_int_equal(pgtable_lent(&pt, base + MIB(4)), 0);
	pgtable_cut_off(&pt, base, MIB(5)); /* once more: no difference */
	assert_int_equal(pgtable_place(&pt, base + MIB(1)), MEMORY + 30 * PAGE);
	pgtable_leave(&pt, base, MIB(5));
	assert_int_equal(pgtable_lent(&pt, base + MIB(1)), 0);
	assert_int_equal(take(MEMORY, MIB(5)), base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_place, start),
		cmocka_unit_test_setup(no_place, start),
		cmocka_unit_test_setup(taken_is_taken, start),
		cmocka_unit_test_setup(pages_are_mapped, start),
		cmocka_unit_test_setup(cut_off, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
