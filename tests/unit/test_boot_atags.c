/* SPDX-License-Identifier: MIT */
/*
 * The list of ATAGs. Each list lies in memory that ends where the list (or the limit) does, so that
 * AddressSanitizer sees a byte read behind it.
 */
#include "tests/unit/boot_test.h"

#include "boot/atags.h"

#define ROUNDS 4000

#define NONE 0u
#define CORE 0x54410001u
#define MEM 0x54410002u
#define TEXT 0x54410009u
#define INITRD 0x54420005u
#define SERIAL 0x54410006u /* one that Cairn has no use for */

#define WORDS_MAX 4096

static uint32_t list[WORDS_MAX];
static size_t used; /* words of it */
static struct atags out;

static void word(uint32_t w)
{
	assert_true(used < WORDS_MAX);
	list[used++] = w;
}

static void tag(uint32_t kind, size_t n, const uint32_t *data)
{
	word((uint32_t)n + 2);
	word(kind);
	for (size_t i = 0; i < n; i++)
		word(data[i]);
}

#define TAG(kind, ...) \
	tag(kind, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})

static void core(void)
{
	used = 0;
	tag(CORE, 0, NULL);
}

/* LEN characters and as many bytes of 0 as fill the last word; none if it is full. */
static void text_tag(const char *text, size_t len)
{
	uint32_t data[WORDS_MAX] = {0};

	memcpy(data, text, len);
	tag(TEXT, (len + 3) / 4, data);
}

static void end(void)
{
	word(0);
	word(NONE);
}

/* Parses the first BYTES bytes of the list, all that there is. */
static bool parse_bytes(size_t bytes)
{
	void *exact = malloc(bytes ? bytes : 1);
	bool ok;

	assert_non_null(exact);
	memcpy(exact, list, bytes);
	memset(&out, 0xa5, sizeof(out));
	ok = atags_parse(exact, bytes, &out);
	free(exact);
	return ok;
}

static bool parse(void)
{
	return parse_bytes(4 * used);
}

static void assert_mem(unsigned i, uint32_t start, uint32_t size)
{
	assert_true(i < out.mem_count);
	assert_int_equal(out.mem[i].start, start);
	assert_int_equal(out.mem[i].size, size);
}

static void assert_empty(bool present)
{
	struct atags nothing = {.present = present};

	assert_int_equal(out.present, present);
	assert_memory_equal(&out, &nothing, sizeof(out));
}

/* ---- what a list is ------------------------------------------------------------------------- */

static void test_begin(void **state)
{
	static const struct {
		uint32_t size, kind;
		bool ok;
	} cases[] = {
		{2, CORE, true},  {5, CORE, true},        {0, CORE, false}, {1, CORE, false},
		{3, CORE, false}, {4, CORE, false},       {6, CORE, false}, {2, MEM, false},
		{2, NONE, false}, {0xedfe0dd0, 0, false}, {0, 0, false},    {2, CORE + 1, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t *words = malloc(8);

		assert_non_null(words);
		words[0] = cases[i].size;
		words[1] = cases[i].kind;
		assert_int_equal(atags_begin(words), cases[i].ok);
		free(words);
	}
}

static void test_no_list(void **state)
{
	(void)state;
	core();
	end();
	for (size_t bytes = 0; bytes < 8; bytes++) {
		assert_false(parse_bytes(bytes));
		assert_empty(false);
	}
	used = 0;
	TAG(MEM, 64 << 20, 0x60000000);
	end();
	assert_false(parse());
	assert_empty(false);
	assert_quiet();
}

static void test_core_only(void **state)
{
	(void)state;
	core();
	end();
	assert_true(parse());
	assert_empty(true);
	used = 0;
	TAG(CORE, 1, 4096, 0xff);
	end();
	assert_true(parse());
	assert_empty(true);
	assert_quiet();
}

static void test_every_tag(void **state)
{
	(void)state;
	used = 0;
	TAG(CORE, 1, 4096, 0xff);
	TAG(MEM, 64 << 20, 0x60000000);
	TAG(SERIAL, 1, 2);
	TAG(INITRD, 0x62000000, 0x1234);
	text_tag("console=ttyAMA0", 16);
	TAG(MEM, 32 << 20, 0x80000000);
	end();
	assert_true(parse());
	assert_true(out.present);
	assert_int_equal(out.mem_count, 2);
	assert_mem(0, 0x60000000, 64 << 20);
	assert_mem(1, 0x80000000, 32 << 20);
	assert_true(out.has_initrd);
	assert_int_equal(out.initrd_start, 0x62000000);
	assert_int_equal(out.initrd_size, 0x1234);
	assert_true(out.has_cmdline);
	assert_string_equal(out.cmdline, "console=ttyAMA0");
	assert_quiet();
}

/* The kind alone ends a list: some loaders give NONE a size, some say 0. */
static void test_end(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 4; size++) {
		core();
		word(size);
		word(NONE);
		TAG(MEM, 64 << 20, 0x60000000);
		end();
		assert_true(parse());
		assert_empty(true);
	}
	assert_quiet();
}

