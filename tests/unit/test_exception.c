/* SPDX-License-Identifier: MIT */
/*
 * The report of a panic or an exception, and how the boot ends behind it: boot/exception.c on a
 * core that is made up here. Where the core would sleep for ever, or leave QEMU, the test goes on.
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
#define CAIRN_DRIVERS_SEMIHOSTING_H
#define CAIRN_BOOT_BACKTRACE_H

static unsigned this_core(void);
static uint32_t read_sctlr(void);
static uint32_t read_dfsr(void);
static uint32_t read_dfar(void);
static uint32_t read_ifsr(void);
static uint32_t read_ifar(void);
static void irq_wait(void);
static void semihosting_exit(void);
static void backtrace(const uint32_t registers[16], void (*line)(const char *fmt, ...));
static _Bool backtrace_word(uintptr_t address, uint32_t *word);
static void backtrace_here(uint32_t *registers);

#define SCTLR_M 1u

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-to-int-cast" /* addresses have 32 bits there */
#include "boot/exception.c"
#pragma GCC diagnostic pop

#define UNUSED __attribute__((unused))
#define REGION_SIZE 8192U
#define THUMB 0x30u /* of CPSR: user mode, Thumb state */
#define SVC_MODE 0x13u
#define FOUND "[    0.000000] "

struct machine machine;
char stacks[CORES_MAX][STACKS_OF_A_CORE];
const struct symbol_table image_symbols;

static jmp_buf asleep;
static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static const struct store_media media = {.base = region, .size = REGION_SIZE};

static struct {
	unsigned core;
	uint32_t sctlr, dfsr, dfar, ifsr, ifar;
	uint32_t word; /* at every address, if it is not 0 */
	unsigned up;   /* a bit for each core that runs */
	unsigned silenced, exits, resets, joined, started;
	unsigned stopped; /* a bit for each core that was told to */
	unsigned shown;
	enum reset_cause left;
	int reset_error;
	bool semihosting;   /* somebody answers */
	char text[8192];    /* all that was shown, or written past the log */
	uint32_t backtrace; /* pc that it began at */
} board;

static unsigned this_core(void)
{
	return board.core;
}

static uint32_t read_sctlr(void)
{
	return board.sctlr;
}

static uint32_t read_dfsr(void)
{
	return board.dfsr;
}

static uint32_t read_dfar(void)
{
	return board.dfar;
}

static uint32_t read_ifsr(void)
{
	return board.ifsr;
}

static uint32_t read_ifar(void)
{
	return board.ifar;
}

static void irq_wait(void)
{
	longjmp(asleep, 1);
}

static void semihosting_exit(void)
{
	board.exits++;
	if (board.semihosting)
		longjmp(asleep, 2);
}

static void backtrace(const uint32_t registers[16], void (*to)(const char *fmt, ...))
{
	board.backtrace = registers[15];
	to("#0  %08lx", (unsigned long)registers[15]);
}

static _Bool backtrace_word(uintptr_t address UNUSED, uint32_t *word)
{
	*word = board.word;
	return board.word != 0;
}

static void backtrace_here(uint32_t *registers)
{
	memset(registers, 0, 16 * sizeof(*registers));
	registers[15] = 0x60012344;
}

void console_for_panic(void)
{
	board.shown++;
}

void console_panic_text(const char *text)
{
	strncat(board.text, text, sizeof(board.text) - strlen(board.text) - 1);
}

bool core_is_up(unsigned core)
{
	return board.up & 1u << core;
}

int gic_sgi(unsigned core, unsigned n)
{
	assert_int_equal(n, STOP_SGI);
	board.stopped |= 1u << core;
	return 0;
}

static gic_handler_fn *stop_handler;

int gic_handle(int interrupt, gic_handler_fn *handler, void *ctx)
{
	assert_int_equal(interrupt, STOP_SGI);
	assert_null(ctx);
	stop_handler = handler;
	return 0;
}

void gic_silence(void)
{
	board.silenced++;
}

void mmu_start(void)
{
	board.started++;
	board.sctlr |= SCTLR_M;
}

void mmu_join(void)
{
	board.joined++;
	board.sctlr |= SCTLR_M;
}

void reset_cause_leave(enum reset_cause cause)
{
	board.left = cause;
}

void shared_for_panic(void)
{
}

uint64_t uptime_us(void)
{
	return 12000345;
}

int machine_reset(void)
{
	board.resets++;
	if (!board.reset_error)
		longjmp(asleep, 3);
	return board.reset_error;
}

static void to_text(void *ctx UNUSED, const char *text, size_t len)
{
	strncat(board.text, text, len);
	assert_true(strlen(board.text) < sizeof(board.text) - 1);
}

