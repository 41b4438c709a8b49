/* SPDX-License-Identifier: MIT */
/*
 * Operations on a store, each compared with a plain array of what must be in it, with a walk over
 * the region and with what the media were told.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_OPS_H
#define CAIRN_TESTS_UNIT_STORE_TEST_OPS_H

#include <errno.h>
#include <stdarg.h>

#include "store/format.h"
#include "store/store.h"
#include "tests/unit/store_test_util.h"
#include "tests/unit/walker.h"

#define OPS_KEYS 40U
#define OPS_DATA_MAX 3000U
#define OPS_META_MAX 200U

enum op_kind {
	OP_PUT,
	OP_PUT_VIEW, /* data and metadata are those of another entry, in place */
	OP_GET,
	OP_DELETE,
	OP_CLEAR,
	OP_PURGE,
	OP_ITERATE,
	OP_TICK,
	OP_REOPEN,
	OP_COPY, /* opens a copy of the region */
	OP_REFORMAT,
	OP_BAD, /* a call that must be refused */
};

static const char *const op_names[] = {
	"put",     "put_view", "get",    "delete", "clear",    "purge",
	"iterate", "tick",     "reopen", "copy",   "reformat", "bad",
};

struct op {
	enum op_kind kind;
	uint32_t key, from, data_len, meta_len, fill;
	int32_t expiry; /* from the clock of that time on; 0: never */
};

/* A sequence, and what became of it. */
struct ops {
	uint64_t seed;
	uint32_t region_size;
	bool hooks; /* watch the media */
	uint32_t count;
	struct op *op;
	char *said; /* OPS_SAID bytes shared with the child that runs it */
};

#define OPS_SAID 400U

struct ops_key {
	uint8_t *bytes;
	uint32_t len;
};

struct ops_value {
	bool there;
	uint32_t data_len, meta_len;
	int64_t expiry;
	uint8_t bytes[OPS_DATA_MAX + OPS_META_MAX]; /* data, then metadata */
};

/* The store under test, what it must hold, and the walk of the state before the operation. */
struct ops_world {
	const struct ops *ops;
	uint8_t *region;
	uint8_t *shadow; /* what the door announced */
	uint8_t *kept;   /* what was cleaned, too */
	uint8_t *copy;   /* of the region before a call that must not write */
	bool unflushed;
	struct store s;
	struct store_config config;
	int64_t clock;
	uint32_t boots;
	uint64_t next_seq;
	struct ops_key key[OPS_KEYS];
	struct ops_value value[OPS_KEYS];
	struct walker walks[2], *before, *after;
	uint32_t at; /* operation */
};

static inline bool ops_fail(struct ops_world *w, const char *format, ...) PRINTF_LIKE(2, 3);
static inline bool ops_fail(struct ops_world *w, const char *format, ...)
{
	char *to = w->ops->said;
	va_list ap;
	int n = snprintf(to, OPS_SAID, "operation %u (%s): ", w->at,
			 w->at < w->ops->count ? op_names[w->ops->op[w->at].kind] : "open");

	va_start(ap, format);
	vsnprintf(to + n, OPS_SAID - (size_t)n, format, ap);
	va_end(ap);
	return false;
}

/* The media: every write through the door, and everything clean when a call returns. */

static inline void ops_written(void *ctx, uint32_t off, uint32_t len)
{
	struct ops_world *w = ctx;

	memcpy(w->shadow + off, w->region + off, len);
}

static inline void ops_clean(void *ctx, const void *ptr, size_t len)
{
	struct ops_world *w = ctx;
	size_t from = (size_t)((const uint8_t *)ptr - w->region), to = from + len;

	from = ROUND_DOWN(from, (size_t)32);
	to = ROUND_UP(to, (size_t)32);
	memcpy(w->kept + from, w->region + from, to - from);
	w->unflushed = true;
}

static inline void ops_barrier(void *ctx)
{
	struct ops_world *w = ctx;

	w->unflushed = false;
}

static inline bool ops_check_media(struct ops_world *w)
{
	if (!w->ops->hooks)
		return true;
	for (uint32_t i = 0; i < w->ops->region_size; i += 256) {
		if (memcmp(w->region + i, w->shadow + i, 256) != 0)
			return ops_fail(w, "bytes near %u were written past the door", i);
		if (memcmp(w->region + i, w->kept + i, 256) != 0)
			return ops_fail(w, "bytes near %u were not flushed", i);
	}
	return !w->unflushed || ops_fail(w, "lines were cleaned without a barrier behind");
}

