/* SPDX-License-Identifier: MIT */
/*
 * The layout of Infinispan's SingleFileStore: FCS1 records without trailers, byte for byte what the
 * Java class leaves after each operation. Lengths are checked before they are used; nothing else
 * is, and a cut in the middle of an operation may leave either half of it.
 */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

#define MAGIC_BYTES 4U
#define NONE UINT32_MAX /* as an offset */

static bool usable(const struct store_media *m)
{
	return m->base && m->size >= MAGIC_BYTES && m->size <= STORE_REGION_MAX;
}

static uint32_t read_size(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_SIZE);
}

/* keyLen is signed: 0 and below is a free slot. */
static bool is_free(const struct store *s, uint32_t off)
{
	return (int32_t)door_read(&s->door, off + HDR_KEYLEN) <= 0 && !pins_hold_dead(s, off);
}

static bool size_legal(const struct store *s, uint32_t off, uint32_t size)
{
	return size >= HDR_BYTES && size <= s->end - off;
}

static void set_end(struct store *s, uint32_t end)
{
	s->end = end;
	s->file_size = end;
	freelist_set_tail(s, end, s->limit - end);
}

/* Words lie anywhere here. */
static void write_word(struct store *s, uint32_t off, uint32_t value)
{
	uint8_t bytes[4];

	be32_store(bytes, value);
	door_write(&s->door, off, bytes, sizeof(bytes));
}

static inline void write_header(struct store *s, uint32_t off, uint32_t size,
				const struct slot_content *c)
{
	uint8_t header[HDR_BYTES];

	be32_store(header + HDR_SIZE, size);
	be32_store(header + HDR_KEYLEN, c->key_len);
	be32_store(header + HDR_DATALEN, c->data_len);
	be32_store(header + HDR_METALEN, c->meta_len);
	be64_store(header + HDR_EXPIRY, (uint64_t)c->expiry);
	door_part(&s->door, off, header, HDR_BYTES);
}

static void write_free(struct store *s, uint32_t off, uint32_t size)
{
	static const struct slot_content none = {.expiry = -1};

	write_header(s, off, size, &none);
	door_end_parts(&s->door, off, HDR_BYTES);
	freelist_add(s, off, size);
}

static void write_record(struct store *s, uint32_t off, uint32_t block, uint32_t size,
			 const struct slot_content *c)
{
	struct store_door *d = &s->door;
	uint32_t at = off + HDR_BYTES;

	if (off == s->end)
		set_end(s, off + size);
	else if (size < block)
		write_free(s, off + size, block - size);
	write_header(s, off, size, c);
	door_part(d, at, c->key, c->key_len);
	at += c->key_len;
	door_part(d, at, c->data, c->data_len);
	at += c->data_len;
	door_part(d, at, c->meta, c->meta_len);
	door_end_parts(d, off, at + c->meta_len - off);
}

static void kill_record(struct store *s, uint32_t off, uint32_t size)
{
	(void)size;
	write_word(s, off + HDR_KEYLEN, 0);
}

static uint32_t reclaim(struct store *s, uint32_t off, uint32_t size)
{
	freelist_add(s, off, size);
	if (off < s->packed)
		s->packed = off;
	return off + size;
}

static void set_aside(struct store *s, uint32_t off)
{
	(void)s; /* the format has no mark for it: it lies there, in neither index nor free list */
	(void)off;
}

static uint32_t step(const struct store *s, uint32_t off)
{
	uint32_t size = read_size(s, off);

	if (size_legal(s, off, size))
		return size;
	store_report(s, "the record at offset %lu has size %ld: expected %u to %lu",
		     (unsigned long)off, (long)(int32_t)size, HDR_BYTES,
		     (unsigned long)(s->end - off));
	return 0;
}

static void leave_out(struct store *s, uint32_t off)
{
	const uint8_t *p = door_at(&s->door, off);

	s->read_only = true;
	store_report(s,
		     "the record at offset %lu has lengths that do not fit (size %ld, key %ld, "
		     "data %ld, metadata %ld): left out, and nothing is written",
		     (unsigned long)off, (long)(int32_t)be32_load(p + HDR_SIZE),
		     (long)be32_load(p + HDR_KEYLEN), (long)(int32_t)be32_load(p + HDR_DATALEN),
		     (long)(int32_t)be32_load(p + HDR_METALEN));
}

