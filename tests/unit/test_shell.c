/* SPDX-License-Identifier: MIT */
/* The shell as such, and the commands about the board, as a person sees them. */
#include "tests/unit/shell_test.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "shell/command.h"

static const char *typed; /* for shell_loop() */
static uint32_t resets;
static char tree[256] __attribute__((aligned(8)));

static int read_typed(void *ctx)
{
	(void)ctx;
	return *typed ? (unsigned char)*typed++ : -1;
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

static int setup(void **state)
{
	int err = shell_test_setup(state);

	resets = 0;
	env.read = read_typed;
	env.reset = failing_reset;
	env.poweroff = failing_poweroff;
	return err;
}

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
			expect_said(line, -1, usage, __LINE__);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, shell_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commands_in_a_line),
		TEST(test_failure_stops_the_line),
		TEST(test_wrong_quotes_run_nothing),
		TEST(test_unknown_names_are_shown_safely),
		TEST(test_word_counts),
		TEST(test_help),
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
	};

	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
