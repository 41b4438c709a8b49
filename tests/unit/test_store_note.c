/* SPDX-License-Identifier: MIT */
/* The note beside the superblock: written over whatever is under way, whole or not there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"

#define UNUSED __attribute__((unused))
#define REGION 8192U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_config config = {.media = {.base = region, .size = REGION}};

/* The region behind the write number STOP of a call, and as it was at the last flush before it. */
static struct {
	unsigned writes, stop;
	uint8_t flushed[REGION], then[REGION], flushed_then[REGION];
} cut;

static bool window_open;

static void window(void *ctx UNUSED, bool open)
{
	window_open = open;
}

static void written(void *ctx UNUSED, uint32_t off UNUSED, uint32_t len UNUSED)
{
	assert_true(window_open);
	if (++cut.writes != cut.stop)
		return;
	memcpy(cut.then, region, REGION);
	memcpy(cut.flushed_then, cut.flushed, REGION);
}

static void barrier(void *ctx UNUSED)
{
	memcpy(cut.flushed, region, REGION);
}

static int setup(void **state UNUSED)
{
	memset(region, 0, REGION);
	memset(&cut, 0, sizeof(cut));
	window_open = false;
	config.media.window = window;
	config.media.written = written;
	config.media.barrier = barrier;
	return store_format(&config.media, 7);
}

static const char *note(void)
{
	static char text[STORE_NOTE_MAX + 1];
	uint32_t len;
	const char *at = store_note(&config.media, &len);

	if (!at)
		return "none";
	memcpy(text, at, len);
	text[len] = '\0';
	return text;
}

static void put_note(const char *text)
{
	assert_int_equal(store_note_write(&config.media, text, (uint32_t)strlen(text)), 0);
}

/* Every byte of it, as docs/SPEC.md has them. */
static void bytes(void **state UNUSED)
{
	static const uint8_t want[] = {'P', 'A', 'N', 'C', 0x8f, 0x33, 0x7f, 0x99,
				       0,   0,   0,   3,   'a',  'b',  'c'};

	put_note("abc");
	assert_string_equal(note(), "abc");
	assert_int_equal(NOTE_OFFSET, 2176);
	assert_int_equal(NOTE_OFFSET + NOTE_TEXT + STORE_NOTE_MAX, 4096);
	assert_memory_equal(region + 2176, want, sizeof(want));
	assert_int_equal(region[2176 + sizeof(want)], 0);
}

static void from_begin_to_end(void **state UNUSED)
{
	static char text[STORE_NOTE_MAX + 101];

	assert_string_equal(note(), "none");
	put_note("");
	assert_string_equal(note(), "");
	memset(text, 'x', sizeof(text) - 1);
	put_note(text);
	assert_int_equal(strlen(note()), STORE_NOTE_MAX);
	assert_int_equal(be32_load(region + IMAGE_OFFSET), IMAGE_MAGIC);
	put_note("one");
	put_note("another");
	assert_string_equal(note(), "another");
	store_note_clear(&config.media);
	assert_string_equal(note(), "none");
	assert_false(window_open);
	put_note("of the store before");
	assert_int_equal(store_format(&config.media, 8), 0);
	assert_string_equal(note(), "none");
}

/* What is no store is not written to. */
static void without_a_store(void **state UNUSED)
{
	static const uint8_t nothing[REGION];
	uint8_t before[REGION];

	put_note("text");
	memset(region, 0, 4);
	memset(region + SB_COPY_B, 0, 4);
	memcpy(before, region, REGION);
	assert_string_equal(note(), "none");
	assert_int_equal(store_note_write(&config.media, "other", 5), -ENODATA);
	store_note_clear(&config.media);
	assert_memory_equal(region, before, REGION);
	memset(region, 0, REGION);
	assert_int_equal(store_note_write(&config.media, "other", 5), -ENODATA);
	assert_memory_equal(region, nothing, REGION);
}

/* Each bit of it: a note that is damaged is none. */
static void damage(void **state UNUSED)
{
	static const char text[] = "0123456789";

	put_note(text);
	for (unsigned bit = 0; bit < (NOTE_TEXT + sizeof(text) - 1) * 8; bit++) {
		uint8_t *byte = region + NOTE_OFFSET + bit / 8;

		*byte ^= (uint8_t)(1 << bit % 8);
		assert_string_equal(note(), "none");
		*byte ^= (uint8_t)(1 << bit % 8);
	}
	assert_string_equal(note(), text);
}

/* Which of the three it is: a bit. */
static unsigned which_note(void)
{
	static const char *const notes[] = {"the old one", "none", "a new note"};
	unsigned i = 0;

	while (i < 3 && strcmp(note(), notes[i]))
		i++;
	assert_in_range(i, 0, 2);
	return 1U << i;
}

/* A reset behind any write, with any of the words since the flush before it lost: first the old
 * note, then none, then the new one. */
static void cuts(void **state UNUSED)
{
	struct rng r = rng_seeded(1);
	unsigned before = 1;

	for (unsigned stop = 1;; stop++) {
		unsigned found = 0;

		setup(NULL);
		put_note("the old one");
		cut.stop = stop;
		cut.writes = 0;
		put_note("a new note");
		if (cut.writes < stop)
			break;
		for (unsigned mix = 0; mix < 1000; mix++) {
			for (uint32_t off = 0; off < REGION; off += 4)
				memcpy(region + off,
				       (rng_below(&r, 2) ? cut.then : cut.flushed_then) + off, 4);
			found |= which_note();
		}
		assert_true(found == 3 || found == 2 || found == 6);
		assert_true((found & before) && found != 1 && before <= found);
		before = found == 3 ? 2 : found;
	}
	assert_int_equal(before, 6);
}

/* A panic in the midst of any write of a put: the note, and what the open then makes of the put. */
static void in_the_midst_of_a_put(void **state UNUSED)
{
	unsigned stop = 1;

	for (;; stop++) {
		struct store store;
		char value[8];
		uint32_t len;
		int err;

		setup(NULL);
		assert_int_equal(store_open(&store, &config), 0);
		assert_int_equal(store_put(&store, "k", 1, "old", 3, NULL, 0, STORE_NEVER), 0);
		cut.writes = 0;
		cut.stop = stop;
		assert_int_equal(store_put(&store, "k", 1, "new", 3, NULL, 0, STORE_NEVER), 0);
		store_close(&store);
		if (cut.writes < stop)
			break;
		cut.stop = 0;
		memcpy(region, cut.then, REGION);
		put_note("a panic");
		assert_int_equal(store_open(&store, &config), 0);
		assert_string_equal(note(), "a panic");
		err = store_read(&store, "k", 1, value, sizeof(value), &len);
		assert_true(!err && len == 3 &&
			    (!memcmp(value, "old", 3) || !memcmp(value, "new", 3)));
		store_close(&store);
	}
	assert_in_range(stop, 5, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bytes, setup),
		cmocka_unit_test_setup(from_begin_to_end, setup),
		cmocka_unit_test_setup(without_a_store, setup),
		cmocka_unit_test_setup(damage, setup),
		cmocka_unit_test_setup(cuts, setup),
		cmocka_unit_test_setup(in_the_midst_of_a_put, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
