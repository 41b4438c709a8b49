/* SPDX-License-Identifier: MIT */
/*
 * Changes that know where slots and fields are: a byte that is changed anywhere lies in the middle
 * of a value most of the time.
 */
#include "tests/fuzz/fuzz_image.h"

#include <string.h>

#include "store/format.h"

#define SLOTS 64U

struct mutated {
	uint64_t random;
	uint8_t *region;
	uint32_t size;  /* of the region's bytes that are in the input */
	uint32_t start; /* of the first slot */
	uint32_t trailer;
	uint8_t *spared; /* the input's, a bit for each slot */
	uint32_t first;  /* number of the first slot that is here */
	uint32_t slots, off[SLOTS], bytes[SLOTS];
};

static uint32_t below(struct mutated *m, uint32_t n)
{
	m->random = m->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((m->random >> 32) * n >> 32);
}

static uint32_t get(const struct mutated *m, uint32_t off)
{
	const uint8_t *p = m->region + off;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set(struct mutated *m, uint32_t off, uint32_t value)
{
	for (unsigned i = 0; i < 4 && off + i < m->size; i++)
		m->region[off + i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The slots as sizes lead to them; SLOTS of them, from one of the first on. */
static void find_slots(struct mutated *m)
{
	uint32_t off = m->start, bytes;
	uint32_t skip = below(m, 4) ? 0 : below(m, SLOTS);

	m->first = skip;
	for (; m->slots < SLOTS && off < m->size && m->size - off >= HDR_BYTES + m->trailer;
	     off += bytes) {
		bytes = get(m, off + HDR_SIZE);
		if (bytes < HDR_BYTES + m->trailer || bytes > m->size - off)
			bytes = m->size - off;
		if (skip) {
			skip--;
			continue;
		}
		m->off[m->slots] = off;
		m->bytes[m->slots++] = bytes;
	}
}

/* A value that is an edge of something. */
static uint32_t odd_value(struct mutated *m, uint32_t old, uint32_t bytes)
{
	static const uint32_t odd[] = {0,        1,          7,        8,          23,
				       24,       25,         32,       39,         40,
				       41,       48,         128,      65535,      65536,
				       1U << 30, INT32_MAX,  1U << 31, UINT32_MAX, KEYLEN_QMARK,
				       CRC_FREE, IMAGE_MAGIC};

	switch (below(m, 6)) {
	case 0:
		return old + 8 * (below(m, 9) - 4U);
	case 1:
		return old + below(m, 9) - 4U;
	case 2:
		return bytes + 8 * (below(m, 9) - 4U);
	case 3:
		return below(m, bytes + 1);
	case 4:
		return old ^ 1U << below(m, 32);
	default:
		return odd[below(m, ARRAY_SIZE(odd))];
	}
}

static void change_word(struct mutated *m, uint32_t off, uint32_t bytes)
{
	if (off < m->size && m->size - off >= 4)
		set(m, off, odd_value(m, get(m, off), bytes));
}

/* A number of the superblock, in one copy or in both. */
static void change_super(struct mutated *m)
{
	static const uint8_t fields[] = {
		SB_MAGIC,         SB_VERSION,          SB_STATE,        SB_REGION_SIZE,
		SB_SALT,          SB_GENERATION,       SB_SEQ_LIMIT,    SB_SEQ_LIMIT + 4,
		SB_FLOOR,         SB_FLOOR + 4,        SB_BATCH_LO + 4, SB_BATCH_HI + 4,
		SB_EVICT_NEW + 4, SB_EVICT_VICTIM + 4, SB_EVICT_OFFSET, SB_BOOTS};
	uint32_t field = fields[below(m, sizeof(fields))], copies = below(m, 3);

	if (m->size < SB_COPY_B + SB_SIZE)
		return;
	change_word(m, field + (copies == 1 ? SB_COPY_B : 0), 8);
	if (copies == 2)
		set(m, SB_COPY_B + field, get(m, field));
	if (field == SB_EVICT_OFFSET && m->slots)
		set(m, field, m->off[below(m, m->slots)]);
}

/* A number in the superblock becomes that of a record. */
static void name_record(struct mutated *m, uint32_t i)
{
	static const uint8_t fields[] = {SB_SEQ_LIMIT, SB_FLOOR,     SB_BATCH_LO,
					 SB_BATCH_HI,  SB_EVICT_NEW, SB_EVICT_VICTIM};
	uint32_t field = fields[below(m, sizeof(fields))], end = m->off[i] + m->bytes[i];

	if (m->start < SB_COPY_B + SB_SIZE)
		return;
	for (uint32_t copy = 0; copy <= SB_COPY_B; copy += SB_COPY_B) {
		set(m, copy + field, get(m, end - TRL_W0) & 0xffff);
		set(m, copy + field + 4, get(m, end - TRL_W1) + below(m, 3) - 1);
		if (field == SB_EVICT_VICTIM)
			set(m, copy + SB_EVICT_OFFSET, m->off[i]);
	}
}

static void set_free(struct mutated *m, uint32_t off, uint32_t bytes)
{
	static const uint32_t words[] = {0, 0, 0, UINT32_MAX, UINT32_MAX};

	set(m, off + HDR_SIZE, bytes);
	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++)
		set(m, off + HDR_KEYLEN + 4 * i, words[i]);
	if (m->trailer) {
		set(m, off + bytes - TRL_CRC, CRC_FREE);
		set(m, off + bytes - TRL_TAG, TAG_MAGIC ^ bytes);
	}
}

/* What a split or a join would leave, whole or as a cut leaves it. */
static void cut_or_join(struct mutated *m, uint32_t i)
{
	uint32_t off = m->off[i], bytes = m->bytes[i], least = HDR_BYTES + m->trailer;
	uint32_t first = least + below(m, bytes / 8 + 1) * 8;

	if (below(m, 2) && i + 1 < m->slots) {
		bytes += m->bytes[i + 1];
		set(m, off + HDR_SIZE, bytes);
		if (m->trailer && below(m, 2))
			set(m, off + bytes - TRL_TAG, TAG_MAGIC ^ bytes);
	} else if (first + least <= bytes) {
		set_free(m, off + first, bytes - first);
		if (m->trailer)
			set(m, off + first - TRL_TAG, TAG_MAGIC ^ first);
		if (below(m, 2))
			set(m, off + HDR_SIZE, first);
	}
}

/* A record as each step of a kill, a put or a staged one leaves it. */
static void change_state(struct mutated *m, uint32_t i)
{
	uint32_t off = m->off[i], end = off + m->bytes[i];

	switch (below(m, 5)) {
	case 0:
		set(m, off + HDR_KEYLEN, 0);
		break;
	case 1:
		set(m, off + HDR_KEYLEN, KEYLEN_QMARK);
		break;
	case 2:
		set(m, end - TRL_CRC, CRC_FREE);
		break;
	case 3:
		set(m, end - TRL_CRC, get(m, end - TRL_CRC) ^ CRC_STAGE);
		break;
	default:
		set_free(m, off, m->bytes[i]);
		break;
	}
}

/* Another slot's record, so that there are two of it, or parts of one. */
static void copy_record(struct mutated *m, uint32_t i)
{
	uint32_t j = below(m, m->slots), least = HDR_BYTES + m->trailer;
	uint32_t bytes = m->bytes[i] < m->bytes[j] ? m->bytes[i] : m->bytes[j];

	if (below(m, 2))
		set(m, m->off[j] + HDR_SIZE, m->bytes[i]);
	memmove(m->region + m->off[i] + 4, m->region + m->off[j] + 4,
		bytes - least > 0 ? bytes - least : 0);
	if (m->trailer)
		memmove(m->region + m->off[i] + m->bytes[i] - TRL_BYTES,
			m->region + m->off[j] + m->bytes[j] - TRL_BYTES, TRL_BYTES - 4);
}

static void change_slot(struct mutated *m)
{
	uint32_t i = below(m, m->slots), off = m->off[i], bytes = m->bytes[i];
	uint32_t bit = (m->first + i) % 32;

	/* Most changes of what leads from slot to slot last only if it is not sealed again. */
	if (below(m, 2))
		m->spared[3 - bit / 8] ^= (uint8_t)(1U << bit % 8);
	switch (below(m, 7)) {
	case 0:
		change_word(m, off + 4 * below(m, HDR_BYTES / 4), bytes);
		break;
	case 1:
		change_word(m, off + bytes - 4 * (1 + below(m, TRL_BYTES / 4)), bytes);
		break;
	case 2:
		cut_or_join(m, i);
		break;
	case 3:
		change_state(m, i);
		break;
	case 4:
		copy_record(m, i);
		break;
	case 5:
		name_record(m, i);
		break;
	default:
		set(m, off + HDR_EXPIRY, 0);
		set(m, off + HDR_EXPIRY + 4, below(m, 300));
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct mutated m = {
		.random = seed, .region = data + IMAGE_HEAD, .spared = data + IMAGE_SPARED};
	uint32_t times = 1 + below(&m, 4);

	if (size <= IMAGE_HEAD || max_size < size || below(&m, 4) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (below(&m, 4) == 0) {
		LLVMFuzzerMutate(data, IMAGE_HEAD, IMAGE_HEAD);
		return size;
	}
	m.size = (uint32_t)(size - IMAGE_HEAD);
	m.start = data[IMAGE_FLAGS] & IMAGE_CLASSIC ? sizeof(uint32_t) : CHAIN_START;
	m.trailer = data[IMAGE_FLAGS] & IMAGE_CLASSIC ? 0 : TRL_BYTES;
	find_slots(&m);
	while (times--) {
		if (!m.slots || below(&m, 6) == 0)
			change_super(&m);
		else
			change_slot(&m);
	}
	return size;
}
