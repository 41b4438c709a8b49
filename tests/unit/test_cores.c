/* SPDX-License-Identifier: MIT */
/*
 * Cores that are named by a tree, started, late, and given jobs: boot/cores.c, with cores that do
 * what the test says when an interrupt is sent to them.
 */
#include <errno.h>

#define CAIRN_DRIVERS_CP15_H /* these instead */
#define CAIRN_DRIVERS_IRQ_H
#define CAIRN_DRIVERS_MMIO_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_LINE 32u

static unsigned this_core(void);
static uint32_t read_cbar(void);
static void clean_dcache(const void *ptr, size_t len);
static void dsb(void);
static uint32_t irq_save(void);
static void irq_unmask(void);
static void irq_wait(void);
static uint32_t mmio_read(uintptr_t address);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/cores.c"
#pragma GCC diagnostic pop

#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define SCU 0x1e000000u

struct machine machine;
volatile uint32_t cores_released;

static struct {
	unsigned core, present;
	bool scu_mapped, gic;
	unsigned comes; /* a bit for each core that comes up when it is started */
	bool jobs_run;  /* a core that is given a job runs it at once */
	uint32_t start;
	unsigned interrupts[CORES_MAX], unmasked, waits, prepared;
	bool released_is_clean, masked;
	unsigned wakes; /* interrupts that end the wait of the core under test; the last but one is
			   for a job */
	int argument;
	uint64_t ns;
	jmp_buf off;
} board;

static gic_handler_fn *work_handler;
static unsigned shared;

static unsigned this_core(void)
{
	return board.core;
}

static uint32_t read_cbar(void)
{
	return SCU;
}

static void clean_dcache(const void *ptr, size_t len)
{
	assert_true(ptr == (const void *)&cores_released && len == sizeof(cores_released));
	board.released_is_clean = false;
}

static void dsb(void)
{
	board.released_is_clean = true;
}

static uint32_t irq_save(void)
{
	board.masked = true;
	return 0;
}

static void irq_unmask(void)
{
	board.masked = false;
	board.unmasked++;
}

static long twice(void *arg)
{
	return 2 * *(int *)arg;
}

/* An interrupt that was sent while it was masked ends the wait: the core looks for a job behind it.
 */
static void irq_wait(void)
{
	assert_true(board.masked);
	board.waits++;
	if (!board.wakes--)
		longjmp(board.off, 1);
	if (board.wakes == 1)
		assert_int_equal(job_give(&cores[1].job, twice, &board.argument), 0);
}

static uint32_t mmio_read(uintptr_t address)
{
	assert_true(board.scu_mapped);
	assert_int_equal(address, SCU + SCU_CONFIGURATION);
	return 0xf0 | (board.present - 1);
}

bool mmu_mapped(uintptr_t address)
{
	assert_int_equal(address, SCU + SCU_CONFIGURATION);
	return board.scu_mapped;
}

void core_entry(void)
{
}

void shared_with_cores(void)
{
	shared++;
}

bool gic_bound(void)
{
	return board.gic;
}

void gic_init_core(void)
{
	board.prepared++;
}

int gic_handle(int interrupt, gic_handler_fn *handler, void *ctx)
{
	assert_int_equal(interrupt, SGI_WORK);
	work_handler = handler;
	handler(ctx); /* it does nothing */
	return 0;
}

int gic_sgi(unsigned core, unsigned n)
{
	assert_int_equal(n, SGI_WORK);
	assert_in_range(core, 1, CORES_MAX - 1);
	board.interrupts[core]++;
	if (cores_released & 1u << core) {
		assert_true(board.released_is_clean);
		if ((board.comes & 1u << core) && !core_is_up(core))
			job_open(&cores[core].job);
	}
	if (board.jobs_run)
		job_run(&cores[core].job);
	return 0;
}

static uint64_t get_ns(void)
{
	return board.ns += 10 * NS_PER_MS;
}

static void set_start(uint32_t address)
{
	board.start = address;
}

static int power_on(void **state)
{
	boot_test_setup(state);
	memset(&board, 0, sizeof(board));
	memset(cores, 0, sizeof(cores));
	memset(&machine, 0, sizeof(machine));
	cores_released = 0;
	board.present = CORES_MAX;
	board.scu_mapped = board.gic = true;
	board.comes = 0xe;
	clock_reset();
	clock_add(&(struct clock_counter){get_ns, 1000000000});
	return 0;
}

