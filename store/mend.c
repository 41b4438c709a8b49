/* SPDX-License-Identifier: MIT */
#include "store/mend.h"

#include "store/door.h"
#include "store/internal.h"

/*
 * The most that one burst of 64 bytes can leave without a size at either end. Only a piece that is
 * larger, so that was hit twice, is searched for records: inside a slot there may be anything, a
 * record's image too.
 */
#define ONE_BURST 72U

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

uint32_t mend_sound_from(const struct store *s, uint32_t off)
{
	return walk_back(s, off, s->end);
}

/* Whether a slot begins at OFF that fits into the chain up to END. */
static bool begins_slot(const struct store *s, uint32_t off, uint32_t end)
{
	uint32_t size;

	return off < end && slot_fit(s, off, &size) != FIT_BROKEN && size <= end - off;
}

/* The first whole live record in [start, end), or END. */
static uint32_t search(const struct store *s, uint32_t start, uint32_t end)
{
	struct store_view view;

	for (uint32_t off = start; end - off >= SLOT_MIN; off += SLOT_ALIGN) {
		uint32_t size = size_at(s, off, end);

		if (size && slot_tag_before(s, off + size) == size &&
		    slot_classify(s, off, size, &view) == SLOT_LIVE)
			return off;
	}
	return end;
}

/*
 * Where the broken place at OFF ends at the latest: SOUND, unless it was hit again in between and
 * the header at OFF leads to a slot, or a search finds one.
 */
static uint32_t limit(const struct store *s, uint32_t off, uint32_t sound)
{
	uint32_t left = size_at(s, off, sound), right = size_before(s, sound, off), from, to;

	if (left == sound - off || right == sound - off)
		return sound;
	if (left && begins_slot(s, off + left, sound))
		return walk_back(s, off, off + left);
	to = sound - right;
	if (off + left > to)
		left = 0; /* it contradicts the tag */
	if (to - off - left <= ONE_BURST)
		return sound;
	from = search(s, left ? off + left : off + SLOT_MIN, to);
	return from < to ? walk_back(s, off, from) : sound;
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
 * The start of the slot before OFF that ends at SOUND by its tag, if it is that and its header was
 * hit: what was taken for slots is bytes of a value then. 0: there is none.
 */
static uint32_t enclosing(const struct store *s, uint32_t off, uint32_t sound)
{
	uint32_t size = size_before(s, sound, CHAIN_START), start = sound - size;
	struct store_view view;

	if (!size || start >= off || !begins_walked(s, start))
		return 0;
	switch (slot_classify(s, start, size, &view)) {
	case SLOT_LIVE:
		return start;
	case SLOT_FREE:
		return door_read(&s->door, start + HDR_KEYLEN) == 0 &&
				       size_at(s, off, sound) != sound - off
			       ? start
			       : 0;
	default:
		return 0;
	}
}

void mend_plan(const struct store *s, uint32_t off, uint32_t sound, struct mend *m)
{
	uint32_t rest, before = enclosing(s, off, sound);

	*m = (struct mend){.start = before, .end = sound, .left = sound - before};
	if (before)
		return;
	m->start = off;
	m->end = limit(s, off, sound);
	rest = m->end - off;
	m->left = size_at(s, off, m->end);
	m->right = size_before(s, m->end, off);
	m->middle = 0;
	if (m->left == rest || m->right == rest) {
		/* One of the two is right, and the other one is what was hit. */
		m->left = rest;
		m->right = 0;
		return;
	}
	if (m->left && m->right && rest - m->left != m->right &&
	    !slot_fits(m->right, rest - m->left))
		m->left = m->right = 0; /* they contradict each other */
	m->middle = m->end - off - m->left - m->right;
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
