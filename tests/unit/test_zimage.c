/* SPDX-License-Identifier: MIT */
/* Headers of images, good and damaged in every word, and the memory that an image writes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/zimage.h"

#define AT 0x62000000U
#define SIZE 0x2000U
#define TABLE 0x100U
#define SIZE_AT 0x1ff1U /* no multiple of anything, as in real images */
#define KERNEL 0x8000U
#define BSS 0x123U
#define OFFSET 0x208000U
#define HEAP 0x10000U

static uint8_t *image;
static void put(uint32_t at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		image[at + i] = (uint8_t)(v >> 8 * i);
}

/* An image in memory of exactly its size, so that a byte read behind it is seen. */
static int make_image(void **state)
{
	(void)state;
	image = calloc(1, SIZE);
	assert_non_null(image);
	put(0x24, 0x016f2818);
	put(0x28, 0x1000); /* it may be linked anywhere */
	put(0x2c, 0x1000 + SIZE);
	put(0x30, 0x04030201);
	put(0x34, 0x45454545);
	put(0x38, TABLE);
	put(TABLE, 6);
	put(TABLE + 4, 0x5a534c4b);
	put(TABLE + 8, SIZE_AT);
	put(TABLE + 12, BSS);
	put(TABLE + 16, OFFSET);
	put(TABLE + 20, HEAP);
	put(SIZE_AT, KERNEL);
	return 0;
}

static int free_image(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static const char *read_at(struct zimage *z, phys_addr_t at, phys_addr_t room)
{
	return zimage_read(z, image, at, room);
}

static void assert_refused(phys_addr_t at, phys_addr_t room, const char *sentence)
{
	struct zimage z;
	const char *why = read_at(&z, at, room);

	assert_non_null(why);
	assert_string_equal(why, sentence);
}

static void test_read(void **state)
{
	struct zimage z;

	(void)state;
	assert_null(read_at(&z, AT, SIZE));
	assert_int_equal(z.at, AT);
	assert_int_equal(z.size, SIZE);
	assert_int_equal(z.kernel, KERNEL);
	assert_int_equal(z.bss, BSS);
	assert_int_equal(z.text_offset, OFFSET);
	assert_true(z.work >= HEAP + 0x2000);
}

/* Kernels that do not tell all: what they may do is assumed. */
static void test_older(void **state)
{
	struct zimage z;

	(void)state;
	put(TABLE, 4);
	assert_null(read_at(&z, AT, SIZE));
	assert_int_equal(z.text_offset, 0x8000);
	assert_int_equal(z.text_offset + z.kernel, 0x208000 + KERNEL);
	assert_true(z.work >= HEAP + 0x2000);
	put(0x34, 0);
	assert_null(read_at(&z, AT, SIZE));
	assert_int_equal(z.text_offset, 0x8000);
	assert_true(z.text_offset + z.kernel >= 0x208000 + 4 * SIZE);
	assert_true(z.bss > 0);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused(AT + 4, SIZE, "a multiple of 8 was expected");
	assert_refused(AT, ZIMAGE_HEADER - 1, "there is no zImage");
	assert_refused(AT, SIZE - 1, "the zImage is cut off");
	put(0x2c, 0x1000);
	assert_refused(AT, SIZE, "the zImage is damaged: its length cannot be");
	put(0x2c, 0);
	assert_refused(AT, SIZE, "the zImage is damaged: its length cannot be");
	put(0x24, 0x16f2819);
	assert_refused(AT, SIZE, "there is no zImage");
}

/* What the table leads to is checked, or it would be followed out of the image. */
static void test_table_is_damaged(void **state)
{
	static const struct {
		uint32_t at, value;
	} damage[] = {
		{0x38, SIZE},
		{0x38, SIZE - 24},
		{0x38, 0xffffffff},
		{TABLE, 3},
		{TABLE + 4, 0},
		{TABLE + 8, SIZE - 3},
		{TABLE + 8, 0xffffffff},
		{TABLE + 12, 0x80000000},
		{TABLE + 16, 0x4fff},
		{TABLE + 16, 0x80000000},
		{TABLE + 20, 0xffffffff},
		{SIZE_AT, 0}, /* cut off, in memory that was never written */
		{SIZE_AT, 0xffffffff},
	};

	for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		free_image(state);
		make_image(state);
		put(damage[i].at, damage[i].value);
		assert_refused(AT, SIZE,
			       "the zImage is cut off or damaged: its table leads nowhere");
	}
}

