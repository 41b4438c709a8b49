/* SPDX-License-Identifier: MIT */
/* Where the store lies: cairn.store=, the default; for the tree's node, test_boot_store_node.c. */
#include "tests/unit/store_place_test.h"

#include "store/store.h"

#define ROUNDS 4000

/* ---- the default ---------------------------------------------------------------------------- */

static void test_default(void **state)
{
	(void)state;
	place_with("");
	expect_placed(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x7ff00000, 0x80000000, 0});
	assert_string_equal(boot.named[boot.named_count - 1].name, "store");
	assert_quiet();
}

/* The next allocation after all that the tree reserves, fixed or not, on a whole MiB. */
static void test_default_comes_last(void **state)
{
	(void)state;
	tree_memreserve(0x7ff80000, 0x1000);
	tree_reserved_memory();
	CELLS("/reserved-memory/a", "size", 0x3000);
	place_with("");
	expect_placed(STORE_PLACE_DEFAULT, 0x7fe00000, 0x100000);
	assert_true(list_covers(&others_before, 0x7fffd000, 0x80000000, 0));
}

/* Where no whole MiB is free at a multiple of it, one at a multiple of a page will do. */
static void test_default_in_little_memory(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0x11ff000);
	tree_reserved_memory();
	PAIRS("/reserved-memory/a", "reg", 0x60110000, 0xfef000);
	place_with("");
	expect_placed(STORE_PLACE_DEFAULT, 0x610ff000, 0x100000);
}

static void test_no_room(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0x200000);
	place_with("");
	expect_closed("no room for 1048576 bytes in free memory");
}

static void test_no_memory(void **state)
{
	(void)state;
	tree_new(1, 1);
	tree_node("/soc");
	place_with("");
	expect_closed("no room");
}

/* ---- cairn.store= --------------------------------------------------------------------------- */

static void test_size(void **state)
{
	(void)state;
	place_with("cairn.store=4M");
	expect_placed(STORE_PLACE_CMDLINE, 0x7fc00000, 0x400000);
	boot_test_again();
	place_with("cairn.store=8K");
	expect_placed(STORE_PLACE_CMDLINE, 0x7fffe000, 0x2000);
	boot_test_again();
	place_with("cairn.store=0x180000");
	expect_placed(STORE_PLACE_CMDLINE, 0x7fe80000, 0x180000);
	boot_test_again();
	place_with("cairn.store=1M cairn.store=2M"); /* the last one counts */
	expect_placed(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
	boot_test_again();
	place_with("cairn.store=junk cairn.store=2M");
	expect_placed(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
	assert_quiet();
}

static void test_place(void **state)
{
	(void)state;
	place_with("cairn.store=1M@0x70000000");
	expect_placed(STORE_PLACE_CMDLINE, 0x70000000, 0x100000);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x70000000, 0x70100000, 0});
	boot_test_again();
	place_with("cairn.store=12K@0x70001000");
	expect_placed(STORE_PLACE_CMDLINE, 0x70001000, 0x3000);
	boot_test_again();
	place_with("cairn.store=1M@0x7ff00000"); /* up to memory's end */
	expect_placed(STORE_PLACE_CMDLINE, 0x7ff00000, 0x100000);
	boot_test_again();
	place_with("cairn.store=64K@0x60000000"); /* right below the image */
	expect_placed(STORE_PLACE_CMDLINE, 0x60000000, 0x10000);
	assert_quiet();
}

