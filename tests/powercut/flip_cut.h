/* SPDX-License-Identifier: MIT */
/* Images of a region that a reset left in the midst of an operation. */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_CUT_H
#define CAIRN_TESTS_POWERCUT_FLIP_CUT_H

#include "tests/powercut/flip_build.h"

enum flip_op {
	FLIP_PUT,
	FLIP_PUT_AGAIN,
	FLIP_DELETE,
	FLIP_COMPACT,
	FLIP_EVICT,
	FLIP_PURGE,
	FLIP_BATCH,
	FLIP_CLEAR,
	FLIP_FORMAT,
	FLIP_OPS,
};

static const char *const flip_op_names[FLIP_OPS] = {
	"a cut put",      "a cut put over another one",
	"a cut delete",   "a cut compaction",
	"a cut eviction", "a cut purge",
	"a cut batch",    "a cut clear",
	"a cut format",
};

/* A key that is there, or is not. The last but one is there, the last is not. */
static inline uint32_t flip_pick(struct flip_build *b, bool there)
{
	uint32_t i;

	do
		i = rng_below(&b->rng, FLIP_KEYS);
	while ((b->im->after.value[i].bytes != NULL) != there);
	return i;
}

/* A put of a new key, one of a key that is there, and a delete, together. */
static inline void flip_do_batch(struct flip_build *b)
{
	struct flip_value again = {flip_bytes(b, 90), 80, 10, STORE_NEVER};
	uint32_t put[] = {flip_pick(b, false), flip_pick(b, true)}, gone;
	uint8_t key[FLIP_KEY_MAX];
	int err = store_batch_begin(&b->s);

	for (uint32_t n = 0; n < ARRAY_SIZE(put) && err == 0; n++) {
		err = store_batch_put(&b->s, key, flip_key(put[n], key), again.bytes,
				      again.data_len, again.bytes + again.data_len, again.meta_len,
				      again.expiry);
		b->im->after.value[put[n]] = again;
	}
	gone = flip_pick(b, true);
	if (err == 0)
		err = store_batch_delete(&b->s, key, flip_key(gone, key));
	if (err == 0)
		err = store_batch_commit(&b->s);
	b->im->after.value[gone].bytes = NULL;
	flip_must(b, err == 0, "a batch failed");
}

static inline void flip_do(struct flip_build *b, enum flip_op op)
{
	uint32_t len = rng_below(&b->rng, 120), meta_len = rng_below(&b->rng, 9);

	switch (op) {
	case FLIP_PUT:
	case FLIP_EVICT:
		flip_put(b, flip_pick(b, false), len, meta_len, STORE_NEVER);
		break;
	case FLIP_PUT_AGAIN:
		flip_put(b, flip_pick(b, true), len, meta_len, STORE_NEVER);
		break;
	case FLIP_DELETE:
		flip_delete(b, flip_pick(b, true));
		break;
	case FLIP_COMPACT:
		flip_must(b, store_compact(&b->s, UINT32_MAX) >= 0, "a compaction failed");
		break;
	case FLIP_PURGE:
		flip_must(b, store_purge(&b->s, NULL, NULL) >= 0, "a purge failed");
		break;
	case FLIP_BATCH:
		flip_do_batch(b);
		break;
	case FLIP_CLEAR:
		flip_must(b, store_clear(&b->s) == 0, "a clear failed");
		break;
	case FLIP_FORMAT:
		store_close(&b->s);
		flip_must(b, store_format(&b->config.media, 99) == 0, "a format failed");
		break;
	case FLIP_OPS:
		break;
	}
}

/* What the region holds after the operation; the values that may be there are in AFTER already. */
static inline void flip_read_after(struct flip_build *b)
{
	flip_walk(b);
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		struct flip_value *v = &b->im->after.value[i];
		uint8_t key[FLIP_KEY_MAX];
		const struct walker_entry *e = walker_find(&b->walk, key, flip_key(i, key));

		flip_must(b, e == NULL || flip_same_entry(v, e), "the operation went wrong");
		if (e == NULL)
			v->bytes = NULL;
	}
}

/* Which records that an open must keep are in the cut image as they were before the operation. */
static inline void flip_note_kept(struct flip_build *b, const uint8_t *was)
{
	struct flip_image *im = b->im;

	flip_must(b, walker_walk(&b->walk, was, im->size), "the image was not at rest");
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		uint8_t key[FLIP_KEY_MAX];
		const struct walker_entry *e = walker_find(&b->walk, key, flip_key(i, key));
		struct flip_slot slot;

		if (e == NULL || (e->expiry > 0 && e->expiry < im->clock))
			continue;
		slot = flip_slot_of(e);
		if (flip_untouched(&slot, was, im->bytes))
			im->kept[i] = slot;
	}
}

/* A store with something in it, then the operation, cut at one of its writes. */
static inline void flip_cut_image(struct flip_build *b, enum flip_op op)
{
	static uint8_t was[FLIP_REGION_MAX];
	struct flip_image *im = b->im;

	im->name = flip_op_names[op];
	im->cut = true;
	flip_put(b, FLIP_KEYS - 2, 40, 0, STORE_NEVER);
	for (uint32_t n = 0; n < 40; n++)
		flip_random_call(b);
	if (op == FLIP_EVICT) {
		b->config.max_entries = store_size(&b->s);
		store_close(&b->s);
		flip_must(b, store_open(&b->s, &b->config) == 0, "an open failed");
	}
	if (op == FLIP_PURGE)
		flip_clock = im->clock;
	im->before = im->after;
	memcpy(was, flip_area, im->size);
	memcpy(b->cut.flushed, flip_area, im->size);
	memcpy(im->bytes, flip_area, im->size);
	b->cut.on = b->cut.begins = true;
	flip_do(b, op);
	b->cut.on = false;
	flip_read_after(b);
	flip_note_kept(b, was);
}

#endif
