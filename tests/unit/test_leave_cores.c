/* SPDX-License-Identifier: MIT */
/* How the other cores leave for where a payload expects them: boot/leave_cores.c, with cores that
 * come or do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_CP15_H /* this instead */

static void dsb(void);

#include "boot/leave_cores.c"

#define UNUSED __attribute__((unused))
#define FLAGS 0x10000030u

struct machine machine;
const struct leave_pen leave_pen = {.code = {0xe3a00001, [LEAVE_PEN_CODE / 4 - 1] = 0xe12fff11}};

static struct leave_pen sram;

static struct {
	unsigned present, roused; /* cores; a bit for each */
	unsigned busy, lost; /* that have a job which does not end, that do not come to the pen */
	unsigned sent;       /* to the pen */
	bool gic, pen_is_out;
	uint32_t start;
	uint64_t ns;
} board;

static void dsb(void)
{
	board.pen_is_out = memcmp(sram.code, leave_pen.code, sizeof(sram.code)) == 0;
}

bool gic_bound(void)
{
	return board.gic;
}

unsigned cores_present(void)
{
	return board.present;
}

uint32_t cores_rouse(void)
{
	return board.roused;
}

int on_core(unsigned core, job_fn *fn, void *arg, long *result)
{
	assert_true(board.roused & 1u << core);
	if (board.busy & 1u << core)
		return -16;
	*result = fn(arg);
	return 0;
}

long leave_to_wait(void *pen UNUSED)
{
	return 0;
}

int core_give(unsigned core, job_fn *fn, void *arg)
{
	assert_ptr_equal(fn, leave_to_wait);
	assert_ptr_equal(arg, &sram);
	assert_true(board.pen_is_out);
	assert_int_equal(board.start,
			 0); /* it must not take an old address for the word to start */
	board.sent |= 1u << core;
	if (!(board.lost & 1u << core))
		sram.waits[core] = 1;
	return 0;
}

static void set_start(uint32_t address)
{
	board.start = address;
}

static uint64_t get_ns(void)
{
	return board.ns += NS_PER_MS;
}

static int power_on(void **state UNUSED)
{
	memset(&board, 0, sizeof(board));
	memset(&sram, 0xa5, sizeof(sram));
	board.present = 4;
	board.gic = true;
	board.roused = 0xe;
	board.start = 0x60012345;
	machine = (struct machine){
		.sram = (uintptr_t)&sram, .start_flags = FLAGS, .set_start = set_start};
	clock_reset();
	clock_add(&(struct clock_counter){get_ns, 1000000000});
	return 0;
}

static void all_leave(void **state UNUSED)
{
	assert_null(cores_may_leave());
	assert_null(cores_leave());
	assert_int_equal(board.sent, 0xe);
	assert_int_equal(sram.start_flags, FLAGS);
	assert_int_equal(sram.waits[0], 0);
}

static void there_is_no_other(void **state UNUSED)
{
	board.present = 1;
	machine.sram = 0;
	assert_null(cores_may_leave());
	assert_null(cores_leave());
	board.present = 4;
	board.gic = false; /* so that none was ever started */
	assert_null(cores_may_leave());
	assert_null(cores_leave());
	assert_int_equal(board.sent, 0);
	assert_int_equal(board.start, 0x60012345);
}

static void nowhere_to_go(void **state UNUSED)
{
	static const char why[] = "the device tree names no SRAM or no flags for the other cores";

	machine.sram = 0;
	assert_string_equal(cores_may_leave(), why);
	assert_null(cores_leave());
	machine.sram = (uintptr_t)&sram;
	machine.start_flags = 0;
	assert_string_equal(cores_may_leave(), why);
	assert_int_equal(board.sent, 0);
}

static void one_is_at_work(void **state UNUSED)
{
	board.roused = 0x6;
	board.busy = 0x8; /* which is none of them */
	assert_null(cores_may_leave());
	board.busy = 0x4;
	assert_string_equal(cores_may_leave(), "another core is at work");
}

/* It may still run what will be overwritten. */
static void one_does_not_come(void **state UNUSED)
{
	board.lost = 0x4;
	assert_null(cores_may_leave());
	assert_string_equal(cores_leave(), "another core did not leave: reset the board");
	assert_int_equal(board.sent, 0xe);
	assert_true(board.ns >= CORES_START_MS * NS_PER_MS);
	assert_true(board.ns < 2 * CORES_START_MS * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_leave, power_on),
		cmocka_unit_test_setup(there_is_no_other, power_on),
		cmocka_unit_test_setup(nowhere_to_go, power_on),
		cmocka_unit_test_setup(one_is_at_work, power_on),
		cmocka_unit_test_setup(one_does_not_come, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
