/* SPDX-License-Identifier: MIT */
/*
 * Which tree and which ATAGs are taken. The places are addresses of the host, and each tree lies in
 * memory of exactly its size, which is poisoned but for its first two words until it is mapped.
 */
#include "tests/unit/boot_test.h"

#include <sanitizer/asan_interface.h>

#include "boot/bootdata.h"
#include "boot/memory.h"
#include "boot/params.h"
#include "boot/reserve.h"

#define ROUNDS 4000
#define FIRST_WORDS 8 /* bytes that may be read before the size of a thing is known */
#define HELD_MAX 16

/* ---- memory to find things in --------------------------------------------------------------- */

/* Each thing: where it lies, and how it may be read. */
static struct held {
	char *base;
	size_t size;
	bool mapped;
} held[HELD_MAX];
static unsigned held_count;

static struct bootdata_places places;

static void map(uintptr_t base, size_t size)
{
	for (struct held *h = held; h < held + held_count; h++) {
		if (base < (uintptr_t)h->base || base >= (uintptr_t)h->base + h->size)
			continue;
		h->mapped = true;
		ASAN_UNPOISON_MEMORY_REGION(h->base, h->size);
		assert_true(size > 0);
	}
}

/* Copies SIZE bytes to memory that ends with them, OFFSET bytes behind a multiple of 16. */
static char *hold_at(size_t offset, const void *bytes, size_t size)
{
	struct held *h = &held[held_count++];

	assert_true(held_count <= HELD_MAX && size >= FIRST_WORDS);
	*h = (struct held){.base = malloc(offset + size), .size = offset + size};
	assert_non_null(h->base);
	memset(h->base, 0, offset);
	memcpy(h->base + offset, bytes, size);
	ASAN_POISON_MEMORY_REGION(h->base + offset + FIRST_WORDS, size - FIRST_WORDS);
	return h->base + offset;
}

static uintptr_t hold(const void *bytes, size_t size)
{
	return (uintptr_t)hold_at(0, bytes, size);
}

static void release_all(void)
{
	for (struct held *h = held; h < held + held_count; h++) {
		ASAN_UNPOISON_MEMORY_REGION(h->base, h->size);
		free(h->base);
	}
	held_count = 0;
}

static uint32_t linked_in[64];

/* An empty boot, and no place to look at but the tree in the image. */
static void start(void)
{
	release_all();
	boot_test_again();
	places = (struct bootdata_places){.linked_in = linked_in, .map = map};
}

static int setup(void **state)
{
	boot_test_setup(state);
	assert_int_equal(fdt_create_empty_tree(linked_in, sizeof(linked_in)), 0);
	start();
	return 0;
}

static int teardown(void **state)
{
	release_all();
	return boot_test_teardown(state);
}

#define DATA_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A tree with bootargs, which say whose they are. */
static const void *make_tree(const char *bootargs)
{
	tree_new(1, 1);
	MEMORY("/memory", 0x60000000, 0x10000000);
	if (bootargs)
		tree_string("/chosen", "bootargs", bootargs);
	return tree_done();
}

static uintptr_t hold_tree(const char *bootargs)
{
	const void *tree = make_tree(bootargs);

	return hold(tree, fdt_totalsize(tree));
}

/* ATAGs with memory, a command line, and an end. */
static size_t make_atags(uint32_t *words)
{
	static const uint32_t list[] = {2, 0x54410001, 4,          0x54410002, 0x400000, 0x60000000,
					3, 0x54410009, 0x67617461, 0,          0};
	_Static_assert(sizeof(list) == 44, "tags");

	memcpy(words, list, sizeof(list)); /* the text is "atag" */
	return sizeof(list);
}

static uintptr_t hold_atags(void)
{
	uint32_t words[16];

	return hold(words, make_atags(words));
}

/* A start of RAM with SIZE bytes at OFFSET. */
static uintptr_t hold_ram(size_t offset, const void *bytes, size_t size)
{
	return (uintptr_t)hold_at(offset, bytes, size) - offset;
}

static void find(void)
{
	boot.fdt = NULL;
	bootdata_find(&boot, &places);
	assert_non_null(boot.fdt);
	assert_int_equal(fdt_check_header(boot.fdt), 0);
}

