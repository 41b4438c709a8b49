/* SPDX-License-Identifier: MIT */
/*
 * memmove() in newlib's place, which moves upward byte by byte, four instructions for each: lists
 * of regions and of free blocks are moved upward all the time.
 *
 * To be compiled so that its loops do not become calls of memmove.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD sizeof(uint32_t)
#define BLOCK (4 * WORD)

/* All of it is read before any of it is written. */
static void move_block(uint8_t *to, const uint8_t *from)
{
	const uint32_t *f = (const uint32_t *)from;
	uint32_t a = f[0], b = f[1], c = f[2], d = f[3], *t = (uint32_t *)to;

	t[0] = a;
	t[1] = b;
	t[2] = c;
	t[3] = d;
}

static void move_word(uint8_t *to, const uint8_t *from)
{
	*(uint32_t *)to = *(const uint32_t *)from;
}

static void move_down(uint8_t *to, const uint8_t *from, size_t n, bool by_words)
{
	for (; by_words && n && (uintptr_t)to % WORD; n--)
		*to++ = *from++;
	for (; by_words && n >= BLOCK; n -= BLOCK) {
		move_block(to, from);
		to += BLOCK;
		from += BLOCK;
	}
	for (; by_words && n >= WORD; n -= WORD) {
		move_word(to, from);
		to += WORD;
		from += WORD;
	}
	while (n--)
		*to++ = *from++;
}

static void move_up(uint8_t *to, const uint8_t *from, size_t n, bool by_words)
{
	to += n;
	from += n;
	for (; by_words && n && (uintptr_t)to % WORD; n--)
		*--to = *--from;
	for (; by_words && n >= BLOCK; n -= BLOCK) {
		to -= BLOCK;
		from -= BLOCK;
		move_block(to, from);
	}
	for (; by_words && n >= WORD; n -= WORD) {
		to -= WORD;
		from -= WORD;
		move_word(to, from);
	}
	while (n--)
		*--to = *--from;
}

void *memmove(void *to, const void *from, size_t n)
{
	size_t up = (uintptr_t)to - (uintptr_t)from, down = (uintptr_t)from - (uintptr_t)to;
	bool by_words = up % WORD == 0; /* then both come to a word's boundary together */

	if (up >= n && down >= n)
		return memcpy(to, from, n);
	if (up >= n)
		move_down(to, from, n, by_words);
	else
		move_up(to, from, n, by_words);
	return to;
}
