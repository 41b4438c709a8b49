/* SPDX-License-Identifier: MIT */
/* Builds the images that the damage test begins with, by calls of the store. */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_BUILD_H
#define CAIRN_TESTS_POWERCUT_FLIP_BUILD_H

#include "tests/powercut/flip_image.h"

/* While it is on, the writes of an operation are watched for a cut. */
struct flip_cut {
	bool on, begins, chosen;          /* a group of writes begins; it is the one that is cut */
	uint32_t groups, writes;          /* so far, in the group */
	uint8_t flushed[FLIP_REGION_MAX]; /* what was certain at the last barrier */
};

struct flip_build {
	struct flip_image *im;
	struct store s;
	struct store_config config;
	struct rng rng;
	struct flip_cut cut;
	struct walker walk;
	bool window;       /* is open */
	const char *error; /* a call that did not do what it should */
};

/* A cut */

/* The region as it may be behind a cut: some of the words written since the last barrier are there.
 */
static inline void flip_take_cut(struct flip_build *b)
{
	static const uint32_t odds[] = {2, 4, 7, 8};
	uint32_t chance = odds[rng_below(&b->rng, ARRAY_SIZE(odds))];

	memcpy(b->im->bytes, b->cut.flushed, b->im->size);
	for (uint32_t at = 0; at < b->im->size; at += 4)
		if (memcmp(b->im->bytes + at, flip_area + at, 4) != 0 &&
		    rng_below(&b->rng, 8) < chance)
			memcpy(b->im->bytes + at, flip_area + at, 4);
}

/*
 * An operation is not known to be over before it is: so each of its groups, and each write of the
 * group, takes the place of the one before with a chance that makes all equally likely in the end.
 */
static inline void flip_cut_written(void *ctx, uint32_t off, uint32_t len)
{
	struct flip_build *b = ctx;
	struct flip_cut *cut = &b->cut;

	(void)off;
	(void)len;
	if (!b->window)
		b->error = "a write while the window was closed";
	if (!cut->on)
		return;
	if (cut->begins) {
		cut->begins = false;
		cut->chosen = rng_below(&b->rng, ++cut->groups) == 0;
		cut->writes = 0;
	}
	if (cut->chosen && rng_below(&b->rng, ++cut->writes) == 0)
		flip_take_cut(b);
}

static inline void flip_window(void *ctx, bool open)
{
	struct flip_build *b = ctx;

	if (b->window == open)
		b->error = "a window that was opened or closed twice";
	b->window = open;
}

static inline void flip_cut_barrier(void *ctx)
{
	struct flip_build *b = ctx;

	b->cut.begins = true;
	memcpy(b->cut.flushed, flip_area, b->im->size);
}

/* Calls */

static inline void flip_must(struct flip_build *b, bool ok, const char *what)
{
	if (!ok && b->error == NULL)
		b->error = what;
}

static inline void flip_put_bytes(struct flip_build *b, uint32_t i, const uint8_t *bytes,
				  uint32_t data_len, uint32_t meta_len, int64_t expiry)
{
	uint8_t key[FLIP_KEY_MAX];
	uint32_t key_len = flip_key(i, key);
	int err =
		store_put(&b->s, key, key_len, bytes, data_len, bytes + data_len, meta_len, expiry);

	flip_must(b, err == 0, "a put of the image failed");
	b->im->after.value[i] = (struct flip_value){bytes, data_len, meta_len, expiry};
}

/* What is put is kept as long as the process. */
static inline uint8_t *flip_bytes(struct flip_build *b, uint32_t len)
{
	uint8_t *bytes = malloc(len + 8);

	if (bytes == NULL)
		abort();
	rng_fill(&b->rng, bytes, len);
	return bytes;
}

static inline void flip_put(struct flip_build *b, uint32_t i, uint32_t data_len, uint32_t meta_len,
			    int64_t expiry)
{
	flip_put_bytes(b, i, flip_bytes(b, data_len + meta_len), data_len, meta_len, expiry);
}

static inline void flip_delete(struct flip_build *b, uint32_t i)
{
	uint8_t key[FLIP_KEY_MAX];

	flip_must(b, store_delete(&b->s, key, flip_key(i, key)) == 0,
		  "a delete of the image failed");
	b->im->after.value[i].bytes = NULL;
}

