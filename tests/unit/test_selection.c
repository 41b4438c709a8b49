/* SPDX-License-Identifier: MIT */
/*
 * Which image the selector enters: the records in a flash that only clears bits, cut at each write.
 * What a board knows after a cut is one of a few models; each later choice must be that of one of
 * them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/selection_test.h"

#define MODELS_MAX 64
#define TORN 0xffffffffffffffffULL /* a confirmation that was cut, or none */

/* What a board may know: a record, in the words of boot/selection.h. */
struct model {
	unsigned preferred, used[FLASH_IMAGES];
	uint64_t confirmed[FLASH_IMAGES]; /* by which image; TORN: by none that is known */
	bool blank[FLASH_IMAGES];         /* nothing was ever written there */
};

static struct {
	struct model models[MODELS_MAX];
	unsigned count;
} known;

static const struct model fresh = {.confirmed = {TORN, TORN}, .blank = {true, true}};

static void new_life(void)
{
	new_board();
	known.models[0] = fresh;
	known.count = 1;
}

static void add_model(struct model m)
{
	for (unsigned i = 0; i < known.count; i++)
		if (!memcmp(&known.models[i], &m, sizeof(m)))
			return;
	assert_true(known.count < MODELS_MAX);
	known.models[known.count++] = m;
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
	for (unsigned i = 0; i < known.count; i++) {
		struct model m = known.models[i];
		unsigned its_try = 0;

		if (expected(&m, &its_try) != image || its_try != try)
			continue;
		if (image >= 0 && try)
			m.used[image] = try;
		known.models[kept++] = m;
	}
	assert_true(kept > 0);
	known.count = kept;
	return image;
}

/* The same, cut before the image is entered: a try is used up or not. */
static void start_cut(void)
{
	unsigned try, count = known.count;

	for (unsigned i = 0; i < count; i++) {
		struct model m = known.models[i];
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
	unsigned count = known.count;

	memcpy(before, known.models, sizeof(before));
	if (done)
		known.count = 0;
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
	unsigned count = known.count;

	memcpy(before, known.models, sizeof(before));
	known.count = 0;
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

				new_life();
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
		new_life();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_long_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
