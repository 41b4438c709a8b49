/* SPDX-License-Identifier: MIT */
/* What Cairn writes: new records, and that an image has come up. The selector only counts tries. */
#include <errno.h>
#include <string.h>

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

int selection_select(const struct selection_flash *f, unsigned image)
{
	struct selection_found found;
	uint32_t head[HEAD_WORDS] = {SELECTION_MAGIC, 0, image}, read_back[HEAD_WORDS], place;
	int err;

	selection_find(f, &found);
	head[1] = found.record.sequence + 1;
	head[3] = crc32c(0, head, sizeof(head) - sizeof(head[3]));
	err = next_place(f, found.offset, &place);
	for (uint32_t i = 0; i < HEAD_WORDS && !err; i++) /* the checksum last: it makes it one */
		err = f->program(f->ctx, place + i * (uint32_t)sizeof(head[i]), head[i]);
	if (err)
		return err;
	f->read(f->ctx, place, read_back, sizeof(read_back));
	return memcmp(head, read_back, sizeof(head)) ? -EIO : 0;
}

/* Marks that IMAGE is confirmed by WORD, which nothing in the record is in the way of. */
static int mark(const struct selection_flash *f, const struct selection_found *found,
		unsigned image, uint32_t word)
{
	uint32_t offset = found->offset + (uint32_t)offsetof(struct selection, confirmed[image]);
	int err = f->program(f->ctx, offset, word);
	uint32_t now;

	if (err)
		return err;
	f->read(f->ctx, offset, &now, sizeof(now));
	return now == word ? 0 : -EIO;
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
	return mark(f, &found, image, word);
}
