/* SPDX-License-Identifier: MIT */
/* The load that can be checked: what it leaves is found right, and everything else is found wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/command.h"
#include "shell/shell.h"

#define UNUSED __attribute__((unused))
#define REGION_SIZE 131072U
#define SEQUENCE_KEYS 16

static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static struct store_config config = {.media = {.base = region, .size = REGION_SIZE}};
static char out[100000];
static const char *typed;

static void write_out(void *ctx UNUSED, const char *text, size_t len)
{
	size_t used = strlen(out);

	assert_true(used + len < sizeof(out));
	memcpy(out + used, text, len);
	out[used + len] = '\0';
}

/* No key, one for each blank, then those that are there. */
static int next_key(void *ctx UNUSED)
{
	if (!typed || !*typed)
		return -EAGAIN;
	return *typed == ' ' ? (typed++, -EAGAIN) : (unsigned char)*typed++;
}

static struct shell_env env = {
	.write = write_out, .typed = next_key, .store = &store, .store_config = &config};

static int new_store(void **state UNUSED)
{
	store_close(&store);
	config.media.size = REGION_SIZE;
	env.store_closed = NULL;
	typed = NULL;
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, 7), 0);
	return store_open(&store, &config);
}

static const char *run(const char *line, int outcome)
{
	out[0] = '\0';
	assert_int_equal(shell_run(&env, line), outcome);
	return out;
}

static unsigned reached(void)
{
	unsigned number;
	int end = 0;

	assert_int_equal(sscanf(run("stress check", 0),
				"stress: verified up to %u, nothing missing\n%n", &number, &end),
			 1);
	assert_int_equal(out[end], '\0');
	return number;
}

static void each_step_is_a_number(void **state UNUSED)
{
	assert_string_equal(run("stress 3", 0),
			    "stress: verified up to 0, nothing missing\n1\n2\n3\n");
	/* Number 4 deletes what is not there, so that nobody can tell whether it was done. */
	assert_string_equal(run("stress 1", 0), "stress: verified up to 4, nothing missing\n5\n");
	assert_string_equal(run("stress check", 0), "stress: verified up to 5, nothing missing\n");
	assert_string_equal(run("stress x", -1), "N is \"x\": a number was expected, decimal, 0x "
						 "and hexadecimal or 0 and octal\n");
	assert_string_equal(run("stress 0", -1), "N is \"0\": a number from 1 to "
						 "18446744073709551615 was expected\n");
	assert_string_equal(run("stress 1 2", -1), "usage: stress [N|check]\n");
}

static void a_key_ends_it(void **state UNUSED)
{
	typed = "  q";
	assert_string_equal(run("stress", 0), "stress: verified up to 0, nothing missing\n1\n2\n");
	typed = "\n \x03"; /* the line that started it ended in two bytes */
	assert_string_equal(run("stress", 0), "stress: verified up to 2, nothing missing\n3\n4\n");
	assert_int_equal(*typed, '\0');
}

/* After each step, reopened: what was done is found. A delete of what is not there leaves no trace,
 * and counts as done. */
static void each_end_is_found(void **state UNUSED)
{
	unsigned before = 0;

	for (unsigned n = 1; n <= 1000; n++) {
		uint32_t entries = store_size(&store);

		if (before < n)
			run("stress 1", 0);
		before = reached();
		if (before != n) {
			assert_int_equal(before, n + 1);
			assert_int_equal(before % 4, 0);
		}
		store_close(&store);
		assert_int_equal(store_open(&store, &config), 0);
		assert_int_equal(reached(), before);
		assert_true(store_size(&store) + 1 >= entries && store_size(&store) <= entries + 1);
	}
	assert_in_range(store_size(&store), 10, SEQUENCE_KEYS);
}

static void stress_key(char key[16], unsigned i)
{
	snprintf(key, 16, "stress/%02u", i);
}

/* Each entry in turn is removed, or becomes another: that is found, and no step is done. Only the
 * state of one step before or after is as good as the right one. */
