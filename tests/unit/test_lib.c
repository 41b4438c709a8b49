/* SPDX-License-Identifier: MIT */
/* lib/ but for the log and the device tree, and the image's memmove. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/be.h"
#include "lib/crc32c.h"
#include "lib/errors.h"
#include "lib/symbols.h"
#include "lib/types.h"

#define UNUSED __attribute__((unused))

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* ---- the image's memmove ---- */

void *moved(void *to, const void *from, size_t n);
#define memmove moved
#include "boot/memmove.c"
#undef memmove

/* Each length up to 40 from each offset to each other in 48 bytes: what the C library makes of it.
 */
static void memmove_of_everything(void **state UNUSED)
{
	_Alignas(4) uint8_t ours[48], theirs[48];

	for (size_t n = 0; n <= 40; n++) {
		for (size_t from = 0; from <= sizeof(ours) - n; from++) {
			for (size_t to = 0; to <= sizeof(ours) - n; to++) {
				for (size_t i = 0; i < sizeof(ours); i++)
					ours[i] = theirs[i] = (uint8_t)(i * 7 + n);
				memmove(theirs + to, theirs + from, n);
				assert_ptr_equal(moved(ours + to, ours + from, n), ours + to);
				assert_memory_equal(ours, theirs, sizeof(ours));
			}
		}
	}
}

/* ---- crc32c ---- */

/* One bit at a time, straight from the reflected polynomial. */
static uint32_t crc_by_bits(uint32_t crc, const uint8_t *data, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* The examples of RFC 3720, appendix B.4. */
static void crc_of_known_vectors(void **state UNUSED)
{
	static const uint8_t read_pdu[48] = {
		[0] = 0x01,  [1] = 0xc0,  [16] = 0x14, [22] = 0x04,
		[27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
	};
	uint8_t data[32];

	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, memset(data, 0, 32), 32), 0x8a9136aa);
	assert_int_equal(crc32c(0, memset(data, 0xff, 32), 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(crc32c(0, data, 32), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, data, 32), 0x113fdb5c);
	assert_int_equal(crc32c(0, read_pdu, 48), 0xd9963a56);
}

/* Each single byte looks up another entry, so this is the whole table. */
static void crc_table_follows_from_the_polynomial(void **state UNUSED)
{
	for (unsigned b = 0; b < 256; b++) {
		uint8_t byte = (uint8_t)b;

		assert_int_equal(crc32c(0, &byte, 1), crc_by_bits(0, &byte, 1));
	}
}

static void crc_of_nothing_goes_on_unchanged(void **state UNUSED)
{
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0x12345678, NULL, 0), 0x12345678);
}

static void crc_of_chunks_is_that_of_the_whole(void **state UNUSED)
{
	uint8_t data[257];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)below(256);
	for (size_t from = 0; from < 8; from++) { /* also from odd addresses */
		size_t len = sizeof(data) - from;
		uint32_t whole = crc32c(0, data + from, len);

		assert_int_equal(whole, crc_by_bits(0, data + from, len));
		for (size_t cut = 0; cut <= len; cut++)
			assert_int_equal(
				crc32c(crc32c(0, data + from, cut), data + from + cut, len - cut),
				whole);
	}
}

/* ---- big-endian words ---- */

