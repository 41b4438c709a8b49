/* SPDX-License-Identifier: MIT */
#include "lib/unwind.h"

#include <string.h>

#define INLINE_TABLE 0x80000000U /* EHABI 6: the entry's second word is the table itself */
#define CANTUNWIND 1U
#define FINISH 0xb0
#define SCAN_WORDS 512 /* how far up a return address is looked for */

/* The bytes of one function's table, as they are taken. */
struct bytes {
	const struct unwind_image *image;
	uint32_t next; /* the word after this one */
	uint32_t words;
	uint32_t word;
	unsigned left; /* bytes of it */
};

void unwind_begin(struct unwind *u, const struct unwind_image *image, const uint32_t r[16])
{
	u->image = image;
	memcpy(u->r, r, sizeof(u->r));
	u->guessed = false;
	u->first = true;
}

static bool read(const struct unwind_image *image, uint32_t addr, uint32_t *word)
{
	return addr % 4 == 0 && image->read(image->ctx, addr, word);
}

/* The address that the word at ADDR, in 31 bits, is relative to itself. */
static bool read_prel31(const struct unwind_image *image, uint32_t addr, uint32_t *target)
{
	uint32_t word;

	if (!read(image, addr, &word))
		return false;
	*target = addr + ((word & 0x7fffffff) ^ 0x40000000) - 0x40000000;
	return true;
}

/* The entry of the last function that begins at or below PC; 0: none. *START is its begin. */
static uint32_t find_entry(const struct unwind_image *image, uint32_t pc, uint32_t *start)
{
	uint32_t lo = 0, hi = (image->index_end - image->index) / 8, at;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (!read_prel31(image, image->index + mid * 8, &at))
			return 0;
		if (at <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !read_prel31(image, image->index + (lo - 1) * 8, start))
		return 0;
	return image->index + (lo - 1) * 8;
}

/* The table of the entry at ENTRY; false if it has none that is understood. */
static bool open_table(struct bytes *b, const struct unwind_image *image, uint32_t entry)
{
	uint32_t word, at;

	b->image = image;
	b->words = 0;
	if (!read(image, entry + 4, &word) || word == CANTUNWIND)
		return false;
	if (!(word & INLINE_TABLE)) {
		if (!read_prel31(image, entry + 4, &at) || !read(image, at, &word))
			return false;
		b->next = at + 4;
	}
	b->word = word;
	b->left = 3;
	if (word >> 24 == 0x81 || word >> 24 == 0x82) {
		b->words = word >> 16 & 0xff;
		b->left = 2;
		return true;
	}
	return word >> 24 == 0x80;
}

/* The next byte; behind the last one the table is finished. */
static uint32_t take(struct bytes *b)
{
	if (!b->left) {
		if (!b->words || !read(b->image, b->next, &b->word))
			return FINISH;
		b->next += 4;
		b->words--;
		b->left = 4;
	}
	return b->word >> 8 * --b->left & 0xff;
}

/* Pops the registers of MASK, bit 0 being register FIRST. No compiler pops the stack pointer. */
static bool pop(struct unwind *u, uint32_t mask, unsigned first)
{
	for (unsigned reg = first; mask; mask >>= 1, reg++) {
		if (!(mask & 1))
			continue;
		if (reg == UNWIND_SP || !read(u->image, u->r[UNWIND_SP], &u->r[reg]))
			return false;
		u->r[UNWIND_SP] += 4;
	}
	return true;
}

/* 0x204 and four times a number of seven bits a byte, the low ones first. */
static uint32_t large_step(struct bytes *b)
{
	uint32_t value = 0, byte;
	unsigned shift = 0;

	do {
		byte = take(b);
		value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 28);
	return 0x204 + (value << 2);
}

/* An instruction that begins with the byte OP from 0x80 on (EHABI 9.3); false: it is not known. */
static bool run_long(struct unwind *u, struct bytes *b, uint32_t op)
{
	uint32_t *sp = &u->r[UNWIND_SP], mask;

	if (op < 0x90) {
		mask = (op & 0xf) << 8 | take(b);
		return mask && pop(u, mask, 4); /* 0: refuse to unwind */
	}
	if (op < 0xa0) {
		*sp = u->r[op & 0xf];
		return (op & 0xf) != UNWIND_SP && (op & 0xf) != UNWIND_PC;
	}
	if (op < 0xb0)
		return pop(u, (2U << (op & 7)) - 1, 4) && (!(op & 8) || pop(u, 1, UNWIND_LR));
	switch (op) {
	case 0xb1:
		mask = take(b);
		return mask && mask < 16 && pop(u, mask, 0);
	case 0xb2:
		*sp += large_step(b);
		return true;
	case 0xb3: /* FSTMFDX: a word more */
		*sp += ((take(b) & 0xf) + 1) * 8 + 4;
		return true;
	case 0xc8:
	case 0xc9:
		*sp += ((take(b) & 0xf) + 1) * 8;
		return true;
	default:
		if (op >= 0xb8 && op < 0xc0)
			*sp += ((op & 7) + 1) * 8 + 4;
		else if (op >= 0xd0 && op < 0xd8)
			*sp += ((op & 7) + 1) * 8;
		else
			return false;
		return true;
	}
}

