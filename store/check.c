/* SPDX-License-Identifier: MIT */
/*
 * A region as a reset or worse has left it, looked at without writing: superblock, chain and slots
 * by docs/SPEC.md. What it may not be at any moment is a problem; what only an open would not leave
 * like that is a note.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/door.h"
#include "store/internal.h"
#include "store/mend.h"
#include "store/super.h"

static void PRINTF_LIKE(4, 5)
	tell(struct store_checkup *c, bool problem, uint32_t off, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (problem)
		c->problems++;
	else
		c->notes++;
	if (!c->line)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->line(c->ctx, problem, off, text);
}

static uint32_t read_key_len(const struct store *s, uint32_t off)
{
	return door_read(&s->door, off + HDR_KEYLEN);
}

static void check_free(struct store_checkup *c, const struct store *s, uint32_t off, uint32_t size)
{
	const uint8_t *p = door_at(&s->door, off);
	uint64_t lengths = (uint64_t)be32_load(p + HDR_DATALEN) + be32_load(p + HDR_METALEN);

	c->free_slots++;
	if (read_key_len(s, off) != 0)
		tell(c, false, off,
		     "a delete was cut: the slot is free, its key length still there");
	if (lengths > size - HDR_BYTES)
		tell(c, false, off, "a put was cut: the lengths in a free slot do not fit in it");
}

static void give_record(struct store_checkup *c, const struct store_view *v)
{
	c->records++;
	if (c->record)
		c->record(c->ctx, v);
}

static void check_live(struct store_checkup *c, const struct store *s, const struct store_view *v)
{
	uint32_t key_len = read_key_len(s, v->slot);

	if (key_len == 0)
		tell(c, false, v->slot, "a put was cut: the record is whole, and not visible yet");
	else if (key_len != v->key_len)
		tell(c, true, v->slot, "key length %lu, which is %lu", (unsigned long)key_len,
		     (unsigned long)v->key_len);
	if (v->version <= s->super.floor) {
		tell(c, false, v->slot, "a clear was cut: the record is dead");
		return;
	}
	if (v->slot == c->evicted) {
		tell(c, false, v->slot, "an eviction was cut: the record is dead");
		return;
	}
	give_record(c, v);
}

static void check_staged(struct store_checkup *c, const struct store *s, const struct store_view *v,
			 bool del)
{
	bool commits = v->version >= s->super.batch_lo && v->version <= s->super.batch_hi;

	tell(c, false, v->slot,
	     commits ? "a batch was cut behind its commit: the next open does the rest"
		     : "a batch was cut before its commit: the record is dead");
	if (commits && !del)
		give_record(c, v);
	else if (commits && c->deleted)
		c->deleted(c->ctx, v);
}

static void check_damaged(struct store_checkup *c, const struct store *s, uint32_t off,
			  uint32_t size)
{
	char key[SLOT_KEY_SHOWN];

	slot_show_key(s, off, size, key);
	tell(c, true, off, "a slot of %lu bytes, key %s: wrong checksum", (unsigned long)size, key);
}

static void check_slot(struct store_checkup *c, const struct store *s, uint32_t off, uint32_t size)
{
	struct store_view v;
	enum slot_state state = slot_classify(s, off, size, &v);

	if ((state == SLOT_LIVE || state == SLOT_STAGED || state == SLOT_STAGED_DEL) &&
	    v.version >= s->next_seq) {
		tell(c, true, off, "a record with number %llu; all are below %llu",
		     (unsigned long long)v.version, (unsigned long long)s->super.seq_limit);
		return;
	}
	switch (state) {
	case SLOT_FREE:
		check_free(c, s, off, size);
		break;
	case SLOT_FREE_DAMAGED:
		c->free_slots++;
		tell(c, true, off, "a free slot of %lu bytes: wrong state word",
		     (unsigned long)size);
		break;
	case SLOT_LIVE:
		check_live(c, s, &v);
		break;
	case SLOT_STAGED:
	case SLOT_STAGED_DEL:
		check_staged(c, s, &v, state == SLOT_STAGED_DEL);
		break;
	case SLOT_QUARANTINED:
		c->kept_aside++;
		tell(c, false, off, "a slot of %lu bytes that is kept aside as damaged",
		     (unsigned long)size);
		break;
	case SLOT_DAMAGED:
		check_damaged(c, s, off, size);
		break;
	}
}

/* The slots of a place where the chain is broken, as an open would mend it. */
static void check_broken(struct store_checkup *c, const struct store *s, const struct mend *m)
{
	uint32_t middle = m->start + m->left;
	char key[SLOT_KEY_SHOWN];

	if (m->left)
		check_slot(c, s, m->start, m->left);
	if (m->middle) {
		slot_show_key(s, middle, m->middle, key);
		tell(c, true, middle,
		     "%lu bytes, key %s: they belong to slots that nothing is known of",
		     (unsigned long)m->middle, key);
	} else {
		tell(c, true, m->start,
		     "the size or the tag of a slot is damaged; the other one tells");
	}
	if (m->right)
		check_slot(c, s, m->end - m->right, m->right);
}

