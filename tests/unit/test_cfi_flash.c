/* SPDX-License-Identifier: MIT */
/* The flash driver on two simulated chips: what they are, what they do, and how they fail. */
#include <errno.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/log.h"
#include "tests/unit/cfi_sim.h"

#define UNUSED __attribute__((unused))
#define CHIP_POWER 17
#define SIZE (2U << CHIP_POWER)
#define SEED 20261122

/* As the board's, but smaller. */
static const struct sim_geometry plain = {
	.command_set = 1,
	.power = CHIP_POWER,
	.buffer = 6,
	.region_count = 1,
	.regions = {{16, 8192}},
	.word_time = 7,
	.buffer_time = 9,
	.erase_time = 10,
	.most = 2,
};

/* Small blocks at both ends, and a buffer larger than the smallest of them. */
static const struct sim_geometry uneven = {
	.command_set = 1,
	.power = CHIP_POWER,
	.buffer = 10,
	.locks = true,
	.region_count = 3,
	.regions = {{8, 256}, {31, 4096}, {16, 128}},
	.buffer_time = 9,
	.erase_time = 9,
};

/* No buffer, and no word on how long anything takes. */
static const struct sim_geometry bare = {
	.command_set = 1,
	.power = CHIP_POWER,
	.region_count = 1,
	.regions = {{2, 65536}},
};

static const struct sim_geometry *const kinds[] = {&plain, &uneven, &bare};

static struct cfi_flash found;
static struct flash *const flash = &found.flash;
static uint8_t model[SIZE], bytes[SIZE];

static void start_with(const struct sim_geometry *g)
{
	sim_start(g);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIM_ROOM), 0);
	assert_true(sim_readable());
	memset(model, 0xff, sizeof(model));
}

static void expect_model(void)
{
	assert_true(sim_readable());
	for (uint32_t off = 0; off < SIZE; off++)
		assert_int_equal(sim_byte(off), model[off]);
	assert_int_equal(flash_read(flash, 0, bytes, SIZE), 0);
	assert_memory_equal(bytes, model, SIZE);
}

/* ---- what they are -------------------------------------------------------------------------- */

static void geometry(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct sim_geometry *g = kinds[i];
		uint32_t off = 0, len;

		start_with(g);
		assert_int_equal(flash->size, SIZE);
		for (unsigned r = 0; r < g->region_count; r++)
			for (uint32_t n = 0; n < g->regions[r].count; n++) {
				uint32_t size = 2 * g->regions[r].size;

				for (uint32_t at = off; at < off + size; at += 36) {
					assert_int_equal(flash->block(flash, at, &len), off);
					assert_int_equal(len, size);
				}
				assert_int_equal(flash->block(flash, off + size - 1, &len), off);
				off += size;
			}
		assert_int_equal(off, SIZE);
	}
}

static void times(void **state UNUSED)
{
	struct sim_geometry g = plain;

	start_with(&plain);
	assert_int_equal(found.buffer, 128);
	assert_int_equal(found.program_us, 512 << 2);
	assert_int_equal(found.erase_us, 1024000 << 2);
	start_with(&bare);
	assert_int_equal(found.buffer, 0);
	assert_true(found.program_us >= 1000 && found.erase_us >= 10000000);
	start_with(&uneven); /* which say what is typical, and not what is most */
	assert_true(found.program_us >= 10000 && found.erase_us >= 20000000);
	g.erase_time = 13;
	g.most = 0;
	start_with(&g);
	assert_true(found.erase_us >= 2 * 8192000 && found.erase_us <= 120000000);
	g.erase_time = g.most = 255;
	g.buffer = 13;
	start_with(&g);
	assert_true(found.erase_us <= 120000000);
	assert_int_equal(found.buffer, 1024); /* no larger ones are used */
}

static void expect_refused(const struct sim_geometry *g, const char *why)
{
	sim_start(g);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIM_ROOM), -ENODEV);
	assert_non_null(strstr(flash->problem, why));
	assert_true(sim_readable());
}

