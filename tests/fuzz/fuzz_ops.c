/* SPDX-License-Identifier: MIT */
/*
 * The input is a sequence of calls of a small store. Each answer is compared with a plain map, and
 * after each call the whole region with what that map says is in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/ops_calls.h"

#define CALLS_MAX 400U

struct ops t;

static unsigned long inputs, calls;

static void print_totals(void)
{
	fprintf(stderr, "stat::calls: %lu in %lu inputs\n", calls, inputs);
}

bool ops_classic(void)
{
	return fuzz_is_classic(&t.f);
}

/* ---- the whole store ------------------------------------------------------------------------ */

static void check_counters(void)
{
	struct store_stats st;

	store_stat(&t.f.s, &st);
	CHECK(st.puts == t.counted.puts && st.deletes == t.counted.deletes &&
		      st.hits == t.counted.hits && st.misses == t.counted.misses,
	      "%llu puts, %llu deletes, %llu hits, %llu misses; counted %llu, %llu, %llu, %llu",
	      (unsigned long long)st.puts, (unsigned long long)st.deletes,
	      (unsigned long long)st.hits, (unsigned long long)st.misses,
	      (unsigned long long)t.counted.puts, (unsigned long long)t.counted.deletes,
	      (unsigned long long)t.counted.hits, (unsigned long long)t.counted.misses);
	CHECK(st.expired == t.counted.expired && st.evicted == t.counted.evicted,
	      "%llu expired, %llu evicted; counted %llu, %llu", (unsigned long long)st.expired,
	      (unsigned long long)st.evicted, (unsigned long long)t.counted.expired,
	      (unsigned long long)t.counted.evicted);
	CHECK(st.pinned == t.f.pin_count, "%u pinned instead of %u", st.pinned, t.f.pin_count);
}

uint32_t ops_view_bytes(const struct store_view *v)
{
	return v->key_len + v->data_len + v->meta_len;
}

static void check_all(void)
{
	fuzz_check_store(&t.f, &t.walk);
	CHECK(!t.walk.broken && !t.walk.shadowed && t.walk.w.quarantined == 0,
	      "there is damage, or a key has two records");
	ops_compare(&t.model, &t.walk.w);
	check_counters();
	fuzz_check_hooks(&t.f);
	for (uint32_t i = 0; i < t.f.pin_count; i++)
		CHECK(memcmp(t.held[i].view.key, t.held[i].bytes,
			     ops_view_bytes(&t.held[i].view)) == 0,
		      "the bytes of the pinned slot %u changed", t.held[i].view.slot);
}

/* ---- open ----------------------------------------------------------------------------------- */

/* What a native open takes out, by the order of the region: expired ones, then those too many. */
static void expect_open(void)
{
	t.counted = (struct store_stats){0};
	if (ops_classic())
		return;
	ops_note_purge();
	while (t.f.config.max_entries && t.model.count > t.f.config.max_entries) {
		uint32_t first = OPS_KEYS;

		for (uint32_t i = 0; i < OPS_KEYS; i++)
			if (t.model.entry[i].there &&
			    (first == OPS_KEYS || t.model.entry[i].off < t.model.entry[first].off))
				first = i;
		ops_drop(&t.model, first);
		t.counted.evicted++;
	}
}

static void take_config(void)
{
	uint8_t how = fuzz_take(&t.in);

	t.f.config.max_entries = how & 1 ? how >> 4 : 0;
	t.f.config.policy = how & 2 ? STORE_SIEVE : STORE_LRU;
	t.f.config.unchecked = how & 4;
	t.f.config.fragmentation = how & 8 ? 1.0F : 0.0F;
}

static void open_store(void)
{
	int err;

	expect_open();
	err = fuzz_store_open(&t.f);
	CHECK(err == 0, "open says %d", err);
	/* Of a plain file it has to be said what a cut does to it. */
	CHECK(t.f.lines == (ops_classic() ? t.f.told != NULL : t.counted.evicted > 0),
	      "open has %u lines to say", t.f.lines);
}

static void forget_held(void)
{
	while (t.f.pin_count)
		free(t.held[--t.f.pin_count].bytes);
}

/* A reset: the region is all that is left, and nobody closed it. It may lie elsewhere then. */
static void do_reopen(void)
{
	uint32_t size = t.f.config.media.size;
	uint8_t *region = fuzz_region(size);
	struct store_stats st;

	memcpy(region, t.region, size);
	store_stat(&t.f.s, &st);
	forget_held();
	store_close(&t.f.s);
	CHECK(memcmp(region, t.region, size) == 0, "close writes to the region");
	CHECK(store_size(&t.f.s) == 0 && store_delete(&t.f.s, "p", 1) == -EBADF, "not closed");
	free(t.region);
	t.region = region;
	t.f.config.media.base = region;
	t.f.config.file_size = st.file_size;
	take_config();
	open_store();
}

/* ---- the sequence --------------------------------------------------------------------------- */

static void call(void)
{
	uint8_t op = fuzz_take(&t.in) % OPS_COUNT;
	uint32_t i = fuzz_take(&t.in) % OPS_KEYS;

	switch (op) {
	case OPS_GET:
	case OPS_RELEASE:
	case OPS_READ:
	case OPS_CONTAINS:
	case OPS_WALK:
		ops_read_call(op, i);
		break;
	case OPS_CLOCK:
		t.f.now += (int)i - 8;
		break;
	case OPS_REOPEN:
		do_reopen();
		break;
	default:
		ops_write_call(op, i);
		break;
	}
}

static void start(void)
{
	uint8_t how = fuzz_take(&t.in);
	uint32_t size = how & 1 ? 512U + how * 32U : STORE_REGION_ALIGN * (2U + (how >> 1 & 1));

	t.region = fuzz_region(size);
	memset(t.region, how, size);
	fuzz_store_init(&t.f, t.region, size);
	t.f.now = 1000;
	if (how & 128)
		fuzz_store_hook(&t.f);
	t.model = (struct ops_model){0};
	take_config();
	if (how & 1)
		t.f.config.layout = &store_classic;
	else
		CHECK(store_format(&t.f.config.media, how) == 0, "a format is refused");
	open_store();
	check_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!inputs++)
		atexit(print_totals);
	t.in = (struct fuzz_input){.at = data, .left = size};
	start();
	for (uint32_t n = 0; t.in.left && n < CALLS_MAX; n++) {
		call();
		check_all();
		calls++;
	}
	forget_held();
	store_close(&t.f.s);
	ops_clear(&t.model);
	free(t.region);
	free(t.f.told);
	free(t.f.dirty);
	return 0;
}
