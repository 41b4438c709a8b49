/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of operations. They are drawn first and run afterwards, so that a sequence that
 * fails can be run again with some of them left out.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_SEQUENCE_H
#define CAIRN_TESTS_UNIT_STORE_TEST_SEQUENCE_H

#include "tests/unit/store_test_ops.h"

/* Short keys that are prefixes of each other, a few long ones, and one that fits nowhere. */
static inline void ops_make_keys(struct ops_world *w, struct rng *r)
{
	static const uint32_t long_keys[] = {STORE_KEY_MAX, 4000, 1000, 256, 255};

	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		struct ops_key *k = &w->key[i];

		k->len = i < ARRAY_SIZE(long_keys) ? long_keys[i] : 1 + (i - 5) / 2;
		k->bytes = malloc(k->len);
		if (i < ARRAY_SIZE(long_keys))
			rng_fill(r, k->bytes, k->len);
		else
			memset(k->bytes, 'a', k->len);
		k->bytes[k->len - 1] = (uint8_t)(i % 2 == 0 ? 'x' : 'a');
	}
}

static inline void ops_fill_media(struct ops_world *w, struct rng *r)
{
	uint32_t size = w->ops->region_size;

	switch (rng_below(r, 3)) {
	case 0:
		memset(w->region, 0, size);
		break;
	case 1:
		memset(w->region, 0xff, size);
		break;
	default:
		rng_fill(r, w->region, size);
	}
	memcpy(w->shadow, w->region, size);
	memcpy(w->kept, w->region, size);
}

static inline struct ops_world *ops_new_world(const struct ops *ops, struct rng *r)
{
	struct ops_world *w = calloc(1, sizeof(*w));

	w->ops = ops;
	w->region = aligned_alloc(STORE_REGION_ALIGN, ops->region_size);
	w->shadow = malloc(ops->region_size);
	w->kept = malloc(ops->region_size);
	w->copy = malloc(ops->region_size);
	w->before = &w->walks[0];
	w->after = &w->walks[1];
	w->clock = 1000000;
	w->config.now = ops_now;
	w->config.ctx = w;
	w->config.media.base = w->region;
	w->config.media.size = ops->region_size;
	w->config.media.ctx = w;
	if (ops->hooks) {
		w->config.media.written = ops_written;
		w->config.media.clean = ops_clean;
		w->config.media.barrier = ops_barrier;
		w->config.media.window = ops_window;
	}
	ops_fill_media(w, r);
	ops_make_keys(w, r);
	return w;
}

/* The world is not freed: this runs in a child of its own. */
static inline bool ops_run(void *ctx)
{
	const struct ops *ops = ctx;
	struct rng r = rng_seeded(ops->seed);
	struct ops_world *w = ops_new_world(ops, &r);

	w->at = ops->count; /* the format and open before the first */
	snprintf(ops->said, OPS_SAID, "before the first operation");
	if (!ops_reformat(w, (uint32_t)rng_next(&r)))
		return false;
	for (w->at = 0; w->at < ops->count; w->at++) {
		snprintf(ops->said, OPS_SAID, "in operation %u", w->at);
		if (!ops_step(w, &ops->op[w->at]))
			return false;
	}
	store_close(&w->s);
	return true;
}

static inline enum op_kind ops_draw_kind(struct rng *r)
{
	static const struct {
		enum op_kind kind;
		uint32_t weight;
	} kinds[] = {
		{OP_PUT, 360},    {OP_PUT_IF, 60},  {OP_PUT_VIEW, 50}, {OP_GET, 60},
		{OP_PIN, 55},     {OP_RELEASE, 60}, {OP_READ, 30},     {OP_CONTAINS, 20},
		{OP_DELETE, 150}, {OP_CLEAR, 3},    {OP_PURGE, 20},    {OP_PROCESS, 25},
		{OP_BUSY, 3},     {OP_COMPACT, 25}, {OP_TICK, 40},     {OP_REOPEN, 10},
		{OP_CRASH, 8},    {OP_COPY, 8},     {OP_REFORMAT, 3},  {OP_BAD, 10},
	};
	uint32_t n = rng_below(r, 1000);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (n < kinds[i].weight)
			return kinds[i].kind;
		n -= kinds[i].weight;
	}
	return OP_GET;
}

static inline struct op ops_draw(struct rng *r)
{
	static const uint32_t sizes[] = {0, 64, 64, 64, 600, 600, 600, OPS_DATA_MAX};
	struct op op = {
		.kind = ops_draw_kind(r),
		.key = rng_below(r, OPS_KEYS),
		.from = rng_below(r, OPS_KEYS),
		.data_len = rng_below(r, sizes[rng_below(r, ARRAY_SIZE(sizes))] + 1),
		.fill = (uint32_t)rng_next(r),
	};

	if (rng_below(r, 4) == 0)
		op.meta_len = rng_below(r, rng_below(r, 4) == 0 ? OPS_META_MAX + 1 : 20);
	if (rng_below(r, 4) == 0)
		op.expiry = (int32_t)rng_below(r, 200) - 5;
	return op;
}

static inline void ops_print(const struct ops *ops)
{
	print_message("region of %u bytes, %s hooks, %u operations:\n", ops->region_size,
		      ops->hooks ? "with" : "without", ops->count);
	for (uint32_t i = 0; i < ops->count; i++) {
		const struct op *op = &ops->op[i];

		print_message("%4u %s key %u from %u data %u meta %u fill %#x expiry %d\n", i,
			      op_names[op->kind], op->key, op->from, op->data_len, op->meta_len,
			      op->fill, op->expiry);
	}
}

/* Leaves out what can be left out with the sequence still ending as it did, first much at once. */
static inline void ops_shrink(struct ops *ops, const char *end)
{
	bool is_said = strcmp(end, "said") == 0;
	struct op *all = malloc(ops->count * sizeof(*all));
	char *said = malloc(OPS_SAID);

	for (uint32_t chunk = ops->count / 2; chunk > 0; chunk /= 2)
		for (uint32_t from = 0; from + chunk <= ops->count;) {
			uint32_t count = ops->count;

			memcpy(all, ops->op, count * sizeof(*all));
			memcpy(said, ops->said, OPS_SAID);
			ops->count -= chunk;
			memmove(ops->op + from, ops->op + from + chunk,
				(ops->count - from) * sizeof(*all));
			end = in_child(ops_run, ops, 5, true);
			if (*end != '\0' && (strcmp(end, "said") == 0) == is_said)
				continue;
			ops->count = count;
			memcpy(ops->op, all, count * sizeof(*all));
			memcpy(ops->said, said, OPS_SAID);
			from += chunk;
		}
	free(said);
	free(all);
}

#endif
