/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "store/format.h"
#include "tests/fuzz/ops_calls.h"

#define COMPACT_STEPS 20000U /* far more than there can be slots and holes */

static void expect(int err, int expected, const char *call, uint32_t i)
{
	CHECK(err == expected, "%s of key %u says %d instead of %d", call, i, err, expected);
}

struct put {
	uint32_t key, data_len, meta_len;
	const uint8_t *data, *meta;
	int64_t expiry;
};

/* The entries in the order in which they go, as numbers of keys. */
struct order {
	uint32_t key[OPS_KEYS], count;
};

static int note_order(void *ctx, const struct store_view *v)
{
	struct order *o = ctx;

	o->key[o->count++] = ops_find(v->key, v->key_len);
	return o->count == OPS_KEYS;
}

/* What can be said of a put before it. */
struct before {
	struct store_stats stats;
	struct order order;
	uint32_t content; /* bytes of the record */
	uint32_t place;   /* where it has to lie if nothing has to be purged or moved first */
};

/* The smallest free slot that is large enough, the first of them, and the end if there is none. */
static uint32_t best_fit(uint32_t content)
{
	const struct walker *w = &t.walk.w;
	uint32_t need = ops_classic() ? HDR_BYTES + content
				      : ROUND_UP(HDR_BYTES + content + TRL_BYTES, SLOT_ALIGN);
	uint32_t best = UINT32_MAX, place = w->end;

	for (uint32_t i = 0; i < w->frees; i++) {
		const struct walker_free *slot = &w->free[i];

		if (!ops_classic() && slot->off + slot->size == w->end) {
			place = best == UINT32_MAX ? slot->off : place;
		} else if (slot->size >= need && slot->size < best) {
			best = slot->size;
			place = slot->off;
		}
	}
	return place;
}

static void look(const struct put *p, struct before *b)
{
	uint32_t key_len;

	ops_key(p->key, &key_len);
	b->order.count = 0;
	b->content = key_len + p->data_len + p->meta_len;
	b->place = best_fit(b->content);
	store_stat(&t.f.s, &b->stats);
	store_each_eldest(&t.f.s, note_order, &b->order);
}

/* The one that is not there any more after a new key, KEPT, was put. */
static void find_victim(const struct order *before, uint32_t kept)
{
	uint32_t victim = OPS_KEYS, eldest = OPS_KEYS, found = 0;

	fuzz_walk_region(&t.f, &t.walk);
	for (uint32_t n = 0; n < t.walk.w.entries; n++)
		found |= 1U << ops_find(t.walk.w.entry[n].key, t.walk.w.entry[n].key_len);
	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		if (!t.model.entry[i].there || found >> i & 1)
			continue;
		CHECK(victim == OPS_KEYS, "more than one entry had to go: %u and %u", victim, i);
		victim = i;
	}
	CHECK(victim < OPS_KEYS && victim != kept, "%u entries: none had to go, or the new one",
	      t.walk.w.entries);
	for (uint32_t n = before->count; n-- > 0;)
		if (t.model.entry[before->key[n]].there)
			eldest = before->key[n];
	CHECK(t.f.config.policy != STORE_LRU || victim == eldest, "%u had to go, not %u", eldest,
	      victim);
	ops_drop(&t.model, victim);
	t.counted.evicted++;
}

void ops_note_purge(void)
{
	t.counted.expired += ops_drop_expired(&t.model, t.f.now);
}

/* What came of a put that was allowed and answered ERR. */
static void note_put(const struct put *p, int err, const struct before *b)
{
	struct store_stats after;

	store_stat(&t.f.s, &after);
	if (b->content > b->stats.largest && !ops_classic() && err != -E2BIG)
		ops_note_purge();
	if (err) {
		CHECK(err == -ENOSPC || err == -E2BIG, "a put says %d", err);
		CHECK(b->content > b->stats.largest && b->content > after.largest,
		      "no room for %u bytes, but %u and then %u would fit", b->content,
		      b->stats.largest, after.largest);
		return;
	}
	t.counted.puts++;
	if (!t.model.entry[p->key].there && t.f.config.max_entries &&
	    t.model.count >= t.f.config.max_entries)
		find_victim(&b->order, p->key);
	ops_set(&t.model, p->key, p->data, p->data_len, p->meta, p->meta_len, p->expiry);
	fuzz_walk_region(&t.f, &t.walk);
	ops_compare(&t.model, &t.walk.w);
	CHECK(b->content > b->stats.largest || t.model.entry[p->key].off == b->place,
	      "key %u lies at %u, not in the best place, %u", p->key, t.model.entry[p->key].off,
	      b->place);
}

