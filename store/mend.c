/* SPDX-License-Identifier: MIT */
#include "store/mend.h"

#include "store/door.h"
#include "store/internal.h"

/* What a slot may be larger than its contents, or twice that, in a search for its end. */
#define SLACK 4096U

/* The size that the header at OFF gives, 0 if no slot up to END can have it. */
static uint32_t size_at(const struct store *s, uint32_t off, uint32_t end)
{
	uint32_t size = door_read(&s->door, off + HDR_SIZE);

	return slot_fits(size, end - off) ? size : 0;
}

/* The size that the tag before END gives, 0 if no slot from START on can have it. */
static uint32_t size_before(const struct store *s, uint32_t end, uint32_t start)
{
	uint32_t size = slot_tag_before(s, end);

	return slot_fits(size, end - start) ? size : 0;
}

/* Whether slots lead from OFF to END, a cut split or join of them included. */
static bool leads_to(const struct store *s, uint32_t off, uint32_t end)
{
	uint32_t size, start = off;
	enum slot_fit fit;

	do {
		fit = slot_fit(s, off, &size);
		if (fit == FIT_BROKEN)
			return false;
		off += size;
	} while (off < end);
	/* The first slot of a cut join is larger than its tag says: END is inside of it. */
	return off == end || (fit == FIT_JOIN && off - size == start);
}

/* The start of the slots that end at END, down to START, whose headers and tags agree. */
static uint32_t walk_back(const struct store *s, uint32_t start, uint32_t end)
{
	while (end > start) {
		uint32_t size = size_before(s, end, start);

		if (!size || (door_read(&s->door, end - size + HDR_SIZE) != size &&
			      !leads_to(s, end - size, end)))
			break;
		end -= size;
	}
	return end;
}

/* Whether a slot begins at OFF that fits into the chain up to END. */
static bool begins_slot(const struct store *s, uint32_t off, uint32_t end)
{
	uint32_t size;

	return off < end && slot_fit(s, off, &size) != FIT_BROKEN && size <= end - off;
}

/*
 * Pays for a look at what is in the slot [off, end): as many bytes as its checksum is worked out
 * over, none if its lengths do not fit. False: it costs too much.
 */
static bool pay(const struct store *s, struct mend_state *st, uint32_t off, uint32_t end)
{
	uint64_t content = (uint64_t)door_read(&s->door, off + HDR_DATALEN) +
			   door_read(&s->door, off + HDR_METALEN) +
			   (door_read(&s->door, end - TRL_W0) >> 16);

	if (content > end - off)
		return true;
	if (content > st->budget)
		return false;
	st->budget -= content;
	return true;
}

/* The first whole live record in [start, end), or END. */
static uint32_t search(const struct store *s, struct mend_state *st, uint32_t start, uint32_t end)
{
	struct store_view view;

	for (uint32_t off = start; end - off >= SLOT_MIN; off += SLOT_ALIGN) {
		uint32_t size = size_at(s, off, end);

		if (!size || slot_tag_before(s, off + size) != size)
			continue;
		if (!pay(s, st, off, off + size)) {
			st->budget = 0; /* who fills a value with headers holds up no boot */
			break;
		}
		if (slot_classify(s, off, size, &view) == SLOT_LIVE)
			return off;
	}
	return end;
}

/* Whether [off, end) may be one free slot: no record lies in it. */
static bool may_be_free(const struct store *s, struct mend_state *st, uint32_t off, uint32_t end)
{
	return door_read(&s->door, off + HDR_KEYLEN) == 0 &&
	       search(s, st, off + SLOT_ALIGN, end) == end && st->budget;
}

/*
 * Whether [off, end) is one slot, by more than its size at one of its ends. Where its key length is
 * not the same at both it is not asked further: a size that was hit leads anywhere.
 */
