/* SPDX-License-Identifier: MIT */
/* How the report of the last time that memory ran out becomes an entry: boot/oom_report.c, with
 * malloc as the test has it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "boot/log_tail.c"
#include "boot/oom_report.c"

#define UNUSED __attribute__((unused))
#define REGION_SIZE 65536U
#define SHARE (REGION_SIZE / LOG_SHARE)

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static const struct store_config config = {.media = {.base = region, .size = REGION_SIZE}};
static struct store store;
static size_t most; /* bytes that malloc has */
static int lock_error;
static unsigned locked, locks;
static char report[OOM_REPORT_MAX];

void *__wrap_malloc(size_t size)
{
	return size > most ? NULL : __real_malloc(size);
}

int task_lock(void)
{
	if (!lock_error) {
		locked++;
		locks++;
	}
	return lock_error;
}

void task_unlock(void)
{
	locked--;
}

static int set_up(void **state UNUSED)
{
	memset(&kept, 0, sizeof(kept));
	most = SIZE_MAX;
	lock_error = 0;
	locked = locks = 0;
	log_reset();
	memset(region, 0, sizeof(region));
	return store_format(&config.media, 1) || store_open(&store, &config);
}

static int tear_down(void **state UNUSED)
{
	store_close(&store);
	return 0;
}

static void keep(const char *text)
{
	oom_report_keep(text, strlen(text), false);
}

/* The entry, which begins with BEGIN; its length. */
static uint32_t assert_entry(const char *begin)
{
	struct store_view view;
	uint32_t len;

	assert_int_equal(locked, 0);
	assert_int_equal(store_get(&store, ENTRY, strlen(ENTRY), &view), 0);
	assert_true(view.data_len >= strlen(begin));
	assert_memory_equal(view.data, begin, strlen(begin));
	len = view.data_len;
	store_release(&store, &view);
	return len;
}

static void assert_no_entry(void)
{
	assert_int_equal(store_contains(&store, ENTRY, strlen(ENTRY)), -ENOENT);
}

static char logged[LOG_RING_SIZE + LOG_LINE_MAX];

static void to_text(void *ctx UNUSED, const char *text, size_t len)
{
	strncat(logged, text, len);
}

static bool said(const char *text)
{
	logged[0] = '\0';
	log_dump(to_text, NULL);
	return strstr(logged, text) != NULL;
}

/* It is written once, with the log behind it. */
static void a_report(void **state UNUSED)
{
	static const char wanted[] = "the report\n[    0.000000] logged\n";

	oom_report_write(&store);
	assert_no_entry();
	assert_int_equal(locks, 0);
	pr_warn("logged");
	keep("the report\n");
	oom_report_write(&store);
	assert_int_equal(assert_entry(wanted), strlen(wanted));
	store_delete(&store, ENTRY, strlen(ENTRY));
	oom_report_write(&store);
	assert_no_entry();
}

static void the_last_one_counts(void **state UNUSED)
{
	keep("first\n");
	oom_report_keep("second\n", 7, true);
	assert_true(oom_report_is_atomic());
	oom_report_write(&store);
	assert_int_equal(assert_entry("second\n"), 7);
	assert_false(oom_report_is_atomic());
	keep("third\n");
	assert_false(oom_report_is_atomic());
}

static void the_longest_one(void **state UNUSED)
{
	memset(report, 'x', sizeof(report));
	oom_report_keep(report, sizeof(report), false);
	oom_report_write(&store);
	assert_int_equal(assert_entry("xxx"), OOM_REPORT_MAX);
}

/* Of a long log there is the end, a sixteenth of the region at most, in whole lines. */
static void a_long_log(void **state UNUSED)
{
	uint32_t len;

	for (int i = 0; i < 200; i++)
		pr_warn("line %03d of a log that is longer than its share", i);
	keep("the report\n");
	oom_report_write(&store);
	len = assert_entry("the report\n[    0.000000] line ");
	assert_in_range(len, SHARE / 2, SHARE + strlen("the report\n"));
}

/* While memory is short half of it will do, and half of that; without any there is a line. */
static void no_memory_for_the_log(void **state UNUSED)
{
	uint32_t len;

	for (int i = 0; i < 200; i++)
		pr_warn("line %03d of a log that is longer than its share", i);
	keep("the report\n");
	most = 11 + SHARE / 4;
	oom_report_write(&store);
	most = SIZE_MAX;
	len = assert_entry("the report\n[    0.000000] line ");
	assert_in_range(len, SHARE / 8, SHARE / 4 + 11);
	keep("another\n");
	most = 8; /* the report alone; a byte of the log is always tried */
	oom_report_write(&store);
	most = SIZE_MAX;
	assert_entry("the report\n");
	assert_true(said("cairn/oom: not written: "));
	assert_true(said(error_text(-ENOMEM)));
}

/* Where it cannot be had now it waits. */
static void not_yet(void **state UNUSED)
{
	keep("the report\n");
	lock_error = -ETIMEDOUT;
	oom_report_write(&store);
	assert_no_entry();
	assert_true(said(error_text(-ETIMEDOUT)));
	lock_error = 0;
	store_close(&store);
	oom_report_write(&store);
	assert_int_equal(store_open(&store, &config), 0);
	oom_report_write(&store);
	assert_entry("the report\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_report),   TEST(the_last_one_counts),   TEST(the_longest_one),
		TEST(a_long_log), TEST(no_memory_for_the_log), TEST(not_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