static void do_put(const struct put *p)
{
	struct before before;
	uint32_t len;
	const uint8_t *key = ops_key(p->key, &len);

	look(p, &before);
	note_put(p,
		 store_put(&t.f.s, key, len, p->data, p->data_len, p->meta, p->meta_len, p->expiry),
		 &before);
}

static void do_put_if(const struct put *p, uint8_t how)
{
	const struct ops_entry *e = &t.model.entry[p->key];
	bool alive = ops_alive(&t.model, p->key, t.f.now);
	uint64_t version = how & 1 ? STORE_ABSENT : e->version + (how & 2 ? 1 : 0);
	struct before before;
	int err, expected = 0;
	uint32_t len;
	const uint8_t *key = ops_key(p->key, &len);

	if (version == STORE_ABSENT)
		expected = alive ? -EEXIST : 0;
	else if (ops_classic())
		expected = -ENOTSUP;
	else if (!alive)
		expected = -ENOENT;
	else if (version != e->version)
		expected = -ESTALE;
	look(p, &before);
	err = store_put_if(&t.f.s, version, key, len, p->data, p->data_len, p->meta, p->meta_len,
			   p->expiry);
	if (expected)
		expect(err, expected, "put_if", p->key);
	else
		note_put(p, err, &before);
}

/* How long, of what bytes and until when, by the input. */
static void take_put(struct put *p, uint32_t i)
{
	static uint8_t data[4096], meta[256];
	uint16_t len = fuzz_take16(&t.in);
	uint8_t fill = fuzz_take(&t.in);

	*p = (struct put){.key = i, .data = data, .meta = meta, .expiry = STORE_NEVER};
	/* Mostly small ones, so that there are many. */
	p->data_len = len & 0x8000 ? len % sizeof(data) : len % 200;
	p->meta_len = fill & 1 ? fill : 0;
	if (fill & 2)
		p->expiry = t.f.now + (fill >> 4) - 4;
	memset(data, fill, p->data_len);
	memset(meta, ~fill, p->meta_len);
	if (p->data_len)
		data[p->data_len - 1] = (uint8_t)i;
}

/* What is put lies in the region: it is part of a view that is held. */
static void do_put_held(uint32_t i)
{
	uint8_t how = fuzz_take(&t.in);
	const struct ops_held *h = &t.held[how % FUZZ_PINS];
	const uint8_t *copy = h->bytes;
	struct before before;
	struct put p;
	uint32_t len;
	const uint8_t *key = ops_key(i, &len);
	int err;

	if (how % FUZZ_PINS >= t.f.pin_count)
		return;
	if (how & 64) {
		i = ops_find(h->view.key, h->view.key_len);
		key = h->view.key;
		len = h->view.key_len;
	}
	/* For the model those of the copy: the region's might change under its hands. */
	p = (struct put){.key = i,
			 .data = copy + h->view.key_len,
			 .data_len = h->view.data_len,
			 .meta = copy,
			 .meta_len = h->view.key_len,
			 .expiry = STORE_NEVER};
	look(&p, &before);
	err = store_put(&t.f.s, key, len, h->view.data, p.data_len, h->view.key, p.meta_len,
			p.expiry);
	note_put(&p, err, &before);
}

static void do_delete(uint32_t i)
{
	uint32_t len;
	const uint8_t *key = ops_key(i, &len);
	bool there = t.model.entry[i].there;

	expect(store_delete(&t.f.s, key, len), there ? 0 : -ENOENT, "delete", i);
	t.counted.deletes += there;
	ops_drop(&t.model, i);
}

