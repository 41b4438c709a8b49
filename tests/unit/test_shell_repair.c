/* SPDX-License-Identifier: MIT */
/* store check, repair and grow as a person sees them, and what store format does not do unasked. */
#include "tests/unit/shell_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/be.h"
#include "lib/crc32c.h"
#include "lib/errors.h"
#include "store/format.h"
#include "tests/unit/walker.h"

#define SIZE 16384U   /* of the store's part of the region */
#define A CHAIN_START /* the slots of the entries a, b and c */
#define B (A + 48)
#define C (B + 48)

static uint8_t before[SIZE];

static void report(void *ctx, const char *line)
{
	(void)ctx;
	pr_warn("%s", line);
}

static uint32_t salt(void)
{
	return 8;
}

/* What PRINTF makes of the address of the slot at OFF. */
static const char *line_about(const char *format, uint32_t off)
{
	static char text[8][1200];
	static unsigned turn;
	char *line = text[turn++ % ARRAY_SIZE(text)];

	snprintf(line, sizeof(text[0]), format, (uintptr_t)region + off);
	return line;
}

static int setup(void **state)
{
	(void)state;
	config = (struct store_config){.media = {.base = region, .size = SIZE}, .report = report};
	env = (struct shell_env){
		.write = write_out, .store = &store, .store_config = &config, .salt = salt};
	memset(region, 0, REGION_SIZE);
	log_reset();
	log_set_console(write_out, NULL);
	log_set_console_level(0); /* as quiet as can be */
	assert_int_equal(store_format(&config.media, 7), 0);
	assert_int_equal(store_open(&store, &config), 0);
	EXPECT("put a 1; put b 22; put c 333",
	       "put: a, 1 byte\nput: b, 2 bytes\nput: c, 3 bytes\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	assert_int_equal(log_set_console_level(7), 0); /* nobody has left it loud */
	log_set_console(NULL, NULL);
	return 0;
}

#define SOUND(records, free_slots)                                 \
	"store check: records " records ", free slots " free_slots \
	", kept aside 0, problems 0, notes 0: sound\n"

static void keep(void)
{
	memcpy(before, region, SIZE);
}

static void assert_kept(void)
{
	assert_memory_equal(region, before, SIZE);
}

static void test_sound(void **state)
{
	(void)state;
	keep();
	EXPECT("store check", SOUND("3", "1"));
	EXPECT("store repair", "store repair: there is nothing to repair\n");
	EXPECT("store repair --yes", "store repair: there is nothing to repair\n");
	assert_kept();
	EXPECT("del b; store check", "del: b\n" SOUND("2", "2"));
}

#define B_IS_DAMAGED                                                            \
	"problem: offset 4148: a slot of 48 bytes, key \"b\": wrong checksum\n" \
	"problem: records in the region 2, entries of the open store 3\n"

/* A value that is hit while the store is open. */
static void test_damaged_value(void **state)
{
	(void)state;
	region[B + HDR_BYTES + 2] ^= 4;
	keep();
	REFUSED("store check", B_IS_DAMAGED "store check: records 2, free slots 1, kept aside 0, "
					    "problems 2, notes 0: damaged\n");
	REFUSED("store repair",
		B_IS_DAMAGED "store repair: would open the store again, which mends what can be "
			     "mended, and drop what is damaged\n"
			     "store repair: nothing was done yet: store repair --yes does it\n");
	assert_kept();
	EXPECT("store repair --yes",
	       line_about(B_IS_DAMAGED
			  "store repair: opens the store again\n"
			  "[    0.000000] the slot at offset 4148 (48 bytes, key \"b\") does not "
			  "match its checksum: it is damaged, kept aside and not served\n"
			  "store repair: drops the slot at offset 4148, 48 bytes at 0x%" PRIxPTR
			  ", key \"b\", value of 2 bytes\n"
			  "store repair: done; entries 2, slots dropped 1\n",
			  B));
	EXPECT("store check; get a; get c", SOUND("2", "2") "1\n333\n");
	REFUSED("get b", "get: no such key: b\n");
}

/* Slots that are kept aside already are dropped without another open. */
static void test_kept_aside(void **state)
{
	struct store_stats stats;

	(void)state;
	store_close(&store);
	region[B + HDR_BYTES + 2] ^= 4;
	be32_store(region + A + HDR_DATALEN, 77777);
	assert_int_equal(store_open(&store, &config), 0);
	EXPECT("store check",
	       "note: offset 4100: a slot of 48 bytes that is kept aside as damaged\n"
	       "note: offset 4148: a slot of 48 bytes that is kept aside as damaged\n"
	       "store check: records 1, free slots 1, kept aside 2, problems 0, notes 2: sound "
	       "but for what is kept aside\n");
	keep();
	out.len = 0;
	assert_int_equal(shell_run(&env, "store repair"), -1);
	assert_non_null(strstr(
		out.text, line_about("store repair: would drop the slot at offset 4100, 48 bytes "
				     "at 0x%" PRIxPTR ", key \"a\"\n",
				     A)));
	assert_non_null(strstr(
		out.text, line_about("store repair: would drop the slot at offset 4148, 48 bytes "
				     "at 0x%" PRIxPTR ", key \"b\", value of 2 bytes\n"
				     "store repair: nothing was done yet: store repair --yes does "
				     "it\n",
				     B)));
	assert_null(strstr(out.text, "again"));
	assert_kept();
	out.len = 0;
	assert_int_equal(shell_run(&env, "store repair --yes"), 0);
	assert_null(strstr(out.text, "again"));
	assert_non_null(strstr(out.text, "store repair: done; entries 1, slots dropped 2\n"));
	EXPECT("store check; get c", SOUND("1", "2") "333\n");
	store_stat(&store, &stats);
	assert_int_equal(stats.boots, 2);
	assert_int_equal(stats.quarantined, 0);
}

/* What a cut leaves, or a lost copy of the superblock, is put in order by the open alone. */
static void test_notes(void **state)
{
	(void)state;
	region[SB_COPY_B + 20] ^= 1;
	be32_store(region + C + HDR_KEYLEN, 0);
	EXPECT("store repair --yes",
	       "note: offset 0: only one copy of the superblock is valid and the newest\n"
	       "note: offset 4196: a put was cut: the record is whole, and not visible yet\n"
	       "store repair: opens the store again\n"
	       "[    0.000000] one copy of the superblock was not current: written again\n"
	       "[    0.000000] a write that a reset had interrupted was completed\n"
	       "store repair: done; entries 3, slots dropped 0\n");
	EXPECT("store check; get c", SOUND("3", "1") "333\n");
}

#define SB_DAMAGED(name, what) name ": both copies of the superblock are damaged: " what "\n"
#define STILL_OPEN "what is open can be read until the next reset, and not opened again"
#define STARTS_AFRESH "nothing can be repaired, and store format --yes starts afresh"

/* Without a superblock there is nothing to go by. An open store is not closed for that. */
static void test_no_superblock(void **state)
{
	(void)state;
	region[20] ^= 1;
	region[SB_COPY_B + 20] ^= 1;
	keep();
	REFUSED("store check", SB_DAMAGED("store check", STILL_OPEN));
	REFUSED("store repair", SB_DAMAGED("store repair", STILL_OPEN));
	REFUSED("store repair --yes", SB_DAMAGED("store repair", STILL_OPEN));
	EXPECT("get a", "1\n");
	store_close(&store);
	env.store_closed = "the bytes are damaged";
	REFUSED("store check", SB_DAMAGED("store check", STARTS_AFRESH));
	REFUSED("store repair --yes", SB_DAMAGED("store repair", STARTS_AFRESH));
	assert_kept();
	memset(region, 0, SIZE);
	REFUSED("store check", "store check: there was never a store here: " STARTS_AFRESH "\n");
	EXPECT("store format --yes; store check",
	       "store format: the store is open and empty\n" SOUND("0", "1"));
}

/* A store that could not be opened is looked at all the same, and opened if that can be done now.
 */
static void test_closed(void **state)
{
	(void)state;
	store_close(&store);
	env.store_closed = "no memory is left for it";
	EXPECT("store check", SOUND("3", "1"));
	REFUSED("store repair",
		"store repair: would open the store again, which mends what can be mended, and "
		"drop what is damaged\n"
		"store repair: nothing was done yet: store repair --yes does it\n");
	REFUSED("store grow", "store grow: the store is not open: no memory is left for it (store "
			      "format --yes starts afresh)\n");
	EXPECT("store repair --yes; get a", "store repair: opens the store again\n"
					    "store repair: done; entries 3, slots dropped 0\n1\n");
	assert_null(env.store_closed);
}

/* It says so when the store cannot be opened again, and commands tell why from then on. */
static void test_open_again_fails(void **state)
{
	(void)state;
	be32_store(region + C + HDR_KEYLEN, 0);
	config.fragmentation = 2;
	REFUSED("store repair --yes",
		"note: offset 4196: a put was cut: the record is whole, and not visible yet\n"
		"store repair: opens the store again\n"
		"store repair: a value is out of its range\n");
	REFUSED("get a", "get: the store is not open: a value is out of its range (store format "
			 "--yes starts afresh)\n");
}

static void lose_copy_b(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)len;
	region[SB_COPY_B] = 0;
}

