/* SPDX-License-Identifier: MIT */
/*
 * Where the store lies: the tree's node, cairn.store=, the default. Memory is 512 MiB at 0x60000000
 * unless a test says otherwise, and the image has 1 MiB at 0x60010000.
 */
#include "tests/unit/boot_test.h"

#include "boot/store_region.h"
#include "store/store.h"

#define ROUNDS 4000
#define CLOSED "the store stays closed"

/* What was reserved when the store was placed. */
static struct memblock_region before[INIT_MEMBLOCK_RESERVED_REGIONS];
static struct memblock_type reserved_before;

static int setup(void **state)
{
	boot_test_setup(state);
	MEMORY("/memory", 0x60000000, 0x20000000);
	return 0;
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, boot_test_teardown)

static bool has_region(void)
{
	return boot.store_place != STORE_PLACE_NONE;
}

static uint64_t store_end(void)
{
	return (uint64_t)boot.store_base + boot.store_size;
}

/* What holds for a region wherever it came from. */
static void check_region(void)
{
	assert_int_equal(boot.store_base % STORE_REGION_ALIGN, 0);
	assert_int_equal(boot.store_size % STORE_REGION_ALIGN, 0);
	assert_in_range(boot.store_size, STORE_REGION_MIN, STORE_REGION_MAX);
	assert_string_equal(boot.store_problem, "");
	assert_not_said(CLOSED);
	assert_true(memblock_is_region_memory(boot.store_base, boot.store_size));
	assert_true(memblock_is_map_memory(boot.store_base)
			    ? list_covers(&memblock.reserved, boot.store_base, store_end(), 0)
			    : list_covers(&memblock.memory, boot.store_base, store_end(),
					  MEMBLOCK_NOMAP));
	assert_true(boot.store_base >= LOAD + 1 * MEBI || store_end() <= LOAD);
	if (boot.store_place != STORE_PLACE_TREE)
		assert_false(memblock_overlaps_region(&reserved_before, boot.store_base,
						      boot.store_size));
}

static void check_closed(void)
{
	assert_true(boot.store_problem[0] != '\0');
	assert_int_equal(log_count_holding(CLOSED), 1);
	assert_true(log_count_holding(boot.store_problem) >= 1);
}

/* The steps of main() from the scan to the store. */
static void place_with(const char *cmdline)
{
	boot_scan_and_reserve(cmdline);
	reserved_before = memblock.reserved;
	memcpy(before, memblock.reserved.regions, sizeof(before));
	reserved_before.regions = before;
	store_region_place(&boot);
	list_check(&memblock.reserved);
	if (has_region())
		check_region();
	else
		check_closed();
}

static void expect_region(enum store_place place, uint64_t base, uint64_t size)
{
	assert_int_equal(boot.store_place, place);
	assert_int_equal(boot.store_base, base);
	assert_int_equal(boot.store_size, size);
}

/* Closed, for a reason that holds WHY. */
static void expect_closed(const char *why)
{
	assert_false(has_region());
	if (!strstr(boot.store_problem, why))
		print_error("\"%s\" is not in: %s\n", why, boot.store_problem);
	assert_true(strstr(boot.store_problem, why) != NULL);
}

/* The node of the store, with its compatible and this reg. */
#define STORE_NODE(name, ...)                                                \
	(tree_string("/reserved-memory/" name, "compatible", "cairn,store"), \
	 PAIRS("/reserved-memory/" name, "reg", __VA_ARGS__))

/* ---- the default ---------------------------------------------------------------------------- */

static void test_default(void **state)
{
	(void)state;
	place_with("");
	expect_region(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
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
	expect_region(STORE_PLACE_DEFAULT, 0x7fe00000, 0x100000);
	assert_true(list_covers(&reserved_before, 0x7fffd000, 0x80000000, 0));
}

/* Where no whole MiB is free at a multiple of it, one at a multiple of a page will do. */
static void test_default_in_little_memory(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0x11ff000);
	tree_reserved_memory();
	PAIRS("/reserved-memory/a", "reg", 0x60110000, 0xfef000);
	place_with("");
	expect_region(STORE_PLACE_DEFAULT, 0x610ff000, 0x100000);
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
	expect_region(STORE_PLACE_CMDLINE, 0x7fc00000, 0x400000);
	boot_test_again();
	place_with("cairn.store=8K");
	expect_region(STORE_PLACE_CMDLINE, 0x7fffe000, 0x2000);
	boot_test_again();
	place_with("cairn.store=0x180000");
	expect_region(STORE_PLACE_CMDLINE, 0x7fe80000, 0x180000);
	boot_test_again();
	place_with("cairn.store=1M cairn.store=2M"); /* the last one counts */
	expect_region(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
	boot_test_again();
	place_with("cairn.store=junk cairn.store=2M");
	expect_region(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
	assert_quiet();
}

static void test_place(void **state)
{
	(void)state;
	place_with("cairn.store=1M@0x70000000");
	expect_region(STORE_PLACE_CMDLINE, 0x70000000, 0x100000);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x70000000, 0x70100000, 0});
	boot_test_again();
	place_with("cairn.store=12K@0x70001000");
	expect_region(STORE_PLACE_CMDLINE, 0x70001000, 0x3000);
	boot_test_again();
	place_with("cairn.store=1M@0x7ff00000"); /* up to memory's end */
	expect_region(STORE_PLACE_CMDLINE, 0x7ff00000, 0x100000);
	boot_test_again();
	place_with("cairn.store=64K@0x60000000"); /* right below the image */
	expect_region(STORE_PLACE_CMDLINE, 0x60000000, 0x10000);
	assert_quiet();
}