static bool is_slot(const struct store *s, struct mend_state *st, uint32_t off, uint32_t end)
{
	uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);
	struct store_view view;
	enum slot_state state;

	if ((key_len && key_len != door_read(&s->door, end - TRL_W0) >> 16) ||
	    !pay(s, st, off, end))
		return false;
	state = slot_classify(s, off, end - off, &view);
	if (state != SLOT_FREE || end - off > st->budget)
		return state == SLOT_LIVE;
	st->budget -= end - off; /* it is searched for records, all of it */
	return may_be_free(s, st, off, end);
}

/* Whether [off, end) would be a free slot, but is none. */
static bool frees_records(const struct store *s, struct mend_state *st, uint32_t off, uint32_t end)
{
	struct store_view view;

	return slot_classify(s, off, end - off, &view) == SLOT_FREE &&
	       !may_be_free(s, st, off, end);
}

/* Whether the walk from the chain's start, which is sound up to there, comes by OFF. */
static bool begins_walked(const struct store *s, uint32_t off)
{
	uint32_t at = CHAIN_START, size;

	for (; at < off; at += size)
		if (slot_fit(s, at, &size) == FIT_BROKEN)
			return false;
	return at == off;
}

/*
 * The slot that begins before OFF, or at it, and ends at st->back by its tag, if that is right and
 * its header was hit: what was taken for slots behind its start is inside of it. 0: there is none.
 */
static uint32_t enclosing(const struct store *s, struct mend_state *st, uint32_t off)
{
	uint32_t size = size_before(s, st->back, CHAIN_START), start = st->back - size;

	if (!size || start > off || st->refused == st->back)
		return 0;
	if (begins_walked(s, start) && is_slot(s, st, start, st->back))
		return start;
	st->refused = st->back;
	return 0;
}

/*
 * The size with which the record at OFF is whole, whatever size its header says; 0: there is none.
 * Its lengths and its checksum leave no other place for its end. A slot has hardly more than twice
 * what its record needs, and most have hardly more than that: where many lengths were hit, and
 * could lead through all of the chain each, no more is looked at in the end.
 */
static uint32_t size_that_checks(const struct store *s, struct mend_state *st, uint32_t off)
{
	const uint8_t *p = door_at(&s->door, off);
	uint32_t key_len = be32_load(p + HDR_KEYLEN), room = s->end - off;
	uint64_t content =
		(uint64_t)key_len + be32_load(p + HDR_DATALEN) + be32_load(p + HDR_METALEN);
	uint64_t most = content + SLACK;

	if (key_len - 1 >= STORE_KEY_MAX || content > room)
		return 0;
	if (content <= st->looks) {
		st->looks -= content;
		most += content;
	}
	if (most > room)
		most = room;
	for (uint32_t size = slot_size((uint32_t)content); size <= most; size += SLOT_ALIGN)
		if (slot_fits(size, room) && slot_tag_before(s, off + size) == size &&
		    is_slot(s, st, off, off + size))
			return size;
	return 0;
}

/* One slot, one of whose sizes was hit while all else about it checks. */
static bool plan_one(const struct store *s, struct mend_state *st, uint32_t off, struct mend *m)
{
	uint32_t start = enclosing(s, st, off), size;

	if (start) {
		*m = (struct mend){.start = start, .end = st->back, .left = st->back - start};
		return true;
	}
	size = size_at(s, off, s->end);
	if (!size || !is_slot(s, st, off, off + size))
		size = size_that_checks(s, st, off);
	if (!size)
		return false;
	*m = (struct mend){.start = off, .end = off + size, .left = size};
	return true;
}

/*
 * Where the broken place at OFF ends: at the sound part, unless it was hit again in between. Then
 * the header at OFF leads to a slot, or to where slots lead back from; or a search finds one; or
 * slots lead back from the one before the sound part.
 */
