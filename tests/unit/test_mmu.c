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
#include <sys/mman.h>

#include "drivers/cache.h"
#include "drivers/cp15.h"
#include "drivers/irq.h"
#include "mm/arena.h"

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

static const struct arena_env *arenas;

static void note_arenas(const struct arena_env *env)
{
	arenas = env;
	note("arenas");
}

int arena_probe(uintptr_t address);
int arena_probe(uintptr_t address)
{
	(void)address;
	return 0;
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
#define arenas_start note_arenas

#define __data_start image_data_start /* the host has one of its own */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/mmu.c"
#pragma GCC diagnostic pop

#include "tests/unit/boot_test.h"

/* An image of eight pages, and the places in it that the linker gives. The program lies below 4
 * GiB. */
static char image[8 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE), used));
__asm__(".globl __image_start, __rodata_start, image_data_start, __kept_start, __image_end\n"
	".set __image_start, image\n"
	".set __rodata_start, image + 0x1000\n"
	".set image_data_start, image + 0x2000\n"
	".set __kept_start, image + 0x3000\n"
	".set __image_end, image + 0x8000\n");
char stacks[CORES_MAX][STACKS_OF_A_CORE] __attribute__((aligned(PAGE_SIZE)));

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

static int start(void **state)
{
	order[0] = '\0';
	memset(&cpu, 0, sizeof(cpu));
	memset(&map, 0, sizeof(map));
	ttbr = 0;
	return boot_test_setup(state);
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

/* Not in the first tables, which map everything. A cleared entry is in no TLB when that is over. */
static void arenas_are_in_the_tables_made(void **state UNUSED)
{
	static uint32_t table[PGTABLE_BYTES(0) / 4] __attribute__((aligned(PGTABLE_ALIGN)));

	mmu_start();
	order[0] = '\0';
	mmu_start_arenas();
	EXPECT("");
	pgtable_init(&made, table, 0x61000000, 0);
	go_over();
	order[0] = '\0';
	mmu_start_arenas();
	EXPECT("arenas ");
	assert_ptr_equal(arenas->pt, mmu_tables());
	assert_ptr_equal(arenas->memory(0x61000000), (void *)0x61000000);
	arenas->barrier();
	EXPECT("dsb ");
	arenas->unmade();
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

/* ---- the tables that are made ---------------------------------------------------------------- */

#define MEMORY_START 0x60000000U
#define MEMORY_SIZE MIB(8)
#define DEVICE 0x10009004U

/* A boot that has found memory, with its first tables live and a device that a driver uses. */
static void found_memory(void)
{
	memblock_add(MEMORY_START, MEMORY_SIZE);
	mmu_start();
	mmu_claim(DEVICE, 4);
	order[0] = '\0';
}

static enum pgtable_attr attr_of(const void *of)
{
	return mmu_attr((uintptr_t)of);
}

static void each_part_is_protected(void **state UNUSED)
{
	found_memory();
	boot.store_place = STORE_PLACE_DEFAULT;
	boot.store_base = MEMORY_START + MIB(4);
	boot.store_size = MIB(1);
	memblock_reserve(boot.store_base, boot.store_size);
	mmu_protect(&boot);
	assert_ptr_equal(mmu_tables(), &made);
	assert_int_equal(cpu.ttbr0, made.at | TTBR_WALK);
	assert_int_equal(attr_of(__image_start), PGTABLE_TEXT);
	assert_int_equal(attr_of(__rodata_start - 1), PGTABLE_TEXT);
	assert_int_equal(attr_of(__rodata_start), PGTABLE_CONST);
	assert_int_equal(attr_of(__data_start), PGTABLE_RAM);
	assert_int_equal(attr_of(__kept_start), PGTABLE_UNCACHED);
	assert_int_equal(attr_of(__image_end - 1), PGTABLE_UNCACHED);
	assert_int_equal(mmu_attr(MEMORY_START), PGTABLE_RAM);
	assert_int_equal(mmu_attr(MEMORY_START + MEMORY_SIZE - 1), PGTABLE_RAM);
	assert_int_equal(mmu_attr(boot.store_base), PGTABLE_GUARDED);
	assert_int_equal(mmu_attr(boot.store_base + MIB(1) - 1), PGTABLE_GUARDED);
	assert_int_equal(mmu_attr(DEVICE), PGTABLE_DEVICE);
	assert_true(mmu_mapped(DEVICE));
	assert_false(mmu_mapped(0));
	assert_false(mmu_mapped(MEMORY_START + MEMORY_SIZE));
	assert_false(mmu_mapped(DEVICE + PAGE_SIZE));
	assert_quiet();
}

/* A stack that runs over meets a page that is not there. */
static void guards_below_stacks(void **state UNUSED)
{
	found_memory();
	memblock_add((phys_addr_t)(uintptr_t)stacks, sizeof(stacks));
	memblock_reserve((phys_addr_t)(uintptr_t)stacks, sizeof(stacks));
	mmu_protect(&boot);
	for (unsigned core = 0; core < CORES_MAX; core++) {
		const char *exceptions = stacks[core] + GUARD_SIZE;
		const char *guard = exceptions + EXCEPTION_STACK_SIZE;

		assert_int_equal(attr_of(stacks[core]), PGTABLE_FAULT);
		assert_int_equal(attr_of(exceptions), PGTABLE_RAM);
		assert_int_equal(attr_of(guard - 1), PGTABLE_RAM);
		assert_int_equal(attr_of(guard), PGTABLE_FAULT);
		assert_int_equal(attr_of(guard + GUARD_SIZE - 1), PGTABLE_FAULT);
		assert_int_equal(attr_of(guard + GUARD_SIZE), PGTABLE_RAM);
		assert_int_equal(attr_of(stacks[core] + STACKS_OF_A_CORE - 1), PGTABLE_RAM);
	}
}

/* The tables are memory that memblock knows as theirs. */
static void the_tables_are_reserved(void **state UNUSED)
{
	found_memory();
	mmu_protect(&boot);
	assert_int_equal(boot.named_count, 1);
	assert_string_equal(boot.named[0].name, "page tables");
	assert_int_equal(boot.named[0].base, made.at);
	assert_int_equal(boot.named[0].size % PAGE_SIZE, 0);
	assert_true(memblock_is_region_reserved(made.at, boot.named[0].size));
	assert_int_equal(made.at % PGTABLE_ALIGN, 0);
}

static void a_store_of_odd_size(void **state UNUSED)
{
	found_memory();
	boot.store_place = STORE_PLACE_CMDLINE;
	boot.store_base = MEMORY_START + MIB(4);
	boot.store_size = KIB(64);
	mmu_protect(&boot);
	assert_int_equal(mmu_attr(boot.store_base), PGTABLE_RAM);
	assert_said(": not made of whole MiB: not protected from stray writes");
	assert_lines(1);
}

/* No table has room where there is no memory, or none that keeps what is written to it. */
static void no_memory_for_tables(void **state UNUSED)
{
	mmu_start();
	mmu_protect(&boot);
	assert_ptr_equal(mmu_tables(), &first);
	assert_line("no memory for page tables: nothing is protected, not even the code");
	assert_int_equal(boot.named_count, 0);
}

static void devices_that_come_later(void **state UNUSED)
{
	found_memory();
	mmu_protect(&boot);
	order[0] = '\0';
	assert_false(mmu_mapped(0x1c090000));
	mmu_claim(0x1c090ffc, 8);
	EXPECT("dsb tlbs dsb isb ");
	assert_int_equal(mmu_attr(0x1c090000), PGTABLE_DEVICE);
	assert_int_equal(mmu_attr(0x1c091000), PGTABLE_DEVICE);
	assert_quiet();
	for (uint32_t section = 0; section < 32; section++) /* until no leaf is left */
		mmu_claim(0x20000000 + section * PGTABLE_SECTION, 4);
	assert_said(": the device cannot be mapped: ");
	assert_true(mmu_mapped(0x20000000));
	assert_false(mmu_mapped(0x20000000 + 31 * PGTABLE_SECTION));
}

static void more_devices_than_are_noted(void **state UNUSED)
{
	found_memory();
	for (uint32_t i = 1; i < MAP_DEVICES_MAX; i++)
		mmu_claim(0x1c000000 + i * PAGE_SIZE, 4);
	assert_quiet();
	mmu_claim(0x1d000000, 4);
	assert_line("0x1d000000: more than 16 devices: it will not be reachable");
	mmu_protect(&boot);
	assert_true(mmu_mapped(0x1c00f000));
	assert_false(mmu_mapped(0x1d000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_core_joins, start),
		cmocka_unit_test_setup(a_core_that_takes_part_already, start),
		cmocka_unit_test_setup(the_first_core, start),
		cmocka_unit_test_setup(other_tables, start),
		cmocka_unit_test_setup(changes_are_published, start),
		cmocka_unit_test_setup(arenas_are_in_the_tables_made, start),
		cmocka_unit_test_setup(the_window, start),
		cmocka_unit_test_setup(each_part_is_protected, start),
		cmocka_unit_test_setup(guards_below_stacks, start),
		cmocka_unit_test_setup(the_tables_are_reserved, start),
		cmocka_unit_test_setup(a_store_of_odd_size, start),
		cmocka_unit_test_setup(no_memory_for_tables, start),
		cmocka_unit_test_setup(devices_that_come_later, start),
		cmocka_unit_test_setup(more_devices_than_are_noted, start),
	};
	void *const memory = (void *)(uintptr_t)MEMORY_START;

	if (mmap(memory, MEMORY_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory) {
		print_error("no memory at %p\n", memory);
		return 1;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