/* Gathers the record at OFF for the index. */
static int gather(struct store *s, struct index_bulk *bulk, uint32_t off)
{
	const uint8_t *key = door_at(&s->door, off + HDR_BYTES);

	if (!store_record(s, off)) {
		leave_out(s, off);
		return 0;
	}
	return entries_gather(s, bulk, index_hash(s, key, door_read(&s->door, off + HDR_KEYLEN)),
			      off);
}

/* Why the records cannot be followed from OFF on, as a line; the file can only be read then. */
static void stop_at(struct store *s, uint32_t off)
{
	uint32_t size = read_size(s, off);

	s->read_only = true;
	if (size > s->end - off && size <= INT32_MAX)
		store_report(s,
			     "the file ends in the record at offset %lu, behind %lu of its %lu "
			     "bytes: what is before it is served, and nothing written",
			     (unsigned long)off, (unsigned long)(s->end - off),
			     (unsigned long)size);
	else
		store_report(s,
			     "the record at offset %lu has size %ld, expected at least %u: what is "
			     "before it is served, and nothing written",
			     (unsigned long)off, (long)(int32_t)size, HDR_BYTES);
}

/* Takes up a run of free slots: cut off at the end of the file, else made one. */
static void settle_run(struct store *s, uint32_t run, uint32_t end, uint32_t slots)
{
	if (!slots)
		return;
	if (end == s->end)
		set_end(s, run);
	else if (slots > 1)
		write_free(s, run, end - run);
	else
		freelist_add(s, run, end - run);
}

/* Joins and lists the free slots from OFF on, where a run of them may begin but none continues. */
static void tidy_from(struct store *s, uint32_t off)
{
	uint32_t run = off, slots = 0, end = s->end;
	struct marks_ahead ahead = {0};

	for (uint32_t size; off < end; off += size) {
		marks_step(s, &ahead, off);
		size = step(s, off);
		if (!size) { /* damaged since the open */
			s->read_only = true;
			return;
		}
		if (is_free(s, off)) {
			if (slots++)
				marks_forget(s, off);
			else
				run = off;
			continue;
		}
		settle_run(s, run, off, slots);
		slots = 0;
	}
	settle_run(s, run, end, slots);
}

/* What the Java class does at open and after a purge. */
static void tidy(struct store *s)
{
	s->packed = s->start;
	s->passed = s->limit;
	freelist_clear(s, 0);
	freelist_set_tail(s, s->end, s->limit - s->end);
	tidy_from(s, s->start);
}

/* What the first walk has found. */
struct finds {
	struct index_bulk entries;
	uint32_t run, slots; /* where the free slots begin that it is in, and how many they are */
	uint32_t untidy;     /* behind this there are slots to join or cut off; others are listed */
};

static void find_free(struct finds *f, uint32_t off)
{
	if (!f->slots++)
		f->run = off;
	if (f->slots == 2 && f->untidy == NONE)
		f->untidy = f->run;
}

static int find_record(struct store *s, struct finds *f, uint32_t off)
{
	if (f->slots == 1 && f->untidy == NONE)
		freelist_add(s, f->run, off - f->run);
	f->slots = 0;
	return gather(s, &f->entries, off);
}

/* Follows the records to where the file ends, or to the one that it cuts. */
static int survey(struct store *s, struct finds *f)
{
	uint32_t off = s->start, fetched = off, next_part = off, size;

	for (; s->end - off >= HDR_BYTES; off += size) {
		size = read_size(s, off);
		if (!size_legal(s, off, size)) {
			stop_at(s, off);
			break;
		}
		if (off >= next_part) {
			marks_note(s, off);
			next_part = marks_part_end(s, off);
		}
		marks_read_ahead(s, off, &fetched);
		if (is_free(s, off))
			find_free(f, off);
		else if (find_record(s, f, off))
			return -ENOMEM;
	}
	s->end = off;
	if (f->slots && f->untidy == NONE)
		f->untidy = f->run;
	return 0;
}

/* Fills entries and free list from the file; what is to be joined there is, if it is sound. */
static int take_up(struct store *s)
{
	struct finds f = {.untidy = NONE};
	int err = index_bulk_begin(&f.entries, s->end);

	if (!err)
		err = survey(s, &f);
	if (err)
		index_bulk_free(&f.entries);
	else
		err = index_bulk_end(s, &f.entries, NULL, &s->shadowed);
	if (err)
		return err;
	s->packed = s->start;
	if (s->read_only) {
		freelist_clear(s, 0);
		return 0;
	}
	freelist_set_tail(s, s->end, s->limit - s->end);
	if (f.untidy != NONE)
		tidy_from(s, f.untidy);
	return 0;
}

