/* SPDX-License-Identifier: MIT */
/* When the store saves itself, what a save has seen, and how old a snapshot is said to be. */
#include "boot/snapshots.c"
#include "tests/unit/snapshot_test.h"

#define EVERY 10U /* seconds */
#define NOW 1800000000

static int64_t wall_now;
static unsigned saves;
static const char *put_behind; /* key of an entry that another core puts as soon as it may */

int __real_snapshot_save(struct snapshots *s, struct store *from, int64_t now,
			 struct snapshot *made);
int __wrap_snapshot_save(struct snapshots *s, struct store *from, int64_t now,
			 struct snapshot *made);

int __wrap_snapshot_save(struct snapshots *s, struct store *from, int64_t now,
			 struct snapshot *made)
{
	int err = __real_snapshot_save(s, from, now, made);

	saves++;
	if (put_behind)
		put(put_behind, "put by another core");
	return err;
}

static bool loses_bits; /* the flash, as soon as they were read back */

int __real_flash_write(struct flash *f, uint32_t off, const void *data, uint32_t len);
int __wrap_flash_write(struct flash *f, uint32_t off, const void *data, uint32_t len);

int __wrap_flash_write(struct flash *f, uint32_t off, const void *data, uint32_t len)
{
	int err = __real_flash_write(f, off, data, len);

	if (loses_bits)
		sim_set_byte(off, (uint8_t)~sim_byte(off));
	return err;
}

bool last_boot_was_power_off(void)
{
	return true;
}

static int64_t wall(void)
{
	return wall_now;
}

static int setup(void **state)
{
	new_store(state);
	machine.flash = &chips.flash;
	wall_now = NOW;
	clock_set_wall(wall);
	saves = 0;
	put_behind = NULL;
	loses_bits = false;
	autosave.saved = false;
	snapshots_start(&store, EVERY);
	return 0;
}

/* Lets the time for a save come; how many there were. */
static unsigned wait_for_saves(void)
{
	unsigned before = saves;

	snapshots_idle();
	assert_int_equal(saves, before);
	sim.ns += EVERY * NS_PER_S;
	snapshots_idle();
	return saves - before;
}

static void only_what_changed(void **state UNUSED)
{
	assert_int_equal(wait_for_saves(), 1);
	assert_int_equal(wait_for_saves(), 0);
	put("third", "value 3");
	assert_int_equal(wait_for_saves(), 1);
	assert_int_equal(wait_for_saves(), 0);
	store_close(&store);
	assert_int_equal(wait_for_saves(), 0);
}

/* What is written right behind a save is not in it, so the next one is due. */
static void written_behind_a_save(void **state UNUSED)
{
	put_behind = "late";
	assert_int_equal(wait_for_saves(), 1);
	put_behind = NULL;
	assert_int_equal(wait_for_saves(), 1);
	assert_int_equal(wait_for_saves(), 0);
	load_saved_at(2, NOW * 1000LL);
	assert_int_equal(store_contains(&store, "late", 4), 0);
}

/* A save is one only if the snapshot counts; else it is tried again. */
static void lost_bits(void **state UNUSED)
{
	char text[128];

	loses_bits = true;
	assert_int_equal(snapshots_save(text, sizeof(text)), -EIO);
	assert_string_equal(text, "store-a does not hold what was written");
	assert_int_equal(wait_for_saves(), 1);
	loses_bits = false;
	assert_int_equal(wait_for_saves(), 1);
	assert_int_equal(wait_for_saves(), 0);
	load_saved_at(1, NOW * 1000LL);
}

static void ages(void **state UNUSED)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{-1, "of unknown age"},    {0, "0 seconds old"},     {1, "1 second old"},
		     {2, "2 seconds old"},      {119, "119 seconds old"}, {120, "2 minutes old"},
		     {7199, "119 minutes old"}, {7200, "2 hours old"},    {172800, "2 days old"}};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		age_text(text, sizeof(text), (NOW - cases[i].seconds) * 1000);
		assert_string_equal(text, cases[i].text);
	}
	age_text(text, sizeof(text), 0);
	assert_string_equal(text, "of unknown age");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_changed),
		TEST(written_behind_a_save),
		TEST(lost_bits),
		TEST(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
