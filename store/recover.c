/* SPDX-License-Identifier: MIT */
/*
 * From whatever a reset left to a chain in which every slot is live, free or quarantined, every tag
 * agrees with its header and no two free blocks touch.
 *
 * The first pass follows the chain, checks every record and finds out what is to be done; it writes
 * only where damage broke the chain. The passes after it write, in the order that docs/SPEC.md
 * gives; each can be cut and begun again. A region that was closed in peace needs none of them but
 * the boot's superblock.
 */
#include <errno.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/mend.h"
#include "store/pins.h"

struct work {
	struct mend_state mend;
	uint32_t fixes;    /* slots whose size or tag a cut split or join left behind */
	uint32_t damaged;  /* slots to be quarantined */
	uint32_t freed;    /* free ones whose state word was damaged */
	uint32_t batch;    /* puts and deletes of a batch that was committed */
	uint32_t restores; /* live records whose keyLen is not in the header yet */
	uint32_t
		kills; /* losers, dead by the floor, staged without commit, lengths of free slots */
	bool evict_new;  /* the record for which another one had to go is there, */
	uint32_t victim; /* and so is that one, at this offset (0: it is not) */
	struct index_bulk entries;
};

static uint32_t read_size(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_SIZE);
}

static uint32_t read_key_len(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_KEYLEN);
}

/* Gathers a live record for the index. */
static int gather(struct store *s, const struct store_view *slot, struct work *w)
{
	store_note_expiry(s, slot->expiry);
	return entries_gather(s, &w->entries, index_hash(s, slot->key, slot->key_len), slot->slot);
}

/* Of two live records with one key the one with the higher number counts. */
static bool newer(const struct store *s, uint32_t off, uint32_t old)
{
	return slot_seq(s, off, read_size(s, off)) > slot_seq(s, old, read_size(s, old));
}

/* Makes what WALK gathers the entries. Errors as WALK's, or -ENOMEM. */
static int fill_index(struct store *s, struct work *w, int (*walk)(struct store *s, struct work *w))
{
	uint32_t losers;
	int err = index_bulk_begin(&w->entries, s->end);

	if (!err)
		err = walk(s, w);
	if (err) {
		index_bulk_free(&w->entries);
		return err;
	}
	err = index_bulk_end(s, &w->entries, newer, &losers);
	w->kills += losers;
	return err;
}

/* Whether SLOT, which checks as live, is one that was superseded as a whole or never committed. */
static bool dead_by_number(const struct store *s, const struct store_view *slot)
{
	return slot->version <= s->super.floor;
}

static enum slot_state classify(const struct store *s, uint32_t off, uint32_t size,
				struct store_view *slot)
{
	enum slot_state state = slot_classify(s, off, size, slot);

	/* A number that was not given out before this open: not a record of this store. */
	if ((state == SLOT_LIVE || state == SLOT_STAGED || state == SLOT_STAGED_DEL) &&
	    slot->version >= s->next_seq)
		return SLOT_DAMAGED;
	return state;
}

/* Whether SLOT, which checks as staged, is of a batch that was committed. */
static bool committed(const struct store *s, const struct store_view *slot)
{
	return slot->version >= s->super.batch_lo && slot->version <= s->super.batch_hi &&
	       !dead_by_number(s, slot);
}

/* Whether the header of a free slot is one that FCS1's readers take: they check its lengths, too.
 */
static bool free_header_legal(const struct store *s, uint32_t off, uint32_t size)
{
	uint64_t content = (uint64_t)door_read(&s->door, off + HDR_DATALEN) +
			   door_read(&s->door, off + HDR_METALEN);

	return read_key_len(s, off) == 0 && content <= size - HDR_BYTES;
}

static void clear_lengths(struct store *s, uint32_t off)
{
	door_word(&s->door, off + HDR_KEYLEN, 0);
	door_word(&s->door, off + HDR_DATALEN, 0);
	door_word(&s->door, off + HDR_METALEN, 0);
}

/* Counts what is to be done about the slot and indexes it if it is live and visible. */
static int survey_slot(struct store *s, uint32_t off, uint32_t size, struct work *w)
{
	struct store_view slot;

	switch (classify(s, off, size, &slot)) {
	case SLOT_FREE:
		w->kills += !free_header_legal(s, off, size);
		break;
	case SLOT_FREE_DAMAGED:
		w->freed++;
		store_report(s,
			     "the free slot at offset %lu (%lu bytes) was damaged: its state word "
			     "is written again",
			     (unsigned long)off, (unsigned long)size);
		break;
	case SLOT_STAGED:
	case SLOT_STAGED_DEL:
		if (committed(s, &slot))
			w->batch++;
		else
			w->kills++;
		break;
	case SLOT_LIVE:
		w->evict_new |= slot.version == s->super.evict_new;
		if (slot.version == s->super.evict_victim && !dead_by_number(s, &slot))
			w->victim = off;
		if (dead_by_number(s, &slot))
			w->kills++;
		else if (read_key_len(s, off) != slot.key_len)
			w->restores++;
		else
			return gather(s, &slot, w);
		break;
	case SLOT_QUARANTINED:
		s->quarantined++;
		s->quarantined_bytes += size;
		break;
	case SLOT_DAMAGED:
		w->damaged++;
		break;
	}
	return 0;
}