/* The tree names the cores of NAMED, a bit for each. */
static void name(unsigned named)
{
	tree_node("/cpus");
	for (uint32_t i = 0; i < CORES_MAX; i++) {
		char path[] = "/cpus/cpu@0";

		if (!(named & 1u << i))
			continue;
		path[sizeof(path) - 2] = (char)('0' + i);
		tree_string(path, "device_type", "cpu");
		CELLS(path, "reg", i);
	}
}

static void start_named(unsigned named)
{
	name(named);
	tree_done();
	cores_start(&boot);
}

static unsigned up(void)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < CORES_MAX; i++)
		bits |= (unsigned)core_is_up(i) << i;
	return bits;
}

static const char *about(unsigned core)
{
	static char text[64];

	return cores_for_shell.describe(core, text, sizeof(text)) ? text : NULL;
}

/* Before another core runs, what all share has its locks: once, however often cores are started. */
static void all_come(void **state UNUSED)
{
	machine.set_start = set_start;
	assert_true(cores_alone());
	start_named(0xf);
	assert_int_equal(up(), 0xf);
	assert_false(cores_alone());
	assert_line("Cores: 4 of 4 online");
	assert_lines(1);
	assert_int_equal(board.start, (uint32_t)(uintptr_t)core_entry);
	assert_int_equal(cores_released, 0xe);
	for (unsigned i = 1; i < CORES_MAX; i++)
		assert_int_equal(board.interrupts[i], 1);
	assert_int_equal(shared, 1);
	assert_non_null(work_handler);
	assert_int_equal(memory_lock(), 0);
	assert_int_equal(memory_lock(), -ETIMEDOUT);
	memory_unlock();
	assert_int_equal(cores_rouse(), 0xe);
	assert_int_equal(shared, 1);
	assert_string_equal(about(0), "online, booted");
	assert_true(strncmp(about(3), "online, came up in ", 19) == 0);
}

static void one_is_late(void **state UNUSED)
{
	board.comes = 0xa;
	start_named(0xf);
	assert_int_equal(up(), 0xb);
	assert_line("core 2 did not come up within 1000 ms: the boot goes on");
	assert_line("Cores: 3 of 4 online");
	assert_true(board.ns >= CORES_START_MS * NS_PER_MS);
	assert_true(board.ns < 2 * CORES_START_MS * NS_PER_MS);
	assert_string_equal(about(2), "did not come up within 1000 ms");
	assert_int_equal(core_give(2, twice, NULL), -ENODEV);
	job_open(&cores[2].job);
	assert_int_equal(up(), 0xf);
	assert_string_equal(about(2), "online, came up late");
}

static void those_that_the_tree_names(void **state UNUSED)
{
	name(0xd);
	tree_string("/cpus/cpu@2", "status", "disabled");
	tree_string("/cpus/cache", "device_type", "cache");
	CELLS("/cpus/cache", "reg", 1);
	tree_node("/cpus/idle-states");
	tree_done();
	cores_start(&boot);
	assert_int_equal(up(), 0x9);
	assert_int_equal(cores_named(), 2);
	assert_line("Cores: 2 of 2 online");
	assert_null(about(1));
	assert_null(about(2));
	assert_int_equal(core_give(1, twice, NULL), -EINVAL);
}

static void numbers_that_no_core_has(void **state UNUSED)
{
	static const uint8_t odd[] = {0, 1};

	name(0x3);
	tree_string("/cpus/cpu@100", "device_type", "cpu");
	CELLS("/cpus/cpu@100", "reg", 0x100);
	tree_string("/cpus/cpu@4", "device_type", "cpu");
	CELLS("/cpus/cpu@4", "reg", CORES_MAX);
	tree_string("/cpus/cpu@x", "device_type", "cpu");
	tree_string("/cpus/cpu@y", "device_type", "cpu");
	tree_bytes("/cpus/cpu@y", "reg", odd, sizeof(odd));
	tree_string("/cpus/cpu@2", "device_type", "cpu");
	CELLS("/cpus/cpu@2", "reg", 0, 2); /* two cells are a number, too */
	tree_done();
	cores_start(&boot);
	assert_line("/cpus/cpu@100: reg is not below 4: the core is left out");
	assert_line("/cpus/cpu@4: reg is not below 4: the core is left out");
	assert_line("/cpus/cpu@x: reg is not below 4: the core is left out");
	assert_line("/cpus/cpu@y: reg is not below 4: the core is left out");
	assert_int_equal(up(), 0x7);
}

static void no_more_than_wanted(void **state UNUSED)
{
	boot.cores_max = 2;
	start_named(0xd);
	assert_int_equal(up(), 0x5);
	assert_string_equal(about(3), "not started");
	assert_line("Cores: 2 of 3 online");
}

