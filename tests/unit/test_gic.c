/* SPDX-License-Identifier: MIT */
/* The interrupt controller, on registers that behave as its own do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_MMIO_H /* these instead */
#define CAIRN_DRIVERS_CP15_H

static uint32_t mmio_read(uintptr_t address);
static void mmio_write(uintptr_t address, uint32_t value);

static void dsb(void)
{
}

#include "drivers/gic.c"

#define UNUSED __attribute__((unused))
#define DISTRIBUTOR 0x1e001000u
#define CPU 0x1e000100u
#define MAX_ID 96

struct machine machine;

static struct {
	bool on, core_on;
	uint8_t enabled[MAX_ID], pending[MAX_ID], edge[MAX_ID], target[MAX_ID], priority[MAX_ID];
	uint8_t mask;
	uint32_t active; /* as IAR gave it */
	uint32_t sgi;
	unsigned sender;
} chip;

static void set_bits(uint8_t *of, uintptr_t from, uint32_t v, uint8_t to)
{
	for (unsigned i = 0; i < 32; i++)
		if (v & 1u << i)
			of[from * 8 + i] = to;
}

static uint32_t acknowledge(void)
{
	for (unsigned id = 0; id < MAX_ID; id++) {
		if (chip.on && chip.core_on && chip.enabled[id] && chip.pending[id] &&
		    chip.priority[id] < chip.mask && (id < 32 || chip.target[id] & 1)) {
			chip.pending[id] = 0;
			chip.active = id < 16 ? id | chip.sender << 10 : id;
			return chip.active;
		}
	}
	return 1023;
}

static uint32_t mmio_read(uintptr_t address)
{
	uintptr_t at = address - DISTRIBUTOR;

	if (address == CPU + ICCIAR)
		return acknowledge();
	assert_true(at < 0x1000);
	if (at == ICDICTR)
		return MAX_ID / 32 - 1;
	if (at == ICDIPTR)
		return 0x01010101;
	assert_true(at >= ICDICFR && at < ICDICFR + MAX_ID / 4);
	at = (at - ICDICFR) * 4;
	return (uint32_t)chip.edge[at] << 1 | (uint32_t)chip.edge[at + 1] << 3 |
	       (uint32_t)chip.edge[at + 15] << 31;
}

static void write_bytes(uint8_t *of, uintptr_t at, uint32_t value)
{
	memcpy(of + at, &value, 4);
}

static void mmio_write(uintptr_t address, uint32_t value)
{
	uintptr_t at = address - DISTRIBUTOR;

	if (address == CPU + ICCICR) {
		chip.core_on = value & 1;
	} else if (address == CPU + ICCPMR) {
		chip.mask = (uint8_t)value;
	} else if (address == CPU + ICCEOIR) {
		assert_int_equal(value, chip.active);
		chip.active = 1023;
	} else if (at == ICDDCR) {
		chip.on = value & 1;
	} else if (at == ICDSGIR) {
		chip.sgi = value;
	} else if (at >= ICDISER && at < ICDISER + MAX_ID / 8) {
		set_bits(chip.enabled, at - ICDISER, value, 1);
	} else if (at >= ICDICER && at < ICDICER + MAX_ID / 8) {
		set_bits(chip.enabled, at - ICDICER, value, 0);
	} else if (at >= ICDICPR && at < ICDICPR + MAX_ID / 8) {
		set_bits(chip.pending, at - ICDICPR, value, 0);
	} else if (at >= ICDIPR && at < ICDIPR + MAX_ID) {
		write_bytes(chip.priority, at - ICDIPR, value);
	} else if (at >= ICDIPTR + SHARED && at < ICDIPTR + MAX_ID) {
		write_bytes(chip.target, at - ICDIPTR, value);
	} else {
		assert_true(at >= ICDICFR + SHARED / 4 && at < ICDICFR + MAX_ID / 4);
		for (unsigned i = 0; i < 16; i++)
			chip.edge[(at - ICDICFR) * 4 + i] = value >> (2 * i + 1) & 1;
	}
}

bool machine_claim(uint64_t base)
{
	return base < UINT32_MAX;
}

/* A tree with the controller, a device of its own, and one of another controller. */
static char tree[4096];
static struct device device = {.fdt = tree, .base = DISTRIBUTOR};