static inline int64_t ops_now(void *ctx)
{
	return ((struct ops_world *)ctx)->clock;
}

static inline bool ops_expired(const struct ops_world *w, int64_t expiry)
{
	return expiry > 0 && expiry < w->clock;
}

static inline bool ops_same_expiry(int64_t a, int64_t b)
{
	return a == b || (a <= 0 && b <= 0);
}

/* Comparison with the array. */

static inline bool ops_same_value(const struct ops_value *v, const struct walker_entry *e)
{
	return v->data_len == e->data_len && v->meta_len == e->meta_len &&
	       ops_same_expiry(v->expiry, e->expiry) &&
	       memcmp(v->bytes, e->data, e->data_len + e->meta_len) == 0;
}

static inline bool ops_check_entries(struct ops_world *w, const struct walker *walk)
{
	uint32_t there = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		const struct walker_entry *e = walker_find(walk, w->key[i].bytes, w->key[i].len);

		if (!w->value[i].there && e != NULL)
			return ops_fail(w, "key %u is there and should not be", i);
		if (w->value[i].there && e == NULL)
			return ops_fail(w, "key %u is lost", i);
		if (e != NULL && !ops_same_value(&w->value[i], e))
			return ops_fail(w, "key %u has other bytes", i);
		there += e != NULL;
	}
	return there == walk->entries || ops_fail(w, "there are keys that nobody put");
}

static inline bool ops_check_stat(struct ops_world *w, const struct walker *walk,
				  const struct store *s, uint32_t boots)
{
	uint32_t largest = walker_largest(walk);
	struct store_stats st;

	store_stat(s, &st);
	if (st.entries != walk->entries || st.used_bytes != walk->live_bytes)
		return ops_fail(w, "stat: %u entries in %u bytes, the walk %u in %u", st.entries,
				st.used_bytes, walk->entries, walk->live_bytes);
	if (st.free_slots != walk->frees || st.free_bytes != walk->free_bytes)
		return ops_fail(w, "stat: %u free slots of %u bytes, the walk %u of %u",
				st.free_slots, st.free_bytes, walk->frees, walk->free_bytes);
	if (st.largest != (largest > 0 ? largest - HDR_BYTES - TRL_BYTES : 0))
		return ops_fail(w, "stat: largest %u, the largest free slot has %u", st.largest,
				largest);
	if (st.quarantined != 0 || walk->quarantined != 0)
		return ops_fail(w, "a slot is quarantined");
	if (st.boots != boots || walk->boots != boots)
		return ops_fail(w, "stat: boot %u, superblock %u, not %u", st.boots, walk->boots,
				boots);
	if (st.next_seq <= walk->max_seq || st.next_seq > walk->seq_limit)
		return ops_fail(w, "next number %llu: highest in use %llu, limit %llu",
				(unsigned long long)st.next_seq, (unsigned long long)walk->max_seq,
				(unsigned long long)walk->seq_limit);
	return true;
}

static inline bool ops_check(struct ops_world *w)
{
	struct walker *now = w->after;
	struct store_stats st;

	if (!ops_check_media(w))
		return false;
	if (!walker_walk(now, w->region, w->ops->region_size))
		return ops_fail(w, "at %u: %s", now->error_off, now->error);
	if (now->live_bytes + now->free_bytes != now->end - CHAIN_START)
		return ops_fail(w, "%u bytes leaked",
				now->end - CHAIN_START - now->live_bytes - now->free_bytes);
	if (!ops_check_entries(w, now) || !ops_check_stat(w, now, &w->s, w->boots))
		return false;
	store_stat(&w->s, &st);
	if (st.next_seq < w->next_seq)
		return ops_fail(w, "the next number went back");
	w->next_seq = st.next_seq;
	w->after = w->before;
	w->before = now;
	return true;
}

/* Takes the expired out of the array; how many. */
static inline int ops_forget_expired(struct ops_world *w)
{
	int n = 0;

	for (uint32_t i = 0; i < OPS_KEYS; i++)
		if (w->value[i].there && ops_expired(w, w->value[i].expiry)) {
			w->value[i].there = false;
			n++;
		}
	return n;
}