static int start_empty(struct store *s)
{
	write_word(s, 0, IMAGE_MAGIC);
	set_end(s, MAGIC_BYTES);
	return 0;
}

static int open_classic(struct store *s)
{
	s->start = MAGIC_BYTES;
	s->limit = s->door.media.size;
	s->file_size = s->config.file_size;
	s->end = s->file_size;
	marks_init(s);
	if (s->config.media.clean) /* it is to survive a reset */
		store_report(s,
			     "plain FCS1: a cut write may lose entries, and damage is not noticed");
	if (!s->file_size)
		return start_empty(s);
	if (s->file_size < MAGIC_BYTES || door_read(&s->door, 0) != IMAGE_MAGIC) {
		store_report(s, "the file does not begin with FCS1: it is left as it is");
		return -EBADMSG;
	}
	return take_up(s);
}

static int clear(struct store *s)
{
	if (s->pins.count)
		return -EBUSY; /* what is appended would overwrite them */
	entries_clear(s);
	freelist_clear(s, 0);
	marks_init(s);
	s->packed = s->start;
	s->passed = s->limit;
	return start_empty(s);
}

/* The end of the free slots that begin at OFF; they leave the free list. */
static uint32_t take_run(struct store *s, uint32_t off)
{
	while (off < s->end && is_free(s, off)) {
		uint32_t size = step(s, off);

		if (!size)
			break;
		freelist_remove(s, off, size);
		marks_forget(s, off);
		off += size;
	}
	return off;
}

/*
 * Moves the record at OFF down to the start of the free space [hole, off), without slack. What is
 * left over becomes a free slot: with at least a header's bytes, since a free slot was there.
 * Returns where the record ends, or 0 if it has to stay.
 */
static uint32_t slide(struct store *s, uint32_t hole, uint32_t off)
{
	struct store_index_slot *entry = pins_pass(s, off) ? NULL : index_at(s, off);
	uint32_t slot_size, bytes;
	struct store_view v;

	slot_size = entry ? store_record(s, off) : 0;
	if (!slot_size)
		return 0;
	store_view_slot(s, off, slot_size, &v);
	bytes = HDR_BYTES + v.key_len + v.data_len + v.meta_len;
	marks_forget(s, off);
	door_move(&s->door, hole, off, bytes);
	write_word(s, hole + HDR_SIZE, bytes);
	write_free(s, hole + bytes, off + slot_size - hole - bytes);
	marks_note(s, hole);
	entries_set_offset(s, entry, hole);
	s->counters.moved_bytes += bytes;
	return hole + bytes;
}

/* Takes up the free space at s->packed: the record behind it moves there, or the file ends there.
 */
static void close_up(struct store *s)
{
	uint32_t next = take_run(s, s->packed), end;

	if (next == s->end) {
		set_end(s, s->packed);
		return;
	}
	end = slide(s, s->packed, next);
	if (!end) { /* it stays, and the free space before it */
		write_free(s, s->packed, next - s->packed);
		if (s->packed < s->passed)
			s->passed = s->packed;
	}
	s->packed = end ? end : next;
}

static int compact(struct store *s, uint32_t max_bytes)
{
	uint64_t enough = s->counters.moved_bytes + max_bytes;
	uint32_t size;

	if (s->packed < s->start)
		s->packed = s->start;
	for (uint64_t looks = 0; s->packed < s->end; looks += HDR_BYTES) {
		if (looks && s->counters.moved_bytes + looks >= enough)
			return 1;
		size = step(s, s->packed);
		if (!size)
			return -EBADMSG;
		if (is_free(s, s->packed))
			close_up(s);
		else
			s->packed += size;
	}
	return 0;
}

const struct store_layout store_classic = {
	.overhead = HDR_BYTES,
	.align = 1,
	.usable = usable,
	.open = open_classic,
	.write = write_record,
	.kill = kill_record,
	.reclaim = reclaim,
	.set_aside = set_aside,
	.step = step,
	.clear = clear,
	.tidy = tidy,
	.compact = compact,
};
