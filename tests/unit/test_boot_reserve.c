/* SPDX-License-Identifier: MIT */
/*
 * What is reserved and in which order; the tree, the image, the initrd, /memreserve/. Memory
 * is 512 MiB at 0x60000000 unless a test says otherwise, and the image has 1 MiB at 0x60010000.
 */
#include "tests/unit/boot_test_reserve.h"

#include "boot/reserve.h"

/* ---- the tree, the image, the order --------------------------------------------------------- */

static void test_tree_itself(void **state)
{
	(void)state;
	boot.fdt_base = 0x64000000;
	boot.fdt_size = 0x1234;
	reserve_tree(&boot);
	assert_reserved({0x64000000, 0x64001234, 0});
	assert_string_equal(boot.named[0].name, "device tree");
	boot_test_again(); /* part of the image: no size */
	reserve_tree(&boot);
	assert_none_reserved();
	assert_int_equal(boot.named_count, 0);
}

static void test_image_only(void **state)
{
	(void)state;
	reserve();
	assert_reserved({IMAGE});
	assert_memory({MEMORY_BASE, MEMORY_END, 0});
	assert_int_equal(boot.named_count, 1);
	assert_string_equal(boot.named[0].name, "image");
	assert_quiet();
}

/* Without an image nothing is reserved for it, nor does the trace say so. */
static void test_no_image(void **state)
{
	(void)state;
	boot_scan("memblock=debug");
	boot.image_base = boot.image_size = 0;
	reserve_all(&boot);
	assert_none_reserved();
	assert_not_said("memblock_reserve");
}

struct noted {
	unsigned count;
	struct boot_reservation last;
};

static void take_note(void *ctx, const struct boot_reservation *r)
{
	struct noted *noted = ctx;

	noted->count++;
	noted->last = *r;
}

/* Each reservation is told of, those too for which there is no room in the boot's own list. */
static void test_noted(void **state)
{
	struct noted noted = {0};

	(void)state;
	for (unsigned i = 0; i < 2 * BOOT_NAMED_MAX; i++)
		tree_memreserve(0x64000000 + i * 0x2000, 0x1000);
	boot.noted = take_note;
	boot.noted_ctx = &noted;
	reserve();
	assert_int_equal(boot.named_count, BOOT_NAMED_MAX);
	assert_int_equal(noted.count, 1 + 2 * BOOT_NAMED_MAX);
	assert_true(noted.last.base == 0x64000000 + (2 * BOOT_NAMED_MAX - 1) * 0x2000);
	assert_true(noted.last.size == 0x1000 && !noted.last.nomap);
	assert_string_equal(noted.last.name, "memreserve");
}

