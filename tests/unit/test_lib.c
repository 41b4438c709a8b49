/* SPDX-License-Identifier: MIT */
/* lib/ (but for the device tree) and the heap. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "lib/be.h"
#include "lib/crc32c.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/symbols.h"
#include "lib/types.h"
#include "mm/heap.h"
#include "mm/memblock.h"

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

/* ---- log ---- */

#define TEXT_MAX (2 * LOG_RING_SIZE)

struct text {
	size_t len;
	char bytes[TEXT_MAX + 1];
};

static struct text console, other, dumped;

static void keep(void *ctx, const char *text, size_t len)
{
	struct text *to = ctx;

	assert_true(len > 0 && to->len + len <= TEXT_MAX);
	memcpy(to->bytes + to->len, text, len);
	to->len += len;
	to->bytes[to->len] = '\0';
}

static void clear(struct text *text)
{
	text->len = 0;
	text->bytes[0] = '\0';
}

static int fresh_log(void **state UNUSED)
{
	log_reset();
	clear(&console);
	clear(&other);
	clear(&dumped);
	return 0;
}

static const char *dump(void)
{
	clear(&dumped);
	log_dump(keep, &dumped);
	return dumped.bytes;
}

#define STAMP "[    0.000000] "

/* TEXT without the stamps that begin each line. */
static const char *unstamped(const char *text)
{
	static char lines[1024];

	for (lines[0] = '\0'; *text; text = strchr(text, '\n') + 1) {
		assert_memory_equal(text, STAMP, strlen(STAMP));
		assert_true(strlen(lines) + strcspn(text, "\n") < sizeof(lines));
		strncat(lines, text + strlen(STAMP), strcspn(text, "\n") + 1 - strlen(STAMP));
	}
	return lines;
}

static void log_keeps_lines_in_order(void **state UNUSED)
{
	assert_string_equal(dump(), "");
	log_printf(LOG_INFO, "one %d", 1);
	pr_err("two");
	pr_debug("%s", "");
	assert_string_equal(unstamped(dump()), "one 1\ntwo\n\n");
	assert_string_equal(unstamped(dump()), "one 1\ntwo\n\n");
}

static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

/* Linux's: seconds to five places and microseconds; the stamp is of when the line was logged. */
static void log_has_time_stamps(void **state UNUSED)
{
	static const uint64_t times[] = {0,         1, 999999, 12345678, 99999000001, 100000000000,
					 UINT64_MAX};

	pr_info("none");
	log_set_clock(clock_of_test);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		now = times[i];
		pr_info("t");
	}
	now = 5;
	assert_string_equal(dump(), STAMP "none\n"
					  "[    0.000000] t\n"
					  "[    0.000001] t\n"
					  "[    0.999999] t\n"
					  "[   12.345678] t\n"
					  "[99999.000001] t\n"
					  "[100000.000000] t\n"
					  "[18446744073709.551615] t\n");
	log_set_clock(NULL);
	clear(&dumped);
	log_reset();
	pr_info("none");
	assert_string_equal(dump(), STAMP "none\n");
}

/* A message is one line, whatever is in it; a tab is part of Linux's own lines. */
static void log_escapes_control_characters(void **state UNUSED)
{
	pr_info("a\nb\rc\x1b[0m\x01\x7f\x1f");
	pr_info("tab\there, UTF-8 \xc3\xa4, \\x0a");
	assert_string_equal(
		unstamped(dump()),
		"a\\x0ab\\x0dc\\x1b[0m\\x01\\x7f\\x1f\ntab\there, UTF-8 \xc3\xa4, \\x0a\n");
}

/* A message of N letters, as it comes out. */
static const char *letters(size_t n)
{
	char message[2 * LOG_LINE_MAX + 1];

	memset(message, 'x', n);
	message[n] = '\0';
	fresh_log(NULL);
	pr_info("%s", message);
	return dump();
}

