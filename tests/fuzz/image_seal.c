/* SPDX-License-Identifier: MIT */
/* From docs/SPEC.md, not with the store's code: what it seals it would also believe. */
#include "tests/fuzz/fuzz_image.h"

#include <string.h>

#include "store/format.h"
#include "tests/unit/walker.h"

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_word(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

/*
 * A size that a slot may have with LEFT bytes to the end, the one that is there if it is one. ODD:
 * any that has room for a header.
 */
static uint32_t legal_size(uint32_t size, uint32_t left, bool odd)
{
	if (!odd)
		size &= ~(SLOT_ALIGN - 1);
	if (size > left || left - size < SLOT_MIN || size == 0)
		return left;
	return size < (odd ? HDR_BYTES : SLOT_MIN) ? SLOT_MIN : size;
}

static void seal_record(uint8_t *region, uint32_t off, uint32_t size)
{
	uint8_t *slot = region + off, *end = slot + size, head[40];
	uint32_t key_len, room;
	uint64_t content;

	if (size < SLOT_MIN)
		return;
	key_len = word(slot + HDR_KEYLEN);
	room = size - HDR_BYTES - TRL_BYTES;
	content = (uint64_t)word(slot + HDR_DATALEN) + word(slot + HDR_METALEN);
	/* As a cut leaves it: its length is only in the trailer yet. */
	if (key_len == 0)
		key_len = word(end - TRL_W0) >> 16;
	content += key_len;
	if (key_len == 0 || key_len > 65535 || content > room || word(end - TRL_CRC) == CRC_FREE)
		return;
	set_word(end - TRL_W0, key_len << 16 | (word(end - TRL_W0) & 0xffff));
	set_word(head, word(region + SB_SALT));
	set_word(head + 4, off);
	set_word(head + 8, size);
	set_word(head + 12, key_len);
	memcpy(head + 16, slot + HDR_DATALEN, 16);
	memcpy(head + 32, end - TRL_W0, 8);
	set_word(end - TRL_CRC,
		 walker_crc(walker_crc(0, head, sizeof(head)), slot + HDR_BYTES, (size_t)content));
}

void image_seal(uint8_t *region, uint32_t size, uint8_t flags, uint32_t spared)
{
	uint32_t end = chain_end(size), off = CHAIN_START;

	if (flags & IMAGE_SEAL_SUPER) {
		walker_seal(region);
		walker_seal(region + SB_COPY_B);
		size = word(region + SB_REGION_SIZE);
		if (size % STORE_REGION_ALIGN == 0 && size >= STORE_REGION_MIN &&
		    chain_end(size) < end)
			end = chain_end(size);
	}
	for (uint32_t n = 0; off < end; n++) {
		uint32_t legal = legal_size(word(region + off + HDR_SIZE), end - off,
					    flags & IMAGE_SEAL_ODD);
		bool sealed = !(spared >> n % 32 & 1);

		if (flags & IMAGE_SEAL_CHAIN && sealed) {
			set_word(region + off + HDR_SIZE, legal);
			set_word(region + off + legal - TRL_TAG, TAG_MAGIC ^ legal);
		}
		if (flags & IMAGE_SEAL_RECORD && sealed)
			seal_record(region, off, legal);
		off += legal;
	}
}