static void test_a_later_tag_wins(void **state)
{
	(void)state;
	core();
	text_tag("long and first", 15);
	TAG(INITRD, 1, 2);
	text_tag("b", 2);
	TAG(INITRD, 3, 4);
	end();
	assert_true(parse());
	assert_string_equal(out.cmdline, "b");
	assert_int_equal(out.initrd_start, 3);
	assert_int_equal(out.initrd_size, 4);
}

/* ---- lists that are broken ------------------------------------------------------------------ */

static void test_no_end(void **state)
{
	(void)state;
	core();
	TAG(MEM, 64 << 20, 0x60000000);
	assert_true(parse());
	assert_int_equal(out.mem_count, 1);
	assert_said("no end mark in 24 bytes: the list ends here");
	assert_lines(1);
}

static void test_size_zero(void **state)
{
	(void)state;
	core();
	TAG(MEM, 64 << 20, 0x60000000);
	word(0);
	word(MEM);
	word(32 << 20);
	word(0x80000000);
	end();
	assert_true(parse());
	assert_int_equal(out.mem_count, 1);
	assert_said("the tag 0x54410002 at byte 24 has a size of 0 words");
	assert_said("the list ends here");
	assert_lines(1);
}

static void test_sizes_that_lie(void **state)
{
	static const uint32_t sizes[] = {1,          3,          5,          6,          7,
					 0x10000000, 0x3fffffff, 0x40000000, 0x40000002, 0x7fffffff,
					 0x80000000, 0xfffffffe, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		boot_test_again();
		core();
		TAG(MEM, 64 << 20, 0x60000000);
		word(sizes[i]);
		word(SERIAL);
		word(1);
		word(2);
		if (sizes[i] == 3)
			word(2); /* the next tag: the list goes on one word early */
		assert_true(parse());
		assert_int_equal(out.mem_count, 1);
		assert_said("the list ends here");
		assert_lines(1);
	}
}

static void test_short_data(void **state)
{
	static const uint32_t kinds[] = {MEM, INITRD};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(kinds); i++) {
		boot_test_again();
		core();
		word(2 + (uint32_t)i % 2);
		word(kinds[i / 2]);
		word(7);
		end();
		assert_true(parse());
		assert_empty(true);
		assert_said("expected 4 to");
		assert_lines(1);
	}
	core();
	word(4);
	word(MEM);
	word(7);
	assert_true(parse()); /* the last word of it is not there */
	assert_empty(true);
}

/* Whatever the cut, all tags before it count and the one that it meets does not. */
static void test_every_limit(void **state)
{
	size_t at[6];

	(void)state;
	core();
	at[0] = used;
	TAG(MEM, 1, 0x60000000);
	at[1] = used;
	text_tag("a=b", 4);
	at[2] = used;
	TAG(INITRD, 3, 4);
	at[3] = used;
	TAG(MEM, 2, 0x80000000);
	at[4] = used;
	end();
	for (size_t bytes = 8; bytes <= 4 * used; bytes++) {
		boot_test_again();
		assert_true(parse_bytes(bytes));
		assert_true(out.present);
		assert_int_equal(out.mem_count, (bytes >= 4 * at[1]) + (bytes >= 4 * at[4]));
		assert_int_equal(out.has_cmdline, bytes >= 4 * at[2]);
		assert_int_equal(out.has_initrd, bytes >= 4 * at[3]);
		assert_lines(bytes < 4 * used);
	}
}

/* One without a size is no memory, and nothing that could replace the tree's. */
static void test_mem_of_size_zero(void **state)
{
	(void)state;
	core();
	TAG(MEM, 0, 0x60000000);
	TAG(MEM, 1, 0x70000000);
	TAG(MEM, 0, 0);
	end();
	assert_true(parse());
	assert_int_equal(out.mem_count, 1);
	assert_mem(0, 0x70000000, 1);
	assert_quiet();
}

/* ---- limits --------------------------------------------------------------------------------- */

static void test_text_without_nul(void **state)
{
	(void)state;
	core();
	text_tag("eightchr", 8);
	assert_true(parse());
	assert_string_equal(out.cmdline, "eightchr");
	core();
	tag(TEXT, 0, NULL);
	assert_true(parse());
	assert_true(out.has_cmdline);
	assert_string_equal(out.cmdline, "");
}

static void test_long_text(void **state)
{
	static const size_t lengths[] = {1022, 1023, 1024, 1025, 1027, 1028, 5000};
	char text[5004];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t kept = lengths[i] < 1023 ? lengths[i] : 1023;

		boot_test_again();
		for (size_t j = 0; j < sizeof(text); j++)
			text[j] = j < lengths[i] ? (char)('a' + j % 26) : '\0';
		core();
		text_tag(text, lengths[i]);
		end();
		assert_true(parse());
		assert_int_equal(strlen(out.cmdline), kept);
		assert_memory_equal(out.cmdline, text, kept);
		assert_lines(lengths[i] > 1023);
		if (lengths[i] > 1023)
			assert_said("characters in the ATAGs, cut at 1023");
	}
}