static void log_cuts_long_lines(void **state UNUSED)
{
	static const size_t longer[] = {LOG_LINE_MAX + 1, LOG_LINE_MAX + 50, 2 * LOG_LINE_MAX};
	const char *line = letters(LOG_LINE_MAX - 1);

	assert_int_equal(strspn(line + strlen(STAMP), "x"), LOG_LINE_MAX - 1);
	assert_string_equal(line + strlen(STAMP) + LOG_LINE_MAX - 1, "\n");
	for (size_t i = 0; i < ARRAY_SIZE(longer); i++) {
		size_t kept;

		line = letters(longer[i]) + strlen(STAMP);
		kept = strspn(line, "x");
		assert_in_range(kept, LOG_LINE_MAX - 8, LOG_LINE_MAX - 3);
		assert_string_equal(line + kept, "...\n");
	}
}

/* Escapes make a line longer than its message: it is cut all the same, and stays one line. */
static void log_cuts_lines_that_escapes_make_long(void **state UNUSED)
{
	char message[LOG_LINE_MAX];

	for (size_t n = 100; n < LOG_LINE_MAX; n++) {
		const char *line;

		memset(message, '\n', n);
		message[n] = '\0';
		fresh_log(NULL);
		pr_info("%s", message);
		line = dump();
		assert_ptr_equal(strchr(line, '\n'), line + dumped.len - 1);
		assert_in_range(dumped.len, strlen(STAMP) + 400, strlen(STAMP) + LOG_LINE_MAX + 32);
		if (n > LOG_LINE_MAX / 3)
			assert_string_equal(line + dumped.len - 4, "...\n");
	}
}

static void log_console_gets_the_past_once(void **state UNUSED)
{
	pr_info("early");
	assert_false(log_has_console());
	log_set_console(keep, &console);
	assert_true(log_has_console());
	assert_string_equal(unstamped(console.bytes), "early\n");
	pr_info("late");
	log_set_console(keep, &console);
	assert_string_equal(unstamped(console.bytes), "early\nlate\n");
}

static void log_next_console_gets_what_was_missed(void **state UNUSED)
{
	log_set_console(keep, &console);
	pr_info("first");
	log_set_console(NULL, NULL);
	assert_false(log_has_console());
	pr_info("missed");
	log_set_console(keep, &other);
	pr_info("second");
	assert_string_equal(unstamped(console.bytes), "first\n");
	assert_string_equal(unstamped(other.bytes), "missed\nsecond\n");
	log_set_console(keep, &console);
	pr_info("third");
	assert_string_equal(unstamped(console.bytes), "first\nthird\n");
	assert_string_equal(unstamped(other.bytes), "missed\nsecond\n");
}

/* Lines below the level come out; those that did not are not made up for, but are in the ring. */
static void log_levels(void **state UNUSED)
{
	log_set_console(keep, &console);
	pr_debug("hidden");
	pr_info("shown");
	assert_int_equal(log_set_console_level(LOG_QUIET_CONSOLE_LEVEL), LOG_DEFAULT_CONSOLE_LEVEL);
	pr_warn("hidden");
	pr_err("shown");
	assert_int_equal(log_set_console_level(0), LOG_QUIET_CONSOLE_LEVEL);
	pr_emerg("hidden");
	assert_int_equal(log_set_console_level(8), 0);
	pr_debug("shown");
	assert_int_equal(log_set_console_level(7), 8);
	assert_string_equal(unstamped(console.bytes), "shown\nshown\nshown\n");
	assert_string_equal(unstamped(dump()), "hidden\nshown\nhidden\nshown\nhidden\nshown\n");
}

/* The level counts for lines from before the console, too. */
static bool may_show, asked_for_room;

static bool shown_here(bool must)
{
	asked_for_room |= !may_show;
	return may_show || must;
}

