/* SPDX-License-Identifier: MIT */
#include "store/marks.h"

#include "store/door.h"
#include "store/format.h"

void marks_init(struct store *s, uint32_t limit)
{
	s->marks = (struct store_marks){0};
	while ((limit - s->start) >> s->marks.shift >= STORE_MARKS)
		s->marks.shift++;
}

/* Goes from the header at *OFF to the next one, which is on its way from then on; 0 behind PART. */
static void step(const struct store *s, uint32_t *off, uint32_t part)
{
	uint32_t size = door_read(&s->door, *off + HDR_SIZE);

	if (size < HDR_BYTES || size > s->end - *off || s->end - *off - size < HDR_BYTES ||
	    (*off + size - s->start) >> s->marks.shift != part) {
		*off = 0;
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
		uint32_t off = part < STORE_MARKS ? s->marks.off[part] : 0;

		if (off && off + HDR_BYTES > s->end)
			off = 0;
		if (off)
			__builtin_prefetch(door_at(&s->door, off));
		a->off[i] = off;
	}
}

void marks_step(struct store *s, struct marks_ahead *a, uint32_t off)
{
	uint32_t group = ((off - s->start) >> s->marks.shift) / MARKS_GROUP + 1;
	uint32_t i;

	marks_note(s, off);
	if (a->group != group)
		start_group(s, a, group);
	i = a->turn++ % MARKS_GROUP;
	if (a->off[i])
		step(s, &a->off[i], group * MARKS_GROUP + i);
}
