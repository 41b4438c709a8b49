/* SPDX-License-Identifier: MIT */
#include "store/snapshot.h"

#include <errno.h>

#include "lib/crc32c.h"
#include "lib/errors.h"
#include "store/door.h"
#include "store/freelist.h"
#include "store/internal.h"

#define HEADER_MAGIC 0x43534e50U /* "CSNP" */
#define HEADER_VERSION 1U
#define DATA_OFFSET 4096U /* apart from the header: some chips program larger parts only once */

/* The header, at the slot's begin: big-endian words; what is left out of the 16 is 0. */
enum {
	H_MAGIC,
	H_VERSION,
	H_NUMBER,
	H_BYTES,
	H_REGION,
	H_DATA_CRC,
	H_SAVED_HIGH,
	H_SAVED_LOW,
	H_CRC = 15,
	HEADER_WORDS,
};

/* As it lies there; the words are brought in order in place. */
struct header {
	uint32_t word[HEADER_WORDS];
};

int snapshots_find(struct snapshots *s, struct flash *flash)
{
	static const char *const names[] = {"store-a", "store-b"};
	const struct flash_partition *a, *b;

	*s = (struct snapshots){.flash = flash};
	for (unsigned i = 0; i < 2; i++)
		s->at[i].slot = flash ? flash_find(flash, names[i], 7) : NULL;
	a = s->at[0].slot;
	b = s->at[1].slot;
	if (!a || !b || (a->off <= b->off ? b->off - a->off < a->size : a->off - b->off < b->size))
		return -ENODEV;
	return 0;
}

/* Whether what the header says can be. */
static bool possible(const struct snapshot *s)
{
	uint32_t end;

	if (s->region < STORE_REGION_MIN || s->region > STORE_REGION_MAX ||
	    s->region % STORE_REGION_ALIGN || s->slot->size < DATA_OFFSET)
		return false;
	end = chain_end(s->region);
	return s->bytes <= s->slot->size - DATA_OFFSET && s->bytes >= CHAIN_START &&
	       s->bytes % 4 == 0 &&
	       (s->bytes == end || (s->bytes < end && end - s->bytes >= SLOT_MIN));
}

static void swap(struct header *h)
{
	for (unsigned i = 0; i < HEADER_WORDS; i++)
		be32_store(&h->word[i], h->word[i]);
}

static uint32_t header_crc(const struct header *h)
{
	return crc32c(0, h, H_CRC * sizeof(h->word[0]));
}

static int look(const struct flash *f, struct snapshot *s)
{
	struct header h;
	uint32_t crc;

	if (s->slot->size < sizeof(h))
		return -ENODATA;
	f->read(f, s->slot->off, &h, sizeof(h));
	crc = header_crc(&h);
	swap(&h);
	if (h.word[H_MAGIC] != HEADER_MAGIC)
		return -ENODATA;
	if (h.word[H_CRC] != crc)
		return -EBADMSG;
	if (h.word[H_VERSION] != HEADER_VERSION)
		return -EPROTONOSUPPORT;
	s->number = h.word[H_NUMBER];
	s->bytes = h.word[H_BYTES];
	s->region = h.word[H_REGION];
	s->crc = h.word[H_DATA_CRC];
	s->saved = (int64_t)((uint64_t)h.word[H_SAVED_HIGH] << 32 | h.word[H_SAVED_LOW]);
	if (!possible(s) || flash_crc(f, 0, s->slot->off + DATA_OFFSET, s->bytes) != s->crc)
		return -EBADMSG;
	return 0;
}

const struct snapshot *snapshots_look(struct snapshots *s)
{
	struct snapshot *a = &s->at[0], *b = &s->at[1];

	a->err = look(s->flash, a);
	b->err = look(s->flash, b);
	if (a->err || b->err)
		return !a->err ? a : !b->err ? b : NULL;
	return (int32_t)(b->number - a->number) > 0 ? b : a;
}

/* ---- save ----------------------------------------------------------------------------------- */

/* Where what is used ends: the last slot, if it is free, is made anew by a load. */
static uint32_t used_end(const struct store *store)
{
	return freelist_tail(store) ? store->free.tail_off : store->end;
}

static int write_header(struct flash *f, const struct snapshot *s)
{
	struct header h = {{
		[H_MAGIC] = HEADER_MAGIC,
		[H_VERSION] = HEADER_VERSION,
		[H_NUMBER] = s->number,
		[H_BYTES] = s->bytes,
		[H_REGION] = s->region,
		[H_DATA_CRC] = s->crc,
		[H_SAVED_HIGH] = (uint32_t)((uint64_t)s->saved >> 32),
		[H_SAVED_LOW] = (uint32_t)s->saved,
	}};

	swap(&h);
	be32_store(&h.word[H_CRC], header_crc(&h));
	return flash_write(f, s->slot->off, &h, sizeof(h));
}