static void add_node(const char *name, unsigned parent, const uint32_t *interrupts, unsigned cells)
{
	fdt_begin_node(tree, name);
	if (parent)
		fdt_property_u32(tree, "interrupt-parent", parent);
	if (cells) {
		void *p;

		fdt_property_placeholder(tree, "interrupts", (int)cells * 4, &p);
		for (unsigned i = 0; i < cells; i++)
			be32_store((char *)p + 4 * i, interrupts[i]);
	}
	fdt_end_node(tree);
}

static void make_tree(void)
{
	static const uint32_t shared[] = {0, 5, 4}, private[] = {1, 11, 0xf01}, edge[] = {0, 6, 1};
	static const uint32_t large[] = {0, 64, 4}, kind[] = {2, 1, 4}, high[] = {1, 16, 4};
	char reg[16];

	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "interrupt-parent", 7);
	fdt_property_u32(tree, "#address-cells", 1);
	fdt_property_u32(tree, "#size-cells", 1);
	fdt_begin_node(tree, "gic");
	fdt_property_u32(tree, "phandle", 7);
	be32_store(reg, DISTRIBUTOR);
	be32_store(reg + 4, 0x1000);
	be32_store(reg + 8, CPU);
	be32_store(reg + 12, 0x100);
	fdt_property(tree, "reg", reg, sizeof(reg));
	fdt_end_node(tree);
	add_node("shared", 0, shared, 3);
	add_node("private", 0, private, 3);
	add_node("edge", 7, edge, 3);
	add_node("others", 8, shared, 3);
	add_node("none", 0, NULL, 0);
	add_node("short", 0, shared, 2);
	add_node("large", 0, large, 3);
	add_node("kind", 0, kind, 3);
	add_node("high", 0, high, 3);
	fdt_end_node(tree);
	fdt_finish(tree);
}

static void aim_at(const char *path)
{
	assert_int_equal(dt_path_to(tree, fdt_path_offset(tree, path), &device.path), 0);
}

static int interrupt_of(const char *path)
{
	aim_at(path);
	return gic_interrupt(&device);
}

static unsigned came[3];

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

static int start(void **state UNUSED)
{
	log_reset();
	memset(&chip, 0xff, sizeof(chip)); /* as a boot loader may leave it */
	memset(&gic, 0, sizeof(gic));
	memset(came, 0, sizeof(came));
	chip.on = chip.core_on = true;
	make_tree();
	aim_at("/gic");
	gic_bind(&device);
	memset(chip.pending, 0, sizeof(chip.pending));
	return 0;
}

static void without_one(void **state UNUSED)
{
	memset(&gic, 0, sizeof(gic));
	assert_false(gic_bound());
	assert_int_equal(interrupt_of("/shared"), -ENOENT);
	assert_int_equal(gic_handle(37, count, came), -EINVAL);
	assert_int_equal(gic_sgi(1, 1), -EINVAL);
	gic_init_core();
	gic_silence();
	gic_enable(37);
}

/* But what cores send each other, whatever a loader left, and nothing old comes. */
static void everything_is_off(void **state UNUSED)
{
	memset(&chip, 0xff, sizeof(chip));
	chip.mask = 0;
	gic_init_core();
	init_distributor();
	for (unsigned id = 0; id < GIC_SGIS; id++)
		assert_true(chip.enabled[id] && chip.priority[id] < chip.mask);
	for (unsigned id = SHARED; id < MAX_ID; id++)
		assert_false(chip.pending[id]);
	assert_true(chip.on && chip.core_on);
	for (unsigned id = GIC_SGIS; id < MAX_ID; id++)
		assert_false(chip.enabled[id]);
	for (unsigned id = SHARED; id < MAX_ID; id++)
		assert_true(chip.target[id] == 1 && chip.priority[id] < chip.mask);
}

static void what_the_tree_says(void **state UNUSED)
{
	assert_int_equal(interrupt_of("/shared"), 37);
	assert_int_equal(interrupt_of("/private"), 27 | EDGE);
	assert_int_equal(interrupt_of("/edge"), 38 | EDGE);
	assert_int_equal(interrupt_of("/others"), -ENOENT);
	assert_int_equal(interrupt_of("/none"), -ENOENT);
	assert_int_equal(interrupt_of("/short"), -ENOENT);
	assert_int_equal(interrupt_of("/large"), -EINVAL);
	assert_int_equal(interrupt_of("/kind"), -EINVAL);
	assert_int_equal(interrupt_of("/high"), -EINVAL);
}