static void refused(void **state UNUSED)
{
	struct sim_geometry g = plain;

	g.command_set = 2;
	expect_refused(&g, "command set 1, found 0x2");
	g = plain;
	g.power = 31;
	expect_refused(&g, "2^31 bytes");
	g.power = 20; /* 2 MiB of flash, 1 MiB of addresses */
	expect_refused(&g, "2^20 bytes");
	g.power = CHIP_POWER - 1;
	expect_refused(&g, "of all its bytes: found 1");
	g = plain;
	g.region_count = 5;
	expect_refused(&g, "found 5");
	g.region_count = 0;
	expect_refused(&g, "found 0");

	sim_start(&plain); /* the room decides, too */
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIZE - 4), -ENODEV);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, 64), -ENODEV);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE + 2, SIM_ROOM - 4), -ENODEV);
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIZE), 0);
}

/* Each byte that is asked for and that only one chip says, and chips that say nothing. */
static void chips_differ(void **state UNUSED)
{
	for (unsigned i = 0x10; i < 0x31; i++) {
		sim_start(&plain);
		sim.chips[i % 2].query[i] ^= 0x81;
		assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIM_ROOM), -ENODEV);
	}
	sim_start(&plain);
	memset(sim.chips[0].query, 0, sizeof(sim.chips[0].query));
	memset(sim.chips[1].query, 0, sizeof(sim.chips[1].query));
	assert_int_equal(cfi_flash_probe(&found, SIM_BASE, SIM_ROOM), -ENODEV);
	assert_non_null(strstr(flash->problem, "two equal 16-bit CFI chips"));
}

/* ---- what they do --------------------------------------------------------------------------- */

static uint32_t below(uint32_t limit)
{
	return (uint32_t)rand() % limit;
}

static void random_erase(void)
{
	uint32_t len, off = flash->block(flash, below(SIZE), &len), more;

	if (off + len < SIZE && below(2)) {
		flash->block(flash, off + len, &more);
		len += more;
	}
	assert_int_equal(flash_erase(flash, off, len), 0);
	memset(model + off, 0xff, len);
}

/* Of random bytes, or of such as fit over what is there. */
static void random_write(void)
{
	uint32_t off = ROUND_DOWN(below(SIZE), FLASH_WORD), len = below(below(8) ? 300 : 9000);
	bool fits = true, and = below(4);

	if (len > SIZE - off)
		len = SIZE - off;
	for (uint32_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)rand();
		if (and)
			bytes[i] &= model[off + i];
		fits &= !(bytes[i] & ~model[off + i]);
	}
	/* From an odd address: the caller's data lie anywhere. */
	memmove(bytes + 1, bytes, len);
	assert_int_equal(flash_write(flash, off, bytes + 1, len), fits ? 0 : -EROFS);
	if (fits)
		memcpy(model + off, bytes + 1, len);
	else
		assert_non_null(strstr(flash->problem, "erased first"));
}

static void random_calls(void **state UNUSED)
{
	srand(SEED);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		start_with(kinds[i]);
		for (int n = 0; n < 400; n++) {
			sim.take = below(5) + 1;
			if (below(3))
				random_write();
			else
				random_erase();
			if (n % 40 == 0)
				expect_model();
		}
		expect_model();
	}
}

static void read_anywhere(void **state UNUSED)
{
	start_with(&plain);
	for (uint32_t off = 0; off < SIZE; off++) {
		model[off] = (uint8_t)(off * 7 + off / 256);
		sim_set_byte(off, model[off]);
	}
	for (uint32_t off = 0; off < 9; off++)
		for (uint32_t len = 0; len < 14; len++) {
			memset(bytes, 0xa5, 16);
			assert_int_equal(flash_read(flash, off, bytes, len), 0);
			assert_memory_equal(bytes, model + off, len);
			assert_int_equal(bytes[len], 0xa5);
		}
	assert_int_equal(flash_read(flash, SIZE - 1, bytes, 1), 0);
	assert_int_equal(flash_read(flash, SIZE - 1, bytes, 2), -EINVAL);
	assert_int_equal(flash_read(flash, SIZE + 1, bytes, 0), -EINVAL);
	assert_int_equal(flash_read(flash, 8, bytes, UINT32_MAX), -EINVAL);
}

