/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/image_calls.h"

static uint32_t view_bytes(const struct store_view *v)
{
	return v->key_len + v->data_len + v->meta_len;
}

void image_check_held(void)
{
	for (uint32_t i = 0; i < t.f.pin_count; i++)
		CHECK(t.poked || memcmp(t.held[i].view.key, t.held[i].bytes,
					view_bytes(&t.held[i].view)) == 0,
		      "the bytes of the pinned slot %u changed", t.held[i].view.slot);
}

void image_release(uint32_t i)
{
	store_release(&t.f.s, &t.held[i].view);
	free(t.held[i].bytes);
	t.f.pin_count--;
	for (; i < t.f.pin_count; i++) {
		t.held[i] = t.held[i + 1];
		t.f.pinned[i] = t.f.pinned[i + 1];
	}
}

void image_check_answer(int err)
{
	CHECK(err == 0 || err == -ENOENT || (err == -EBADMSG && t.poked), "answer %d", err);
}

void image_hold(const struct image_key *k)
{
	struct image_held *h;
	int err;

	if (t.f.pin_count == FUZZ_PINS)
		image_release(0);
	h = &t.held[t.f.pin_count];
	err = store_get(&t.f.s, k->bytes, k->len, &h->view);
	image_check_answer(err);
	if (err)
		return;
	fuzz_check_view(&t.f, &h->view);
	CHECK(t.poked || (h->view.key_len == k->len && memcmp(h->view.key, k->bytes, k->len) == 0),
	      "get of a key gives another");
	h->bytes = malloc(view_bytes(&h->view));
	CHECK(h->bytes, "no memory for a copy");
	memcpy(h->bytes, h->view.key, view_bytes(&h->view));
	t.f.pinned[t.f.pin_count++] = h->view.slot;
}

void image_read(const struct image_key *k, uint32_t room)
{
	uint8_t *to = malloc(room);
	uint32_t len = 0;
	int err = store_read(&t.f.s, k->bytes, k->len, to, room, &len);

	if (err == -EMSGSIZE)
		CHECK(len > room, "%u bytes do not fit into %u", len, room);
	else
		image_check_answer(err);
	CHECK(err || len <= room, "%u bytes in %u", len, room);
	free(to);
	image_check_answer(store_contains(&t.f.s, k->bytes, k->len));
}

struct asked {
	struct image_key prefix;
	struct store_walk walk;
	uint32_t left;
};

static bool wanted(void *ctx, const void *key, uint32_t key_len)
{
	struct asked *a = ctx;
	uint32_t sum = key_len;

	CHECK(key_len >= a->prefix.len && memcmp(key, a->prefix.bytes, a->prefix.len) == 0,
	      "a key without the prefix");
	for (uint32_t i = 0; i < key_len; i++)
		sum += ((const uint8_t *)key)[i];
	return sum % 4 != 0;
}

static int visit(void *ctx, const struct store_view *v)
{
	struct asked *a = ctx;

	fuzz_check_view(&t.f, v);
	CHECK(!v->data == a->walk.no_data && !v->meta == a->walk.no_meta, "parts not asked for");
	CHECK(a->walk.expired || v->expiry <= 0 || v->expiry >= t.f.now, "an expired entry");
	CHECK(store_delete(&t.f.s, "k", 1) == -EBUSY && store_clear(&t.f.s) == -EBUSY &&
		      store_put(&t.f.s, "k", 1, "", 0, "", 0, -1) == -EBUSY &&
		      store_purge(&t.f.s, NULL, NULL) == -EBUSY &&
		      store_compact(&t.f.s, 1) == -EBUSY,
	      "a walk's visitor may write");
	image_check_answer(store_contains(&t.f.s, v->key, v->key_len));
	return a->left-- == 0 ? 7 : 0;
}

void image_walk(const struct image_key *k, uint8_t how)
{
	struct asked a = {.prefix = {k->bytes, how % 4 < k->len ? how % 4U : k->len},
			  .left = how & 128 ? 2 : UINT32_MAX};
	int result;

	a.walk = (struct store_walk){
		.prefix = a.prefix.bytes,
		.prefix_len = a.prefix.len,
		.wanted = how & 64 ? wanted : NULL,
		.no_data = how & 4,
		.no_meta = how & 8,
		.expired = how & 16,
		.visit = visit,
		.ctx = &a,
	};
	result = store_process(&t.f.s, &a.walk);
	CHECK(result == 0 || result == 7 || (result == -EBADMSG && (t.poked || t.walk.broken)),
	      "a walk ends with %d", result);
}

void image_read_everything(void)
{
	for (uint32_t i = 0; i < t.keys; i++) {
		image_hold(&t.key[i]);
		image_read(&t.key[i], i * 32);
	}
	while (t.f.pin_count)
		image_release(0);
	for (uint8_t how = 0; how < 32; how = (uint8_t)(how + 4))
		image_walk(&(struct image_key){NULL, 0}, how);
}