/* A later one without a place asks for none. */
static void test_place_is_forgotten(void **state)
{
	(void)state;
	place_with("cairn.store=1M@0x70000000 cairn.store=2M");
	expect_region(STORE_PLACE_CMDLINE, 0x7fe00000, 0x200000);
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
		assert_true(memblock_reserved_size() == reserved_before.total_size);
	}
}

static void test_unknown_own_parameter(void **state)
{
	(void)state;
	place_with("cairn.stor=1M cairns=1 store=2M cairn.=3");
	expect_region(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
	assert_line("command line: cairn.stor is no parameter of Cairn's: ignored");
	assert_line("command line: cairn. is no parameter of Cairn's: ignored");
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
	expect_region(STORE_PLACE_CMDLINE, 0x62002000, 0x100000);
}

/* ---- the tree's node ------------------------------------------------------------------------ */

static void test_node(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store@70000000", 0x70000000, 0x200000);
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x70000000, 0x200000);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x70000000, 0x70200000, 0});
	assert_quiet();
}

static void test_node_with_other_compatibles(void **state)
{
	(void)state;
	tree_reserved_memory();
	PAIRS("/reserved-memory/a", "reg", 0x70000000, 0x100000);
	tree_bytes("/reserved-memory/a", "compatible", "acme,ram\0cairn,store", 21);
	PAIRS("/reserved-memory/b", "reg", 0x71000000, 0x100000);
	tree_string("/reserved-memory/b", "compatible", "cairn,store2");
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x70000000, 0x100000);
}

static void test_node_without_map(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store", 0x70000000, 0x200000);
	tree_flag("/reserved-memory/store", "no-map");
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x70000000, 0x200000);
	assert_reserved({0x60010000, 0x60110000, 0});
	assert_memory({0x60000000, 0x70000000, 0}, {0x70000000, 0x70200000, MEMBLOCK_NOMAP},
		      {0x70200000, 0x80000000, 0});
}

static void test_node_with_a_size(void **state)
{
	(void)state;
	tree_reserved_memory();
	CELLS("/reserved-memory/store", "size", 0x10000);
	tree_string("/reserved-memory/store", "compatible", "cairn,store");
	PAIRS("/reserved-memory/store", "alloc-ranges", 0x70000000, 0x1000000);
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x70ff0000, 0x10000);
}

static void test_node_without_room(void **state)
{
	(void)state;
	tree_reserved_memory();
	CELLS("/reserved-memory/store", "size", 0x10000);
	tree_string("/reserved-memory/store", "compatible", "cairn,store");
	PAIRS("/reserved-memory/store", "alloc-ranges", 0x90000000, 0x1000000);
	place_with("");
	expect_closed("found no room");
}

/* A node that is off is none. */
static void test_node_that_is_off(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store", 0x70000000, 0x200000);
	tree_string("/reserved-memory/store", "status", "disabled");
	place_with("");
	expect_region(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
}

static void test_second_node(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("a", 0x71000000, 0x200000);
	STORE_NODE("b", 0x70000000, 0x100000);
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x71000000, 0x200000);
	assert_true(list_covers(&memblock.reserved, 0x70000000, 0x70100000, 0));
	assert_said("reserved-memory: b: there is one cairn,store already");
	assert_lines(1);
}

/* The store is the first of a node's ranges. */
static void test_node_with_two_ranges(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store", 0x71000000, 0x200000, 0x70000000, 0x100000);
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x71000000, 0x200000);
	assert_true(list_covers(&memblock.reserved, 0x70000000, 0x70100000, 0));
}

static void test_node_wins_over_the_parameter(void **state)
{
	static const char *const cmdlines[] = {"cairn.store=4M", "cairn.store=4M@0x72000000",
					       "cairn.store=junk"};

	(void)state;
	tree_reserved_memory();
	STORE_NODE("store", 0x70000000, 0x200000);
	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		boot_test_again();
		place_with(cmdlines[i]);
		expect_region(STORE_PLACE_TREE, 0x70000000, 0x200000);
		assert_false(memblock_is_reserved(0x72000000));
		if (i < 2)
			assert_said("cairn.store= is not used: the device tree has a cairn,store "
				    "node, store");
	}
}

