/* SPDX-License-Identifier: MIT */
/* A shell with an open store, and what it prints. */
#ifndef CAIRN_TESTS_UNIT_SHELL_TEST_H
#define CAIRN_TESTS_UNIT_SHELL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/log.h"
#include "mm/memblock.h"
#include "mm/task.h"
#include "shell/shell.h"
#include "store/store.h"

#define REGION_SIZE 65536U

/** What was printed since the last run(). */
static struct {
	char text[200000];
	size_t len;
} out;

static struct shell_env env;
static struct store store;
static struct store_config config; /**< of `region` */
static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static int64_t clock_ms; /**< what the shell and the store take the time to be */
static uint32_t salts;   /**< how many were asked for */

/** Adds to `out`: for shell_env and for the log's console. */
static inline void write_out(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_true(out.len + len < sizeof(out.text));
	memcpy(out.text + out.len, text, len);
	out.len += len;
	out.text[out.len] = '\0';
}

static inline int64_t get_clock(void *ctx)
{
	(void)ctx;
	return clock_ms;
}

static inline uint32_t next_salt(void)
{
	return ++salts;
}

static inline uint32_t core0(void)
{
	return 0;
}

static inline void reset_list(struct memblock_type *type)
{
	memset(type->regions, 0, type->max * sizeof(type->regions[0]));
	type->cnt = 1;
	type->total_size = 0;
}

/** Empty lists and log, nothing printed; `env` with an empty store, open. */
static inline int shell_test_setup(void **state)
{
	static const struct task_env tasks = {.self = core0, .patience_ns = 1000};

	(void)state;
	memset(&out, 0, sizeof(out));
	clock_ms = 1000000;
	salts = 0;
	config = (struct store_config){.media = {.base = region, .size = REGION_SIZE},
				       .now = get_clock};
	env = (struct shell_env){.write = write_out,
				 .version = "Cairn 1.2",
				 .model = "Test board",
				 .bootargs = "console=ttyAMA0 mem=64M",
				 .fdt_source = "from the loader",
				 .store = &store,
				 .store_config = &config,
				 .salt = next_salt,
				 .now = get_clock};
	reset_list(&memblock.memory);
	reset_list(&memblock.reserved);
	tasks_start(&tasks);
	log_reset();
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, 7), 0);
	return store_open(&store, &config);
}

/** Closes the store. */
static inline int shell_test_teardown(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

/** What LINE prints; *OUTCOME is what shell_run() returned. */
static inline const char *run(const char *line, int *outcome)
{
	out.len = 0;
	out.text[0] = '\0';
	*outcome = shell_run(&env, line);
	return out.text;
}

/** Fails unless LINE prints what is EXPECTED, with that OUTCOME; AT is the line of the test. */
static inline void expect_said(const char *line, int outcome, const char *expected, int at)
{
	int returned;
	const char *text = run(line, &returned);

	if (strcmp(text, expected) || returned != outcome)
		fail_msg("line %d: %s: returned %d and <%s>, not %d and <%s>", at, line, returned,
			 text, outcome, expected);
}

/** Fails unless LINE is a line of what was printed. */
static inline void expect_line(const char *line)
{
	const char *at = strstr(out.text, line);

	if (!at || (at > out.text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line <%s> in <%s>", line, out.text);
}

/** Fails unless LINE prints what is EXPECTED, and comes out well, or is refused. */
#define EXPECT(line, expected) expect_said(line, 0, expected, __LINE__)
#define REFUSED(line, expected) expect_said(line, -1, expected, __LINE__)

/** A test between setup and teardown. */
#define SHELL_TEST(name) \
	cmocka_unit_test_setup_teardown(name, shell_test_setup, shell_test_teardown)

#endif
