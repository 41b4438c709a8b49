/* SPDX-License-Identifier: MIT */
/* Where the store lies: the node of the tree that asks for it. */
#include "tests/unit/store_place_test.h"

static void test_node(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store@70000000", 0x70000000, 0x200000);
	place_with("");
	expect_placed(STORE_PLACE_TREE, 0x70000000, 0x200000);
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
	expect_placed(STORE_PLACE_TREE, 0x70000000, 0x100000);
}

static void test_node_without_map(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("store", 0x70000000, 0x200000);
	tree_flag("/reserved-memory/store", "no-map");
	place_with("");
	expect_placed(STORE_PLACE_TREE, 0x70000000, 0x200000);
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
	expect_placed(STORE_PLACE_TREE, 0x70ff0000, 0x10000);
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
	expect_placed(STORE_PLACE_DEFAULT, 0x7ff00000, 0x100000);
}

static void test_second_node(void **state)
{
	(void)state;
	tree_reserved_memory();
	STORE_NODE("a", 0x71000000, 0x200000);
	STORE_NODE("b", 0x70000000, 0x100000);
	place_with("");
	expect_placed(STORE_PLACE_TREE, 0x71000000, 0x200000);
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
	expect_placed(STORE_PLACE_TREE, 0x71000000, 0x200000);
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
		expect_placed(STORE_PLACE_TREE, 0x70000000, 0x200000);
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
	expect_placed(STORE_PLACE_TREE, 0x70000000, 0x100000);
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
		expect_placed(STORE_PLACE_TREE, 0xfff00000, 0x100000);
	else
		expect_closed("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("boot_store, node", tests, NULL, NULL);
}
