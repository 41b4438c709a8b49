/* SPDX-License-Identifier: MIT */
/* What a boot says of its memory, line by line. */
#include "boot/summary.h"
#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define TOP (WIDE ? "0x00000000" : "0x") /* before the eight digits of an address */

/* Fails unless there is the line "  BASE-END TEXT". */
static void expect_range(const char *base, const char *end, const char *text)
{
	char line[200];

	snprintf(line, sizeof(line), "  %s%s-%s%s %s", TOP, base, TOP, end, text);
	log_expect(log_count_lines(line), 1, line, __FILE__, __LINE__);
}

static void the_model(void **state UNUSED)
{
	boot.fdt = tree_done();
	assert_string_equal(summary_model(&boot), "unnamed board");
	tree_string("/", "model", "A board");
	boot.fdt = tree_done();
	assert_string_equal(summary_model(&boot), "A board");
}

/* Memory as its list has it; a size in the largest unit that leaves nothing over. */
static void memory(void **state UNUSED)
{
	memblock_add(0x60000000, 0x40000000);
	memblock_add(0xb0000000, 0x300000);
	memblock_add(0xc0000000, 0x1400);
	memblock_add(0xd0000000, 0x1001);
	memblock_mark_nomap(0xb0000000, 0x300000);
	memblock_mark_hotplug(0xc0000000, 0x1400);
	boot.ram_start = 0x60000000;
	summary_log(&boot);
	expect_range("60000000", "9fffffff", "       1 GiB");
	expect_range("b0000000", "b02fffff", "       3 MiB  no-map");
	expect_range("c0000000", "c00013ff", "       5 KiB  hotpluggable");
	expect_range("d0000000", "d0001000", "  4097 bytes");
	assert_line("Memory: 1076896769 bytes, start of RAM 0x60000000");
	assert_line("Reserved:");
	assert_lines(6);
}

static void no_memory(void **state UNUSED)
{
	summary_log(&boot);
	assert_line("Memory: 0 bytes, start of RAM 0x00000000");
	assert_lines(2);
}

/* By address, those with the same one in the order in which they came. */
static void reservations(void **state UNUSED)
{
	boot_note(&boot, 0x68000000, 0x6000, "device tree", false);
	boot_note(&boot, 0x60010000, 0x80000, "image", false);
	boot_note(&boot, 0x68000000, 0x1000, "second", true);
	boot_note(&boot, 0x64000000, 0x100000,
		  "a name that is longer than a line of the summary has room for, and is cut",
		  false);
	summary_log(&boot);
	expect_range("60010000", "6008ffff", "     512 KiB  image");
	expect_range("68000000", "68005fff", "      24 KiB  device tree");
	expect_range("68000000", "68000fff", "       4 KiB  second (no-map)");
	expect_range("64000000", "640fffff",
		     "       1 MiB  a name that is longer than a line of the summary has room fo");
	assert_lines(6);
}

static void more_than_have_room(void **state UNUSED)
{
	for (phys_addr_t i = 0; i < BOOT_NAMED_MAX + 1; i++) {
		if (i == BOOT_NAMED_MAX - 1) {
			summary_log(&boot);
			assert_not_said("and more");
		}
		boot_note(&boot, 0x60000000 + i * 0x1000, 0x1000, "node", false);
	}
	summary_log(&boot);
	assert_line("  and more: \"memblock reserved\" lists all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(the_model),           BOOT_TEST(memory),
		BOOT_TEST(no_memory),           BOOT_TEST(reservations),
		BOOT_TEST(more_than_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
