/* SPDX-License-Identifier: MIT */
/* The flash command, with the driver on simulated chips. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "shell/shell.h"
#include "tests/unit/cfi_sim.h"

#define UNUSED __attribute__((unused))
#define BLOCK 16384U

#if UINTPTR_MAX > UINT32_MAX
#define WIDE "00000000" /* what addresses have in front of 32 bits */
#else
#define WIDE ""
#endif

static const struct sim_geometry geometry = {
	.command_set = 1,
	.power = 17,
	.buffer = 6,
	.region_count = 2,
	.regions = {{4, 2048}, {15, BLOCK / 2}},
};

static struct cfi_flash found;
static struct shell_env env;
static char out[8192];
static uint8_t source[64] __attribute__((aligned(8)));
static uintptr_t readable_end;

static void write_out(void *ctx UNUSED, const char *text, size_t len)
{
	size_t used = strlen(out);

	assert_true(used + len < sizeof(out));
	memcpy(out + used, text, len);
	out[used + len] = '\0';
}

static int may_access(uintptr_t addr, bool write)
{
	assert_false(write);
	return addr < readable_end ? 0 : -EFAULT;
}

static int setup(void **state UNUSED)
{
	sim_start(&geometry);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIM_ROOM), 0);
	found.flash.partitions[0] = (struct flash_partition){"store-a", BLOCK / 2, BLOCK};
	found.flash.partitions[1] = (struct flash_partition){"payload", 4 * BLOCK, 2 * BLOCK};
	found.flash.partition_count = 2;
	env = (struct shell_env){
		.write = write_out, .may_access = may_access, .flash = &found.flash};
	readable_end = UINTPTR_MAX;
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)('A' + i);
	return 0;
}