static void ranges(void **state UNUSED)
{
	uint32_t writes;

	start_with(&plain);
	sim_set_byte(0, 0);
	writes = sim.writes;
	assert_int_equal(flash_erase(flash, 0, 8192), -EINVAL); /* half a block */
	assert_non_null(strstr(flash->problem, "the last one has 0x4000 bytes"));
	assert_int_equal(flash_erase(flash, 4, 16384), -EINVAL);
	assert_int_equal(flash_erase(flash, 0, 16388), -EINVAL);
	assert_int_equal(flash_erase(flash, SIZE, 16384), -EINVAL);
	assert_int_equal(flash_erase(flash, 0, 0), 0);
	assert_int_equal(flash_write(flash, 2, "x", 1), -EINVAL);
	assert_int_equal(flash_write(flash, SIZE - 4, "xxxxx", 5), -EINVAL);
	/* The flash into itself. */
	assert_int_equal(flash_write(flash, 4, (const void *)(uintptr_t)(SIM_BASE + SIZE - 1), 1),
			 -EINVAL);
	assert_int_equal(flash_write(flash, 4, (const void *)(uintptr_t)(SIM_BASE - 3), 4),
			 -EINVAL);
	assert_int_equal(flash_write(flash, 0, "x", 1), -EROFS);
	assert_int_equal(flash_write(flash, 4, "", 0), 0);
	assert_int_equal(sim.writes, writes);
}

/* ---- how they fail -------------------------------------------------------------------------- */

static void expect_failure(int err, int expected, const char *chip, const char *why)
{
	assert_int_equal(err, expected);
	assert_non_null(strstr(flash->problem, chip));
	assert_non_null(strstr(flash->problem, why));
	assert_true(sim_readable());
}

static void chip_fails(void **state UNUSED)
{
	static const char *const names[] = {"chip 0", "chip 1"};

	memset(bytes, 0x5a, 64);
	for (unsigned i = 0; i < 2; i++) {
		struct sim_chip *c = &sim.chips[i];

		start_with(&plain);
		c->bad_program = 5;
		expect_failure(flash_write(flash, 0, bytes, 64), -EIO, names[i],
			       "a bit was not programmed (status 0x90)");
		c->bad_program = SIM_NONE;
		assert_int_equal(flash_write(flash, 0, bytes, 64), 0);
		c->bad_erase = 0;
		expect_failure(flash_erase(flash, 0, 16384), -EIO, names[i],
			       "the block was not erased (status 0xa0)");
		c->bad_erase = SIM_NONE;
		c->no_voltage = true;
		expect_failure(flash_erase(flash, 0, 16384), -EIO, names[i], "no voltage");
		expect_failure(flash_write(flash, 0, bytes, 64), -EIO, names[i], "no voltage");
		c->no_voltage = false;
		assert_int_equal(flash_erase(flash, 0, 16384), 0);

		start_with(&uneven);
		c->locked_down = 0;
		expect_failure(flash_erase(flash, 0, 512), -EIO, names[i], "is locked");
		expect_failure(flash_write(flash, 0, bytes, 64), -EIO, names[i], "is locked");
		assert_int_equal(flash_erase(flash, 512, 512), 0);
	}
}

/* The wait ends when the query says, with a chip that never does. */
static void chip_hangs(void **state UNUSED)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t start;

		start_with(&plain);
		sim.step = 1000000;
		sim.chips[i].stuck = true;
		start = sim.ns;
		assert_int_equal(flash_erase(flash, 0, 16384), -ETIMEDOUT);
		assert_non_null(strstr(flash->problem, i ? "chip 1 is not done after 4096 ms"
							 : "chip 0 is not done after 4096 ms"));
		assert_in_range(sim.ns - start, found.erase_us * 1000ULL,
				found.erase_us * 1000ULL + 20 * sim.step);
		assert_int_equal(sim.chips[!i].mode, SIM_ARRAY); /* the other one reads as ever */
	}
	start_with(&bare);
	sim.chips[1].stuck = true;
	sim.step = 1000000;
	assert_int_equal(flash_write(flash, 0, "abcd", 4), -ETIMEDOUT);
}

/* A chip that says all is well, and does not hold what was written. */
static void reads_back(void **state UNUSED)
{
	start_with(&plain);
	sim.chips[1].bad_program = 3;
	sim.chips[1].silent = true;
	memset(bytes, 0, 32);
	assert_int_equal(flash_write(flash, 0, bytes, 32), -EIO);
	assert_non_null(strstr(flash->problem, "0xe holds 0xff, not 0x00: a fault"));
	sim.chips[1].bad_program = SIM_NONE;
	assert_int_equal(flash_write(flash, 0, bytes, 32), 0);
}

/* ---- the tree ------------------------------------------------------------------------------- */

static char tree[4096];

