/* SPDX-License-Identifier: MIT */
/* Reads, deletes, purges, compaction, and calls that must be refused. Puts: store_test_put.h. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_CALLS_H
#define CAIRN_TESTS_UNIT_STORE_TEST_CALLS_H

#include "tests/unit/store_test_check.h"

/* Reads */

/* What a read of key I must return; it counts. */
static inline int ops_expect_read(struct ops_world *w, uint32_t i)
{
	bool readable = ops_readable(w, i);

	w->counted.hits += readable;
	w->counted.misses += !readable;
	if (w->value[i].there)
		order_use(&w->order, i);
	return readable ? 0 : -ENOENT;
}

static inline bool ops_get(struct ops_world *w, const struct op *op)
{
	ops_keep(w);
	return ops_check_get(w, w->before, op->key) && ops_untouched(w, "a get") && ops_check(w);
}

static inline bool ops_pin(struct ops_world *w, const struct op *op)
{
	const struct ops_key *k = &w->key[op->key];
	struct store_view view;
	int want, got;

	if (w->pins == OPS_PINS)
		return true;
	want = ops_expect_read(w, op->key);
	got = store_get(&w->s, k->bytes, k->len, &view);
	if (got != want)
		return ops_fail(w, "get of key %u returned %d, not %d", op->key, got, want);
	if (got == 0)
		ops_add_pin(w, op->key, &view);
	return ops_check(w);
}

static inline bool ops_release(struct ops_world *w, const struct op *op)
{
	uint32_t i = w->pins > 0 ? op->fill % w->pins : 0;

	if (w->pins == 0)
		return true;
	store_release(&w->s, &w->pin[i].view);
	ops_drop_pin(w, i);
	return ops_check(w);
}

static inline bool ops_read(struct ops_world *w, const struct op *op)
{
	static uint8_t to[OPS_DATA_MAX + 1];
	const struct ops_key *k = &w->key[op->key];
	const struct ops_value *v = &w->value[op->key];
	uint32_t room = op->fill % 2 == 0 ? OPS_DATA_MAX : op->data_len, len = 77, i = 0;
	int want = ops_expect_read(w, op->key), got;

	if (op->fill % 8 == 1)
		room = v->data_len;
	if (want == 0 && v->data_len > room)
		want = -EMSGSIZE;
	memset(to, 0xa5, sizeof(to));
	ops_keep(w);
	got = store_read(&w->s, k->bytes, k->len, room == 0 && op->fill % 4 == 1 ? NULL : to, room,
			 &len);
	if (got != want)
		return ops_fail(w, "read of key %u to %u bytes returned %d, not %d", op->key, room,
				got, want);
	if (want != -ENOENT && len != v->data_len)
		return ops_fail(w, "read: %u bytes, not %u", len, v->data_len);
	if (got == 0 && memcmp(to, v->bytes, len) != 0)
		return ops_fail(w, "read of key %u gave other bytes", op->key);
	for (i = got == 0 ? len : 0; i < sizeof(to); i++)
		if (to[i] != 0xa5)
			return ops_fail(w, "read wrote to byte %u behind what it copied", i);
	return ops_untouched(w, "a read") && ops_check(w);
}

static inline bool ops_contains(struct ops_world *w, const struct op *op)
{
	const struct ops_key *k = &w->key[op->key];
	int want = ops_expect_read(w, op->key), got;

	ops_keep(w);
	got = store_contains(&w->s, k->bytes, k->len);
	if (got != want)
		return ops_fail(w, "contains of key %u returned %d, not %d", op->key, got, want);
	return ops_untouched(w, "contains") && ops_check(w);
}

/* What removes */

static inline bool ops_delete(struct ops_world *w, const struct op *op)
{
	const struct ops_key *k = &w->key[op->key];
	int want = w->value[op->key].there ? 0 : -ENOENT;
	int got = store_delete(&w->s, k->bytes, k->len);

	if (got != want)
		return ops_fail(w, "delete of key %u returned %d, not %d", op->key, got, want);
	w->counted.deletes += got == 0;
	ops_forget(w, op->key);
	return ops_check(w);
}

static inline bool ops_clear(struct ops_world *w)
{
	int got = store_clear(&w->s);

	if (got != 0)
		return ops_fail(w, "clear returned %d", got);
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		ops_forget(w, i);
	return ops_check(w);
}

struct ops_gone {
	struct ops_world *w;
	bool told[OPS_KEYS], ok;
};

/* An entry that the listener is told of had expired, is told of once, and is gone for good. */
static inline void ops_on_gone(void *ctx, const void *key, uint32_t key_len)
{
	struct ops_gone *g = ctx;
	struct ops_world *w = g->w;
	uint32_t i = ops_key_of(w, key, key_len);

	if (i == OPS_KEYS || g->told[i] || !w->value[i].there || ops_readable(w, i)) {
		g->ok = ops_fail(w, "the listener is told of key %u", i);
		return;
	}
	g->told[i] = true;
	g->ok = g->ok && ops_check_media(w) && ops_walk(w);
	if (g->ok && ops_find(w, w->after, i) != NULL)
		g->ok = ops_fail(w, "key %u still is there when the listener is told", i);
}

static inline bool ops_purge(struct ops_world *w, const struct op *op)
{
	struct ops_gone g = {.w = w, .ok = true};
	bool listen = op->fill % 2 == 0;
	int got = store_purge(&w->s, listen ? ops_on_gone : NULL, &g);
	uint32_t want = 0;

	if (!g.ok)
		return false;
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		if (listen && w->value[i].there && ops_expired(w, w->value[i].expiry) && !g.told[i])
			return ops_fail(w, "the listener was not told of key %u", i);
	want = ops_forget_expired(w);
	w->counted.expired += want;
	if (got != (int)want)
		return ops_fail(w, "purge returned %d, not %u", got, want);
	return ops_check(w);
}

