/* SPDX-License-Identifier: MIT */
#ifndef CAIRN_LIB_NUMBER_H
#define CAIRN_LIB_NUMBER_H

#include <stdint.h>

/**
 * Reads a number at TEXT as C writes it, without sign: decimal, 0x and hexadecimal, 0 and octal.
 * *END is the first character behind it. 0 and *VALUE; -EINVAL (no digit there) or -EOVERFLOW (more
 * than 64 bits), and *VALUE is not set.
 */
int number_parse(const char *text, uint64_t *value, const char **end);

/**
 * The same for a size: behind the number there may be one of K M G T P E in either case, for powers
 * of 1024.
 */
int number_size(const char *text, uint64_t *value, const char **end);

#endif