static int power_on(void **state UNUSED)
{
	memset(&board, 0, sizeof(board));
	board.sctlr = SCTLR_M;
	board.left = RESET_UNKNOWN;
	reporter = 0;
	reported = false;
	memset((void *)faults, 0, sizeof(faults));
	report_len = 0;
	memset(&kept, 0, sizeof(kept));
	about[0] = '\0';
	panic_ends_by(PANIC_HALT);
	log_reset();
	log_set_console(to_text, NULL);
	memset(region, 0, sizeof(region));
	return store_format(&media, 1);
}

/* How it ended: 1 asleep, 2 QEMU has left, 3 reset. */
static int end_of_panic(void)
{
	volatile int end = setjmp(asleep);

	if (!end)
		panic("no %s today", "luck");
	return end;
}

static int end_of_exception(enum exception_kind kind, const struct exception_frame *frame)
{
	volatile int end = setjmp(asleep);

	if (!end)
		exception_report(kind, frame);
	return end;
}

static void assert_note(const char *text)
{
	uint32_t len;
	const char *note = store_note(&media, &len);

	if (!text) {
		assert_null(note);
		return;
	}
	assert_non_null(note);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(note, text, len);
}

static void assert_said(const char *text)
{
	if (!strstr(board.text, text))
		fail_msg("not \"%s\" in:\n%s", text, board.text);
}

static void assert_not_said(const char *text)
{
	if (strstr(board.text, text))
		fail_msg("\"%s\" in:\n%s", text, board.text);
}

static void a_panic(void **state UNUSED)
{
	assert_int_equal(end_of_panic(), 1);
	assert_string_equal(board.text,
			    FOUND "panic: no luck today\n" FOUND "core 0, 12.000345 s\n" FOUND
				  "#0  60012344\n" FOUND "halted\n");
	assert_int_equal(board.silenced, 1);
	assert_int_equal(board.shown, 1);
	assert_int_equal(board.left, RESET_PANIC);
	assert_int_equal(board.stopped, 0);
	assert_true(reported);
	assert_note(NULL);
}

static void the_store_keeps_it(void **state UNUSED)
{
	assert_null(panic_kept()->base);
	panic_keep(&media, "v1, boot 7");
	assert_ptr_equal(panic_kept()->base, region);
	board.core = 2;
	assert_int_equal(end_of_panic(), 1);
	assert_note("panic: no luck today\ncore 2, 12.000345 s, v1, boot 7\n#0  60012344\n");
	assert_said("core 2, 12.000345 s, v1, boot 7\n" FOUND "#0  60012344\n" FOUND
		    "the store keeps this report for the next boot\n" FOUND "halted\n");
}

static void a_region_without_a_store(void **state UNUSED)
{
	memset(region, 0, sizeof(region));
	panic_keep(&media, "v1");
	assert_int_equal(end_of_panic(), 1);
	assert_not_said("the store keeps");
	for (size_t i = 0; i < sizeof(region); i++)
		assert_int_equal(region[i], 0);
}

static void the_other_cores_stop(void **state UNUSED)
{
	board.up = 0xd;
	board.core = 2;
	assert_int_equal(end_of_panic(), 1);
	assert_int_equal(board.stopped, 0x9);
	panic_stops_cores();
	board.silenced = 0;
	if (!setjmp(asleep))
		stop_handler(NULL);
	assert_int_equal(board.silenced, 1);
}

static void how_it_ends(void **state UNUSED)
{
	panic_ends_by(PANIC_EXIT);
	board.semihosting = true;
	assert_int_equal(end_of_panic(), 2);
	assert_not_said("halted");
	power_on(NULL);
	panic_ends_by(PANIC_EXIT);
	assert_int_equal(end_of_panic(), 1);
	assert_int_equal(board.exits, 1);
	assert_said("halted");
	power_on(NULL);
	panic_ends_by(PANIC_RESET);
	assert_int_equal(end_of_panic(), 3);
	assert_not_said("halted");
	power_on(NULL);
	panic_ends_by(PANIC_RESET);
	board.reset_error = -ENODEV;
	assert_int_equal(end_of_panic(), 1);
	assert_int_equal(board.resets, 1);
	assert_said("the reset failed:\n");
	assert_said(error_text(-ENODEV));
	assert_said("halted");
}

/* The call that should have ended QEMU comes back as an exception: it is not made again. */
static void nobody_answers_the_call(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE, .pc = 0x60010000};

	panic_ends_by(PANIC_EXIT);
	board.semihosting = true;
	assert_int_equal(end_of_panic(), 2);
	assert_int_equal(end_of_exception(EXCEPTION_SVC, &frame), 1);
	assert_int_equal(board.exits, 1);
	assert_said(
		"\nexception inside the exception handler: supervisor call at 60010000\nhalted\n");
}