static void add_partition(const char *node, const char *label, uint32_t off, uint32_t size)
{
	uint32_t reg[2] = {cpu_to_fdt32(off), cpu_to_fdt32(size)};

	fdt_begin_node(tree, node);
	if (label)
		fdt_property(tree, "label", label, (int)strlen(label) + 1);
	if (size)
		fdt_property(tree, "reg", reg, sizeof(reg));
	fdt_end_node(tree);
}

/* The tree up to the node of the partitions, whose numbers have CELLS cells. */
static void begin_tree(uint32_t cells)
{
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_begin_node(tree, "flash");
	fdt_begin_node(tree, "other");
	add_partition("a@0", "not-one", 0, 4096);
	fdt_end_node(tree);
	fdt_begin_node(tree, "partitions");
	fdt_property_string(tree, "compatible", "fixed-partitions");
	fdt_property_u32(tree, "#address-cells", cells);
	fdt_property_u32(tree, "#size-cells", cells);
}

static void end_tree(void)
{
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_finish(tree);
}

static void make_tree(void)
{
	begin_tree(1);
	add_partition("partition@0", "store-a", 0, 16384);
	add_partition("store-b", NULL, 16384, 16384);
	add_partition("none", NULL, 0, 0);
	add_partition("ends", NULL, SIZE - 16384, 16384);
	add_partition("too-long", NULL, SIZE - 16384, 16385);
	add_partition("beyond", NULL, SIZE + 1, 1);
	for (uint32_t i = 0; i < FLASH_PARTITIONS_MAX; i++)
		add_partition("more", NULL, 65536 + i, 1);
	end_tree();
}

static void partitions(void **state UNUSED)
{
	const struct flash_partition *p;

	make_tree();
	start_with(&plain);
	cfi_flash_partitions(flash, tree, fdt_path_offset(tree, "/flash"));
	assert_int_equal(flash->partition_count, FLASH_PARTITIONS_MAX);
	p = flash_find(flash, "store-b", 7);
	assert_int_equal(p->off, 16384);
	assert_int_equal(p->size, 16384);
	assert_ptr_equal(flash_find(flash, "store-a+64", 7), &flash->partitions[0]);
	assert_null(flash_find(flash, "store-", 6));
	assert_null(flash_find(flash, "store-ab", 8));
	assert_null(flash_find(flash, "not-one", 7));
	assert_null(flash_find(flash, "too-long", 8));
	assert_non_null(flash_find(flash, "ends", 4));
	cfi_flash_partitions(flash, tree, 0); /* none below it */
	assert_int_equal(flash->partition_count, FLASH_PARTITIONS_MAX);
}

static void add_wide_partition(const char *node, uint64_t off, uint64_t size)
{
	uint64_t reg[2] = {cpu_to_fdt64(off), cpu_to_fdt64(size)};

	fdt_begin_node(tree, node);
	fdt_property(tree, "reg", reg, sizeof(reg));
	fdt_end_node(tree);
}

/* Nothing, and what ends in the flash only because its sum wraps or because 32 bits are left. */
static void partitions_elsewhere(void **state UNUSED)
{
	begin_tree(2);
	add_wide_partition("empty", 16384, 0);
	add_wide_partition("empty-at-the-end", SIZE, 0);
	add_wide_partition("wraps", UINT64_MAX - 16383, 32768);
	add_wide_partition("wraps-by-size", 16384, UINT64_MAX - 8191);
	add_wide_partition("above", 1ULL << 32, 16384);
	add_wide_partition("large", 0, (1ULL << 32) + 16384);
	add_wide_partition("all", 0, SIZE);
	end_tree();
	start_with(&plain);
	cfi_flash_partitions(flash, tree, fdt_path_offset(tree, "/flash"));
	assert_int_equal(flash->partition_count, 1);
	assert_string_equal(flash->partitions[0].name, "all");
	assert_int_equal(flash->partitions[0].size, SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometry),     cmocka_unit_test(times),
		cmocka_unit_test(refused),      cmocka_unit_test(chips_differ),
		cmocka_unit_test(random_calls), cmocka_unit_test(read_anywhere),
		cmocka_unit_test(ranges),       cmocka_unit_test(chip_fails),
		cmocka_unit_test(chip_hangs),   cmocka_unit_test(reads_back),
		cmocka_unit_test(partitions),   cmocka_unit_test(partitions_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
