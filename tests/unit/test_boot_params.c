/* SPDX-License-Identifier: MIT */
/* Each parameter of the command line but those about memory: what it sets, and what is said of a
 * value that is none. */
#include "boot/find_memory.h"
#include "boot/params.h"
#include "mm/memblock_dump.h"
#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))

/* Takes CMDLINE in both passes, as main() does. */
static void take(const char *cmdline)
{
	boot_test_again();
	snprintf(boot.cmdline, sizeof(boot.cmdline), "%s", cmdline);
	params_early(&boot);
	params_memory(&boot);
}

static void semihosting(void **state UNUSED)
{
	static const struct {
		const char *cmdline;
		bool exits, line;
	} cases[] = {{"", false, false},
		     {"cairn.semihosting", true, false},
		     {"cairn.semihosting=1", true, false},
		     {"cairn.semihosting=0", false, false},
		     {"cairn.semihosting=1 cairn.semihosting=0", false, false},
		     {"cairn.semihosting=yes", false, true}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		take(cases[i].cmdline);
		assert_int_equal(boot.exit_on_panic, cases[i].exits);
		assert_lines(cases[i].line);
	}
	assert_line("cairn.semihosting=yes: expected 0 or 1: 0");
}

/* The last one that can be used counts. */
static void panics(void **state UNUSED)
{
	take("cairn.panic=reset");
	assert_true(boot.reset_on_panic && !boot.halt_on_panic);
	take("cairn.panic=reset cairn.panic=halt");
	assert_true(!boot.reset_on_panic && boot.halt_on_panic);
	assert_quiet();
	take("cairn.panic=halt cairn.panic=off cairn.panic");
	assert_true(!boot.reset_on_panic && boot.halt_on_panic);
	assert_line("cairn.panic=off: expected reset or halt: ignored");
	assert_line("cairn.panic=: expected reset or halt: ignored");
	take("");
	assert_false(boot.reset_on_panic || boot.halt_on_panic);
}

static void the_trace(void **state UNUSED)
{
	take("memblock=off memblock");
	assert_false(memblock_trace_enabled());
	assert_line("memblock=off: expected debug: ignored");
	assert_line("memblock=: expected debug: ignored");
	take("memblock=nodebug"); /* which Linux takes for it, too */
	assert_true(memblock_trace_enabled());
	assert_quiet();
}

static void commands(void **state UNUSED)
{
	char text[BOOT_INIT_MAX + 16], long_one[BOOT_INIT_MAX + 40];

	take("cairn.init=\"ls; get note\"");
	assert_string_equal(boot.init, "ls; get note");
	memset(text, 'x', sizeof(text));
	text[BOOT_INIT_MAX - 1] = '\0';
	snprintf(long_one, sizeof(long_one), "cairn.init=%s", text);
	take(long_one);
	assert_string_equal(boot.init, text);
	assert_quiet();
	strcat(long_one, "x");
	take(long_one);
	assert_string_equal(boot.init, "");
	assert_line("cairn.init=: expected commands, in quotes, at most 511 characters: ignored");
	take("cairn.init");
	assert_line("cairn.init=: expected commands, in quotes, at most 511 characters: ignored");
}

static void cores(void **state UNUSED)
{
	static const char *const bad[] = {"0", "5", "two", "2x", "", "18446744073709551617"};
	char cmdline[64], line[128];

	take("cairn.cores=1");
	assert_int_equal(boot.cores_max, 1);
	take("cairn.cores=4");
	assert_int_equal(boot.cores_max, 4);
	assert_quiet();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(cmdline, sizeof(cmdline), "cairn.cores=%s", bad[i]);
		take(cmdline);
		assert_int_equal(boot.cores_max, 0);
		snprintf(line, sizeof(line), "%s: expected a number from 1 to 4: ignored", cmdline);
		assert_line(line);
	}
	take("cairn.cores");
	assert_line("cairn.cores=: expected a number from 1 to 4: ignored");
}

static void seconds(void **state UNUSED)
{
	take("");
	assert_int_equal(boot.payload_delay, 3);
	assert_int_equal(boot.autosave, 0);
	take("cairn.bootdelay=0 cairn.autosave=10000000");
	assert_int_equal(boot.payload_delay, 0);
	assert_int_equal(boot.autosave, 10000000);
	take("cairn.bootdelay=3600 cairn.autosave=0");
	assert_int_equal(boot.payload_delay, 3600);
	assert_quiet();
	take("cairn.bootdelay=3601 cairn.autosave=10000001 cairn.bootdelay cairn.autosave=1m "
	     "cairn.bootdelay=soon");
	assert_int_equal(boot.payload_delay, 3);
	assert_int_equal(boot.autosave, 0);
	assert_line("cairn.bootdelay=3601: expected seconds from 0 to 3600: ignored");
	assert_line("cairn.bootdelay=: expected seconds from 0 to 3600: ignored");
	assert_line("cairn.bootdelay=soon: expected seconds from 0 to 3600: ignored");
	assert_line("cairn.autosave=10000001: expected seconds from 0 to 10000000: ignored");
	assert_line("cairn.autosave=1m: expected seconds from 0 to 10000000: ignored");
}

