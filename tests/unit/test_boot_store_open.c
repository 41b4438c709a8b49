/* SPDX-License-Identifier: MIT */
/* What the boot makes of the store's region, and each line that it then says: boot/store_open.c. */
#define _GNU_SOURCE /* memmem */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define CAIRN_DRIVERS_CP15_H /* these instead */

static unsigned this_core(void);
static void clean_dcache(const void *ptr, size_t len);
static void dsb(void);

#include "boot/store_open.c"

#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define REGION_SIZE 16384U

struct machine machine;

static uint8_t region[2 * REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static struct store_config config;

static struct {
	unsigned core, cleaned, barriers;
	bool alone, forgets; /* forgets: memory that keeps no format */
	const char *why;     /* no snapshot can be loaded */
	char about[64];
	const void *kept;
	uint32_t ticks;
	int64_t seconds;
} board;

static unsigned this_core(void)
{
	return board.core;
}

static void clean_dcache(const void *ptr, size_t len)
{
	assert_true((const uint8_t *)ptr >= region &&
		    (const uint8_t *)ptr + len <= region + sizeof(region));
	board.cleaned++;
}

static void dsb(void)
{
	board.barriers++;
}

void mmu_store_window(void *ctx UNUSED, bool open UNUSED)
{
}

bool cores_alone(void)
{
	return board.alone;
}

void panic_keep(const struct store_media *media, const char *about)
{
	board.kept = media->base;
	snprintf(board.about, sizeof(board.about), "%s", about);
}

int snapshots_open(struct store *s, const struct store_config *c, const char **why)
{
	*why = board.why;
	return store_open(s, c);
}

int __real_store_format(const struct store_media *media, uint32_t number);
int __wrap_store_format(const struct store_media *media, uint32_t number);

int __wrap_store_format(const struct store_media *media, uint32_t number)
{
	return board.forgets ? 0 : __real_store_format(media, number);
}

static uint32_t ticks(void)
{
	return board.ticks;
}

static int64_t seconds(void)
{
	return board.seconds;
}

static int power_on(void **state)
{
	boot_test_setup(state);
	memset(&board, 0, sizeof(board));
	memset(&machine, 0, sizeof(machine));
	memset(region, 0, sizeof(region));
	memset(&config, 0, sizeof(config));
	clock_reset();
	board.alone = true;
	boot.store_place = STORE_PLACE_DEFAULT;
	boot.store_base = (phys_addr_t)(uintptr_t)region;
	boot.store_size = REGION_SIZE;
	return 0;
}

static int power_off(void **state)
{
	store_close(&store);
	return boot_test_teardown(state);
}

static void open_store(void)
{
	store_open_region(&boot, &store, &config, "v1");
}

/* The next boot, with the same memory. */
static void boot_again(void)
{
	struct boot same = boot;

	store_close(&store);
	boot_test_again();
	boot = same;
	open_store();
}

static const char *at_region(const char *before, const char *behind)
{
	static char line[200];

	snprintf(line, sizeof(line), "store: %s" PRIpa "%s", before, boot.store_base, behind);
	return line;
}

static const char *refused_for(const char *why)
{
	char behind[160];

	snprintf(behind, sizeof(behind), "+" PRIpa ": %s", boot.store_size, why);
	return at_region("", behind);
}

static void a_new_one(void **state UNUSED)
{
	char line[64];

	open_store();
	assert_true(store.open);
	snprintf(line, sizeof(line), "new, %lu bytes free at ", (unsigned long)store.free.bytes);
	assert_line(at_region(line, ""));
	assert_lines(1);
	assert_string_equal(board.about, "v1, boot 1");
	assert_ptr_equal(board.kept, region);
	assert_true(board.cleaned && board.barriers);
	assert_null(store.share);
	assert_int_equal(config.media.place, boot.store_base);
	assert_null(config.media.window);
	assert_null(config.now);
}

static void what_a_reset_left(void **state UNUSED)
{
	char line[64];

	open_store();
	assert_int_equal(store_put(&store, "key", 3, "value", 5, NULL, 0, STORE_NEVER), 0);
	boot_again();
	snprintf(line, sizeof(line), "recovered 1 entries, %lu bytes free at ",
		 (unsigned long)store.free.bytes);
	assert_line(at_region(line, ", boot 2"));
	assert_lines(1);
	assert_string_equal(board.about, "v1, boot 2");
	assert_int_equal(store_contains(&store, "key", 3), 0);
}

/* With a clock entries expire, and with a limit they go. */
static void what_the_boot_knows(void **state UNUSED)
{
	clock_set_wall(seconds);
	boot.store_entries = 2;
	boot.store_policy = STORE_SIEVE;
	open_store();
	assert_non_null(config.now);
	assert_int_equal(store.config.max_entries, 2);
	assert_int_equal(store.config.policy, STORE_SIEVE);
}

static void no_region(void **state UNUSED)
{
	boot.store_place = STORE_PLACE_NONE;
	open_store();
	assert_false(store.open);
	assert_null(config.media.base);
	assert_null(board.kept);
	assert_quiet();
}

/* Another store was found elsewhere: this region is not touched. */
static void a_problem_that_is_known(void **state UNUSED)
{
	strcpy(boot.store_problem, "there is another one");
	open_store();
	assert_false(store.open);
	assert_ptr_equal(config.media.base, region);
	assert_null(board.kept);
	assert_quiet();
	for (size_t i = 0; i < sizeof(region); i++)
		assert_int_equal(region[i], 0);
}

static void a_snapshot_that_cannot_be_loaded(void **state UNUSED)
{
	board.why = "a snapshot in flash is of another version";
	open_store();
	assert_false(store.open);
	assert_line(refused_for("a snapshot in flash is of another version"));
	assert_line("store: it stays closed; \"store format\" starts afresh");
	assert_lines(2);
	assert_string_equal(boot.store_problem, board.why);
}

static void memory_that_forgets(void **state UNUSED)
{
	board.forgets = true;
	open_store();
	assert_false(store.open);
	assert_line(refused_for("its memory does not keep what is written there: is it RAM?"));
	assert_lines(1);
	assert_string_equal(boot.store_problem,
			    "its memory does not keep what is written there: is it RAM?");
	assert_string_equal(board.about, "v1");
}

static void a_damaged_one(void **state UNUSED)
{
	open_store();
	for (unsigned i = 0; i < 4096; i++)
		if (region[i])
			region[i] ^= 1;
	boot_again();
	assert_false(store.open);
	assert_string_equal(boot.store_problem, error_text(-EBADMSG));
	assert_line("store: it stays closed and as it is; \"store format --yes\" starts afresh");
}

/* It is all there: nobody should be told to throw it away. */
static void one_that_is_larger(void **state UNUSED)
{
	boot.store_size = 2 * REGION_SIZE;
	open_store();
	boot.store_size = REGION_SIZE;
	boot_again();
	assert_false(store.open);
	assert_string_equal(boot.store_problem, error_text(-ENOSPC));
	assert_line("store: it stays closed and as it is, for a boot with more memory or another "
		    "cairn.store=");
	assert_not_said("store format");
}

static void shared_with_others(void **state UNUSED)
{
	board.alone = false;
	open_store();
	assert_non_null(store.share);
	board.core = 3;
	assert_int_equal(store_put(&store, "key", 3, "value", 5, NULL, 0, STORE_NEVER), 0);
	assert_int_equal(sharer(NULL), 3);
	assert_lines(1);
	store_share_with_cores(&store);
	assert_said("store: not shared: ");
	assert_said(": only core 0 may use it");
}

/* What it reports is a line of the log. */
static void what_it_finds(void **state UNUSED)
{
	uint8_t *value;

	open_store();
	assert_int_equal(store_put(&store, "key", 3, "value", 5, NULL, 0, STORE_NEVER), 0);
	value = memmem(region, REGION_SIZE, "value", 5);
	assert_non_null(value);
	*value ^= 1;
	boot_again();
	assert_true(store.open);
	assert_said("\"key\"");
}

static void another_number_each_time(void **state UNUSED)
{
	uint32_t first = store_salt(), second;

	machine.ticks = ticks;
	board.ticks = 1;
	second = store_salt();
	assert_int_not_equal(first, second);
	clock_set_wall(seconds);
	board.seconds = 1700000000;
	assert_int_not_equal(store_salt(), second);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, power_on, power_off)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_one),
		TEST(what_a_reset_left),
		TEST(what_the_boot_knows),
		TEST(no_region),
		TEST(a_problem_that_is_known),
		TEST(a_snapshot_that_cannot_be_loaded),
		TEST(memory_that_forgets),
		TEST(a_damaged_one),
		TEST(one_that_is_larger),
		TEST(shared_with_others),
		TEST(what_it_finds),
		TEST(another_number_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
