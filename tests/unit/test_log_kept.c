/* SPDX-License-Identifier: MIT */
/* The log from one boot to the next: lib/log.c, whose variables a reset clears but for the kept
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/log.c"

#define UNUSED __attribute__((unused))
#define STAMP "[    0.000000] "

static struct {
	char bytes[4 * LOG_RING_SIZE];
	size_t len;
} text;

static void keep(void *ctx UNUSED, const char *from, size_t len)
{
	assert_true(text.len + len < sizeof(text.bytes));
	memcpy(text.bytes + text.len, from, len);
	text.len += len;
	text.bytes[text.len] = '\0';
}

static const char *before(void)
{
	text.len = 0;
	text.bytes[0] = '\0';
	log_dump_before(keep, NULL);
	return text.bytes;
}

static const char *current(void)
{
	text.len = 0;
	text.bytes[0] = '\0';
	log_dump(keep, NULL);
	return text.bytes;
}

/* What a reset does: .bss is cleared, and the ring is not. */
static void restart(void)
{
	memset(&now, 0, sizeof(now));
}

static int power_on(void **state UNUSED)
{
	log_reset();
	return 0;
}

static void a_boot_finds_the_log_of_the_one_before(void **state UNUSED)
{
	assert_string_equal(before(), "");
	pr_info("one");
	pr_err("two");
	restart();
	assert_string_equal(before(), STAMP "one\n" STAMP "two\n");
	assert_string_equal(current(), "");
	pr_info("three");
	assert_string_equal(before(), STAMP "one\n" STAMP "two\n");
	assert_string_equal(current(), STAMP "three\n");
	restart();
	pr_info("four");
	assert_string_equal(before(), STAMP "three\n");
	assert_string_equal(current(), STAMP "four\n");
}

static void a_boot_without_a_line_leaves_no_log(void **state UNUSED)
{
	pr_info("one");
	restart();
	assert_string_equal(current(), "");
	restart();
	assert_string_equal(before(), "");
}

/* The console is offered what this boot logs, and nothing from before. */
static void the_console_starts_with_this_boot(void **state UNUSED)
{
	pr_info("old");
	restart();
	pr_info("new");
	text.len = 0;
	log_set_console(keep, NULL);
	assert_string_equal(text.bytes, STAMP "new\n");
	restart();
	text.len = 0;
	text.bytes[0] = '\0';
	log_set_console(keep, NULL); /* before the first line */
	assert_string_equal(text.bytes, "");
	pr_info("newer");
	assert_string_equal(text.bytes, STAMP "newer\n");
}

/* Fills the ring some times over with lines from FIRST on; returns the number behind the last. */
static unsigned fill(unsigned first, unsigned times)
{
	unsigned n = first;

	for (size_t bytes = 0; bytes < (size_t)times * LOG_RING_SIZE; n++) {
		pr_info("%u", n);
		bytes += strlen(STAMP) + 5;
	}
	return n;
}

/* The lines in TEXT are numbered up to LAST without a gap; returns the first number. */
static unsigned numbered_up_to(const char *lines, unsigned last)
{
	unsigned first = (unsigned)strtoul(lines + strlen(STAMP), NULL, 10), n = first;

	for (; *lines; lines = strchr(lines, '\n') + 1, n++) {
		assert_memory_equal(lines, STAMP, strlen(STAMP));
		assert_int_equal(strtoul(lines + strlen(STAMP), NULL, 10), n);
	}
	assert_int_equal(n, last + 1);
	return first;
}

/* A boot that logs more than there is room for pushes out the one before, then its own start. */
static void the_oldest_lines_go_first(void **state UNUSED)
{
	unsigned end = fill(1, 3), first;

	restart();
	first = numbered_up_to(before(), end - 1);
	assert_true(first > 1);
	pr_info("0");
	assert_true(numbered_up_to(before(), end - 1) > first);
	fill(end, 3);
	assert_string_equal(before(), "");
	restart();
	assert_true(text.len == 0);
	assert_true(strlen(before()) > LOG_RING_SIZE / 2);
}

/* Positions that pass 2^32 are positions like others. */
static void positions_wrap(void **state UNUSED)
{
	unsigned last = 0;

	pr_info("old");
	kept.head = kept.tail = kept.start = UINT32_MAX - 1000;
	restart();
	while (kept.head > UINT32_MAX / 2 || kept.head < 1000)
		pr_info("%u", ++last);
	assert_int_equal(numbered_up_to(current(), last), 1);
	restart();
	assert_int_equal(numbered_up_to(before(), last), 1);
}