/* Memory that does not keep what is written is no repair. */
static void test_what_is_left(void **state)
{
	(void)state;
	config.media.written = lose_copy_b;
	region[SB_COPY_B] = 0;
	REFUSED("store repair --yes",
		"note: offset 0: only one copy of the superblock is valid and the newest\n"
		"store repair: opens the store again\n"
		"[    0.000000] one copy of the superblock was not current: written again\n"
		"note: offset 0: only one copy of the superblock is valid and the newest\n"
		"store repair: this is left; entries 3, slots dropped 0\n");
}

static void test_grow(void **state)
{
	static struct walker walk;

	(void)state;
	keep();
	EXPECT("store grow", "store grow: the store takes all of its region already\n");
	assert_kept();
	store_close(&store);
	config.media.size = SIZE / 2;
	assert_int_equal(store_format(&config.media, 9), 0);
	config.media.size = SIZE;
	assert_int_equal(store_open(&store, &config), 0);
	EXPECT("put a 1; store grow",
	       "put: a, 1 byte\n"
	       "store grow: 8192 bytes more; the store takes all of its region\n");
	EXPECT("store check; get a", SOUND("1", "1") "1\n");
	assert_true(walker_walk(&walk, region, SIZE));
	assert_int_equal(walk.frees, 1);
}