/* A later one without a place asks for none. */
static void test_place_is_forgotten(void **state)
{
	(void)state;
	place_with("cairn.store=1M@0x70000000 cairn.store=2M");
	expect_placed(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
}

static void test_none(void **state)
{
	(void)state;
	place_with("cairn.store=0");
	expect_closed("cairn.store=0 asks for none");
	assert_reserved({0x60010000, 0x60110000, 0});
	boot_test_again();
	place_with("cairn.store=1M cairn.store=0@0x70000000");
	expect_closed("asks for none");
}

static void test_refused(void **state)
{
	static const struct {
		const char *cmdline, *why;
	} cases[] = {
		{"cairn.store", "expected SIZE[@ADDR] such as"},
		{"cairn.store=", "cairn.store=: expected SIZE[@ADDR]"},
		{"cairn.store=junk", "cairn.store=junk: expected SIZE[@ADDR]"},
		{"cairn.store=1M@", "expected SIZE[@ADDR]"},
		{"cairn.store=1M@junk", "expected SIZE[@ADDR]"},
		{"cairn.store=1Mx", "expected SIZE[@ADDR]"},
		{"cairn.store=1M@0x70000000x", "expected SIZE[@ADDR]"},
		{"cairn.store=1M,0x70000000", "expected SIZE[@ADDR]"},
		{"cairn.store=@0x70000000", "expected SIZE[@ADDR]"},
		{"cairn.store=-1M", "expected SIZE[@ADDR]"},
		{"cairn.store=16E", "expected SIZE[@ADDR]"},
		{"cairn.store=2M cairn.store=junk", "expected SIZE[@ADDR]"},
		{"cairn.store=4097", "expected multiples of 4096"},
		{"cairn.store=1M@0x70000800", "expected multiples of 4096"},
		{"cairn.store=0x101000@0x70000001", "expected multiples of 4096"},
		{"cairn.store=4K", "it has 4096 bytes, expected 8192 to 1073741824"},
		{"cairn.store=4K@0x70000000", "it has 4096 bytes"},
		{"cairn.store=513M", "no room for 537919488 bytes"},
		{"cairn.store=1G", "no room for 1073741824 bytes"},
		{"cairn.store=0x40001000", "a store has at most 1073741824 bytes"},
		{"cairn.store=4G", "a store has at most"},
		{"cairn.store=0x100001000", "a store has at most"},
		{"cairn.store=1M@0xffffffffffffffff", ""},
		{"cairn.store=1M@0xfffffffffff00000", ""},
		{"cairn.store=1M@0x170000000", ""},
		{"cairn.store=1M@0", "is not in memory"},
		{"cairn.store=1M@0x50000000", "is not in memory"},
		{"cairn.store=1M@0x80000000", "is not in memory"},
		{"cairn.store=1M@0x7ff01000", "is not in memory"},
		{"cairn.store=1M@0x5ffff000", "is not in memory"},
		{"cairn.store=1G@0xfff00000", "is not in memory"},
		{"cairn.store=1M@0x60000000", "overlaps what is reserved already"},
		{"cairn.store=1M@0x6010f000", "overlaps what is reserved already"},
		{"cairn.store=1M@0x74f01000", "overlaps what is reserved already"},
		{"cairn.store=8K@0x75000000", "overlaps what is reserved already"},
		{"cairn.store=1M@0x76000000", "overlaps what is reserved already"}, /* no-map */
		{"cairn.store=1M@0x760ff000", ""},
	};

	(void)state;
	tree_memreserve(0x75000ffc, 4);
	tree_reserved_memory();
	PAIRS("/reserved-memory/a", "reg", 0x76000000, 0x100000);
	tree_flag("/reserved-memory/a", "no-map");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		boot_test_again();
		place_with(cases[i].cmdline);
		expect_closed(cases[i].why);
		assert_true(memblock_reserved_size() == others_before.total_size);
	}
}

static void test_unknown_own_parameter(void **state)
{
	(void)state;
	place_with("cairn.stor=1M cairns=1 store=2M cairn.=3");
	expect_placed(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
	assert_line("command line: cairn.stor is no parameter of this image: ignored");
	assert_line("command line: cairn. is no parameter of this image: ignored");
	assert_lines(2);
}

static void test_very_long_junk(void **state)
{
	char cmdline[1000] = "cairn.store=";

	(void)state;
	memset(cmdline + 12, 'x', 900);
	place_with(cmdline);
	expect_closed("expected SIZE[@ADDR]");
}

static void test_beside_the_initrd(void **state)
{
	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62000000);
	CELLS("/chosen", "linux,initrd-end", 0x62001001);
	place_with("initrd=0x62000000,0x1001 cairn.store=1M@0x62001000");
	expect_closed("overlaps what is reserved already");
	boot_test_again();
	place_with("initrd=0x62000000,0x1001 cairn.store=1M@0x62002000");
	expect_placed(STORE_PLACE_CMDLINE, 0x62002000, 0x100000);
}

