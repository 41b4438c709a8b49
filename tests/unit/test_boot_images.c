/* SPDX-License-Identifier: MIT */
/* What an image that came up says and writes, and what the shell's boot command does with images.
 */
#include "tests/unit/boot_test.h"

#include <errno.h>
#include <stdio.h>

#include "boot/images.h"
#include "boot/selection.h"
#include "lib/crc32c.h"
#include "lib/flash.h"
#include "shell/shell.h"

#define BLOCK 4096U
#define SIZE (32 * BLOCK)
#define IMAGE_A (8 * BLOCK)
#define IMAGE_B (16 * BLOCK)
#define AREA_0 BLOCK

static uint8_t region[65536] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;
static const struct store_config config = {.media = {.base = region, .size = sizeof(region)}};
static uint8_t cells[SIZE];
static bool stuck; /* nothing is written */
static char out[2048];

static uint32_t block(const struct flash *f, uint32_t off, uint32_t *len)
{
	(void)f;
	*len = BLOCK;
	return off / BLOCK * BLOCK;
}

static int erase(struct flash *f, uint32_t off)
{
	if (stuck)
		return flash_failed(f, -EIO, "stuck");
	memset(cells + off, 0xff, BLOCK);
	return 0;
}

static int program(struct flash *f, uint32_t off, const void *data, uint32_t len)
{
	const uint8_t *byte = data;

	if (stuck)
		return flash_failed(f, -EIO, "stuck");
	for (uint32_t i = 0; i < len; i++)
		cells[off + i] &= byte[i];
	return 0;
}

static void read_cells(const struct flash *f, uint32_t off, void *data, uint32_t len)
{
	(void)f;
	assert_true(off <= SIZE && len <= SIZE - off);
	memcpy(data, cells + off, len);
}

static struct flash flash = {
	.size = SIZE,
	.block = block,
	.erase = erase,
	.program = program,
	.read = read_cells,
};

static void write_out(void *ctx, const char *text, size_t len)
{
	size_t used = strlen(out);

	(void)ctx;
	assert_true(used + len < sizeof(out));
	memcpy(out + used, text, len);
	out[used + len] = '\0';
}

static struct shell_env env = {.write = write_out, .images = &images_for_shell};

/* Puts an image called TEXT, with bytes of its own, to OFF. */
static void put_image(uint32_t off, const char *text)
{
	struct flash_image h = {.magic = FLASH_IMAGE_MAGIC,
				.version = FLASH_IMAGE_VERSION,
				.parts = {{LOAD, 2048}, {LOAD + 0x10000, 1024}}};
	uint8_t bytes[3072];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + (uint8_t)text[strlen(text) - 1]);
	h.crc = crc32c(0, bytes, sizeof(bytes));
	strcpy(h.text, text);
	h.header_crc = crc32c(0, &h, offsetof(struct flash_image, header_crc));
	memcpy(cells + off, &h, sizeof(h));
	memcpy(cells + off + sizeof(h), bytes, sizeof(bytes));
}

static int setup(void **state)
{
	boot_test_setup(state);
	memset(cells, 0xff, sizeof(cells));
	stuck = false;
	assert_int_equal(store_format(&config.media, 1), 0);
	put_image(IMAGE_A, "v1");
	put_image(IMAGE_B, "v2");
	flash.partition_count = 3;
	flash.partitions[0] = (struct flash_partition){"selector", 0, 5 * BLOCK};
	flash.partitions[1] = (struct flash_partition){"image-a", IMAGE_A, 4 * BLOCK};
	flash.partitions[2] = (struct flash_partition){"image-b", IMAGE_B, 4 * BLOCK};
	return 0;
}

/* A start with CMDLINE; MARK: its selector marks a try of image 0 or 1, -1: of none. */
static void start(const char *cmdline, int mark, bool well)
{
	static const uint8_t zero[4];

	if (mark >= 0) {
		uint32_t off = AREA_0 + 16 + 12 * (uint32_t)mark;

		while (!cells[off])
			off += 4;
		memcpy(cells + off, zero, sizeof(zero));
	}
	boot_test_again();
	memblock_add(0x60000000, 64 * MEBI);
	boot_params(cmdline);
	if (well)
		assert_int_equal(store_open(&store, &config), 0);
	boot.store_place = STORE_PLACE_DEFAULT;
	images_came_up(&boot, &flash, &store);
	if (well)
		store_close(&store);
}

/* LINE has OUTCOME and prints what is EXPECTED. */
static void expect(const char *line, int outcome, const char *expected)
{
	out[0] = '\0';
	assert_int_equal(shell_run(&env, line), outcome);
	assert_string_equal(out, expected);
}

