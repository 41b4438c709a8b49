/* SPDX-License-Identifier: MIT */
/* Parameters for when memory runs out: what they set, and what bad values leave as it was. */
#include "boot/params_oom.h"
#include "mm/overcommit.h"
#include "tests/unit/boot_test.h"

static void test_defaults(void **state)
{
	(void)state;
	boot_params("");
	assert_int_equal(boot.overcommit, OVERCOMMIT_GUESS);
	assert_int_equal(boot.overcommit_ratio, 50);
	assert_int_equal(boot.oom.panic_on_oom, 0);
	assert_false(boot.oom.oom_kill_allocating_task);
	assert_true(boot.oom.oom_dump_tasks);
	assert_int_equal(boot.log_buf_len, 0);
	assert_int_equal(boot.store_entries, 0);
	assert_int_equal(boot.store_policy, STORE_LRU);
	assert_quiet();
}

static void test_values(void **state)
{
	(void)state;
	boot_params("cairn.overcommit=2 cairn.overcommit_ratio=1000 cairn.panic_on_oom=2 "
		    "cairn.oom_kill_allocating_task=1 cairn.oom_dump_tasks=0 log-buf-len=0x100000 "
		    "cairn.store_entries=16777214 cairn.store_policy=sieve");
	assert_int_equal(boot.overcommit, OVERCOMMIT_NEVER);
	assert_int_equal(boot.overcommit_ratio, 1000);
	assert_int_equal(boot.oom.panic_on_oom, 2);
	assert_true(boot.oom.oom_kill_allocating_task);
	assert_false(boot.oom.oom_dump_tasks);
	assert_int_equal(boot.log_buf_len, 0x100000);
	assert_int_equal(boot.store_entries, 16777214);
	assert_int_equal(boot.store_policy, STORE_SIEVE);
	boot_params("cairn.overcommit=1 cairn.overcommit_ratio=0 cairn.panic_on_oom=1 "
		    "cairn.oom_kill_allocating_task=0 cairn.oom_dump_tasks=1 "
		    "cairn.store_entries=0 cairn.store_policy=lru");
	assert_int_equal(boot.overcommit, OVERCOMMIT_ALWAYS);
	assert_int_equal(boot.overcommit_ratio, 0);
	assert_int_equal(boot.oom.panic_on_oom, 1);
	assert_false(boot.oom.oom_kill_allocating_task);
	assert_true(boot.oom.oom_dump_tasks);
	assert_int_equal(boot.store_entries, 0);
	assert_int_equal(boot.store_policy, STORE_LRU);
	assert_quiet();
}

/* As in Linux the next power of two. */
static void test_log_buf_len(void **state)
{
	static const struct {
		const char *text;
		uint32_t size;
	} cases[] = {{"1", 1},
		     {"128K", 0x20000},
		     {"131073", 0x40000},
		     {"3M", 0x400000},
		     {"1G", 0x40000000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[64];

		snprintf(line, sizeof(line), "log_buf_len=%s", cases[i].text);
		boot_params(line);
		assert_int_equal(boot.log_buf_len, cases[i].size);
	}
	assert_quiet();
}

/* Each bad value is a line, and the good one before it stays. */
static void test_bad_values(void **state)
{
	static const struct {
		const char *name, *good, *bad[6], *expected;
	} cases[] = {
		{"cairn.overcommit", "2", {"3", "-1", "x", "1x", ""}, "0, 1 or 2"},
		{"cairn.overcommit_ratio",
		 "70",
		 {"1001", "50%", "4294967296", ""},
		 "percent from 0 to 1000"},
		{"cairn.panic_on_oom", "1", {"3", "yes", ""}, "0, 1 or 2"},
		{"cairn.oom_kill_allocating_task", "1", {"2", "y", ""}, "0 or 1"},
		{"cairn.oom_dump_tasks", "0", {"2", ""}, "0 or 1"},
		{"cairn.store_entries",
		 "9",
		 {"16777215", "-1", "1k", ""},
		 "a number from 0 to 16777214"},
		{"cairn.store_policy", "sieve", {"LRU", "fifo", ""}, "lru or sieve"},
		{"log_buf_len",
		 "64M",
		 {"0", "1T", "1MB", "big", ""},
		 "a size such as 1M, at most 1G"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned n = 0; n < ARRAY_SIZE(cases[i].bad) && cases[i].bad[n]; n++) {
			char line[256];

			boot_test_again();
			snprintf(line, sizeof(line), "%s=%s %s=%s %s", cases[i].name, cases[i].good,
				 cases[i].name, cases[i].bad[n], cases[i].name);
			boot_params(line);
			snprintf(line, sizeof(line), "%s=%s: expected %s: ignored", cases[i].name,
				 cases[i].bad[n], cases[i].expected);
			assert_true(log_count_holding(line) > 0);
			snprintf(line, sizeof(line), "%s=: expected %s: ignored", cases[i].name,
				 cases[i].expected);
			assert_true(log_count_holding(line) > 0);
		}
		switch (i) {
		case 0:
			assert_int_equal(boot.overcommit, 2);
			break;
		case 1:
			assert_int_equal(boot.overcommit_ratio, 70);
			break;
		case 2:
			assert_int_equal(boot.oom.panic_on_oom, 1);
			break;
		case 3:
			assert_true(boot.oom.oom_kill_allocating_task);
			break;
		case 4:
			assert_false(boot.oom.oom_dump_tasks);
			break;
		case 5:
			assert_int_equal(boot.store_entries, 9);
			break;
		case 6:
			assert_int_equal(boot.store_policy, STORE_SIEVE);
			break;
		default:
			assert_int_equal(boot.log_buf_len, 64 << 20);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_defaults),
		BOOT_TEST(test_values),
		BOOT_TEST(test_log_buf_len),
		BOOT_TEST(test_bad_values),
	};

	return cmocka_run_group_tests_name("params_oom", tests, NULL, NULL);
}