/* The slots in [off, end), where nothing is broken. */
static void check_sound(struct store_checkup *c, const struct store *s, uint32_t off, uint32_t end)
{
	bool free_before = false;

	for (uint32_t size; off < end; off += size) {
		uint32_t free_slots = c->free_slots;

		if (slot_fit(s, off, &size) != FIT_WHOLE)
			tell(c, false, off, "a split or a join of slots was cut");
		check_slot(c, s, off, size);
		if (free_before && c->free_slots > free_slots)
			tell(c, false, off, "a free slot behind a free slot");
		free_before = c->free_slots > free_slots;
	}
}

/* Where the walk from OFF, where a slot begins, breaks, or the end. */
static uint32_t walk_on(const struct store *s, uint32_t off)
{
	uint32_t size;

	while (off < s->end && slot_fit(s, off, &size) != FIT_BROKEN)
		off += size;
	return off;
}

static void check_chain(struct store_checkup *c, const struct store *s)
{
	struct mend_state st = {0};

	for (uint32_t off = s->start; off < s->end;) {
		uint32_t stop = walk_on(s, off);
		struct mend m = {.start = stop, .end = stop};

		if (stop < s->end)
			mend_plan(s, &st, stop, &m);
		/* What was walked behind m.start is inside of the slot there. */
		check_sound(c, s, off, m.start);
		if (stop < s->end)
			check_broken(c, s, &m);
		off = m.end > off ? m.end : s->end;
	}
}

/* The offset of the live record with NUMBER; 0: none. As far as the chain is whole. */
static uint32_t find_number(const struct store *s, uint64_t number)
{
	struct store_view v;

	for (uint32_t off = s->start, size; off < s->end; off += size) {
		if (slot_fit(s, off, &size) == FIT_BROKEN)
			break;
		if (slot_seq(s, off, size) == number &&
		    slot_classify(s, off, size, &v) == SLOT_LIVE)
			return off;
	}
	return 0;
}

int store_check(const struct store_media *media, struct store_checkup *c)
{
	struct store s = {.door = door_to(media), .layout = &store_native, .start = CHAIN_START};
	int copies;

	c->problems = c->notes = c->records = c->free_slots = c->kept_aside = c->evicted = 0;
	if (!store_native.usable(media))
		return -EINVAL;
	switch (super_read(&s.door, &s.super, &copies)) {
	case STORE_NOTHING:
		return -ENODATA;
	case STORE_OTHER:
		return -EPROTONOSUPPORT;
	case STORE_DAMAGED:
		return -EBADMSG;
	case STORE_VALID:
		break;
	}
	if (s.super.region_size > media->size)
		return -ENOSPC;
	if (s.super.state == SB_FORMATTING) {
		tell(c, false, 0, "a format was cut: the next open completes it");
		return 0;
	}
	s.end = chain_end(s.super.region_size);
	s.next_seq = s.super.seq_limit; /* as for an open */
	if (copies < 2)
		tell(c, false, 0, "only one copy of the superblock is valid and the newest");
	if (door_read(&s.door, IMAGE_OFFSET) != IMAGE_MAGIC)
		tell(c, true, IMAGE_OFFSET, "the image does not begin with FCS1");
	if (s.super.evict_new && find_number(&s, s.super.evict_new))
		c->evicted = find_number(&s, s.super.evict_victim);
	check_chain(c, &s);
	return 0;
}
