/* SPDX-License-Identifier: MIT */
/* What the tests of the selection share: a flash that only clears bits, and two images in it. */
#ifndef CAIRN_TESTS_SELECTION_TEST_H
#define CAIRN_TESTS_SELECTION_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "boot/selection.h"
#include "tests/unit/store_test_util.h"

#define STRIDE 4096U

/* An image as it lies in flash. */
struct image {
	uint32_t crc;
	bool header_good, bytes_good;
};

static struct {
	uint32_t words[SELECTION_AREAS * STRIDE / 4];
	struct image images[FLASH_IMAGES];
	struct rng rng;
	unsigned writes, cut_at; /* the write that is cut; 0: none */
	unsigned kind;           /* how it is cut */
	jmp_buf cut;
	bool broken;    /* flash that takes nothing */
	bool lies;      /* flash that takes what it says it did not */
	uint32_t stuck; /* bits that stay ones, which nobody is told */
	unsigned used_up, not_counted, again;
	int not_counted_for;
} w;

enum { CUT_BEFORE, CUT_BEHIND, CUT_TORN, CUT_KINDS };

static void flash_read(void *ctx, uint32_t offset, void *to, size_t size)
{
	(void)ctx;
	assert_true(offset % 4 == 0 && size % 4 == 0 && offset + size <= sizeof(w.words));
	memcpy(to, (const char *)w.words + offset, size);
}

/* Whether the write that begins is the one that is cut. */
static bool cut_here(void)
{
	return w.cut_at && ++w.writes == w.cut_at;
}

static int flash_program(void *ctx, uint32_t offset, uint32_t word)
{
	uint32_t *at = &w.words[offset / 4];
	bool cut = cut_here();

	(void)ctx;
	assert_true(offset % 4 == 0 && offset < sizeof(w.words));
	assert_true((*at & word) == word); /* else bits would have to come back */
	if (w.broken)
		return -EIO;
	if (cut && w.kind == CUT_TORN)
		*at &= word | (uint32_t)rng_next(&w.rng);
	else if (!cut || w.kind == CUT_BEHIND)
		*at &= word | w.stuck;
	if (cut)
		longjmp(w.cut, 1);
	return w.lies ? -EIO : 0;
}

static int flash_erase(void *ctx, uint32_t offset)
{
	bool cut = cut_here();

	(void)ctx;
	assert_true(offset % STRIDE == 0 && offset < sizeof(w.words));
	if (w.broken)
		return -EIO;
	for (uint32_t i = offset / 4; i < (offset + STRIDE) / 4; i++) {
		if (cut && w.kind == CUT_TORN)
			w.words[i] |= (uint32_t)rng_next(&w.rng);
		else if (!cut || w.kind == CUT_BEHIND)
			w.words[i] = SELECTION_BLANK;
	}
	if (cut)
		longjmp(w.cut, 1);
	return 0;
}

static bool look(void *ctx, unsigned image, uint32_t *crc)
{
	(void)ctx;
	*crc = w.images[image].crc;
	return w.images[image].header_good;
}

static bool load(void *ctx, unsigned image)
{
	(void)ctx;
	assert_true(w.images[image].header_good);
	return w.images[image].bytes_good;
}

static void used_up(void *ctx, unsigned image)
{
	(void)ctx;
	(void)image;
	w.used_up++;
}

static void not_counted(void *ctx, unsigned image, int err)
{
	(void)ctx;
	(void)image;
	w.not_counted_for = err;
	w.not_counted++;
}

static void again(void *ctx, unsigned image)
{
	(void)ctx;
	(void)image;
	w.again++;
}

static struct selector selector = {
	.flash = {.stride = STRIDE,
		  .read = flash_read,
		  .program = flash_program,
		  .erase = flash_erase},
	.look = look,
	.load = load,
	.used_up = used_up,
	.not_counted = not_counted,
	.again = again,
};

static const struct selection_flash *const flash = &selector.flash;

static void new_board(void)
{
	memset(w.words, 0xff, sizeof(w.words));
	w.images[0] = (struct image){0x11112222, true, true};
	w.images[1] = (struct image){0x33330000, true, true};
	w.broken = w.lies = false;
	w.stuck = 0;
	w.cut_at = w.used_up = w.not_counted = w.again = 0;
}

#endif
