/* SPDX-License-Identifier: MIT */
/* The header of an image in flash: what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "boot/flash_image.h"
#include "lib/crc32c.h"

static struct flash_image good_header(void)
{
	struct flash_image h = {FLASH_IMAGE_MAGIC,
				FLASH_IMAGE_VERSION,
				{{0x60010000, 0x1000}, {0x60090000, 0x800}},
				0x10,
				0x12345678,
				"v1",
				0};

	return h;
}

static const char *problem(struct flash_image h)
{
	h.header_crc = crc32c(0, &h, offsetof(struct flash_image, header_crc));
	return flash_image_problem(&h, 0x2000, 0x60000000, 0x100000);
}

static void test_headers(void **state)
{
	struct flash_image h = good_header();

	(void)state;
	assert_null(problem(h));
	assert_int_equal(flash_image_bytes(&h), 0x1800);
	assert_non_null(flash_image_problem(&h, 0x2000, 0x60000000, 0x100000)); /* no checksum */
#define REFUSED(change)                      \
	do {                                 \
		h = good_header();           \
		h.change;                    \
		assert_non_null(problem(h)); \
	} while (0)
	REFUSED(magic = 0xffffffff);
	REFUSED(version = 2);
	REFUSED(parts[0].base = 0x5ffffff8);
	REFUSED(parts[0].base = 0x60100000);
	REFUSED(parts[0].base = 0x60200000);
	REFUSED(parts[0].base = 0x60010004);
	REFUSED(parts[0].size = 0x1004);
	REFUSED(parts[0].size = 0);
	REFUSED(parts[0].size = 0xfffffff8);
	REFUSED(parts[0].size = 0x1788); /* 8 bytes more than there is room for */
	REFUSED(parts[1].size = 0xfffffff8);
	REFUSED(parts[1].size = 0);
	REFUSED(parts[1].base = 0x60010ff8);
	REFUSED(parts[1].base = 0x6000f808);
	REFUSED(parts[1].base = 0x600ff808);
	REFUSED(mark = 0x800);
	REFUSED(text[FLASH_IMAGE_TEXT - 1] = 'x');
#undef REFUSED
	h = good_header();
	h.parts[0].size = 0x1780;
	assert_null(problem(h));
	h.parts[1].base = 0x60100000 - 0x800;
	assert_null(problem(h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