static void gone(void *ctx, const void *key, uint32_t key_len)
{
	uint32_t i = ops_find(key, key_len), *keys = ctx;

	CHECK(i < OPS_KEYS && t.model.entry[i].there && !ops_alive(&t.model, i, t.f.now),
	      "key %u is purged, but not expired", i);
	CHECK(!(*keys >> i & 1), "key %u is purged twice", i);
	*keys |= 1U << i;
}

static void do_purge(void)
{
	uint32_t keys = 0, count = t.model.count;
	int n = store_purge(&t.f.s, gone, &keys);

	ops_note_purge();
	CHECK(n == (int)(count - t.model.count) && n == __builtin_popcount(keys),
	      "%d purged, %d told of, %u were expired", n, __builtin_popcount(keys),
	      count - t.model.count);
}

static void do_compact(bool all)
{
	uint32_t step = all ? 512 : fuzz_take16(&t.in) + 1U, steps = 0;
	struct store_stats st;
	int more = store_compact(&t.f.s, step);

	while (all && more == 1) {
		CHECK(++steps < COMPACT_STEPS, "compaction does not end");
		more = store_compact(&t.f.s, step);
	}
	CHECK(more == 0 || more == 1, "compaction says %d", more);
	store_stat(&t.f.s, &st);
	CHECK(!all || !ops_classic() || t.f.pin_count || !st.free_slots,
	      "%u free slots after compaction to the end", st.free_slots);
}

static void do_clear(void)
{
	int err = store_clear(&t.f.s);

	if (ops_classic() && t.f.pin_count) {
		CHECK(err == -EBUSY, "clear says %d though views are held", err);
		return;
	}
	CHECK(err == 0, "clear says %d", err);
	ops_clear(&t.model);
}

/* Calls that are refused, each for its reason. */
static void do_wrong(uint32_t i)
{
	static const uint8_t long_key[STORE_KEY_MAX + 1];
	uint32_t len, huge = t.f.config.media.size;
	const uint8_t *key = ops_key(i, &len);
	struct store *s = &t.f.s;
	struct store_view v;

	CHECK(store_put(s, key, 0, key, 1, key, 1, -1) == -EDOM &&
		      store_put(s, long_key, sizeof(long_key), key, 1, key, 1, -1) == -EDOM &&
		      store_put_if(s, 0, key, 0, key, 1, key, 1, -1) == -EDOM &&
		      store_get(s, key, 0, &v) == -EDOM &&
		      store_contains(s, long_key, sizeof(long_key)) == -EDOM &&
		      store_delete(s, key, 0) == -EDOM,
	      "a key's length that none can have");
	CHECK(store_put(s, key, len, key, 1U << 31, key, 1, -1) == -ERANGE &&
		      store_put(s, key, len, key, 1, key, UINT32_MAX, -1) == -ERANGE &&
		      store_put(s, key, len, key, 1U << 30, key, 1U << 30, -1) == -ERANGE,
	      "a length that none can have");
	CHECK(store_put(s, key, len, key, huge, key, 0, -1) == -E2BIG &&
		      store_put(s, key, len, key, 0, key, huge, -1) == -E2BIG,
	      "a length that does not fit into any region of %u bytes", huge);
}

static void call_put(uint8_t op, uint32_t i)
{
	struct put p;

	take_put(&p, i);
	if (op == OPS_PUT)
		do_put(&p);
	else
		do_put_if(&p, fuzz_take(&t.in));
}

void ops_write_call(uint8_t op, uint32_t i)
{
	switch (op) {
	case OPS_PUT:
	case OPS_PUT_IF:
		call_put(op, i);
		break;
	case OPS_PUT_HELD:
		do_put_held(i);
		break;
	case OPS_DELETE:
		do_delete(i);
		break;
	case OPS_PURGE:
		do_purge();
		break;
	case OPS_COMPACT:
		do_compact(false);
		break;
	case OPS_COMPACT_ALL:
		do_compact(true);
		break;
	case OPS_CLEAR:
		do_clear();
		break;
	default:
		do_wrong(i);
		break;
	}
}
