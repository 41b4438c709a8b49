/* SPDX-License-Identifier: MIT */
#include "boot/selection.h"

#include "lib/crc32c.h"

_Static_assert(sizeof(struct selection) == 64, "a record has 64 bytes in flash");

static bool valid(const struct selection *s)
{
	return s->magic == SELECTION_MAGIC && s->preferred < FLASH_IMAGES &&
	       s->crc == crc32c(0, s, offsetof(struct selection, crc));
}

void selection_find(const struct selection_flash *f, struct selection_found *found)
{
	uint32_t newest = 0; /* the first record has 1 */
	struct selection s;

	found->offset = 0;
	for (uint32_t i = 0; i < SELECTION_AREAS * SELECTION_SLOTS; i++) {
		uint32_t offset =
			i / SELECTION_SLOTS * f->stride + i % SELECTION_SLOTS * (uint32_t)sizeof(s);

		f->read(f->ctx, offset, &s, offsetof(struct selection, tried));
		if (valid(&s) && s.sequence > newest) {
			newest = s.sequence;
			found->offset = offset;
		}
	}
	f->read(f->ctx, found->offset, &found->record, sizeof(found->record));
	if (!newest)
		found->record.sequence = found->record.preferred = 0;
}

/* The first try of IMAGE that is left in S, or SELECTION_TRIES. */
static unsigned next_try(const struct selection *s, unsigned image)
{
	unsigned i = SELECTION_TRIES;

	while (i > 0 && s->tried[image][i - 1] == SELECTION_BLANK)
		i--;
	return i;
}

unsigned selection_tries_left(const struct selection *s, unsigned image)
{
	return SELECTION_TRIES - next_try(s, image);
}

uint32_t selection_mark(uint32_t crc)
{
	return crc == SELECTION_BLANK ? 0 : crc;
}

bool selection_confirmed(const struct selection *s, unsigned image, uint32_t crc)
{
	return s->confirmed[image] == selection_mark(crc);
}

/* Marks the next try of IMAGE; there is one. Returns which it is, or 0 after a line. */
static unsigned count_try(const struct selector *s, const struct selection_found *found,
			  unsigned image)
{
	unsigned try = next_try(&found->record, image);
	uint32_t offset = (uint32_t)offsetof(struct selection, tried[image][try]), now;
	int err = s->flash.program(s->flash.ctx, found->offset + offset, 0);

	s->flash.read(s->flash.ctx, found->offset + offset, &now, sizeof(now));
	if (now != SELECTION_BLANK)
		return try + 1;
	s->not_counted(s->flash.ctx, image, err);
	return 0;
}

/*
 * All that is whole has used up its tries. A board that stays dead is worse than one that goes on
 * trying; the images take turns, since one of them may fare better.
 */
static int last_resort(const struct selector *s, const struct selection_found *found,
		       const bool *whole)
{
	for (unsigned i = 0; i < FLASH_IMAGES; i++) {
		unsigned image = (found->record.preferred + s->turn + i) % FLASH_IMAGES;

		if (whole[image] && s->load(s->flash.ctx, image)) {
			s->again(s->flash.ctx, image);
			return (int)image;
		}
	}
	return -1;
}

int selection_choose(const struct selector *s, unsigned *try)
{
	bool whole[FLASH_IMAGES] = {false};
	struct selection_found found;
	uint32_t crc;

	selection_find(&s->flash, &found);
	*try = 0;
	for (unsigned i = 0; i < FLASH_IMAGES; i++) {
		unsigned image = (found.record.preferred + i) % FLASH_IMAGES;
		bool confirmed;

		if (!s->look(s->flash.ctx, image, &crc))
			continue;
		confirmed = selection_confirmed(&found.record, image, crc);
		if (!confirmed && !selection_tries_left(&found.record, image)) {
			s->used_up(s->flash.ctx, image);
			whole[image] = true; /* as far as is known */
			continue;
		}
		if (!s->load(s->flash.ctx, image))
			continue;
		if (!confirmed)
			*try = count_try(s, &found, image);
		return (int)image;
	}
	return last_resort(s, &found, whole);
}
