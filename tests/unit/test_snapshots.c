/* SPDX-License-Identifier: MIT */
/* When the store saves itself, what a save has seen, and how old a snapshot is said to be. */
#include "boot/snapshots.c"
#include "lib/be.h"
#include "store/probe.h"
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

static bool power_was_off;

bool last_boot_was_power_off(void)
{
	return power_was_off;
}

static int64_t wall(void)
{
	return wall_now;
}

static char said[1000];

static void note_lines(void *ctx UNUSED, const char *text, size_t len)
{
	assert_true(strlen(said) + len < sizeof(said));
	strncat(said, text, len);
}

static int setup(void **state)
{
	new_store(state);
	machine.flash = &chips.flash;
	power_was_off = true;
	log_reset();
	said[0] = '\0';
	log_set_console(note_lines, NULL);
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

/* As the next boot does. */
static int open_again(const char **why)
{
	store_close(&store);
	said[0] = '\0';
	return snapshots_open(&store, &config, why);
}

static void what_the_power_took(void **state UNUSED)
{
	const char *why = "";

	assert_int_equal(wait_for_saves(), 1);
	put("third", "written behind the save");
	wall_now += 300;
	fill_with_noise(1);
	assert_int_equal(open_again(&why), 0);
	assert_null(why);
	assert_non_null(strstr(said, "store: snapshot 1 loaded from store-a, 5 minutes old\n"));
	assert_int_equal(store_contains(&store, "second", 6), 0);
	assert_int_equal(store_contains(&store, "third", 5), -ENOENT);
}

/* A store that is there is newer than any snapshot of it. */
static void a_store_that_is_there(void **state UNUSED)
{
	const char *why = "";

	assert_int_equal(wait_for_saves(), 1);
	put("third", "written behind the save");
	assert_int_equal(open_again(&why), 0);
	assert_null(why);
	assert_string_equal(said, "");
	assert_int_equal(store_contains(&store, "third", 5), 0);
}

/* Makes both superblocks ones that do not check. */
static void damage_superblocks(void)
{
	for (unsigned i = 0; i < 4096; i++)
		if (region[i])
			region[i] ^= 1;
	memcpy(region + 4096, "FCS1", 4);
	assert_int_equal(store_probe(&config.media), STORE_DAMAGED);
}

/* Damage is what the loss of power leaves of RAM; after a warm reset it is news, and somebody may
 * want what is there. */
static void a_damaged_store(void **state UNUSED)
{
	const char *why = "";

	assert_int_equal(wait_for_saves(), 1);
	power_was_off = false;
	damage_superblocks();
	assert_int_equal(open_again(&why), -EBADMSG);
	assert_null(why);
	power_was_off = true;
	assert_int_equal(open_again(&why), 0);
	assert_non_null(strstr(said, "store: snapshot 1 loaded from store-a, 0 seconds old\n"));
}

static void nothing_to_load(void **state UNUSED)
{
	const char *why = "";

	memset(region, 0, sizeof(region));
	assert_int_equal(open_again(&why), -ENODATA);
	assert_null(why);
	machine.flash = NULL;
	assert_int_equal(open_again(&why), -ENODATA);
	assert_null(why);
	assert_string_equal(said, "");
}

static void a_damaged_snapshot(void **state UNUSED)
{
	const char *why = "";

	assert_int_equal(wait_for_saves(), 1);
	put("third", "value 3");
	assert_int_equal(wait_for_saves(), 1);
	sim_set_byte(SLOT_B + DATA + 5, (uint8_t)~sim_byte(SLOT_B + DATA + 5));
	memset(region, 0, sizeof(region));
	assert_int_equal(open_again(&why), 0);
	assert_null(why);
	assert_non_null(strstr(said, "store: the snapshot in store-b is damaged: not loaded\n"));
	assert_non_null(strstr(said, "store: snapshot 1 loaded from store-a"));
	assert_int_equal(store_contains(&store, "third", 5), -ENOENT);
}

/* The region has become too small for it: the store stays closed, and the snapshot where it is. */
static void a_snapshot_that_does_not_fit(void **state UNUSED)
{
	const char *why = NULL;

	store_close(&store);
	config.media.size = LARGE;
	assert_int_equal(store_format(&config.media, 1), 0);
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(wait_for_saves(), 1);
	config.media.size = REGION;
	memset(region, 0, sizeof(region));
	assert_true(open_again(&why) < 0);
	assert_ptr_equal(why, chips.flash.problem);
	assert_int_equal(store_size(&store), 0);
}

static void a_snapshot_of_another_version(void **state UNUSED)
{
	const char *why = NULL;
	uint8_t header[64];

	assert_int_equal(wait_for_saves(), 1);
	for (uint32_t i = 0; i < sizeof(header); i++)
		header[i] = sim_byte(SLOT_A + i);
	be32_store(header + 4, 2);
	be32_store(header + 60, crc32c(0, header, 60));
	for (uint32_t i = 0; i < sizeof(header); i++)
		sim_set_byte(SLOT_A + i, header[i]);
	memset(region, 0, sizeof(region));
	assert_true(open_again(&why) < 0);
	assert_string_equal(why, "a snapshot in flash is of another version");
}

static void no_place_to_save(void **state UNUSED)
{
	char text[128];

	chips.flash.partition_count = 1;
	assert_int_equal(snapshots_save(text, sizeof(text)), -ENODEV);
	assert_string_equal(text, "expected partitions store-a and store-b in flash");
	assert_int_equal(wait_for_saves(), 0);
	assert_non_null(strstr(
		said, "store: not saved: expected partitions store-a and store-b in flash\n"));
	assert_int_equal(saves, 0);
}

static void no_saves_by_itself(void **state UNUSED)
{
	snapshots_start(&store, 0);
	assert_int_equal(wait_for_saves(), 0);
	assert_int_equal(wait_for_saves(), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_changed),
		TEST(written_behind_a_save),
		TEST(lost_bits),
		TEST(ages),
		TEST(what_the_power_took),
		TEST(a_store_that_is_there),
		TEST(a_damaged_store),
		TEST(nothing_to_load),
		TEST(a_damaged_snapshot),
		TEST(a_snapshot_that_does_not_fit),
		TEST(a_snapshot_of_another_version),
		TEST(no_place_to_save),
		TEST(no_saves_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