/* A fault while the board is reset: it is not tried again. */
static void the_reset_faults(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE};

	panic_ends_by(PANIC_RESET);
	assert_int_equal(end_of_panic(), 3);
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_int_equal(board.resets, 1);
	assert_said("halted");
}

static void an_undefined_instruction(void **state UNUSED)
{
	const struct exception_frame frame = {
		.cpsr = THUMB,
		.sp = 0x100,
		.lr = 0x60010203,
		.r = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 0xffffffff},
		.pc = 0x60010100,
	};

	board.word = 0x0000de00;
	panic_keep(&media, "v1");
	assert_int_equal(end_of_exception(EXCEPTION_UNDEFINED, &frame), 1);
	assert_said("exception: undefined instruction\n" FOUND "core 0, 12.000345 s, v1\n");
	assert_said(FOUND "Thumb instruction de00\n");
	assert_said(FOUND "pc  60010100 0x60010100\n" FOUND "lr  60010203 0x60010203\n" FOUND
			  "sp  00000100 cpsr 00000030 (mode 10 usr, Thumb)\n" FOUND
			  "r0  0000000a r1  0000000b r2  0000000c r3  0000000d\n" FOUND
			  "r4  0000000e r5  0000000f r6  00000010 r7  00000011\n" FOUND
			  "r8  00000012 r9  00000013 r10 00000014 r11 00000015\n" FOUND
			  "r12 ffffffff\n" FOUND "#0  60010100\n");
	assert_int_equal(board.backtrace, 0x60010100);
}

/* Where the instruction cannot be read nothing is said of it. */
static void code_that_is_not_there(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE, .pc = 0x1000};

	assert_int_equal(end_of_exception(EXCEPTION_UNDEFINED, &frame), 1);
	assert_said("core 0, 12.000345 s\n" FOUND "pc  00001000 0x1000\n");
	assert_said("(mode 13 svc, ARM)");
}

static void aborts(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE, .pc = 0x60010000};

	board.dfsr = 0x805;
	board.dfar = 0xffc;
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_said("exception: data abort\n");
	assert_said("write to 00000ffc: translation fault, section");
	assert_said("(DFSR 00000805)\n" FOUND
		    "00000ffc is in the first page: a null pointer\n" FOUND "pc ");
	power_on(NULL);
	board.ifsr = 0x005;
	board.ifar = 0x1000;
	assert_int_equal(end_of_exception(EXCEPTION_PREFETCH_ABORT, &frame), 1);
	assert_said("exception: prefetch abort\n");
	assert_said("fetch from 00001000");
	assert_said("(IFSR 00000005)\n" FOUND "pc ");
	power_on(NULL);
	board.dfsr = 0x406; /* asynchronous: its address means nothing */
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_said("(DFSR 00000406)\n" FOUND "pc ");
}

static void other_kinds(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE};
	static const struct {
		int kind;
		const char *text;
	} cases[] = {{EXCEPTION_SVC, "exception: supervisor call\n" FOUND "core"},
		     {EXCEPTION_FIQ, "exception: fast interrupt\n" FOUND "core"},
		     {5, "exception: unknown exception\n" FOUND "core"},
		     {99, "exception: unknown exception\n" FOUND "core"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		power_on(NULL);
		assert_int_equal(end_of_exception((enum exception_kind)cases[i].kind, &frame), 1);
		assert_said(cases[i].text);
		assert_not_said("FSR");
	}
}

static const char *place_of(uint32_t address)
{
	board.text[0] = '\0';
	say_place(address);
	return board.text;
}

static void places_of_a_stack(void **state UNUSED)
{
	uint32_t first = (uint32_t)(uintptr_t)stacks, exceptions = first + STACKS_OF_A_CORE;
	uint32_t main_guard = exceptions + GUARD_SIZE + EXCEPTION_STACK_SIZE;
	static const char main_text[] =
		" is right below core 1's main stack, which was too small\n";

	place_of(exceptions);
	assert_said(" is right below core 1's exception stack, which was too small\n");
	place_of(exceptions + GUARD_SIZE - 1);
	assert_said("core 1's exception stack");
	assert_string_equal(place_of(exceptions + GUARD_SIZE), "");
	assert_string_equal(place_of(main_guard - 1), "");
	place_of(main_guard);
	assert_said(main_text);
	place_of(main_guard + GUARD_SIZE - 1);
	assert_said(main_text);
	assert_string_equal(place_of(main_guard + GUARD_SIZE), "");
	place_of(first);
	assert_said("core 0's exception stack");
	assert_string_equal(place_of(first - 1), "");
	assert_string_equal(place_of(first + (uint32_t)sizeof(stacks)), "");
}

