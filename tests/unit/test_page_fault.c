/* SPDX-License-Identifier: MIT */
/* What becomes of an access that was not translated: boot/page_fault.c, with arenas that have the
 * page or do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_CP15_H /* these instead */
#define CAIRN_DRIVERS_IRQ_H

static uint32_t read_dfsr(void);
static uint32_t read_dfar(void);
static void write_dfsr(uint32_t v);
static void write_dfar(uint32_t v);
static uint32_t irq_save(void);
static void irq_unmask(void);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/page_fault.c"
#pragma GCC diagnostic pop

#define UNUSED __attribute__((unused))
#define ADDRESS 0xc0001234u
#define STATUS 0x807u
#define SOMEWHERE 0x60010000u

/* The probe is eight bytes of code here, and the program lies below 4 GiB. */
static char code[12] __attribute__((used));
__asm__(".globl arena_probe, arena_probe_failed\n"
	".set arena_probe, code\n"
	".set arena_probe_failed, code + 8\n");

static struct {
	uint32_t dfsr, dfar;
	bool masked;
	int result; /* of the arenas */
	bool was_masked, atomic;
	unsigned faults;
} board;

static struct interrupted stopped;

static uint32_t read_dfsr(void)
{
	return board.dfsr;
}

static uint32_t read_dfar(void)
{
	return board.dfar;
}

static void write_dfsr(uint32_t v)
{
	board.dfsr = v;
}

static void write_dfar(uint32_t v)
{
	board.dfar = v;
}

static uint32_t irq_save(void)
{
	board.masked = true;
	return 0;
}

static void irq_unmask(void)
{
	board.masked = false;
}

/* Meanwhile an interrupt may have made an abort of its own. */
int arena_fault(uintptr_t address, bool atomic)
{
	assert_int_equal(address, ADDRESS);
	board.faults++;
	board.was_masked = board.masked;
	board.atomic = atomic;
	board.dfsr = 0x1;
	board.dfar = 0x2;
	return board.result;
}

static int power_on(void **state UNUSED)
{
	memset(&board, 0, sizeof(board));
	board.dfsr = STATUS;
	board.dfar = ADDRESS;
	board.masked = true;
	stopped = (struct interrupted){
		.r = {1, 2, 3, 4}, .r12 = 5, .lr = 6, .pc = SOMEWHERE, .cpsr = 0x13};
	return 0;
}

/* The access is made again, by the same instruction, with the same registers. */
static void the_page_comes(void **state UNUSED)
{
	const struct interrupted before = stopped;

	assert_true(page_fault(&stopped));
	assert_memory_equal(&stopped, &before, sizeof(before));
	assert_int_equal(board.faults, 1);
	assert_true(board.atomic);
	assert_false(board.was_masked);
	assert_true(board.masked);
}

/* Where interrupts were masked they stay so. */
static void with_interrupts_masked(void **state UNUSED)
{
	stopped.cpsr |= CPSR_I;
	assert_true(page_fault(&stopped));
	assert_true(board.was_masked);
	assert_true(board.masked);
}

/* The report is about this abort, and no later one. */
static void there_is_no_page(void **state UNUSED)
{
	const struct interrupted before = stopped;

	board.result = -EFAULT;
	assert_false(page_fault(&stopped));
	assert_memory_equal(&stopped, &before, sizeof(before));
	assert_int_equal(board.dfsr, STATUS);
	assert_int_equal(board.dfar, ADDRESS);
	assert_true(board.masked);
}

/* Who probes gets an answer; and he has no locks, so others may be waited for. */
static void a_probe(void **state UNUSED)
{
	uint32_t probe = (uint32_t)(uintptr_t)code;

	for (uint32_t at = 0; at < 8; at += 4) {
		power_on(NULL);
		stopped.pc = probe + at;
		assert_true(page_fault(&stopped));
		assert_int_equal(stopped.pc, probe + at);
		assert_false(board.atomic);
		board.dfar = ADDRESS;
		board.result = -EFAULT;
		assert_true(page_fault(&stopped));
		assert_int_equal(stopped.pc, probe + 8);
		assert_int_equal(stopped.r[0], (uint32_t)-EFAULT);
		assert_int_equal(stopped.r[1], 2);
	}
}

static void beside_the_probe(void **state UNUSED)
{
	uint32_t probe = (uint32_t)(uintptr_t)code;

	board.result = -EFAULT;
	stopped.pc = probe + 8;
	assert_false(page_fault(&stopped));
	board.dfar = ADDRESS;
	stopped.pc = probe - 4;
	assert_false(page_fault(&stopped));
	assert_true(board.atomic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_page_comes, power_on),
		cmocka_unit_test_setup(with_interrupts_masked, power_on),
		cmocka_unit_test_setup(there_is_no_page, power_on),
		cmocka_unit_test_setup(a_probe, power_on),
		cmocka_unit_test_setup(beside_the_probe, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