static void test_order(void **state)
{
	static const char *const names[] = {"image",    "initrd", "memreserve", "memreserve",
					    "static@1", "nomap",  "static@2",   "dynamic"};

	(void)state;
	tree_memreserve(0x6a000000, 0x1000);
	tree_memreserve(0x69000000, 0x1000);
	PAIRS("/chosen", "linux,initrd-start", 0x62000000);
	PAIRS("/chosen", "linux,initrd-end", 0x62001000);
	tree_reserved_memory();
	DYNAMIC("dynamic", 0x1000);
	CHILD("static@1", 0x68000000, 0x1000);
	CHILD("nomap", 0x67000000, 0x1000);
	tree_flag("/reserved-memory/nomap", "no-map");
	CHILD("static@2", 0x66000000, 0x1000);
	boot_scan_and_reserve("memblock=debug");
	assert_int_equal(boot.named_count, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(boot.named[i].name, names[i]);
	assert_int_equal(log_count_holding("memblock_reserve: ["), 7);
	assert_reserved({IMAGE}, {0x62000000, 0x62001000, 0}, {0x66000000, 0x66001000, 0},
			{0x68000000, 0x68001000, 0}, {0x69000000, 0x69001000, 0},
			{0x6a000000, 0x6a001000, 0}, {0x7ffff000, 0x80000000, 0});
	assert_memory({0x60000000, 0x67000000, 0}, {0x67000000, 0x67001000, NOMAP},
		      {0x67001000, 0x80000000, 0});
}

/* ---- /memreserve/ --------------------------------------------------------------------------- */

static void test_memreserve(void **state)
{
	(void)state;
	tree_memreserve(0x61000001, 0x7);
	tree_memreserve(0x61000008, 0x10);
	tree_memreserve(0x7ffff000, 0x1000);
	tree_memreserve(0x60000000, 0x10000); /* up to the image */
	tree_memreserve(0x60110000, 0x1000);  /* right behind it */
	reserve();
	assert_reserved({0x60000000, 0x60111000, 0}, {0x61000001, 0x61000018, 0},
			{0x7ffff000, 0x80000000, 0});
	assert_quiet();
}

static void test_memreserve_ends_at_size_zero(void **state)
{
	(void)state;
	tree_memreserve(0x61000000, 0x1000);
	tree_memreserve(0x62000000, 0);
	tree_memreserve(0x63000000, 0x1000);
	reserve();
	assert_reserved({IMAGE}, {0x61000000, 0x61001000, 0});
}

static void test_memreserve_at_odd_places(void **state)
{
	(void)state;
	tree_memreserve(0x90000000, 0x1000);
	tree_memreserve(0, 0x1000);
	tree_memreserve(0x600ff000, 0x12000);
	tree_memreserve(0x7ffff000, 0x2000);
	reserve();
	assert_reserved({0, 0x1000, 0}, {0x60010000, 0x60111000, 0}, {0x7ffff000, 0x80001000, 0},
			{0x90000000, 0x90001000, 0});
	assert_said("0x90000000-0x90000fff is not in memory: reserved all the same");
	assert_said("0x0-0xfff is not in memory: reserved all the same");
	assert_said("0x600ff000-0x60110fff overlaps the image: reserved all the same");
	assert_lines(3);
}

static void test_memreserve_at_the_end(void **state)
{
	uint64_t top = WIDE ? UINT64_MAX : 0xffffffff;

	(void)state;
	tree_memreserve(top - 0xfff, 0x1000);
	reserve();
	assert_reserved({IMAGE}, {top - 0xfff, top, 0});
	boot_test_again();
	tree_memreserve(top - 0x1fff, UINT64_MAX);
	reserve();
	assert_reserved({IMAGE}, {top - 0x1fff, top, 0});
	assert_said("passes the end of the address space: cut there");
	if (WIDE)
		return;
	boot_test_again();
	tree_memreserve(0x100000000, 0x1000);
	reserve();
	assert_said("0x100000000+0x1000 is beyond the address space: ignored");
}

/* ---- the initrd ----------------------------------------------------------------------------- */

static void expect_initrd(uint64_t start, uint64_t end)
{
	uint64_t from = start & ~0xfffULL, to = (end + 0xfff) & ~0xfffULL;

	assert_true(boot.has_initrd);
	assert_int_equal(boot.initrd_start, start);
	assert_int_equal(boot.initrd_size, end - start);
	assert_reserved({IMAGE}, {from, to, 0});
	assert_quiet();
}

static void expect_no_initrd(const char *why)
{
	assert_false(boot.has_initrd);
	assert_reserved({IMAGE});
	if (why)
		log_expect(log_count_holding(why), 1, why, __FILE__, __LINE__);
	assert_lines(why != NULL);
}

/* Start and end have one cell or two, whatever the root's cells are. */
static void test_initrd_cells(void **state)
{
	(void)state;
	for (unsigned wide = 0; wide < 4; wide++) {
		other_cells(1 + (int)wide % 2, 1);
		if (wide & 1)
			CELLS("/chosen", "linux,initrd-start", 0, 0x62000800);
		else
			CELLS("/chosen", "linux,initrd-start", 0x62000800);
		if (wide & 2)
			CELLS("/chosen", "linux,initrd-end", 0, 0x62345001);
		else
			CELLS("/chosen", "linux,initrd-end", 0x62345001);
		reserve();
		expect_initrd(0x62000800, 0x62345001);
	}
}

static void test_initrd_of_bad_length(void **state)
{
	static const size_t lengths[] = {0, 3, 12};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		other_cells(1, 1);
		CELLS("/chosen", "linux,initrd-start", 0x62000000);
		tree_bytes("/chosen", "linux,initrd-end", "\x62\x10\0\0\0\0\0\0\0\0\0", lengths[i]);
		reserve();
		expect_no_initrd("/chosen linux,initrd-end: ");
	}
}

