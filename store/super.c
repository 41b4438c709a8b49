/* SPDX-License-Identifier: MIT */
#include "store/super.h"

#include "lib/be.h"
#include "lib/crc32c.h"
#include "store/door.h"
#include "store/format.h"

bool super_usable(const struct store_media *m)
{
	return m->base && (uintptr_t)m->base % STORE_REGION_ALIGN == 0 &&
	       m->size >= STORE_REGION_MIN && m->size <= STORE_REGION_MAX &&
	       m->size % STORE_REGION_ALIGN == 0;
}

static const uint32_t copy_at[2] = {0, SB_COPY_B};

static uint64_t read64(const struct store_door *d, uint32_t off)
{
	return be64_load(door_at(d, off));
}

static bool has_magic(const struct store_door *d, uint32_t at)
{
	return door_read(d, at + SB_MAGIC) == SB_MAGIC_VALUE;
}

static bool valid(const struct store_door *d, uint32_t at)
{
	uint32_t state = door_read(d, at + SB_STATE), size = door_read(d, at + SB_REGION_SIZE);

	return has_magic(d, at) && door_read(d, at + SB_VERSION) == SB_VERSION_VALUE &&
	       crc32c(0, door_at(d, at), SB_CRC) == door_read(d, at + SB_CRC) &&
	       (state == SB_NORMAL || state == SB_FORMATTING) && size >= STORE_REGION_MIN &&
	       size <= STORE_REGION_MAX && size % STORE_REGION_ALIGN == 0 &&
	       read64(d, at + SB_SEQ_LIMIT) <= SEQ_END &&
	       read64(d, at + SB_FLOOR) < read64(d, at + SB_SEQ_LIMIT);
}

static struct store_super read_copy(const struct store_door *d, uint32_t at)
{
	return (struct store_super){
		.state = door_read(d, at + SB_STATE),
		.region_size = door_read(d, at + SB_REGION_SIZE),
		.salt = door_read(d, at + SB_SALT),
		.generation = door_read(d, at + SB_GENERATION),
		.boots = door_read(d, at + SB_BOOTS),
		.seq_limit = read64(d, at + SB_SEQ_LIMIT),
		.floor = read64(d, at + SB_FLOOR),
		.batch_lo = read64(d, at + SB_BATCH_LO),
		.batch_hi = read64(d, at + SB_BATCH_HI),
		.evict_new = read64(d, at + SB_EVICT_NEW),
		.evict_victim = read64(d, at + SB_EVICT_VICTIM),
		.evict_offset = door_read(d, at + SB_EVICT_OFFSET),
		.place = read64(d, at + SB_PLACE),
	};
}

/* What a region without a valid copy is. The image's magic alone is a trace, too. */
static enum store_found without_copy(const struct store_door *d)
{
	bool trace = door_read(d, IMAGE_OFFSET) == IMAGE_MAGIC;

	for (int i = 0; i < 2; i++) {
		if (!has_magic(d, copy_at[i]))
			continue;
		if (door_read(d, copy_at[i] + SB_VERSION) != SB_VERSION_VALUE)
			return STORE_OTHER;
		trace = true;
	}
	return trace ? STORE_DAMAGED : STORE_NOTHING;
}

/* The copy that counts: 0, 1, or -1. Generations wrap, so the distance decides. */
static int newest(const struct store_door *d, int *copies)
{
	bool ok[2] = {valid(d, copy_at[0]), valid(d, copy_at[1])};
	uint32_t ahead;

	*copies = ok[0] || ok[1];
	if (!ok[0] || !ok[1])
		return ok[0] ? 0 : ok[1] ? 1 : -1;
	ahead = door_read(d, copy_at[1] + SB_GENERATION) - door_read(d, copy_at[0] + SB_GENERATION);
	*copies = ahead ? 1 : 2;
	return ahead && ahead < 0x80000000U ? 1 : 0;
}

/* Whether the copy at AT is a sound one of another version: one that a newer program left. */
static bool foreign(const struct store_door *d, uint32_t at)
{
	return has_magic(d, at) && door_read(d, at + SB_VERSION) != SB_VERSION_VALUE &&
	       crc32c(0, door_at(d, at), SB_CRC) == door_read(d, at + SB_CRC);
}

enum store_found super_read(const struct store_door *d, struct store_super *sb, int *copies)
{
	int i = newest(d, copies);

	if (foreign(d, copy_at[0]) || foreign(d, copy_at[1]))
		return STORE_OTHER;
	if (i < 0)
		return without_copy(d);
	*sb = read_copy(d, copy_at[i]);
	return STORE_VALID;
}

static void encode(uint8_t out[SB_SIZE], const struct store_super *sb)
{
	memset(out, 0, SB_SIZE);
	be32_store(out + SB_MAGIC, SB_MAGIC_VALUE);
	be32_store(out + SB_VERSION, SB_VERSION_VALUE);
	be32_store(out + SB_STATE, sb->state);
	be32_store(out + SB_REGION_SIZE, sb->region_size);
	be32_store(out + SB_SALT, sb->salt);
	be32_store(out + SB_GENERATION, sb->generation);
	be32_store(out + SB_BOOTS, sb->boots);
	be64_store(out + SB_SEQ_LIMIT, sb->seq_limit);
	be64_store(out + SB_FLOOR, sb->floor);
	be64_store(out + SB_BATCH_LO, sb->batch_lo);
	be64_store(out + SB_BATCH_HI, sb->batch_hi);
	be64_store(out + SB_EVICT_NEW, sb->evict_new);
	be64_store(out + SB_EVICT_VICTIM, sb->evict_victim);
	be32_store(out + SB_EVICT_OFFSET, sb->evict_offset);
	be64_store(out + SB_PLACE, sb->place);
	be32_store(out + SB_CRC, crc32c(0, out, SB_CRC));
}

void super_write(struct store_door *d, struct store_super *sb)
{
	int copies, first = 1 - newest(d, &copies);
	uint8_t bytes[SB_SIZE];

	if (first > 1 || copies == 2)
		first = 0;
	sb->generation++;
	encode(bytes, sb);
	for (int i = 0; i < 2; i++) {
		uint32_t at = copy_at[i ? 1 - first : first];
		bool fresh = !has_magic(d, at);

		/* Where there was none, the magic comes last: a cut before it leaves no trace. */
		door_write(d, at + SB_VERSION, bytes + SB_VERSION, SB_SIZE - SB_VERSION);
		if (fresh)
			door_flush(d);
		door_word(d, at + SB_MAGIC, SB_MAGIC_VALUE);
		door_flush(d);
	}
}
