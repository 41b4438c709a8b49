/* SPDX-License-Identifier: MIT */
/*
 * The order of what is done to the MMU and the caches, which QEMU does not need and a board does:
 * boot/mmu.c with each access to a system register, each barrier and each operation of a cache
 * written down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "drivers/cache.h"
#include "drivers/cp15.h"
#include "drivers/irq.h"

#define UNUSED __attribute__((unused))

static char order[1024]; /* words, with a space behind each */
static struct {
	uint32_t actlr, sctlr, dacr, ttbr0;
} cpu;

static void note(const char *what)
{
	strncat(order, what, sizeof(order) - strlen(order) - 2);
	strcat(order, " ");
}

static void note_clean(const void *ptr, size_t len);
static void note_drop(const void *ptr, size_t len);

static void note_actlr(uint32_t v)
{
	cpu.actlr = v;
	note("actlr");
}

static void note_sctlr(uint32_t v)
{
	cpu.sctlr = v;
	note("sctlr");
}

static void note_dacr(uint32_t v)
{
	cpu.dacr = v;
	note("dacr");
}

static void note_ttbr0(uint32_t v)
{
	cpu.ttbr0 = v;
	note("ttbr0");
}

static uint32_t note_irq_save(void)
{
	note("mask");
	return 7;
}

static void note_irq_restore(uint32_t was)
{
	assert_int_equal(was, 7);
	note("unmask");
}

void cache_start_scu(void)
{
	note("scu");
}

#define read_actlr() cpu.actlr
#define write_actlr note_actlr
#define read_sctlr() cpu.sctlr
#define write_sctlr note_sctlr
#define write_dacr note_dacr
#define write_ttbr0 note_ttbr0
#define dsb() note("dsb")
#define isb() note("isb")
#define invalidate_icache() note("icache")
#define invalidate_tlb() note("tlb")
#define invalidate_tlb_everywhere() note("tlbs")
#define clean_dcache note_clean
#define clean_invalidate_dcache note_drop
#define irq_save note_irq_save
#define irq_restore note_irq_restore

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/mmu.c"
#pragma GCC diagnostic pop

/* An image of eight pages, and the places in it that the linker gives; the host has a __data_start.
 */
static char image[8 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE), used));
__asm__(".globl __image_start, __rodata_start, __kept_start, __image_end\n"
	".set __image_start, image\n"
	".set __rodata_start, image + 0x1000\n"
	".set __kept_start, image + 0x3000\n"
	".set __image_end, image + 0x8000\n");
char stacks[CORES_MAX][STACKS_OF_A_CORE];

static void note_clean(const void *ptr, size_t len)
{
	assert_true(ptr == &ttbr &&
		    len == sizeof(ttbr)); /* of what is changed here, read uncached */
	assert_int_equal(ttbr, live->at | TTBR_WALK);
	note("clean");
}

static void note_drop(const void *ptr, size_t len)
{
	assert_true(ptr == __kept_start && len == (size_t)(__image_end - __kept_start));
	note("drop");
}

#define EXPECT(text) (assert_string_equal(order, text), order[0] = '\0')

static int start(void **state UNUSED)
{
	order[0] = '\0';
	memset(&cpu, 0, sizeof(cpu));
	ttbr = 0;
	return 0;
}

/* Part of coherency first, then the tables, then translation. */
static void a_core_joins(void **state UNUSED)
{
	ttbr = 0x60004000 | TTBR_WALK;
	cpu.sctlr = SCTLR_A | SCTLR_TRE | SCTLR_AFE;
	mmu_join();
	EXPECT("actlr icache ttbr0 dacr isb tlb dsb isb sctlr isb ");
	assert_int_equal(cpu.actlr, ACTLR_SMP | ACTLR_FW);
	assert_int_equal(cpu.ttbr0, ttbr);
	assert_int_equal(cpu.dacr, DACR_CLOSED);
	assert_int_equal(cpu.sctlr, SCTLR_M | SCTLR_C | SCTLR_Z | SCTLR_I);
}

/* Where a loader has set the bits, what may be read-only is left alone. */
static void a_core_that_takes_part_already(void **state UNUSED)
{
	cpu.actlr = ACTLR_SMP | ACTLR_FW;
	mmu_join();
	EXPECT("icache ttbr0 dacr isb tlb dsb isb sctlr isb ");
	cpu.actlr = ACTLR_SMP;
	mmu_join();
	EXPECT("actlr icache ttbr0 dacr isb tlb dsb isb sctlr isb ");
	assert_int_equal(cpu.actlr, ACTLR_SMP | ACTLR_FW);
}

/* The tables are there before anything uses them. */
static void the_first_core(void **state UNUSED)
{
	uint32_t at = (uint32_t)(uintptr_t)image;

	mmu_start();
	EXPECT("dsb tlbs dsb isb dsb tlbs dsb isb scu "
	       "actlr icache ttbr0 dacr isb tlb dsb isb sctlr isb ");
	assert_int_equal(cpu.ttbr0, first.at | TTBR_WALK);
	assert_int_equal(mmu_attr(at), PGTABLE_EARLY);
}

/*
 * What is kept is in no cache when it is mapped as memory that none has, and no interrupt writes to
 * it meanwhile. Walks by the old tables are over before what they brought is dropped.
 */
static void other_tables(void **state UNUSED)
{
	static uint32_t table[PGTABLE_BYTES(0) / 4] __attribute__((aligned(PGTABLE_ALIGN)));

	mmu_start();
	order[0] = '\0';
	pgtable_init(&made, table, 0x61000000, 0);
	go_over();
	EXPECT("mask clean drop dsb ttbr0 isb dsb tlbs dsb isb drop dsb unmask ");
	assert_int_equal(cpu.ttbr0, 0x61000000 | TTBR_WALK);
}

static void changes_are_published(void **state UNUSED)
{
	mmu_start();
	order[0] = '\0';
	mmu_map_normal(0x70000000, 1);
	EXPECT("dsb tlbs dsb isb ");
}

static void the_window(void **state UNUSED)
{
	mmu_store_window(NULL, true);
	EXPECT("dacr isb ");
	assert_int_equal(cpu.dacr,
			 DACR_CLIENT(PGTABLE_DOMAIN) | DACR_MANAGER(PGTABLE_DOMAIN_GUARDED));
	mmu_store_window(NULL, false);
	EXPECT("dacr isb ");
	assert_int_equal(cpu.dacr, DACR_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_core_joins, start),
		cmocka_unit_test_setup(a_core_that_takes_part_already, start),
		cmocka_unit_test_setup(the_first_core, start),
		cmocka_unit_test_setup(other_tables, start),
		cmocka_unit_test_setup(changes_are_published, start),
		cmocka_unit_test_setup(the_window, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
