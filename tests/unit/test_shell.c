/* SPDX-License-Identifier: MIT */
/* The commands as a person sees them; store, memblock, log and tree are the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/log.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/overcommit.h"
#include "mm/task.h"
#include "shell/command.h"
#include "shell/shell.h"

#define REGION_SIZE 65536U
#define STORE_USAGE "usage: store check|repair [--yes]|grow|save|format [--yes]\n"

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define WIDE "00000000" /* what addresses have in front of 32 bits */
#else
#define WIDE ""
#endif

static struct {
	char text[200000];
	size_t len;
} out;

static const char *typed; /* for shell_loop() */
static int64_t clock_ms;
static uint32_t salts, resets;
static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static struct store_config config;
static struct shell_env env;
static char tree[16384] __attribute__((aligned(8)));

/* The words that md and mw may touch. */
static uint32_t allowed[12] __attribute__((aligned(16)));
static size_t accesses;

static void write_out(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_true(out.len + len < sizeof(out.text));
	memcpy(out.text + out.len, text, len);
	out.len += len;
	out.text[out.len] = '\0';
}

static int read_typed(void *ctx)
{
	(void)ctx;
	return *typed ? (unsigned char)*typed++ : -1;
}

static int64_t get_clock(void *ctx)
{
	(void)ctx;
	return clock_ms;
}

static uint32_t next_salt(void)
{
	return ++salts;
}

static const char *refusing_boot(const char *where)
{
	return where ? where : "nothing to go by";
}

static int failing_reset(void)
{
	resets++;
	return -ENODEV;
}

static int failing_poweroff(void)
{
	return -ETIMEDOUT;
}

static int may_access(uintptr_t addr, bool write)
{
	(void)write;
	accesses++;
	return addr >= (uintptr_t)allowed && addr - (uintptr_t)allowed < sizeof(allowed) ? 0
											 : -EFAULT;
}

static uint32_t core0(void)
{
	return 0;
}

static size_t heap_used(void)
{
	return 5 * 1024 + 1023;
}

static size_t heap_size(void)
{
	return 64 * 1024;
}

static void reset_list(struct memblock_type *type)
{
	memset(type->regions, 0, type->max * sizeof(type->regions[0]));
	type->cnt = 1;
	type->total_size = 0;
}

static int setup(void **state)
{
	static const struct task_env tasks = {.self = core0, .patience_ns = 1000};

	(void)state;
	memset(&out, 0, sizeof(out));
	clock_ms = 1000000;
	salts = resets = 0;
	accesses = 0;
	config = (struct store_config){.media = {.base = region, .size = REGION_SIZE},
				       .now = get_clock};
	env = (struct shell_env){.write = write_out,
				 .read = read_typed,
				 .version = "Cairn 1.2",
				 .model = "Test board",
				 .bootargs = "console=ttyAMA0 mem=64M",
				 .fdt_source = "from the loader",
				 .store = &store,
				 .store_config = &config,
				 .salt = next_salt,
				 .now = get_clock,
				 .reset = failing_reset,
				 .poweroff = failing_poweroff,
				 .may_access = may_access,
				 .heap_used = heap_used,
				 .heap_size = heap_size};
	reset_list(&memblock.memory);
	reset_list(&memblock.reserved);
	tasks_start(&tasks);
	log_reset();
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, 7), 0);
	return store_open(&store, &config);
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/* What LINE prints; *OUTCOME is what shell_run() returned. */
static const char *run(const char *line, int *outcome)
{
	out.len = 0;
	out.text[0] = '\0';
	*outcome = shell_run(&env, line);
	return out.text;
}

static void expect_(const char *line, int outcome, const char *expected, int at)
{
	int returned;
	const char *text = run(line, &returned);

	if (strcmp(text, expected) || returned != outcome)
		fail_msg("line %d: %s: returned %d and <%s>, not %d and <%s>", at, line, returned,
			 text, outcome, expected);
}

#define EXPECT(line, expected) expect_(line, 0, expected, __LINE__)
#define REFUSED(line, expected) expect_(line, -1, expected, __LINE__)

