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

static const struct model fresh = {.confirmed = {TORN, TORN}, .blank = {true, true}};

static void new_board(void)
{
	memset(w.words, 0xff, sizeof(w.words));
	w.images[0] = (struct image){0x11112222, true, true};
	w.images[1] = (struct image){0x33330000, true, true};
	w.models[0] = fresh;
	w.count = 1;
	w.broken = w.lies = false;
	w.stuck = 0;
	w.cut_at = w.used_up = w.not_counted = w.again = 0;
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
	bool good[FLASH_IMAGES];
	unsigned first;

	for (unsigned n = 0; n < FLASH_IMAGES; n++) {
		unsigned i = n ? !m->preferred : m->preferred;
		bool confirmed = m->confirmed[i] == w.images[i].crc;

		good[i] = w.images[i].header_good && w.images[i].bytes_good;
		if (!good[i] || (!confirmed && m->used[i] == SELECTION_TRIES))
			continue;
		*try = confirmed ? 0 : m->used[i] + 1;
		return (int)i;
	}
	first = selector.turn % 2 ? !m->preferred : m->preferred;
	*try = 0;
	return good[first] ? (int)first : good[!first] ? (int)!first : -1;
}

/* The selector up to the image that it enters; the models that would have done so stay. */
static int start(void)
{
	unsigned try = 0, kept = 0;
	int image;

	selector.turn++;
	image = selection_choose(&selector, &try);
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

/* What M becomes: all tries, and the other image stays what it was. */
static struct model selected(const struct model *m, unsigned image)
{
	struct model new = fresh;

	new.preferred = image;
	new.confirmed[!image] = m->confirmed[!image];
	new.blank[!image] = m->blank[!image];
	return new;
}

/* The models behind the selection of IMAGE, which was whole, or cut. */
static void select_models(unsigned image, bool done)
{
	struct model before[MODELS_MAX];
	unsigned count = w.count;

	memcpy(before, w.models, sizeof(before));
	if (done)
		w.count = 0;
	for (unsigned i = 0; i < count; i++)
		add_model(selected(&before[i], image));
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
		add_model(confirmed(selected(&m, image), image));
	if (done)
		return;
	add_model(m);
	torn.blank[image] = false;
	torn.confirmed[image] = TORN;
	add_model(torn);
	if (m.blank[image])
		return;
	torn = selected(&m, image);
	add_model(torn);
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
			select_models(step == SELECT_B, false);
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
		select_models(step == SELECT_B, true);
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
	assert_int_equal(w.again, 0);
}

/* The selector enters IMAGE, whose try is TRY. */
static void expect_choice(int image, unsigned try)
{
	unsigned its_try;

	selector.turn++;
	assert_int_equal(selection_choose(&selector, &its_try), image);
	assert_int_equal(its_try, try);
}

/* An image that is whole is not given up when there is no other: both, in turns. */
static void test_last_resort(void **state)
{
	(void)state;
	new_board();
	for (unsigned n = 0; n < FLASH_IMAGES * SELECTION_TRIES; n++)
		expect_choice((int)n / SELECTION_TRIES, n % SELECTION_TRIES + 1);
	selector.turn = 1;
	for (unsigned n = 0; n < 4; n++)
		expect_choice((int)n % 2, 0);
	assert_int_equal(w.again, 4);
	w.images[0].bytes_good = false;
	expect_choice(1, 0);
	expect_choice(1, 0);
	w.images[1].header_good = false;
	expect_choice(-1, 0);
	assert_int_equal(w.again, 6);
	w.images[0].bytes_good = true;
	expect_choice(0, 0);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	expect_choice(0, 0);
	assert_int_equal(w.again, 7);
}

/* A new version that fails leaves the old one as it was, whatever happens to the old one then. */
static void test_the_way_back_stays(void **state)
{
	(void)state;
	new_board();
	expect_choice(0, 1);
	assert_int_equal(selection_confirm(flash, 0, w.images[0].crc), 0);
	assert_int_equal(selection_select(flash, 1), 0);
	for (unsigned n = 1; n <= SELECTION_TRIES; n++)
		expect_choice(1, n);
	for (unsigned n = 0; n < 10; n++)
		expect_choice(0, 0);
	assert_int_equal(selection_select(flash, 1), 0); /* and by a second one */
	expect_choice(1, 1);
	w.images[1].header_good = false;
	expect_choice(0, 0);
	w.images[0].crc++; /* it was for what was there */
	expect_choice(0, 1);
}

static void program(uint32_t offset, uint32_t word)
{
	assert_int_equal(flash_program(NULL, offset, word), 0);
}

/* Tries count by the last one that is used: an earlier one may have failed to take its mark. */
static void test_a_try_that_was_passed_over(void **state)
{
	(void)state;
	new_board();
	program(offsetof(struct selection, tried[0][1]), 0);
	expect_choice(0, 3);
	expect_choice(1, 1);
}

/* What counts is what flash has, not what it says. */
static void test_flash_that_lies(void **state)
{
	(void)state;
	new_board();
	w.lies = true;
	expect_choice(0, 1);
	assert_int_equal(w.not_counted, 0);
	w.lies = false;
	w.stuck = SELECTION_BLANK;
	expect_choice(0, 0);
	assert_int_equal(w.not_counted, 1);
	assert_int_equal(w.not_counted_for, 0);
	w.stuck = 0;
	expect_choice(0, 2);
}

/* A place with anything in it is not for a record: an erase that was cut may have left it. */
static void test_places_that_are_not_blank(void **state)
{
	const uint32_t size = sizeof(struct selection);
	struct selection_found found;

	(void)state;
	new_board();
	for (uint32_t word = 0; word < size / 4; word++) {
		new_board();
		program(size + 4 * word, 0x12345678);
		assert_int_equal(selection_select(flash, 1), 0);
		selection_find(flash, &found);
		assert_int_equal(found.offset, 2 * size);
	}
}

/* A confirmation that was cut is finished where it is: neither the preference nor the tries change.
 */
static void test_half_a_confirmation(void **state)
{
	const uint32_t at = offsetof(struct selection, confirmed[1]);
	struct selection_found found;

	(void)state;
	new_board();
	for (unsigned n = 1; n <= SELECTION_TRIES; n++)
		expect_choice(0, n);
	expect_choice(1, 1);
	program(at, w.images[1].crc | 0x00ff00ff);
	assert_int_equal(selection_confirm(flash, 1, w.images[1].crc), 0);
	selection_find(flash, &found);
	assert_int_equal(found.offset, 0);
	assert_int_equal(found.record.preferred, 0);
	assert_int_equal(selection_tries_left(&found.record, 0), 0);
	expect_choice(1, 0);
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
	assert_int_equal(selection_choose(&selector, &try), 0);
	assert_int_equal(try, 0);
	assert_int_equal(w.not_counted, 1);
	assert_int_equal(w.not_counted_for, -EIO);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_flash_tries_a_then_b),
		cmocka_unit_test(test_last_resort),
		cmocka_unit_test(test_the_way_back_stays),
		cmocka_unit_test(test_a_try_that_was_passed_over),
		cmocka_unit_test(test_flash_that_lies),
		cmocka_unit_test(test_places_that_are_not_blank),
		cmocka_unit_test(test_half_a_confirmation),
		cmocka_unit_test(test_what_came_up_is_not_counted),
		cmocka_unit_test(test_broken_flash),
		cmocka_unit_test(test_weak_flash),
		cmocka_unit_test(test_checksum_of_ones),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_long_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
