/* SPDX-License-Identifier: MIT */
/* Opens: after a close, after none, of a copy, after a format, and with another configuration. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_RESTART_H
#define CAIRN_TESTS_UNIT_STORE_TEST_RESTART_H

#include "tests/unit/store_test_check.h"

/* Which limit, policy and fragmentation there are from now on. */
static inline void ops_configure(struct ops_world *w, uint32_t fill)
{
	static const uint32_t limits[] = {0, 0, 0, 1, 2, 5, 12, 30};
	static const float parts[] = {0, 0, 0.1F, 0.5F, 0.75F, 0.9F, 1};

	w->config.max_entries = limits[fill / 2 % ARRAY_SIZE(limits)];
	if (w->ops->shared && w->config.max_entries > 5)
		w->config.max_entries = 5; /* so that no read goes uncounted: see store_share() */
	w->config.policy = fill % 2 == 0 ? STORE_LRU : STORE_SIEVE;
	w->config.fragmentation = parts[fill / 16 % ARRAY_SIZE(parts)];
	w->config.unchecked = w->ops->unchecked;
}

/*
 * The array after an open: without what has expired, the order as that of the region, and without
 * the first ones of it that are too many.
 */
static inline void ops_enter_all(struct ops_world *w)
{
	const struct walker *walk = w->before;
	uint32_t max = w->config.max_entries;

	w->counted = (struct ops_counters){0};
	w->counted.expired = ops_forget_expired(w);
	order_start(&w->order, max, w->config.policy);
	for (uint32_t n = 0, left = ops_entries(w); n < walk->entries; n++) {
		uint32_t i = ops_key_of(w, walk->entry[n].key, walk->entry[n].key_len);

		if (!w->value[i].there)
			continue;
		if (max > 0 && left > max) {
			w->value[i].there = false;
			w->counted.evicted++;
			left--;
		} else {
			order_add(&w->order, i);
		}
	}
}

static inline uint32_t ops_self(void *ctx)
{
	(void)ctx;
	return 1;
}

static inline bool ops_open(struct ops_world *w)
{
	const struct store_sharing sharing = {.sharers = 2, .self = ops_self, .patience_ns = 1};
	int got = store_open(&w->s, &w->config);

	if (got != 0)
		return ops_fail(w, "open returned %d", got);
	got = w->ops->shared ? store_share(&w->s, &sharing) : 0;
	if (got != 0)
		return ops_fail(w, "share returned %d", got);
	w->boots++;
	ops_enter_all(w);
	return ops_check(w);
}

static inline int ops_never_called(void *ctx, const struct store_view *view)
{
	(void)ctx;
	(void)view;
	abort();
}

static inline int ops_never_free(void *ctx, uint32_t off, uint32_t size)
{
	(void)ctx;
	(void)off;
	(void)size;
	abort();
}

static inline bool ops_check_closed(struct ops_world *w)
{
	struct store_walk walk = {.visit = ops_never_called};
	struct store_stats st, none;
	struct store *s = &w->s;
	struct store_view view;
	uint32_t len;
	uint8_t to;

	memset(&none, 0, sizeof(none));
	memset(&st, 0xff, sizeof(st));
	store_stat(s, &st);
	if (st.entries != 0 || st.used_bytes != 0 || st.free_bytes != 0 || st.largest != 0 ||
	    st.free_slots != 0 || st.quarantined != 0 || st.pinned != 0 || st.boots != 0 ||
	    st.next_seq != 0 || st.end != 0 || st.index_bytes != 0 || st.puts != 0 ||
	    st.hits != 0 || st.moved_bytes != 0 || store_size(s) != 0)
		return ops_fail(w, "stat of a closed store is not zero");
	if (store_put(s, "k", 1, "v", 1, NULL, 0, STORE_NEVER) != -EBADF ||
	    store_put_if(s, STORE_ABSENT, "k", 1, "v", 1, NULL, 0, STORE_NEVER) != -EBADF ||
	    store_get(s, "k", 1, &view) != -EBADF ||
	    store_read(s, "k", 1, &to, 1, &len) != -EBADF || store_contains(s, "k", 1) != -EBADF ||
	    store_delete(s, "k", 1) != -EBADF || store_clear(s) != -EBADF ||
	    store_purge(s, NULL, NULL) != -EBADF ||
	    store_iterate(s, ops_never_called, NULL) != -EBADF ||
	    store_process(s, &walk) != -EBADF || store_compact(s, 100) != -EBADF ||
	    store_each_eldest(s, ops_never_called, NULL) != -EBADF ||
	    store_each_free(s, ops_never_free, NULL) != -EBADF)
		return ops_fail(w, "a closed store does not refuse");
	store_close(s);
	return true;
}

/* What is still pinned stays so until the close. */
static inline bool ops_close(struct ops_world *w)
{
	ops_keep(w);
	store_close(&w->s);
	ops_drop_pins(w);
	return ops_check_closed(w) && ops_untouched(w, "a close");
}

static inline bool ops_reopen(struct ops_world *w, const struct op *op)
{
	if (!ops_close(w))
		return false;
	ops_configure(w, op->fill);
	return ops_open(w);
}

/* The old handle is closed behind the open, only for its memory. */
static inline bool ops_crash(struct ops_world *w, const struct op *op)
{
	struct store old = w->s;
	bool ok;

	ops_drop_pins(w);
	memset(&w->s, 0x5a, sizeof(w->s));
	if (op->fill % 4 == 0)
		ops_configure(w, op->fill);
	ok = ops_open(w);
	store_close(&old);
	return ok;
}

static inline bool ops_reformat(struct ops_world *w, uint32_t fill)
{
	int got;

	store_close(&w->s);
	ops_drop_pins(w);
	got = store_format(&w->config.media, fill);
	if (got != 0)
		return ops_fail(w, "format returned %d", got);
	for (uint32_t i = 0; i < OPS_KEYS; i++)
		ops_forget(w, i);
	w->boots = 0;
	w->next_seq = 0;
	ops_configure(w, fill);
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
	/* Of the original, too, to have one array for both. */
	w->counted.expired += ops_forget_expired(w);
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
	if (ok && store_purge(&w->s, NULL, NULL) < 0)
		return ops_fail(w, "purge failed");
	return ok && ops_check(w);
}

#endif
