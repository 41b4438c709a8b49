/* SPDX-License-Identifier: MIT */
/*
 * Eight bytes a step: each of them looks up, in a table of its own, what it still does to the
 * checksum once the bytes behind it in the step have been shifted in.
 */
#include "lib/crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78U

/*
 * table[k][b]: what the byte b does when k bytes follow it. Worked out at the first use: 8 KiB of
 * constants would be a good part of the image. That is long before a second core runs.
 */
static uint32_t table[8][256];

static void make_tables(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (POLYNOMIAL & -(crc & 1));
		table[0][b] = crc;
	}
	for (uint32_t k = 1; k < 8; k++)
		for (uint32_t b = 0; b < 256; b++)
			table[k][b] = table[0][table[k - 1][b] & 0xff] ^ table[k - 1][b] >> 8;
}

static uint32_t little32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	if (!table[7][255]) /* the last one to be written */
		make_tables();
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		uint32_t a = crc ^ little32(p), b = little32(p + 4);

		crc = table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^ table[5][a >> 16 & 0xff] ^
		      table[4][a >> 24] ^ table[3][b & 0xff] ^ table[2][b >> 8 & 0xff] ^
		      table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
	}
	while (len--)
		crc = table[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}
