/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/door.h"
#include "store/format.h"
#include "store/freelist.h"
#include "store/index.h"
#include "store/internal.h"
#include "store/slot.h"
#include "store/super.h"

/* Numbers set aside by one superblock update; a reset forgets the unused ones. */
#define SEQ_STEP 65536U
/* A record takes one number, and the next if its checksum is the free mark: more than enough. */
#define SEQ_MARGIN 16U
/* FCS1's rules for splitting a free block that is not the last one. */
#define SPLIT_REST_MIN 128U

void store_report(const struct store *s, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!s->config.report)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->config.report(s->config.ctx, line);
}

bool store_expired(int64_t expiry, int64_t now)
{
	return expiry > 0 && expiry < now;
}

static int64_t now(const struct store *s)
{
	return s->config.now ? s->config.now(s->config.ctx) : 0;
}

static bool media_usable(const struct store_media *m)
{
	return m->base && (uintptr_t)m->base % STORE_REGION_ALIGN == 0 &&
	       m->size >= STORE_REGION_MIN && m->size <= STORE_REGION_MAX &&
	       m->size % STORE_REGION_ALIGN == 0;
}

enum store_found store_probe(const struct store_media *media)
{
	struct store_door d = {.media = *media};
	struct store_super sb;
	int copies;

	return media_usable(media) ? super_read(&d, &sb, &copies) : STORE_NOTHING;
}

void store_format_image(struct store_door *d, uint32_t region_size)
{
	door_word(d, IMAGE_OFFSET, IMAGE_MAGIC);
	slot_write_free(d, CHAIN_START, chain_end(region_size) - CHAIN_START);
	door_flush(d);
}

int store_format(const struct store_media *media, uint32_t salt)
{
	struct store_door d = {.media = *media};
	struct store_super sb = {0}, old;
	int copies;

	if (!media_usable(media))
		return -EINVAL;
	if (super_read(&d, &old, &copies) == STORE_VALID)
		sb.generation = old.generation;
	sb.region_size = media->size;
	sb.salt = salt;
	sb.seq_limit = 1;
	sb.state = SB_FORMATTING; /* from here on open() finishes the format */
	super_write(&d, &sb);
	store_format_image(&d, media->size);
	sb.state = SB_NORMAL;
	super_write(&d, &sb);
	return 0;
}

void store_raise_limit(struct store *s)
{
	uint64_t limit = s->next_seq + SEQ_STEP;

	s->super.seq_limit = limit > SEQ_END ? SEQ_END : limit;
	super_write(&s->door, &s->super);
}

/* Reads the superblock and refuses what this code cannot or must not open. */
static int open_super(struct store *s)
{
	int copies;

	switch (super_read(&s->door, &s->super, &copies)) {
	case STORE_NOTHING:
		return -ENODATA;
	case STORE_OTHER:
		store_report(s,
			     "the superblock's copies are of version %lu and %lu, this code knows "
			     "version %u",
			     (unsigned long)door_read(&s->door, SB_VERSION),
			     (unsigned long)door_read(&s->door, SB_COPY_B + SB_VERSION),
			     SB_VERSION_VALUE);
		return -EPROTONOSUPPORT;
	case STORE_DAMAGED:
		store_report(s, "both copies of the superblock are damaged");
		return -EBADMSG;
	case STORE_VALID:
		break;
	}
	if (s->super.region_size > s->door.media.size) {
		store_report(s, "the store takes %lu bytes, the region has only %lu",
			     (unsigned long)s->super.region_size,
			     (unsigned long)s->door.media.size);
		return -ENOSPC;
	}
	if (copies == 1)
		store_report(s, "one copy of the superblock was not current: written again");
	if (s->super.region_size < s->door.media.size)
		store_report(s, "the store takes %lu bytes, the region has %lu: the rest is unused",
			     (unsigned long)s->super.region_size,
			     (unsigned long)s->door.media.size);
	if (s->super.state == SB_FORMATTING)
		store_format_image(&s->door, s->super.region_size);
	s->super.state = SB_NORMAL;
	s->end = chain_end(s->super.region_size);
	return 0;
}

int store_open(struct store *s, const struct store_config *config)
{
	int err;

	*s = (struct store){.config = *config, .door = {.media = config->media}};
	if (!media_usable(&config->media))
		return -EINVAL;
	err = open_super(s);
	if (!err)
		err = store_recover(s);
	s->open = !err;
	if (err) {
		index_free(s);
		freelist_free(s);
		return err;
	}
	store_purge(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s->open)
		return;
	index_free(s);
	freelist_free(s);
	s->open = false;
}