/* RAM after power-on: noise is no log, whatever its positions say, and a new one starts. */
static void noise_is_no_log(void **state UNUSED)
{
	for (unsigned seed = 1; seed <= 2000; seed++) {
		uint32_t random = seed, *word = (uint32_t *)&kept;

		for (size_t i = 0; i < sizeof(kept) / 4; i++) {
			random = random * 1664525 + 1013904223;
			word[i] = random ^ random >> 16;
		}
		if (seed % 2) /* as if the magic had stayed */
			kept.magic = KEPT_MAGIC;
		if (seed % 4 == 1)
			kept.tail = kept.head - (kept.tail % (LOG_RING_SIZE + 1));
		restart();
		assert_string_equal(before(), "");
		pr_info("new");
		assert_string_equal(current(), STAMP "new\n");
	}
}

/* Each byte of the ring in turn becomes another: its line is left out, or two at most if they
 * became one, and all others are as they were. */
static void a_damaged_line_is_left_out(void **state UNUSED)
{
	enum { LINES = 8 };
	static const uint8_t masks[] = {0x01, 0x80, 0xff, '1' ^ '\n'};
	char lines[LINES][64];

	for (int i = 0; i < LINES; i++) {
		snprintf(lines[i], sizeof(lines[i]), STAMP "line %d is this\n", i);
		pr_info("line %d is this", i);
	}
	for (uint32_t pos = 0; pos < kept.head; pos++) {
		for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
			const char *found;
			unsigned missing = 0;

			restart();
			kept.start = 0;
			*at(pos) = (char)(*at(pos) ^ masks[m]);
			found = before();
			for (int i = 0; i < LINES; i++) {
				size_t len = strlen(lines[i]);

				if (strncmp(found, lines[i], len))
					missing++;
				else
					found += len;
			}
			assert_string_equal(found, "");
			assert_in_range(missing, 1, 2);
			*at(pos) = (char)(*at(pos) ^ masks[m]);
		}
	}
}

/* A line in another one's place, as bytes that stay behind are, is none: not even a whole one. */
static void a_line_in_another_place_is_none(void **state UNUSED)
{
	uint32_t second;

	pr_info("one");
	second = kept.head;
	pr_info("two");
	pr_info("end");
	memcpy(at(second), at(0), second);
	restart();
	assert_string_equal(before(), STAMP "one\n" STAMP "end\n");
}

/* A reset between the words of a change: what was logged before is there, or the oldest of it was
 * just to be dropped. */
static void a_reset_within_a_line(void **state UNUSED)
{
	unsigned end = fill(1, 2);
	uint32_t head = kept.head, tail = kept.tail;

	kept.tail = next_record(tail); /* and the others still say what it was */
	restart();
	numbered_up_to(before(), end - 1);
	kept.start = tail;
	memset(at(head), 'x',
	       LOG_RING_SIZE - head % LOG_RING_SIZE < 8 ? 1 : 8); /* bytes of a line */
	restart();
	assert_true(numbered_up_to(before(), end - 1) > 1);
}

/* ---- the backlog ---- */

static char backlog[2 * LOG_RING_SIZE];

/* What the ring drops of this boot is still shown, without a gap and once, up to its size. */
static void the_backlog_goes_before_the_ring(void **state UNUSED)
{
	unsigned end, first, whole;

	pr_info("1");
	log_backlog(backlog, sizeof(backlog));
	end = fill(2, 2);
	assert_int_equal(numbered_up_to(current(), end - 1), 1);
	end = fill(end, 3);
	first = numbered_up_to(current(), end - 1);
	assert_true(first > 1);
	/* Each record takes five bytes more than its line. */
	assert_in_range(text.len + (end - first) * RECORD_HEAD, 3 * LOG_RING_SIZE - 64,
			3 * LOG_RING_SIZE);
	whole = first;
	log_backlog(NULL, 0);
	first = numbered_up_to(current(), end - 1);
	assert_true(first > whole);
	memset(backlog, 'x', sizeof(backlog)); /* it is somebody else's now */
	end = fill(end, 1);
	assert_true(numbered_up_to(current(), end - 1) > first);
	assert_true(text.len < LOG_RING_SIZE);
}

/* The smallest one, and lines as long as there are. */
static void a_small_backlog_holds_whole_lines(void **state UNUSED)
{
	char bytes[3 * LOG_BACKLOG_MIN];
	unsigned last = 0;

	memset(bytes, '#', sizeof(bytes));
	log_backlog(bytes + LOG_BACKLOG_MIN, LOG_BACKLOG_MIN);
	for (unsigned i = 0; i < 5000; i++) {
		pr_info("%-*u", (int)(i * 37 % (LOG_LINE_MAX - 1)), ++last);
		if (i % 97 == 0 && kept.tail > LOG_BACKLOG_MIN) {
			const char *lines = current();

			numbered_up_to(lines, last);
			assert_true(text.len > LOG_RING_SIZE - LOG_LINE_MAX - 600 * RECORD_HEAD);
		}
	}
	for (size_t i = 0; i < LOG_BACKLOG_MIN; i++) {
		assert_int_equal(bytes[i], '#');
		assert_int_equal(bytes[2 * LOG_BACKLOG_MIN + i], '#');
	}
}