static void test_confirmed_by_itself(void **state)
{
	(void)state;
	start("cairn.image=A", 0, true);
	assert_line("flash: image A, confirmed now");
	expect("boot status", 0,
	       "image A: v1, confirmed, runs, is tried first\n"
	       "image B: v2, 3 of 3 tries left\n");
	start("cairn.image=A", -1, true);
	assert_line("flash: image A, confirmed");
}

/* Of the partitions, the selector's and that of the image that runs. */
static void test_what_the_board_starts_from(void **state)
{
	static const struct {
		const char *cmdline;
		bool a, b;
	} starts[] = {
		{"cairn.image=A", true, false}, {"cairn.image=B", false, true}, {"", false, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		start(starts[i].cmdline, -1, true);
		assert_true(images_for_shell.starts_board("selector"));
		assert_int_equal(images_for_shell.starts_board("image-a"), starts[i].a);
		assert_int_equal(images_for_shell.starts_board("image-b"), starts[i].b);
		assert_false(images_for_shell.starts_board("snapshots"));
	}
}

static void test_confirmed_by_a_person(void **state)
{
	(void)state;
	start("cairn.image=A cairn.confirm=manual", 0, true);
	assert_line("flash: image A, not confirmed: \"boot confirm\" does it");
	expect("boot status", 0,
	       "image A: v1, 2 of 3 tries left, runs, is tried first\n"
	       "image B: v2, 3 of 3 tries left\n");
	expect("boot confirm", 0, "this image is confirmed\n");
	expect("boot status", 0,
	       "image A: v1, confirmed, runs, is tried first\n"
	       "image B: v2, 3 of 3 tries left\n");
}

static void test_store_not_open(void **state)
{
	(void)state;
	start("cairn.image=B", 1, false);
	assert_line("flash: image B, not confirmed: the store is not open");
}

static void test_fallback(void **state)
{
	(void)state;
	for (int i = 0; i < SELECTION_TRIES; i++)
		start("", 0, true);
	assert_int_equal(log_count_holding("flash: "), 0);
	start("cairn.image=B", 1, true);
	assert_line("flash: image A was left out: its tries are used up and it was not confirmed");
	assert_line("flash: image B, confirmed now");
	expect("boot status", 0,
	       "image A: v1, left out: its tries are used up and it was not confirmed, is tried "
	       "first\n"
	       "image B: v2, confirmed, runs\n");
	expect("boot select A", 0, "image A is tried first from now on\n");
	expect("boot status", 0,
	       "image A: v1, 3 of 3 tries left, is tried first\n"
	       "image B: v2, confirmed, runs\n");
}

static void test_damage(void **state)
{
	(void)state;
	cells[IMAGE_A + 200] ^= 1;
	start("cairn.image=B", 1, true);
	assert_line("flash: image A was left out: its bytes do not match their checksum");
	expect("boot select A", -1, "boot select: its bytes do not match their checksum\n");
	cells[IMAGE_A]++;
	expect("boot status", 0,
	       "image A: left out: there is none, is tried first\nimage B: v2, confirmed, runs\n");
	cells[IMAGE_A]--;
	cells[IMAGE_A + 200] ^= 1;
	start("cairn.image=B", -1, true);
	assert_line("flash: image A was left out: the selector found it damaged");
}

/* What was written over the image that runs has not come up. */
static void test_replaced(void **state)
{
	(void)state;
	start("cairn.image=A cairn.confirm=manual", 0, true);
	put_image(IMAGE_A, "v3");
	expect("boot confirm", -1, "boot confirm: in its place lies another image\n");
	cells[IMAGE_A]++;
	expect("boot confirm", -1, "boot confirm: there is none\n");
	cells[IMAGE_A]--;
	start("cairn.image=A", 0, true);
	assert_line("flash: image A, confirmed now");
	put_image(IMAGE_A, "v4");
	expect("boot status", 0,
	       "image A: v4, 1 of 3 tries left, runs, is tried first\n"
	       "image B: v2, 3 of 3 tries left\n");
	start("cairn.image=A", 0, true); /* needs a record of its own */
	assert_line("flash: image A, confirmed now");
	expect("boot status", 0,
	       "image A: v4, confirmed, runs, is tried first\nimage B: v2, 3 of 3 tries left\n");
}

static void test_flash_that_fails(void **state)
{
	(void)state;
	stuck = true;
	start("cairn.image=A", 0, true);
	assert_line("flash: image A, not confirmed: stuck");
	expect("boot confirm", -1, "boot confirm: stuck\n");
	expect("boot select B", -1, "boot select: stuck\n");
}

static void test_started_otherwise(void **state)
{
	(void)state;
	start("cairn.image=?", -1, true);
	assert_int_equal(log_count_holding("cairn.image"), 0);
	assert_int_equal(log_count_holding("flash: "), 0);
	expect("boot confirm", -1, "boot confirm: no image of the flash runs\n");
	expect("boot select B", 0, "image B is tried first from now on\n");
	start("cairn.image=C cairn.confirm=yes", -1, true);
	assert_line("cairn.image=C: expected A or B: ignored");
	assert_line("cairn.confirm=yes: expected manual: ignored");
}

static void test_no_flash(void **state)
{
	(void)state;
	flash.partition_count = 2;
	start("cairn.image=A", -1, true);
	assert_line("flash: image A, not confirmed: the device tree lacks its partitions");
	expect("boot status", -1, "boot status: no images are known\n");
	expect("boot select A", -1, "boot select: the device tree lacks its partitions\n");
	boot_test_again();
	boot_params("cairn.image=A");
	images_came_up(&boot, NULL, &store);
	assert_line("flash: image A, not confirmed: no flash was found");
	expect("boot confirm", -1, "boot confirm: no flash was found\n");
}

/* The value of KEY between two starts is VALUE; NULL: there is none. */
static void expect_entry(const char *key, const char *value)
{
	char text[32] = "";
	uint32_t len;
	int err;

	assert_int_equal(store_open(&store, &config), 0);
	err = store_read(&store, key, (uint32_t)strlen(key), text, sizeof(text) - 1, &len);
	assert_int_equal(err, value ? 0 : -ENOENT);
	assert_string_equal(text, value ? value : "");
	store_close(&store);
}

static void put_entry(const char *key, const char *value)
{
	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
	store_close(&store);
}

/* The name of the image at OFF. */
static const char *name(char letter, uint32_t off)
{
	static char text[16];
	struct flash_image h;

	memcpy(&h, cells + off, sizeof(h));
	snprintf(text, sizeof(text), "%c %08lx", letter, (unsigned long)h.crc);
	return text;
}

/* What runs behind an image says that it is good: at its last try, and another image is started
 * next. */
static void test_confirmed_by_an_entry(void **state)
{
	(void)state;
	for (int i = 0; i < SELECTION_TRIES; i++)
		start("cairn.image=A cairn.confirm=manual", 0, true);
	expect_entry("cairn/image", name('A', IMAGE_A));
	put_entry("boot/confirm", name('A', IMAGE_A));
	start("cairn.image=B cairn.confirm=manual", 1, true);
	assert_line("flash: image A, confirmed by boot/confirm");
	expect_entry("boot/confirm", NULL);
	expect_entry("cairn/image", name('B', IMAGE_B));
	expect("boot status", 0,
	       "image A: v1, confirmed, is tried first\nimage B: v2, 2 of 3 tries left, runs\n");
	put_entry("boot/confirm", name('B', IMAGE_B));
	start("", -1, true);
	assert_line("flash: image B, confirmed by boot/confirm");
	expect_entry("cairn/image", NULL);
}

static void test_entries_that_confirm_nothing(void **state)
{
	const char *const names[] = {"", "A", "C 00000000", "A 0000000012345", name('B', IMAGE_A)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		put_entry("boot/confirm", names[i]);
		start("cairn.image=A cairn.confirm=manual", -1, true);
		assert_line("boot/confirm: it is no image in flash: removed");
		expect_entry("boot/confirm", NULL);
	}
	put_entry("boot/confirm", name('A', IMAGE_A));
	stuck = true;
	start("cairn.image=A cairn.confirm=manual", -1, true);
	assert_line("boot/confirm: stuck");
	expect_entry("boot/confirm", name('A', IMAGE_A));
}

static void test_usage(void **state)
{
	const char *const lines[] = {"boot select C", "boot select", "boot confirm A", "boot a b"};

	(void)state;
	start("", -1, true);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect(lines[i], -1, "usage: boot [ADDR|flash]|status|confirm|select A|B\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, boot_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_confirmed_by_itself),
		TEST(test_what_the_board_starts_from),
		TEST(test_confirmed_by_a_person),
		TEST(test_store_not_open),
		TEST(test_fallback),
		TEST(test_damage),
		TEST(test_replaced),
		TEST(test_flash_that_fails),
		TEST(test_started_otherwise),
		TEST(test_no_flash),
		TEST(test_usage),
		TEST(test_confirmed_by_an_entry),
		TEST(test_entries_that_confirm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