static bool key_usable(const struct store *s, uint32_t key_len)
{
	return s->open && key_len > 0 && key_len <= STORE_KEY_MAX;
}

static struct store_index_slot *find(struct store *s, const void *key, uint32_t key_len)
{
	return index_find(s, key, key_len, index_hash(s, key, key_len));
}

/*
 * Makes the dead block [off, off + size), whose kill is durable, one with its free neighbours.
 * Header and tag must agree before either is believed. Returns where the joined block ends.
 */
static uint32_t join(struct store *s, uint32_t off, uint32_t size)
{
	uint32_t start = off, end = off + size, n;

	if (end < s->end && slot_is_free(s, end)) {
		n = door_read(&s->door, end + HDR_SIZE);
		freelist_remove(s, end, n);
		end += n;
	}
	n = start > CHAIN_START ? slot_tag_before(s, start) : 0;
	if (n >= SLOT_MIN && n % SLOT_ALIGN == 0 && n <= start - CHAIN_START &&
	    door_read(&s->door, start - n + HDR_SIZE) == n && slot_is_free(s, start - n)) {
		freelist_remove(s, start - n, n);
		start -= n;
	}
	if (end - start != size) {
		door_word(&s->door, start + HDR_SIZE, end - start);
		door_word(&s->door, end - TRL_TAG, TAG_MAGIC ^ (end - start));
		door_flush(&s->door);
	}
	freelist_add(s, start, end - start);
	return end;
}

/*
 * Kills the record at OFF and gives its slot back; *END is where the free block ends. A record that
 * no longer checks says nothing that may be acted on, its size least of all: it is only marked, in
 * the one word that is sure to be its own, and -EBADMSG.
 */
static int release(struct store *s, uint32_t off, uint32_t *end)
{
	struct store_view view;
	uint32_t size = door_read(&s->door, off + HDR_SIZE);

	if (slot_view(s, off, &view)) {
		store_report(s,
			     "the entry at offset %lu does not match its checksum: kept aside, its "
			     "slot is not used again",
			     (unsigned long)off);
		door_word(&s->door, off + HDR_KEYLEN, KEYLEN_QMARK);
		door_flush(&s->door);
		return -EBADMSG;
	}
	slot_kill(s, off, size);
	door_flush(&s->door);
	*end = join(s, off, size);
	return 0;
}

/* The size of the slot that a record of NEED bytes takes from the block [off, off + block). */
static uint32_t cut_to(const struct store *s, uint32_t off, uint32_t block, uint32_t need)
{
	uint32_t rest = block - need;
	bool split = off + block == s->end
			     ? rest >= SLOT_MIN
			     : rest >= SPLIT_REST_MIN && (uint64_t)need * 4 <= (uint64_t)block * 3;

	return split ? need : block;
}

/* A free block of at least NEED bytes, or 0. One that is not what the list says is dropped. */
static uint32_t find_block(struct store *s, uint32_t need, uint32_t *block)
{
	uint32_t off;

	while ((off = freelist_best(s, need, block)) != 0) {
		if (slot_is_free(s, off) && door_read(&s->door, off + HDR_SIZE) == *block)
			return off;
		freelist_remove(s, off, *block);
	}
	return 0;
}

static bool in_region(const struct store *s, const void *p)
{
	uintptr_t base = (uintptr_t)s->door.media.base;

	return (uintptr_t)p >= base && (uintptr_t)p - base < s->door.media.size;
}

/* find_block(), and when there is none once more without the expired entries. */
static uint32_t make_room(struct store *s, uint32_t need, const struct slot_content *c,
			  uint32_t *block)
{
	uint32_t off = find_block(s, need, block);

	/* What is copied from may be in an expired entry: then it stays. */
	if (off || in_region(s, c->key) || in_region(s, c->data) || in_region(s, c->meta))
		return off;
	return store_purge(s) > 0 ? find_block(s, need, block) : 0;
}

int store_put(struct store *s, const void *key, uint32_t key_len, const void *data,
	      uint32_t data_len, const void *meta, uint32_t meta_len, int64_t expiry)
{
	struct slot_content c = {
		.key = key,
		.data = data,
		.meta = meta,
		.key_len = key_len,
		.data_len = data_len,
		.meta_len = meta_len,
		.expiry = expiry,
	};
	uint32_t need = slot_size((uint64_t)key_len + data_len + meta_len), off, block, size, old;
	struct store_index_slot *entry;

	if (!key_usable(s, key_len))
		return -EINVAL;
	if (!need || need > s->end - CHAIN_START)
		return -E2BIG;
	if (s->next_seq > SEQ_END - SEQ_MARGIN)
		return -EOVERFLOW;
	if (index_reserve(s))
		return -ENOMEM;
	off = make_room(s, need, &c, &block);
	if (!off)
		return -ENOSPC;
	if (s->next_seq + SEQ_MARGIN > s->super.seq_limit)
		store_raise_limit(s);

	size = cut_to(s, off, block, need);
	c.seq = s->next_seq;
	freelist_remove(s, off, block);
	slot_write(s, off, block, size, &c);
	s->next_seq = c.seq + 1;
	if (size < block)
		freelist_add(s, off + size, block - size);

	entry = find(s, key, key_len);
	if (!entry) {
		index_insert(s, index_hash(s, key, key_len), off);
		return 0;
	}
	old = entry->off;
	entry->off = off;
	release(s, old, &block); /* if that fails it is out of the way all the same */
	return 0;
}