static void expect_tree(const void *fdt, const char *source, const char *cmdline)
{
	assert_ptr_equal(boot.fdt, fdt);
	assert_string_equal(boot.fdt_source, source);
	if (fdt == (const void *)linked_in) {
		assert_int_equal(boot.fdt_size, 0);
	} else {
		assert_int_equal(boot.fdt_base, (phys_addr_t)(uintptr_t)fdt);
		assert_int_equal(boot.fdt_size, fdt_totalsize(fdt));
	}
	assert_string_equal(boot.cmdline, cmdline);
	assert_said("device tree: ");
}

static void expect_linked_in(const char *cmdline)
{
	expect_tree(linked_in, "linked into the image", cmdline);
}

/* ---- which one wins ------------------------------------------------------------------------- */

static void test_nothing_at_all(void **state)
{
	(void)state;
	find();
	expect_linked_in("");
	assert_false(boot.atags.present);
	assert_said("device tree: linked into the image, 0x");
	assert_lines(1);
}

static void test_r2_tree(void **state)
{
	(void)state;
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_string_equal(boot.cmdline_source, "device tree");
	assert_true(held[0].mapped);
	assert_lines(1);
}

static void test_appended_tree(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_lines(1);
}

static void test_tree_at_the_start_of_ram(void **state)
{
	char tree[0x200];

	(void)state;
	assert_int_equal(fdt_open_into(make_tree("start"), tree, sizeof(tree)), 0);
	places.ram_start = hold_ram(0, tree, sizeof(tree));
	ASAN_UNPOISON_MEMORY_REGION((char *)places.ram_start + BOOTDATA_ATAGS_OFFSET, FIRST_WORDS);
	find();
	expect_tree((const void *)places.ram_start, "at the start of RAM", "start");
	assert_lines(1);
}

static void test_appended_beats_r2(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_said("is not used: the appended one wins");
	assert_lines(2);
}

/* Something at r2, tree or ATAGs: the start of RAM is not looked at. */
static void test_r2_beats_the_start_of_ram(void **state)
{
	(void)state;
	places.r2 = hold_tree("loader");
	places.ram_start = 8; /* reading there would fault */
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	start();
	places.r2 = hold_atags();
	places.ram_start = 8;
	find();
	expect_linked_in("atag");
	start();
	places.appended = hold_tree("appended");
	places.r2 = hold_tree("loader");
	places.ram_start = 8;
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
}

/* ---- ATAGs ---------------------------------------------------------------------------------- */

static void expect_atags(void)
{
	assert_true(boot.atags.present);
	assert_int_equal(boot.atags.mem_count, 1);
	assert_int_equal(boot.atags.mem[0].start, 0x60000000);
	assert_int_equal(boot.atags.mem[0].size, 0x400000);
	assert_string_equal(boot.cmdline_source, "ATAGs");
	assert_line("ATAGs: memory from ATAGs, command line from ATAGs, initrd from the tree");
}

static void test_r2_atags(void **state)
{
	(void)state;
	places.r2 = hold_atags();
	find();
	expect_linked_in("atag");
	expect_atags();
	assert_true(held[0].mapped);
	assert_lines(2);
}

static void test_r2_atags_over_the_appended_tree(void **state)
{
	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold_atags();
	find();
	expect_tree((const void *)places.appended, "appended to the image", "atag");
	expect_atags();
}

static void test_atags_at_the_start_of_ram(void **state)
{
	uint32_t words[16];

	(void)state;
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_linked_in("atag");
	expect_atags();
	start();
	places.appended = hold_tree("appended");
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_tree((const void *)places.appended, "appended to the image", "atag");
	expect_atags();
}

/* The line says of each of the three who was believed. */
static void test_atags_of_one_kind(void **state)
{
	static const uint32_t list[] = {2, 0x54410001, 4, 0x54420005, 0x62000000, 0x1000, 0, 0};

	(void)state;
	places.appended = hold_tree("appended");
	places.r2 = hold(list, sizeof(list));
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
	assert_string_equal(boot.cmdline_source, "device tree");
	assert_line("ATAGs: memory from the tree, command line from the tree, initrd from ATAGs");
}

/* ---- what is not good enough ---------------------------------------------------------------- */

static void test_r2_is_nothing(void **state)
{
	static const uint64_t junk[8] = {0x1234};

	(void)state;
	places.r2 = hold(junk, sizeof(junk));
	find();
	expect_linked_in("");
	assert_said("points at neither a device tree nor ATAGs: ignored");
	assert_lines(2);
}

