/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "tests/fuzz/image_calls.h"

#define COMPACT_STEPS 20000U /* far more than there can be slots and holes */
#define PUT_MAX 4096U

static uint8_t content[PUT_MAX];

/* Whether a call that writes and answered ERR was refused as a damaged file must be. */
static bool refused(int err)
{
	CHECK(t.poked || !t.walk.broken || err == -EROFS, "a damaged file: %d instead of -EROFS",
	      err);
	return err == -EROFS;
}

static void put(const struct image_key *k, uint32_t len, uint8_t how, uint64_t version)
{
	uint32_t meta = len / 4, all = k->len + len;
	struct store_stats before, after;
	struct store_view v;
	int err;

	memset(content, how, len);
	store_stat(&t.f.s, &before);
	if (how & 1)
		err = store_put_if(&t.f.s, version, k->bytes, k->len, content, len - meta, content,
				   meta, how & 2 ? t.f.now + how : -1);
	else
		err = store_put(&t.f.s, k->bytes, k->len, content, len - meta, content, meta,
				how & 2 ? t.f.now + how : -1);
	store_stat(&t.f.s, &after);
	if (how & 1 && (err == -EEXIST || err == -ENOTSUP || err == -ESTALE || err == -ENOENT))
		return;
	if (refused(err) || (err == -EBADMSG && how & 1 && t.poked))
		return;
	CHECK(err == 0 || err == -ENOSPC || err == -E2BIG || err == -EOVERFLOW, "put says %d", err);
	CHECK(err != -ENOSPC || t.poked || (all > before.largest && all > after.largest),
	      "no room for %u bytes, but %u and then %u would fit", all, before.largest,
	      after.largest);
	if (err || t.poked)
		return;
	CHECK(store_get(&t.f.s, k->bytes, k->len, &v) == 0, "what was put is not there");
	CHECK(v.data_len == len - meta && v.meta_len == meta &&
		      memcmp(v.data, content, v.data_len) == 0 &&
		      memcmp(v.meta, content, v.meta_len) == 0,
	      "what was put is not what is there");
	store_release(&t.f.s, &v);
}

static void put_new(uint8_t arg)
{
	uint8_t bytes[] = {'n', 'e', 'w', arg};
	struct image_key k = {bytes, sizeof(bytes)};

	put(&k, 8U * fuzz_take(&t.in), arg, STORE_ABSENT);
}

static void put_again(const struct image_key *k, uint8_t how)
{
	struct store_view v = {0};
	int err = store_get(&t.f.s, k->bytes, k->len, &v);
	uint64_t version = v.version + (how & 4 ? 0 : 1);

	if (!err)
		store_release(&t.f.s, &v);
	put(k, 4U * fuzz_take(&t.in), how, version);
}

/* What is written is part of the region itself. */
static void put_held(uint8_t arg)
{
	const struct image_held *h = &t.held[arg % FUZZ_PINS];
	int err;

	if (arg % FUZZ_PINS >= t.f.pin_count)
		return;
	err = store_put(&t.f.s, h->view.key, h->view.key_len, h->view.data, h->view.data_len,
			h->view.data, h->view.data_len / 2, h->view.expiry);
	if (!refused(err))
		CHECK(err == 0 || err == -ENOSPC || err == -E2BIG || err == -EOVERFLOW,
		      "put of a view says %d", err);
}

static void delete (const struct image_key *k)
{
	int err = store_delete(&t.f.s, k->bytes, k->len);

	if (refused(err))
		return;
	image_check_answer(err);
	CHECK(t.poked || t.f.shadowed || store_contains(&t.f.s, k->bytes, k->len) == -ENOENT,
	      "what was deleted is there");
}

static void compact_all(void)
{
	uint32_t steps = 0;
	int more;

	while ((more = store_compact(&t.f.s, 4096)) == 1)
		CHECK(++steps < COMPACT_STEPS, "compaction does not end");
	CHECK(more == 0 || refused(more) || (more == -EBADMSG && t.poked), "compact says %d", more);
}

static void gone(void *ctx, const void *key, uint32_t key_len)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < key_len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)key)[i]);
	*(uint8_t *)ctx = sum;
}

static void purge(void)
{
	uint8_t sum;
	int n = store_purge(&t.f.s, gone, &sum);

	CHECK(n >= 0 || refused(n) || (n == -EBADMSG && t.poked), "purge says %d", n);
}

static void clear(void)
{
	int err = store_clear(&t.f.s);

	if (refused(err) || (err == -EBUSY && fuzz_is_classic(&t.f) && t.f.pin_count))
		return;
	CHECK(err == 0 || (err == -EBADMSG && t.poked), "clear says %d", err);
	CHECK(err || store_size(&t.f.s) == 0, "%u entries after a clear", store_size(&t.f.s));
}

void image_write(uint8_t op, const struct image_key *k, uint8_t arg)
{
	switch (op) {
	case 0:
		put_new(arg);
		break;
	case 1:
		put_again(k, arg);
		break;
	case 2:
		put_held(arg);
		break;
	case 3:
		delete (k);
		break;
	case 4:
		CHECK(store_compact(&t.f.s, arg + 1U) >= -EBADMSG, "compact says anything");
		break;
	case 5:
		compact_all();
		break;
	case 6:
		purge();
		break;
	default:
		clear();
		break;
	}
}
