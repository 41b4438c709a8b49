/* SPDX-License-Identifier: MIT */
/* A store that lies where an earlier map had its region: found, adopted, or left closed. */
#include "tests/unit/boot_test_moved.h"

#include "lib/be.h"
#include "lib/crc32c.h"
#include "store/format.h"
#include "store/store.h"

#define PLACE 0x63f00000U /* where a store of 1 MiB goes by itself */
#define OLD 0x62000000U   /* where it went, in most tests */
#define ROUNDS 3000

/* The store at BASE is the region now, and that a line says so. */
static void expect_adopted(uint64_t base, uint64_t size)
{
	expect_region(base, size);
	assert_string_equal(boot.store_problem, "");
	assert_said("found there, where another map had placed it");
	assert_true(memblock_reserved_size() == reserved_before.total_size + size);
}

/* The new region stays as it is, for a new store. */
static void expect_nothing(uint64_t base, uint64_t size)
{
	expect_region(base, size);
	assert_string_equal(boot.store_problem, "");
	assert_not_said("store: ");
}

/* The region is [base, base + size), and nothing is to be opened, since WHY. */
static void expect_closed(uint64_t base, uint64_t size, const char *why)
{
	expect_region(base, size);
	if (!strstr(boot.store_problem, why))
		print_error("\"%s\" is not in: %s\n", why, boot.store_problem);
	assert_true(strstr(boot.store_problem, why) != NULL);
	assert_said(NOT_OPENED);
	assert_said("\"store format\" makes a new one at ");
}

/* ---- nothing is found ----------------------------------------------------------------------- */

static void test_nothing(void **state)
{
	(void)state;
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
	assert_int_equal(looked, 1 + 2); /* the new region, what lies before it, and it again */
	assert_quiet();
}

/* Addresses that an allocation could not have given are not looked at. */
static void test_between_the_steps(void **state)
{
	(void)state;
	put_store(OLD + 0x1000, 0x10000);
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
	boot_test_again();
	search_with("cairn.store=0x101000");
	expect_adopted(OLD + 0x1000, 0x10000);
}

static void test_what_is_no_store(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 3; what++) {
		uint8_t *sb = ram + (OLD - ram_base);

		put_store(OLD, 1 * MEBI);
		for (unsigned copy = 0; copy < 2; copy++, sb += SB_COPY_B) {
			if (what == 0)
				sb[SB_SALT] ^= 1;
			be32_store(sb + SB_VERSION, what == 1 ? 2 : 1);
			if (what == 1)
				be32_store(sb + SB_CRC, crc32c(0, sb, SB_CRC));
			if (what == 2)
				be32_store(sb + SB_MAGIC, 0);
		}
		boot_test_again();
		search_with("");
		expect_nothing(PLACE, 1 * MEBI);
	}
}

/* One copy of the superblock is enough. */
static void test_one_copy(void **state)
{
	(void)state;
	for (unsigned copy = 0; copy < 2; copy++) {
		put_store(OLD, 1 * MEBI);
		memset(ram + (OLD - ram_base) + copy * SB_COPY_B, 0, SB_SIZE);
		boot_test_again();
		search_with("");
		expect_adopted(OLD, 1 * MEBI);
	}
}

/* An image of a region that lies somewhere: a value, a buffer, an initrd. */
static void test_copies(void **state)
{
	(void)state;
	put_store_told(0x61000000, 1 * MEBI, 0x60800000, 1);
	put_store_told(0x63000000, 1 * MEBI, 0, 1); /* a program that knows no addresses */
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
	put_store(OLD, 1 * MEBI);
	boot_test_again();
	search_with("");
	expect_adopted(OLD, 1 * MEBI);
	assert_lines(1);
}

/* ---- nothing is looked for ------------------------------------------------------------------ */

static void test_a_store_in_place(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	put_store(PLACE, 1 * MEBI);
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
	assert_int_equal(looked, 1);
}

/* Damaged as it is, it is the store of this place. */
static void test_a_trace_in_place(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	be32_store(ram + (PLACE - ram_base) + IMAGE_OFFSET, IMAGE_MAGIC);
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
	assert_int_equal(looked, 1);
}