/* put */

/*
 * The free slots of the walk before; with PURGED as they are when the expired entries are taken
 * out, which a put may do when it finds no room.
 */
static inline uint32_t ops_free_slots(const struct ops_world *w, bool purged,
				      struct walker_free *slots)
{
	const struct walker *walk = w->before;
	uint32_t n = 0, e = 0, f = 0;

	while (e < walk->entries || f < walk->frees) {
		struct walker_free slot;
		bool is_free = f < walk->frees &&
			       (e == walk->entries || walk->free[f].off < walk->entry[e].off);

		if (!is_free && !(purged && ops_expired(w, walk->entry[e].expiry))) {
			e++;
			continue;
		}
		slot = is_free ? walk->free[f++]
			       : (struct walker_free){walk->entry[e].off, walk->entry[e].size};
		e += !is_free;
		if (n > 0 && slots[n - 1].off + slots[n - 1].size == slot.off)
			slots[n - 1].size += slot.size;
		else
			slots[n++] = slot;
	}
	return n;
}

/* What a put of that many bytes must return, and in *SPOT where it must go. */
static inline int ops_predict(const struct ops_world *w, uint64_t content, bool purged,
			      struct walker_free *spot)
{
	static struct walker_free slots[2 * WALKER_SLOTS];
	uint32_t n = ops_free_slots(w, purged, slots), end = w->before->end;
	uint64_t need = (24 + content + 16 + 7) / 8 * 8;
	const struct walker_free *best = NULL;
	bool tail;

	if (need > end - CHAIN_START)
		return -E2BIG;
	for (uint32_t i = 0; i < n; i++) {
		tail = slots[i].off + slots[i].size == end;
		if (slots[i].size >= need &&
		    (best == NULL || (!tail && slots[i].size < best->size)))
			best = &slots[i];
	}
	if (best == NULL)
		return -ENOSPC;
	tail = best->off + best->size == end;
	*spot = *best;
	if (tail ? best->size - need >= 40 : best->size - need >= 128 && need * 4 <= best->size * 3)
		spot->size = (uint32_t)need;
	return 0;
}

/* Whether the last call took the expired entries out: all of them, none (or there are none). */
static inline bool ops_purged(struct ops_world *w, uint32_t but, bool *purged)
{
	uint32_t gone = 0, there = 0;

	if (!walker_walk(w->after, w->region, w->ops->region_size))
		return ops_fail(w, "at %u: %s", w->after->error_off, w->after->error);
	for (uint32_t i = 0; i < OPS_KEYS; i++) {
		if (i == but || !w->value[i].there || !ops_expired(w, w->value[i].expiry))
			continue;
		if (walker_find(w->after, w->key[i].bytes, w->key[i].len) == NULL)
			gone++;
		else
			there++;
	}
	*purged = gone > 0;
	return gone == 0 || there == 0 || ops_fail(w, "some expired entries went");
}

static inline bool ops_check_spot(struct ops_world *w, uint32_t key, struct walker_free spot)
{
	const struct walker_entry *e = walker_find(w->before, w->key[key].bytes, w->key[key].len);

	if (e == NULL || e->off != spot.off || e->size != spot.size)
		return ops_fail(w, "put in %u+%u, the rule says %u+%u", e == NULL ? 0 : e->off,
				e == NULL ? 0 : e->size, spot.off, spot.size);
	return true;
}

/* A refused put may have written a superblock for its number, and have purged; nothing else. */
static inline bool ops_check_refused(struct ops_world *w, uint32_t key, bool purged)
{
	struct ops_value *v = &w->value[key];

	if (purged)
		return true;
	if (v->there && ops_expired(w, v->expiry) &&
	    walker_find(w->after, w->key[key].bytes, w->key[key].len) == NULL) {
		v->there = false; /* the only one that was purged */
		return true;
	}
	return memcmp(w->copy + IMAGE_OFFSET, w->region + IMAGE_OFFSET,
		      w->ops->region_size - IMAGE_OFFSET) == 0 ||
	       ops_fail(w, "a refused put wrote to the image");
}

