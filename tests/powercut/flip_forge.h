/* SPDX-License-Identifier: MIT */
/*
 * Images whose values hold what reads like parts of the region: a copy of its own slots, and
 * forged ones in places where a slot may begin, as those of another region or with the salt of this
 * one: the latter are perfect. Damage to one word of a real slot must not lead a walk into them,
 * from neither side.
 */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_FORGE_H
#define CAIRN_TESTS_POWERCUT_FLIP_FORGE_H

#include "tests/powercut/flip_build.h"

/* The slot that is forged: its place in the region, and in the value that it is written into. */
struct flip_forgery {
	uint8_t *to;
	uint32_t off, size;
};

static inline void flip_forge_trailer(struct flip_forgery f, uint32_t w0, uint32_t w1, uint32_t w2)
{
	uint8_t *end = f.to + f.size;

	be32_store(end - TRL_W0, w0);
	be32_store(end - TRL_W1, w1);
	be32_store(end - TRL_CRC, w2);
	be32_store(end - TRL_TAG, TAG_MAGIC ^ f.size);
}

static inline void flip_forge_header(struct flip_forgery f, uint32_t key_len, uint32_t data_len)
{
	be32_store(f.to + HDR_SIZE, f.size);
	be32_store(f.to + HDR_KEYLEN, key_len);
	be32_store(f.to + HDR_DATALEN, data_len);
	be32_store(f.to + HDR_METALEN, 0);
	be64_store(f.to + HDR_EXPIRY, (uint64_t)STORE_NEVER);
}

/* A live record of key I, newer than all others, with any value. */
static inline void flip_forge_record(struct flip_build *b, struct flip_forgery f, uint32_t i)
{
	uint8_t fields[40], key[FLIP_KEY_MAX];
	uint32_t key_len = flip_key(i, key), data_len = 5;

	flip_forge_header(f, key_len, data_len);
	memcpy(f.to + HDR_BYTES, key, key_len);
	flip_forge_trailer(f, key_len << 16, (uint32_t)b->walk.max_seq + 50, 0);
	be32_store(fields, b->im->perfect ? b->walk.salt : ~b->walk.salt);
	be32_store(fields + 4, f.off);
	memcpy(fields + 8, f.to, HDR_BYTES);
	memcpy(fields + 32, f.to + f.size - TRL_W0, 8);
	be32_store(f.to + f.size - TRL_CRC, walker_crc(walker_crc(0, fields, sizeof(fields)),
						       f.to + HDR_BYTES, key_len + data_len));
}

/*
 * A slot of 1016 bytes, in the value of which slots of 504, 760, 888 and 952 end (1016 with a bit
 * less), and what lies between these ends is live.
 */
static inline void flip_forge_smaller(struct flip_build *b, uint32_t i)
{
	static const uint32_t ends[] = {504, 760, 888, 952};
	static const uint32_t keys[] = {3, 1, 22}; /* deleted, there, never put */
	uint8_t key[FLIP_KEY_MAX];
	uint32_t key_len = flip_key(i, key), data_len = 1016 - 40 - key_len, off;
	uint8_t *bytes = flip_bytes(b, data_len), *slot = bytes - key_len - HDR_BYTES;

	flip_walk(b);
	off = walker_used_end(&b->walk);
	flip_forge_trailer((struct flip_forgery){slot, off, ends[0]}, 0, 0, CRC_FREE);
	for (uint32_t n = 0; n < ARRAY_SIZE(keys); n++) {
		uint32_t at = ends[n], size = ends[n + 1] - at;

		flip_forge_record(b, (struct flip_forgery){slot + at, off + at, size}, keys[n]);
	}
	flip_put_bytes(b, i, bytes, data_len, 0, STORE_NEVER);
	flip_walk(b);
	flip_must(b, walker_used_end(&b->walk) == off + 1016,
		  "the forged slots are not where they should be");
}

/*
 * Two neighbours; in the value of the first begin slots that end where the second does, of its 104
 * bytes with a bit more.
 */
static inline void flip_forge_larger(struct flip_build *b, uint32_t i)
{
	static const uint32_t more[] = {512, 256, 128};
	uint8_t key[FLIP_KEY_MAX];
	uint32_t key_len = flip_key(i, key), data_len = 600 - 40 - key_len, off;
	uint8_t *bytes = flip_bytes(b, data_len), *slot = bytes - key_len - HDR_BYTES;

	flip_walk(b);
	off = walker_used_end(&b->walk);
	for (uint32_t n = 0; n < ARRAY_SIZE(more); n++) {
		struct flip_forgery f = {slot + 600 - more[n], off + 600 - more[n], 104 + more[n]};

		flip_forge_header(f, 0, 0);
	}
	flip_put_bytes(b, i, bytes, data_len, 0, STORE_NEVER);
	key_len = flip_key(i + 1, key);
	flip_put(b, i + 1, 104 - 40 - key_len, 0, STORE_NEVER);
}

static inline void flip_foreign(struct flip_build *b)
{
	uint8_t *bytes = flip_bytes(b, 400);

	for (uint32_t i = 0; i < 6; i++)
		flip_put(b, i, 10 + i * 7, i, STORE_NEVER);
	flip_delete(b, 3);
	flip_put(b, 1, 30, 0, STORE_NEVER);
	memcpy(bytes, flip_area + CHAIN_START, 400);
	flip_put_bytes(b, 6, bytes, 400, 0, STORE_NEVER);
	flip_forge_smaller(b, 7);
	flip_forge_larger(b, 9);  /* before a record, */
	flip_forge_larger(b, 12); /* and before a free slot */
	flip_put(b, 23, 3, 0, STORE_NEVER);
	flip_delete(b, 13);
}

static inline void flip_forged(struct flip_build *b)
{
	b->im->perfect = true;
	flip_foreign(b);
}

#endif
