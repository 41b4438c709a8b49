/* SPDX-License-Identifier: MIT */
/*
 * The input is a region with anything in it: it is opened, and what opens is used. Whatever the
 * bytes are, no call may crash, hang or read outside the region, and what a native open accepted is
 * a store like any other from then on.
 */
#include "tests/fuzz/fuzz_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "store/probe.h"
#include "tests/fuzz/image_calls.h"

#define FILE_MAX 16384U

struct image t;

static unsigned long inputs, opened;

static void print_totals(void)
{
	fprintf(stderr, "stat::opened: %lu of %lu inputs\n", opened, inputs);
}

/* ---- open and what it promises -------------------------------------------------------------- */

static void prepare(const uint8_t *data, size_t size)
{
	uint8_t flags = data[IMAGE_FLAGS];
	uint32_t bytes = (uint32_t)(size - IMAGE_HEAD), room, odd = 0;
	struct fuzz_input spared = {.at = data + IMAGE_SPARED, .left = 4};

	if (flags & IMAGE_CLASSIC) {
		odd = data[IMAGE_SIZE] & 3;
		bytes = bytes < FILE_MAX ? bytes : FILE_MAX;
		room = bytes + 8 * data[IMAGE_SIZE] + 4;
	} else {
		room = STORE_REGION_ALIGN * (2 + data[IMAGE_SIZE] % 4U);
		bytes = bytes < room ? bytes : room;
	}
	t.region = fuzz_region(room + odd);
	t.was = malloc(room + odd);
	CHECK(t.was, "no memory for a copy");
	memset(t.region, 0, room + odd);
	memcpy(t.region + odd, data + IMAGE_HEAD, bytes);
	fuzz_store_init(&t.f, t.region + odd, room);
	if (flags & IMAGE_CLASSIC) {
		t.f.config.layout = &store_classic;
		t.f.config.file_size = bytes;
	} else {
		image_seal(t.region, room, flags, fuzz_take32(&spared));
	}
	t.f.config.fragmentation = (float)data[IMAGE_PART] / 255.0F;
	t.f.config.max_entries = data[IMAGE_ENTRIES];
	t.f.config.policy = flags & IMAGE_SIEVE ? STORE_SIEVE : STORE_LRU;
	t.f.config.unchecked = flags & IMAGE_UNCHECKED;
	t.f.now = 100;
	t.pokes = flags & IMAGE_POKED && !(flags & IMAGE_CLASSIC);
	t.poked = false;
	memcpy(t.was, t.region, room + odd);
	t.in = (struct fuzz_input){.at = data + IMAGE_STEPS, .left = IMAGE_HEAD - IMAGE_STEPS};
}

static const uint8_t *base(void)
{
	return t.f.config.media.base;
}

static bool unchanged(void)
{
	return memcmp(t.region, t.was, (size_t)(base() - t.region) + t.f.config.media.size) == 0;
}

/* What was refused is as it was, says why, and is closed. */
static void check_refused(int err, enum store_found found)
{
	struct store_view view;
	bool said = t.f.lines > 0, expected = false;

	switch (found) {
	case STORE_NOTHING:
		expected = err == -ENODATA;
		break;
	case STORE_OTHER:
		expected = err == -EPROTONOSUPPORT;
		break;
	case STORE_DAMAGED:
		expected = err == -EBADMSG;
		break;
	case STORE_VALID:
		expected = err == -EBADMSG || err == -EPROTONOSUPPORT || err == -ENOSPC;
		break;
	}
	CHECK(expected, "open of what is %d says %d", found, err);
	CHECK(unchanged(), "a region that was refused was written to");
	CHECK(said || err == -ENODATA, "no line says why %d", err);
	CHECK(store_size(&t.f.s) == 0 && store_get(&t.f.s, "a", 1, &view) == -EBADF &&
		      store_put(&t.f.s, "a", 1, "", 0, "", 0, -1) == -EBADF,
	      "a store that was refused is open");
}

static void forget_keys(void)
{
	while (t.keys)
		free(t.key[--t.keys].bytes);
}

static int remember_key(void *ctx, const struct store_view *v)
{
	(void)ctx;
	fuzz_check_view(&t.f, v);
	t.key[t.keys].bytes = malloc(v->key_len);
	CHECK(t.key[t.keys].bytes, "no memory for a key");
	memcpy(t.key[t.keys].bytes, v->key, v->key_len);
	t.key[t.keys].len = v->key_len;
	return ++t.keys == IMAGE_KEYS;
}

static void check(void)
{
	if (!t.poked)
		fuzz_check_store(&t.f, &t.walk);
}

/* False if it was refused. */
static bool open_store(void)
{
	enum store_found found =
		fuzz_is_classic(&t.f) ? STORE_DAMAGED : store_probe(&t.f.config.media);
	struct store_walk all = {.expired = true, .visit = remember_key};
	int err = fuzz_store_open(&t.f);

	if (err) {
		check_refused(err, found);
		return false;
	}
	CHECK(fuzz_is_classic(&t.f) || found == STORE_VALID, "what is %d was opened", found);
	t.poked = false;
	check();
	CHECK(fuzz_is_classic(&t.f) || !t.f.config.max_entries ||
		      store_size(&t.f.s) <= t.f.config.max_entries,
	      "%u entries after open, %u at most", store_size(&t.f.s), t.f.config.max_entries);
	forget_keys();
	store_process(&t.f.s, &all);
	return true;
}