/* Lines wait in the ring, in order; those that are hidden are no reason to ask. */
static void log_console_that_is_busy(void **state UNUSED)
{
	log_set_console(keep, &console);
	log_set_shown(shown_here);
	may_show = asked_for_room = false;
	pr_debug("hidden");
	assert_false(asked_for_room);
	pr_info("one");
	pr_info("two");
	assert_true(asked_for_room && console.len == 0);
	log_show(false);
	assert_int_equal(console.len, 0);
	may_show = true;
	log_show(false);
	assert_string_equal(unstamped(console.bytes), "one\ntwo\n");
	clear(&console);
	may_show = false;
	pr_info("three");
	log_set_console_level(0); /* it was not 0 when that line came */
	pr_info("four");
	log_show(true);
	assert_string_equal(unstamped(console.bytes), "three\n");
	log_set_console_level(LOG_DEFAULT_CONSOLE_LEVEL);
}

/* What the console got since the last time are the lines of numbers from *NEXT on. */
static void expect_numbers(unsigned *next)
{
	const char *at = console.bytes;

	while (*at) {
		char line[40];
		int len = snprintf(line, sizeof(line), STAMP "%u\n", (*next)++);

		assert_memory_equal(at, line, (size_t)len);
		at += len;
	}
	clear(&console);
}

/* More than the ring holds: what would be lost goes out before, and no more than that. */
static void log_console_that_is_busy_for_long(void **state UNUSED)
{
	unsigned lines = 3 * LOG_RING_SIZE / 20, next = 0;

	log_set_console(keep, &console);
	log_set_shown(shown_here);
	may_show = false;
	for (unsigned i = 0; i < lines; i++) {
		pr_info("%u", i);
		expect_numbers(&next);
	}
	assert_in_range(next, lines / 3, lines - LOG_RING_SIZE / 40);
	log_show(true);
	expect_numbers(&next);
	assert_int_equal(next, lines);
}

static void log_level_of_the_past(void **state UNUSED)
{
	log_set_console_level(LOG_ERR);
	pr_err("hidden");
	log_printf(LOG_CRIT, "shown");
	log_set_console(keep, &console);
	assert_string_equal(unstamped(console.bytes), "shown\n");
}

static void log_reset_forgets_everything(void **state UNUSED)
{
	log_set_console(keep, &console);
	log_set_clock(clock_of_test);
	log_set_console_level(0);
	now = 7;
	pr_err("old");
	log_reset();
	assert_string_equal(dump(), "");
	assert_false(log_has_console());
	pr_info("new");
	log_set_console(keep, &console);
	assert_string_equal(unstamped(console.bytes), "new\n");
	assert_int_equal(log_set_console_level(0), LOG_DEFAULT_CONSOLE_LEVEL);
}

#define RECORD_HEAD 5U /* bytes that the ring keeps with each line */

/* The model of the ring: every line ever logged, and which is the oldest that still fits. */
#define LINES 20000
static struct {
	char *text; /* all lines, one after the other */
	size_t len;
	size_t starts[LINES + 1];
	size_t count;
	size_t oldest;
	size_t used; /* bytes in the ring: the lines from the oldest on, and a head for each */
} model;

static void model_reset(void)
{
	free(model.text);
	memset(&model, 0, sizeof(model));
	model.text = malloc((size_t)LINES * (LOG_LINE_MAX + 32));
	assert_non_null(model.text);
}

static void model_log(const char *message)
{
	size_t len;

	model.starts[model.count++] = model.len;
	len = (size_t)sprintf(model.text + model.len, STAMP "%s\n", message);
	model.len += len;
	model.starts[model.count] = model.len;
	for (model.used += len + RECORD_HEAD; model.used > LOG_RING_SIZE; model.oldest++)
		model.used -=
			model.starts[model.oldest + 1] - model.starts[model.oldest] + RECORD_HEAD;
}

/* A message that is not like its neighbours, of a random length up to MAX. */
static void log_random(size_t max)
{
	char message[LOG_LINE_MAX];
	size_t len = below((uint32_t)max);

	for (size_t i = 0; i < len; i++)
		message[i] = (char)('a' + (model.count + i) % 26);
	message[len] = '\0';
	pr_info("%s", message);
	model_log(message);
}

static void expect_model(void)
{
	const char *want = model.text + model.starts[model.oldest];

	assert_string_equal(dump(), want);
}