static uint32_t limit(const struct store *s, struct mend_state *st, uint32_t off)
{
	uint32_t sound = st->sound, from, to;
	uint32_t left = size_at(s, off, sound), right = size_before(s, sound, off);

	if (left == sound - off || right == sound - off) {
		if (!frees_records(s, st, off, sound))
			return sound;
		left = right = 0;
	}
	if (right && begins_slot(s, sound - right, sound))
		right = 0; /* a smaller slot begins there */
	from = left ? walk_back(s, off, off + left) : off;
	if (left && (from < off + left || begins_slot(s, off + left, sound)))
		return from;
	to = sound - right;
	if (off + left > to)
		left = 0; /* it contradicts the tag */
	/* Not inside a slot whose size is known: a value may hold the image of a record. */
	from = search(s, st, left ? off + left : off + SLOT_MIN, to);
	/* Slots that lead back from there; one at least if the search found one. */
	from = walk_back(s, off, from);
	return from < to ? from : sound;
}

/* What is to be done about [off, limit()), in which more than one word was hit. */
static void plan_pieces(const struct store *s, struct mend_state *st, uint32_t off, struct mend *m)
{
	uint32_t rest;

	/* Not known yet; or damage looked like slots, seen from one end, and they meet askew. */
	if (st->sound < off + SLOT_MIN)
		st->sound = walk_back(s, off, s->end);
	m->start = off;
	m->end = limit(s, st, off);
	rest = m->end - off;
	m->left = size_at(s, off, m->end);
	m->right = size_before(s, m->end, off);
	m->middle = 0;
	if (m->left == rest || m->right == rest) {
		/* One of the two is right, and the other one is what was hit. */
		m->left = frees_records(s, st, off, m->end) ? 0 : rest;
		m->right = 0;
	} else if (m->left && m->right && rest - m->left != m->right &&
		   !slot_fits(m->right, rest - m->left)) {
		m->left = m->right = 0; /* they contradict each other */
	} else {
		if (m->left && frees_records(s, st, off, off + m->left))
			m->left = 0;
		if (m->right && frees_records(s, st, m->end - m->right, m->end))
			m->right = 0;
	}
	m->middle = rest - m->left - m->right;
}

void mend_plan(const struct store *s, struct mend_state *st, uint32_t off, struct mend *m)
{
	if (!st->back) {
		st->budget = st->looks = 4ULL * (s->end - CHAIN_START);
		st->back = walk_back(s, CHAIN_START, s->end);
	} else if (st->planned >= st->back) { /* what stopped it there was mended */
		st->back = walk_back(s, CHAIN_START, st->back);
	}
	if (!plan_one(s, st, off, m))
		plan_pieces(s, st, off, m);
	st->planned = m->end;
}

static void write_slot(struct store *s, uint32_t off, uint32_t size)
{
	if (door_read(&s->door, off + HDR_SIZE) != size)
		door_word(&s->door, off + HDR_SIZE, size);
	if (slot_tag_before(s, off + size) != size)
		door_word(&s->door, off + size - TRL_TAG, TAG_MAGIC ^ size);
}

void mend_write(struct store *s, const struct mend *m)
{
	if (m->middle) {
		/* First of all: whatever is there, it is not to be taken for a record. */
		door_word(&s->door, m->start + m->left + HDR_KEYLEN, KEYLEN_QMARK);
		door_flush(&s->door);
		write_slot(s, m->start + m->left, m->middle);
	}
	if (m->left)
		write_slot(s, m->start, m->left);
	if (m->right)
		write_slot(s, m->end - m->right, m->right);
	door_flush(&s->door);
}

void mend_report(const struct store *s, const struct mend *m, const char *what)
{
	char key[SLOT_KEY_SHOWN];

	if (!m->middle) {
		store_report(s, "a size or tag in the slots from offset %lu to %lu is damaged: %s",
			     (unsigned long)m->start, (unsigned long)m->end, what);
		return;
	}
	slot_show_key(s, m->start + m->left, m->middle, key);
	store_report(s,
		     "the slots from offset %lu to %lu are damaged: %s, and %lu bytes at %lu (key "
		     "%s) kept "
		     "aside",
		     (unsigned long)m->start, (unsigned long)m->end, what, (unsigned long)m->middle,
		     (unsigned long)(m->start + m->left), key);
}
