/* SPDX-License-Identifier: MIT */
/*
 * More reservations than the lists hold, and random ones: every byte asked for is kept. Memory
 * is 512 MiB at 0x60000000 unless a test says otherwise, and the image has 1 MiB at 0x60010000.
 */
#include "tests/unit/boot_test_reserve.h"

#define ROUNDS 400

/* ---- a full list ---------------------------------------------------------------------------- */

static void fill_list(unsigned slots, uint64_t base)
{
	for (unsigned i = 0; i < slots; i++)
		assert_int_equal(memblock_reserve((phys_addr_t)(base + i * 0x10000), 0x1000), 0);
}

static void test_more_reservations_than_slots(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 150; i++)
		tree_memreserve(0x61000000 + (i * 37 % 150) * 0x10000, 0x1000);
	reserve();
	assert_true(memblock.reserved.cnt <= 128);
	for (unsigned i = 0; i < 150; i++)
		assert_true(list_covers(&memblock.reserved, 0x61000000 + i * 0x10000,
					0x61001000 + i * 0x10000, 0));
	assert_true(list_covers(&memblock.reserved, IMAGE));
	assert_int_equal(
		log_count_holding(": the list holds 128 reservations and is full: all of "),
		150 - 127);
}

/* Which region grows: the one with the smaller gap, whichever side it is on and however long. */
static void test_full_list_widens_the_nearest(void **state)
{
	static const struct {
		uint64_t base, first, end; /* of a page that comes last, and of its region then */
	} cases[] = {
		{0x60801000, 0x60800000, 0x60802000}, /* touches the region below */
		{0x60802000, 0x60800000, 0x60803000}, {0x6080f000, 0x6080f000, 0x60811000},
		{0x6080e000, 0x6080e000, 0x60811000}, {0x607ff000, 0x607ff000, 0x60801000},
		{0x65002000, 0x61000000, 0x65003000}, /* a long region ends right below */
		{0x66fff000, 0x66fff000, 0x67001000}, {0x67002000, 0x67000000, 0x67003000},
		{0x50000000, 0x50000000, 0x60801000}, {0x70000000, 0x67000000, 0x70001000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		phys_addr_t base = (phys_addr_t)cases[i].base;
		struct range want = {cases[i].first, cases[i].end, 0};

		boot_test_again();
		fill_list(126, 0x60800000);
		memblock_reserve(0x61000000, 0x4001000);
		memblock_reserve(0x67000000, 0x1000);
		assert_int_equal(memblock.reserved.cnt, memblock.reserved.max);
		boot_reserve(&boot, base, 0x1000, "x");
		list_check(&memblock.reserved);
		assert_true(list_covers(&memblock.reserved, want.base, want.end, 0));
		assert_false(memblock_is_reserved((phys_addr_t)(want.base - 1)));
		assert_false(memblock_is_reserved((phys_addr_t)want.end));
	}
}

static void test_full_list_for_a_fixed_child(void **state)
{
	(void)state;
	fill_list(127, 0x61000000);
	tree_reserved_memory();
	CHILD("late", 0x62000000, 0x1000);
	DYNAMIC("dynamic", 0x2000);
	reserve();
	assert_true(list_covers(&memblock.reserved, 0x62000000, 0x62001000, 0));
	assert_said("late: ");
	assert_said("the list holds 128 reservations and is full");
	assert_said("reserved-memory: dynamic: ");
}

/* When the list of memory is full a no-map range is reserved instead of marked. */
static void test_full_memory_list_for_no_map(void **state)
{
	uint64_t reg[2 * 128];

	(void)state;
	for (size_t i = 0; i < 128; i++) {
		reg[2 * i] = 0x60000000 + i * 0x400000;
		reg[2 * i + 1] = 0x200000;
	}
	tree_pairs("/memory", "reg", reg, ARRAY_SIZE(reg));
	tree_reserved_memory();
	CHILD("a", 0x64000000, 0x1000);
	tree_flag("/reserved-memory/a", "no-map");
	reserve();
	assert_int_equal(memblock.memory.cnt, 128);
	assert_true(list_covers(&memblock.reserved, 0x64000000, 0x64001000, 0));
	assert_said("reserved-memory: a: 0x64000000-0x64000fff could not be marked no-map");
}

/* ---- random --------------------------------------------------------------------------------- */

#define ASKED_MAX 256

static struct asked {
	uint64_t base, end;
	bool nomap;
} asked[ASKED_MAX];
static unsigned asked_count;

static void ask(uint64_t base, uint64_t size, bool nomap)
{
	asked[asked_count++] = (struct asked){base, base + size, nomap};
}

static uint64_t random_base(void)
{
	uint64_t base = 0x5ff00000 + random_below(0x20400000);

	return random_below(2) ? base & ~0xfffULL : base;
}

static void random_tree(void)
{
	unsigned entries = random_below(120), children = random_below(100);
	char path[48];

	other_cells(1 + (int)random_below(2), 1 + (int)random_below(2));
	asked_count = 0;
	while (entries-- > 0) {
		uint64_t base = random_base(), size = 1 + random_below(0x10000);

		tree_memreserve(base, size);
		ask(base, size, false);
	}
	tree_reserved_memory();
	for (unsigned i = 0; i < children; i++) {
		uint64_t base = random_base(), size = 1 + random_below(0x10000);
		bool nomap = random_below(4) == 0;

		snprintf(path, sizeof(path), "/reserved-memory/c%u", i);
		PAIRS(path, "reg", base, size);
		if (nomap)
			tree_flag(path, "no-map");
		ask(base, size, nomap);
	}
}

/* Whether [base, end) meets [from, to). */
static bool meets(const struct asked *a, uint64_t from, uint64_t to)
{
	return a->base < to && from < a->end;
}

/* The rule: a no-map range that is memory in part is refused for what is reserved before it. */
static bool refused(const struct asked *a)
{
	bool reserved = meets(a, LOAD, LOAD + 1 * MEBI);

	for (const struct asked *other = asked; other < a; other++)
		reserved = reserved || (!other->nomap && meets(other, a->base, a->end));
	return reserved && meets(a, MEMORY_BASE, MEMORY_END);
}

/* Whether all of A that is memory is marked no-map. */
static bool is_marked(const struct asked *a)
{
	uint64_t base = a->base < MEMORY_BASE ? MEMORY_BASE : a->base;
	uint64_t end = a->end > MEMORY_END ? MEMORY_END : a->end;

	return list_covers(&memblock.memory, base, end, NOMAP);
}

static void test_random_reservations(void **state)
{
	unsigned full = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool is_full;

		random_tree();
		reserve();
		list_check(&memblock.memory);
		list_check(&memblock.reserved);
		assert_int_equal(memblock_phys_mem_size(), MEMORY_END - MEMORY_BASE);
		is_full = log_count_holding("and is full") > 0;
		for (struct asked *a = asked; a < asked + asked_count; a++) {
			if (!a->nomap)
				assert_true(list_covers(&memblock.reserved, a->base, a->end, 0));
			else if (!is_full)
				assert_true(is_marked(a) || refused(a));
		}
		full += is_full;
	}
	assert_true(full > 0 && full < ROUNDS);
	printf("boot: %u random trees, every byte asked for is reserved (%u with a full "
	       "list)\n",
	       ROUNDS, full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESERVE_TEST(test_more_reservations_than_slots),
		RESERVE_TEST(test_full_list_widens_the_nearest),
		RESERVE_TEST(test_full_list_for_a_fixed_child),
		RESERVE_TEST(test_full_memory_list_for_no_map),
		RESERVE_TEST(test_random_reservations),
	};

	return cmocka_run_group_tests_name("boot_reserve_full", tests, NULL, NULL);
}
