/* SPDX-License-Identifier: MIT */
/* The log: its ring, its consoles, its levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
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

static unsigned inside, most_inside, others;

static uint32_t enter(void)
{
	inside = 0;
	return 0;
}

/* Another core gets its turn, and has something to say as well. */
static void leave(uint32_t was UNUSED)
{
	if (inside > most_inside)
		most_inside = inside;
	if (others && others--)
		pr_info("other");
}

static void count_line(void *ctx, const char *text, size_t len)
{
	keep(ctx, text, len);
	inside++;
}

/* Who waits for the log waits for one line, and what comes meanwhile does not keep the sender. */
static void log_shows_line_by_line(void **state UNUSED)
{
	log_set_console(count_line, &console);
	log_set_shown(shown_here);
	may_show = false;
	for (unsigned i = 0; i < 3; i++)
		pr_info("line");
	log_set_guard(enter, leave);
	most_inside = 0;
	others = 20;
	log_show(true);
	assert_string_equal(unstamped(console.bytes), "line\nline\nline\n");
	assert_int_equal(most_inside, 1);
	others = 0;
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

#define LOG(f) cmocka_unit_test_setup_teardown(f, fresh_log, fresh_log)

static const struct CMUnitTest tests[] = {
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
	LOG(log_shows_line_by_line),
	LOG(log_level_of_the_past),
	LOG(log_reset_forgets_everything),
	LOG(log_ring_wraps),
	LOG(log_ring_is_used_to_the_last_byte),
	LOG(log_console_sees_all_of_a_long_run),
	LOG(log_console_comes_and_goes),
};

int main(void)
{
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
