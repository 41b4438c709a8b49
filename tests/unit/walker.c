/* SPDX-License-Identifier: MIT */
#include "tests/unit/walker.h"

#include <string.h>

#include "store/format.h"

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t word64(const uint8_t *p)
{
	return (uint64_t)word(p) << 32 | word(p + 4);
}

static void put_word(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Bit by bit for each value of a byte, once; a million walks would take too long otherwise. */
static const uint32_t *crc_of_bytes(void)
{
	static uint32_t table[256];

	for (uint32_t byte = 1; byte < 256 && table[255] == 0; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
		table[byte] = crc;
	}
	return table;
}

uint32_t walker_crc(uint32_t crc, const void *data, size_t len)
{
	const uint32_t *table = crc_of_bytes();
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(uint8_t)(crc ^ p[i])];
	return ~crc;
}

void walker_seal(void *copy)
{
	put_word((uint8_t *)copy + SB_CRC, walker_crc(0, copy, SB_CRC));
}

static bool wrong(struct walker *w, uint32_t off, const char *what)
{
	w->error = what;
	w->error_off = off;
	return false;
}

static bool read_superblock(struct walker *w, uint32_t size)
{
	const uint8_t *a = w->region, *b = w->region + SB_COPY_B;

	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		const uint8_t *sb = w->region + copy;

		if (word(sb + SB_MAGIC) != SB_MAGIC_VALUE)
			return wrong(w, copy + SB_MAGIC, "a superblock copy has no magic");
		if (word(sb + SB_CRC) != walker_crc(0, sb, SB_CRC))
			return wrong(w, copy + SB_CRC, "a superblock copy does not check");
	}
	if (memcmp(a, b, SB_SIZE) != 0)
		return wrong(w, SB_COPY_B, "the superblock copies differ");
	if (word(a + SB_VERSION) != SB_VERSION_VALUE)
		return wrong(w, SB_VERSION, "the superblock is of another version");
	if (word(a + SB_STATE) != SB_NORMAL)
		return wrong(w, SB_STATE, "the superblock is not in its normal state");
	if (word(a + SB_REGION_SIZE) != size)
		return wrong(w, SB_REGION_SIZE, "the superblock has another region size");
	w->salt = word(a + SB_SALT);
	w->generation = word(a + SB_GENERATION);
	w->boots = word(a + SB_BOOTS);
	w->seq_limit = word64(a + SB_SEQ_LIMIT);
	w->floor = word64(a + SB_FLOOR);
	if (w->seq_limit > SEQ_END)
		return wrong(w, SB_SEQ_LIMIT, "the limit of numbers is above 2^48");
	if (w->floor >= w->seq_limit)
		return wrong(w, SB_FLOOR, "the floor is not below the limit of numbers");
	return true;
}

/* The checksum that the record at OFF must have. */
static uint32_t record_crc(const struct walker *w, uint32_t off, uint32_t size, uint32_t content)
{
	const uint8_t *slot = w->region + off;
	uint8_t head[40];

	put_word(head, w->salt);
	put_word(head + 4, off);
	memcpy(head + 8, slot, HDR_BYTES); /* size, three lengths, expiry */
	memcpy(head + 32, slot + size - TRL_W0, 8);
	return walker_crc(walker_crc(0, head, sizeof(head)), slot + HDR_BYTES, content);
}

/* Of the last bytes of a key: keys are often alike at their beginning. */
static uint32_t bucket_of(const uint8_t *key, uint32_t key_len)
{
	uint32_t sum = key_len;

	for (uint32_t i = key_len > 8 ? key_len - 8 : 0; i < key_len; i++)
		sum = sum * 31 + key[i];
	return sum % 256;
}

static bool read_live(struct walker *w, uint32_t off, uint32_t size)
{
	const uint8_t *slot = w->region + off, *trailer = slot + size - TRL_BYTES;
	struct walker_entry *e = &w->entry[w->entries];
	uint32_t bucket;
	uint64_t content;

	e->off = off;
	e->size = size;
	e->key_len = word(slot + HDR_KEYLEN);
	e->data_len = word(slot + HDR_DATALEN);
	e->meta_len = word(slot + HDR_METALEN);
	e->expiry = (int64_t)word64(slot + HDR_EXPIRY);
	e->seq = (uint64_t)(word(trailer) & 0xffff) << 32 | word(trailer + 4);
	content = (uint64_t)e->key_len + e->data_len + e->meta_len;
	if (e->key_len == 0 || e->key_len > 65535)
		return wrong(w, off + HDR_KEYLEN, "a record has no legal key length");
	if (HDR_BYTES + content + TRL_BYTES > size)
		return wrong(w, off + HDR_KEYLEN, "a record is longer than its slot");
	if (word(trailer) >> 16 != e->key_len)
		return wrong(w, off + size - TRL_W0, "the key lengths of a record differ");
	if (word(trailer + 8) != record_crc(w, off, size, (uint32_t)content))
		return wrong(w, off + size - TRL_CRC, "a record does not check");
	if (e->seq == 0 || e->seq >= w->seq_limit || e->seq <= w->floor)
		return wrong(w, off + size - TRL_W1, "a record's number is out of range");
	e->key = slot + HDR_BYTES;
	e->data = e->key + e->key_len;
	e->meta = e->data + e->data_len;
	if (walker_find(w, e->key, e->key_len) != NULL)
		return wrong(w, off, "a key has two records");
	bucket = bucket_of(e->key, e->key_len);
	e->before = w->bucket[bucket];
	w->bucket[bucket] = ++w->entries;
	w->live_bytes += size;
	w->max_seq = e->seq > w->max_seq ? e->seq : w->max_seq;
	return true;
}

