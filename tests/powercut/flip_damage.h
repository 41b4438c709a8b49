/* SPDX-License-Identifier: MIT */
/*
 * The trials of an image, by number: first every bit and every byte of it, then each word that the
 * chain hangs on, then bursts, alone and in pairs. The number, the image and the seed tell all of a
 * trial, so each can be had again on its own.
 */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_DAMAGE_H
#define CAIRN_TESTS_POWERCUT_FLIP_DAMAGE_H

#include "tests/powercut/flip_image.h"

#define FLIP_BURST 64U

enum flip_kind {
	FLIP_ONCE,
	FLIP_TWICE,  /* at once */
	FLIP_AGAIN,  /* the second one behind an open, which knows of the first */
	FLIP_IN_USE, /* while it is open */
	FLIP_KINDS,
};

/* LEN bytes at OFF become these. */
struct flip_damage {
	uint32_t off, len;
	const char *text;
	uint8_t bytes[FLIP_BURST];
};

struct flip_trial {
	enum flip_kind kind;
	struct flip_damage damage[2]; /* the second one for FLIP_TWICE */
	struct rng rng;               /* for what follows */
};

/* What is swept bit by bit: everything, or what the format has a meaning for, or nothing. */
enum flip_sweep {
	FLIP_SWEEP_ALL,
	FLIP_SWEEP_USED,
	FLIP_SWEEP_NONE,
};

static inline uint32_t flip_swept(const struct flip_image *im, enum flip_sweep sweep)
{
	if (sweep == FLIP_SWEEP_NONE)
		return 0;
	return sweep == FLIP_SWEEP_ALL ? im->size : im->size - IMAGE_OFFSET + 2 * SB_SIZE;
}

/* The Nth byte of those that are swept. */
static inline uint32_t flip_swept_at(enum flip_sweep sweep, uint32_t n)
{
	if (sweep == FLIP_SWEEP_ALL || n < SB_SIZE)
		return n;
	if (n < 2 * SB_SIZE)
		return SB_COPY_B + n - SB_SIZE;
	return IMAGE_OFFSET + n - 2 * SB_SIZE;
}

/* The words of a slot that the chain hangs on: three of its header, four of its trailer. */
#define FLIP_WORDS 9U

static inline uint32_t flip_word_at(const struct flip_image *im, uint32_t n)
{
	static const uint8_t words[FLIP_WORDS] = {HDR_SIZE,    HDR_KEYLEN,     HDR_DATALEN,
						  HDR_METALEN, HDR_EXPIRY + 4, TRL_W0,
						  TRL_W1,      TRL_CRC,        TRL_TAG};
	uint32_t slot = n / FLIP_WORDS, word = n % FLIP_WORDS;
	uint32_t end = slot + 1 < im->slots ? im->slot[slot + 1] : chain_end(im->size);

	return word < 5 ? im->slot[slot] + words[word] : end - words[word];
}

/* How many trials of an image come before the random ones. */
static inline uint32_t flip_fixed(const struct flip_image *im, enum flip_sweep sweep)
{
	if (im->cut)
		return 0;
	return flip_swept(im, sweep) * 10 + im->slots * FLIP_WORDS * 34;
}

static inline struct flip_damage flip_bit(const struct flip_image *im, uint32_t at, uint32_t bit)
{
	struct flip_damage d = {at, 1, "a bit flipped", {im->bytes[at] ^ (uint8_t)(1U << bit)}};

	return d;
}

static inline struct flip_damage flip_fill(uint32_t off, uint32_t len, bool ones)
{
	struct flip_damage d = {.off = off, .len = len, .text = ones ? "all ones" : "zeros"};

	memset(d.bytes, ones ? 0xff : 0, len);
	return d;
}

/* Number N of those that are not random. */
static inline struct flip_damage flip_fixed_damage(const struct flip_image *im,
						   enum flip_sweep sweep, uint32_t n)
{
	uint32_t swept = flip_swept(im, sweep), at;

	if (n < swept * 8)
		return flip_bit(im, flip_swept_at(sweep, n / 8), n % 8);
	n -= swept * 8;
	if (n < swept * 2)
		return flip_fill(flip_swept_at(sweep, n / 2), 1, n % 2 != 0);
	n -= swept * 2;
	at = flip_word_at(im, n / 34);
	if (n % 34 < 2)
		return flip_fill(at, 4, n % 34 != 0);
	return flip_bit(im, at + (n % 34 - 2) / 8, (n % 34 - 2) % 8);
}

/* Mostly in the chain, often where two slots meet, sometimes in the superblock. */
static inline uint32_t flip_place(struct rng *r, const struct flip_image *im)
{
	uint32_t end = chain_end(im->size), off = CHAIN_START + rng_below(r, end - CHAIN_START);

	switch (rng_below(r, 8)) {
	case 0:
		return rng_below(r, 2) * SB_COPY_B + rng_below(r, SB_SIZE);
	case 1:
		return rng_below(r, im->size);
	case 2:
	case 3:
		off = im->slot[rng_below(r, im->slots)] + rng_below(r, 64);
		return off - 32 < end ? off - 32 : end - 1;
	default:
		return off;
	}
}

static inline struct flip_damage flip_random_damage(struct rng *r, const struct flip_image *im)
{
	uint32_t off = flip_place(r, im), len = 1 + rng_below(r, FLIP_BURST);
	uint32_t word = flip_word_at(im, rng_below(r, im->slots * FLIP_WORDS));
	struct flip_damage d;

	if (len > im->size - off)
		len = im->size - off;
	switch (rng_below(r, 8)) {
	case 0:
		return flip_bit(im, off, rng_below(r, 8));
	case 1:
		if (rng_below(r, 4) == 0)
			return flip_fill(word, 4, false);
		return flip_bit(im, word + rng_below(r, 4), rng_below(r, 8));
	case 2:
		return flip_fill(off, len, true);
	case 3:
		return flip_fill(off, len, false);
	default:
		d = (struct flip_damage){.off = off, .len = len, .text = "random bytes"};
		rng_fill(r, d.bytes, len);
		return d;
	}
}

/* Trial N of an image: of its own random numbers, so that it does not depend on those before. */
static inline struct flip_trial flip_trial(const struct flip_image *im, enum flip_sweep sweep,
					   uint64_t seed, uint32_t n)
{
	static const uint8_t kinds[] = {FLIP_ONCE, FLIP_ONCE,  FLIP_ONCE,  FLIP_ONCE,
					FLIP_ONCE, FLIP_TWICE, FLIP_AGAIN, FLIP_IN_USE};
	struct flip_trial t = {.rng = rng_seeded(seed ^ (uint64_t)n << 20)};
	uint32_t fixed = flip_fixed(im, sweep);

	if (n < fixed) {
		t.damage[0] = flip_fixed_damage(im, sweep, n);
		return t;
	}
	t.kind = kinds[(n - fixed) % ARRAY_SIZE(kinds)];
	/*
	 * What a slot holds that was hit at both ends cannot be told from a record if it checks;
	 * and a cut counts as a damage.
	 */
	if (t.kind == FLIP_TWICE && (im->cut || im->perfect))
		t.kind = FLIP_ONCE;
	t.damage[0] = flip_random_damage(&t.rng, im);
	if (t.kind == FLIP_TWICE)
		t.damage[1] = flip_random_damage(&t.rng, im);
	return t;
}

static inline void flip_apply(uint8_t *region, const struct flip_damage *d)
{
	memcpy(region + d->off, d->bytes, d->len);
}

#endif
