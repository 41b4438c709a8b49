/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/format.h"

#define LINES 32 /* lines that a failure shows */
#define FILE_START 4U

static char kept[LINES][160];
static unsigned kept_count;

/* Without llvm's symbolizer, binutils'. What is freed is soon used again, but not at once. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allow_addr2line=1:quarantine_size_mb=8:allocator_may_return_null=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	for (unsigned i = kept_count > LINES ? kept_count - LINES : 0; i < kept_count; i++)
		fprintf(stderr, "store: %s\n", kept[i % LINES]);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

/* ---- input and region ----------------------------------------------------------------------- */

uint8_t fuzz_take(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t fuzz_take16(struct fuzz_input *in)
{
	uint16_t high = fuzz_take(in);

	return (uint16_t)(high << 8 | fuzz_take(in));
}

uint32_t fuzz_take32(struct fuzz_input *in)
{
	uint32_t high = fuzz_take16(in);

	return high << 16 | fuzz_take16(in);
}

uint8_t *fuzz_region(uint32_t size)
{
	void *region;

	CHECK(posix_memalign(&region, STORE_REGION_ALIGN, size) == 0, "no memory for a region");
	return region;
}

/* ---- the store ------------------------------------------------------------------------------ */

static int64_t now(void *ctx)
{
	struct fuzz_store *f = ctx;

	return f->now;
}

static void report(void *ctx, const char *line)
{
	struct fuzz_store *f = ctx;

	CHECK(strchr(line, '\n') == NULL && line[0] != '\0', "a line that is none: \"%s\"", line);
	f->lines++;
	snprintf(kept[kept_count++ % LINES], sizeof(kept[0]), "%s", line);
}

void fuzz_store_init(struct fuzz_store *f, uint8_t *region, uint32_t size)
{
	*f = (struct fuzz_store){0};
	f->config.media.base = region;
	f->config.media.size = size;
	f->config.now = now;
	f->config.report = report;
	f->config.ctx = f;
	kept_count = 0;
}

static void written(void *ctx, uint32_t off, uint32_t len)
{
	struct fuzz_store *f = ctx;
	const uint8_t *region = f->config.media.base;

	CHECK(off <= f->config.media.size && len <= f->config.media.size - off,
	      "%u bytes at %u were written", len, off);
	memcpy(f->told + off, region + off, len);
	for (uint32_t i = off; i < off + len; i++) {
		f->dirty_bytes += !f->dirty[i];
		f->dirty[i] = 1;
	}
	f->unflushed = true;
}

static void clean(void *ctx, const void *ptr, size_t len)
{
	struct fuzz_store *f = ctx;
	size_t off = (size_t)((const uint8_t *)ptr - (const uint8_t *)f->config.media.base);

	CHECK(off <= f->config.media.size && len <= f->config.media.size - off,
	      "%zu bytes at %zu are to be cleaned", len, off);
	for (size_t i = off; i < off + len; i++) {
		f->dirty_bytes -= f->dirty[i];
		f->dirty[i] = 0;
	}
}

static void barrier(void *ctx)
{
	struct fuzz_store *f = ctx;

	CHECK(!f->dirty_bytes, "%u bytes were not cleaned before a barrier", f->dirty_bytes);
	f->unflushed = false;
}

void fuzz_store_hook(struct fuzz_store *f)
{
	uint32_t size = f->config.media.size;

	f->told = malloc(size);
	f->dirty = calloc(size, 1);
	CHECK(f->told && f->dirty, "no memory for copies");
	memcpy(f->told, f->config.media.base, size);
	f->config.media.written = written;
	f->config.media.clean = clean;
	f->config.media.barrier = barrier;
	f->config.media.ctx = f;
}

void fuzz_check_hooks(const struct fuzz_store *f)
{
	if (!f->told)
		return;
	CHECK(memcmp(f->told, f->config.media.base, f->config.media.size) == 0,
	      "a write that the hooks were not told of");
	CHECK(fuzz_is_classic(f) || !f->unflushed, "a call that returned before the last barrier");
}

int fuzz_store_open(struct fuzz_store *f)
{
	f->lines = 0;
	f->shadowed = false;
	return store_open(&f->s, &f->config);
}

bool fuzz_is_classic(const struct fuzz_store *f)
{
	return f->config.layout == &store_classic;
}

/* ---- a walk --------------------------------------------------------------------------------- */

static const uint8_t *base_of(const struct fuzz_store *f)
{
	return f->config.media.base;
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Makes the record at OFF an entry, and no other one with its key. */
static void take_record(struct fuzz_walk *walk, uint32_t off, uint32_t size)
{
	struct walker *w = &walk->w;
	const uint8_t *slot = w->region + off;
	struct walker_entry e = {
		.off = off,
		.size = size,
		.key = slot + HDR_BYTES,
		.key_len = word(slot + HDR_KEYLEN),
		.data_len = word(slot + HDR_DATALEN),
		.meta_len = word(slot + HDR_METALEN),
		.expiry = (int64_t)((uint64_t)word(slot + HDR_EXPIRY) << 32 |
				    word(slot + HDR_EXPIRY + 4)),
	};
	uint32_t same = 0;

	if (e.key_len > STORE_KEY_MAX ||
	    (uint64_t)e.key_len + e.data_len + e.meta_len > size - HDR_BYTES) {
		walk->broken = true;
		return;
	}
	e.data = e.key + e.key_len;
	e.meta = e.data + e.data_len;
	while (same < w->entries && (w->entry[same].key_len != e.key_len ||
				     memcmp(w->entry[same].key, e.key, e.key_len) != 0))
		same++;
	if (same < w->entries) {
		walk->shadowed++;
		w->live_bytes -= w->entry[same].size;
		w->entries--;
		memmove(&w->entry[same], &w->entry[same + 1],
			(w->entries - same) * sizeof(w->entry[0]));
	}
	w->entry[w->entries++] = e;
	w->live_bytes += size;
}

static bool is_pinned(const struct fuzz_store *f, uint32_t off)
{
	for (uint32_t i = 0; i < f->pin_count; i++)
		if (f->pinned[i] == off)
			return true;
	return false;
}

/* A file of the seed's store. */
static void walk_file(const struct fuzz_store *f, struct fuzz_walk *walk, uint32_t end)
{
	struct walker *w = &walk->w;
	uint32_t off = FILE_START, size;

	w->region = base_of(f);
	for (; end - off >= HDR_BYTES; off += size) {
		size = word(w->region + off);
		if (size < HDR_BYTES || size > end - off) {
			walk->broken = true;
			break;
		}
		CHECK(w->entries < WALKER_SLOTS && w->frees < WALKER_SLOTS, "too many records");
		if ((int32_t)word(w->region + off + HDR_KEYLEN) > 0) {
			take_record(walk, off, size);
		} else if (is_pinned(f, off)) {
			w->held_bytes += size;
		} else {
			w->free[w->frees++] = (struct walker_free){off, size};
			w->free_bytes += size;
		}
	}
	w->end = off;
}

void fuzz_walk_region(const struct fuzz_store *f, struct fuzz_walk *walk)
{
	struct store_stats stats;
	struct walker_pins pins = {.off = f->pinned, .count = f->pin_count};

	memset(&walk->w, 0, offsetof(struct walker, entry));
	walk->size = f->config.media.size;
	walk->shadowed = 0;
	walk->broken = false;
	if (fuzz_is_classic(f)) {
		store_stat(&f->s, &stats);
		walk_file(f, walk, stats.file_size);
		return;
	}
	walk->size = word(base_of(f) + SB_REGION_SIZE);
	CHECK(walk->size <= f->config.media.size, "the superblock says %u bytes", walk->size);
	CHECK(walker_walk_pinned(&walk->w, base_of(f), walk->size, pins), "offset %u: %s",
	      walk->w.error_off, walk->w.error);
}

/* ---- the store beside the walk -------------------------------------------------------------- */

void fuzz_check_view(const struct fuzz_store *f, const struct store_view *v)
{
	const uint8_t *slot = base_of(f) + v->slot, *key = v->key;
	uint32_t trailer = fuzz_is_classic(f) ? 0 : TRL_BYTES;

	CHECK(v->slot >= (fuzz_is_classic(f) ? FILE_START : CHAIN_START) &&
		      v->slot < f->config.media.size &&
		      v->slot_size <= f->config.media.size - v->slot,
	      "a view of slot %u+%u", v->slot, v->slot_size);
	CHECK(v->key_len >= 1 && v->key_len <= STORE_KEY_MAX &&
		      (uint64_t)HDR_BYTES + v->key_len + v->data_len + v->meta_len + trailer <=
			      v->slot_size,
	      "lengths %u, %u, %u in a slot of %u", v->key_len, v->data_len, v->meta_len,
	      v->slot_size);
	CHECK(key == slot + HDR_BYTES && (!v->data || v->data == key + v->key_len) &&
		      (!v->meta || v->meta == key + v->key_len + v->data_len),
	      "a view's bytes are not those of its slot %u", v->slot);
}

struct visit {
	struct fuzz_store *f;
	const struct walker *w;
	uint32_t count;
	uint64_t last; /* size and offset of the free slot before */
};

/* Entries come by offset, as the walk found them. */
static int compare_entry(void *ctx, const struct store_view *v)
{
	struct visit *visit = ctx;
	const struct walker_entry *e = &visit->w->entry[visit->count];

	CHECK(visit->count++ < visit->w->entries, "an entry at %u that is not there", v->slot);
	fuzz_check_view(visit->f, v);
	CHECK(v->slot == e->off && v->slot_size == e->size && v->key == e->key &&
		      v->key_len == e->key_len && v->data == e->data &&
		      v->data_len == e->data_len && v->meta == e->meta &&
		      v->meta_len == e->meta_len && v->expiry == e->expiry && v->version == e->seq,
	      "the entry at %u is visited as one at %u, or with another %s", e->off, v->slot,
	      v->version == e->seq ? "field" : "version");
	return 0;
}

/* Free slots come by size and then offset, a native store's last one at the end. */
static int compare_free(void *ctx, uint32_t off, uint32_t size)
{
	struct visit *visit = ctx;
	uint64_t key = (uint64_t)size << 32 | off;
	bool tail = !fuzz_is_classic(visit->f) && off + size == visit->w->end, found = false;

	CHECK(key > visit->last || tail, "free slot %u+%u comes too late", off, size);
	CHECK(visit->last != UINT64_MAX, "free slot %u+%u comes behind the last", off, size);
	visit->last = tail ? UINT64_MAX : key;
	visit->count++;
	for (uint32_t i = 0; i < visit->w->frees && !found; i++)
		found = visit->w->free[i].off == off && visit->w->free[i].size == size;
	CHECK(found, "the free slot %u+%u is not there", off, size);
	return 0;
}

static int count_eldest(void *ctx, const struct store_view *v)
{
	struct visit *visit = ctx;

	fuzz_check_view(visit->f, v);
	visit->count++;
	return 0;
}

static void check_stats(const struct fuzz_store *f, const struct walker *w)
{
	bool classic = fuzz_is_classic(f);
	uint32_t largest = walker_largest(w), overhead = HDR_BYTES + (classic ? 0 : TRL_BYTES);
	struct store_stats st;

	store_stat(&f->s, &st);
	if (classic && largest < f->config.media.size - w->end)
		largest = f->config.media.size - w->end;
	largest = largest > overhead ? largest - overhead : 0;
	CHECK(st.entries == w->entries && store_size(&f->s) == w->entries,
	      "%u entries, or %u, instead of %u", st.entries, store_size(&f->s), w->entries);
	CHECK(st.free_bytes == w->free_bytes && st.free_slots == w->frees,
	      "%u free bytes in %u slots instead of %u in %u", st.free_bytes, st.free_slots,
	      w->free_bytes, w->frees);
	CHECK(st.largest == largest, "%u bytes at most would fit, not %u", st.largest, largest);
	CHECK(st.used_bytes == w->live_bytes, "%u bytes used instead of %u", st.used_bytes,
	      w->live_bytes);
	CHECK(st.end == w->end, "the last slot ends at %u, not at %u", w->end, st.end);
	CHECK(st.quarantined == w->quarantined, "%u slots kept aside instead of %u", st.quarantined,
	      w->quarantined);
	if (!classic)
		CHECK(st.boots == w->boots && st.next_seq > w->max_seq &&
			      st.next_seq <= w->seq_limit,
		      "boot %u of %u, next number %llu, highest %llu, limit %llu", st.boots,
		      w->boots, (unsigned long long)st.next_seq, (unsigned long long)w->max_seq,
		      (unsigned long long)w->seq_limit);
}

void fuzz_check_store(struct fuzz_store *f, struct fuzz_walk *walk)
{
	struct visit visit = {.f = f, .w = &walk->w};
	struct store_walk all = {.expired = true, .visit = compare_entry, .ctx = &visit};

	fuzz_walk_region(f, walk);
	f->shadowed |= walk->shadowed > 0;
	if (walk->broken || f->shadowed)
		return; /* more lies there than the store says */
	check_stats(f, &walk->w);
	CHECK(store_process(&f->s, &all) == 0 && visit.count == walk->w.entries,
	      "%u entries visited instead of %u", visit.count, walk->w.entries);
	visit.count = 0;
	CHECK(store_each_free(&f->s, compare_free, &visit) == 0 && visit.count == walk->w.frees,
	      "%u free slots listed instead of %u", visit.count, walk->w.frees);
	visit.count = 0;
	CHECK(store_each_eldest(&f->s, count_eldest, &visit) == 0 &&
		      visit.count == (f->config.max_entries ? walk->w.entries : 0),
	      "%u entries in the order of %u", visit.count, walk->w.entries);
}