/* ---- a full list ---------------------------------------------------------------------------- */

static void test_full_list(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 127; i++)
		tree_memreserve(0x61000000 + i * 0x10000, 0x1000);
	place_with("");
	assert_false(has_region());
	boot_test_again();
	place_with("cairn.store=8K@0x70000000");
	expect_placed(STORE_PLACE_CMDLINE, 0x70000000, 0x2000);
	assert_said("the list holds 128 reservations and is full");
}

/* ---- random --------------------------------------------------------------------------------- */

static uint32_t random_place(void)
{
	uint32_t at = 0x60000000 + random_below(0x21000000);

	return random_below(4) ? at & ~0xfffU : at;
}

#define HELD_MAX 16

/* What others hold before the store is placed. */
static struct {
	uint64_t base, end;
} held[HELD_MAX];
static unsigned held_count;

static uint32_t hold(uint32_t base, uint32_t size)
{
	held[held_count].base = base;
	held[held_count++].end = (uint64_t)base + size;
	return base;
}

/* Some reservations in a small memory, and a store by one of the three ways. */
static void random_boot(char *cmdline)
{
	unsigned n = random_below(12), way = random_below(3);
	uint32_t size = random_below(8) ? 0x1000 * random_below(0x400) : random_below(0x400000);

	tree_new(1, 1);
	boot_test_again();
	MEMORY("/memory", 0x60000000, 0x1000 * (0x400 + random_below(0x20000)));
	held_count = 0;
	while (n-- > 0) {
		uint32_t reserved = 1 + random_below(0x2000000);

		tree_memreserve(hold(random_place(), reserved), reserved);
	}
	tree_reserved_memory();
	CELLS("/reserved-memory/a", "size", 1 + random_below(0x10000));
	PAIRS("/reserved-memory/b", "reg", hold(random_place(), 0x100000), 0x100000);
	if (random_below(2))
		tree_flag("/reserved-memory/b", "no-map");
	*cmdline = '\0';
	if (way == 1)
		STORE_NODE("store", random_place(), size);
	if (way == 2 && random_below(2))
		sprintf(cmdline, "cairn.store=0x%x@0x%x", size, random_place());
	else if (way == 2)
		sprintf(cmdline, "cairn.store=0x%x", size);
}

static void test_random_places(void **state)
{
	unsigned placed = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		char cmdline[80];

		random_boot(cmdline);
		place_with(cmdline);
		placed += has_region();
		for (unsigned i = 0; has_region() && i < held_count; i++)
			assert_true(held[i].base >= placed_end() || boot.store_base >= held[i].end);
	}
	assert_true(placed > ROUNDS / 10 && placed < ROUNDS);
	printf("boot: %u random boots, %u with a store\n", ROUNDS, placed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_default),
		STORE_TEST(test_default_comes_last),
		STORE_TEST(test_default_in_little_memory),
		STORE_TEST(test_no_room),
		STORE_TEST(test_no_memory),
		STORE_TEST(test_size),
		STORE_TEST(test_place),
		STORE_TEST(test_place_is_forgotten),
		STORE_TEST(test_none),
		STORE_TEST(test_refused),
		STORE_TEST(test_unknown_own_parameter),
		STORE_TEST(test_very_long_junk),
		STORE_TEST(test_beside_the_initrd),
		STORE_TEST(test_full_list),
		STORE_TEST(test_random_places),
	};

	return cmocka_run_group_tests_name("boot_store", tests, NULL, NULL);
}