/* Compaction */

/* A record that was moved takes no more of its new slot than it needs, but for a rest too small. */
static inline bool ops_check_moved(struct ops_world *w)
{
	for (uint32_t i = 0; i < w->after->entries; i++) {
		const struct walker_entry *e = &w->after->entry[i], *was;
		uint32_t content = e->key_len + e->data_len + e->meta_len;

		was = walker_find(w->before, e->key, e->key_len);
		if (was != NULL && was->off != e->off && e->size - ROUND_UP(content + 40, 8) >= 40)
			return ops_fail(w, "a record of %u bytes was moved to %u+%u", content,
					e->off, e->size);
	}
	return true;
}

static inline bool ops_compact_step(struct ops_world *w, uint32_t max, int *more)
{
	uint64_t most = (uint64_t)max + walker_largest_entry(w->before);
	struct store_stats st, now;

	store_stat(&w->s, &st);
	*more = store_compact(&w->s, max);
	store_stat(&w->s, &now);
	if (*more != 0 && *more != 1)
		return ops_fail(w, "compact returned %d", *more);
	if (now.moved_bytes - st.moved_bytes > most)
		return ops_fail(w, "compact of %u bytes moved %llu", max,
				(unsigned long long)(now.moved_bytes - st.moved_bytes));
	return ops_walk(w) && ops_check_moved(w) && ops_check(w);
}

/* A step, or steps until there is nothing to do: then what is free is one, if it can be. */
static inline bool ops_compact(struct ops_world *w, const struct op *op)
{
	static const uint32_t steps[] = {1, 40, 100, 500, 4096, 0x40000000, UINT32_MAX};
	uint32_t max = steps[op->fill % ARRAY_SIZE(steps)], left = op->fill / 64 % 4 ? 1 : 20000;
	bool to_the_end = left > 1;
	int more = 1;

	while (more == 1 && left-- > 0)
		if (!ops_compact_step(w, max, &more))
			return false;
	if (to_the_end && more == 1)
		return ops_fail(w, "compact does not come to an end");
	if (to_the_end && w->pins == 0 && w->before->frees > 1 &&
	    walker_largest(w->before) >= walker_largest_entry(w->before))
		return ops_fail(w, "after compaction there are %u free slots", w->before->frees);
	return true;
}

/* Refused calls */

static inline int ops_bad_key(struct ops_world *w, uint32_t which)
{
	static const uint32_t lens[] = {0, 65536, 0x80000000, UINT32_MAX};
	static const uint8_t byte[1] = {1};
	uint32_t len = lens[which / 6 % ARRAY_SIZE(lens)];
	struct store_view view;
	uint8_t to[1];

	switch (which % 6) {
	case 0:
		return store_put(&w->s, byte, len, byte, 1, NULL, 0, STORE_NEVER);
	case 1:
		return store_get(&w->s, byte, len, &view);
	case 2:
		return store_delete(&w->s, byte, len);
	case 3:
		return store_contains(&w->s, byte, len);
	case 4:
		return store_read(&w->s, byte, len, to, sizeof(to), &len);
	default:
		return store_put_if(&w->s, STORE_ABSENT, byte, len, byte, 1, NULL, 0, STORE_NEVER);
	}
}

static inline int ops_bad_length(struct ops_world *w, uint32_t which, int *want)
{
	/* Behind a key of one byte: negative in the format, or together; the sum is 2^32, with the
	 * header it is; and the most that is not negative. */
	static const struct {
		uint32_t data_len, meta_len;
		int want;
	} lens[] = {
		{0x80000000, 0, -ERANGE},          {0, 0x80000000, -ERANGE},
		{UINT32_MAX, 0, -ERANGE},          {0, UINT32_MAX, -ERANGE},
		{UINT32_MAX, UINT32_MAX, -ERANGE}, {UINT32_MAX - 1, 1, -ERANGE},
		{UINT32_MAX - 40, 0, -ERANGE},     {0x7fffffff, 0, -ERANGE},
		{0x40000000, 0x3fffffff, -ERANGE}, {0x7ffffffe, 0, -E2BIG},
		{0x3fffffff, 0x3fffffff, -E2BIG},  {0, 0x7ffffffe, -E2BIG},
		{0x40000000, 0, -E2BIG},
	};
	uint32_t n = which % (ARRAY_SIZE(lens) + 1);
	static const uint8_t byte[1] = {1};

	if (n == ARRAY_SIZE(lens)) { /* one byte more than any region of this size holds */
		*want = -E2BIG;
		return store_put(&w->s, byte, 1, byte, w->before->end - CHAIN_START - 40, NULL, 0,
				 STORE_NEVER);
	}
	*want = lens[n].want;
	return store_put(&w->s, byte, 1, byte, lens[n].data_len, byte, lens[n].meta_len,
			 STORE_NEVER);
}

static inline bool ops_bad(struct ops_world *w, const struct op *op)
{
	uint32_t which = op->fill / 2 % 64;
	int want = -EDOM, got;

	ops_keep(w);
	got = op->fill % 2 == 0 ? ops_bad_key(w, which) : ops_bad_length(w, which, &want);
	if (got != want)
		return ops_fail(w, "bad %s %u returned %d, not %d",
				op->fill % 2 == 0 ? "key" : "length", which, got, want);
	return ops_untouched(w, "a bad call") && ops_check(w);
}

#endif
