/* SPDX-License-Identifier: MIT */
/*
 * The note in the superblock's page: text that has to be written when nothing else of the store can
 * be relied on. Its magic comes last and goes first, so that there is a whole note or none.
 */
#include <errno.h>

#include "lib/crc32c.h"
#include "store/door.h"
#include "store/format.h"
#include "store/probe.h"

/* Of the length and the text, which lie one behind the other. */
static uint32_t note_crc(const struct store_door *d, uint32_t len)
{
	return crc32c(0, door_at(d, NOTE_OFFSET + NOTE_LENGTH), 4 + len);
}

static bool is_there(const struct store_door *d)
{
	return door_read(d, NOTE_OFFSET + NOTE_MAGIC) == NOTE_MAGIC_VALUE;
}

static void forget(struct store_door *d)
{
	door_word(d, NOTE_OFFSET + NOTE_MAGIC, 0);
	door_flush(d);
}

int store_note_write(const struct store_media *media, const char *text, uint32_t len)
{
	struct store_door d = door_to(media);

	if (store_probe(media) != STORE_VALID)
		return -ENODATA;
	if (len > STORE_NOTE_MAX)
		len = STORE_NOTE_MAX;
	door_open(&d);
	if (is_there(&d))
		forget(&d);
	door_write(&d, NOTE_OFFSET + NOTE_TEXT, text, len);
	door_word(&d, NOTE_OFFSET + NOTE_LENGTH, len);
	door_word(&d, NOTE_OFFSET + NOTE_CRC, note_crc(&d, len));
	door_flush(&d);
	door_word(&d, NOTE_OFFSET + NOTE_MAGIC, NOTE_MAGIC_VALUE);
	door_flush(&d);
	door_close(&d);
	return 0;
}

const char *store_note(const struct store_media *media, uint32_t *len)
{
	struct store_door d = door_to(media);

	*len = 0;
	if (store_probe(media) != STORE_VALID || !is_there(&d))
		return NULL;
	*len = door_read(&d, NOTE_OFFSET + NOTE_LENGTH);
	if (*len > STORE_NOTE_MAX || door_read(&d, NOTE_OFFSET + NOTE_CRC) != note_crc(&d, *len))
		return NULL;
	return (const char *)door_at(&d, NOTE_OFFSET + NOTE_TEXT);
}

void store_note_clear(const struct store_media *media)
{
	struct store_door d = door_to(media);

	if (store_probe(media) != STORE_VALID || !is_there(&d))
		return;
	door_open(&d);
	forget(&d);
	door_close(&d);
}