static void each_difference_is_found(void **state UNUSED)
{
	char line[128], key[16];
	unsigned same = 0;

	for (unsigned steps = 40; steps < 60; steps++) {
		for (unsigned i = 0; i < SEQUENCE_KEYS; i++) {
			new_store(NULL);
			snprintf(line, sizeof(line), "stress %u", steps);
			run(line, 0);
			stress_key(key, i);
			if (store_delete(&store, key, (uint32_t)strlen(key))) {
				snprintf(line, sizeof(line), "put %s '7 x'", key);
				run(line, 0);
			}
			out[0] = '\0';
			if (!shell_run(&env, "stress check")) {
				same++;
				continue;
			}
			assert_ptr_equal(strstr(out, "stress: stress/"), out);
			assert_non_null(strstr(out, "; it starts again when nothing is left"));
			run("stress", -1);
		}
	}
	assert_in_range(same, 1, 40); /* the last put is gone, or the next step's delete is done */
}

static void each_changed_value_is_found(void **state UNUSED)
{
	run("stress 200", 0);
	for (unsigned i = 0; i < SEQUENCE_KEYS; i++) {
		char key[16], value[4200];
		uint32_t len;

		stress_key(key, i);
		if (store_read(&store, key, (uint32_t)strlen(key), value, sizeof(value), &len))
			continue;
		for (uint32_t cut = 0; cut < 2; cut++) {
			value[len - 1] ^= 1;
			store_put(&store, key, (uint32_t)strlen(key), value, len - cut, NULL, 0,
				  STORE_NEVER);
			assert_non_null(strstr(run("stress check", -1), key));
			assert_non_null(strstr(out, "it holds something else\n"));
			value[len - 1] ^= 1;
		}
		store_put(&store, key, (uint32_t)strlen(key), value, len, NULL, 0, STORE_NEVER);
		reached();
	}
}

static void entries_of_others(void **state UNUSED)
{
	run("stress 10; put stress/16 '5 x'; put stress/ x; put stress/001 x; put 'stress/\x1b' x",
	    0);
	assert_non_null(strstr(run("stress", -1), "stress: stress/16 is not of this sequence\n"));
	assert_non_null(strstr(out, "stress: stress/ is not of this sequence\n"));
	assert_non_null(strstr(out, "stress: stress/001 is not of this sequence\n"));
	assert_non_null(strstr(out, "stress: stress/\\x1b is not of this sequence\n"));
	assert_non_null(strstr(out, "stress: verified up to 10, 4 entries are wrong"));
	run("clear; put stresses x; put other y", 0);
	assert_int_equal(reached(), 0);
}

/* In a key of the sequence: an entry that is wrong, once, and no number that others are judged by.
 */
static void values_without_a_number(void **state UNUSED)
{
	static const char *const values[] = {"nothing", "''", "99999999999999999999",
					     "18446744073709551615", "18446744073709551615x"};
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(line, sizeof(line), "put stress/03 %s", values[i]);
		run(line, 0);
		assert_string_equal(run("stress check", -1),
				    "stress: stress/03 should be gone since number 0: it holds "
				    "something else\n"
				    "stress: verified up to 0, 1 entry is wrong; it starts again "
				    "when nothing is left under stress/\n");
	}
}

/* A step that fails is not acknowledged, and the next run takes it again. */
static void a_store_that_is_full(void **state UNUSED)
{
	const char *last;
	unsigned done;

	store_close(&store);
	config.media.size = 12288;
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, 7), 0);
	assert_int_equal(store_open(&store, &config), 0);
	last = strstr(run("stress", -1), "stress: number ");
	assert_non_null(last);
	assert_int_equal(sscanf(last, "stress: number %u: there is no room for it\n", &done), 1);
	assert_int_equal(reached(), done - 1);
	run("stress", -1);
	assert_int_equal(reached(), done - 1);
}

static void a_store_that_is_closed(void **state UNUSED)
{
	env.store_closed = "for a test";
	assert_string_equal(run("stress", -1), "stress: the store is not open: for a test (store "
					       "format --yes starts afresh)\n");
	run("stress check", -1);
}

#define STRESS_TEST(test) cmocka_unit_test_setup(test, new_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STRESS_TEST(each_step_is_a_number),       STRESS_TEST(a_key_ends_it),
		STRESS_TEST(each_end_is_found),           STRESS_TEST(each_difference_is_found),
		STRESS_TEST(each_changed_value_is_found), STRESS_TEST(entries_of_others),
		STRESS_TEST(values_without_a_number),     STRESS_TEST(a_store_that_is_full),
		STRESS_TEST(a_store_that_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