/* Undoes what the function did to stack and registers. */
static bool run(struct unwind *u, struct bytes *b)
{
	uint32_t op;

	while ((op = take(b)) != FINISH) {
		uint32_t step = ((op & 0x3f) << 2) + 4;

		if (op < 0x40)
			u->r[UNWIND_SP] += step;
		else if (op < 0x80)
			u->r[UNWIND_SP] -= step;
		else if (!run_long(u, b, op))
			return false;
	}
	return true;
}

static bool in_text(const struct unwind_image *image, uint32_t addr)
{
	return addr >= image->text && addr < image->text_end;
}

static uint32_t halfword(const struct unwind_image *image, uint32_t addr)
{
	uint32_t word;

	if (!in_text(image, addr) || !read(image, addr & ~3U, &word))
		return 0;
	return addr & 2 ? word >> 16 : word & 0xffff;
}

/* The call before the return address ADDR, whose bit 0 says Thumb; 0: there is none. */
static uint32_t call_before(const struct unwind_image *image, uint32_t addr)
{
	uint32_t at = addr & ~1U, first = halfword(image, at - 4), second = halfword(image, at - 2);

	if (!in_text(image, at))
		return 0;
	if (addr & 1) {
		bool bl = (first & 0xf800) == 0xf000 && (second & 0xc000) == 0xc000;

		if ((second & 0xff87) == 0x4780) /* BLX register */
			return at - 2;
		return bl ? at - 4 : 0;
	}
	if (at % 4)
		return 0;
	if ((second & 0x0f00) == 0x0b00 || (second & 0xfe00) == 0xfa00) /* BL, BLX */
		return at - 4;
	return (second & 0x0fff) == 0x012f && (first & 0xfff0) == 0xff30 ? at - 4 : 0;
}

/* Makes the caller that RETURNS to where the frame, which is complete but for the PC. */
static bool arrive(struct unwind *u, uint32_t returns, bool guessed)
{
	uint32_t call = call_before(u->image, returns);

	u->r[UNWIND_PC] = call;
	u->guessed = guessed;
	u->first = false;
	return call != 0;
}

static bool by_table(struct unwind *u, uint32_t entry)
{
	uint32_t sp = u->r[UNWIND_SP];
	struct bytes b;

	u->r[UNWIND_PC] = 0;
	if (!u->first)
		u->r[UNWIND_LR] = 0; /* it made a call, so it must have been saved */
	if (!open_table(&b, u->image, entry) || !run(u, &b))
		return false;
	if (u->first ? u->r[UNWIND_SP] < sp : u->r[UNWIND_SP] <= sp)
		return false;
	return arrive(u, u->r[UNWIND_PC] ? u->r[UNWIND_PC] : u->r[UNWIND_LR], false);
}

/* The next word on the stack that could be a return address. */
static bool by_looking(struct unwind *u)
{
	uint32_t sp = u->r[UNWIND_SP], word;

	for (unsigned i = 0; i < SCAN_WORDS && read(u->image, sp, &word); i++) {
		sp += 4;
		if (!call_before(u->image, word))
			continue;
		u->r[UNWIND_SP] = sp;
		return arrive(u, word, true);
	}
	return false;
}

bool unwind_up(struct unwind *u)
{
	uint32_t pc = u->r[UNWIND_PC] & ~1U, lr = u->r[UNWIND_LR], start = 0;
	bool here = in_text(u->image, pc);
	uint32_t entry = here ? find_entry(u->image, pc, &start) : 0;
	struct unwind callee = *u;

	if (here && !entry)
		return false; /* before all functions: where the code was entered */
	if (u->first && (!here || pc == start) && arrive(u, lr, false))
		return true; /* nothing was saved so far */
	*u = callee;
	if (here && !(u->first && pc == start) && by_table(u, entry))
		return true;
	*u = callee;
	if (u->first && arrive(u, lr, true))
		return true;
	*u = callee;
	return by_looking(u);
}