static inline bool ops_do_put(struct ops_world *w, uint32_t key, const struct ops_value *v,
			      const void *data, const void *meta)
{
	const struct ops_key *k = &w->key[key];
	uint64_t content = (uint64_t)k->len + v->data_len + v->meta_len;
	struct walker_free spot = {0, 0};
	int want = ops_predict(w, content, false, &spot), got;
	struct ops_value copy = *v;
	bool purged;

	memcpy(w->copy, w->region, w->ops->region_size);
	got = store_put(&w->s, k->bytes, k->len, data, v->data_len, meta, v->meta_len, v->expiry);
	if (!ops_purged(w, key, &purged))
		return false;
	if (purged && want != -ENOSPC)
		return ops_fail(w, "put took expired entries out without need");
	/* Without others that had expired, the key's own may have been purged. */
	if (purged || (want == -ENOSPC && got == 0)) {
		want = ops_predict(w, content, true, &spot);
		ops_forget_expired(w);
	}
	if (got != want)
		return ops_fail(w, "put of %llu bytes returned %d, not %d; largest free slot %u",
				(unsigned long long)content, got, want, walker_largest(w->before));
	if (got != 0)
		return ops_check_refused(w, key, purged) && ops_check(w);
	copy.there = true;
	w->value[key] = copy;
	return ops_check(w) && ops_check_spot(w, key, spot);
}

static inline bool ops_put(struct ops_world *w, const struct op *op)
{
	struct rng r = rng_seeded(op->fill);
	struct ops_value v = {
		.data_len = op->data_len,
		.meta_len = op->meta_len,
		.expiry = op->expiry == 0 ? (int64_t)(op->fill % 3) - 2 : w->clock + op->expiry,
	};
	const uint8_t *data = v.bytes, *meta = v.bytes + v.data_len;

	rng_fill(&r, v.bytes, v.data_len + v.meta_len);
	/* Words that mean something to the format must not when they lie in a value. */
	for (uint32_t i = 0; op->fill % 4 == 0 && i + 4 <= v.data_len; i += 4)
		memcpy(v.bytes + i, i % 8 != 0 ? "FREE" : "\0\0\0\0", 4);
	if (op->fill % 2 == 0 && v.data_len == 0)
		data = NULL;
	if (op->fill % 2 == 0 && v.meta_len == 0)
		meta = NULL;
	return ops_do_put(w, op->key, &v, data, meta);
}

static inline bool ops_put_view(struct ops_world *w, const struct op *op)
{
	const struct ops_key *from = &w->key[op->from];
	struct store_view view;
	struct ops_value v = w->value[op->from];

	if (store_get(&w->s, from->bytes, from->len, &view) != 0)
		return true; /* whether it should is looked at by get */
	if (op->fill % 5 < 2)
		w->clock += op->fill % 97; /* the source may have expired since */
	v.expiry = op->expiry == 0 ? STORE_NEVER : w->clock + op->expiry;
	if (op->fill % 3 == 0 && v.data_len > 8) { /* a part of it */
		v.data_len -= 8;
		memmove(v.bytes, v.bytes + 5, v.data_len);
		memmove(v.bytes + v.data_len, view.meta, v.meta_len);
		view.data = (const uint8_t *)view.data + 5;
	}
	return ops_do_put(w, op->key, &v, view.data, view.meta);
}

/* The rest of the calls. */

static inline bool ops_same_view(const struct store_view *v, const struct walker_entry *e)
{
	return v->key == e->key && v->key_len == e->key_len && v->data == e->data &&
	       v->data_len == e->data_len && v->meta == e->meta && v->meta_len == e->meta_len &&
	       ops_same_expiry(v->expiry, e->expiry);
}

static inline bool ops_get(struct ops_world *w, const struct op *op)
{
	const struct ops_key *k = &w->key[op->key];
	const struct walker_entry *e = walker_find(w->before, k->bytes, k->len);
	int want = e == NULL || ops_expired(w, e->expiry) ? -ENOENT : 0, got;
	struct store_view view;

	got = store_get(&w->s, k->bytes, k->len, &view);
	if (got != want)
		return ops_fail(w, "get of key %u returned %d, not %d", op->key, got, want);
	if (got == 0 && !ops_same_view(&view, e))
		return ops_fail(w, "get of key %u shows something else", op->key);
	return ops_check(w);
}