/* Makes the chain whole where damage broke it, at OFF; returns where that begins. */
static uint32_t mend(struct store *s, struct work *w, uint32_t off)
{
	struct mend m;

	mend_plan(s, &w->mend, off, &m);
	mend_report(s, &m, "mended");
	mend_write(s, &m);
	return m.start;
}

/* Forgets what the survey found. */
static int begin_anew(struct store *s, struct work *w)
{
	index_bulk_free(&w->entries);
	entries_free(s);
	marks_init(s);
	s->quarantined = s->quarantined_bytes = 0;
	*w = (struct work){0};
	return index_bulk_begin(&w->entries, s->end);
}

static int survey(struct store *s, struct work *w)
{
	uint32_t fetched = 0;

	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		enum slot_fit f = slot_fit(s, off, &size);
		int err = 0;

		marks_note(s, off);
		marks_read_ahead(s, off, &fetched);
		if (f == FIT_BROKEN) {
			if (mend(s, w, off) < off) {
				err = begin_anew(s, w);
				off = CHAIN_START;
			}
			if (err)
				return err;
			f = slot_fit(s, off, &size);
		}
		if (f == FIT_BROKEN) {
			store_report(s, "the slot at offset %lu does not keep what is written",
				     (unsigned long)off);
			return -EBADMSG;
		}
		w->fixes += f != FIT_WHOLE;
		err = survey_slot(s, off, size, w);
		if (err)
			return err;
	}
	return 0;
}

/* Makes header and tag agree wherever a cut left them apart. */
static void fix_chain(struct store *s)
{
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		switch (slot_fit(s, off, &size)) {
		case FIT_SPLIT:
			door_word(&s->door, off + HDR_SIZE, size);
			break;
		case FIT_JOIN:
			door_word(&s->door, off + size - TRL_TAG, TAG_MAGIC ^ size);
			break;
		default:
			break;
		}
	}
	door_flush(&s->door);
}

static void report_damage(const struct store *s, uint32_t off, uint32_t size)
{
	char key[SLOT_KEY_SHOWN];

	slot_show_key(s, off, size, key);
	store_report(s,
		     "the slot at offset %lu (%lu bytes, key %s) does not match its checksum: "
		     "it is damaged, kept aside and not served",
		     (unsigned long)off, (unsigned long)size, key);
}

static void quarantine_damaged(struct store *s, enum slot_state state,
			       const struct store_view *slot)
{
	if (state != SLOT_DAMAGED)
		return;
	report_damage(s, slot->slot, slot->slot_size);
	door_word(&s->door, slot->slot + HDR_KEYLEN, KEYLEN_QMARK);
	s->quarantined++;
	s->quarantined_bytes += slot->slot_size;
}

/* Makes a put of a committed batch a live record. */
static void redo_put(struct store *s, enum slot_state state, const struct store_view *slot)
{
	if (state == SLOT_STAGED && committed(s, slot))
		slot_commit(s, slot->slot, slot->slot_size, slot->key_len);
}

/*
 * Makes durable records visible, and gathers all live ones once more: their order is that of the
 * region.
 */
static int restore_all(struct store *s, struct work *w)
{
	struct store_view slot;
	int err = 0;

	entries_free(s);
	for (uint32_t off = CHAIN_START, size; off < s->end && !err; off += size) {
		size = read_size(s, off);
		if (classify(s, off, size, &slot) != SLOT_LIVE || dead_by_number(s, &slot))
			continue;
		if (read_key_len(s, off) != slot.key_len)
			door_word(&s->door, off + HDR_KEYLEN, slot.key_len);
		err = gather(s, &slot, w);
	}
	door_flush(&s->door);
	return err;
}

/* Takes the entry out that a delete of a committed batch names. */
static void redo_delete(struct store *s, enum slot_state state, const struct store_view *slot)
{
	struct store_index_slot *entry;
	uint32_t target;

	if (state != SLOT_STAGED_DEL || !committed(s, slot))
		return;
	entry = index_lookup(s, slot->key, slot->key_len, &target);
	if (entry && slot_seq(s, target, read_size(s, target)) < slot->version)
		entries_remove(s, entry);
}