static void test_initrd_half_there(void **state)
{
	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62000000);
	reserve();
	expect_no_initrd(NULL);
	other_cells(1, 1);
	CELLS("/chosen", "linux,initrd-end", 0x62000000);
	reserve();
	expect_no_initrd(NULL);
}

static void test_initrd_backwards(void **state)
{
	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62001000);
	CELLS("/chosen", "linux,initrd-end", 0x62000000);
	reserve();
	expect_no_initrd("initrd: it ends (0x62000000) where it starts (0x62001000) or before");
	CELLS("/chosen", "linux,initrd-end", 0x62001000);
	boot_test_again();
	reserve();
	expect_no_initrd("initrd: it ends (0x62001000) where it starts (0x62001000) or before");
}

static void initrd_in_tree(uint64_t start, uint64_t end)
{
	other_cells(1, 1);
	CELLS("/chosen", "linux,initrd-start", (uint32_t)(start >> 32), (uint32_t)start);
	CELLS("/chosen", "linux,initrd-end", (uint32_t)(end >> 32), (uint32_t)end);
	reserve();
}

static void test_initrd_not_in_memory(void **state)
{
	static const struct {
		uint64_t start, end;
	} cases[] = {
		{0x50000000, 0x50001000},
		{0x5fffffff, 0x60001000},
		{0x7fff0000, 0x80000001},
		{0x80000000, 0x80001000},
		{0x7fff0000, 0x100007fff},
		{0x162000000, 0x162001000},
		{0xfffffffffffff000, 0xffffffffffffffff},
		{0x62000000, 0xffffffffffffffff},
		{0, 0xffffffffffffffff},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		initrd_in_tree(cases[i].start, cases[i].end);
		expect_no_initrd("is not in memory: the initrd is not used");
	}
	/* The last that is. */
	initrd_in_tree(0x7ffff800, 0x80000000);
	expect_initrd(0x7ffff800, 0x80000000);
}

static void test_initrd_in_no_map_memory_and_two_banks(void **state)
{
	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0x1000000, 0x61001000, 0x1000000);
	CELLS("/chosen", "linux,initrd-start", 0x60fff000);
	CELLS("/chosen", "linux,initrd-end", 0x61002000);
	reserve();
	expect_no_initrd("is not in memory");
}

static void test_initrd_over_reservations(void **state)
{
	(void)state;
	initrd_in_tree(0x6010f000, 0x60110001);
	expect_no_initrd("overlaps what is reserved already: the initrd is not used");
	/* It is widened to whole pages: it touches the image. */
	initrd_in_tree(0x60110000, 0x60111000);
	assert_true(boot.has_initrd);
	assert_reserved({0x60010000, 0x60111000, 0});
	/* Over the tree, which is reserved before it. */
	other_cells(1, 1);
	CELLS("/chosen", "linux,initrd-start", 0x68000000);
	CELLS("/chosen", "linux,initrd-end", 0x68010000);
	boot_reserve(&boot, 0x6800f800, 0x3000, "device tree");
	reserve();
	assert_false(boot.has_initrd);
	assert_said("overlaps what is reserved already");
	assert_reserved({IMAGE}, {0x6800f800, 0x68012800, 0});
}

/* In the last page of the address space but one, which is memory as any other. */
static void test_initrd_at_the_end_of_memory(void **state)
{
	uint64_t top = WIDE ? 0x100000000 : 0xffffffff;

	(void)state;
	PAIRS("/memory", "reg", 0x60000000, 0xa0000000);
	CELLS("/chosen", "linux,initrd-start", 0xffff0000);
	CELLS("/chosen", "linux,initrd-end", 0xfffff000);
	reserve();
	assert_memory({0x60000000, top, 0});
	expect_initrd(0xffff0000, 0xfffff000);
}

