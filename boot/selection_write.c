/* SPDX-License-Identifier: MIT */
/* What Cairn writes: new records, and that an image has come up. The selector only counts tries. */
#include <errno.h>

#include "boot/selection.h"
#include "lib/crc32c.h"

#define HEAD_WORDS 4 /* of a record, up to its checksum */

static bool blank(const struct selection_flash *f, uint32_t offset)
{
	uint32_t words[sizeof(struct selection) / sizeof(uint32_t)];

	f->read(f->ctx, offset, words, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i] != SELECTION_BLANK)
			return false;
	return true;
}

/*
 * Finds the place for the record behind the one at OFFSET: the next one in its area that is blank
 * (one that is not was cut), else the first one of the next area, which is erased for it.
 */
static int next_place(const struct selection_flash *f, uint32_t offset, uint32_t *place)
{
	const uint32_t size = sizeof(struct selection);
	uint32_t area = offset / f->stride;

	for (uint32_t slot = offset % f->stride / size + 1; slot < SELECTION_SLOTS; slot++) {
		*place = area * f->stride + slot * size;
		if (blank(f, *place))
			return 0;
	}
	*place = (area + 1) % SELECTION_AREAS * f->stride;
	return f->erase(f->ctx, *place);
}

/* Programs WORD at OFFSET, where nothing is in the way of it. */
static int program(const struct selection_flash *f, uint32_t offset, uint32_t word)
{
	int err = f->program(f->ctx, offset, word);
	uint32_t now;

	if (err)
		return err;
	f->read(f->ctx, offset, &now, sizeof(now));
	return now == word ? 0 : -EIO;
}

static uint32_t confirmed_at(uint32_t offset, unsigned image)
{
	return offset + (uint32_t)offsetof(struct selection, confirmed[image]);
}

int selection_select(const struct selection_flash *f, unsigned image)
{
	uint32_t head[HEAD_WORDS] = {SELECTION_MAGIC, 0, image}, place, kept;
	struct selection_found found;
	int err;

	selection_find(f, &found);
	head[1] = found.record.sequence + 1;
	head[3] = crc32c(0, head, sizeof(head) - sizeof(head[3]));
	kept = found.record.confirmed[!image]; /* the way back, if IMAGE fails */
	err = next_place(f, found.offset, &place);
	if (!err && kept != SELECTION_BLANK)
		err = program(f, confirmed_at(place, !image), kept);
	for (uint32_t i = 0; i < HEAD_WORDS && !err; i++) /* the checksum last: it makes it one */
		err = program(f, place + i * (uint32_t)sizeof(head[i]), head[i]);
	return err;
}

int selection_confirm(const struct selection_flash *f, unsigned image, uint32_t crc)
{
	uint32_t word = selection_mark(crc);
	struct selection_found found;
	int err;

	selection_find(f, &found);
	if (found.record.confirmed[image] == word)
		return 0;
	if ((found.record.confirmed[image] & word) != word) { /* another image's */
		err = selection_select(f, image);
		if (err)
			return err;
		selection_find(f, &found);
	}
	return program(f, confirmed_at(found.offset, image), word);
}
