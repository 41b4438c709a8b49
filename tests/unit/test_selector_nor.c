/* SPDX-License-Identifier: MIT */
/* The selector's few lines of flash, on two chips that AND, lock, fail and hang, each by itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The chips and a clock in the place of the registers. */
#define CAIRN_DRIVERS_MMIO_H
#define CAIRN_BOOT_SELECTOR_TIMER_H
static uint32_t mmio_read(uintptr_t address);
static void mmio_write(uintptr_t address, uint32_t value);
static uint32_t timer_ticks(void);
static int timer_passed(uint32_t start);

#include "boot/selector/nor.c"

#define ADDRESS 0x40040010U
#define SECOND 1000U /* accesses */

enum state { READING, STATUS, PROGRAMMING, LOCK };

static struct chip {
	enum state state;
	uint16_t cell, status;
	unsigned busy;  /* accesses until it is done */
	unsigned takes; /* as many */
	bool locked, locked_down, fails, low;
} chips[2];

static uint32_t accesses;

static uint32_t timer_ticks(void)
{
	return accesses;
}

static int timer_passed(uint32_t start)
{
	return accesses - start >= SECOND;
}

static void begin(struct chip *c)
{
	c->state = STATUS;
	c->status &= 0x7f;
	c->busy = c->takes;
}

static void program_cell(struct chip *c, uint16_t value)
{
	begin(c);
	if (c->locked)
		c->status |= 0x12;
	else if (c->low)
		c->status |= 0x18;
	else if (c->fails)
		c->status |= 0x10;
	else
		c->cell &= value;
}

static void command(struct chip *c, uint16_t value)
{
	switch (value) {
	case 0x40:
		c->state = PROGRAMMING;
		return;
	case 0x50:
		c->status &= 0x80;
		return;
	case 0x60:
		c->state = LOCK;
		return;
	case 0xff:
		c->state = READING;
		return;
	default:
		fail_msg("no command: 0x%x", value);
	}
}

static void chip_write(struct chip *c, uint16_t value)
{
	if (c->busy)
		return; /* it hears nothing */
	if (c->state == PROGRAMMING) {
		program_cell(c, value);
	} else if (c->state == LOCK) {
		assert_int_equal(value, 0xd0);
		c->locked &= c->locked_down;
		begin(c);
	} else {
		command(c, value);
	}
}

static uint16_t chip_read(struct chip *c)
{
	assert_true(c->state == READING || c->state == STATUS);
	if (c->busy && --c->busy == 0)
		c->status |= 0x80;
	return c->state == READING ? c->cell : c->status;
}

static uint32_t mmio_read(uintptr_t address)
{
	assert_int_equal(address, ADDRESS);
	accesses++;
	return (uint32_t)chip_read(&chips[1]) << 16 | chip_read(&chips[0]);
}

static void mmio_write(uintptr_t address, uint32_t value)
{
	assert_int_equal(address, ADDRESS);
	accesses++;
	chip_write(&chips[0], (uint16_t)value);
	chip_write(&chips[1], (uint16_t)(value >> 16));
}

static int setup(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		chips[i] =
			(struct chip){.cell = 0xffff, .status = 0x80, .takes = 5 + 4 * (unsigned)i};
	accesses = UINT32_MAX - 20; /* it wraps */
	return 0;
}

/* nor_program() answers EXPECTED, the flash can be read, and has WORD. */
static void expect(uint32_t program, int expected, uint32_t word)
{
	assert_int_equal(nor_program(ADDRESS, program), expected);
	assert_int_equal(chips[0].state, READING);
	assert_int_equal(chips[1].state, READING);
	assert_int_equal(mmio_read(ADDRESS), word);
}

static void test_program(void **state)
{
	(void)state;
	expect(0x12345678, 0, 0x12345678);
	expect(0xff00ff00, 0, 0x12005600);
	expect(0, 0, 0);
}

static void test_each_chip_is_waited_for(void **state)
{
	(void)state;
	chips[0].takes = 300;
	expect(0x12345678, 0, 0x12345678);
	setup(NULL);
	chips[1].takes = 300;
	expect(0x12345678, 0, 0x12345678);
}

static void test_locked(void **state)
{
	for (int i = 0; i < 2; i++) {
		setup(state);
		chips[i].locked = true;
		expect(0, 0, 0);
		assert_false(chips[i].locked);
		setup(state);
		chips[i].locked = chips[i].locked_down = true;
		expect(0, -EACCES, i ? 0xffff0000 : 0x0000ffff);
	}
}

static void test_failing(void **state)
{
	for (int i = 0; i < 2; i++) {
		uint32_t left = i ? 0xffff0000 : 0x0000ffff;

		setup(state);
		chips[i].fails = true;
		expect(0, -EIO, left);
		setup(state);
		chips[i].low = true;
		expect(0, -EIO, left);
	}
}

/* A chip that never ends is given up after a second. */
static void test_hanging(void **state)
{
	for (int i = 0; i < 2; i++) {
		setup(state);
		chips[i].takes = UINT32_MAX;
		assert_int_equal(nor_program(ADDRESS, 0), -ETIMEDOUT);
		assert_int_equal(chips[!i].state, READING);
		setup(state);
		chips[i].locked = true;
		chips[!i].takes = UINT32_MAX;
		assert_int_equal(nor_program(ADDRESS, 0), -ETIMEDOUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_program, setup),
		cmocka_unit_test_setup(test_each_chip_is_waited_for, setup),
		cmocka_unit_test_setup(test_locked, setup),
		cmocka_unit_test_setup(test_failing, setup),
		cmocka_unit_test_setup(test_hanging, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
