/* SPDX-License-Identifier: MIT */
/* The layout of a region of its own: superblock, trailers, commit order (docs/SPEC.md). */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"
#include "store/super.h"

/* Numbers set aside by one superblock update; a reset forgets the unused ones. */
#define SEQ_STEP 65536U
/* A record takes one number, and the next if its checksum is the free mark: more than enough. */
#define SEQ_MARGIN 16U

/* Makes sure that no smaller store is found in the free space from FROM to END later. */
static void forget_stores(struct store_door *d, uint32_t from, uint32_t end)
{
	for (uint32_t off = ROUND_UP(from, STORE_REGION_ALIGN); off < end; off += SB_COPY_B)
		if (door_read(d, off) == SB_MAGIC_VALUE)
			door_word(d, off, 0);
}

void store_format_image(struct store_door *d, uint32_t region_size)
{
	forget_stores(d, IMAGE_OFFSET, region_size);
	door_word(d, IMAGE_OFFSET, IMAGE_MAGIC);
	slot_write_free(d, CHAIN_START, chain_end(region_size) - CHAIN_START);
	door_flush(d);
}

int store_format(const struct store_media *media, uint32_t salt)
{
	struct store_door d = door_to(media);
	struct store_super sb = {0}, old;
	int copies;

	if (!super_usable(media))
		return -EINVAL;
	if (super_read(&d, &old, &copies) == STORE_VALID) {
		sb.generation = old.generation;
		sb.place = old.place;
	}
	if (media->place)
		sb.place = media->place;
	sb.region_size = media->size;
	sb.salt = salt;
	sb.seq_limit = 1;
	door_open(&d);
	sb.state = SB_FORMATTING; /* from here on open() finishes the format */
	super_write(&d, &sb);
	store_format_image(&d, media->size);
	sb.state = SB_NORMAL;
	super_write(&d, &sb);
	door_close(&d);
	store_note_clear(media);
	return 0;
}

void store_raise_limit(struct store *s)
{
	uint64_t limit = s->next_seq + SEQ_STEP;

	s->super.seq_limit = limit > SEQ_END ? SEQ_END : limit;
	super_write(&s->door, &s->super);
}

/* Reads the superblock and refuses what this code cannot or must not open. */
static int open_super(struct store *s)
{
	int copies;

	switch (super_read(&s->door, &s->super, &copies)) {
	case STORE_NOTHING:
		return -ENODATA;
	case STORE_OTHER:
		store_report(s,
			     "the superblock's copies are of version %lu and %lu, this code knows "
			     "version %u",
			     (unsigned long)door_read(&s->door, SB_VERSION),
			     (unsigned long)door_read(&s->door, SB_COPY_B + SB_VERSION),
			     SB_VERSION_VALUE);
		return -EPROTONOSUPPORT;
	case STORE_DAMAGED:
		store_report(s, "both copies of the superblock are damaged");
		return -EBADMSG;
	case STORE_VALID:
		break;
	}
	if (s->super.region_size > s->door.media.size) {
		store_report(s, "the store takes %lu bytes, the region has only %lu",
			     (unsigned long)s->super.region_size,
			     (unsigned long)s->door.media.size);
		return -ENOSPC;
	}
	if (copies == 1)
		store_report(s, "one copy of the superblock was not current: written again");
	if (s->super.region_size < s->door.media.size)
		store_report(s, "the store takes %lu bytes, the region has %lu: the rest is unused",
			     (unsigned long)s->super.region_size,
			     (unsigned long)s->door.media.size);
	return 0;
}

static int open_native(struct store *s)
{
	uint32_t evicted;
	int err = open_super(s);

	if (err)
		return err;
	if (s->super.state == SB_FORMATTING)
		store_format_image(&s->door, s->super.region_size);
	s->super.state = SB_NORMAL;
	s->start = CHAIN_START;
	s->end = chain_end(s->super.region_size);
	s->limit = s->end;
	if (s->door.media.place)
		s->super.place = s->door.media.place;
	marks_init(s);
	err = store_recover(s);
	if (err)
		return err;
	s->open = true;
	if (store_purgeable(s))
		store_remove_expired(s, NULL, NULL);
	evicted = store_evict(s);
	if (evicted)
		store_report(s, "%lu entries more than the most there may be: the eldest removed",
			     (unsigned long)evicted);
	return 0;
}

/* store_grow(), alone. */
static int grow(struct store *s, uint32_t region_size)
{
	uint32_t end = s->end, more;

	if (region_size % STORE_REGION_ALIGN || region_size > s->door.media.size ||
	    region_size < s->super.region_size)
		return -EINVAL;
	more = chain_end(region_size) - end;
	if (!more)
		return 0;
	forget_stores(&s->door, end, chain_end(region_size));
	slot_write_free(&s->door, end, more);
	door_flush(&s->door);
	s->super.region_size = region_size;
	super_write(&s->door, &s->super);
	s->end = s->limit = end + more;
	marks_free(s);
	marks_init(s);
	store_join_all(s);
	return 0;
}