/* The shell as such. */

static void test_commands_in_a_line(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT(" ; ;\t;", "");
	EXPECT("bootargs;bootargs ; ", "console=ttyAMA0 mem=64M\nconsole=ttyAMA0 mem=64M\n");
	EXPECT("put 'a;b' \";\"; get a\\;b", "put: a;b, 1 byte\n;\n");
}

static void test_failure_stops_the_line(void **state)
{
	(void)state;
	REFUSED("get none; put k v", "get: no such key: none\n");
	REFUSED("get k", "get: no such key: k\n");
	REFUSED("nonsense; put k v",
		"there is no command \"nonsense\": help lists those that there are\n");
	REFUSED("put; put k v", "usage: put KEY VALUE [SECONDS]\n");
	REFUSED("get k", "get: no such key: k\n");
}

/* A line that cannot be split runs nothing, not even what stands before the fault. */
static void test_wrong_quotes_run_nothing(void **state)
{
	int outcome;

	(void)state;
	assert_non_null(strstr(run("put k v; get 'k", &outcome), "single quote"));
	assert_int_equal(outcome, -1);
	REFUSED("get k", "get: no such key: k\n");
}

static void test_unknown_names_are_shown_safely(void **state)
{
	(void)state;
	REFUSED("'\x1b[2J\\'",
		"there is no command \"\\x1b[2J\\\\\": help lists those that there are\n");
	REFUSED("''", "there is no command \"\": help lists those that there are\n");
	REFUSED("hel", "there is no command \"hel\": help lists those that there are\n");
	REFUSED("help me", "there is no command \"me\": help lists those that there are\n");
}

/* Every command refuses too few and too many words with its usage line. */
static void test_word_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < shell_commands_count; i++) {
		const struct command *c = &shell_commands[i];
		char line[100], usage[100];

		snprintf(usage, sizeof(usage), "usage: %s%s%s\n", c->name, *c->arguments ? " " : "",
			 c->arguments);
		for (int words = 0; words <= c->max + 1; words++) {
			if (words >= c->min && words <= c->max)
				continue;
			strcpy(line, c->name);
			for (int k = 0; k < words; k++)
				strcat(line, " 0");
			expect_(line, -1, usage, __LINE__);
		}
		assert_ptr_equal(shell_find(c->name), c);
	}
	assert_int_equal(resets, 0);
}

static void test_help(void **state)
{
	int outcome;
	const char *text = run("help", &outcome);

	(void)state;
	assert_int_equal(outcome, 0);
	for (size_t i = 0; i < shell_commands_count; i++) {
		const char *at = strstr(text, shell_commands[i].help);

		assert_non_null(at);
		assert_true(strlen(shell_commands[i].help) <= 79 - 28);
		while (at > text && at[-1] != '\n')
			at--;
		assert_memory_equal(at + 28, shell_commands[i].help,
				    strlen(shell_commands[i].help));
		if (*at == ' ') { /* its arguments take a line of their own */
			do
				at--;
			while (at > text && at[-1] != '\n');
		}
		assert_memory_equal(at, shell_commands[i].name, strlen(shell_commands[i].name));
	}
	EXPECT("help get", "usage: get KEY\nshows the value of a key\n");
}

static void test_loop(void **state)
{
	(void)state;
	typed = "bootargs\rnope\r\nput k 1\x7f"
		"2\r\x1b[A\x15get k\r";
	shell_loop(&env);
	assert_string_equal(out.text,
			    "cairn> bootargs\nconsole=ttyAMA0 mem=64M\n"
			    "cairn> nope\n"
			    "there is no command \"nope\": help lists those that there are\n"
			    "cairn> put k 1\b \b2\nput: k, 1 byte\n"
			    "cairn> put k 2\b\b\b\b\b\b\b       \b\b\b\b\b\b\bget k\n2\n"
			    "cairn> \n");
}

/* The system. */

