/* SPDX-License-Identifier: MIT */
/* The commands on entries and on the store as a person sees them. */
#include "tests/unit/shell_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STORE_USAGE "usage: store check|repair [--yes]|grow|save|format [--yes]\n"

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

static uint32_t core; /* the one that calls */

static uint32_t self(void *ctx)
{
	(void)ctx;
	return core;
}

/* Another core has the store: what is not known of it is not taken for an empty one. */
static void test_store_in_use(void **state)
{
	static const struct store_sharing two = {.sharers = 2, .self = self, .patience_ns = 1};

	(void)state;
	EXPECT("put a 1", "put: a, 1 byte\n");
	assert_int_equal(store_share(&store, &two), 0);
	core = 1;
	assert_int_equal(store_batch_begin(&store), 0);
	core = 0;
	REFUSED("stat", "stat: it took too long\n");
	REFUSED("store format",
		"store format: not done, 1 entry would be lost: store format --yes does "
		"it all the same\n");
	EXPECT("get a", "1\n");
	core = 1;
	store_batch_abort(&store);
	core = 0;
	EXPECT("clear", "clear: 1 entry removed\n");
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
		expect_said(store_lines[i], -1, expected, __LINE__);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHELL_TEST(test_save),
		SHELL_TEST(test_put_get_del),
		SHELL_TEST(test_bytes_are_shown_safely),
		SHELL_TEST(test_escapes_are_whole),
		SHELL_TEST(test_ttl),
		SHELL_TEST(test_ttl_range),
		SHELL_TEST(test_ls),
		SHELL_TEST(test_full_store),
		SHELL_TEST(test_stat),
		SHELL_TEST(test_clear),
		SHELL_TEST(test_format_keeps_entries),
		SHELL_TEST(test_store_in_use),
		SHELL_TEST(test_format_of_an_empty_store),
		SHELL_TEST(test_closed_store),
		SHELL_TEST(test_closed_store_that_is_whole),
		SHELL_TEST(test_no_region),
		SHELL_TEST(test_format_that_fails),
	};

	return cmocka_run_group_tests_name("shell: store", tests, NULL, NULL);
}
