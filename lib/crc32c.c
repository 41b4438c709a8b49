/* SPDX-License-Identifier: MIT */
/*
 * Eight bytes a step: each of them looks up, in a table of its own, what it still does to the
 * checksum once the bytes behind it in the step have been shifted in.
 */
#include "lib/crc32c.h"

#include <string.h>

/*
 * A remainder is linear: that of a byte is the xor of those of its bits. So a table is given by the
 * eight remainders of single bits, and the compiler works out the rest. tests/unit/test_lib.c
 * derives the checksum again from the polynomial.
 */
#define SINGLES_0                                                                           \
	0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc, \
		0x82f63b78
#define SINGLES_1                                                                           \
	0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604, \
		0xfbc3faf9
#define SINGLES_2                                                                           \
	0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9, \
		0x8b277743
#define SINGLES_3                                                                           \
	0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7, \
		0x52a0c93f
#define SINGLES_4                                                                           \
	0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae, \
		0x6ea2d55c
#define SINGLES_5                                                                           \
	0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb, \
		0x1c08b7d6
#define SINGLES_6                                                                           \
	0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, \
		0xf56e0ef4
#define SINGLES_7                                                                           \
	0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32, \
		0x34019664

#define XORED(n, b0, b1, b2, b3, b4, b5, b6, b7)                                             \
	(((n)&1U ? b0 : 0U) ^ ((n)&2U ? b1 : 0U) ^ ((n)&4U ? b2 : 0U) ^ ((n)&8U ? b3 : 0U) ^ \
	 ((n)&16U ? b4 : 0U) ^ ((n)&32U ? b5 : 0U) ^ ((n)&64U ? b6 : 0U) ^ ((n)&128U ? b7 : 0U))
#define BYTE(n, ...) XORED(n, __VA_ARGS__)
#define BYTES_4(n, ...)                                                                 \
	BYTE(n, __VA_ARGS__), BYTE((n) + 1U, __VA_ARGS__), BYTE((n) + 2U, __VA_ARGS__), \
		BYTE((n) + 3U, __VA_ARGS__)
#define BYTES_16(n, ...)                                                                         \
	BYTES_4(n, __VA_ARGS__), BYTES_4((n) + 4U, __VA_ARGS__), BYTES_4((n) + 8U, __VA_ARGS__), \
		BYTES_4((n) + 12U, __VA_ARGS__)
#define BYTES_64(n, ...)                                            \
	BYTES_16(n, __VA_ARGS__), BYTES_16((n) + 16U, __VA_ARGS__), \
		BYTES_16((n) + 32U, __VA_ARGS__), BYTES_16((n) + 48U, __VA_ARGS__)
#define BYTES_256(...)                                                           \
	{                                                                        \
		BYTES_64(0U, __VA_ARGS__), BYTES_64(64U, __VA_ARGS__),           \
			BYTES_64(128U, __VA_ARGS__), BYTES_64(192U, __VA_ARGS__) \
	}

/* table[k][b]: what the byte b does when k bytes follow it. */
static const uint32_t table[8][256] = {
	BYTES_256(SINGLES_0), BYTES_256(SINGLES_1), BYTES_256(SINGLES_2), BYTES_256(SINGLES_3),
	BYTES_256(SINGLES_4), BYTES_256(SINGLES_5), BYTES_256(SINGLES_6), BYTES_256(SINGLES_7),
};

static uint32_t little32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

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
