/* SPDX-License-Identifier: MIT */
/* What a boot tells of the one before: flags and kept memory as resets leave them, and the entries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "boot/last_boot.c"
#include "boot/log_tail.c"
#include "boot/reset_cause.c"
#include "boot/uptime.c"
#include "lib/log.c"

#define UNUSED __attribute__((unused))
#define REGION_SIZE 65536U
#define STAMP "[    0.000000] "

struct machine machine;

static uint32_t flags, flags_at_reset;
static uint64_t us;
static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static struct store_config config = {.media = {.base = region, .size = REGION_SIZE}};

static uint32_t get_flags(void)
{
	return flags;
}

/* As the board has them: bits are cleared, then set. */
static void set_flags(uint32_t value)
{
	flags &= value;
	flags |= value;
}

static uint64_t get_ns(void)
{
	return us * 1000;
}

int machine_reset(void)
{
	flags_at_reset = flags;
	return -ENODEV;
}

/* A boot up to the point where its store is open and its entries are written. */
static void start_boot(void)
{
	clock_reset();
	clock_add(&(struct clock_counter){get_ns, 1000000000});
	memset(&now, 0, sizeof(now));
	memset(&last, 0, sizeof(last));
	last_boot_look();
	uptime_us();
	assert_int_equal(store_open(&store, &config), 0);
	last_boot_write(&store);
}

static void end_boot(void)
{
	store_close(&store);
}

static int power_on(void **state UNUSED)
{
	log_reset();
	memset(noted, 0, sizeof(noted));
	flags = 0;
	us = 0;
	machine = (struct machine){.kept_flags = get_flags, .set_kept_flags = set_flags};
	memset(region, 0, sizeof(region));
	return store_format(&config.media, 7);
}

static const char *entry(const char *key)
{
	static char text[REGION_SIZE];
	uint32_t len;

	if (store_read(&store, key, (uint32_t)strlen(key), text, sizeof(text) - 1, &len))
		return "none";
	text[len] = '\0';
	return text;
}

static void the_first_boot_knows_of_none(void **state UNUSED)
{
	start_boot();
	assert_string_equal(entry(BOOTS), "1");
	assert_string_equal(entry(RESET), "power");
	assert_string_equal(entry(UPTIME), "none");
	assert_string_equal(entry(LOG), "none");
	end_boot();
}

static void a_boot_knows_of_the_one_before(void **state UNUSED)
{
	start_boot();
	pr_info("a line");
	us = 61234567;
	uptime_us();
	end_boot();
	us = 0;
	start_boot();
	assert_string_equal(entry(BOOTS), "2");
	assert_string_equal(entry(RESET), "warm");
	assert_string_equal(entry(UPTIME), "61.234 s");
	assert_string_equal(entry(LOG), STAMP "Last reset: power\n" STAMP "a line\n");
	end_boot();
}

/* A store that is closed is left alone, and what was kept is still told in the log. */
static void without_a_store(void **state UNUSED)
{
	start_boot();
	end_boot();
	memset(&now, 0, sizeof(now));
	last_boot_look();
	last_boot_write(&store);
	assert_int_equal(store_open(&store, &config), 0);
	assert_string_equal(entry(BOOTS), "1");
	end_boot();
}

/* What was of a boot further back goes: it would be taken for that of the last one. */
static void what_is_not_known_has_no_entry(void **state UNUSED)
{
	start_boot();
	pr_info("a line");
	end_boot();
	start_boot();
	end_boot();
	log_reset();
	memset(noted, 0xa5, sizeof(noted));
	machine.kept_flags = NULL;
	start_boot();
	assert_string_equal(entry(BOOTS), "3");
	assert_string_equal(entry(RESET), "unknown");
	assert_string_equal(entry(UPTIME), "none");
	assert_string_equal(entry(LOG), "none");
	end_boot();
}

static void causes(void **state UNUSED)
{
	static const enum reset_cause left[] = {RESET_WARM, RESET_COMMAND, RESET_PANIC};

	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		reset_cause_leave(left[i]);
		assert_int_equal(reset_cause_take(), left[i]);
		assert_int_equal(reset_cause_take(), RESET_WARM); /* each boot leaves its own */
	}
	flags = 0x12345678; /* of another program */
	assert_int_equal(reset_cause_take(), RESET_WARM);
	assert_int_equal(last_boot_reset(), -ENODEV);
	assert_int_equal(reset_cause_take(), RESET_WARM); /* it was none, and the boot goes on */
	flags = flags_at_reset;
	assert_int_equal(reset_cause_take(), RESET_COMMAND);
	machine.set_kept_flags = NULL;
	reset_cause_leave(RESET_PANIC); /* has no effect */
}