static void assert_format_asks(void)
{
	store_close(&store);
	env.store_closed = error_text(store_open(&store, &config));
	keep();
	out.len = 0;
	assert_int_equal(shell_run(&env, "get a"), -1);
	assert_non_null(strstr(out.text, "(store format --yes starts afresh)\n"));
	REFUSED("store format", "store format: not done, there is a store that could not be "
				"opened, and its entries would be lost: store format --yes does "
				"it all the same\n");
	assert_kept();
}

/* What the superblock cannot tell any more, a dump may. */
static void test_format_of_a_damaged_store(void **state)
{
	(void)state;
	region[SB_CRC] ^= 1;
	region[SB_COPY_B + SB_CRC] ^= 1;
	assert_format_asks();
	region[SB_MAGIC] ^= 1;
	region[SB_COPY_B + SB_MAGIC] ^= 1;
	assert_format_asks();
	EXPECT("store format --yes; store check",
	       "store format: the store is open and empty\n" SOUND("0", "1"));
}

static void test_format_of_another_version(void **state)
{
	(void)state;
	for (uint8_t *copy = region; copy <= region + SB_COPY_B; copy += SB_COPY_B) {
		be32_store(copy + SB_VERSION, SB_VERSION_VALUE + 1);
		be32_store(copy + SB_CRC, crc32c(0, copy, SB_CRC));
	}
	assert_format_asks();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sound),
		TEST(test_damaged_value),
		TEST(test_kept_aside),
		TEST(test_notes),
		TEST(test_no_superblock),
		TEST(test_closed),
		TEST(test_open_again_fails),
		TEST(test_what_is_left),
		TEST(test_grow),
		TEST(test_format_of_a_damaged_store),
		TEST(test_format_of_another_version),
	};

	return cmocka_run_group_tests_name("store check, repair, grow, format", tests, NULL, NULL);
}
