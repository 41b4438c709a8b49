/* SPDX-License-Identifier: MIT */
/* The command dt: how properties are shown, which paths there are. */
#include "tests/unit/shell_test.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static char tree[16384] __attribute__((aligned(8)));

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
		expect_said(line, -1, expected, __LINE__);
	}
	REFUSED("dt ''", "dt: there is no node \"\": a path from / on or an alias was expected\n");
	fdt_create_empty_tree(tree, sizeof(tree));
	REFUSED("dt uart0",
		"dt: there is no node \"uart0\": a path from / on or an alias was expected\n");
	EXPECT("dt", "/ {\n};\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHELL_TEST(test_dt_root),
		SHELL_TEST(test_dt_cuts_long_properties),
		SHELL_TEST(test_dt_paths),
		SHELL_TEST(test_dt_refuses_wrong_paths),
	};

	return cmocka_run_group_tests_name("shell: dt", tests, NULL, NULL);
}