static bool pinned(const struct walker *w, uint32_t off)
{
	for (uint32_t i = 0; i < w->pins.count; i++)
		if (w->pins.off[i] == off)
			return true;
	return false;
}

static bool read_free(struct walker *w, uint32_t off, uint32_t size)
{
	const uint8_t *slot = w->region + off;
	const struct walker_free *last = w->frees > 0 ? &w->free[w->frees - 1] : NULL;
	uint64_t lengths = (uint64_t)word(slot + HDR_DATALEN) + word(slot + HDR_METALEN);

	if (word(slot + HDR_KEYLEN) != 0)
		return wrong(w, off + HDR_KEYLEN, "a free slot has a key length");
	if (HDR_BYTES + lengths > size)
		return wrong(w, off + HDR_DATALEN, "a free slot has lengths beyond its size");
	if (pinned(w, off)) {
		w->held++;
		w->held_bytes += size;
		return true;
	}
	if (last != NULL && last->off + last->size == off)
		return wrong(w, off, "two free slots are neighbours");
	w->free[w->frees++] = (struct walker_free){off, size};
	w->free_bytes += size;
	return true;
}

static bool read_slot(struct walker *w, uint32_t off, uint32_t *size)
{
	const uint8_t *slot = w->region + off;

	if (w->end - off < SLOT_MIN)
		return wrong(w, off, "bytes are left that no slot accounts for");
	*size = word(slot + HDR_SIZE);
	if (*size < SLOT_MIN || *size % SLOT_ALIGN != 0 || *size > w->end - off)
		return wrong(w, off + HDR_SIZE, "a slot has no legal size");
	if (word(slot + *size - TRL_TAG) != (TAG_MAGIC ^ *size))
		return wrong(w, off + *size - TRL_TAG, "a slot's tag does not agree with its size");
	if (w->entries == WALKER_SLOTS || w->frees == WALKER_SLOTS)
		return wrong(w, off, "there are more slots than a walk can hold");
	if (word(slot + HDR_KEYLEN) == KEYLEN_QMARK) {
		w->quarantined++;
		w->quarantined_bytes += *size;
		return true;
	}
	if (word(slot + *size - TRL_CRC) == CRC_FREE)
		return read_free(w, off, *size);
	return read_live(w, off, *size);
}

bool walker_walk(struct walker *w, const void *region, uint32_t size)
{
	return walker_walk_pinned(w, region, size, (struct walker_pins){0});
}

bool walker_walk_pinned(struct walker *w, const void *region, uint32_t size,
			struct walker_pins pins)
{
	uint32_t slot;

	memset(w, 0, offsetof(struct walker, entry));
	w->region = region;
	w->pins = pins;
	w->end = CHAIN_START + (size - CHAIN_START) / 8 * 8;
	if (!read_superblock(w, size))
		return false;
	if (memcmp(w->region + IMAGE_OFFSET, "FCS1", 4) != 0)
		return wrong(w, IMAGE_OFFSET, "the image has no magic");
	for (uint32_t off = CHAIN_START; off < w->end; off += slot)
		if (!read_slot(w, off, &slot))
			return false;
	return true;
}

const struct walker_entry *walker_find(const struct walker *w, const void *key, uint32_t key_len)
{
	uint32_t n = w->bucket[bucket_of(key, key_len)];

	while (n > 0) {
		const struct walker_entry *e = &w->entry[n - 1];

		if (e->key_len == key_len && memcmp(e->key, key, key_len) == 0)
			return e;
		n = e->before;
	}
	return NULL;
}

struct walker_free walker_best(const void *region, uint32_t size, uint32_t need)
{
	uint32_t end = CHAIN_START + (size - CHAIN_START) / 8 * 8, slot;
	struct walker_free best = {0, 0};

	for (uint32_t off = CHAIN_START; off < end; off += slot) {
		const uint8_t *p = (const uint8_t *)region + off;

		slot = word(p + HDR_SIZE);
		if (slot < need || word(p + HDR_KEYLEN) != 0)
			continue;
		if (best.size == 0 || (slot < best.size && off + slot < end))
			best = (struct walker_free){off, slot};
	}
	return best;
}

uint32_t walker_largest(const struct walker *w)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < w->frees; i++)
		if (w->free[i].size > largest)
			largest = w->free[i].size;
	return largest;
}

uint32_t walker_largest_entry(const struct walker *w)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < w->entries; i++)
		if (w->entry[i].size > largest)
			largest = w->entry[i].size;
	return largest;
}

uint32_t walker_used_end(const struct walker *w)
{
	const struct walker_free *last = w->frees > 0 ? &w->free[w->frees - 1] : NULL;

	return last != NULL && last->off + last->size == w->end ? last->off : w->end;
}
