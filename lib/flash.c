/* SPDX-License-Identifier: MIT */
#include "lib/flash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/crc32c.h"

#define PIECE 256U /* bytes that are looked at together */

int flash_failed(struct flash *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->problem, sizeof(f->problem), fmt, ap);
	va_end(ap);
	return err;
}

const struct flash_partition *flash_find(const struct flash *f, const char *name, size_t name_len)
{
	for (unsigned i = 0; i < f->partition_count; i++)
		if (!strncmp(f->partitions[i].name, name, name_len) &&
		    !f->partitions[i].name[name_len])
			return &f->partitions[i];
	return NULL;
}

static int check_range(struct flash *f, uint32_t off, uint32_t len)
{
	if (off <= f->size && len <= f->size - off)
		return 0;
	return flash_failed(f, -EINVAL, "0x%lx+0x%lx: the flash has 0x%lx bytes",
			    (unsigned long)off, (unsigned long)len, (unsigned long)f->size);
}

int flash_read(struct flash *f, uint32_t off, void *data, uint32_t len)
{
	int err = check_range(f, off, len);

	if (!err)
		f->read(f, off, data, len);
	return err;
}

uint32_t flash_crc(const struct flash *f, uint32_t crc, uint32_t off, uint32_t len)
{
	uint8_t piece[PIECE];

	for (uint32_t n; len; off += n, len -= n) {
		n = len < PIECE ? len : PIECE;
		f->read(f, off, piece, n);
		crc = crc32c(crc, piece, n);
	}
	return crc;
}

int flash_erase(struct flash *f, uint32_t off, uint32_t len)
{
	int err = check_range(f, off, len);
	uint32_t size, end = off + len;

	if (err || !len)
		return err;
	if (f->block(f, off, &size) != off || f->block(f, end - 1, &size) + size != end)
		return flash_failed(f, -EINVAL,
				    "0x%lx+0x%lx: not whole erase blocks; the last one has 0x%lx "
				    "bytes",
				    (unsigned long)off, (unsigned long)len, (unsigned long)size);
	for (; off < end && !err; off += size) {
		f->block(f, off, &size);
		err = f->erase(f, off);
	}
	return err;
}

/*
 * Compares the LEN bytes at OFF with DATA: 0 if they are the same or, BEFORE they are programmed,
 * can become so.
 */
static int compare(struct flash *f, uint32_t off, const uint8_t *data, uint32_t len, bool before)
{
	uint8_t piece[PIECE];

	for (uint32_t i = 0; i < len; i++) {
		uint32_t at = i % PIECE;

		if (!at)
			f->read(f, off + i, piece, len - i < PIECE ? len - i : PIECE);
		if (before ? data[i] & ~piece[at] : data[i] ^ piece[at])
			return flash_failed(
				f, before ? -EROFS : -EIO, "0x%lx holds 0x%02x, not 0x%02x: %s",
				(unsigned long)(off + i), piece[at], data[i],
				before ? "it has to be erased first" : "a fault of the chip");
	}
	return 0;
}

static int program(struct flash *f, uint32_t off, const uint8_t *data, uint32_t len)
{
	uint32_t whole = ROUND_DOWN(len, FLASH_WORD);
	int err = whole ? f->program(f, off, data, whole) : 0;
	uint8_t word[FLASH_WORD];

	if (err || whole == len)
		return err;
	f->read(f, off + whole, word, FLASH_WORD); /* the rest of it stays as it is */
	memcpy(word, data + whole, len - whole);
	return f->program(f, off + whole, word, FLASH_WORD);
}

int flash_write(struct flash *f, uint32_t off, const void *data, uint32_t len)
{
	int err = check_range(f, off, len);

	if (!err && (uintptr_t)data + len > f->base && (uintptr_t)data < f->base + f->size)
		err = flash_failed(f, -EINVAL, "0x%lx: what is in flash cannot be written to it",
				   (unsigned long)(uintptr_t)data);
	if (!err && off % FLASH_WORD)
		err = flash_failed(f, -EINVAL, "0x%lx: a multiple of %u was expected",
				   (unsigned long)off, FLASH_WORD);
	if (!err)
		err = compare(f, off, data, len, true);
	if (!err)
		err = program(f, off, data, len);
	return err ? err : compare(f, off, data, len, false);
}