static void test_many_ranges(void **state)
{
	(void)state;
	core();
	for (uint32_t i = 0; i < ATAGS_MEM_MAX; i++)
		TAG(MEM, i + 1, 0x60000000 + (i << 20));
	end();
	assert_true(parse());
	assert_int_equal(out.mem_count, ATAGS_MEM_MAX);
	assert_quiet();
	used -= 2;
	TAG(MEM, 0x1000, 0x90000000);
	TAG(MEM, 0x2000, 0x91000000);
	TAG(INITRD, 5, 6);
	end();
	assert_true(parse());
	assert_int_equal(out.mem_count, ATAGS_MEM_MAX);
	for (uint32_t i = 0; i < ATAGS_MEM_MAX; i++)
		assert_mem(i, 0x60000000 + (i << 20), i + 1);
	assert_true(out.has_initrd);
	assert_said("0x90000000+0x00001000");
	assert_said("left out");
	assert_lines(1); /* not one for each */
}

/* ---- random --------------------------------------------------------------------------------- */

/* What a walk by hand finds in the first COUNT words, of the tags that Cairn uses. */
struct expected {
	unsigned mem, text, initrd;
	uint32_t last_mem, last_initrd;
};

static struct expected walk_by_hand(size_t count)
{
	struct expected e = {0};
	size_t at = 0;

	while (count - at >= 2 && list[at + 1] != NONE) {
		uint32_t size = list[at], kind = list[at + 1];
		bool pair = kind == MEM || kind == INITRD;

		if (size < (pair ? 4u : 2u) || size > count - at)
			break;
		if (kind == MEM && list[at + 2] && e.mem < ATAGS_MEM_MAX) {
			e.mem++;
			e.last_mem = list[at + 3];
		}
		if (kind == INITRD) {
			e.initrd++;
			e.last_initrd = list[at + 2];
		}
		e.text += kind == TEXT;
		at += size;
	}
	return e;
}

static void random_list(uint32_t target)
{
	static const uint32_t kinds[] = {MEM, MEM, TEXT, INITRD, SERIAL, CORE, 0x12345678};

	core();
	while (used < target) {
		uint32_t n = random_below(8), damage = random_below(40);
		uint32_t kind = kinds[random_below(ARRAY_SIZE(kinds))];

		if (n < 2 && damage > 1)
			n = 2;
		word(damage == 0 ? random_below(12) : n + 2);
		word(damage == 2 ? NONE : kind);
		while (n-- > 0)
			word(random_below(5) ? random_below(UINT32_MAX) : 0);
	}
}

static void test_random_lists(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct expected e;
		size_t bytes;

		random_list(2 + random_below(200));
		bytes = 8 + random_below((uint32_t)(4 * used - 8) + 1);
		e = walk_by_hand(bytes / 4);
		boot_test_again();
		assert_true(parse_bytes(bytes));
		assert_int_equal(out.mem_count, e.mem);
		assert_true(!e.mem || out.mem[e.mem - 1].start == e.last_mem);
		assert_int_equal(out.has_cmdline, e.text > 0);
		assert_int_equal(out.has_initrd, e.initrd > 0);
		assert_true(!e.initrd || out.initrd_start == e.last_initrd);
		assert_true(memchr(out.cmdline, '\0', sizeof(out.cmdline)) != NULL);
	}
	printf("boot: %u random ATAG lists as the model\n", ROUNDS);
}

static void test_random_bytes(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t bytes = random_below(256);

		for (used = 0; used < 64; used++)
			list[used] = random_below(3) ? random_below(UINT32_MAX) : random_below(9);
		if (round % 2) {
			list[0] = round % 4 < 2 ? 2 : 5;
			list[1] = CORE;
		}
		boot_test_again();
		assert_int_equal(parse_bytes(bytes), round % 2 && bytes >= 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_begin),
		BOOT_TEST(test_no_list),
		BOOT_TEST(test_core_only),
		BOOT_TEST(test_every_tag),
		BOOT_TEST(test_end),
		BOOT_TEST(test_a_later_tag_wins),
		BOOT_TEST(test_no_end),
		BOOT_TEST(test_size_zero),
		BOOT_TEST(test_sizes_that_lie),
		BOOT_TEST(test_short_data),
		BOOT_TEST(test_every_limit),
		BOOT_TEST(test_text_without_nul),
		BOOT_TEST(test_long_text),
		BOOT_TEST(test_many_ranges),
		BOOT_TEST(test_mem_of_size_zero),
		BOOT_TEST(test_random_lists),
		BOOT_TEST(test_random_bytes),
	};

	return cmocka_run_group_tests_name("boot_atags", tests, NULL, NULL);
}