static void test_version(void **state)
{
	(void)state;
	EXPECT("version", "Cairn 1.2\nboard: Test board\ndevice tree: none\n");
	fdt_create_empty_tree(tree, sizeof(tree));
	env.fdt = tree;
	EXPECT("version", "Cairn 1.2\nboard: Test board\ndevice tree: from the loader\n");
	env.model = NULL;
	EXPECT("version", "Cairn 1.2\nboard: unknown\ndevice tree: from the loader\n");
}

static void test_bootargs(void **state)
{
	char args[3001], expected[3002];

	(void)state;
	env.bootargs = "a=\x1b\n\"\xff\"";
	EXPECT("bootargs", "a=\\x1b\\x0a\"\\xff\"\n");
	env.bootargs = NULL;
	EXPECT("bootargs", "\n");
	memset(args, 'x', 3000);
	args[3000] = '\0';
	snprintf(expected, sizeof(expected), "%s\n", args);
	env.bootargs = args;
	EXPECT("bootargs", expected);
}

static void test_dmesg(void **state)
{
	(void)state;
	pr_info("one");
	pr_debug("two");
	EXPECT("dmesg", "[    0.000000] one\n[    0.000000] two\n");
}

/* That of the last boot is an entry; whatever is in it, the cursor stays where it is. */
static void test_dmesg_of_the_last_boot(void **state)
{
	static const char log[] = "[    0.000000] one \\x07\ttwo \xc3\xa4\n\x1b[2J\rthree\x7f\n";

	(void)state;
	REFUSED("dmesg -1",
		"dmesg: nothing is left of the last boot's log: cairn/log is not there\n");
	assert_int_equal(store_put(&store, "cairn/log", 9, log, sizeof(log) - 1, NULL, 0, -1), 0);
	EXPECT("dmesg -1", "[    0.000000] one \\x07\ttwo \xc3\xa4\n\\x1b[2J\\x0dthree\\x7f\n");
	EXPECT("put cairn/log 'no line'; dmesg -1", "put: cairn/log, 7 bytes\nno line\n");
	EXPECT("put cairn/log ''; dmesg -1", "put: cairn/log, 0 bytes\n\n");
	REFUSED("dmesg 1", "usage: dmesg [-1|-p|-o]\n");
	env.store_closed = "it is damaged";
	REFUSED("dmesg -1",
		"dmesg: the store is not open: it is damaged (store format --yes starts "
		"afresh)\n");
}

static void test_dmesg_of_the_last_panic(void **state)
{
	(void)state;
	REFUSED("dmesg -p", "dmesg: no panic was reported: cairn/panic is not there\n");
	EXPECT("put cairn/panic 'panic: x'; dmesg -p", "put: cairn/panic, 8 bytes\npanic: x\n");
}

static int crash(const char *kind)
{
	return !strcmp(kind, "a") ? 0 : !strcmp(kind, "b") ? -ENODATA : -EINVAL;
}

static void test_crash(void **state)
{
	(void)state;
	env.crash = crash;
	env.crash_kinds = "a b";
	REFUSED("crash", "usage: crash KIND [CORE]\n");
	REFUSED("crash a", "crash: nothing came of it: this board does not guard against it\n");
	REFUSED("crash b", "crash: there was never a store here\n");
	REFUSED("crash \"a b\"", "crash: expected one of a b\n");
}

static int run_fails;

static int run_there(unsigned core, long (*fn)(void *arg), void *arg, long *result)
{
	assert_int_equal(core, 2);
	if (!run_fails)
		*result = fn(arg);
	return run_fails;
}