/* Not read at all: an address that is no multiple of 4 cannot be either. */
static void test_unaligned_r2(void **state)
{
	const void *tree;

	(void)state;
	for (size_t offset = 1; offset < 4; offset++) {
		start();
		tree = make_tree("loader");
		places.r2 = (uintptr_t)hold_at(offset, tree, fdt_totalsize(tree));
		ASAN_POISON_MEMORY_REGION((void *)(places.r2 - offset), 16);
		find();
		expect_linked_in("");
		assert_said("points at neither");
	}
}

static bool never(uintptr_t addr)
{
	(void)addr;
	return false;
}

/* What may not be read is not, wherever it is. */
static void test_unreadable_places(void **state)
{
	(void)state;
	places.r2 = 16;
	places.ram_start = 4096;
	places.readable = never;
	find();
	expect_linked_in("");
	assert_said("r2 = 0x10 points at neither");
	start();
	places.r2 = 16;
	places.appended = hold_tree("appended");
	places.readable = never;
	find();
	expect_tree((const void *)places.appended, "appended to the image", "appended");
}

/* Then the start of RAM is looked at. */
static void test_misaligned_tree(void **state)
{
	const void *tree = make_tree("loader");
	uint32_t words[16];

	(void)state;
	places.r2 = (uintptr_t)hold_at(4, tree, fdt_totalsize(tree));
	places.ram_start = hold_ram(BOOTDATA_ATAGS_OFFSET, words, make_atags(words));
	find();
	expect_linked_in("atag");
	assert_said("device tree from the loader (0x");
	assert_said("not 8-byte aligned: not used");
	expect_atags();
}

static void test_bad_magic(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		start();
		memcpy(copy, tree, fdt_totalsize(tree));
		copy[i] ^= 1;
		places.r2 = hold(copy, fdt_totalsize(tree));
		find();
		expect_linked_in("");
		assert_said("points at neither");
		assert_false(held[0].mapped);
	}
}

/* A tree whose header says SIZE. */
static void expect_refused_size(uint32_t size, const char *why)
{
	const void *tree;
	char copy[512];
	size_t real;

	start();
	tree = make_tree("loader");
	real = fdt_totalsize(tree);
	memcpy(copy, tree, real);
	fdt_set_totalsize(copy, size);
	places.r2 = hold(copy, real);
	find();
	expect_linked_in("");
	log_expect(log_count_holding(why), 1, why, __FILE__, __LINE__);
	assert_lines(2);
}

static void test_lying_size(void **state)
{
	static const uint32_t absurd[] = {0, 1, 39, 0x200001, 0x7fffffff, 0x80000000, 0xffffffff};
	static const uint32_t small[] = {40, 48, 56, 72, 100, 150};
	uint32_t real = fdt_totalsize(make_tree("loader"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		expect_refused_size(absurd[i], "bytes, expected 40 to 2097152: not used");
		assert_false(held[0].mapped);
	}
	for (size_t i = 0; i < ARRAY_SIZE(small); i++)
		expect_refused_size(small[i], "damaged (FDT_ERR_");
	expect_refused_size(real - 1, "damaged (FDT_ERR_");
}

/* The rest of the tree did not arrive. */
static void test_cut_tree(void **state)
{
	const void *tree = make_tree("loader");
	size_t size = fdt_totalsize(tree), strings = fdt_off_dt_strings(tree);
	char copy[512];

	(void)state;
	for (size_t kept = FIRST_WORDS; kept < strings; kept += 4) {
		start();
		memset(copy, 0, sizeof(copy));
		memcpy(copy, tree, kept);
		places.r2 = hold(copy, size);
		find();
		expect_linked_in("");
		assert_said("damaged (FDT_ERR_");
	}
}

static void test_structure_out_of_order(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];
	uint32_t end = fdt_off_dt_struct(tree) + fdt_size_dt_struct(tree) - 8;

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	copy[end + 3] = 1; /* the root's end node is one more begin node */
	places.r2 = hold(copy, fdt_totalsize(tree));
	find();
	expect_linked_in("");
	assert_said("damaged (FDT_ERR_");
}

/* A bad appended tree leaves the place to the loader's. */
static void test_damaged_appended_tree(void **state)
{
	const void *tree = make_tree("appended");
	char copy[512];

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	copy[11] ^= 4; /* where the structure begins */
	places.appended = hold(copy, fdt_totalsize(tree));
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_said("device tree appended to the image (0x");
	assert_not_said("the appended one wins");
}

