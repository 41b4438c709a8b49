/* SPDX-License-Identifier: MIT */
/*
 * Which image the selector enters: the records in a flash that only clears bits, cut at each write.
 * What a board knows after a cut is one of a few models; each later choice must be that of one of
 * them.
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

#include "boot/selection.h"
#include "lib/crc32c.h"
#include "tests/unit/store_test_util.h"

#define STRIDE 4096U
#define MODELS_MAX 64
#define TORN 0xffffffffffffffffULL /* a confirmation that was cut, or none */

/* What a board may know: a record, in the words of boot/selection.h. */
struct model {
	unsigned preferred, used[FLASH_IMAGES];
	uint64_t confirmed[FLASH_IMAGES]; /* by which image; TORN: by none that is known */
	bool blank[FLASH_IMAGES];         /* nothing was ever written there */
};

/* An image as it lies in flash. */
struct image {
	uint32_t crc;
	bool header_good, bytes_good;
};

static struct {
	uint32_t words[SELECTION_AREAS * STRIDE / 4];
	struct image images[FLASH_IMAGES];
	struct model models[MODELS_MAX];
	unsigned count;
	struct rng rng;
	unsigned writes, cut_at; /* the write that is cut; 0: none */
	unsigned kind;           /* how it is cut */
	jmp_buf cut;
	bool broken;    /* flash that takes nothing */
	uint32_t stuck; /* bits that stay ones, which nobody is told */
	unsigned used_up, not_counted;
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
	return 0;
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
	assert_int_equal(err, -EIO);
	w.not_counted++;
}

static const struct selector selector = {
	.flash = {.stride = STRIDE,
		  .read = flash_read,
		  .program = flash_program,
		  .erase = flash_erase},
	.look = look,
	.load = load,
	.used_up = used_up,
	.not_counted = not_counted,
};

static const struct model fresh = {.confirmed = {TORN, TORN}, .blank = {true, true}};

static void new_board(void)
{
	memset(w.words, 0xff, sizeof(w.words));
	w.images[0] = (struct image){0x11112222, true, true};
	w.images[1] = (struct image){0x33330000, true, true};
	w.models[0] = fresh;
	w.count = 1;
	w.broken = false;
	w.stuck = 0;
}

static void add_model(struct model m)
{
	for (unsigned i = 0; i < w.count; i++)
		if (!memcmp(&w.models[i], &m, sizeof(m)))
			return;
	assert_true(w.count < MODELS_MAX);
	w.models[w.count++] = m;
}

/* The image that is entered by M, or -1; which try it is goes to *TRY. */
static int expected(const struct model *m, unsigned *try)
{
	for (unsigned n = 0; n < FLASH_IMAGES; n++) {
		unsigned i = n ? !m->preferred : m->preferred;
		bool confirmed = m->confirmed[i] == w.images[i].crc;

		if (!w.images[i].header_good || !w.images[i].bytes_good ||
		    (!confirmed && m->used[i] == SELECTION_TRIES))
			continue;
		*try = confirmed ? 0 : m->used[i] + 1;
		return (int)i;
	}
	return -1;
}

/* The selector up to the image that it enters; the models that would have done so stay. */
static int start(void)
{
	unsigned try = 0, kept = 0;
	int image = selection_choose(&selector, &try);

	for (unsigned i = 0; i < w.count; i++) {
		struct model m = w.models[i];
		unsigned its_try = 0;

		if (expected(&m, &its_try) != image || its_try != try)
			continue;
		if (image >= 0 && try)
			m.used[image] = try;
		w.models[kept++] = m;
	}
	assert_true(kept > 0);
	w.count = kept;
	return image;
}

/* The same, cut before the image is entered: a try is used up or not. */
static void start_cut(void)
{
	unsigned try, count = w.count;

	for (unsigned i = 0; i < count; i++) {
		struct model m = w.models[i];
		int image = expected(&m, &try);

		if (image >= 0 && try) {
			m.used[image] = try;
			add_model(m);
		}
	}
}

static struct model selected(unsigned image)
{
	struct model m = fresh;

	m.preferred = image;
	return m;
}

static struct model confirmed(struct model m, unsigned image)
{
	m.confirmed[image] = w.images[image].crc;
	m.blank[image] = false;
	return m;
}

/* What M may become by a confirmation of IMAGE, whole or cut; DONE: whole. */
static void confirm_model(struct model m, unsigned image, bool done)
{
	struct model torn = m;

	if (m.confirmed[image] == w.images[image].crc) {
		add_model(m);
		return;
	}
	add_model(confirmed(m, image));
	if (!m.blank[image])
		add_model(confirmed(selected(image), image));
	if (done)
		return;
	add_model(m);
	torn.blank[image] = false;
	torn.confirmed[image] = TORN;
	add_model(torn);
	if (m.blank[image])
		return;
	add_model(selected(image));
	torn = selected(image);
	torn.blank[image] = false;
	add_model(torn);
}

static void confirm_models(unsigned image, bool done)
{
	struct model before[MODELS_MAX];
	unsigned count = w.count;

	memcpy(before, w.models, sizeof(before));
	w.count = 0;
	for (unsigned i = 0; i < count; i++)
		confirm_model(before[i], image, done);
}

enum step {
	START_CRASH,
	START_CONFIRM,
	SELECT_A,
	SELECT_B,
	REPLACE_A,
	REPLACE_B,
	STEPS,
};

static const struct selection_flash *const flash = &selector.flash;