static void be_words_have_the_high_byte_first(void **state UNUSED)
{
	static const uint8_t bytes[] = {0xff, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	uint8_t to[10] = {0};

	assert_int_equal(be32_load(bytes + 1), 0x01234567);
	assert_int_equal(be32_load(bytes), 0xff012345);
	assert_true(be64_load(bytes + 1) == 0x0123456789abcdefULL);
	assert_true(be64_load(bytes) == 0xff0123456789abcdULL);
	be32_store(to + 1, 0xff012345);
	assert_memory_equal(to, "\0\xff\x01\x23\x45\0\0\0\0", 10);
	be64_store(to + 1, 0xff0123456789abcdULL);
	assert_memory_equal(to, "\0\xff\x01\x23\x45\x67\x89\xab\xcd", 10);
}

static void be_store_and_load_at_any_address(void **state UNUSED)
{
	uint8_t bytes[16];

	for (size_t at = 0; at < 8; at++) {
		be64_store(bytes + at, 0x8000000000000001ULL + at);
		assert_true(be64_load(bytes + at) == 0x8000000000000001ULL + at);
		be32_store(bytes + at, (uint32_t)(0x80000000U + at));
		assert_int_equal(be32_load(bytes + at), 0x80000000U + at);
	}
}

/* ---- rounding ---- */

static void rounding(void **state UNUSED)
{
	uint32_t top = 0xfffff001;
	uint64_t wide = 0x100000fffULL;

	assert_int_equal(ROUND_DOWN(0x1fffU, 0x1000), 0x1000);
	assert_int_equal(ROUND_DOWN(0x1000U, 0x1000), 0x1000);
	assert_int_equal(ROUND_UP(0x1001U, 0x1000), 0x2000);
	assert_int_equal(ROUND_UP(0x1000U, 0x1000), 0x1000);
	assert_int_equal(ROUND_UP(top, 0x1000), 0); /* above the last multiple */
	assert_int_equal(ROUND_DOWN(top, 0x1000), 0xfffff000U);
	assert_true(ROUND_DOWN(wide, KIB(4)) ==
		    0x100000000ULL); /* the mask is as wide as the value */
	assert_true(ROUND_UP(wide, KIB(4)) == 0x100001000ULL);
	assert_int_equal(ROUND_UP(7U, 1), 7);
}

/* ---- symbols ---- */

static const struct symbol symbols[] = {
	{0x60008000, 0},
	{0x60008010, 6},
	{0x60008110, 11},
	{0x60008114, 0},
};
static const struct symbol_table table = {symbols, 4, "start\0main\0end"};

static void expect_symbol(uintptr_t address, const char *want)
{
	char text[SYMBOL_TEXT_MAX];

	assert_ptr_equal(symbol_format(text, sizeof(text), address), text);
	assert_string_equal(text, want);
}

static void symbols_at_their_borders(void **state UNUSED)
{
	symbols_set(&table);
	expect_symbol(0x60007ffe, "0x60007ffe");
	expect_symbol(0x60008000, "start+0x0/0x10");
	expect_symbol(0x6000800e, "start+0xe/0x10");
	expect_symbol(0x60008010, "main+0x0/0x100");
	expect_symbol(0x6000810c, "main+0xfc/0x100");
	expect_symbol(0x60008110, "end+0x0/0x4");
	expect_symbol(0x60008112, "end+0x2/0x4");
	expect_symbol(0x60008114, "0x60008114");
	expect_symbol(0xfffffffe, "0xfffffffe");
	expect_symbol(0, "0x0");
}

static void symbols_ignore_the_thumb_bit(void **state UNUSED)
{
	symbols_set(&table);
	expect_symbol(0x60008001, "start+0x0/0x10");
	expect_symbol(0x6000800f, "start+0xe/0x10");
	expect_symbol(0x60008011, "main+0x0/0x100");
	expect_symbol(0x60008113, "end+0x2/0x4");
}

static void symbols_without_a_table(void **state UNUSED)
{
	static const struct symbol_table none = {symbols, 0, ""}, only_end = {symbols, 1, "start"};

	symbols_set(&none);
	expect_symbol(0x60008000, "0x60008000");
	symbols_set(&only_end);
	expect_symbol(0x60008000, "0x60008000");
	symbols_set(NULL);
	expect_symbol(0x60008000, "0x60008000");
}

static void symbols_are_cut_to_the_space(void **state UNUSED)
{
	char text[8] = "0123456";

	symbols_set(&table);
	assert_string_equal(symbol_format(text, 6, 0x60008010), "main+");
	assert_int_equal(text[6], '6');
	assert_string_equal(symbol_format(text, 1, 0x60008010), "");
	assert_string_equal(symbol_format(text, 4, 0), "0x0");
	assert_string_equal(symbol_format(text, 3, 0x10), "0x");
	symbols_set(NULL);
}

/* Every address of a table of many finds the symbol that a walk finds. */
static void symbols_of_a_large_table(void **state UNUSED)
{
	static struct symbol many[301];
	struct symbol_table large = {many, 301, "f"};

	for (uint32_t i = 0, at = 0x1000; i < 301; i++, at += 2 + 2 * below(8))
		many[i].address = at;
	symbols_set(&large);
	for (uint32_t i = 0; i < 300; i++)
		for (uint32_t at = many[i].address; at < many[i + 1].address; at++) {
			char want[32];

			snprintf(want, sizeof(want), "f+0x%x/0x%x", (at & ~1U) - many[i].address,
				 many[i + 1].address - many[i].address);
			expect_symbol(at, want);
		}
	symbols_set(NULL);
}

/* ---- errors ---- */

#define ERRNO_MAX 4095

static bool is_known(int err)
{
	return strcmp(error_text(err), "unknown error") != 0;
}

static void errors_have_their_own_text(void **state UNUSED)
{
	for (int a = 1; a < ERRNO_MAX; a++)
		for (int b = a + 1; is_known(a) && b < ERRNO_MAX; b++)
			assert_string_not_equal(error_text(a), error_text(b));
}

static void errors_that_cairn_returns_are_known(void **state UNUSED)
{
	static const int errors[] = {EINVAL,  ENOMEM,  ENOENT, ENOSPC,    E2BIG, EFAULT, EBUSY,
				     ENODATA, EBADMSG, ENODEV, ETIMEDOUT, EIO,   EAGAIN, EPERM};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		assert_true(is_known(-errors[i]));
	assert_string_equal(error_text(0), "no error");
	assert_string_equal(error_text(-ENOMEM), "no memory is left for it");
}

static void errors_of_either_sign_are_the_same(void **state UNUSED)
{
	for (int err = 0; err < ERRNO_MAX; err++)
		assert_string_equal(error_text(err), error_text(-err));
}

static void errors_unknown(void **state UNUSED)
{
	assert_string_equal(error_text(-ERRNO_MAX), "unknown error");
	assert_string_equal(error_text(INT_MAX), "unknown error");
	assert_string_equal(error_text(-INT_MAX), "unknown error");
}

/* Clauses: no capital at the start, no full stop at the end. */
static void errors_are_clauses(void **state UNUSED)
{
	for (int err = 0; err < ERRNO_MAX; err++) {
		const char *text = error_text(err);

		assert_true(text[0] >= 'a' && text[0] <= 'z');
		assert_int_not_equal(text[strlen(text) - 1], '.');
		assert_int_not_equal(text[strlen(text) - 1], '\n');
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(memmove_of_everything),
	cmocka_unit_test(crc_of_known_vectors),
	cmocka_unit_test(crc_table_follows_from_the_polynomial),
	cmocka_unit_test(crc_of_nothing_goes_on_unchanged),
	cmocka_unit_test(crc_of_chunks_is_that_of_the_whole),
	cmocka_unit_test(be_words_have_the_high_byte_first),
	cmocka_unit_test(be_store_and_load_at_any_address),
	cmocka_unit_test(rounding),
	cmocka_unit_test(symbols_at_their_borders),
	cmocka_unit_test(symbols_ignore_the_thumb_bit),
	cmocka_unit_test(symbols_without_a_table),
	cmocka_unit_test(symbols_are_cut_to_the_space),
	cmocka_unit_test(symbols_of_a_large_table),
	cmocka_unit_test(errors_have_their_own_text),
	cmocka_unit_test(errors_that_cairn_returns_are_known),
	cmocka_unit_test(errors_of_either_sign_are_the_same),
	cmocka_unit_test(errors_unknown),
	cmocka_unit_test(errors_are_clauses),
};

int main(void)
{
	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