/* A reset between any two writes of a change of the flags: the cause of before, or of after, or
 * none. */
static void a_reset_between_two_flags(void **state UNUSED)
{
	static const enum reset_cause left[] = {RESET_WARM, RESET_COMMAND, RESET_PANIC};

	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(left); j++) {
			enum reset_cause found;

			reset_cause_leave(left[i]);
			flags &= flags_of(left[j]); /* cleared, not yet set */
			found = reset_cause_take();
			assert_true(found == left[i] || found == left[j] || found == RESET_WARM);
		}
	}
}

/* The words are written in order; stopped before any of them there is the old time or the new one.
 */
static void a_reset_within_the_time(void **state UNUSED)
{
	volatile uint32_t *word = &noted[0].ms;
	uint32_t ms;

	for (size_t done = 0; done <= 4; done++) {
		const uint32_t new[] = {2000, ~2000U, 2000, ~2000U};

		note(1000000);
		for (size_t i = 0; i < done; i++)
			word[i] = new[i];
		assert_true(uptime_of_last_boot(&ms));
		assert_int_equal(ms, done < 2 ? 1000 : 2000);
		assert_false(uptime_of_last_boot(&ms)); /* it is told once */
	}
}

static void the_time_has_an_end(void **state UNUSED)
{
	uint32_t ms;

	note((uint64_t)UINT32_MAX * 1000 + 999);
	assert_true(uptime_of_last_boot(&ms) && ms == UINT32_MAX);
	note(UINT64_MAX);
	assert_true(uptime_of_last_boot(&ms) && ms == UINT32_MAX);
	note(0);
	assert_true(uptime_of_last_boot(&ms) && ms == 0);
	clock_reset();
	assert_true(uptime_us() == 0);
	assert_false(uptime_of_last_boot(&ms));
}

/* The end of a log of LINES lines that are numbered with DIGITS digits: as many whole ones as an
 * eighth of the region holds. */
static void try_long_log(unsigned lines, int digits)
{
	size_t most = REGION_SIZE / LOG_SHARE, len = strlen(STAMP) + (size_t)digits + 1;
	unsigned kept_lines = lines;
	const char *log;

	if (lines * len > most) /* also if the cut comes right behind a line: see log_tail() */
		kept_lines = (unsigned)((most - 1) / len);
	power_on(NULL);
	memset(&now, 0, sizeof(now));
	for (unsigned n = 0; n < lines; n++)
		pr_info("%0*u", digits, n);
	start_boot();
	log = entry(LOG);
	assert_int_equal(strlen(log), kept_lines * len);
	for (unsigned n = lines - kept_lines; n < lines; n++, log += len) {
		assert_memory_equal(log, STAMP, strlen(STAMP));
		assert_int_equal(strtoul(log + strlen(STAMP), NULL, 10), n);
	}
	end_boot();
}

static void a_long_log_loses_its_start(void **state UNUSED)
{
	for (unsigned lines = 200; lines < 600; lines += 7) {
		try_long_log(lines, 4);
		try_long_log(lines, 16); /* of 32 bytes, so that a cut is never within one */
	}
}

