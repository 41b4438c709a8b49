/* SPDX-License-Identifier: MIT */
/*
 * A region as a reset or worse has left it: superblock, chain and slots by docs/SPEC.md. What it
 * may not be at any moment is a problem, and what only an open would not leave like that a note.
 */
#include <stdlib.h>

#include "lib/be.h"
#include "store/door.h"
#include "store/format.h"
#include "store/slot.h"
#include "store/super.h"
#include "tools/fcs/check.h"
#include "tools/fcs/find.h"
#include "tools/fcs/text.h"

static uint32_t read_size(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_SIZE);
}

static uint32_t read_key_len(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_KEYLEN);
}

/* ---- the chain ---- */

/*
 * The size of the slot at OFF, the chain being sound before it; 0 if it cannot be told. *CUT is set
 * if header and tag do not agree, as a cut split or join leaves them.
 */
static uint32_t slot_size_at(const struct store *s, uint32_t off, bool *cut)
{
	uint32_t size;
	enum slot_fit fit = slot_fit(s, off, &size);

	*cut = fit != FIT_WHOLE;
	return fit == FIT_BROKEN ? 0 : size;
}

/* The first slot behind OFF from which the chain is sound to the end, going back from there. */
static uint32_t sound_from(const struct store *s, uint32_t off)
{
	uint32_t at = s->end;

	while (at > off) {
		uint32_t size = slot_tag_before(s, at);

		if (size > at - off || !slot_size_legal(s, at - size, size) ||
		    read_size(s, at - size) != size || at - size == off)
			break;
		at -= size;
	}
	return at;
}

/* ---- slots ---- */

static void check_free(struct check *c, const struct store *s, uint32_t off, uint32_t size)
{
	const uint8_t *p = door_at(&s->door, off);
	uint64_t lengths = (uint64_t)be32_load(p + HDR_DATALEN) + be32_load(p + HDR_METALEN);

	c->free_slots++;
	if (read_key_len(s, off) != 0)
		check_note(c, off,
			   "a delete was cut: the slot is free, its key length still there");
	if (lengths > size - HDR_BYTES)
		check_note(c, off, "a put was cut: the lengths in a free slot do not fit in it");
}

static void check_live(struct check *c, const struct store *s, const struct store_view *v)
{
	uint32_t key_len = read_key_len(s, v->slot);
	struct check_record r = {
		.key = v->key,
		.key_len = v->key_len,
		.off = v->slot,
		.size = v->slot_size,
		.order = v->version,
	};

	if (v->version >= s->super.seq_limit) {
		check_problem(c, v->slot,
			      "a record with number %" PRIu64 "; all are below %" PRIu64,
			      v->version, s->super.seq_limit);
		return;
	}
	if (key_len == 0)
		check_note(c, v->slot, "a put was cut: the record is whole, and not visible yet");
	else if (key_len != v->key_len)
		check_problem(c, v->slot, "key length %" PRIu32 ", which is %" PRIu32, key_len,
			      v->key_len);
	if (v->version <= s->super.floor)
		check_note(c, v->slot, "a clear was cut: the record is dead");
	else
		check_add(c, &r);
}

/* A damaged slot: the line names the key if its length is one that the slot may have. */
static void check_damaged(struct check *c, const struct store *s, uint32_t off, uint32_t size)
{
	uint32_t key_len = read_key_len(s, off);
	char *key;

	if (!key_len || key_len > size - HDR_BYTES - TRL_BYTES) {
		check_problem(c, off, "a slot of %" PRIu32 " bytes: wrong checksum", size);
		return;
	}
	key = word_string(door_at(&s->door, off + HDR_BYTES), key_len);
	check_problem(c, off, "a slot of %" PRIu32 " bytes: wrong checksum; its key may be %s",
		      size, clip(key));
	free(key);
}

static void check_slot(struct check *c, const struct store *s, uint32_t off, uint32_t size)
{
	struct store_view view;

	switch (slot_classify(s, off, size, &view)) {
	case SLOT_FREE_DAMAGED:
		check_problem(c, off, "a free slot of %" PRIu32 " bytes: wrong state word", size);
		break;
	case SLOT_FREE:
		check_free(c, s, off, size);
		break;
	case SLOT_LIVE:
		check_live(c, s, &view);
		break;
	case SLOT_STAGED:
	case SLOT_STAGED_DEL:
		check_note(c, off, "a record of a batch that was cut");
		break;
	case SLOT_QUARANTINED:
		check_note(c, off, "a slot of %" PRIu32 " bytes that is kept aside as damaged",
			   size);
		c->kept_aside++;
		break;
	case SLOT_DAMAGED:
		check_damaged(c, s, off, size);
		break;
	}
}

static void check_chain(struct check *c, const struct store *s)
{
	bool cut, free_before = false;
	uint32_t size, free_slots;

	for (uint32_t off = s->start; off < s->end; off += size) {
		size = slot_size_at(s, off, &cut);
		if (!size) {
			size = sound_from(s, off) - off;
			check_problem(c, off,
				      "size and tag of a slot do not agree: its %" PRIu32
				      " bytes up to the next good one are damaged",
				      size);
			free_before = false;
			continue;
		}
		if (cut)
			check_note(c, off, "a split or a join of slots was cut");
		free_slots = c->free_slots;
		check_slot(c, s, off, size);
		if (free_before && c->free_slots > free_slots)
			check_note(c, off, "a free slot behind a free slot");
		free_before = c->free_slots > free_slots;
	}
}

/* The record with number ORDER, anywhere if OFF is 0. */
static struct check_record *find_record(const struct check *c, uint64_t order, uint32_t off)
{
	for (struct check_record *r = c->records; r < c->records + c->count; r++)
		if (r->order == order && (!off || r->off == off))
			return r;
	return NULL;
}

/* A put lets another entry go by a note in the superblock: once its record is there that one is
 * not. */
static void check_eviction(struct check *c, const struct store_super *super)
{
	struct check_record *victim = find_record(c, super->evict_victim, super->evict_offset);

	if (!victim || !find_record(c, super->evict_new, 0))
		return;
	check_note(c, victim->off, "an eviction was cut: the record is dead");
	*victim = c->records[--c->count];
}

void check_region(struct check *c)
{
	struct store s = {
		.door = {.media = {.base = c->file->base, .size = c->file->size}},
		.start = CHAIN_START,
	};
	int copies;

	super_read(&s.door, &s.super, &copies);
	s.end = chain_end(s.super.region_size);
	if (s.super.state == SB_FORMATTING) {
		check_note(c, 0, "a format was cut: the next open completes it");
		return;
	}
	if (copies < 2)
		check_note(c, 0, "only one copy of the superblock is valid and the newest");
	if (door_read(&s.door, IMAGE_OFFSET) != IMAGE_MAGIC)
		check_problem(c, IMAGE_OFFSET, "the image does not begin with FCS1");
	check_chain(c, &s);
	check_eviction(c, &s.super);
}