static inline void flip_walk(struct flip_build *b)
{
	flip_must(b, walker_walk(&b->walk, flip_area, b->im->size), "the image is not at rest");
}

static inline void flip_format_and_open(struct flip_build *b)
{
	rng_fill(&b->rng, flip_area, b->im->size); /* the superblock's page keeps it */
	flip_must(b, store_format(&b->config.media, (uint32_t)rng_next(&b->rng)) == 0,
		  "the format of the image failed");
	flip_must(b, store_open(&b->s, &b->config) == 0, "the open of the image failed");
}

/* Contents */

/* Holes, overwrites in all size relations, empty values, metadata, entries that expire. */
static inline void flip_mixed(struct flip_build *b)
{
	for (uint32_t i = 0; i < 20; i++)
		flip_put(b, i, i * 29 % 97, i % 3 == 1 ? 3 + i : 0,
			 i % 4 == 2 ? 5000 + (int64_t)i : STORE_NEVER);
	flip_delete(b, 3);
	flip_delete(b, 7);
	flip_delete(b, 8);
	flip_delete(b, 14);
	flip_put(b, 2, 150, 8, 9000);
	flip_put(b, 5, 1, 0, STORE_NEVER);
	flip_put(b, 9, 9 * 29 % 97, 0, STORE_NEVER);
	flip_put(b, 15, 0, 0, STORE_NEVER);
	flip_put(b, 20, 20, 4, flip_clock + 500); /* which comes before the image is opened */
	flip_put(b, 21, 1, 0, STORE_NEVER);
	flip_put(b, 8, 0, 0, STORE_NEVER); /* 48 bytes, the least */
	flip_delete(b, 17);
}

/* As above, and the last slot is a record that ends where the chain does, or REST bytes before. */
static inline void flip_fill_up(struct flip_build *b, uint32_t rest)
{
	uint8_t key[FLIP_KEY_MAX];
	struct store_stats st;

	flip_mixed(b);
	store_stat(&b->s, &st);
	flip_put(b, 23, st.largest - flip_key(23, key) - rest, 0, STORE_NEVER);
	flip_delete(b, 11);
	flip_walk(b);
	flip_must(b,
		  rest == 0 ? walker_used_end(&b->walk) == b->walk.end
			    : walker_used_end(&b->walk) == b->walk.end - rest,
		  "the image does not end with the record it should");
}

static inline void flip_full(struct flip_build *b)
{
	flip_fill_up(b, 0);
}

static inline void flip_nearly_full(struct flip_build *b)
{
	flip_fill_up(b, SLOT_MIN);
}

static inline void flip_nothing(struct flip_build *b)
{
	flip_must(b, store_size(&b->s) == 0, "the image is not empty");
}

/* Values of some thousand bytes between small ones. */
static inline void flip_large(struct flip_build *b)
{
	for (uint32_t i = 0; i < FLIP_KEYS; i++)
		flip_put(b, i, i % 3 == 0 ? 2000 + i * 100 : i * 5, i, STORE_NEVER);
	for (uint32_t i = 1; i < FLIP_KEYS; i += 5)
		flip_delete(b, i);
	flip_delete(b, 9);
	flip_put(b, 9, 900, 0, 77000);
}

#define FLIP_ROOM 700U /* that an image of a cut has at least, in one piece */

/* Leaves the last two keys alone. */
static inline void flip_random_call(struct flip_build *b)
{
	uint32_t i = rng_below(&b->rng, FLIP_KEYS - 2), len = rng_below(&b->rng, 120);
	struct store_stats st;

	if (rng_below(&b->rng, 8) == 0)
		len *= 4;
	store_stat(&b->s, &st);
	if (b->im->after.value[i].bytes != NULL && rng_below(&b->rng, 5) < 2)
		flip_delete(b, i);
	else if (st.largest >= FLIP_ROOM + FLIP_KEY_MAX + len)
		flip_put(b, i, len, rng_below(&b->rng, 2) * 9,
			 rng_below(&b->rng, 4) == 0 ? flip_clock + 500 : STORE_NEVER);
}

#endif