/* Kills such a delete: its target is gone for good. */
static void kill_delete(struct store *s, enum slot_state state, const struct store_view *slot)
{
	if (state == SLOT_STAGED_DEL && committed(s, slot))
		slot_kill(s, slot->slot, slot->slot_size);
}

/* Whether the live record is the one that the index has for its key. */
static bool indexed(struct store *s, const struct store_view *slot)
{
	uint32_t off;

	return index_lookup(s, slot->key, slot->key_len, &off) && off == slot->slot;
}

/*
 * A put that let another entry go was cut: if its record is there the other one goes now, else it
 * stays. True if it goes.
 */
static bool finish_eviction(struct store *s, const struct work *w)
{
	struct store_index_slot *entry;
	uint32_t off;

	if (!w->evict_new || !w->victim)
		return false;
	/* By its key: compaction may have been cut as well, and left it twice. */
	entry = index_lookup(s, door_at(&s->door, w->victim + HDR_BYTES),
			     read_key_len(s, w->victim), &off);
	if (!entry || slot_seq(s, off, read_size(s, off)) != s->super.evict_victim)
		return false;
	entries_remove(s, entry);
	return true;
}

static void kill_dead(struct store *s, enum slot_state state, const struct store_view *slot)
{
	if ((state == SLOT_FREE || state == SLOT_FREE_DAMAGED) &&
	    !free_header_legal(s, slot->slot, slot->slot_size))
		clear_lengths(s, slot->slot);
	if (state == SLOT_FREE_DAMAGED || state == SLOT_STAGED ||
	    (state == SLOT_STAGED_DEL && !committed(s, slot)) ||
	    (state == SLOT_LIVE && !indexed(s, slot)))
		slot_kill(s, slot->slot, slot->slot_size);
}

/* Calls FN with each slot of the chain, which is whole, and its state; ends the group then. */
static void each_slot(struct store *s, void (*fn)(struct store *s, enum slot_state state,
						  const struct store_view *slot))
{
	struct store_view slot;

	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		size = read_size(s, off);
		fn(s, classify(s, off, size, &slot), &slot);
	}
	door_flush(&s->door);
}

void store_join_all(struct store *s)
{
	uint32_t run = 0, blocks = 0;
	struct marks_ahead ahead = {0};

	door_flush(&s->door);
	freelist_clear(s, s->end);
	s->packed = s->start;
	s->passed = s->limit;
	for (uint32_t off = CHAIN_START, size; off <= s->end; off += size) {
		bool free;

		if (off < s->end)
			marks_step(s, &ahead, off);
		size = off < s->end ? store_step(s, off) : 1;
		if (!size)
			break; /* damaged since the open: what is behind it stays unlisted */
		free = off < s->end && store_is_hole(s, off);
		if (free && blocks++)
			marks_forget(s, off);
		else if (free)
			run = off;
		if (free || !blocks)
			continue;
		if (blocks > 1)
			slot_join(&s->door, run, off - run);
		freelist_add(s, run, off - run);
		blocks = 0;
	}
	door_flush(&s->door);
}

int store_recover(struct store *s)
{
	struct work w = {0};
	int err;

	s->next_seq = s->super.seq_limit;
	if (s->super.evict_new >= s->next_seq)
		s->super.evict_new = 0; /* no put was given that number */
	err = fill_index(s, &w, survey);
	if (err)
		return err;
	s->super.boots++;
	store_raise_limit(s);
	if (door_read(&s->door, IMAGE_OFFSET) != IMAGE_MAGIC) {
		store_report(s, "the image's magic was not FCS1: written again");
		door_word(&s->door, IMAGE_OFFSET, IMAGE_MAGIC);
	}
	if (w.fixes)
		fix_chain(s);
	if (w.damaged)
		each_slot(s, quarantine_damaged);
	if (w.batch)
		each_slot(s, redo_put);
	if (w.restores || w.batch) {
		err = fill_index(s, &w, restore_all);
		if (err)
			return err;
	}
	if (w.batch)
		each_slot(s, redo_delete);
	w.kills += finish_eviction(s, &w);
	if (w.kills || w.freed || w.batch)
		each_slot(s, kill_dead);
	if (w.batch)
		each_slot(s, kill_delete);
	store_join_all(s);
	if (w.fixes || w.restores || w.kills || w.batch)
		store_report(s, "a write that a reset had interrupted was %s",
			     w.restores || w.batch ? "completed" : "cleared away");
	return 0;
}
