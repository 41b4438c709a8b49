/* SPDX-License-Identifier: MIT */
/* Big-endian words in memory, as device trees and the store's region hold them. */
#ifndef CAIRN_LIB_BE_H
#define CAIRN_LIB_BE_H

#include <stdint.h>
#include <string.h>

/** The 32-bit big-endian value at P, which needs no alignment. */
static inline uint32_t be32_load(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

/** The 64-bit big-endian value at P, which needs no alignment. */
static inline uint64_t be64_load(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/** Writes V big-endian to P, which needs no alignment. */
static inline void be32_store(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

/** Writes V big-endian to P, which needs no alignment. */
static inline void be64_store(void *p, uint64_t v)
{
	be32_store(p, (uint32_t)(v >> 32));
	be32_store((char *)p + 4, (uint32_t)v);
}

#endif
