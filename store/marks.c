/* SPDX-License-Identifier: MIT */
#include "store/marks.h"

#include <stdlib.h>

#include "store/door.h"
#include "store/format.h"

void marks_init(struct store *s)
{
	uint32_t count = marks_part(s, s->limit - 1) + 1;

	if (!s->marks.off) {
		s->marks.off = malloc(count * sizeof(*s->marks.off));
		s->marks.count = s->marks.off ? count : 0;
	}
	for (uint32_t i = 0; i < s->marks.count; i++)
		s->marks.off[i] = MARKS_NONE;
}

void marks_free(struct store *s)
{
	free(s->marks.off);
	s->marks = (struct store_marks){0};
}

/* Goes from the header at *OFF to the next one, which is on its way from then on; none behind PART.
 */
static void step(const struct store *s, uint32_t *off, uint32_t part)
{
	uint32_t size = door_read(&s->door, *off + HDR_SIZE);

	if (size < HDR_BYTES || size > s->end - *off || s->end - *off - size < HDR_BYTES ||
	    marks_part(s, *off + size) != part) {
		*off = MARKS_NONE;
		return;
	}
	*off += size;
	__builtin_prefetch(door_at(&s->door, *off));
}

static void start_group(struct store *s, struct marks_ahead *a, uint32_t group)
{
	a->group = group;
	for (uint32_t i = 0; i < MARKS_GROUP; i++) {
		uint32_t part = group * MARKS_GROUP + i;
		uint32_t off = part < s->marks.count ? s->marks.off[part] : MARKS_NONE;

		if (off >= s->end || s->end - off < HDR_BYTES)
			off = MARKS_NONE;
		else
			__builtin_prefetch(door_at(&s->door, off));
		a->off[i] = off;
	}
}

void marks_step(struct store *s, struct marks_ahead *a, uint32_t off)
{
	uint32_t group = marks_part(s, off) / MARKS_GROUP + 1;
	uint32_t i;

	marks_note(s, off);
	if (a->group != group)
		start_group(s, a, group);
	i = a->turn++ % MARKS_GROUP;
	if (a->off[i] != MARKS_NONE)
		step(s, &a->off[i], group * MARKS_GROUP + i);
}