static void test_given_places(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	search_with("cairn.store=1M@0x63000000");
	expect_nothing(0x63000000, 1 * MEBI);
	boot_test_again();
	search_with("cairn.store=0");
	assert_int_equal(boot.store_place, STORE_PLACE_NONE);
	boot_test_again();
	search_with("cairn.store=1G"); /* no room */
	assert_int_equal(boot.store_place, STORE_PLACE_NONE);
	boot_test_again();
	tree_reserved_memory();
	PAIRS("/reserved-memory/store", "reg", 0x63000000, 0x100000);
	tree_string("/reserved-memory/store", "compatible", "cairn,store");
	search_with("");
	assert_int_equal(boot.store_base, 0x63000000);
	assert_int_equal(looked, 0);
}

/* ---- it is adopted -------------------------------------------------------------------------- */

static void test_adopted(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	search_with("");
	expect_adopted(OLD, 1 * MEBI);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x62000000, 0x62100000, 0});
	assert_int_equal(boot.store_place, STORE_PLACE_DEFAULT);
	assert_lines(1);
	boot_test_again();
	search_with("cairn.store=2M"); /* what is there counts, not what is asked for */
	expect_adopted(OLD, 1 * MEBI);
	assert_int_equal(boot.store_place, STORE_PLACE_CMDLINE);
}

static void test_adopted_at_the_ends(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", ram_base + 0x100000, RAM_SIZE - 0x100000);
	boot.image_base = 0x60300000;
	put_store(0x60100000, 2 * MEBI); /* up to the image */
	search_with("");
	expect_adopted(0x60100000, 2 * MEBI);

	memset(ram, 0, RAM_SIZE);
	boot_test_again();
	boot.image_base = 0x60300000;
	put_store(0x63ffe000, 8192); /* the last two pages, in the new region */
	search_with("");
	expect_adopted(0x63ffe000, 8192);
}

/* The new region is not formatted over a small store that has an odd place in it. */
static void test_inside_the_new_region(void **state)
{
	(void)state;
	put_store(0x63f77000, 0x10000);
	search_with("");
	expect_adopted(0x63f77000, 0x10000);
	boot_test_again();
	search_with("cairn.store=4M");
	expect_adopted(0x63f77000, 0x10000);
}

/* It may lie partly where the new one would. */
static void test_overlaps_the_new_region(void **state)
{
	(void)state;
	put_store(0x63ffc000, 0x3000);
	search_with("cairn.store=0x3000"); /* at 0x63ffd000 */
	expect_adopted(0x63ffc000, 0x3000);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x63ffc000, 0x63fff000, 0});
}

static void test_beside_others(void **state)
{
	(void)state;
	tree_memreserve(OLD - 0x1000, 0x1000);
	tree_memreserve(OLD + 0x100000, 0x1000);
	put_store(OLD, 1 * MEBI);
	search_with("");
	expect_adopted(OLD, 1 * MEBI);
}

/* ---- it cannot be had ----------------------------------------------------------------------- */

static void test_taken(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	search_with("initrd=0x62080000,8K");
	expect_closed(PLACE, 1 * MEBI, "00100000, parts of which are taken by initrd");
	assert_said("cairn.store=0x100000@0x62000000");
	assert_said("what is free of that is kept until then");
	assert_reserved({0x60010000, 0x60110000, 0}, {0x62000000, 0x62100000, 0},
			{0x63f00000, 0x64000000, 0});

	tree_memreserve(OLD, 0x1000); /* its superblock */
	boot_test_again();
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "taken by memreserve");
}

/* Memory that must not be mapped may hide its end, but not its superblock: that is not read. */
static void test_no_map(void **state)
{
	(void)state;
	put_store(OLD, 2 * MEBI);
	tree_reserved_memory();
	PAIRS("/reserved-memory/camera", "reg", OLD + 0x180000, 0x1000);
	tree_flag("/reserved-memory/camera", "no-map");
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "");
	assert_false(memblock_is_reserved(OLD + 0x180000));
	assert_true(memblock_is_reserved(OLD + 0x17f000) && memblock_is_reserved(OLD + 0x181000));

	PAIRS("/reserved-memory/camera", "reg", OLD, 0x180000);
	boot_test_again();
	search_with("");
	expect_nothing(PLACE, 1 * MEBI);
}