/* One step; true: it was cut. */
static bool take(enum step step)
{
	volatile int image = -1;
	volatile bool up = false;

	if (setjmp(w.cut)) {
		if (step == SELECT_A || step == SELECT_B)
			add_model(selected(step == SELECT_B));
		else if (up)
			confirm_models((unsigned)image, false);
		else
			start_cut();
		return true;
	}
	switch (step) {
	case START_CRASH:
		start();
		break;
	case START_CONFIRM:
		image = start();
		up = true;
		if (image < 0)
			break;
		assert_int_equal(selection_confirm(flash, (unsigned)image, w.images[image].crc), 0);
		confirm_models((unsigned)image, true);
		break;
	case SELECT_A:
	case SELECT_B:
		assert_int_equal(selection_select(flash, step == SELECT_B), 0);
		w.count = 0;
		add_model(selected(step == SELECT_B));
		break;
	default:
		w.images[step == REPLACE_B].crc = w.images[step == REPLACE_B].crc * 1664525 + 1;
		break;
	}
	return false;
}

/* Behind a cut the board is started until all tries that there can be are used. */
static void wear_out(void)
{
	w.cut_at = 0;
	for (unsigned i = 0; i <= FLASH_IMAGES * SELECTION_TRIES; i++)
		start();
}

/* Each sequence of LENGTH steps, cut at each of its writes in each way. */
static void test_every_cut(void **state)
{
	const unsigned length = 4;
	unsigned long sequences = 1, cuts = 0;

	(void)state;
	w.rng = rng_seeded(1);
	for (unsigned i = 0; i < length; i++)
		sequences *= STEPS;
	for (unsigned long sequence = 0; sequence < sequences; sequence++) {
		bool was_cut = true;

		for (unsigned at = 1; was_cut; at++) {
			for (w.kind = 0; w.kind < CUT_KINDS; w.kind++) {
				unsigned long steps = sequence;

				new_board();
				w.cut_at = at;
				w.writes = 0;
				was_cut = false;
				for (unsigned i = 0; i < length && !was_cut; i++, steps /= STEPS)
					was_cut = take((enum step)(steps % STEPS));
				wear_out();
				cuts += was_cut;
			}
		}
	}
	printf("figure selection_cuts %lu cuts\n", cuts);
}

/* Long lives, so that areas are erased and used again, with cuts and broken images now and then. */
static void test_long_lives(void **state)
{
	const char *wanted = getenv("SELECTION_SEED");
	uint64_t seed = wanted ? strtoull(wanted, NULL, 0) : 1;

	(void)state;
	printf("SELECTION_SEED=%llu\n", (unsigned long long)seed);
	w.rng = rng_seeded(seed);
	for (unsigned life = 0; life < 20; life++) {
		new_board();
		for (unsigned i = 0; i < 5000; i++) {
			struct image *image = &w.images[rng_below(&w.rng, FLASH_IMAGES)];

			image->header_good = rng_below(&w.rng, 16) != 0;
			image->bytes_good = rng_below(&w.rng, 16) != 0;
			w.writes = 0;
			w.cut_at = rng_below(&w.rng, 4) ? 0 : 1 + rng_below(&w.rng, 6);
			w.kind = rng_below(&w.rng, CUT_KINDS);
			take((enum step)rng_below(&w.rng, STEPS));
		}
	}
}

static void test_new_flash_tries_a_then_b(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	for (unsigned n = 1; n <= SELECTION_TRIES; n++) {
		assert_int_equal(selection_choose(&selector, &try), 0);
		assert_int_equal(try, n);
	}
	for (unsigned n = 1; n <= SELECTION_TRIES; n++) {
		assert_int_equal(selection_choose(&selector, &try), 1);
		assert_int_equal(try, n);
	}
	assert_int_equal(selection_choose(&selector, &try), -1);
}

static void test_what_came_up_is_not_counted(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	for (unsigned n = 0; n < 100; n++) {
		assert_int_equal(selection_choose(&selector, &try), 0);
		assert_int_equal(try, 0);
	}
	w.images[0].crc++; /* another image in the same place has not come up */
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 2);
}

/* A flash that takes nothing must not keep a good image from being entered. */
static void test_broken_flash(void **state)
{
	unsigned try = 9;

	(void)state;
	new_board();
	w.broken = true;
	w.not_counted = 0;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 0);
	assert_int_equal(w.not_counted, 1);
	assert_int_equal(selection_select(flash, 1), -EIO);
	assert_int_equal(selection_confirm(flash, 0, 1), -EIO);
}

/* Nor one that takes some bits only; what it did not take is not believed to be there. */
static void test_weak_flash(void **state)
{
	unsigned try = 9;

	(void)state;
	new_board();
	w.stuck = 0x10;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 1);
	assert_int_equal(selection_select(flash, 1), -EIO);
	assert_int_equal(selection_confirm(flash, 0, 1), -EIO);
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 2);
}

/* A checksum that is all ones is not told from nothing, were it written as it is. */
static void test_checksum_of_ones(void **state)
{
	unsigned try;

	(void)state;
	new_board();
	w.images[0].crc = SELECTION_BLANK;
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 1);
	assert_int_equal(selection_confirm(flash, 0, SELECTION_BLANK), 0);
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 0);
}

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
		cmocka_unit_test(test_new_flash_tries_a_then_b),
		cmocka_unit_test(test_what_came_up_is_not_counted),
		cmocka_unit_test(test_broken_flash),
		cmocka_unit_test(test_weak_flash),
		cmocka_unit_test(test_checksum_of_ones),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_long_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
