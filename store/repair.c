/* SPDX-License-Identifier: MIT */
/* The slots that are kept aside as damaged: only a person may decide about them. */
#include <errno.h>

#include "store/door.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

static bool kept_aside(const struct store *s, uint32_t off)
{
	return s->layout == &store_native && door_read(&s->door, off + HDR_KEYLEN) == KEYLEN_QMARK;
}

/* store_each_damaged(), alone. */
static int each_damaged(struct store *s, int (*fn)(void *ctx, const struct store_damage *d),
			void *ctx)
{
	struct marks_ahead ahead = {0};
	int stop = 0;

	for (uint32_t off = s->start, size; off < s->end && !stop; off += size) {
		struct store_damage d = {.off = off};

		marks_step(s, &ahead, off);
		size = s->layout->step(s, off);
		if (!size)
			return -EBADMSG;
		if (!kept_aside(s, off))
			continue;
		d.size = size;
		slot_guess(s, off, size, &d.view);
		slot_show_key(s, off, size, d.key);
		stop = fn(ctx, &d);
	}
	return stop;
}

int store_each_damaged(struct store *s, int (*fn)(void *ctx, const struct store_damage *d),
		       void *ctx)
{
	int err = store_enter(s);

	if (err)
		return err;
	err = each_damaged(s, fn, ctx);
	store_leave(s);
	return err;
}

/* Whether a slot begins at OFF; *SIZE is its size then. */
static bool slot_begins(struct store *s, uint32_t off, uint32_t *size)
{
	for (uint32_t at = s->start; at < s->end && at <= off; at += *size) {
		*size = s->layout->step(s, at);
		if (!*size || at == off)
			return *size;
	}
	return false;
}

/* store_drop(), alone. */
static int drop(struct store *s, uint32_t off)
{
	uint32_t size;

	if (!slot_begins(s, off, &size) || !kept_aside(s, off))
		return -ENOENT;
	if (pins_on(s, off))
		return -EBUSY;
	/* Where it was not known what was hit, whole records may lie inside. */
	for (uint32_t at = off + HDR_BYTES; at < off + size - TRL_BYTES; at += 4)
		door_word(&s->door, at, 0);
	/* One after the other: without its mark, the state word decides what it is. */
	door_word(&s->door, off + size - TRL_CRC, CRC_FREE);
	door_word(&s->door, off + HDR_DATALEN, 0);
	door_word(&s->door, off + HDR_METALEN, 0);
	door_flush(&s->door);
	door_word(&s->door, off + HDR_KEYLEN, 0);
	door_flush(&s->door);
	s->quarantined--;
	s->quarantined_bytes -= size;
	store_reclaim(s, off, size);
	return 0;
}

int store_drop(struct store *s, uint32_t off)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = drop(s, off);
	store_end(s);
	return err;
}