static void places_of_the_store(void **state UNUSED)
{
	static const struct store_media low = {.base = (void *)0x70000000, .size = 0x1000};

	panic_keep(&low, "");
	place_of(0x70000000);
	assert_said("70000000 is in the store's region\n");
	place_of(0x70000fff);
	assert_said("70000fff is in the store's region\n");
	assert_string_equal(place_of(0x70001000), "");
	assert_string_equal(place_of(0x6fffffff), "");
	assert_string_equal(place_of(0x1000), "");
}

/* The second fault of a core is one line past the log, the third one is silent, and the next one
 * only sleeps. */
static void faults_within(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE, .pc = 0x6001abcd};

	assert_int_equal(end_of_panic(), 1);
	board.text[0] = '\0';
	board.silenced = 0;
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_string_equal(
		board.text,
		"\nexception inside the exception handler: data abort at 6001abcd\nhalted\n");
	assert_int_equal(board.silenced, 1);
	board.text[0] = '\0';
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_string_equal(board.text, "");
	assert_int_equal(board.silenced, 2);
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_int_equal(board.silenced, 2);
}

/* Without the MMU the report within a report is silent: what it would call needs it. */
static void a_fault_within_without_the_mmu(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE};

	assert_int_equal(end_of_panic(), 1);
	board.text[0] = '\0';
	board.sctlr = 0;
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_string_equal(board.text, "");
	assert_int_equal(board.started + board.joined, 0);
}

/* The first one needs it, and turns it on. */
static void a_fault_before_the_mmu(void **state UNUSED)
{
	board.sctlr = 0;
	assert_int_equal(end_of_panic(), 1);
	assert_int_equal(board.started, 1);
	assert_said("panic: no luck today");
	power_on(NULL);
	board.sctlr = 0;
	board.core = 3;
	assert_int_equal(end_of_panic(), 1);
	assert_int_equal(board.joined, 1);
	assert_int_equal(board.started, 0);
}

/* One core reports, whichever is first; another one adds a line, when that report has ended. */
static void a_fault_beside(void **state UNUSED)
{
	const struct exception_frame frame = {.cpsr = SVC_MODE, .pc = 0x60010000};

	assert_int_equal(end_of_panic(), 1);
	board.text[0] = '\0';
	board.core = 1;
	board.stopped = 0;
	board.up = 0xf;
	assert_int_equal(end_of_exception(EXCEPTION_DATA_ABORT, &frame), 1);
	assert_string_equal(board.text, FOUND "core 1: data abort at 60010000 0x60010000\n");
	assert_int_equal(board.stopped, 0);
	assert_int_equal(board.silenced, 2);
}

/* A report that does not fit into the store's note is cut; the log has all of it. */
static void a_long_report(void **state UNUSED)
{
	uint32_t len;

	panic_keep(&media, "v1");
	for (int i = 0; i < 40; i++)
		line("line %02d of a report that is longer than what a note of the store can hold",
		     i);
	assert_int_equal(report_len, sizeof(report) - 1);
	assert_said("line 39 of");
	assert_int_equal(end_of_panic(), 1);
	assert_non_null(store_note(&media, &len));
	assert_int_equal(len, sizeof(report) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_panic, power_on),
		cmocka_unit_test_setup(the_store_keeps_it, power_on),
		cmocka_unit_test_setup(a_region_without_a_store, power_on),
		cmocka_unit_test_setup(the_other_cores_stop, power_on),
		cmocka_unit_test_setup(how_it_ends, power_on),
		cmocka_unit_test_setup(nobody_answers_the_call, power_on),
		cmocka_unit_test_setup(the_reset_faults, power_on),
		cmocka_unit_test_setup(an_undefined_instruction, power_on),
		cmocka_unit_test_setup(code_that_is_not_there, power_on),
		cmocka_unit_test_setup(aborts, power_on),
		cmocka_unit_test_setup(other_kinds, power_on),
		cmocka_unit_test_setup(places_of_a_stack, power_on),
		cmocka_unit_test_setup(places_of_the_store, power_on),
		cmocka_unit_test_setup(faults_within, power_on),
		cmocka_unit_test_setup(a_fault_within_without_the_mmu, power_on),
		cmocka_unit_test_setup(a_fault_before_the_mmu, power_on),
		cmocka_unit_test_setup(a_fault_beside, power_on),
		cmocka_unit_test_setup(a_long_report, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