static void log_ring_wraps(void **state UNUSED)
{
	static const size_t longest[] = {1, 20, 100, LOG_LINE_MAX - 1};

	for (size_t run = 0; run < ARRAY_SIZE(longest); run++) {
		fresh_log(NULL);
		model_reset();
		for (unsigned i = 0; i < LINES; i++) {
			log_random(longest[run]);
			if (!(i % 127))
				expect_model();
		}
		expect_model();
		assert_true(model.oldest > 0);
	}
	free(model.text);
	model.text = NULL;
}

/* A line that fills the ring to the last byte costs no other one. */
static void log_ring_is_used_to_the_last_byte(void **state UNUSED)
{
	unsigned per_line = 128, lines = LOG_RING_SIZE / per_line;
	int width = (int)(per_line - strlen(STAMP) - RECORD_HEAD - 1);

	for (unsigned i = 0; i < lines; i++)
		pr_info("%*u", width, i);
	dump();
	assert_int_equal(dumped.len, LOG_RING_SIZE - lines * RECORD_HEAD);
	assert_non_null(strstr(dumped.bytes, " 0\n"));
	pr_info("%*s", width, "x");
	dump();
	assert_int_equal(dumped.len, LOG_RING_SIZE - lines * RECORD_HEAD);
	assert_null(strstr(dumped.bytes, " 0\n"));
	assert_non_null(strstr(dumped.bytes, " 1\n"));
}

/* With a console from the start every line comes out once, however often the ring wraps. */
static void log_console_sees_all_of_a_long_run(void **state UNUSED)
{
	size_t seen = 0;

	model_reset();
	log_set_console(keep, &console);
	for (unsigned i = 0; i < LINES; i++) {
		log_random(100);
		assert_memory_equal(console.bytes, model.text + seen, console.len);
		seen += console.len;
		assert_int_equal(seen, model.len);
		clear(&console);
	}
	free(model.text);
	model.text = NULL;
}

