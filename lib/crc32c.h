/* SPDX-License-Identifier: MIT */
#ifndef CAIRN_LIB_CRC32C_H
#define CAIRN_LIB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/**
 * Continues a CRC-32C (Castagnoli, reflected polynomial 0x82f63b78, RFC 3720 appendix B.4) over LEN
 * bytes at DATA. Start with crc = 0; the result of one call is the CRC of what was read so far and
 * may be handed to the next. The CRC of "123456789" is 0xe3069283.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