int store_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view)
{
	struct store_index_slot *entry;
	int err;

	if (!key_usable(s, key_len))
		return -EINVAL;
	entry = find(s, key, key_len);
	if (!entry)
		return -ENOENT;
	err = slot_view(s, entry->off, view);
	if (err) {
		store_report(s, "the entry at offset %lu does not match its checksum: not served",
			     (unsigned long)entry->off);
		return err;
	}
	return store_expired(view->expiry, now(s)) ? -ENOENT : 0;
}

int store_delete(struct store *s, const void *key, uint32_t key_len)
{
	struct store_index_slot *entry;
	uint32_t off, end;

	if (!key_usable(s, key_len))
		return -EINVAL;
	entry = find(s, key, key_len);
	if (!entry)
		return -ENOENT;
	off = entry->off;
	index_remove(s, entry);
	return release(s, off, &end);
}

/* Whether the slot at OFF claims to hold a record. */
static bool visible(const struct store *s, uint32_t off)
{
	uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);

	return key_len > 0 && key_len <= STORE_KEY_MAX;
}

/* The size of the slot at OFF, or 0 if the chain is broken there. */
static uint32_t step(const struct store *s, uint32_t off)
{
	uint32_t size = door_read(&s->door, off + HDR_SIZE);

	if (slot_size_legal(s, off, size) && slot_tag_before(s, off + size) == size)
		return size;
	store_report(s, "the chain of slots is broken at offset %lu", (unsigned long)off);
	return 0;
}

int store_clear(struct store *s)
{
	if (!s->open)
		return -EINVAL;
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		size = step(s, off);
		if (!size)
			return -EBADMSG;
	}
	s->super.floor = s->next_seq - 1;
	super_write(&s->door, &s->super);
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		size = door_read(&s->door, off + HDR_SIZE);
		if (visible(s, off))
			slot_kill(s, off, size);
	}
	index_free(s);
	store_join_all(s);
	return 0;
}

int store_purge(struct store *s)
{
	int64_t t = now(s);
	int purged = 0;

	if (!s->open)
		return -EINVAL;
	for (uint32_t off = CHAIN_START, next; off < s->end; off = next) {
		struct store_view view;
		struct store_index_slot *entry;
		uint32_t size = step(s, off);

		if (!size)
			break;
		next = off + size;
		if (!visible(s, off) || slot_view(s, off, &view) || !store_expired(view.expiry, t))
			continue;
		entry = find(s, view.key, view.key_len);
		if (!entry || entry->off != off)
			continue;
		index_remove(s, entry);
		if (!release(s, off, &next))
			purged++;
	}
	return purged;
}

int store_iterate(struct store *s, int (*fn)(void *ctx, const struct store_view *view), void *ctx)
{
	int64_t t = now(s);

	if (!s->open)
		return -EINVAL;
	for (uint32_t off = CHAIN_START, size; off < s->end; off += size) {
		struct store_view view;
		int stop;

		size = step(s, off);
		if (!size)
			return -EBADMSG;
		if (!visible(s, off) || slot_view(s, off, &view) || store_expired(view.expiry, t))
			continue;
		stop = fn(ctx, &view);
		if (stop)
			return stop;
	}
	return 0;
}

void store_stat(const struct store *s, struct store_stats *stats)
{
	uint32_t largest = s->open ? freelist_largest(s) : 0;

	*stats = (struct store_stats){0};
	if (!s->open)
		return;
	*stats = (struct store_stats){
		.entries = s->index.count,
		.used_bytes = s->end - CHAIN_START - s->free.bytes - s->quarantined_bytes,
		.free_bytes = s->free.bytes,
		.largest = largest < SLOT_MIN ? 0 : largest - HDR_BYTES - TRL_BYTES,
		.free_slots = s->free.count + (s->free.tail_off != 0),
		.quarantined = s->quarantined,
		.boots = s->super.boots,
		.next_seq = s->next_seq,
	};
}