int store_grow(struct store *s, uint32_t region_size)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = s->layout == &store_native ? grow(s, region_size) : -ENOTSUP;
	store_end(s);
	return err;
}

static int begin_record(struct store *s, struct slot_content *c, uint32_t victim)
{
	uint32_t size;

	if (s->next_seq > SEQ_END - SEQ_MARGIN)
		return -EOVERFLOW;
	if (s->next_seq + SEQ_MARGIN > s->super.seq_limit)
		store_raise_limit(s);
	c->seq = s->next_seq++;
	if (!victim)
		return 0;
	size = store_record(s, victim);
	if (!size)
		return 0; /* it will only be set aside */
	s->super.evict_new = c->seq;
	s->super.evict_victim = slot_seq(s, victim, size);
	s->super.evict_offset = victim;
	super_write(&s->door, &s->super);
	return 0;
}

static void write_record(struct store *s, uint32_t off, uint32_t block, uint32_t size,
			 const struct slot_content *c)
{
	slot_write(s, off, block, size, c);
	if (size < block)
		freelist_add(s, off + size, block - size);
}

static void kill_record(struct store *s, uint32_t off, uint32_t size)
{
	slot_kill(s, off, size);
	door_flush(&s->door);
}

bool store_is_hole(const struct store *s, uint32_t off)
{
	return slot_is_free(s, off) && !pins_hold_dead(s, off);
}

/*
 * Makes the dead block [off, off + size), whose kill is durable, one with its free neighbours.
 * Header and tag must agree before either is believed.
 */
static uint32_t join(struct store *s, uint32_t off, uint32_t size)
{
	uint32_t start = off, end = off + size, n;

	if (end < s->end && store_is_hole(s, end)) {
		n = door_read(&s->door, end + HDR_SIZE);
		freelist_remove(s, end, n);
		marks_forget(s, end);
		end += n;
	}
	n = start > CHAIN_START ? slot_tag_before(s, start) : 0;
	if (n >= SLOT_MIN && n % SLOT_ALIGN == 0 && n <= start - CHAIN_START &&
	    door_read(&s->door, start - n + HDR_SIZE) == n && store_is_hole(s, start - n)) {
		freelist_remove(s, start - n, n);
		marks_forget(s, start);
		start -= n;
	}
	if (end - start != size) {
		slot_join(&s->door, start, end - start);
		door_flush(&s->door);
	}
	freelist_add(s, start, end - start);
	if (start < s->packed)
		s->packed = start;
	if (start < s->passed && s->passed < end)
		s->passed = start;
	return end;
}

static void set_aside(struct store *s, uint32_t off)
{
	/* The one word that is sure to be its own. */
	door_word(&s->door, off + HDR_KEYLEN, KEYLEN_QMARK);
	door_flush(&s->door);
	s->quarantined++;
	s->quarantined_bytes += slot_whole(s, off);
}

uint32_t store_step(const struct store *s, uint32_t off)
{
	uint32_t size = slot_whole(s, off);

	if (size)
		return size;
	store_report(s, "the chain of slots is broken at offset %lu", (unsigned long)off);
	return 0;
}

/* Whether the slot at OFF claims to hold a record. */
static bool visible(const struct store *s, uint32_t off)
{
	uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);

	return key_len > 0 && key_len <= STORE_KEY_MAX;
}

static int clear(struct store *s)
{
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		size = store_step(s, off);
		if (!size)
			return -EBADMSG;
	}
	entries_clear(s);
	if (s->share && share_hide_all(s))
		return -ETIMEDOUT;
	s->super.floor = s->next_seq - 1;
	super_write(&s->door, &s->super);
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		size = door_read(&s->door, off + HDR_SIZE);
		if (!visible(s, off))
			continue;
		slot_kill(s, off, size);
		if (s->share)
			share_pin(s, off);
		pins_keep(s, off, size);
	}
	marks_init(s);
	store_join_all(s);
	return 0;
}

const struct store_layout store_native = {
	.overhead = HDR_BYTES + TRL_BYTES,
	.align = SLOT_ALIGN,
	.tail_rest_min = SLOT_MIN,
	.versions = true,
	.makes_room = true,
	.usable = super_usable,
	.open = open_native,
	.begin = begin_record,
	.write = write_record,
	.verify = slot_verify,
	.kill = kill_record,
	.reclaim = join,
	.set_aside = set_aside,
	.step = store_step,
	.clear = clear,
	.compact = store_compact_native,
};