static inline bool ops_delete(struct ops_world *w, const struct op *op)
{
	const struct ops_key *k = &w->key[op->key];
	int want = w->value[op->key].there ? 0 : -ENOENT;
	int got = store_delete(&w->s, k->bytes, k->len);

	if (got != want)
		return ops_fail(w, "delete of key %u returned %d, not %d", op->key, got, want);
	w->value[op->key].there = false;
	return ops_check(w);
}

static inline bool ops_clear(struct ops_world *w)
{
	int got = store_clear(&w->s);

	if (got != 0)
		return ops_fail(w, "clear returned %d", got);
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		w->value[i].there = false;
	return ops_check(w);
}

static inline bool ops_purge(struct ops_world *w)
{
	int want = ops_forget_expired(w), got = store_purge(&w->s);

	if (got != want)
		return ops_fail(w, "purge returned %d, not %d", got, want);
	return ops_check(w);
}

struct ops_iteration {
	struct ops_world *w;
	uint32_t at, left; /* in the walk; calls until it stops */
	bool ok;
};

static inline int ops_each(void *ctx, const struct store_view *view)
{
	struct ops_iteration *it = ctx;
	const struct walker *walk = it->w->before;

	while (it->at < walk->entries && ops_expired(it->w, walk->entry[it->at].expiry))
		it->at++;
	if (it->at == walk->entries || !ops_same_view(view, &walk->entry[it->at]))
		it->ok = false;
	it->at++;
	return --it->left == 0 ? 7 : 0;
}

static inline bool ops_iterate(struct ops_world *w, const struct op *op)
{
	uint32_t alive = 0, stop = op->fill % 3 == 0 ? op->fill % 8 + 1 : UINT32_MAX;
	struct ops_iteration it = {.w = w, .left = stop, .ok = true};
	int got = store_iterate(&w->s, ops_each, &it);

	for (uint32_t i = 0; i < OPS_KEYS; i++)
		alive += w->value[i].there && !ops_expired(w, w->value[i].expiry);
	if (!it.ok)
		return ops_fail(w, "iterate shows another entry, or in another order");
	if (got != (alive >= stop ? 7 : 0) || stop - it.left != (alive < stop ? alive : stop))
		return ops_fail(w, "iterate returned %d after %u calls; %u entries", got,
				stop - it.left, alive);
	return ops_check(w);
}

static inline bool ops_open(struct ops_world *w)
{
	int got = store_open(&w->s, &w->config);

	if (got != 0)
		return ops_fail(w, "open returned %d", got);
	w->boots++;
	ops_forget_expired(w);
	return ops_check(w);
}

static inline bool ops_check_closed(struct ops_world *w)
{
	struct store_stats st, none;
	struct store_view view;

	memset(&none, 0, sizeof(none));
	memset(&st, 0xff, sizeof(st));
	store_stat(&w->s, &st);
	if (st.entries != 0 || st.used_bytes != 0 || st.free_bytes != 0 || st.largest != 0 ||
	    st.free_slots != 0 || st.quarantined != 0 || st.boots != 0 || st.next_seq != 0)
		return ops_fail(w, "stat of a closed store is not zero");
	if (store_put(&w->s, "k", 1, "v", 1, NULL, 0, STORE_NEVER) != -EINVAL ||
	    store_get(&w->s, "k", 1, &view) != -EINVAL || store_delete(&w->s, "k", 1) != -EINVAL ||
	    store_clear(&w->s) != -EINVAL || store_purge(&w->s) != -EINVAL ||
	    store_iterate(&w->s, ops_each, NULL) != -EINVAL)
		return ops_fail(w, "a closed store does not refuse");
	store_close(&w->s);
	return true;
}

static inline bool ops_reopen(struct ops_world *w)
{
	store_close(&w->s);
	return ops_check_closed(w) && ops_open(w);
}

static inline bool ops_reformat(struct ops_world *w, uint32_t salt)
{
	int got;

	store_close(&w->s);
	got = store_format(&w->config.media, salt);
	if (got != 0)
		return ops_fail(w, "format returned %d", got);
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		w->value[i].there = false;
	w->boots = 0;
	w->next_seq = 0;
	return ops_open(w);
}

