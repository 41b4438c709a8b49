/* SPDX-License-Identifier: MIT */
/*
 * Which states of a moment are tried, of all that memory may be in (store_test_cuts.h).
 *
 * All of them if they are few: then any word is lost or kept, whatever becomes of the others. If
 * they are many:
 *  - the first words that were written and none behind them, or all but these;
 *  - any subset of the cache lines lost, and each line torn between any two of its words, the
 *    others all kept or all lost; if the lines are not too many;
 *  - seeded ones: each line lost, kept, torn, or any of its words lost on its own.
 */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_SUBSETS_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_SUBSETS_H

#include "tests/powercut/store_test_cuts.h"

#define CUT_LINE_WORDS (CUT_LINE / 4)

struct cut_search {
	uint32_t all;     /* all states, if there are at most so many */
	uint32_t lines;   /* all subsets of the lines, if there are at most so many */
	uint32_t samples; /* seeded states */
	struct rng rng;
	uint8_t *image; /* where the states are built */
	void (*try_image)(void *ctx);
	void *ctx;
};

static inline void cut_try(const struct cut_memory *mem, const struct cut_search *search)
{
	memcpy(search->image, mem->kept, mem->size);
	for (uint32_t i = 0; i < mem->words; i++) {
		const struct cut_word *w = &mem->word[i];

		memcpy(search->image + w->at * 4, &w->value[w->pick], 4);
	}
	search->try_image(search->ctx);
}

static inline void cut_keep(struct cut_word *w, bool kept)
{
	w->pick = kept ? w->versions - 1 : 0;
}

/* All that was written is there: the program was stopped, and nothing was lost. */
static inline void cut_try_stop(struct cut_memory *mem, const struct cut_search *search)
{
	for (uint32_t i = 0; i < mem->words; i++)
		cut_keep(&mem->word[i], true);
	cut_try(mem, search);
}

/* Counts through the versions like an odometer. */
static inline void cut_try_all(struct cut_memory *mem, const struct cut_search *search)
{
	uint32_t i;

	for (i = 0; i < mem->words; i++)
		mem->word[i].pick = 0;
	do {
		cut_try(mem, search);
		for (i = 0; i < mem->words; i++) {
			if (++mem->word[i].pick < mem->word[i].versions)
				break;
			mem->word[i].pick = 0;
		}
	} while (i < mem->words);
}

/* The first N words written, or all but these. */
static inline void cut_try_runs(struct cut_memory *mem, const struct cut_search *search)
{
	for (uint32_t n = 0; n <= mem->words; n++)
		for (int rest = 0; rest < 2; rest++) {
			for (uint32_t i = 0; i < mem->words; i++)
				cut_keep(&mem->word[i], (i < n) != (rest == 1));
			cut_try(mem, search);
		}
}

/* Numbers the lines that have such words; how many there are. */
static inline uint32_t cut_number_lines(struct cut_memory *mem)
{
	static uint32_t number[CUT_WORDS / CUT_LINE_WORDS]; /* and 1 */
	uint32_t lines = 0;

	memset(number, 0, sizeof(number));
	for (uint32_t i = 0; i < mem->words; i++) {
		uint32_t *n = &number[mem->word[i].at / CUT_LINE_WORDS];

		if (*n == 0)
			*n = ++lines;
		mem->word[i].line = *n - 1;
	}
	return lines;
}

static inline void cut_try_lines(struct cut_memory *mem, const struct cut_search *search,
				 uint32_t lines)
{
	for (uint32_t subset = 0; subset < 1U << lines; subset++) {
		for (uint32_t i = 0; i < mem->words; i++)
			cut_keep(&mem->word[i], (subset >> mem->word[i].line & 1) != 0);
		cut_try(mem, search);
	}
}

/* Bit 0 of HOW: the torn line keeps its first words and not its last ones; bit 1: all other lines
 * are kept. */
static inline void cut_try_torn(struct cut_memory *mem, const struct cut_search *search,
				uint32_t lines)
{
	for (uint32_t n = 0; n < lines * (CUT_LINE_WORDS - 1) * 4; n++) {
		uint32_t how = n % 4, at = n / 4 % (CUT_LINE_WORDS - 1) + 1;
		uint32_t line = n / 4 / (CUT_LINE_WORDS - 1);

		for (uint32_t i = 0; i < mem->words; i++) {
			struct cut_word *w = &mem->word[i];
			bool first = w->at % CUT_LINE_WORDS < at;

			cut_keep(w, w->line == line ? first == (how % 2 != 0) : how / 2 != 0);
		}
		cut_try(mem, search);
	}
}

/* Each word on its own, kept with ODDS of 64, or with even odds any version of it. */
static inline void cut_pick_words(struct cut_memory *mem, struct rng *rng, uint32_t odds)
{
	for (uint32_t i = 0; i < mem->words; i++) {
		struct cut_word *w = &mem->word[i];

		cut_keep(w, rng_below(rng, 64) < odds);
		if (odds == 32 && w->versions > 2)
			w->pick = rng_below(rng, w->versions);
	}
}

/* Each line lost or kept, or with TORN perhaps only the first or last words of it kept. */
static inline void cut_pick_lines(struct cut_memory *mem, struct rng *rng, uint32_t lines,
				  bool torn)
{
	static struct {
		bool keeps[2]; /* its last words, its first words */
		uint32_t at;   /* where they part */
	} fate[CUT_WORDS / CUT_LINE_WORDS];

	for (uint32_t n = 0; n < lines; n++) {
		fate[n].keeps[0] = rng_below(rng, 2) != 0;
		fate[n].keeps[1] = torn ? rng_below(rng, 2) != 0 : fate[n].keeps[0];
		fate[n].at = rng_below(rng, CUT_LINE_WORDS - 1) + 1;
	}
	for (uint32_t i = 0; i < mem->words; i++) {
		struct cut_word *w = &mem->word[i];

		cut_keep(w, fate[w->line].keeps[w->at % CUT_LINE_WORDS < fate[w->line].at]);
	}
}

static inline void cut_try_random(struct cut_memory *mem, struct cut_search *search, uint32_t lines)
{
	static const uint32_t odds[] = {4, 32, 60};

	for (uint32_t n = 0; n < search->samples; n++) {
		uint32_t kind = n % 5;

		if (kind < ARRAY_SIZE(odds))
			cut_pick_words(mem, &search->rng, odds[kind]);
		else
			cut_pick_lines(mem, &search->rng, lines, kind == 4);
		cut_try(mem, search);
	}
}

static inline void cut_try_moment(struct cut_memory *mem, struct cut_search *search)
{
	uint64_t states = 1;
	uint32_t lines;

	for (uint32_t i = 0; i < mem->words && states <= search->all; i++)
		states *= mem->word[i].versions;
	if (states <= search->all) {
		cut_try_all(mem, search);
		return;
	}
	lines = cut_number_lines(mem);
	cut_try_runs(mem, search);
	if (lines <= search->lines) {
		cut_try_lines(mem, search, lines);
		cut_try_torn(mem, search, lines);
	}
	cut_try_random(mem, search, lines);
}

#endif