/* How often the log of this boot has TEXT. */
static size_t told(const char *text)
{
	static char lines[LOG_RING_SIZE + 1];
	size_t n = 0;

	lines[log_tail(log_dump, lines, sizeof(lines) - 1)] = '\0';
	for (const char *at = lines; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static size_t warnings(void)
{
	return told("of the last boot's entries could not be written");
}

/* The count goes on from what a boot has written, and from nothing else. */
static void a_count_that_is_none(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t len;
		const char *next;
	} cases[] = {
		{"41", 2, "42"},
		{"0x10", 4, "1"},
		{"010", 3, "1"},
		{"", 0, "1"},
		{"41\0x", 4, "1"},
		{"41 ", 3, "1"},
		{"-1", 2, "1"},
		{"18446744073709551616", 20, "1"},
		{"1234567890123456789012345", 25, "1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		power_on(NULL);
		assert_int_equal(store_open(&store, &config), 0);
		assert_int_equal(store_put(&store, BOOTS, strlen(BOOTS), cases[i].text,
					   (uint32_t)cases[i].len, NULL, 0, STORE_NEVER),
				 0);
		end_boot();
		start_boot();
		assert_string_equal(entry(BOOTS), cases[i].next);
		assert_int_equal(told(BOOTS ": it is not the number that was expected"),
				 !strcmp(cases[i].next, "1"));
		end_boot();
	}
}

/* However full the store is: a line at most, what others have written stays, and nothing old is
 * told. */
static void a_full_store(void **state UNUSED)
{
	static const char filler[REGION_SIZE];
	size_t refused = 0;

	for (uint32_t left = 0; left < 2000; left += 8) {
		struct store_stats stats;

		power_on(NULL);
		start_boot();
		for (unsigned i = 0; i < 30; i++)
			pr_info("line %u", i);
		store_stat(&store, &stats);
		assert_int_equal(store_put(&store, "f", 1, filler, stats.largest - 1 - left, NULL,
					   0, STORE_NEVER),
				 0);
		reset_cause_leave(RESET_PANIC);
		end_boot();
		start_boot();
		assert_in_range(warnings(), 0, 1);
		refused += warnings();
		assert_true(!strcmp(entry(BOOTS), "2"));
		assert_true(!strcmp(entry(RESET), "panic") || !strcmp(entry(RESET), "none"));
		assert_true(strlen(entry(LOG)) > 600 || !strcmp(entry(LOG), "none"));
		assert_int_equal(store_contains(&store, "f", 1), 0);
		end_boot();
	}
	assert_in_range(refused, 10, 240);
}

/* The report of a panic is shown, becomes an entry, and stays one until there is another. */
static void a_panic(void **state UNUSED)
{
	static const char report[] = "panic: one\n#0  60010000\n";

	start_boot();
	assert_int_equal(store_note_write(&config.media, report, sizeof(report) - 1), 0);
	end_boot();
	start_boot();
	assert_string_equal(entry(PANIC), report);
	assert_int_equal(told(PANIC ": panic: one\n"), 1);
	assert_int_equal(told(PANIC ": #0  60010000\n"), 1);
	end_boot();
	start_boot();
	assert_string_equal(entry(PANIC), report);
	assert_int_equal(told(PANIC), 0);
	assert_int_equal(store_note_write(&config.media, "panic: two", 10), 0);
	end_boot();
	start_boot();
	assert_string_equal(entry(PANIC), "panic: two");
	assert_int_equal(told(PANIC ": panic: two\n"), 1);
	end_boot();
}

/* Without room for the entry the report waits for a boot that has some. */
static void a_panic_of_a_full_store(void **state UNUSED)
{
	static const char filler[REGION_SIZE], report[STORE_NOTE_MAX];
	struct store_stats stats;

	start_boot();
	store_stat(&store, &stats);
	assert_int_equal(store_put(&store, "f", 1, filler, stats.largest - 1, NULL, 0, STORE_NEVER),
			 0);
	assert_int_equal(store_note_write(&config.media, report, sizeof(report)), 0);
	end_boot();
	start_boot();
	assert_string_equal(entry(PANIC), "none");
	assert_int_equal(warnings(), 1);
	assert_int_equal(store_delete(&store, "f", 1), 0);
	end_boot();
	start_boot();
	assert_int_equal(store_contains(&store, PANIC, sizeof(PANIC) - 1), 0);
	assert_int_equal(warnings(), 0);
	end_boot();
}

#define BOOT_TEST(test) cmocka_unit_test_setup(test, power_on)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(the_first_boot_knows_of_none),
		BOOT_TEST(a_boot_knows_of_the_one_before),
		BOOT_TEST(without_a_store),
		BOOT_TEST(what_is_not_known_has_no_entry),
		BOOT_TEST(causes),
		BOOT_TEST(a_reset_between_two_flags),
		BOOT_TEST(a_reset_within_the_time),
		BOOT_TEST(the_time_has_an_end),
		BOOT_TEST(a_long_log_loses_its_start),
		BOOT_TEST(a_count_that_is_none),
		BOOT_TEST(a_full_store),
		BOOT_TEST(a_panic),
		BOOT_TEST(a_panic_of_a_full_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
