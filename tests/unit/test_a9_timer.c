/* SPDX-License-Identifier: MIT */
/* The global timer, on registers that count: its rate, its 64 bits, and the tick. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_MMIO_H /* these instead */

static uint32_t mmio_read(uintptr_t address);
static void mmio_write(uintptr_t address, uint32_t value);

#include "drivers/a9_timer.c"

#define UNUSED __attribute__((unused))
#define BASE 0x1e000200u
#define RATE 200000000u

struct machine machine;

static struct {
	uint64_t count, compare;
	uint32_t control, step; /* step: what it counts between two reads */
	unsigned cleared;
} chip;

static gic_handler_fn *handler;
static int interrupt_found;
static unsigned ticks;
static char tree[1024];
static struct device device = {.fdt = tree, .base = BASE};

static uint32_t mmio_read(uintptr_t address)
{
	if (chip.control & CONTROL_ENABLE)
		chip.count += chip.step;
	assert_true(address == BASE + COUNT_LOW || address == BASE + COUNT_HIGH);
	return (uint32_t)(address == BASE + COUNT_LOW ? chip.count : chip.count >> 32);
}

static void mmio_write(uintptr_t address, uint32_t value)
{
	if (address == BASE + CONTROL)
		chip.control = value;
	else if (address == BASE + STATUS)
		chip.cleared += value;
	else if (address == BASE + COMPARE_LOW)
		chip.compare = (chip.compare >> 32 << 32) | value;
	else if (address == BASE + COMPARE_HIGH)
		chip.compare = (uint64_t)value << 32 | (uint32_t)chip.compare;
	else
		fail();
	if (address >= BASE + COMPARE_LOW) /* half of a value must not match */
		assert_false(chip.control & CONTROL_COMPARE);
}

int gic_interrupt(const struct device *d)
{
	assert_ptr_equal(d, &device);
	return interrupt_found;
}

int gic_handle(int id, gic_handler_fn *fn, void *ctx UNUSED)
{
	assert_int_equal(id, interrupt_found);
	handler = fn;
	return 0;
}

/* The timer's node, which may say its rate, or refer to a clock that does. */
static void make_tree(uint32_t frequency, uint32_t clock)
{
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_begin_node(tree, "clock");
	fdt_property_u32(tree, "phandle", 3);
	fdt_property_u32(tree, "clock-frequency", RATE);
	fdt_end_node(tree);
	fdt_begin_node(tree, "timer");
	if (frequency)
		fdt_property_u32(tree, "clock-frequency", frequency);
	if (clock)
		fdt_property_u32(tree, "clocks", clock);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_finish(tree);
	assert_int_equal(dt_path_to(tree, fdt_path_offset(tree, "/timer"), &device.path), 0);
}

static int start(void **state UNUSED)
{
	clock_reset();
	log_reset();
	chip.count = chip.control = chip.cleared = 0;
	chip.step = 1;
	interrupt_found = 27;
	machine.start_tick = NULL;
	ticks = 0;
	return 0;
}

static void rates(void **state UNUSED)
{
	make_tree(RATE, 0);
	a9_timer_bind(&device);
	chip.count += RATE;
	assert_true(clock_ns() >= 1000000000 && clock_ns() < 1000001000);

	start(NULL);
	make_tree(0, 3);
	a9_timer_bind(&device);
	chip.count += RATE;
	assert_true(clock_ns() >= 1000000000 && clock_ns() < 1000001000);

	start(NULL);
	make_tree(0, 4); /* there is no such clock, and nothing to measure by */
	a9_timer_bind(&device);
	chip.count += RATE;
	assert_true(clock_ns() == 0);
}

/* The two halves are of one moment, also where the low one wraps between their reads. */
static void halves(void **state UNUSED)
{
	make_tree(RATE, 0);
	a9_timer_bind(&device);
	for (unsigned before = 1; before < 10; before++) {
		uint64_t shown;

		chip.count = (5ull << 32) - before;
		shown = count();
		assert_true(shown >= (5ull << 32) - before && shown <= chip.count);
	}
}

static void on_each(void)
{
	ticks++;
}

static void the_tick(void **state UNUSED)
{
	make_tree(RATE, 0);
	interrupt_found = -ENOENT;
	a9_timer_bind(&device);
	assert_null(machine.start_tick);
	interrupt_found = 27;
	a9_timer_bind(&device);
	chip.count = (1ull << 32) - TICK_EVERY / 2;
	assert_int_equal(machine.start_tick(on_each), 0);
	for (unsigned i = 1; i < 5; i++) {
		assert_int_equal(chip.control, CONTROL_ENABLE | CONTROL_COMPARE | CONTROL_IRQ);
		assert_true(chip.compare > chip.count);
		assert_true(chip.compare - chip.count <= TICK_EVERY);
		chip.count = chip.compare + 1000;
		handler(NULL);
		assert_int_equal(ticks, i);
		assert_int_equal(chip.cleared, i + 1);
	}
	machine.stop_tick();
	assert_int_equal(chip.control, CONTROL_ENABLE);
	assert_int_equal(chip.cleared, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rates, start),
		cmocka_unit_test_setup(halves, start),
		cmocka_unit_test_setup(the_tick, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