/* ---- reopen --------------------------------------------------------------------------------- */

static bool same_entry(const struct walker_entry *a, const struct walker_entry *b)
{
	return a->off == b->off && a->size == b->size && a->key_len == b->key_len &&
	       a->data_len == b->data_len && a->meta_len == b->meta_len && a->expiry == b->expiry &&
	       a->seq == b->seq &&
	       memcmp(a->key, b->key, (size_t)a->key_len + a->data_len + a->meta_len) == 0;
}

/*
 * Whether the superblock names a record that is there as one that had to go. The store never leaves
 * that behind, but an image may have two records with one number, or a number that names its own
 * record; which of them goes at which open is left to the store.
 */
static bool named_as_victim(const struct walker *w)
{
	const uint8_t *p = w->region + SB_EVICT_VICTIM;

	for (uint32_t i = 0; i < w->entries; i++)
		if (w->entry[i].seq && w->entry[i].seq == be64_load(p))
			return true;
	return false;
}

/* Entries of before are those of now, but for expired ones that open removed. */
static void check_same_entries(void)
{
	const struct walker *old = &t.before, *w = &t.walk.w;
	uint32_t j = 0;

	for (uint32_t i = 0; i < old->entries; i++) {
		const struct walker_entry *e = &old->entry[i];

		if (!fuzz_is_classic(&t.f) && e->expiry > 0 && e->expiry < t.f.now)
			continue;
		CHECK(j < w->entries && same_entry(e, &w->entry[j]),
		      "the entry at %u is another one after reopen", e->off);
		j++;
	}
	CHECK(j == w->entries, "%u entries became %u", j, w->entries);
}

/* As a reset leaves it or as close does: nothing is written then. */
static bool reopen(void)
{
	uint32_t size = t.f.config.media.size;
	bool poked = t.poked, shadowed = t.f.shadowed, named = named_as_victim(&t.walk.w);
	struct store_stats stats;

	memcpy(t.was, t.region, (size_t)(base() - t.region) + size);
	memcpy(&t.before, &t.walk.w, offsetof(struct walker, entry[t.walk.w.entries]));
	for (uint32_t i = 0; i < t.before.entries; i++)
		t.before.entry[i].key = t.was + (t.before.entry[i].key - t.region);
	store_stat(&t.f.s, &stats);
	t.f.config.file_size = stats.file_size;
	while (t.f.pin_count)
		image_release(t.f.pin_count - 1);
	store_close(&t.f.s);
	/* What the releases joined may be lost. */
	memcpy(t.region, t.was, (size_t)(base() - t.region) + size);
	if (!open_store()) {
		CHECK(poked, "what was open cannot be opened again");
		return false;
	}
	if (poked || shadowed || named)
		return true;
	check_same_entries();
	CHECK(fuzz_is_classic(&t.f) || t.f.lines == (t.walk.size < size),
	      "a second open has %u lines to say", t.f.lines);
	return true;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Something else writes to the region. */
static void poke(uint8_t arg)
{
	uint32_t at = fuzz_take16(&t.in) % t.f.config.media.size;
	uint8_t *bytes = t.f.config.media.base;

	if (!t.pokes)
		return;
	t.poked = true;
	bytes[at] = (uint8_t)(bytes[at] ^ (arg ? arg : 1));
}

/* False when there is no store any more. */
static bool step(void)
{
	static uint8_t none[] = {'?'};
	static const struct image_key absent = {none, sizeof(none)};
	uint8_t op = fuzz_take(&t.in), arg = fuzz_take(&t.in);
	const struct image_key *k = t.keys ? &t.key[arg % t.keys] : &absent;

	switch (op % 16) {
	case 8:
		image_hold(k);
		break;
	case 9:
		image_read(k, 8U * arg);
		break;
	case 10:
		if (t.f.pin_count)
			image_release(arg % t.f.pin_count);
		break;
	case 11:
		t.f.now += (int8_t)arg;
		break;
	case 12:
		poke(arg);
		break;
	case 13:
		return reopen();
	case 14:
		image_walk(k, arg);
		break;
	case 15:
		image_hold(&absent);
		break;
	default:
		image_write(op % 16, k, arg);
		break;
	}
	return true;
}

/* False when there is no store any more. */
static bool use(void)
{
	image_read_everything();
	while (t.in.left) {
		if (!step())
			return false;
		check();
		image_check_held();
	}
	return reopen();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!inputs++)
		atexit(print_totals);
	if (size < IMAGE_HEAD)
		return 0;
	prepare(data, size);
	if (open_store()) {
		opened++;
		if (use())
			image_read_everything();
	}
	forget_keys();
	while (t.f.pin_count)
		image_release(0);
	store_close(&t.f.s);
	free(t.region);
	free(t.was);
	return 0;
}