static void payloads(void **state UNUSED)
{
	take("");
	assert_int_equal(boot.payload.kind, PAYLOAD_NONE);
	take("cairn.boot=flash");
	assert_int_equal(boot.payload.kind, PAYLOAD_FLASH);
	take("cairn.boot=0x61000000");
	assert_int_equal(boot.payload.kind, PAYLOAD_AT);
	assert_int_equal(boot.payload.at, 0x61000000);
	assert_quiet();
	take("cairn.boot=here cairn.boot cairn.boot=0x61000000,4 cairn.boot=flashy");
	assert_int_equal(boot.payload.kind, PAYLOAD_NONE);
	assert_line("cairn.boot=here: expected an address, or flash: ignored");
	assert_line("cairn.boot=: expected an address, or flash: ignored");
	assert_line("cairn.boot=0x61000000,4: expected an address, or flash: ignored");
	assert_line("cairn.boot=flashy: expected an address, or flash: ignored");
	take("cairn.boot=0x100000000"); /* beyond what 32 bits can reach */
	assert_int_equal(boot.payload.kind, WIDE ? PAYLOAD_AT : PAYLOAD_NONE);
}

/* The question mark is what the tree in flash has before a selector puts a letter there. */
static void images(void **state UNUSED)
{
	take("cairn.image=B cairn.confirm=manual");
	assert_int_equal(boot.image, 'B');
	assert_true(boot.confirm_manually);
	take("cairn.image=A cairn.image=?");
	assert_int_equal(boot.image, 'A');
	assert_false(boot.confirm_manually);
	assert_quiet();
	take("cairn.image=C cairn.image cairn.image=AB cairn.confirm cairn.confirm=auto");
	assert_int_equal(boot.image, 0);
	assert_false(boot.confirm_manually);
	assert_line("cairn.image=C: expected A or B: ignored");
	assert_line("cairn.image=: expected A or B: ignored");
	assert_line("cairn.image=AB: expected A or B: ignored");
	assert_line("cairn.confirm=: expected manual: ignored");
	assert_line("cairn.confirm=auto: expected manual: ignored");
}

/* Others' parameters are for Linux; one with our prefix is a mistake. */
static void unknown_ones(void **state UNUSED)
{
	take("root=/dev/sda1 cairn.cairn=1 cairnx=2 console=ttyAMA0 cairn.semi=1");
	assert_line("command line: cairn.cairn is no parameter of this image: ignored");
	assert_line("command line: cairn.semi is no parameter of this image: ignored");
	assert_lines(2);
}

/* All steps that find memory, in their order: the tree's node, what lies in it, mem= over it. */
static void memory_is_found(void **state UNUSED)
{
	MEMORY("/memory", 0x60000000, 0x10000000);
	tree_memreserve(0x62000000, 0x1000);
	boot.image_base = LOAD;
	boot.image_size = 0x100000;
	boot.fdt = tree_done();
	snprintf(boot.cmdline, sizeof(boot.cmdline), "mem=128M cairn.cores=2 initrd=0x63000000,4K");
	find_memory(&boot, LOAD);
	assert_memory({0x60000000, 0x68000000, 0});
	assert_reserved({LOAD, LOAD + 0x100000, 0}, {0x62000000, 0x62001000, 0},
			{0x63000000, 0x63001000, 0});
	assert_int_equal(boot.cores_max, 2);
	assert_not_said("no memory");
}

static void no_memory_is_found(void **state UNUSED)
{
	boot.image_base = LOAD;
	boot.image_size = 0x100000;
	boot.fdt = tree_done();
	find_memory(&boot, LOAD);
	assert_no_memory();
	assert_line("no memory: no node of the device tree and no mem= gives any: there is no heap "
		    "and no store");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(semihosting),
		BOOT_TEST(panics),
		BOOT_TEST(the_trace),
		BOOT_TEST(commands),
		BOOT_TEST(cores),
		BOOT_TEST(seconds),
		BOOT_TEST(payloads),
		BOOT_TEST(images),
		BOOT_TEST(unknown_ones),
		BOOT_TEST(memory_is_found),
		BOOT_TEST(no_memory_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