static void expect(int outcome, const char *expected, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void expect(int outcome, const char *expected, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	out[0] = '\0';
	assert_int_equal(shell_run(&env, line), outcome);
	assert_string_equal(out, expected);
	assert_true(sim_readable());
}

static void info(void **state UNUSED)
{
	expect(0,
	       "flash: 262144 bytes at 0x40000000\n"
	       "0x00000000-0x00003fff     4 blocks of 4096\n"
	       "0x00004000-0x0003ffff    15 blocks of 16384\n"
	       "0x00002000-0x00005fff        16384 bytes  store-a\n"
	       "0x00010000-0x00017fff        32768 bytes  payload\n",
	       "flash info");
	env.flash = NULL;
	expect(-1, "flash: there is none in the device tree\n", "flash info");
}

static void read(void **state UNUSED)
{
	sim_set_byte(BLOCK + 4, 'z');
	expect(0, WIDE "00004000: ffffffff ffffff7a ffffffff ffffffff  ....z...........\n",
	       "flash read 0x4000 16");
	expect(0,
	       WIDE "00004000: ffffffff ffffff7a ffffffff ffffffff  ....z...........\n" WIDE
		    "00004010: ffffffff                             ....\n",
	       "flash read store-a+0x2001 16");
	expect(0, WIDE "0003fffc: ffffffff                             ....\n",
	       "flash read 0x3ffff 1");
	expect(-1, "LEN is \"2\": a number from 1 to 1 was expected\n", "flash read 0x3ffff 2");
	expect(-1, "ADDR is \"0x40000\": a number from 0 to 262143 was expected\n",
	       "flash read 0x40000 1");
	expect(-1, "ADDR is \"0x4000\": a number from 0 to 16383 was expected\n",
	       "flash read store-a+0x4000 1");
	expect(-1,
	       "flash: there is no partition \"store\": flash info lists those that there are\n",
	       "flash read store 1");
}

static void write(void **state UNUSED)
{
	expect(0, "flash write: 33 bytes\n", "flash write payload+8 0x%" PRIxPTR " 33",
	       (uintptr_t)source);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(sim_byte(4 * BLOCK + 8 + i), i < 33 ? source[i] : 0xff);
	source[0] = 0xff;
	expect(-1, "flash write: 0x10008 holds 0x41, not 0xff: it has to be erased first\n",
	       "flash write 0x10008 0x%" PRIxPTR " 33", (uintptr_t)source);
	expect(0, "flash erase: 16384 bytes\n", "flash erase payload %u", BLOCK);
	expect(0, "flash write: 33 bytes\n", "flash write 0x10008 0x%" PRIxPTR " 33",
	       (uintptr_t)source);
	readable_end = (uintptr_t)source + 32;
	expect(-1, "flash write: SRC: nothing is mapped there\n",
	       "flash write payload+0x400 0x%" PRIxPTR " 33", (uintptr_t)source);
	expect(0, "flash write: 32 bytes\n", "flash write payload+0x400 0x%" PRIxPTR " 32",
	       (uintptr_t)source);
}

/* Nothing outside of the partition that is meant is touched without --force. */
static void force(void **state UNUSED)
{
	uint32_t writes = sim.writes;

	expect(-1,
	       "flash erase: not done: 0x4000+0x4000 is not all in partition payload: --force "
	       "does it\n",
	       "flash erase 0x4000 %u", BLOCK);
	expect(-1,
	       "flash erase: not done: 0x2000+0x6000 is not all in partition store-a: --force "
	       "does it\n",
	       "flash erase store-a 0x6000");
	expect(-1,
	       "flash write: not done: 0x17ffc+0x5 is not all in partition payload: --force "
	       "does it\n",
	       "flash write 0x17ffc 0x%" PRIxPTR " 5", (uintptr_t)source);
	expect(-1,
	       "flash write: not done: 0xfffc+0x5 is not all in partition payload: --force "
	       "does it\n",
	       "flash write 0xfffc 0x%" PRIxPTR " 5", (uintptr_t)source);
	expect(-1,
	       "flash erase: not done: 0x1c000+0x4000 is not all in partition payload: --force "
	       "does it\n",
	       "flash erase 0x1c000 %u", BLOCK);
	assert_int_equal(sim.writes, writes);
	expect(0, "flash write: 5 bytes\n", "flash write 0xfffc 0x%" PRIxPTR " 5 --force",
	       (uintptr_t)source);
	expect(0, "flash erase: 24576 bytes\n", "flash erase store-a 0x6000 --force");
	expect(-1,
	       "flash erase: 0x2000+0x4000: not whole erase blocks; the last one has "
	       "0x4000 bytes\n",
	       "flash erase store-a 0x4000");
	found.flash.partition_count = 0;
	expect(-1,
	       "flash erase: not done: 0x0+0x1000 is not all in partition payload: --force does "
	       "it\n",
	       "flash erase 0 4096");
}

static const char *runs; /* a partition, or NULL */

static bool starts_board(const char *name)
{
	return !strcmp(name, "selector") || (runs && !strcmp(name, runs));
}

/* What the board starts from is not touched without --force. */
static void what_the_board_starts_from(void **state UNUSED)
{
	static const struct shell_images images = {.starts_board = starts_board};
	static const char *const names[] = {"image-a", "image-b"};
	struct flash_partition *p = found.flash.partitions;
	uint32_t writes = sim.writes;

	p[2] = (struct flash_partition){"selector", 0, BLOCK / 2};
	p[3] = (struct flash_partition){"image-a", 6 * BLOCK, BLOCK};
	p[4] = (struct flash_partition){"image-b", 7 * BLOCK, BLOCK};
	found.flash.partition_count = 5;
	env.images = &images;
	for (int i = 0; i < 2; i++) {
		char refused[100];

		runs = names[i];
		snprintf(refused, sizeof(refused),
			 "flash write: not done: the board starts from %s: --force does it\n",
			 runs);
		expect(-1, refused, "flash write %s+8 0x%" PRIxPTR " 4", runs, (uintptr_t)source);
		snprintf(refused, sizeof(refused),
			 "flash erase: not done: the board starts from %s: --force does it\n",
			 runs);
		expect(-1, refused, "flash erase %s %u", runs, BLOCK);
		expect(-1,
		       "flash erase: not done: the board starts from selector: --force does it\n",
		       "flash erase selector 4096");
		assert_int_equal(sim.writes, writes);
		expect(0, "flash erase: 16384 bytes\n", "flash erase %s %u", names[!i], BLOCK);
		expect(0, "flash erase: 16384 bytes\n", "flash erase %s %u --force", runs, BLOCK);
		writes = sim.writes;
	}
	runs = NULL;
	expect(0, "flash erase: 16384 bytes\n", "flash erase image-a %u", BLOCK);
	expect(0, "flash erase: 4096 bytes\n", "flash erase selector 4096 --force");
}

static void usage(void **state UNUSED)
{
	static const char *const lines[] = {"flash info x",        "flash info --force",
					    "flash read 0",        "flash read 0 4 --force",
					    "flash read 0 4 4",    "flash erase 0",
					    "flash erase --force", "flash write 0 0",
					    "flash --force",       "flash write 0 0 4 --farce",
					    "flash nonsense"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect(-1,
		       "usage: flash info|read ADDR LEN|erase ADDR LEN|write ADDR SRC LEN "
		       "[--force]\n",
		       "%s", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(info, setup),
		cmocka_unit_test_setup(read, setup),
		cmocka_unit_test_setup(write, setup),
		cmocka_unit_test_setup(force, setup),
		cmocka_unit_test_setup(usage, setup),
		cmocka_unit_test_setup(what_the_board_starts_from, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