/* Nothing of the boot before goes there, and a reset leaves what the ring has. */
static void the_backlog_is_of_one_boot(void **state UNUSED)
{
	unsigned end = fill(1, 2), first;

	restart();
	log_backlog(backlog, sizeof(backlog));
	assert_string_equal(current(), "");
	pr_info("%u", end);
	assert_int_equal(numbered_up_to(current(), end), end);
	assert_true(numbered_up_to(before(), end - 1) > 1);
	first = end;
	end = fill(end + 1, 2);
	assert_int_equal(numbered_up_to(current(), end - 1), first);
	assert_string_equal(before(), "");
	restart();
	assert_true(numbered_up_to(before(), end - 1) > first);
}

static void positions_of_the_backlog_wrap(void **state UNUSED)
{
	unsigned last = 0, seen = 0;

	pr_info("old");
	kept.head = kept.tail = kept.start = UINT32_MAX - 100 * 1000;
	restart();
	log_backlog(backlog, sizeof(backlog));
	for (; kept.head > UINT32_MAX / 2 || kept.head < 150 * 1000; seen++) {
		pr_info("%u", ++last);
		if (seen % 500 == 0)
			numbered_up_to(current(), last);
	}
	numbered_up_to(current(), last);
	assert_true(text.len > 2 * LOG_RING_SIZE);
}

/* While the log is shown, who shows it logs: lines that go meanwhile are left out, whole ones. */
static void log_while_it_is_shown(void *ctx, const char *from, size_t len)
{
	unsigned *last = ctx;

	keep(NULL, from, len);
	for (unsigned i = 0; i < 40; i++)
		pr_info("%u", ++*last);
}

static void lines_that_go_meanwhile_are_left_out(void **state UNUSED)
{
	unsigned last, shown = 0, before_it = 0;

	log_backlog(backlog, sizeof(backlog));
	last = fill(1, 3) - 1;
	text.len = 0;
	log_dump(log_while_it_is_shown, &last);
	for (const char *line = text.bytes; *line; line = strchr(line, '\n') + 1, shown++) {
		unsigned n = (unsigned)strtoul(line + strlen(STAMP), NULL, 10);

		assert_memory_equal(line, STAMP, strlen(STAMP));
		assert_true(n > before_it);
		before_it = n;
	}
	assert_true(shown > 10);
}

/* Given up in the midst of it: what it held is left out. */
static void give_up(void *ctx, const char *from, size_t len)
{
	unsigned *left = ctx;

	keep(NULL, from, len);
	if (--*left)
		return;
	log_backlog(NULL, 0);
	memset(backlog, 'x', sizeof(backlog));
}

static void the_backlog_goes_while_it_is_shown(void **state UNUSED)
{
	unsigned end, lines = 10, n = 0;
	const char *line = text.bytes;

	log_backlog(backlog, sizeof(backlog));
	end = fill(1, 2);
	text.len = 0;
	log_dump(give_up, &lines);
	for (; n < 10; n++, line = strchr(line, '\n') + 1)
		assert_int_equal(strtoul(line + strlen(STAMP), NULL, 10), n + 1);
	assert_true(numbered_up_to(line, end - 1) > 11);
}

#define KEPT_TEST(test) cmocka_unit_test_setup(test, power_on)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEPT_TEST(a_boot_finds_the_log_of_the_one_before),
		KEPT_TEST(a_boot_without_a_line_leaves_no_log),
		KEPT_TEST(the_console_starts_with_this_boot),
		KEPT_TEST(the_oldest_lines_go_first),
		KEPT_TEST(positions_wrap),
		KEPT_TEST(noise_is_no_log),
		KEPT_TEST(a_damaged_line_is_left_out),
		KEPT_TEST(a_line_in_another_place_is_none),
		KEPT_TEST(a_reset_within_a_line),
		KEPT_TEST(the_backlog_goes_before_the_ring),
		KEPT_TEST(a_small_backlog_holds_whole_lines),
		KEPT_TEST(the_backlog_is_of_one_boot),
		KEPT_TEST(positions_of_the_backlog_wrap),
		KEPT_TEST(lines_that_go_meanwhile_are_left_out),
		KEPT_TEST(the_backlog_goes_while_it_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