/* A table of which only a part is in the image: its words behind that are not looked at. */
static void test_table_is_cut(void **state)
{
	for (uint32_t table = SIZE - 24; table <= SIZE - 4; table++) {
		free_image(state);
		make_image(state);
		put(0x38, table);
		put(table, 6);
		if (table <= SIZE - 8)
			put(table + 4, 0x5a534c4b);
		assert_refused(AT, SIZE,
			       "the zImage is cut off or damaged: its table leads nowhere");
	}
}

/* Any bit of the header and the table, and any shorter image: an answer, and no read outside. */
static void test_any_damage(void **state)
{
	struct zimage z;

	for (uint32_t bit = 0; bit < (TABLE + 28) * 8; bit++) {
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(read_at(&z, AT, SIZE) != NULL ||
			    (z.size <= SIZE && z.kernel >= z.size / 2));
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (uint32_t size = 0; size < SIZE; size++) {
		free_image(state);
		make_image(state);
		image = realloc(image, size ? size : 1);
		assert_non_null(read_at(&z, AT, size));
	}
}

/* ---- zones ---------------------------------------------------------------------------------- */

#define RAM 0x60000000U

static struct zimage_zone zones[ZIMAGE_ZONES];

/* An image of 4 MiB that unpacks 16 MiB to RAM + 2 MiB, loaded AT. */
static void zones_at(phys_addr_t at)
{
	const struct zimage z = {.at = at,
				 .size = MIB(4),
				 .work = 0x20000,
				 .text_offset = OFFSET,
				 .kernel = MIB(16),
				 .bss = 0x10000};

	zimage_zones(&z, RAM, zones);
}

static void assert_zone(unsigned i, phys_addr_t base, phys_addr_t end)
{
	assert_int_equal(zones[i].base, base);
	assert_int_equal(zones[i].end, end);
	assert_non_null(zones[i].what);
}

static void test_zones(void **state)
{
	(void)state;
	zones_at(AT);
	assert_zone(ZIMAGE_FILE, AT, AT + MIB(4));
	assert_zone(ZIMAGE_WORK, AT + MIB(4), AT + MIB(4) + 0x20000);
	/* Its tables lie below it. */
	assert_zone(ZIMAGE_KERNEL, RAM + OFFSET - 0x5000, RAM + OFFSET + MIB(16) + 0x10000);
	assert_int_equal(zones[ZIMAGE_MOVED].base, zones[ZIMAGE_MOVED].end);
}

/* It moves behind the kernel if, and only if, it lies where that comes. */
static void test_moves(void **state)
{
	const phys_addr_t tables = RAM + OFFSET - 0x5000, end = RAM + OFFSET + MIB(16);
	const phys_addr_t all = MIB(4) + 0x20000;
	const phys_addr_t between = 0x1000; /* the kernel's end and what moved, by head.S */
	const struct {
		phys_addr_t at;
		bool moves;
	} places[] = {
		{RAM, true},    {tables - all, false}, {tables - all + 8, true},
		{tables, true}, {RAM + OFFSET, true},  {end - 8, true},
		{end, false},   {AT, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		zones_at(places[i].at);
		assert_int_equal(zones[ZIMAGE_MOVED].base, end);
		if (places[i].moves)
			assert_true(zones[ZIMAGE_MOVED].end >= end + between + all);
		else
			assert_int_equal(zones[ZIMAGE_MOVED].end, end);
	}
}

/* What would pass the end of the address space ends there, which is no end of memory. */
static void test_end_of_the_address_space(void **state)
{
	struct zimage z = {.at = PHYS_ADDR_MAX - MIB(1) + 1,
			   .size = MIB(4),
			   .work = 0x20000,
			   .text_offset = OFFSET,
			   .kernel = MIB(16)};

	(void)state;
	zimage_zones(&z, PHYS_ADDR_MAX - MIB(1) + 1, zones);
	for (unsigned i = 0; i < ZIMAGE_ZONES; i++)
		assert_true(zones[i].end == PHYS_ADDR_MAX);
}

static void test_start_of_ram(void **state)
{
	(void)state;
	assert_int_equal(zimage_ram(0x67ffffff), 0x60000000);
	assert_int_equal(zimage_ram(0x68000000), 0x68000000);
	assert_int_equal(zimage_ram_otherwise(0x60000000), 0x60000000);
	assert_int_equal(zimage_ram_otherwise(0x60000001), 0x60200000);
}

int main(void)
{
#define IMAGE_TEST(f) cmocka_unit_test_setup_teardown(f, make_image, free_image)
	const struct CMUnitTest tests[] = {
		IMAGE_TEST(test_read),
		IMAGE_TEST(test_older),
		IMAGE_TEST(test_refused),
		IMAGE_TEST(test_table_is_damaged),
		IMAGE_TEST(test_table_is_cut),
		IMAGE_TEST(test_any_damage),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_start_of_ram),
		cmocka_unit_test(test_end_of_the_address_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