static void test_not_all_in_memory(void **state)
{
	(void)state;
	put_store(OLD, 1 * MEBI);
	search_with("mem=0x2080000");
	expect_closed(OLD - 1 * MEBI, 1 * MEBI, "which is not all in memory");
	assert_reserved({0x60010000, 0x60110000, 0}, {0x61f00000, 0x62080000, 0});
	assert_lines(3);
	boot_test_again();
	search_with("mem=32M"); /* nothing of it: nobody knows */
	expect_nothing(OLD - 1 * MEBI, 1 * MEBI);
}

/* The new region is placed once more if it would lie over what is kept. */
static void test_overlaps_what_is_kept(void **state)
{
	(void)state;
	put_superblock(0x63ffd000, 0x8000);
	search_with("cairn.store=8K");
	expect_closed(0x63ffb000, 0x2000, "00008000, which is not all in memory");
	boot_test_again();
	search_with("");
	expect_closed(0x63e00000, 1 * MEBI, "which is not all in memory");
	assert_reserved({0x60010000, 0x60110000, 0}, {0x63e00000, 0x63f00000, 0},
			{0x63ffd000, 0x64000000, 0});
}

static void test_too_large_to_be_kept(void **state)
{
	(void)state;
	put_superblock(OLD, 0x40000000);
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "40000000, which is not all in memory");
	assert_said("too much of it to be kept");
	assert_reserved({0x60010000, 0x60110000, 0}, {0x63f00000, 0x64000000, 0});
	put_superblock(OLD, RAM_SIZE / 4 + 4096);
	boot_test_again();
	search_with("initrd=0x62080000,8K");
	assert_said("too much of it to be kept");
	put_superblock(OLD, RAM_SIZE / 4);
	boot_test_again();
	search_with("initrd=0x62080000,8K");
	assert_said("is kept until then");
}

static void test_no_room_for_a_new_one(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", ram_base, 0x800000);
	tree_memreserve(0x60110000, 0x4f0000);
	put_store(0x60600000, 2 * MEBI);
	search_with("cairn.store=1M initrd=0x60600000,4K");
	assert_int_equal(boot.store_place, STORE_PLACE_NONE);
	assert_said("store: there is no room for a new one");
	assert_true(strstr(boot.store_problem, "taken by initrd") != NULL);
	assert_reserved({0x60010000, 0x60800000, 0});
}

/* Its region may claim to pass the end of the address space. */
static void test_end_of_the_address_space(void **state)
{
	(void)state;
	ram_base = 0xfc000000;
	PAIRS("/memory", "reg", ram_base, RAM_SIZE);
	boot.image_base = 0xfc010000;
	put_superblock(0xfff00000, 0x800000);
	search_with("");
	if (WIDE) /* it is the place of the rules as well */
		expect_nothing(0xfff00000, 1 * MEBI);
	else /* the last byte of 32 bits is never memory */
		expect_closed(0xffe00000, 1 * MEBI, "00800000, which is not all in memory");
	assert_true(memblock_is_reserved(0xfffff000));
}

static void test_end_of_a_wide_address_space(void **state)
{
	(void)state;
	if (!WIDE)
		return;
	tree_new(2, 2);
	ram_base = 0xfffffffffc000000;
	MEMORY("/memory", ram_base, RAM_SIZE);
	boot.image_base = (phys_addr_t)ram_base + 0x10000;
	put_superblock(0xfffffffffff00000, 0x800000);
	search_with("");
	expect_closed(0xffffffffffe00000, 1 * MEBI, "00800000, which is not all in memory");
}

/* Where the address space begins, and where no region has room. */
static void test_small_memory(void **state)
{
	(void)state;
	ram_base = 0;
	PAIRS("/memory", "reg", 0, 0x1000, 0x10000, RAM_SIZE - 0x10000, RAM_SIZE + 0x1000, 0x1000);
	boot.image_base = 0x10000;
	put_store(0, 0x3000);
	search_with("");
	expect_nothing(RAM_SIZE - 1 * MEBI, 1 * MEBI);
	put_store(0x200000, 0x3000);
	boot_test_again();
	boot.image_base = 0x10000;
	search_with("");
	expect_adopted(0x200000, 0x3000);
}

/* ---- several -------------------------------------------------------------------------------- */

