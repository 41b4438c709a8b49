/* SPDX-License-Identifier: MIT */
#include "store/slot.h"

#include <errno.h>

#include "lib/be.h"
#include "lib/crc32c.h"
#include "store/door.h"
#include "store/format.h"

bool slot_size_legal(const struct store *s, uint32_t off, uint32_t size)
{
	return size >= SLOT_MIN && size % SLOT_ALIGN == 0 && size <= s->end - off;
}

uint32_t slot_tag_before(const struct store *s, uint32_t end)
{
	return door_read(&s->door, end - TRL_TAG) ^ TAG_MAGIC;
}

static uint32_t crc_word(const struct store *s, uint32_t off, uint32_t size)
{
	return door_read(&s->door, off + size - TRL_CRC);
}

bool slot_is_free(const struct store *s, uint32_t off)
{
	uint32_t size = door_read(&s->door, off + HDR_SIZE);

	return slot_size_legal(s, off, size) && slot_tag_before(s, off + size) == size &&
	       door_read(&s->door, off + HDR_KEYLEN) == 0 && crc_word(s, off, size) == CRC_FREE;
}

/* The checksum of a record C in the slot [off, off + size). */
static uint32_t record_crc(const struct store *s, uint32_t off, uint32_t size,
			   const struct slot_content *c)
{
	uint8_t fields[40];
	uint32_t crc;

	be32_store(fields, s->super.salt);
	be32_store(fields + 4, off);
	be32_store(fields + 8, size);
	be32_store(fields + 12, c->key_len);
	be32_store(fields + 16, c->data_len);
	be32_store(fields + 20, c->meta_len);
	be64_store(fields + 24, (uint64_t)c->expiry);
	be32_store(fields + 32, c->key_len << 16 | (uint32_t)(c->seq >> 32));
	be32_store(fields + 36, (uint32_t)c->seq);
	crc = crc32c(0, fields, sizeof(fields));
	crc = crc32c(crc, c->key, c->key_len);
	crc = crc32c(crc, c->data, c->data_len);
	return crc32c(crc, c->meta, c->meta_len);
}

/* Fills *C with the record at OFF if it had KEY_LEN; false if the lengths do not fit in SIZE. */
static bool content_at(const struct store *s, uint32_t off, uint32_t size, uint32_t key_len,
		       struct slot_content *c)
{
	const uint8_t *p = door_at(&s->door, off);
	uint32_t room = size - HDR_BYTES - TRL_BYTES;

	c->key_len = key_len;
	c->data_len = be32_load(p + HDR_DATALEN);
	c->meta_len = be32_load(p + HDR_METALEN);
	if (key_len == 0 || key_len > STORE_KEY_MAX || key_len > room ||
	    c->data_len > room - key_len || c->meta_len > room - key_len - c->data_len)
		return false;
	c->expiry = (int64_t)be64_load(p + HDR_EXPIRY);
	c->seq = (uint64_t)(be32_load(p + size - TRL_W0) & 0xffff) << 32 |
		 be32_load(p + size - TRL_W1);
	c->key = p + HDR_BYTES;
	c->data = p + HDR_BYTES + key_len;
	c->meta = p + HDR_BYTES + key_len + c->data_len;
	return true;
}

/* The state that the crc word gives a record of KEY_LEN. */
static enum slot_state check(const struct store *s, uint32_t off, uint32_t size, uint32_t key_len,
			     struct slot_content *c)
{
	uint32_t word = crc_word(s, off, size), crc;

	/* The trailer's key length is under the checksum as well: it must be the same one. */
	if (door_read(&s->door, off + size - TRL_W0) >> 16 != key_len ||
	    !content_at(s, off, size, key_len, c))
		return SLOT_DAMAGED;
	crc = record_crc(s, off, size, c);
	if (word == crc)
		return SLOT_LIVE;
	return word == (crc ^ CRC_STAGE) || word == (crc ^ CRC_STAGEDEL) ? SLOT_STAGED
									 : SLOT_DAMAGED;
}

enum slot_state slot_classify(const struct store *s, uint32_t off, uint32_t size, struct slot *slot)
{
	uint32_t key_len = door_read(&s->door, off + HDR_KEYLEN);
	struct slot_content c;
	enum slot_state state;