static void test_appended_that_was_refused_early(void **state)
{
	(void)state;
	places.appended_refused = true;
	places.appended_size = 0x12345678;
	places.r2 = hold_tree("loader");
	find();
	expect_tree((const void *)places.r2, "from the loader", "loader");
	assert_said("device tree behind the image: it says it has 305419896 bytes, expected 40 to");
	assert_lines(2);
	start();
	places.appended_refused = true; /* a size of 0 is one too */
	find();
	expect_linked_in("");
	assert_said("device tree behind the image: it says it has 0 bytes, expected 40 to");
}

/* A structure block that is nothing but its end, which libfdt lets pass. */
static void test_tree_without_a_root(void **state)
{
	const void *tree = make_tree("loader");
	char copy[512];

	(void)state;
	memcpy(copy, tree, fdt_totalsize(tree));
	fdt_set_off_dt_struct(copy, fdt_off_dt_struct(tree) + fdt_size_dt_struct(tree) - 4);
	fdt_set_size_dt_struct(copy, 4);
	places.r2 = hold(copy, fdt_totalsize(tree));
	find();
	expect_linked_in("");
	assert_said("damaged (FDT_ERR_");
}

/* Damage that the check cannot see must do no harm either: what follows reads inside the tree. */
static void test_random_damage(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const void *tree;
		char copy[1024];
		size_t size;

		tree_new(1, 1);
		MEMORY("/memory", 0x60000000, 0x10000000);
		tree_string("/chosen", "bootargs", "mem=64M initrd=0x61000000,1M");
		tree_memreserve(0x62000000, 0x1000);
		tree_reserved_memory();
		PAIRS("/reserved-memory/a", "reg", 0x63000000, 0x1000);
		CELLS("/reserved-memory/b", "size", 0x1000);
		tree = tree_done();
		size = fdt_totalsize(tree);
		memcpy(copy, tree, size);
		for (unsigned n = 1 + random_below(4); n > 0; n--)
			copy[8 + random_below((uint32_t)size - 8)] = (char)random_below(256);
		start();
		places.r2 = hold(copy, size);
		find();
		if (boot.fdt_size) {
			taken++;
			memory_scan(&boot, LOAD);
			reserve_find_initrd(&boot);
			params_memory(&boot);
			reserve_all(&boot);
			list_check(&memblock.memory);
			list_check(&memblock.reserved);
		}
	}
	assert_true(taken > 0 && taken < ROUNDS);
	printf("boot: %u damaged trees, %u not seen to be and read all the same\n", ROUNDS, taken);
}

/* ---- the command line ----------------------------------------------------------------------- */

static void find_bootargs(const char *args, size_t n)
{
	const void *tree;

	start();
	tree_new(1, 1);
	tree_bytes("/chosen", "bootargs", args, n);
	tree = tree_done();
	places.r2 = hold(tree, fdt_totalsize(tree));
	find();
}

static void test_long_command_line(void **state)
{
	static const size_t lengths[] = {0, 1, 1022, 1023, 1024, 1025, 4000};
	char text[4001];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char kept[CMDLINE_MAX] = "";

		memcpy(kept, text, lengths[i] < 1023 ? lengths[i] : 1023);
		text[lengths[i]] = '\0';
		find_bootargs(text, lengths[i] + 1);
		text[lengths[i]] = (char)('a' + lengths[i] % 26);
		assert_string_equal(boot.cmdline, kept);
		assert_lines(1 + (lengths[i] > 1023));
		if (lengths[i] > 1023)
			assert_said("characters in the device tree, cut at 1023");
	}
}

static void test_odd_bootargs(void **state)
{
	(void)state;
	find_bootargs("no nul", 6);
	assert_string_equal(boot.cmdline, "no nul");
	find_bootargs("two\0strings", 12);
	assert_string_equal(boot.cmdline, "two");
	find_bootargs("", 0);
	assert_string_equal(boot.cmdline, "");
	start();
	places.r2 = hold_tree(NULL);
	find();
	assert_string_equal(boot.cmdline, "");
	assert_string_equal(boot.cmdline_source, "device tree");
}