static void test_initrd_parameter(void **state)
{
	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62000000);
	CELLS("/chosen", "linux,initrd-end", 0x62001000);
	boot_scan_and_reserve("initrd=0x63000000,4M");
	expect_initrd(0x63000000, 0x63400000);
	boot_test_again();
	boot_scan_and_reserve("initrd=0x63000000,4M initrdmem=0x64000800,1");
	expect_initrd(0x64000800, 0x64000801);
	boot_test_again();
	boot_scan_and_reserve("initrd=0x63000000,4Mx"); /* as Linux takes it, with a line */
	assert_reserved({IMAGE}, {0x63000000, 0x63400000, 0});
	assert_said("\"x\" behind the size is ignored");
	assert_lines(1);
}

static void test_initrd_parameter_is_checked(void **state)
{
	static const char *const bad[] = {
		"initrd",
		"initrd=",
		"initrd=/boot/initrd.img",
		"initrd=0x63000000",
		"initrd=0x63000000,",
		"initrd=0x63000000,junk",
		"initrd=0x63000000@4M",
		"initrd=,4M",
	};

	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62000000);
	CELLS("/chosen", "linux,initrd-end", 0x62001000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		boot_test_again();
		boot_scan_and_reserve(bad[i]);
		assert_reserved({IMAGE}, {0x62000000, 0x62001000, 0});
		assert_true(boot.has_initrd);
		assert_said("expected START,SIZE such as 0x62000000,4M: ignored");
		assert_lines(1);
	}
}

/* Sizes that wrap, also to an end in the start's own page. */
static void test_initrd_parameter_that_wraps(void **state)
{
	static const char *const bad[] = {
		"initrd=0x60800000,0xffffffffffffffff",
		"initrd=0x60800800,0xfffffffffffffc00",
		"initrd=0x60800fff,0xfffffffffffff002",
		"initrd=0x60800000,0xffffffffa0000000",
		"initrd=0xffffffffffffffff,1",
		"initrd=0xfffffffffffff000,0x1000",
		"initrd=0x60800000,4G",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		boot_test_again();
		boot_scan_and_reserve(bad[i]);
		expect_no_initrd("is not in memory: the initrd is not used");
	}
}

static void test_initrd_of_atags(void **state)
{
	(void)state;
	CELLS("/chosen", "linux,initrd-start", 0x62000000);
	CELLS("/chosen", "linux,initrd-end", 0x62001000);
	boot.atags =
		(struct atags){.has_initrd = true, .initrd_start = 0x63000000, .initrd_size = 5};
	reserve();
	expect_initrd(0x63000000, 0x63000005);
	boot_test_again();
	boot.atags = (struct atags){
		.has_initrd = true, .initrd_start = 0xfffff000, .initrd_size = 0xffffffff};
	reserve();
	expect_no_initrd("is not in memory");
	boot_test_again();
	boot.atags = (struct atags){.has_initrd = true, .initrd_start = 0x63000000};
	reserve();
	assert_false(boot.has_initrd);
	boot_test_again();
	boot.atags =
		(struct atags){.has_initrd = true, .initrd_start = 0x63000000, .initrd_size = 5};
	boot_scan_and_reserve("initrd=0x64000000,6");
	expect_initrd(0x64000000, 0x64000006);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESERVE_TEST(test_tree_itself),
		RESERVE_TEST(test_image_only),
		RESERVE_TEST(test_no_image),
		RESERVE_TEST(test_noted),

		RESERVE_TEST(test_order),
		RESERVE_TEST(test_memreserve),
		RESERVE_TEST(test_memreserve_ends_at_size_zero),
		RESERVE_TEST(test_memreserve_at_odd_places),
		RESERVE_TEST(test_memreserve_at_the_end),
		RESERVE_TEST(test_initrd_cells),
		RESERVE_TEST(test_initrd_of_bad_length),
		RESERVE_TEST(test_initrd_half_there),
		RESERVE_TEST(test_initrd_backwards),
		RESERVE_TEST(test_initrd_not_in_memory),
		RESERVE_TEST(test_initrd_in_no_map_memory_and_two_banks),
		RESERVE_TEST(test_initrd_over_reservations),
		RESERVE_TEST(test_initrd_at_the_end_of_memory),
		RESERVE_TEST(test_initrd_parameter),
		RESERVE_TEST(test_initrd_parameter_is_checked),
		RESERVE_TEST(test_initrd_parameter_that_wraps),
		RESERVE_TEST(test_initrd_of_atags),
	};

	return cmocka_run_group_tests_name("boot_reserve", tests, NULL, NULL);
}
