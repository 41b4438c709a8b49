/* SPDX-License-Identifier: MIT */
#include "store/slot.h"

#include <errno.h>

#include "lib/crc32c.h"
#include "store/door.h"
#include "store/super.h"

/* A word of random bits is so near to another one once in 780,000 times. */
#define FREE_BITS_HIT 3

bool slot_size_legal(const struct store *s, uint32_t off, uint32_t size)
{
	return slot_fits(size, s->end - off);
}

uint32_t slot_tag_before(const struct store *s, uint32_t end)
{
	return door_read(&s->door, end - TRL_TAG) ^ TAG_MAGIC;
}

static uint32_t crc_word(const struct store *s, uint32_t off, uint32_t size)
{
	return door_read(&s->door, off + size - TRL_CRC);
}

uint32_t slot_whole(const struct store *s, uint32_t off)
{
	uint32_t size = door_read(&s->door, off + HDR_SIZE);

	return slot_size_legal(s, off, size) && slot_tag_before(s, off + size) == size ? size : 0;
}

bool slot_is_free(const struct store *s, uint32_t off)
{
	uint32_t size = slot_whole(s, off);

	return size && door_read(&s->door, off + HDR_KEYLEN) == 0 &&
	       crc_word(s, off, size) == CRC_FREE;
}

/*
 * The checksum of the record in the slot [off, off + size), whose header holds everything but
 * perhaps its size and key length, and whose trailer its number.
 */
static uint32_t record_crc(const struct store *s, uint32_t off, uint32_t size, uint32_t key_len,
			   uint32_t content)
{
	const uint8_t *p = door_at(&s->door, off);
	uint8_t fields[40];
	uint32_t crc;

	be32_store(fields, s->super.salt);
	be32_store(fields + 4, off);
	be32_store(fields + 8, size);
	be32_store(fields + 12, key_len);
	memcpy(fields + 16, p + HDR_DATALEN, HDR_BYTES - HDR_DATALEN);
	memcpy(fields + 32, p + size - TRL_W0, 8);
	crc = crc32c(0, fields, sizeof(fields));
	return crc32c(crc, p + HDR_BYTES, content);
}

uint64_t slot_seq(const struct store *s, uint32_t off, uint32_t size)
{
	return (uint64_t)(door_read(&s->door, off + size - TRL_W0) & 0xffff) << 32 |
	       door_read(&s->door, off + size - TRL_W1);
}

/* Fills *V with the record at OFF if it had KEY_LEN; false if the lengths do not fit in SIZE. */
static bool view_as(const struct store *s, uint32_t off, uint32_t size, uint32_t key_len,
		    struct store_view *v)
{
	const uint8_t *p = door_at(&s->door, off);
	uint32_t room = size - HDR_BYTES - TRL_BYTES;

	v->key_len = key_len;
	v->data_len = be32_load(p + HDR_DATALEN);
	v->meta_len = be32_load(p + HDR_METALEN);
	if (key_len == 0 || key_len > STORE_KEY_MAX ||
	    (uint64_t)key_len + v->data_len + v->meta_len > room)
		return false;
	v->expiry = (int64_t)be64_load(p + HDR_EXPIRY);
	v->version = slot_seq(s, off, size);
	v->key = p + HDR_BYTES;
	v->data = p + HDR_BYTES + key_len;
	v->meta = p + HDR_BYTES + key_len + v->data_len;
	v->slot = off;
	v->slot_size = size;
	return true;
}

/* The state that the crc word gives a record of KEY_LEN. */
static enum slot_state check(const struct store *s, uint32_t off, uint32_t size, uint32_t key_len,
			     struct store_view *v)
{
	uint32_t word = crc_word(s, off, size), crc;

	/* The trailer's key length is under the checksum as well: it must be the same one. */
	if (door_read(&s->door, off + size - TRL_W0) >> 16 != key_len ||
	    !view_as(s, off, size, key_len, v))
		return SLOT_DAMAGED;
	crc = record_crc(s, off, size, key_len, key_len + v->data_len + v->meta_len);
	if (word == crc)
		return SLOT_LIVE;
	if (word == (crc ^ CRC_STAGE))
		return SLOT_STAGED;
	return word == (crc ^ CRC_STAGEDEL) ? SLOT_STAGED_DEL : SLOT_DAMAGED;
}