/* Which one was used last no superblock tells, least of all the number of its updates. */
static void test_several(void **state)
{
	(void)state;
	put_store_told(0x61000000, 1 * MEBI, 0x61000000, 1);
	put_store_told(0x62000000, 1 * MEBI, 0x62000000, 3);
	put_store_told(0x63000000, 2 * MEBI, 0x63000000, 2);
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "there are 3, and nobody says which one it is");
	assert_said(
		"cairn.store=0x100000@0x61000000 asks for the one with 2 updates (what is free");
	assert_said(
		"cairn.store=0x100000@0x62000000 asks for the one with 6 updates (what is free");
	assert_said(
		"cairn.store=0x200000@0x63000000 asks for the one with 4 updates (what is free");
	assert_lines(5);
	assert_reserved({0x60010000, 0x60110000, 0}, {0x61000000, 0x61100000, 0},
			{0x62000000, 0x62100000, 0}, {0x63000000, 0x63200000, 0},
			{0x63f00000, 0x64000000, 0});
	boot_test_again();
	search_with("initrd=0x62000000,4K"); /* be it that only one of them could be had */
	expect_closed(PLACE, 1 * MEBI, "there are 3");
	boot_test_again();
	search_with("cairn.store=1M@0x62000000");
	expect_nothing(0x62000000, 1 * MEBI);
}

/* What they cost together is what one may cost. */
static void test_several_large_ones(void **state)
{
	(void)state;
	put_store(0x61000000, 10 * MEBI);
	put_store(0x62000000, 7 * MEBI);
	put_store(0x63000000, 6 * MEBI);
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "there are 3");
	assert_said("@0x61000000 asks for the one with 2 updates (what is free");
	assert_said("@0x62000000 asks for the one with 2 updates (too much of it");
	assert_said("@0x63000000 asks for the one with 2 updates (what is free");
}

static void test_very_many(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 20; n++) {
		put_store(0x61000000 + n * MEBI, 0x10000);
		boot_test_again();
		search_with("");
		if (n == 1)
			expect_adopted(0x61000000 + MEBI, 0x10000);
		else
			expect_closed(PLACE, 1 * MEBI,
				      n > 8 ? "there are more than 8," : "there are ");
		assert_lines(n == 1 ? 1 : n > 8 ? 10 : n + 2);
	}
}

/* What lies in a region belongs to it, and be it the sound rest of a newer one. */
static void test_inside_another(void **state)
{
	(void)state;
	put_store_told(0x62300000, 1 * MEBI, 0x62300000, 5);
	put_store_told(0x62700000, 1 * MEBI, 0x62700000, 5);
	put_store(OLD, 8 * MEBI);
	search_with("");
	expect_adopted(OLD, 8 * MEBI);
	assert_lines(1);
	boot_test_again();
	/* Also where one region of memory ends and the next one begins. */
	PAIRS("/memory", "reg", ram_base, 0x2500000);
	MEMORY("/memory@2", 0x62500000, RAM_SIZE - 0x2500000);
	tree_flag("/memory@2", "hotpluggable");
	search_with("");
	expect_closed(PLACE, 1 * MEBI, "not all in memory");
	assert_lines(3);
}

/* ---- lists that are full -------------------------------------------------------------------- */

static void test_full_lists(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 124; i++)
		tree_memreserve(0x61000000 + i * 0x10000, 0x1000);
	tree_memreserve(0x63dff000, 0x1000);
	tree_memreserve(0x63f00000, 0x100000); /* the new region becomes one with both */
	put_store(0x60800000, 1 * MEBI);
	search_with("");
	expect_adopted(0x60800000, 1 * MEBI);
	assert_int_equal(memblock.reserved.cnt, 128);
	tree_memreserve(0x60400000, 0x1000);
	boot_test_again();
	search_with("");
	expect_region(0x60800000, 1 * MEBI);
	assert_said("found there");
	assert_said("the list holds 128 reservations and is full");
	assert_int_equal(memblock.reserved.cnt, 128);
}

/* ---- random --------------------------------------------------------------------------------- */

#define STORES_MAX 4

static struct {
	uint64_t base, end;
} stores[STORES_MAX];
static unsigned store_count;

/* Some stores of random sizes at random places, most of them such as the search looks at. */
static void random_stores(void)
{
	for (unsigned i = 0; i < store_count; i++) /* those of the round before */
		memset(ram + (stores[i].base - ram_base), 0, STORE_REGION_MIN);
	store_count = random_below(STORES_MAX + 1);
	for (unsigned i = 0; i < store_count; i++) {
		uint32_t unit = random_below(4) ? 0x100000 : 0x1000;
		uint32_t at = random_below(RAM_SIZE / unit - 1) * unit;
		uint32_t size = random_below(2) ? 0x100000 : 0x2000 + 0x1000 * random_below(0x400);

		stores[i].base = ram_base + at;
		stores[i].end = stores[i].base + size;
		put_superblock(stores[i].base, size);
	}
}