	*slot = (struct slot){.off = off, .size = size};
	if (key_len == KEYLEN_QMARK)
		return SLOT_QUARANTINED;
	if (crc_word(s, off, size) == CRC_FREE)
		return SLOT_FREE;
	state = check(s, off, size, door_read(&s->door, off + size - TRL_W0) >> 16, &c);
	if (state == SLOT_DAMAGED)
		return state;
	slot->key_len = c.key_len;
	slot->data_len = c.data_len;
	slot->meta_len = c.meta_len;
	slot->expiry = c.expiry;
	slot->seq = c.seq;
	return state;
}

int slot_view(const struct store *s, uint32_t off, struct store_view *view)
{
	uint32_t size = door_read(&s->door, off + HDR_SIZE);
	struct slot_content c;

	if (!slot_size_legal(s, off, size) ||
	    check(s, off, size, door_read(&s->door, off + HDR_KEYLEN), &c) != SLOT_LIVE)
		return -EBADMSG;
	*view = (struct store_view){
		.key = c.key,
		.data = c.data,
		.meta = c.meta,
		.key_len = c.key_len,
		.data_len = c.data_len,
		.meta_len = c.meta_len,
		.expiry = c.expiry,
	};
	return 0;
}

bool slot_has_key(const struct store *s, uint32_t off, const void *key, uint32_t key_len)
{
	return door_read(&s->door, off + HDR_KEYLEN) == key_len &&
	       key_len <= s->end - off - HDR_BYTES &&
	       memcmp(door_at(&s->door, off + HDR_BYTES), key, key_len) == 0;
}

static void write_expiry(struct store_door *d, uint32_t off, int64_t expiry)
{
	door_word(d, off + HDR_EXPIRY, (uint32_t)((uint64_t)expiry >> 32));
	door_word(d, off + HDR_EXPIRY + 4, (uint32_t)expiry);
}

/* A free block but for its tag: what a split prepares before it commits. */
static void write_free_untagged(struct store_door *d, uint32_t off, uint32_t size)
{
	door_word(d, off + HDR_SIZE, size);
	door_word(d, off + HDR_KEYLEN, 0);
	door_word(d, off + HDR_DATALEN, 0);
	door_word(d, off + HDR_METALEN, 0);
	write_expiry(d, off, -1);
	door_word(d, off + size - TRL_W0, 0);
	door_word(d, off + size - TRL_W1, 0);
	door_word(d, off + size - TRL_CRC, CRC_FREE);
}

void slot_write_free(struct store_door *d, uint32_t off, uint32_t size)
{
	write_free_untagged(d, off, size);
	door_word(d, off + size - TRL_TAG, TAG_MAGIC ^ size);
}

/* Everything of the record but the words that make it durable and visible. */
static void write_body(struct store_door *d, uint32_t off, uint32_t size,
		       const struct slot_content *c)
{
	uint32_t at = off + HDR_BYTES;

	door_word(d, off + HDR_DATALEN, c->data_len);
	door_word(d, off + HDR_METALEN, c->meta_len);
	write_expiry(d, off, c->expiry);
	door_write(d, at, c->key, c->key_len);
	door_write(d, at + c->key_len, c->data, c->data_len);
	door_write(d, at + c->key_len + c->data_len, c->meta, c->meta_len);
	door_word(d, off + size - TRL_W0, c->key_len << 16 | (uint32_t)(c->seq >> 32));
	door_word(d, off + size - TRL_W1, (uint32_t)c->seq);
	door_word(d, off + size - TRL_CRC, CRC_FREE);
	door_word(d, off + size - TRL_TAG, TAG_MAGIC ^ size);
}

void slot_write(struct store *s, uint32_t off, uint32_t block, uint32_t size,
		struct slot_content *c)
{
	struct store_door *d = &s->door;
	uint32_t crc;

	while ((crc = record_crc(s, off, size, c)) == CRC_FREE)
		c->seq++;
	write_body(d, off, size, c);
	if (size < block)
		write_free_untagged(d, off + size, block - size);
	door_flush(d);

	door_word(d, off + size - TRL_CRC, crc);
	if (size < block) {
		door_word(d, off + HDR_SIZE, size);
		door_word(d, off + block - TRL_TAG, TAG_MAGIC ^ (block - size));
	}
	door_flush(d);

	door_word(d, off + HDR_KEYLEN, c->key_len);
	door_flush(d);
}

void slot_kill(struct store *s, uint32_t off, uint32_t size)
{
	door_word(&s->door, off + HDR_KEYLEN, 0);
	door_word(&s->door, off + size - TRL_CRC, CRC_FREE);
}