static void test_long_command_line_in_atags(void **state)
{
	uint32_t words[600] = {2, 0x54410001, 514, 0x54410009};

	(void)state;
	memset(words + 4, 'x', 4 * 512);
	places.r2 = hold(words, 4 * (4 + 512 + 2));
	find();
	assert_int_equal(strlen(boot.cmdline), 1023);
	assert_string_equal(boot.cmdline_source, "ATAGs");
	assert_said("2048 characters in the ATAGs, cut at 1023");
}

/* ---- who gets which parameter --------------------------------------------------------------- */

static char calls[256];

static void note_call(const char *what, const char *value)
{
	size_t n = strlen(calls);

	snprintf(calls + n, sizeof(calls) - n, "%s=%s ", what, value ? value : "(none)");
}

static void set_one(struct boot *b, const char *value)
{
	assert_ptr_equal(b, &boot);
	note_call("one", value);
}

static void set_two(struct boot *b, const char *value)
{
	assert_ptr_equal(b, &boot);
	note_call("two", value);
}

static void unknown(const char *name)
{
	note_call("unknown", name);
}

static void test_params_in_order(void **state)
{
	static const struct param table[] = {{"a-b", set_one}, {"c_d", set_two}};
	static const char cmdline[] = "c-d=2 x a_b a-b=\"1 3\" a=b c_d= -- a-b=5";

	(void)state;
	calls[0] = '\0';
	strcpy(boot.cmdline, cmdline);
	params_each(&boot, table, ARRAY_SIZE(table), unknown);
	assert_string_equal(calls, "two=2 unknown=x one=(none) one=1 3 unknown=a two= ");
	assert_string_equal(boot.cmdline, cmdline);
	params_each(&boot, table, 0, NULL);
}

static void test_init_and_semihosting(void **state)
{
	char longest[BOOT_INIT_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	strcpy(boot.cmdline, "cairn.init=\"put a b; ls\" cairn.semihosting");
	params_memory(&boot);
	assert_string_equal(boot.init, "put a b; ls");
	assert_false(boot.exit_on_panic);
	params_early(&boot);
	assert_true(boot.exit_on_panic);
	strcpy(boot.cmdline, "cairn.semihosting=0");
	params_early(&boot);
	assert_false(boot.exit_on_panic);
	strcpy(boot.cmdline, "cairn_semihosting=1 cairn.semihosting=1 mem=junk");
	params_early(&boot);
	assert_true(boot.exit_on_panic);
	snprintf(boot.cmdline, sizeof(boot.cmdline), "cairn.init=%s", longest);
	params_memory(&boot);
	assert_string_equal(boot.init, longest);
	assert_quiet();
	snprintf(boot.cmdline, sizeof(boot.cmdline), "cairn.init=y%s", longest);
	params_memory(&boot);
	assert_string_equal(boot.init, longest);
	assert_said("at most 511 characters: ignored");
	strcpy(boot.cmdline, "cairn.init");
	params_memory(&boot);
	assert_lines(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DATA_TEST(test_nothing_at_all),
		DATA_TEST(test_r2_tree),
		DATA_TEST(test_appended_tree),
		DATA_TEST(test_tree_at_the_start_of_ram),
		DATA_TEST(test_appended_beats_r2),
		DATA_TEST(test_r2_beats_the_start_of_ram),
		DATA_TEST(test_r2_atags),
		DATA_TEST(test_r2_atags_over_the_appended_tree),
		DATA_TEST(test_atags_at_the_start_of_ram),
		DATA_TEST(test_atags_of_one_kind),
		DATA_TEST(test_r2_is_nothing),
		DATA_TEST(test_unaligned_r2),
		DATA_TEST(test_unreadable_places),
		DATA_TEST(test_misaligned_tree),
		DATA_TEST(test_bad_magic),
		DATA_TEST(test_lying_size),
		DATA_TEST(test_cut_tree),
		DATA_TEST(test_structure_out_of_order),
		DATA_TEST(test_damaged_appended_tree),
		DATA_TEST(test_appended_that_was_refused_early),
		DATA_TEST(test_tree_without_a_root),
		DATA_TEST(test_random_damage),
		DATA_TEST(test_long_command_line),
		DATA_TEST(test_odd_bootargs),
		DATA_TEST(test_long_command_line_in_atags),
		DATA_TEST(test_params_in_order),
		DATA_TEST(test_init_and_semihosting),
	};

	return cmocka_run_group_tests_name("boot_data", tests, NULL, NULL);
}