/* How many there are of which none begins in another one. */
static unsigned count_found(void)
{
	uint64_t behind = 0;
	unsigned count = 0;

	for (uint64_t base = ram_base; base < ram_base + RAM_SIZE; base += STORE_REGION_ALIGN) {
		struct store_identity id;
		unsigned i = 0;

		while (i < store_count && stores[i].base != base)
			i++;
		if (i == store_count || base < behind || !would_be_found(base, &id))
			continue;
		count++;
		behind = base + id.size;
	}
	return count;
}

/* What is claimed about the boot that was just searched; how many stores were found. */
static unsigned check_round(void)
{
	bool adopted = log_count_holding("found there"), closed = log_count_holding(NOT_OPENED);
	unsigned at = STORES_MAX, count = looked > 1 ? count_found() : 0;

	for (unsigned i = 0; i < store_count; i++)
		if (stores[i].base == boot.store_base)
			at = i;
	assert_int_equal(adopted + closed, count > 0);
	assert_true(closed == (boot.store_problem[0] != '\0'));
	if (adopted) {
		assert_int_equal(count, 1);
		assert_true(at < store_count && could_be_had(stores[at].base, stores[at].end));
		expect_region(stores[at].base, stores[at].end - stores[at].base);
	}
	assert_int_equal(log_count_holding(" asks for the one with "), count > 1 ? count : 0);
	return count;
}

static void test_random(void **state)
{
	static const char *const sizes[] = {"", "cairn.store=64K", "cairn.store=3M"};
	unsigned found[STORES_MAX + 1] = {0};

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		char cmdline[80];

		tree_new(1, 1);
		boot_test_again();
		MEMORY("/memory", ram_base, RAM_SIZE);
		for (unsigned n = random_below(4); n > 0; n--)
			tree_memreserve(ram_base + random_below(RAM_SIZE),
					1 + random_below(0x8000));
		random_stores();
		snprintf(cmdline, sizeof(cmdline), "mem=%uK %s", 0xa000 + 4 * random_below(0x1800),
			 sizes[random_below(ARRAY_SIZE(sizes))]);
		search_with(cmdline);
		if (boot.store_place != STORE_PLACE_NONE)
			found[check_round()]++;
	}
	for (unsigned n = 0; n < STORES_MAX; n++)
		assert_true(found[n] > ROUNDS / 50);
	printf("boot: %u searches, %u with one store, %u with two\n", ROUNDS, found[1], found[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOVED_TEST(test_nothing),
		MOVED_TEST(test_between_the_steps),
		MOVED_TEST(test_what_is_no_store),
		MOVED_TEST(test_one_copy),
		MOVED_TEST(test_copies),
		MOVED_TEST(test_a_store_in_place),
		MOVED_TEST(test_a_trace_in_place),
		MOVED_TEST(test_given_places),
		MOVED_TEST(test_adopted),
		MOVED_TEST(test_adopted_at_the_ends),
		MOVED_TEST(test_inside_the_new_region),
		MOVED_TEST(test_overlaps_the_new_region),
		MOVED_TEST(test_beside_others),
		MOVED_TEST(test_taken),
		MOVED_TEST(test_no_map),
		MOVED_TEST(test_not_all_in_memory),
		MOVED_TEST(test_overlaps_what_is_kept),
		MOVED_TEST(test_too_large_to_be_kept),
		MOVED_TEST(test_no_room_for_a_new_one),
		MOVED_TEST(test_end_of_the_address_space),
		MOVED_TEST(test_end_of_a_wide_address_space),
		MOVED_TEST(test_small_memory),
		MOVED_TEST(test_several),
		MOVED_TEST(test_several_large_ones),
		MOVED_TEST(test_very_many),
		MOVED_TEST(test_inside_another),
		MOVED_TEST(test_full_lists),
		MOVED_TEST(test_random),
	};

	return cmocka_run_group_tests_name("boot_store_moved", tests, NULL, NULL);
}