/* Erasing begins with the block of the header: what is written then is no snapshot's until the new
 * header is there. */
static int write_slot(struct flash *f, struct snapshot *to, const void *region)
{
	uint32_t off = to->slot->off, room = to->slot->size, need = DATA_OFFSET + to->bytes;
	uint32_t last, len = 0;
	int err;

	if (room < need)
		return flash_failed(f, -ENOSPC, "the snapshot takes %lu bytes, and %s has %lu",
				    (unsigned long)need, to->slot->name, (unsigned long)room);
	last = f->block(f, off + need - 1, &len);
	if (last + len - off > room)
		return flash_failed(f, -EINVAL, "%s does not end with an erase block",
				    to->slot->name);
	err = flash_erase(f, off, last + len - off);
	if (!err)
		err = flash_write(f, off + DATA_OFFSET, region, to->bytes);
	if (!err)
		err = write_header(f, to);
	if (!err && look(f, to))
		err = flash_failed(f, -EIO, "%s does not hold what was written", to->slot->name);
	return err;
}

static int may_save(const struct snapshots *s, const struct store *store)
{
	int err = store_writable(store);

	if (!err && store->layout != &store_native)
		err = -ENOTSUP;
	for (unsigned i = 0; i < 2 && !err; i++)
		if (s->at[i].err == -EPROTONOSUPPORT)
			return flash_failed(s->flash, -EPROTONOSUPPORT,
					    "%s holds a snapshot of another version: erase it "
					    "first",
					    s->at[i].slot->name);
	return err ? flash_failed(s->flash, err, "%s", error_text(err)) : 0;
}

static int save(struct snapshots *s, const struct snapshot *newest, struct store *store,
		int64_t now, struct snapshot *made)
{
	int err;

	*made = (struct snapshot){
		.slot = s->at[newest == &s->at[0]].slot,
		.number = newest ? newest->number + 1 : 1,
		.bytes = used_end(store),
		.region = store->super.region_size,
		.saved = now,
	};
	made->crc = crc32c(0, store->door.media.base, made->bytes);
	store->walks++;
	err = write_slot(s->flash, made, store->door.media.base);
	store->walks--;
	return err;
}

int snapshot_save(struct snapshots *s, struct store *store, int64_t now, struct snapshot *made)
{
	const struct snapshot *newest = snapshots_look(s);
	int err = store_enter(store);

	if (err)
		return flash_failed(s->flash, err, "%s", error_text(err));
	err = may_save(s, store);
	if (!err)
		err = save(s, newest, store, now, made);
	store_leave(store);
	return err;
}

/* ---- load ----------------------------------------------------------------------------------- */

/* The words without which there is no trace of a store (super.c), in the order in which they may
 * come: the image's magic is written again by an open that misses it. */
static const uint32_t traces[] = {0, SB_COPY_B, IMAGE_OFFSET};

static void wipe(struct store_door *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++)
		door_word(d, traces[i], 0);
	door_flush(d);
}

static void copy(struct store_door *d, const struct flash *f, uint32_t from, uint32_t off,
		 uint32_t end)
{
	f->read(f, from + off, (uint8_t *)d->media.base + off, end - off);
	door_wrote(d, off, end - off);
}

/* The last slot, with nothing in it of what the region may have held before. */
static void make_tail(struct store_door *d, uint32_t off, uint32_t end)
{
	if (off == end)
		return;
	memset((uint8_t *)d->media.base + off, 0, end - off);
	door_wrote(d, off, end - off);
	slot_write_free(d, off, end - off);
}

int snapshot_load(struct snapshots *s, const struct snapshot *from, const struct store_media *media)
{
	struct store_door d = door_to(media);
	uint32_t at = from->slot->off + DATA_OFFSET;

	if (from->region > media->size)
		return flash_failed(s->flash, -ENOSPC,
				    "snapshot %lu is of a store of %lu bytes, and the region has "
				    "%lu",
				    (unsigned long)from->number, (unsigned long)from->region,
				    (unsigned long)media->size);
	door_open(&d);
	wipe(&d);
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++)
		copy(&d, s->flash, at, traces[i] + 4,
		     i + 1 < ARRAY_SIZE(traces) ? traces[i + 1] : from->bytes);
	make_tail(&d, from->bytes, chain_end(from->region));
	door_flush(&d);
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		uint8_t word[4];

		s->flash->read(s->flash, at + traces[i], word, sizeof(word));
		door_word(&d, traces[i], be32_load(word));
		door_flush(&d);
	}
	door_close(&d);
	return 0;
}

uint64_t snapshot_mark(const struct store *store)
{
	const struct store_stats *c = &store->counters;

	/* What is no put, delete or purge writes the superblock; an open does so as well. */
	return ((uint64_t)store->super.generation << 32) +
	       (uint32_t)(c->puts + c->deletes + c->expired + c->evicted);
}
