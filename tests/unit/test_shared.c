/* SPDX-License-Identifier: MIT */
/*
 * What all cores use: the log and malloc, and what becomes of either when a core stops within it
 * (boot/shared.c). The core that calls is the one that the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_CP15_H /* these instead */
#define CAIRN_DRIVERS_IRQ_H

static unsigned this_core(void);
static uint32_t irq_save(void);
static void irq_restore(uint32_t was);

struct _reent;
void __malloc_lock(struct _reent *unused);
void __malloc_unlock(struct _reent *unused);

#include "boot/shared.c"

#define UNUSED __attribute__((unused))

static struct {
	unsigned core, asked; /* asked: interrupts to core 0 */
	uint32_t masked;
	bool full; /* the console takes no line without a wait */
	uint64_t ns, step;
	char shown[400];
	jmp_buf panicked;
	char said[100];
} board;

static gic_handler_fn *show_handler;

static unsigned this_core(void)
{
	return board.core;
}

static uint32_t irq_save(void)
{
	return board.masked++;
}

static void irq_restore(uint32_t was)
{
	assert_int_equal(was, --board.masked);
}

int gic_handle(int interrupt, gic_handler_fn *handler, void *ctx)
{
	assert_int_equal(interrupt, SHOW_SGI);
	assert_null(ctx);
	show_handler = handler;
	return 0;
}

int gic_sgi(unsigned core, unsigned n)
{
	assert_int_equal(core, 0);
	assert_int_equal(n, SHOW_SGI);
	board.asked++;
	return 0;
}

bool console_takes_line(void)
{
	return !board.full;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(board.said, sizeof(board.said), fmt, ap);
	va_end(ap);
	longjmp(board.panicked, 1);
}

static uint64_t get_ns(void)
{
	return board.ns += board.step;
}

/* The end of each line: "]" and what follows. */
static void to_console(void *ctx UNUSED, const char *text, size_t len)
{
	assert_true(board.masked > 0);
	assert_true(strlen(board.shown) + len < sizeof(board.shown));
	strncat(board.shown, text, len);
}

static int power_on(void **state UNUSED)
{
	memset(&board, 0, sizeof(board));
	board.step = 10 * NS_PER_MS;
	several = false;
	panicking = false;
	log_lock_broken = false;
	memset(&log_lock, 0, sizeof(log_lock));
	memset(&malloc_lock, 0, sizeof(malloc_lock));
	clock_reset();
	clock_add(&(struct clock_counter){get_ns, 1000000000});
	log_reset();
	log_set_guard(NULL, NULL);
	shared_with_interrupts();
	log_set_console(to_console, NULL);
	return 0;
}

static bool shows(const char *text)
{
	bool there = strstr(board.shown, text) != NULL;

	board.shown[0] = '\0';
	return there;
}

/* An interrupt may log, too: none comes within a line. */
static void one_core(void **state UNUSED)
{
	pr_warn("first");
	assert_true(shows("first"));
	assert_int_equal(board.masked, 0);
	board.full = true;
	pr_warn("second");
	assert_false(shows("second"));
	board.full = false;
	log_show(false);
	assert_true(shows("second"));
	board.full = true;
	pr_warn("third");
	log_show(true);
	assert_true(shows("third"));
	assert_int_equal(board.asked, 0);
}

/* What another core logs core 0 shows, when it is told to. */
static void the_console_is_core_0s(void **state UNUSED)
{
	shared_with_cores();
	board.core = 2;
	pr_warn("by core 2");
	assert_false(shows("by core 2"));
	assert_int_equal(board.asked, 1);
	board.core = 0;
	show_handler(NULL);
	assert_true(shows("by core 2"));
	shared_for_panic();
	board.core = 2;
	board.full = true;
	pr_warn("by core 2 again");
	assert_true(shows("by core 2 again"));
	assert_int_equal(board.asked, 1);
}

/* A core that stopped within a line holds the others up once. */
static void a_core_stops_within_a_line(void **state UNUSED)
{
	uint64_t before;

	shared_with_cores();
	board.core = 1;
	enter_log();
	board.core = 0;
	board.masked = 0;
	before = board.ns;
	pr_warn("all the same");
	assert_true(shows("all the same"));
	assert_true(board.ns - before >= LOG_PATIENCE_MS * NS_PER_MS);
	assert_true(board.ns - before < 2 * LOG_PATIENCE_MS * NS_PER_MS);
	assert_int_equal(log_lock.owner, 2); /* still core 1: nobody gives what he does not have */
	before = board.ns;
	pr_warn("at once");
	assert_true(shows("at once"));
	assert_true(board.ns - before < LOG_PATIENCE_MS * NS_PER_MS / 2);
	assert_int_equal(board.masked, 0);
	board.core = 1;
	board.masked = 1;
	leave_log(0); /* that core goes on after all */
	assert_int_equal(board.masked, 0);
	pr_warn("too late to be one of them");
	assert_int_equal(board.asked, 1);
}

/* One core may be in it as deep as it likes; with one core alone nobody waits for anyone. */
static void malloc_by_one(void **state UNUSED)
{
	__malloc_lock(NULL);
	shared_with_cores(); /* as if no other had been there */
	__malloc_lock(NULL);
	__malloc_lock(NULL);
	__malloc_unlock(NULL);
	assert_int_equal(malloc_lock.taken, 1);
	__malloc_unlock(NULL);
	assert_int_equal(malloc_lock.taken, 0);
	board.core = 1;
	__malloc_lock(NULL);
	__malloc_unlock(NULL);
	several = false;
	__malloc_unlock(NULL);
	assert_int_equal(malloc_lock.taken, 0);
}

static void a_core_stops_within_malloc(void **state UNUSED)
{
	shared_with_cores();
	board.core = 1;
	board.step = 100 * NS_PER_MS;
	__malloc_lock(NULL);
	board.core = 0;
	if (!setjmp(board.panicked)) {
		__malloc_lock(NULL);
		fail();
	}
	assert_string_equal(board.said, "malloc: another core has been in it for 10000 ms");
	assert_true(board.ns >= MALLOC_PATIENCE_MS * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_core, power_on),
		cmocka_unit_test_setup(the_console_is_core_0s, power_on),
		cmocka_unit_test_setup(a_core_stops_within_a_line, power_on),
		cmocka_unit_test_setup(malloc_by_one, power_on),
		cmocka_unit_test_setup(a_core_stops_within_malloc, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