/* A console that comes and goes gets each line once, but for those that the ring has dropped. */
static void log_console_comes_and_goes(void **state UNUSED)
{
	size_t seen = 0; /* lines */

	model_reset();
	while (model.count < LINES - 2000) {
		size_t first;

		log_set_console(NULL, NULL);
		for (uint32_t n = below(2000); n; n--)
			log_random(60);
		first = seen > model.oldest ? seen : model.oldest;
		clear(&console);
		log_set_console(keep, &console);
		assert_string_equal(console.bytes, model.text + model.starts[first]);
		seen = model.count;
	}
	free(model.text);
	model.text = NULL;
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

/* ---- heap; its tests build on each other, since there is only one ---- */

void *_sbrk(ptrdiff_t increment);

#define NO_MEMORY ((void *)-1)
#define HEAP_PAGES 4

static char *heap_memory;

static void expect_refused(ptrdiff_t increment)
{
	errno = 0;
	assert_ptr_equal(_sbrk(increment), NO_MEMORY);
	assert_int_equal(errno, ENOMEM);
}

static void heap_refuses_before_init(void **state UNUSED)
{
	expect_refused(1);
	expect_refused(PTRDIFF_MAX);
	expect_refused(-1);
	assert_int_equal(heap_size(), 0);
	assert_int_equal(heap_used(), 0);
	assert_int_equal(heap_base(), 0);
}

static void heap_init_without_memory(void **state UNUSED)
{
	assert_int_equal(heap_init(64 * PAGE_SIZE), -ENOMEM);
	assert_int_equal(heap_init(0), -ENOMEM);
	assert_int_equal(heap_size(), 0);
	expect_refused(1);
}

/* Seven pages and a bit asked for, four there: half of the wish, in whole pages, is three. */
static void heap_init_takes_what_there_is(void **state UNUSED)
{
	void *hint = (void *)(uintptr_t)0x50000000; /* for a phys_addr_t of 32 bits */

	heap_memory = mmap(hint, HEAP_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap_memory == MAP_FAILED ||
	    (uintptr_t)heap_memory + HEAP_PAGES * PAGE_SIZE > PHYS_ADDR_MAX)
		skip();
	memset(heap_memory, 1, HEAP_PAGES * PAGE_SIZE);
	memblock_add((phys_addr_t)(uintptr_t)heap_memory, (phys_addr_t)(HEAP_PAGES * PAGE_SIZE));
	assert_int_equal(heap_init(PAGE_SIZE - 1), -ENOMEM);
	assert_int_equal(heap_init(7 * PAGE_SIZE + 5), 3 * PAGE_SIZE);
	assert_int_equal(heap_size(), 3 * PAGE_SIZE);
	assert_int_equal(heap_used(), 0);
	assert_int_equal(heap_base(), (uintptr_t)heap_memory + PAGE_SIZE);
	assert_int_equal(memblock_reserved_size(), 3 * PAGE_SIZE);
	assert_true(
		memblock_is_region_reserved((phys_addr_t)((uintptr_t)heap_memory + PAGE_SIZE), 1));
}

static void heap_grows_and_shrinks(void **state UNUSED)
{
	char *base = _sbrk(0);

	if (!heap_size())
		skip();
	assert_ptr_equal(base, heap_memory + PAGE_SIZE);
	assert_ptr_equal(_sbrk(100), base);
	assert_ptr_equal(_sbrk(24), base + 100);
	assert_int_equal(heap_used(), 124);
	assert_ptr_equal(_sbrk(-24), base + 124);
	assert_ptr_equal(_sbrk(0), base + 100);
	assert_int_equal(heap_used(), 100);
	expect_refused(-101);
	assert_ptr_equal(_sbrk(-100), base + 100);
	assert_int_equal(heap_used(), 0);
}

static void heap_ends(void **state UNUSED)
{
	char *base = _sbrk(0);

	if (!heap_size())
		skip();
	expect_refused((ptrdiff_t)(3 * PAGE_SIZE + 1));
	expect_refused(PTRDIFF_MAX);
	assert_ptr_equal(_sbrk((ptrdiff_t)(3 * PAGE_SIZE)), base);
	assert_int_equal(heap_used(), heap_size());
	expect_refused(1);
	assert_ptr_equal(_sbrk(0), base + 3 * PAGE_SIZE);
	for (size_t i = 0; i < HEAP_PAGES * PAGE_SIZE; i++) /* it has what it had */
		assert_int_equal(heap_memory[i], 1);
}

#define LOG(f) cmocka_unit_test_setup_teardown(f, fresh_log, fresh_log)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(memmove_of_everything),
	cmocka_unit_test(crc_of_known_vectors),
	cmocka_unit_test(crc_table_follows_from_the_polynomial),
	cmocka_unit_test(crc_of_nothing_goes_on_unchanged),
	cmocka_unit_test(crc_of_chunks_is_that_of_the_whole),
	cmocka_unit_test(be_words_have_the_high_byte_first),
	cmocka_unit_test(be_store_and_load_at_any_address),
	cmocka_unit_test(rounding),
	LOG(log_keeps_lines_in_order),
	LOG(log_has_time_stamps),
	LOG(log_escapes_control_characters),
	LOG(log_cuts_long_lines),
	LOG(log_cuts_lines_that_escapes_make_long),
	LOG(log_console_gets_the_past_once),
	LOG(log_next_console_gets_what_was_missed),
	LOG(log_levels),
	LOG(log_console_that_is_busy),
	LOG(log_console_that_is_busy_for_long),
	LOG(log_level_of_the_past),
	LOG(log_reset_forgets_everything),
	LOG(log_ring_wraps),
	LOG(log_ring_is_used_to_the_last_byte),
	LOG(log_console_sees_all_of_a_long_run),
	LOG(log_console_comes_and_goes),
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
	cmocka_unit_test(heap_refuses_before_init),
	cmocka_unit_test(heap_init_without_memory),
	cmocka_unit_test(heap_init_takes_what_there_is),
	cmocka_unit_test(heap_grows_and_shrinks),
	cmocka_unit_test(heap_ends),
};

int main(void)
{
	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