static void test_crash_on_another_core(void **state)
{
	static const struct shell_cores cores = {.max = 4, .run = run_there};

	(void)state;
	env.crash = crash;
	env.crash_kinds = "a b";
	run_fails = 0;
	REFUSED("crash a 1", "CORE is \"1\": a number from 0 to 0 was expected\n");
	env.cores = &cores;
	REFUSED("crash a 4", "CORE is \"4\": a number from 0 to 3 was expected\n");
	REFUSED("crash b 0", "crash: there was never a store here\n");
	REFUSED("crash a 2", "crash: nothing came of it: this board does not guard against it\n");
	REFUSED("crash b 2", "crash: there was never a store here\n");
	REFUSED("crash c 2", "crash: expected one of a b\n");
	REFUSED("crash aaaaaaaaaaaaaaaaaaaaaaaaa 2", "crash: expected one of a b\n");
	run_fails = -ETIMEDOUT;
	REFUSED("crash a 2", "crash: core 2 gave no answer in time: it is still at it\n");
	run_fails = -EBUSY;
	REFUSED("crash a 2", "crash: core 2 is still busy with the work of before\n");
	run_fails = -ENODEV;
	REFUSED("crash a 2", "crash: core 2 is not online\n");
}

static void test_boot(void **state)
{
	(void)state;
	REFUSED("boot", "boot: there is no such device\n");
	env.boot = refusing_boot;
	REFUSED("boot", "boot: nothing to go by\n");
	REFUSED("boot 0x62000000", "boot: 0x62000000\n");
	REFUSED("boot 1 2", "usage: boot [ADDR|flash]|status|confirm|select A|B\n");
}

static void test_reset_and_poweroff(void **state)
{
	(void)state;
	REFUSED("reset", "reset: there is no such device\n");
	assert_int_equal(resets, 1);
	REFUSED("poweroff", "poweroff: it took too long\n");
}

/* Numbers. */

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

/* The device tree. */

static void make_tree(void)
{
	char big[1200];

	memset(big, 0xab, sizeof(big));
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_string(tree, "model", "A \"good\" \\ board");
	fdt_property(tree, "compatible", "one,a\0two,b", 12);
	fdt_property(tree, "reg", "\0\0\0\0\x60\0\0\1", 8);
	fdt_property(tree, "dma-coherent", NULL, 0);
	fdt_property(tree, "bytes", "\1\2\xff", 3);
	fdt_property(tree, "not-ended", "abc", 3);
	fdt_property(tree, "holes", "a\0\0b\0", 5);
	fdt_property(tree, "control", "a\x1b[J\0", 5);
	fdt_property(tree, "zero", "\0", 1);
	fdt_property(tree, "a\x07", "x", 2);
	fdt_property(tree, "big-bytes", big, 1001);
	fdt_property(tree, "big-cells", big, 1000);
	memset(big, 'y', sizeof(big));
	big[255] = big[999] = '\0';
	fdt_property(tree, "big-strings", big, 1000);
	big[255] = 'y';
	fdt_property(tree, "big-string", big, 1000);
	fdt_begin_node(tree, "aliases");
	fdt_property_string(tree, "uart0", "/soc/uart@9000");
	fdt_property_string(tree, "self", "self");
	fdt_property_string(tree, "ping", "pong/x");
	fdt_property_string(tree, "pong", "ping");
	fdt_property_string(tree, "lost", "/nowhere");
	fdt_property_string(tree, "rel", "soc");
	fdt_property(tree, "open", "/soc", 4);
	fdt_property(tree, "empty", NULL, 0);
	fdt_end_node(tree);
	fdt_begin_node(tree, "soc");
	fdt_begin_node(tree, "uart@9000");
	fdt_property_u32(tree, "clock", 24000000);
	fdt_begin_node(tree, "sub");
	fdt_begin_node(tree, "unseen");
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	assert_int_equal(fdt_finish(tree), 0);
	env.fdt = tree;
}

