/* SPDX-License-Identifier: MIT */
/* The commands about memory as a person sees them; memblock and its lock are the real ones. */
#include "tests/unit/shell_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/memory_lock.h"
#include "mm/overcommit.h"
#include "shell/command.h"

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define WIDE "00000000" /* what addresses have in front of 32 bits */
#else
#define WIDE ""
#endif

/* The words that md and mw may touch. */
static uint32_t allowed[12] __attribute__((aligned(16)));
static size_t accesses;

static int may_access(uintptr_t addr, bool write)
{
	(void)write;
	accesses++;
	return addr >= (uintptr_t)allowed && addr - (uintptr_t)allowed < sizeof(allowed) ? 0
											 : -EFAULT;
}

static size_t heap_used(void)
{
	return 5 * 1024 + 1023;
}

static size_t heap_size(void)
{
	return 64 * 1024;
}

static int setup(void **state)
{
	int err = shell_test_setup(state);

	accesses = 0;
	env.may_access = may_access;
	env.heap_used = heap_used;
	env.heap_size = heap_size;
	return err;
}

static void test_numbers(void **state)
{
	static const struct {
		const char *word;
		uint64_t value;
		bool good;
	} cases[] = {
		{"0", 0, true},
		{"7", 7, true},
		{"010", 8, true},
		{"0x10", 16, true},
		{"0XfF", 255, true},
		{"4294967295", UINT32_MAX, true},
		{"0xffffffff", UINT32_MAX, true},
		{"037777777777", UINT32_MAX, true},
		{"00000000000000000000000000000000001", 1, true},
		{"4294967296", 0, false},
		{"0x100000000", 0, false},
		{"18446744073709551615", 0, false},
		{"18446744073709551616", 0, false},
		{"18446744073709551617", 0, false},
		{"0x10000000000000001", 0, false},
		{"99999999999999999999999999999999999999", 0, false},
		{"", 0, false},
		{"0x", 0, false},
		{"08", 0, false},
		{"1a", 0, false},
		{"0xg", 0, false},
		{"a", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{" 1", 0, false},
		{"1 ", 0, false},
		{"1.0", 0, false},
		{"x", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value;

		out.len = 0;
		out.text[0] = '\0';
		if (shell_number(&env, "N", cases[i].word, 0, UINT32_MAX, &value) != cases[i].good)
			fail_msg("\"%s\": %s", cases[i].word, out.text);
		if (cases[i].good)
			assert_int_equal(value, cases[i].value);
		assert_int_equal(strstr(out.text, "expected\n") || strstr(out.text, "octal\n"),
				 !cases[i].good);
	}
}

/* Memory words. */

static const char *md(const char *rest, uintptr_t addr, int *outcome)
{
	char line[80];

	snprintf(line, sizeof(line), "md 0x%" PRIxPTR " %s", addr, rest);
	return run(line, outcome);
}

static void test_md(void **state)
{
	char expected[400];
	uintptr_t base = (uintptr_t)allowed;
	int outcome;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		allowed[i] = 0x41420000u + (uint32_t)i;
	allowed[2] = 0x7e207f1fu;
	snprintf(expected, sizeof(expected),
		 "%016" PRIxPTR ": 41420000 41420001 7e207f1f 41420003  ..BA..BA.. ~..BA\n"
		 "%016" PRIxPTR ": 41420004 41420005                    ..BA..BA\n",
		 base, base + 16);
	assert_string_equal(md("6", base, &outcome), expected);
	assert_int_equal(outcome, 0);
	assert_int_equal(accesses, 6);
}

/* Words are asked for one by one; what may not be read is named, after what could be. */
static void test_md_stops_at_what_may_not_be_read(void **state)
{
	char expected[300];
	uintptr_t base = (uintptr_t)allowed, end = base + sizeof(allowed);
	int outcome;

	(void)state;
	memset(allowed, 0, sizeof(allowed));
	snprintf(expected, sizeof(expected),
		 "%016" PRIxPTR ": 00000000 00000000                    ........\n"
		 "md: not 0x%016" PRIxPTR ": nothing is mapped there\n",
		 end - 8, end);
	assert_string_equal(md("4", end - 8, &outcome), expected);
	assert_int_equal(outcome, -1);
	snprintf(expected, sizeof(expected), "md: not 0x%016" PRIxPTR ": nothing is mapped there\n",
		 base - 4);
	assert_string_equal(md("", base - 4, &outcome), expected);
	md("", base, &outcome); /* the default is more than there is */
	assert_int_equal(outcome, -1);
	assert_non_null(strstr(out.text, "md: not"));
}

static void test_md_refuses_wrong_numbers(void **state)
{
	(void)state;
	REFUSED("md 2", "ADDR is 0x2: a multiple of 4 was expected\n");
	REFUSED("md 4x",
		"ADDR is \"4x\": a number was expected, decimal, 0x and hexadecimal or 0 and "
		"octal\n");
	REFUSED("md 0 0", "N is \"0\": a number from 1 to 65536 was expected\n");
	REFUSED("md 0 65537", "N is \"65537\": a number from 1 to 65536 was expected\n");
	REFUSED("md 0xfffffffffffffff8 3", "N is \"3\": a number from 1 to 2 was expected\n");
	assert_int_equal(accesses, 0);
	REFUSED("md 0xfffffffffffffffc", "md: not 0xfffffffffffffffc: nothing is mapped there\n");
	assert_int_equal(accesses, 1);
}

static void test_mw(void **state)
{
	char line[80];

	(void)state;
	memset(allowed, 0, sizeof(allowed));
	snprintf(line, sizeof(line), "mw 0x%" PRIxPTR " 0xdeadbeef", (uintptr_t)&allowed[1]);
	EXPECT(line, "");
	assert_int_equal(allowed[0], 0);
	assert_int_equal(allowed[1], 0xdeadbeef);
	assert_int_equal(allowed[2], 0);
	REFUSED("mw 4 1", "mw: not 0x0000000000000004: nothing is mapped there\n");
	REFUSED("mw 1 1", "ADDR is 0x1: a multiple of 4 was expected\n");
	REFUSED("mw 0 0x100000000",
		"VALUE is \"0x100000000\": a number from 0 to 4294967295 was expected\n");
}

/* memblock. */

static void make_memory(void)
{
	memblock_add(0x60000000, 0x40000000);
	memblock_mark_nomap(0x70000000, 0x100000);
	memblock_reserve(0x60000000, 0x200000);
	memblock_reserve(0x9f000000, 0x100000);
	memblock_reserve(0x10000000, 0x1000); /* where no memory is */
	memblock_reserve(0x70000000, 0x1000); /* in no-map memory */
}

static void test_memblock_lists(void **state)
{
	(void)state;
	EXPECT("memblock memory", "");
	make_memory();
	EXPECT("memblock memory", "   0: 0x" WIDE "60000000..0x" WIDE "6fffffff\n"
				  "   1: 0x" WIDE "70000000..0x" WIDE "700fffff\n"
				  "   2: 0x" WIDE "70100000..0x" WIDE "9fffffff\n");
	EXPECT("memblock reserved", "   0: 0x" WIDE "10000000..0x" WIDE "10000fff\n"
				    "   1: 0x" WIDE "60000000..0x" WIDE "601fffff\n"
				    "   2: 0x" WIDE "70000000..0x" WIDE "70000fff\n"
				    "   3: 0x" WIDE "9f000000..0x" WIDE "9f0fffff\n");
	REFUSED("memblock all", "usage: memblock [memory|reserved]\n");
}

/* The dump is seen on a console as quiet as can be, which is as quiet afterwards. */
static void test_memblock_dump(void **state)
{
	int outcome;

	(void)state;
	make_memory();
	log_set_console(write_out, NULL);
	log_set_console_level(0);
	run("memblock", &outcome);
	assert_int_equal(outcome, 0);
	assert_non_null(strstr(out.text, "] MEMBLOCK configuration:\n"));
	assert_non_null(strstr(out.text, "reserved.cnt  = 0x4\n"));
	assert_null(strstr(out.text, "dmesg"));
	assert_int_equal(log_set_console_level(7), 0);
	log_set_console(NULL, NULL);
	EXPECT("memblock", "the log has no console: dmesg shows it\n");
}

/* Another core is in memblock's lists, and does not come out; then it does. */
static void test_lists_in_use(void **state)
{
	static const char *const commands[] = {"meminfo",           "memblock",
					       "memblock memory",   "memblock reserved",
					       "memtest 0x1000 64", "memtest"};
	char said[128];
	int outcome;

	(void)state;
	memory_lock_start(1000);
	assert_int_equal(memory_lock(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		run(commands[i], &outcome);
		snprintf(said, sizeof(said),
			 "%.*s: another core has been in memblock's lists for too long\n",
			 (int)strcspn(commands[i], " "), commands[i]);
		assert_non_null(strstr(out.text, said));
	}
	memory_unlock();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		run(commands[i], &outcome);
		assert_null(strstr(out.text, "another core"));
		assert_int_equal(memory_lock(), 0); /* nobody has kept it */
		memory_unlock();
	}
	memory_lock_start(0);
}

/* What is tested is reserved meanwhile, and free again behind it. */
static unsigned reserved_looks;

static void look_for_reservation(const void *ptr, size_t len)
{
	assert_true(memblock_is_region_reserved((phys_addr_t)(uintptr_t)ptr, (phys_addr_t)len));
	reserved_looks++;
}

static int nothing_typed(void *ctx)
{
	(void)ctx;
	return -EAGAIN;
}

static void test_memtest_reserves(void **state)
{
	void *hint = (void *)(uintptr_t)0x50000000; /* for a phys_addr_t of 32 bits */
	uint8_t *memory =
		mmap(hint, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int outcome;

	(void)state;
	if (memory == MAP_FAILED || (uintptr_t)memory + 8192 > PHYS_ADDR_MAX)
		skip();
	env.flush = look_for_reservation;
	env.typed = nothing_typed;
	assert_int_equal(memblock_add((phys_addr_t)(uintptr_t)memory, 8192), 0);
	assert_int_equal(memblock_reserve((phys_addr_t)(uintptr_t)memory + 4096, 64), 0);
	reserved_looks = 0;
	run("memtest", &outcome);
	assert_int_equal(outcome, 0);
	assert_non_null(strstr(out.text, "\nmemtest: 7 kB tested, 0 faults\n"));
	assert_true(reserved_looks > 100);
	assert_int_equal(memblock_reserved_size(), 64);
	munmap(memory, 8192);
}

static void test_meminfo(void **state)
{
	(void)state;
	EXPECT("meminfo", "MemTotal:              0 kB\nMemReserved:           0 kB\n"
			  "MemFree:               0 kB\nNoMap:                 0 kB\n"
			  "LargestFree:           0 kB\nHeapUsed:              5 kB\n"
			  "HeapSize:             64 kB\nCommitLimit:           0 kB\n"
			  "Committed_AS:          0 kB\n");
	make_memory();
	env.heap_used = NULL;
	env.heap_size = NULL;
	assert_int_equal(overcommit_promise("x", 3072), 0);
	EXPECT("meminfo", "MemTotal:        1048576 kB\nMemReserved:        3072 kB\n"
			  "MemFree:         1044480 kB\nNoMap:              1024 kB\n"
			  "LargestFree:      769024 kB\nHeapUsed:              0 kB\n"
			  "HeapSize:              0 kB\nCommitLimit:      522240 kB\n"
			  "Committed_AS:      12288 kB\n");
	overcommit_forget(3072);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, shell_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_md),
		TEST(test_md_stops_at_what_may_not_be_read),
		TEST(test_md_refuses_wrong_numbers),
		TEST(test_mw),
		TEST(test_memblock_lists),
		TEST(test_memblock_dump),
		TEST(test_meminfo),
		TEST(test_lists_in_use),
		TEST(test_memtest_reserves),
	};

	return cmocka_run_group_tests_name("shell: memory", tests, NULL, NULL);
}
