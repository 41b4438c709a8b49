/* SPDX-License-Identifier: MIT */
/* Not strtoull(): that takes signs and blanks, and cuts what is too large. */
#include "lib/number.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

int number_parse(const char *text, uint64_t *value, const char **end)
{
	unsigned base = 10;
	bool too_large = false;
	uint64_t v = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_of(text[2]) < 16) {
		base = 16;
		text += 2;
	} else if (text[0] == '0') {
		base = 8;
	}
	*end = text;
	if (digit_of(*text) >= base)
		return -EINVAL;
	for (; digit_of(*text) < base; text++) {
		too_large |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		too_large |= __builtin_add_overflow(v, (uint64_t)digit_of(*text), &v);
	}
	*end = text;
	if (too_large)
		return -EOVERFLOW;
	*value = v;
	return 0;
}

static unsigned suffix_shift(char c)
{
	static const char suffixes[] = "kmgtpe";
	const char *p = c ? strchr(suffixes, c | 0x20) : NULL;

	return p ? 10U * (unsigned)(p - suffixes + 1) : 0;
}

int number_size(const char *text, uint64_t *value, const char **end)
{
	uint64_t v;
	int err = number_parse(text, &v, end);
	unsigned shift;

	if (err)
		return err;
	shift = suffix_shift(**end);
	if (v > UINT64_MAX >> shift)
		return -EOVERFLOW;
	*value = v << shift;
	*end += shift != 0;
	return 0;
}