static void handlers(void **state UNUSED)
{
	assert_int_equal(gic_handle(interrupt_of("/shared"), count, &came[0]), 0);
	assert_int_equal(gic_handle(interrupt_of("/edge"), count, &came[1]), 0);
	assert_int_equal(gic_handle(interrupt_of("/private"), count, &came[2]), 0);
	assert_true(chip.enabled[37] && chip.enabled[38] && chip.enabled[27]);
	assert_true(!chip.edge[37] && chip.edge[38]);
	chip.pending[37] = chip.pending[27] = 1;
	gic_dispatch();
	assert_true(came[0] == 1 && came[1] == 0 && came[2] == 1);
	chip.pending[38] = 1;
	gic_dispatch();
	gic_dispatch(); /* spurious */
	assert_true(came[0] == 1 && came[1] == 1 && came[2] == 1);
	assert_int_equal(chip.active, 1023);
}

static void more_than_there_is_room_for(void **state UNUSED)
{
	assert_int_equal(gic_handle(-ENOENT, count, came), -EINVAL);
	assert_int_equal(gic_handle(MAX_ID, count, came), -EINVAL);
	for (int i = 0; i < HANDLERS_MAX; i++)
		assert_int_equal(gic_handle(40 + i, count, came), 0);
	assert_int_equal(gic_handle(60, count, came), -ENOSPC);
	assert_false(chip.enabled[60]);
}

static void add_text(void *ctx, const char *text, size_t len)
{
	strncat(ctx, text, len);
}

static void one_that_nobody_handles(void **state UNUSED)
{
	char text[4096] = "";

	gic_enable(50);
	chip.pending[50] = 1;
	gic_dispatch();
	assert_false(chip.enabled[50]);
	assert_int_equal(chip.active, 1023);
	log_dump(add_text, text);
	assert_non_null(strstr(text, "interrupt 50 came, which no driver asked for"));
}

static void between_cores(void **state UNUSED)
{
	assert_int_equal(gic_sgi(2, 3), 0);
	assert_int_equal(chip.sgi, 1u << 18 | 3);
	assert_int_equal(gic_sgi(8, 0), -EINVAL);
	assert_int_equal(gic_sgi(0, GIC_SGIS), -EINVAL);
	assert_int_equal(gic_handle(3, count, came), 0);
	chip.sender = 2;
	chip.pending[3] = 1;
	gic_dispatch(); /* its end names the sender: see ICCEOIR above */
	assert_int_equal(came[0], 1);
}

static void silence(void **state UNUSED)
{
	gic_silence();
	assert_true(chip.on && !chip.core_on);
	gic_init_core();
	assert_true(chip.core_on);
}

/* Nothing is left on or pending, and this core hears nothing; others may still send each other. */
static void quiescence(void **state UNUSED)
{
	memset(chip.enabled, 1, sizeof(chip.enabled));
	memset(chip.pending, 1, sizeof(chip.pending));
	gic_quiesce();
	for (unsigned id = 0; id < MAX_ID; id++) {
		assert_int_equal(chip.enabled[id], 0);
		assert_int_equal(chip.pending[id], 0);
	}
	assert_int_equal(chip.core_on, 0);
	assert_int_equal(chip.on, 1);
}

static void without_a_cpu_interface(void **state UNUSED)
{
	memset(&gic, 0, sizeof(gic));
	aim_at("/shared");
	gic_bind(&device);
	assert_false(gic_bound());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_one, start),
		cmocka_unit_test_setup(everything_is_off, start),
		cmocka_unit_test_setup(what_the_tree_says, start),
		cmocka_unit_test_setup(handlers, start),
		cmocka_unit_test_setup(more_than_there_is_room_for, start),
		cmocka_unit_test_setup(one_that_nobody_handles, start),
		cmocka_unit_test_setup(between_cores, start),
		cmocka_unit_test_setup(silence, start),
		cmocka_unit_test_setup(quiescence, start),
		cmocka_unit_test_setup(without_a_cpu_interface, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
