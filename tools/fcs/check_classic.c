/* SPDX-License-Identifier: MIT */
/* A plain .dat: the format has no checksums, so lengths and sizes are all that can be looked at. */
#include "lib/be.h"
#include "store/format.h"
#include "tools/fcs/check.h"

/* Whether the lengths are none of bytes, or more than the slot has; says so. */
static bool bad_lengths(struct check *c, uint32_t off, uint32_t size, int32_t key_len,
			int32_t data_len, int32_t meta_len)
{
	int64_t key = key_len > 0 ? key_len : 0, room = (int64_t)size - HDR_BYTES;

	if (data_len < 0 || meta_len < 0 || key + data_len + meta_len > room)
		check_problem(c, off,
			      "%" PRId32 " bytes of key, %" PRId32 " of value and %" PRId32
			      " of metadata in a slot of %" PRIu32,
			      key_len, data_len, meta_len, size);
	else if (key > (int64_t)STORE_KEY_MAX)
		check_problem(c, off, "a key of %" PRId32 " bytes; at most %u are taken", key_len,
			      STORE_KEY_MAX);
	else
		return false;
	return true;
}

/* The slot at OFF, of SIZE bytes that are all there. */
static void check_slot(struct check *c, uint32_t off, uint32_t size)
{
	const uint8_t *p = c->file->base + off;
	int32_t key_len = (int32_t)be32_load(p + HDR_KEYLEN);
	struct check_record r = {
		.key = p + HDR_BYTES,
		.key_len = (uint32_t)key_len,
		.off = off,
		.size = size,
		.order = off,
	};

	if (bad_lengths(c, off, size, key_len, (int32_t)be32_load(p + HDR_DATALEN),
			(int32_t)be32_load(p + HDR_METALEN)))
		return;
	if (key_len > 0)
		check_add(c, &r);
	else
		c->free_slots++;
}

void check_classic(struct check *c)
{
	const uint8_t *base = c->file->base;
	uint32_t end = c->file->file_size, off = sizeof(uint32_t), size;

	if (!end)
		return;
	if (end < off || be32_load(base) != IMAGE_MAGIC) {
		check_problem(c, 0, "it does not begin with FCS1");
		return;
	}
	for (; end - off >= HDR_BYTES; off += size) {
		size = be32_load(base + off);
		if (size < HDR_BYTES || (int32_t)size < 0) {
			check_problem(c, off,
				      "a slot of %" PRId32 " bytes: nothing behind it can be found",
				      (int32_t)size);
			return;
		}
		if (size > end - off) {
			check_problem(c, off,
				      "a slot of %" PRIu32 " bytes, of which %" PRIu32
				      " are there: the file is cut",
				      size, end - off);
			return;
		}
		check_slot(c, off, size);
	}
	if (off < end)
		check_note(c, off, "%" PRIu32 " bytes behind the last slot are not used",
			   end - off);
}
