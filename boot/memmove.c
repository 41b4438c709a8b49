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
#define BLOCK sizeof(struct block)

/* What one ldm and one stm move. */
struct block {
	uint32_t word[4];
};

/* All of it is read before any of it is written. */
static void move_block(uint8_t *to, const uint8_t *from)
{
	struct block b = *(const struct block *)from;

	*(struct block *)to = b;
}

static void move_word(uint8_t *to, const uint8_t *from)
{
	*(uint32_t *)to = *(const uint32_t *)from;
}

static void move_down(uint8_t *to, const uint8_t *from, size_t n, bool by_words)
{
	if (by_words) {
		for (; n && (uintptr_t)to % WORD; n--)
			*to++ = *from++;
		for (; n >= BLOCK; n -= BLOCK) {
			move_block(to, from);
			to += BLOCK;
			from += BLOCK;
		}
		for (; n >= WORD; n -= WORD) {
			move_word(to, from);
			to += WORD;
			from += WORD;
		}
	}
	while (n--)
		*to++ = *from++;
}

static void move_up(uint8_t *to, const uint8_t *from, size_t n, bool by_words)
{
	to += n;
	from += n;
	if (by_words) {
		for (; n && (uintptr_t)to % WORD; n--)
			*--to = *--from;
		for (; n >= BLOCK; n -= BLOCK) {
			to -= BLOCK;
			from -= BLOCK;
			move_block(to, from);
		}
		for (; n >= WORD; n -= WORD) {
			to -= WORD;
			from -= WORD;
			move_word(to, from);
		}
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