/* Whether the trailer can be a record's: it has a key length and a number that was given out. */
static SELDOM bool numbered(const struct store *s, uint32_t off, uint32_t size)
{
	uint32_t key_len = door_read(&s->door, off + size - TRL_W0) >> 16;
	uint64_t seq = slot_seq(s, off, size);

	return key_len > 0 && key_len <= size - HDR_BYTES - TRL_BYTES && seq > 0 &&
	       seq < s->next_seq;
}

/*
 * Whether the slot at OFF, whose state word says nothing, was a free one: it shows no key, and
 * either that word is nearly the right one, or its header is a free slot's and its trailer no
 * record's. A record that looks like this was hit at both ends.
 */
static SELDOM bool was_free(const struct store *s, uint32_t off, uint32_t size)
{
	const uint8_t *p = door_at(&s->door, off);

	if (be32_load(p + HDR_KEYLEN) != 0)
		return false;
	if (__builtin_popcount(crc_word(s, off, size) ^ CRC_FREE) <= FREE_BITS_HIT)
		return true;
	return be32_load(p + HDR_DATALEN) == 0 && be32_load(p + HDR_METALEN) == 0 &&
	       be64_load(p + HDR_EXPIRY) == UINT64_MAX && !numbered(s, off, size);
}

SELDOM void slot_show_key(const struct store *s, uint32_t off, uint32_t size,
			  char key[SLOT_KEY_SHOWN])
{
	uint32_t room = size - HDR_BYTES - TRL_BYTES, n = 0;
	uint32_t len = door_read(&s->door, off + size - TRL_W0) >> 16;
	uint32_t other = door_read(&s->door, off + HDR_KEYLEN);

	/* Either may have been hit; the longer one that is possible has all of the key in it. */
	if (len > room)
		len = 0;
	if (other <= room && other <= STORE_KEY_MAX && other > len)
		len = other;
	if (len == 0) {
		strcpy(key, "unreadable");
		return;
	}
	key[n++] = '"';
	for (uint32_t i = 0; i < len && n < SLOT_KEY_SHOWN - 2; i++) {
		uint8_t c = *door_at(&s->door, off + HDR_BYTES + i);

		key[n++] = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	key[n++] = '"';
	key[n] = '\0';
}

SELDOM bool slot_guess(const struct store *s, uint32_t off, uint32_t size, struct store_view *view)
{
	*view = (struct store_view){.slot = off, .slot_size = size};
	if (view_as(s, off, size, door_read(&s->door, off + size - TRL_W0) >> 16, view))
		return true;
	*view = (struct store_view){.slot = off, .slot_size = size};
	return false;
}

enum slot_state slot_classify(const struct store *s, uint32_t off, uint32_t size,
			      struct store_view *v)
{
	enum slot_state state;

	*v = (struct store_view){.slot = off, .slot_size = size};
	if (door_read(&s->door, off + HDR_KEYLEN) == KEYLEN_QMARK)
		return SLOT_QUARANTINED;
	if (crc_word(s, off, size) == CRC_FREE)
		return SLOT_FREE;
	state = check(s, off, size, door_read(&s->door, off + size - TRL_W0) >> 16, v);
	return state == SLOT_DAMAGED && was_free(s, off, size) ? SLOT_FREE_DAMAGED : state;
}

struct slot_seal slot_seal(const struct store *s, const struct store_view *v)
{
	return (struct slot_seal){
		.key_len = door_read(&s->door, v->slot + v->slot_size - TRL_W0) >> 16,
		.crc = crc_word(s, v->slot, v->slot_size),
	};
}

bool slot_sealed(const struct store *s, const struct store_view *v, const struct slot_seal *seal)
{
	return v->key_len == seal->key_len &&
	       record_crc(s, v->slot, v->slot_size, v->key_len,
			  v->key_len + v->data_len + v->meta_len) == seal->crc;
}

bool slot_verify(const struct store *s, uint32_t off, uint32_t size)
{
	struct store_view view;

	return slot_size_legal(s, off, size) &&
	       check(s, off, size, door_read(&s->door, off + HDR_KEYLEN), &view) == SLOT_LIVE;
}

/*
 * Follows tags backward from END over slots that are free but for the one at START, which shows no
 * key either, and whose header alone need not agree. Whether they lead to START exactly; *FIRST is
 * then the size of the slot there.
 */
static SELDOM bool tags_lead_to(const struct store *s, uint32_t start, uint32_t end,
				uint32_t *first)
{
	while (end > start) {
		uint32_t size = slot_tag_before(s, end);

		if (size < SLOT_MIN || size % SLOT_ALIGN || size > end - start)
			return false;
		end -= size;
		*first = size;
		if (door_read(&s->door, end + HDR_KEYLEN) != 0 ||
		    (end > start && (door_read(&s->door, end + HDR_SIZE) != size ||
				     crc_word(s, end, size) != CRC_FREE)))
			return false;
	}
	return true;
}

SELDOM enum slot_fit slot_fit(const struct store *s, uint32_t off, uint32_t *size)
{
	uint32_t tag, first = 0;
	struct store_view slot;

	*size = door_read(&s->door, off + HDR_SIZE);
	if (!slot_size_legal(s, off, *size))
		return FIT_BROKEN;
	tag = slot_tag_before(s, off + *size);
	if (tag == *size)
		return FIT_WHOLE;
	if (door_read(&s->door, off + HDR_KEYLEN) != 0)
		return FIT_BROKEN;
	if (tag < *size && tags_lead_to(s, off, off + *size, &first)) {
		switch (slot_classify(s, off, first, &slot)) {
		case SLOT_FREE:
			return FIT_JOIN;
		case SLOT_LIVE:
		case SLOT_STAGED:
		case SLOT_STAGED_DEL:
			*size = first;
			return FIT_SPLIT;
		default:
			return FIT_BROKEN;
		}
	}
	/* The tag reaches back over slots walked already, to where the first of them begins. */
	if (tag > *size && tag - *size <= off - CHAIN_START &&
	    tags_lead_to(s, off - (tag - *size), off, &first))
		return FIT_JOIN;
	return FIT_BROKEN;
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

void slot_join(struct store_door *d, uint32_t off, uint32_t size)
{
	door_word(d, off + HDR_SIZE, size);
	door_word(d, off + HDR_DATALEN, 0);
	door_word(d, off + HDR_METALEN, 0);
	write_expiry(d, off, -1);
	door_word(d, off + size - TRL_W0, 0);
	door_word(d, off + size - TRL_W1, 0);
	door_word(d, off + size - TRL_TAG, TAG_MAGIC ^ size);
}

static void write_number(struct store_door *d, uint32_t end, uint32_t key_len, uint64_t seq)
{
	door_word(d, end - TRL_W0, key_len << 16 | (uint32_t)(seq >> 32));
	door_word(d, end - TRL_W1, (uint32_t)seq);
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
	write_number(d, off + size, c->key_len, c->seq);
	door_word(d, off + size - TRL_CRC, CRC_FREE);
	door_word(d, off + size - TRL_TAG, TAG_MAGIC ^ size);
}

/* The state word of the record whose body is at OFF; its number is changed if that would read as
 * "free", now or when its batch is committed. */
static uint32_t seal(struct store *s, uint32_t off, uint32_t size, const struct slot_content *c)
{
	uint32_t content = c->key_len + c->data_len + c->meta_len, crc;

	while ((crc = record_crc(s, off, size, c->key_len, content)) == CRC_FREE ||
	       (crc ^ c->stage) == CRC_FREE) {
		write_number(&s->door, off + size, c->key_len, s->next_seq);
		if (s->super.evict_new == s->next_seq - 1) { /* that note is about this record */
			s->super.evict_new = s->next_seq;
			super_write(&s->door, &s->super);
		}
		s->next_seq++;
	}
	return crc ^ c->stage;
}

void slot_write(struct store *s, uint32_t off, uint32_t block, uint32_t size,
		const struct slot_content *c)
{
	struct store_door *d = &s->door;
	uint32_t crc;

	write_body(d, off, size, c);
	crc = seal(s, off, size, c);
	if (size < block)
		write_free_untagged(d, off + size, block - size);
	else
		door_word(d, off + HDR_SIZE, size); /* it is there, unless it was damaged */
	door_flush(d);

	door_word(d, off + size - TRL_CRC, crc);
	if (size < block) {
		door_word(d, off + HDR_SIZE, size);
		door_word(d, off + block - TRL_TAG, TAG_MAGIC ^ (block - size));
	}
	door_flush(d);

	if (c->stage)
		return;
	door_word(d, off + HDR_KEYLEN, c->key_len);
	door_flush(d);
}

SELDOM void slot_commit(struct store *s, uint32_t off, uint32_t size, uint32_t key_len)
{
	door_word(&s->door, off + size - TRL_CRC, crc_word(s, off, size) ^ CRC_STAGE);
	door_word(&s->door, off + HDR_KEYLEN, key_len);
}

void slot_kill(struct store *s, uint32_t off, uint32_t size)
{
	door_word(&s->door, off + HDR_KEYLEN, 0);
	door_word(&s->door, off + size - TRL_CRC, CRC_FREE);
}