/* A tree is often that of the board with all of them. */
static void no_more_than_there_are(void **state UNUSED)
{
	board.present = 3;
	assert_int_equal(cores_present(), 3);
	start_named(0xf);
	assert_int_equal(up(), 0x7);
	assert_string_equal(about(3), "not there");
	board.scu_mapped = false;
	assert_int_equal(cores_present(), CORES_MAX);
}

static void one_core(void **state UNUSED)
{
	board.present = 1;
	start_named(0xf);
	assert_int_equal(up(), 1);
	board.present = CORES_MAX;
	boot.cores_max = 1;
	cores_start(&boot);
	assert_int_equal(up(), 1);
	assert_quiet();
	assert_int_equal(cores_named(), 4);
}

static void a_tree_without_cores(void **state UNUSED)
{
	tree_done();
	cores_start(&boot);
	assert_int_equal(up(), 1);
	assert_int_equal(cores_named(), 1);
	assert_quiet();
}

static void no_interrupt_controller(void **state UNUSED)
{
	board.gic = false;
	start_named(0xf);
	assert_int_equal(up(), 1);
	assert_line("there is no interrupt controller that can be used: only core 0 is used");
	assert_int_equal(cores_released, 0);
}

static void jobs(void **state UNUSED)
{
	int n = 21;
	long result = 0;

	start_named(0x7);
	board.jobs_run = true;
	assert_int_equal(on_core(1, twice, &n, &result), 0);
	assert_int_equal(result, 42);
	n = 4;
	assert_int_equal(on_core(0, twice, &n, &result), 0);
	assert_int_equal(result, 8);
	assert_int_equal(core_give(0, twice, &n), -EINVAL);
	assert_int_equal(core_give(CORES_MAX, twice, &n), -EINVAL);
	assert_int_equal(core_wait(CORES_MAX, 1, &result), -EINVAL);
	assert_int_equal(on_core(3, twice, &n, &result), -EINVAL);
	assert_false(core_is_up(CORES_MAX));
	board.core = 2;
	assert_int_equal(core_give(2, twice, &n), -EINVAL);
}

/* A job that does not end within its time is left; its core takes no other one until it has seen
 * that. */
static void a_job_that_does_not_end(void **state UNUSED)
{
	uint64_t before;
	long result;
	int n = 1;

	start_named(0x3);
	before = board.ns;
	assert_int_equal(on_core(1, twice, &n, &result), -ETIMEDOUT);
	assert_true(board.ns - before >= CORES_JOB_MS * NS_PER_MS);
	assert_int_equal(core_give(1, twice, &n), -EBUSY);
	assert_true(job_run(&cores[1].job)); /* which is to drop it, since nobody waits for it */
	assert_int_equal(core_wait(1, 1, &result), -ETIMEDOUT);
	assert_int_equal(core_give(1, twice, &n), 0);
	assert_true(job_run(&cores[1].job));
	assert_int_equal(core_wait(1, 1, &result), 0);
	assert_int_equal(result, 2);
}

/* Those that were not started are, named or not; one that was and never came cannot be. */
static void rousing(void **state UNUSED)
{
	board.comes = 0;
	boot.cores_max = 2;
	start_named(0x3);
	assert_int_equal(up(), 1);
	board.comes = 0xc;
	assert_int_equal(cores_rouse(), 0xc);
	assert_int_equal(up(), 0xd);
	assert_int_equal(board.interrupts[1], 1);
	assert_int_equal(cores_named(), 4);
	assert_int_equal(core_give(3, twice, NULL), 0);
	assert_int_equal(cores_rouse(), 0xc);
	assert_int_equal(board.interrupts[2], 1);
}

/* A further core: it takes jobs, interrupts come in between, and none that comes behind its last
 * look is missed. */
static void a_core_runs(void **state UNUSED)
{
	long result;

	board.core = 1;
	board.argument = 5;
	board.wakes = 2;
	if (!setjmp(board.off))
		core_main(1);
	assert_true(job_is_open(&cores[1].job));
	assert_int_equal(board.prepared, 1);
	assert_int_equal(board.waits, 3);
	assert_int_equal(board.unmasked, 3);
	assert_int_equal(job_result(&cores[1].job, &result), 0);
	assert_int_equal(result, 10);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, power_on, boot_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_come),
		TEST(one_is_late),
		TEST(those_that_the_tree_names),
		TEST(numbers_that_no_core_has),
		TEST(no_more_than_wanted),
		TEST(no_more_than_there_are),
		TEST(one_core),
		TEST(a_tree_without_cores),
		TEST(no_interrupt_controller),
		TEST(jobs),
		TEST(a_job_that_does_not_end),
		TEST(rousing),
		TEST(a_core_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