/* What no store can be: reserved as the tree asks, but closed. */
static void test_bad_nodes(void **state)
{
	static const struct {
		uint64_t base, size;
		const char *why;
	} cases[] = {
		{0x70000800, 0x100000, "expected multiples of 4096"},
		{0x70000000, 0x100800, "expected multiples of 4096"},
		{0x70000000, 0x1000, "it has 4096 bytes, expected 8192 to"},
		{0x90000000, 0x100000, "is not in memory"},
		{0x7ff80000, 0x100000, "is not in memory"},
		{0x50000000, 0x20000000, ""},
		{0x60000000, 0x100000, ""}, /* the image */
		{0x6010f000, 0x100000, ""}, /* its last page */
		{0x74fff000, 0x2000, ""},   /* a byte of /memreserve/ */
		{0x77fff000, 0x2000, ""},   /* another child before it */
		{0x78fff000, 0x2000, ""},   /* a no-map child before it */
		{0x62000000, 0x100000, ""}, /* the initrd */
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", 0x60000000, 0x20000000);
		tree_memreserve(0x75000ffc, 4);
		tree_memreserve(0x75000000, 4);
		tree_reserved_memory();
		PAIRS("/reserved-memory/a", "reg", 0x78000000, 0x1000);
		PAIRS("/reserved-memory/b", "reg", 0x79000000, 0x1000);
		tree_flag("/reserved-memory/b", "no-map");
		STORE_NODE("store", cases[i / 2].base, cases[i / 2].size);
		if (i % 2)
			tree_flag("/reserved-memory/store", "no-map");
		place_with("initrd=0x62080000,4K");
		if (has_region())
			print_error("case %zu\n", i);
		expect_closed(i % 2 ? "" : cases[i / 2].why);
	}
}

/* A child that comes later may not lie over the store either. */
static void test_later_child_over_the_node(void **state)
{
	(void)state;
	for (unsigned nomap = 0; nomap < 2; nomap++) {
		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", 0x60000000, 0x20000000);
		tree_reserved_memory();
		STORE_NODE("store", 0x70000000, 0x100000);
		PAIRS("/reserved-memory/late", "reg", 0x700ff000, 0x2000);
		if (nomap)
			tree_flag("/reserved-memory/store", "no-map");
		place_with("");
		expect_closed("overlaps late");
	}
}

static void test_children_beside_the_node(void **state)
{
	(void)state;
	tree_reserved_memory();
	PAIRS("/reserved-memory/early", "reg", 0x6ffff000, 0x1000);
	STORE_NODE("store", 0x70000000, 0x100000);
	PAIRS("/reserved-memory/late", "reg", 0x6fffe000, 0x2000, 0x70100000, 0x1000);
	place_with("");
	expect_region(STORE_PLACE_TREE, 0x70000000, 0x100000);
}

static void test_nodes_of_bad_length(void **state)
{
	(void)state;
	tree_reserved_memory();
	CELLS("/reserved-memory/store", "reg", 0x70000000, 0x100000, 0x71000000);
	tree_string("/reserved-memory/store", "compatible", "cairn,store");
	place_with("");
	assert_said("reserved-memory: store: reg has 12 bytes");
	assert_true(!has_region() || boot.store_base != 0x70000000);
}

/* The rest of a range that passes the end is no other store. */
static void test_node_past_the_end(void **state)
{
	(void)state;
	tree_new(2, 2);
	MEMORY("/memory", 0x60000000, 0x20000000);
	tree_reserved_memory();
	STORE_NODE("store", 0x70000000, 0x100100000);
	place_with("");
	expect_closed("");
	tree_new(2, 2);
	boot_test_again();
	MEMORY("/memory", 0x60000000, 0x20000000);
	tree_reserved_memory();
	STORE_NODE("store", 0x170000000, 0x100000);
	place_with("");
	expect_closed("");
}

static void test_node_up_to_the_end(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0xa0000000);
	tree_reserved_memory();
	STORE_NODE("store", 0xfff00000, 0x100000);
	place_with("");
	/* The last byte of 32 bits is never memory: the store would lack it. */
	if (WIDE)
		expect_region(STORE_PLACE_TREE, 0xfff00000, 0x100000);
	else
		expect_closed("");
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
	expect_region(STORE_PLACE_CMDLINE, 0x70000000, 0x2000);
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
			assert_true(held[i].base >= store_end() || boot.store_base >= held[i].end);
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
		STORE_TEST(test_node),
		STORE_TEST(test_node_with_other_compatibles),
		STORE_TEST(test_node_without_map),
		STORE_TEST(test_node_with_a_size),
		STORE_TEST(test_node_without_room),
		STORE_TEST(test_node_that_is_off),
		STORE_TEST(test_second_node),
		STORE_TEST(test_node_with_two_ranges),
		STORE_TEST(test_node_wins_over_the_parameter),
		STORE_TEST(test_bad_nodes),
		STORE_TEST(test_later_child_over_the_node),
		STORE_TEST(test_children_beside_the_node),
		STORE_TEST(test_nodes_of_bad_length),
		STORE_TEST(test_node_past_the_end),
		STORE_TEST(test_node_up_to_the_end),
		STORE_TEST(test_full_list),
		STORE_TEST(test_random_places),
	};

	return cmocka_run_group_tests_name("boot_store", tests, NULL, NULL);
}