/* A copy, as after a reset between two operations; the original goes on as if nothing had been. */
static inline bool ops_copy(struct ops_world *w)
{
	struct store_config config = {.now = ops_now, .ctx = w};
	uint8_t *copy = aligned_alloc(STORE_REGION_ALIGN, w->ops->region_size);
	struct store s;
	bool ok;
	int got;

	memcpy(copy, w->region, w->ops->region_size);
	config.media.base = copy;
	config.media.size = w->ops->region_size;
	got = store_open(&s, &config);
	ops_forget_expired(w); /* of the original, too, to have one array for both */
	if (got != 0)
		ok = ops_fail(w, "open of a copy returned %d", got);
	else if (!walker_walk(w->after, copy, w->ops->region_size))
		ok = ops_fail(w, "copy at %u: %s", w->after->error_off, w->after->error);
	else
		ok = ops_check_entries(w, w->after) &&
		     ops_check_stat(w, w->after, &s, w->boots + 1);
	if (got == 0)
		store_close(&s);
	free(copy);
	if (ok && store_purge(&w->s) < 0)
		return ops_fail(w, "purge failed");
	return ok && ops_check(w);
}

static inline int ops_bad_call(struct ops_world *w, uint32_t which, int *want)
{
	static const uint8_t byte[1] = {1};
	uint32_t room = w->before->end - CHAIN_START - HDR_BYTES - TRL_BYTES;
	struct store_view view;
	struct store *s = &w->s;

	*want = which < 6 ? -EINVAL : -E2BIG;
	switch (which) {
	case 0:
		return store_put(s, byte, 0, byte, 1, NULL, 0, STORE_NEVER);
	case 1:
		return store_put(s, byte, 65536, byte, 1, NULL, 0, STORE_NEVER);
	case 2:
		return store_get(s, byte, 0, &view);
	case 3:
		return store_get(s, byte, 65536, &view);
	case 4:
		return store_delete(s, byte, 0);
	case 5:
		return store_delete(s, byte, UINT32_MAX);
	case 6:
		return store_put(s, byte, 1, byte, UINT32_MAX, NULL, 0, STORE_NEVER);
	case 7:
		return store_put(s, byte, 1, NULL, 0, byte, UINT32_MAX, STORE_NEVER);
	case 8:
		return store_put(s, byte, 1, byte, UINT32_MAX, byte, UINT32_MAX, STORE_NEVER);
	case 9: /* the sum is 2^32, and with the header 40 */
		return store_put(s, byte, 1, byte, UINT32_MAX - 1, byte, 1, STORE_NEVER);
	case 10: /* the sum is 2^32 - 40 */
		return store_put(s, byte, 1, byte, UINT32_MAX - 40, NULL, 0, STORE_NEVER);
	default: /* one byte more than any region of this size holds */
		return store_put(s, byte, 1, byte, room, NULL, 0, STORE_NEVER);
	}
}

static inline bool ops_bad(struct ops_world *w, const struct op *op)
{
	uint32_t which = op->fill % 12;
	int want, got;

	memcpy(w->copy, w->region, w->ops->region_size);
	got = ops_bad_call(w, which, &want);
	if (got != want)
		return ops_fail(w, "bad call %u returned %d, not %d", which, got, want);
	if (memcmp(w->copy, w->region, w->ops->region_size) != 0)
		return ops_fail(w, "bad call %u wrote to the region", which);
	return ops_check(w);
}

static inline bool ops_step(struct ops_world *w, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		return ops_put(w, op);
	case OP_PUT_VIEW:
		return ops_put_view(w, op);
	case OP_GET:
		return ops_get(w, op);
	case OP_DELETE:
		return ops_delete(w, op);
	case OP_CLEAR:
		return ops_clear(w);
	case OP_PURGE:
		return ops_purge(w);
	case OP_ITERATE:
		return ops_iterate(w, op);
	case OP_TICK:
		w->clock += op->fill % 40;
		return true;
	case OP_REOPEN:
		return ops_reopen(w);
	case OP_COPY:
		return ops_copy(w);
	case OP_REFORMAT:
		return ops_reformat(w, op->fill);
	case OP_BAD:
		return ops_bad(w, op);
	}
	return false;
}

#endif
