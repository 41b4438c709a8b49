/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/ops_calls.h"

/* What a read of key I should answer; it is counted. */
static int read_answer(uint32_t i)
{
	bool alive = ops_alive(&t.model, i, t.f.now);

	if (alive)
		t.counted.hits++;
	else
		t.counted.misses++;
	return alive ? 0 : -ENOENT;
}

static void expect(int err, int expected, const char *call, uint32_t i)
{
	CHECK(err == expected, "%s of key %u says %d instead of %d", call, i, err, expected);
}

static void check_view(const struct store_view *v, uint32_t i)
{
	const struct ops_entry *e = &t.model.entry[i];

	fuzz_check_view(&t.f, v);
	CHECK(ops_find(v->key, v->key_len) == i &&
		      ops_same(&t.model, i, v->data, v->data_len, v->meta, v->meta_len) &&
		      v->expiry == e->expiry && v->version == e->version && v->slot == e->off,
	      "a view of key %u is of something else", i);
}

static void release(uint32_t n)
{
	store_release(&t.f.s, &t.held[n].view);
	free(t.held[n].bytes);
	t.f.pin_count--;
	for (; n < t.f.pin_count; n++) {
		t.held[n] = t.held[n + 1];
		t.f.pinned[n] = t.f.pinned[n + 1];
	}
}

static void do_get(uint32_t i)
{
	uint32_t len;
	const uint8_t *key = ops_key(i, &len);
	struct ops_held *h;
	int err;

	if (t.f.pin_count == FUZZ_PINS)
		release(fuzz_take(&t.in) % FUZZ_PINS);
	h = &t.held[t.f.pin_count];
	err = store_get(&t.f.s, key, len, &h->view);
	expect(err, read_answer(i), "get", i);
	if (err)
		return;
	check_view(&h->view, i);
	h->bytes = malloc(ops_view_bytes(&h->view));
	CHECK(h->bytes, "no memory for a copy");
	memcpy(h->bytes, h->view.key, ops_view_bytes(&h->view));
	t.f.pinned[t.f.pin_count++] = h->view.slot;
}

static void do_read(uint32_t i)
{
	uint32_t len, room = fuzz_take(&t.in) * 8U, got = 0;
	const uint8_t *key = ops_key(i, &len);
	uint8_t *to = room ? malloc(room) : NULL;
	int err = store_read(&t.f.s, key, len, to, room, &got), expected = read_answer(i);

	CHECK(to || !room, "no memory to read to");
	if (!expected && t.model.entry[i].data_len > room)
		expected = -EMSGSIZE;
	expect(err, expected, "read", i);
	CHECK(err == -ENOENT || got == t.model.entry[i].data_len, "key %u has %u bytes", i, got);
	CHECK(err || !got || memcmp(to, t.model.entry[i].bytes, got) == 0, "key %u is another", i);
	free(to);
}

static void do_contains(uint32_t i)
{
	uint32_t len;
	const uint8_t *key = ops_key(i, &len);

	expect(store_contains(&t.f.s, key, len), read_answer(i), "contains", i);
}

struct asked {
	struct store_walk walk;
	uint32_t seen, last, left,
		odd; /* bit I: key I; the last slot; 1: only keys of that parity */
	bool filtered;
};

static bool wanted(void *ctx, const void *key, uint32_t key_len)
{
	const struct asked *a = ctx;

	return ops_find(key, key_len) % 2 == a->odd;
}

static int visit(void *ctx, const struct store_view *v)
{
	struct asked *a = ctx;
	uint32_t i = ops_find(v->key, v->key_len);

	CHECK(i < OPS_KEYS && !(a->seen >> i & 1) && v->slot > a->last,
	      "key %u at %u is visited, after one at %u", i, v->slot, a->last);
	check_view(v, i);
	CHECK(!v->data == a->walk.no_data && !v->meta == a->walk.no_meta, "parts not asked for");
	CHECK(store_delete(&t.f.s, v->key, v->key_len) == -EBUSY &&
		      store_put(&t.f.s, v->key, v->key_len, "", 0, "", 0, -1) == -EBUSY &&
		      store_clear(&t.f.s) == -EBUSY && store_compact(&t.f.s, 1) == -EBUSY &&
		      store_purge(&t.f.s, NULL, NULL) == -EBUSY,
	      "a walk's visitor may write");
	a->seen |= 1U << i;
	a->last = v->slot;
	return --a->left ? 0 : 9;
}

static bool asked_for(const struct asked *a, uint32_t i)
{
	uint32_t len;
	const uint8_t *key = ops_key(i, &len);

	return t.model.entry[i].there && (a->walk.expired || ops_alive(&t.model, i, t.f.now)) &&
	       len >= a->walk.prefix_len && memcmp(key, a->walk.prefix, a->walk.prefix_len) == 0 &&
	       (!a->filtered || i % 2 == a->odd);
}

static void do_walk(uint32_t i)
{
	uint8_t how = fuzz_take(&t.in), stop = fuzz_take(&t.in) % 32;
	struct asked a = {.filtered = how & 1, .odd = how >> 1 & 1, .left = stop};
	uint32_t len, expected = 0;
	int result;

	a.walk = (struct store_walk){
		.prefix = ops_key(i, &len),
		.wanted = a.filtered ? wanted : NULL,
		.no_data = how & 4,
		.no_meta = how & 8,
		.expired = how & 16,
		.visit = visit,
		.ctx = &a,
	};
	a.walk.prefix_len = how & 32 ? (uint32_t)(how >> 6) % (len + 1) : 0;
	for (uint32_t k = 0; k < OPS_KEYS; k++)
		expected += asked_for(&a, k);
	result = store_process(&t.f.s, &a.walk);
	CHECK(result == (stop && stop <= expected ? 9 : 0), "a walk ends with %d", result);
	for (uint32_t k = 0; k < OPS_KEYS; k++) {
		CHECK(!(a.seen >> k & 1) || asked_for(&a, k), "key %u is visited", k);
		expected -= a.seen >> k & 1;
	}
	CHECK(result || !expected, "%u entries are not visited", expected);
}

void ops_read_call(uint8_t op, uint32_t i)
{
	switch (op) {
	case OPS_GET:
		do_get(i);
		break;
	case OPS_RELEASE:
		if (t.f.pin_count)
			release(i % t.f.pin_count);
		break;
	case OPS_READ:
		do_read(i);
		break;
	case OPS_CONTAINS:
		do_contains(i);
		break;
	default:
		do_walk(i);
		break;
	}
}