static void expect_line(const char *line)
{
	const char *at = strstr(out.text, line);

	if (!at || (at > out.text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line <%s> in <%s>", line, out.text);
}

static void test_dt_root(void **state)
{
	int outcome;

	(void)state;
	make_tree();
	run("dt", &outcome);
	assert_int_equal(outcome, 0);
	assert_memory_equal(out.text, "/ {\n", 4);
	expect_line("\tmodel = \"A \\\"good\\\" \\\\ board\";");
	expect_line("\tcompatible = \"one,a\", \"two,b\";");
	expect_line("\treg = <0x0 0x60000001>;");
	expect_line("\tdma-coherent;");
	expect_line("\tbytes = [01 02 ff];");
	expect_line("\tnot-ended = [61 62 63];");
	expect_line("\tholes = [61 00 00 62 00];");
	expect_line("\tcontrol = [61 1b 5b 4a 00];");
	expect_line("\tzero = [00];");
	expect_line("\ta\\x07 = \"x\";");
	expect_line("\taliases { ... };");
	expect_line("\tsoc { ... };");
	assert_null(strstr(out.text, "uart@9000 {"));
	assert_string_equal(out.text + out.len - 4, "\n};\n");
}

static void test_dt_cuts_long_properties(void **state)
{
	char expected[400];
	int outcome;

	(void)state;
	make_tree();
	run("dt /", &outcome);
	assert_non_null(strstr(out.text, "big-bytes = [ab ab "));
	assert_non_null(strstr(out.text, " ab]; /* 745 more bytes */\n"));
	assert_non_null(strstr(out.text, "big-cells = <0xabababab 0xabababab "));
	assert_non_null(strstr(out.text, " 0xabababab>; /* 744 more bytes */\n"));
	memset(expected, 'y', 256);
	strcpy(expected + 255, "\"; /* 744 more bytes */\n"); /* and the NUL behind it */
	assert_non_null(strstr(out.text, expected));
	memset(expected, 'y', sizeof(expected));
	memcpy(expected, "\tbig-string = \"", 15);
	strcpy(expected + 15 + 256, "\"; /* 744 more bytes */\n");
	assert_non_null(strstr(out.text, expected));
}

static void test_dt_paths(void **state)
{
	static const char node[] = "uart@9000 {\n\tclock = <0x16e3600>;\n\tsub { ... };\n};\n";

	(void)state;
	REFUSED("dt", "dt: there is no device tree\n");
	make_tree();
	EXPECT("dt /soc/uart@9000", node);
	EXPECT("dt //soc/uart/", node);
	EXPECT("dt uart0", node);
	EXPECT("dt uart0/", node);
	EXPECT("dt uart0/sub", "sub {\n\tunseen { ... };\n};\n");
	EXPECT("dt /soc/uart@9000/sub/unseen", "unseen {\n};\n");
}

/* Aliases that lead nowhere, to themselves or in a circle, or that are no strings. */
static void test_dt_refuses_wrong_paths(void **state)
{
	static const char *const paths[] = {"/none", "none", "/soc/uart@9001", "/soc/x/uart@9000",
					    "self",  "ping", "pong/x",         "lost",
					    "rel",   "open", "empty",          "uart0/none",
					    "uart"};
	char line[50], expected[120];

	(void)state;
	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(line, sizeof(line), "dt %s", paths[i]);
		snprintf(expected, sizeof(expected),
			 "dt: there is no node \"%s\": a path from / on or an alias was expected\n",
			 paths[i]);
		expect_(line, -1, expected, __LINE__);
	}
	REFUSED("dt ''", "dt: there is no node \"\": a path from / on or an alias was expected\n");
	fdt_create_empty_tree(tree, sizeof(tree));
	REFUSED("dt uart0",
		"dt: there is no node \"uart0\": a path from / on or an alias was expected\n");
	EXPECT("dt", "/ {\n};\n");
}

/* The store. */

static void test_put_get_del(void **state)
{
	(void)state;
	EXPECT("put k v", "put: k, 1 byte\n");
	EXPECT("get k", "v\n");
	EXPECT("put k 'a longer value'", "put: k, 14 bytes\n");
	EXPECT("get k", "a longer value\n");
	EXPECT("put k ''; get k", "put: k, 0 bytes\n\n");
	EXPECT("del k", "del: k\n");
	REFUSED("get k", "get: no such key: k\n");
	REFUSED("del k", "del: no such key: k\n");
	EXPECT("put -- -x; get --", "put: --, 2 bytes\n-x\n");
	REFUSED("put '' v", "put: the key has 0 bytes: 1 to 65535 were expected\n");
	REFUSED("get ''", "get: the key has 0 bytes: 1 to 65535 were expected\n");
	REFUSED("del ''", "del: the key has 0 bytes: 1 to 65535 were expected\n");
}

static void test_bytes_are_shown_safely(void **state)
{
	static const char all[] = "\0\x1b[2J\\\xff\x7f~ \n";

	(void)state;
	assert_int_equal(store_put(&store, "k\n\0", 3, all, sizeof(all) - 1, NULL, 0, STORE_NEVER),
			 0);
	assert_int_equal(store_put(&store, "v", 1, all, sizeof(all) - 1, NULL, 0, STORE_NEVER), 0);
	EXPECT("get v", "\\x00\\x1b[2J\\\\\\xff\\x7f~ \\x0a\n");
	EXPECT("ls k", "k\\x0a\\x00  11 bytes\n1 entry, 11 bytes\n");
	EXPECT("put '\xc3\xbc' '\xc3\xbc'", "put: \\xc3\\xbc, 2 bytes\n");
	EXPECT("get \xc3\xbc", "\\xc3\\xbc\n");
	EXPECT("del \xc3\xbc", "del: \\xc3\\xbc\n");
}

/* Every byte that a value can have, at every place in the buffer that escapes go through. */
static void test_escapes_are_whole(void **state)
{
	char expected[1200], value[260];
	size_t n = 0;

	(void)state;
	for (size_t start = 0; start < 70; start++) {
		memset(value, 'a', start);
		n = (size_t)sprintf(expected, "%.*s", (int)start, value);
		for (int i = 0; i < 190; i++) {
			value[start + (size_t)i] = (char)i;
			if (i < ' ' || i > '~')
				n += (size_t)sprintf(expected + n, "\\x%02x", i);
			else
				n += (size_t)sprintf(expected + n, i == '\\' ? "\\\\" : "%c", i);
		}
		strcpy(expected + n, "\n");
		assert_int_equal(store_put(&store, "v", 1, value, (uint32_t)start + 190, NULL, 0,
					   STORE_NEVER),
				 0);
		EXPECT("get v", expected);
	}
}

static void test_ttl(void **state)
{
	(void)state;
	EXPECT("put k v 10", "put: k, 1 byte\n");
	EXPECT("ls", "k  1 byte  expires in 10 s\n1 entry, 1 byte\n");
	clock_ms += 1;
	EXPECT("ls", "k  1 byte  expires in 10 s\n1 entry, 1 byte\n");
	clock_ms += 8999;
	EXPECT("ls", "k  1 byte  expires in 1 s\n1 entry, 1 byte\n");
	EXPECT("get k", "v\n");
	clock_ms += 1001;
	REFUSED("get k", "get: no such key: k\n");
	EXPECT("ls", "0 entries, 0 bytes\n");
	EXPECT("put k w; get k", "put: k, 1 byte\nw\n");
	clock_ms = INT64_MAX;
	EXPECT("get k", "w\n");
}

static void test_ttl_range(void **state)
{
	struct store_view view;

	(void)state;
	clock_ms = 1999;
	REFUSED("put k v 0",
		"SECONDS is \"0\": a number from 1 to 9223372036854773 was expected\n");
	REFUSED("put k v 9223372036854774", "SECONDS is \"9223372036854774\": a number from 1 to "
					    "9223372036854773 was expected\n");
	REFUSED("put k v -1",
		"SECONDS is \"-1\": a number was expected, decimal, 0x and hexadecimal or "
		"0 and octal\n");
	REFUSED("get k", "get: no such key: k\n");
	EXPECT("put k v 9223372036854773", "put: k, 1 byte\n");
	assert_int_equal(store_get(&store, "k", 1, &view), 0);
	assert_int_equal(view.expiry, 1999 + 9223372036854773 * 1000);
	env.now = NULL;
	REFUSED("put k v 1", "put: there is no clock that could end SECONDS\n");
}

static void test_ls(void **state)
{
	(void)state;
	EXPECT("ls", "0 entries, 0 bytes\n");
	EXPECT("put net.ip 10.0.0.1; put net.gw 10.0.0.254; put name board",
	       "put: net.ip, 8 bytes\nput: net.gw, 10 bytes\nput: name, 5 bytes\n");
	EXPECT("ls", "net.ip  8 bytes\nnet.gw  10 bytes\nname  5 bytes\n3 entries, 23 bytes\n");
	EXPECT("ls net.", "net.ip  8 bytes\nnet.gw  10 bytes\n2 entries, 18 bytes\n");
	EXPECT("ls ''", "net.ip  8 bytes\nnet.gw  10 bytes\nname  5 bytes\n3 entries, 23 bytes\n");
	EXPECT("ls name", "name  5 bytes\n1 entry, 5 bytes\n");
	EXPECT("ls nameb", "0 entries, 0 bytes\n");
}

static void test_full_store(void **state)
{
	static char value[REGION_SIZE];
	struct store_stats stats;
	char expected[200];

	(void)state;
	store_stat(&store, &stats);
	memset(value, 'v', sizeof(value));
	assert_int_equal(
		store_put(&store, "fill", 4, value, stats.largest - 4, NULL, 0, STORE_NEVER), 0);
	store_stat(&store, &stats);
	snprintf(expected, sizeof(expected),
		 "put: there is no room for it: key and value have 22 bytes, %u bytes are "
		 "free and %u fit now\n",
		 stats.free_bytes, stats.largest);
	REFUSED("put k 'one that does not fit'", expected);
}

static void test_stat(void **state)
{
	int outcome;

	(void)state;
	EXPECT("put k v", "put: k, 1 byte\n");
	run("stat", &outcome);
	assert_int_equal(outcome, 0);
	expect_line("region:       65536 bytes");
	expect_line("entries:      1");
	expect_line("used:         48 bytes");
	expect_line("damaged:      0 slots kept aside");
	expect_line("opened:       1 times since its format");
}

static void test_clear(void **state)
{
	(void)state;
	EXPECT("clear", "clear: 0 entries removed\n");
	EXPECT("put a 1; clear; put a 1; put b 2; clear; ls",
	       "put: a, 1 byte\nclear: 1 entry removed\nput: a, 1 byte\nput: b, 1 byte\n"
	       "clear: 2 entries removed\n0 entries, 0 bytes\n");
}

static int saved_outcome;

static int save(char *text, size_t size)
{
	snprintf(text, size, saved_outcome ? "no" : "snapshot 7");
	return saved_outcome;
}

static void test_save(void **state)
{
	(void)state;
	REFUSED("store save; put k v", "store save: this machine has no place for it\n");
	env.save = save;
	EXPECT("store save; put k v", "store save: snapshot 7\nput: k, 1 byte\n");
	saved_outcome = -EIO;
	REFUSED("store save; del k", "store save: no\n");
	env.store_closed = "it is damaged";
	REFUSED("store save",
		"store save: the store is not open: it is damaged (store format --yes "
		"starts afresh)\n");
}

static void test_format_keeps_entries(void **state)
{
	(void)state;
	EXPECT("put a 1", "put: a, 1 byte\n");
	REFUSED("store format",
		"store format: not done, 1 entry would be lost: store format --yes does "
		"it all the same\n");
	REFUSED("store format yes", STORE_USAGE);
	REFUSED("store erase", STORE_USAGE);
	REFUSED("store", STORE_USAGE);
	REFUSED("store check --yes", STORE_USAGE);
	REFUSED("store grow --yes", STORE_USAGE);
	REFUSED("store repair yes", STORE_USAGE);
	EXPECT("get a", "1\n");
	assert_int_equal(salts, 0);
	EXPECT("store format --yes", "store format: the store is open and empty\n");
	assert_int_equal(salts, 1);
	REFUSED("get a", "get: no such key: a\n");
	EXPECT("put b 2; get b", "put: b, 1 byte\n2\n");
}

static void test_format_of_an_empty_store(void **state)
{
	(void)state;
	EXPECT("store format", "store format: the store is open and empty\n");
	assert_null(env.store_closed);
}

static const char *const store_lines[] = {"put a 1", "get a", "del a", "ls", "stat", "clear"};

static void test_closed_store(void **state)
{
	char expected[200];

	(void)state;
	store_close(&store);
	memset(region, 0, sizeof(region));
	env.store_closed = "the bytes are damaged";
	for (size_t i = 0; i < ARRAY_SIZE(store_lines); i++) {
		snprintf(expected, sizeof(expected),
			 "%.*s: the store is not open: the bytes are damaged (store format starts "
			 "afresh)\n",
			 (int)strcspn(store_lines[i], " "), store_lines[i]);
		expect_(store_lines[i], -1, expected, __LINE__);
	}
	EXPECT("store format; put a 1; get a",
	       "store format: the store is open and empty\nput: a, 1 byte\n1\n");
	assert_null(env.store_closed);
}

static void test_no_region(void **state)
{
	(void)state;
	env.store_config = NULL;
	env.store_closed = "no region is given";
	REFUSED("get a", "get: the store is not open: no region is given\n");
	REFUSED("store format", "store: the store is not open: no region is given\n");
	REFUSED("store check", "store: the store is not open: no region is given\n");
	env.store_closed = NULL;
	REFUSED("ls", "ls: the store is not open: there is no region for it\n");
	env.store = NULL;
	REFUSED("store format --yes", "store: the store is not open: there is no region for it\n");
	assert_int_equal(salts, 0);
}

/* A store that is whole but could not be opened is not formatted over on a word. */
static void test_closed_store_that_is_whole(void **state)
{
	(void)state;
	EXPECT("put kept value", "put: kept, 5 bytes\n");
	store_close(&store);
	env.store_closed = "no memory is left for it";
	REFUSED("get kept",
		"get: the store is not open: no memory is left for it (store format --yes "
		"starts afresh)\n");
	REFUSED("store format", "store format: not done, there is a store that could not be "
				"opened, and its entries "
				"would be lost: store format --yes does it all the same\n");
	assert_int_equal(store_open(&store, &config), 0);
	env.store_closed = NULL;
	EXPECT("get kept", "value\n");
	store_close(&store);
	env.store_closed = "no memory is left for it";
	EXPECT("store format --yes", "store format: the store is open and empty\n");
}

/* A format that fails leaves the store closed, with the reason for whoever asks. */
static void test_format_that_fails(void **state)
{
	(void)state;
	config.media.size = 100;
	REFUSED("store format", "store format: a value is out of its range\n");
	REFUSED("ls", "ls: the store is not open: a value is out of its range (store format starts "
		      "afresh)\n");
	config.media.size = REGION_SIZE;
	EXPECT("store format --yes", "store format: the store is open and empty\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commands_in_a_line),
		TEST(test_failure_stops_the_line),
		TEST(test_wrong_quotes_run_nothing),
		TEST(test_unknown_names_are_shown_safely),
		TEST(test_word_counts),
		TEST(test_help),
		TEST(test_save),
		TEST(test_loop),
		TEST(test_version),
		TEST(test_bootargs),
		TEST(test_dmesg),
		TEST(test_dmesg_of_the_last_boot),
		TEST(test_dmesg_of_the_last_panic),
		TEST(test_crash),
		TEST(test_crash_on_another_core),
		TEST(test_boot),
		TEST(test_reset_and_poweroff),
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
		TEST(test_dt_root),
		TEST(test_dt_cuts_long_properties),
		TEST(test_dt_paths),
		TEST(test_dt_refuses_wrong_paths),
		TEST(test_put_get_del),
		TEST(test_bytes_are_shown_safely),
		TEST(test_escapes_are_whole),
		TEST(test_ttl),
		TEST(test_ttl_range),
		TEST(test_ls),
		TEST(test_full_store),
		TEST(test_stat),
		TEST(test_clear),
		TEST(test_format_keeps_entries),
		TEST(test_format_of_an_empty_store),
		TEST(test_closed_store),
		TEST(test_closed_store_that_is_whole),
		TEST(test_no_region),
		TEST(test_format_that_fails),
	};

	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
