/* SPDX-License-Identifier: MIT */
/* Backtraces: made-up functions, tables and stacks, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/be.h"
#include "lib/unwind.h"
#include "tests/unit/store_test_util.h"

#define UNUSED __attribute__((unused))

/* 4 KiB each of code, index, tables and stack. */
#define TEXT 0x60010000U
#define INDEX 0x60020000U
#define TABLES 0x60030000U
#define STACK 0x60040000U
#define WORDS 1024U
#define SIZE (WORDS * 4)

#define FUNCTION 64U /* bytes of each function's code; the first is the entry, and in no table */
#define FUNCTIONS (SIZE / FUNCTION)
#define CALL 32U /* where in a function its call is */
#define CANTUNWIND 1U

static struct {
	uint32_t base, words[WORDS];
} memory[] = {{.base = TEXT}, {.base = INDEX}, {.base = TABLES}, {.base = STACK}};

static struct unwind_image image;
static unsigned reads;
static uint32_t tables_used;

static uint32_t *word_at(uint32_t addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		if (addr - memory[i].base < SIZE)
			return &memory[i].words[(addr - memory[i].base) / 4];
	return NULL;
}

static bool read_word(void *ctx UNUSED, uint32_t addr, uint32_t *word)
{
	const uint32_t *at = word_at(addr);

	reads++;
	assert_int_equal(addr % 4, 0);
	if (at)
		*word = *at;
	return at != NULL;
}

static void set_halfword(uint32_t addr, uint32_t value)
{
	uint32_t *at = word_at(addr);

	*at = addr & 2 ? (*at & 0xffff) | value << 16 : (*at & 0xffff0000) | value;
}

static uint32_t function(unsigned n)
{
	return TEXT + n * FUNCTION;
}

/* Where the call in function N comes back to. */
static uint32_t behind_call(unsigned n)
{
	return (function(n) + CALL + 4) | 1;
}

static uint32_t prel31(uint32_t at, uint32_t target)
{
	return (target - at) & 0x7fffffff;
}

static void set_entry(unsigned n, uint32_t second)
{
	uint32_t at = INDEX + (n - 1) * 8;

	*word_at(at) = prel31(at, function(n));
	*word_at(at + 4) = second;
}

/* Four bytes, the first one highest. */
static uint32_t word_of(uint32_t first, const uint8_t *three)
{
	return first << 24 | be32_load(three) >> 8;
}

/* Function N's table: LEN bytes, in the index if they fit and INLINED, else behind it. */
static void set_table(unsigned n, const uint8_t *bytes, unsigned len, bool inlined)
{
	uint32_t at = INDEX + (n - 1) * 8 + 4, to = TABLES + tables_used;
	uint8_t padded[64];
	unsigned more;

	memset(padded, 0xb0, sizeof(padded));
	if (len)
		memcpy(padded, bytes, len);
	if (len <= 3 && inlined) {
		set_entry(n, word_of(0x80, padded));
		return;
	}
	set_entry(n, prel31(at, to));
	more = len > 2 ? (len - 2 + 3) / 4 : 0;
	*word_at(to) = 0x81000000 | more << 16 | be32_load(padded) >> 16;
	for (unsigned i = 0; i < more; i++)
		*word_at(to + 4 + i * 4) = be32_load(padded + 2 + i * 4);
	tables_used += 4 + more * 4;
}

/* Every function calls by a BL, and has no table. */
static int setup(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		memset(memory[i].words, 0, SIZE);
	for (unsigned n = 0; n < FUNCTIONS; n++) {
		set_halfword(function(n) + CALL, 0xf000);
		set_halfword(function(n) + CALL + 2, 0xf800);
		if (n)
			set_entry(n, CANTUNWIND);
	}
	tables_used = 0;
	image = (struct unwind_image){TEXT,      TEXT + SIZE, INDEX, INDEX + (FUNCTIONS - 1) * 8,
				      read_word, NULL};
	return 0;
}

/* Begins in function N, behind its prologue. */
static struct unwind begin_in(unsigned n, uint32_t sp)
{
	uint32_t r[16] = {0};
	struct unwind u;

	for (unsigned i = 0; i < 13; i++)
		r[i] = 0x1000 + i;
	r[UNWIND_SP] = sp;
	r[UNWIND_LR] = 0xffffffff;
	r[UNWIND_PC] = function(n) + 16;
	unwind_begin(&u, &image, r);
	return u;
}

/* A function's unwind instructions, and what they are to do. */
struct instruction_case {
	uint8_t bytes[12];
	unsigned len;
	int sp;      /* how far up the return address lies; -1: it is refused */
	uint32_t as; /* registers popped, with LR: the words are their places */
};

static const struct instruction_case instruction_cases[] = {
	{{0x84, 0x00}, 2, 4, 1 << 14},
	{{0x00, 0x84, 0x00}, 3, 8, 1 << 14},
	{{0x3f, 0x84, 0x00}, 3, 260, 1 << 14},
	{{0x3f, 0x40, 0x84, 0x00}, 4, 256, 1 << 14},
	{{0x88, 0x00}, 2, 4, 1 << 15},
	{{0x8c, 0x00}, 2, 8, 3 << 14},
	{{0x84, 0x01}, 2, 8, 1 << 14 | 1 << 4},
	{{0x84, 0xff}, 2, 36, 1 << 14 | 0xff0},
	{{0x85, 0x00}, 2, 8, 1 << 14 | 1 << 12},
	{{0x80, 0x00}, 2, -1, 0},
	{{0x82, 0x00}, 2, -1, 0}, /* pops the stack pointer */
	{{0x97, 0x84, 0x00}, 3, 0x104, 1 << 14},
	{{0x9d, 0x84, 0x00}, 3, -1, 0},
	{{0x9f, 0x84, 0x00}, 3, -1, 0},
	{{0xa0, 0x84, 0x00}, 3, 8, 1 << 14 | 1 << 4},
	{{0xa7, 0x84, 0x00}, 3, 36, 1 << 14 | 0xff0},
	{{0xa8}, 1, 8, 1 << 14 | 1 << 4},
	{{0xaf}, 1, 36, 1 << 14 | 0xff0},
	{{0xb1, 0x0f, 0x84, 0x00}, 4, 20, 1 << 14 | 0xf},
	{{0xb1, 0x08, 0x84, 0x00}, 4, 8, 1 << 14 | 8},
	{{0xb1, 0x00, 0x84, 0x00}, 4, -1, 0},
	{{0xb1, 0x10, 0x84, 0x00}, 4, -1, 0},
	{{0xb2, 0x00, 0x84, 0x00}, 4, 0x208, 1 << 14},
	{{0xb2, 0x81, 0x01, 0x84, 0x00}, 5, 0x204 + 0x204 + 4, 1 << 14},
	{{0xb3, 0x83, 0x84, 0x00}, 4, 40, 1 << 14},
	{{0xb4, 0x84, 0x00}, 3, -1, 0},
	{{0xb8, 0x84, 0x00}, 3, 16, 1 << 14},
	{{0xbf, 0x84, 0x00}, 3, 72, 1 << 14},
	{{0xc0, 0x84, 0x00}, 3, -1, 0},
	{{0xc8, 0x01, 0x84, 0x00}, 4, 20, 1 << 14},
	{{0xc9, 0x87, 0x84, 0x00}, 4, 68, 1 << 14},
	{{0xca, 0x84, 0x00}, 3, -1, 0},
	{{0xd0, 0x84, 0x00}, 3, 12, 1 << 14},
	{{0xd7, 0x84, 0x00}, 3, 68, 1 << 14},
	{{0xd8, 0x84, 0x00}, 3, -1, 0},
	{{0xff}, 1, -1, 0},
	{{0x84, 0x00, 0xb0, 0xff}, 4, 4, 1 << 14},
};

#define R7 (STACK + 0x100) /* when an instruction begins */

/* Lays out the words that C pops, which end at TOP. */
static void push(const struct instruction_case *c, uint32_t top)
{
	uint32_t at = top - (uint32_t)__builtin_popcount(c->as) * 4;

	for (unsigned reg = 0; at < top; reg++) {
		if (!(c->as >> reg & 1))
			continue;
		*word_at(at) = reg >= 14 ? behind_call(3) : at;
		at += 4;
	}
}

/* Return addresses wherever the unwinder may look: what is refused is not refused for want of one.
 */
static void offer(struct unwind *u)
{
	u->r[UNWIND_LR] = behind_call(3);
	for (uint32_t at = STACK; at < STACK + 64; at += 4)
		*word_at(at) = behind_call(3);
}

/* What was popped came from the words below TOP; the other registers are as they were. */
static void check_registers(const struct unwind *u, const struct instruction_case *c, uint32_t top)
{
	for (unsigned reg = 0; reg < 13; reg++)
		if (c->as >> reg & 1)
			assert_in_range(u->r[reg], STACK, top - 4);
		else
			assert_int_equal(u->r[reg], reg == 7 ? R7 : 0x1000 + reg);
}

/* What each instruction does to the stack pointer and to the registers. */
static void instructions(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(instruction_cases); i++) {
		const struct instruction_case *c = &instruction_cases[i];
		uint32_t top = STACK + (uint32_t)(c->sp > 0 ? c->sp : 0);
		struct unwind u;
		bool found;

		setup(NULL);
		set_table(2, c->bytes, c->len, i % 2);
		push(c, top);
		u = begin_in(2, STACK);
		u.r[7] = R7;
		if (c->sp < 0)
			offer(&u);
		found = unwind_up(&u) && !u.guessed && u.r[UNWIND_PC] == function(3) + CALL;
		if (found != (c->sp >= 0))
			fail_msg("case %zu: %s", i, found ? "not refused" : "refused");
		if (!found)
			continue;
		if (u.r[UNWIND_SP] != top)
			fail_msg("case %zu: sp %x", i, (unsigned)u.r[UNWIND_SP]);
		check_registers(&u, c, top);
	}
}

/* Chains of calls as a compiler would make them; the whole of each is found, and its end. */
static void chains(void **state UNUSED)
{
	struct rng r = rng_seeded(env_number("UNWIND_SEED", 1));

	for (unsigned round = 0; round < 20000; round++) {
		unsigned chain[12], depth = 1 + rng_below(&r, 11), size[FUNCTIONS], locals, saved;
		uint32_t sp = STACK;
		struct unwind u;

		setup(NULL);
		for (unsigned n = 1; n < FUNCTIONS; n++) {
			uint8_t bytes[4];
			unsigned len = 0;

			locals = rng_below(&r, 3) ? 1 + rng_below(&r, 16) : 0;
			saved = rng_below(&r, 8);
			if (locals)
				bytes[len++] = (uint8_t)(locals - 1);
			bytes[len++] = (uint8_t)(0xa8 + saved);
			set_table(n, bytes, len, rng_below(&r, 2));
			size[n] = (locals + saved + 2) * 4;
		}
		for (unsigned i = 0; i < depth; i++)
			chain[i] = 1 + rng_below(&r, FUNCTIONS - 1);
		chain[depth] = 0; /* the entry called the outermost */
		for (unsigned i = 0; i < depth; i++) {
			sp += size[chain[i]];
			*word_at(sp - 4) = behind_call(chain[i + 1]);
		}
		u = begin_in(chain[0], STACK);
		for (unsigned i = 1; i <= depth; i++) {
			assert_true(unwind_up(&u));
			assert_false(u.guessed);
			assert_int_equal(u.r[UNWIND_PC], function(chain[i]) + CALL);
		}
		assert_int_equal(u.r[UNWIND_SP], sp);
		assert_false(unwind_up(&u));
	}
}

/* Before a function has saved anything, and where code jumped to nowhere, LR is all there is. */
static void before_the_prologue(void **state UNUSED)
{
	static const uint8_t bytes[] = {0xa8};
	struct unwind u;

	set_table(2, bytes, 1, true);
	u = begin_in(2, STACK);
	u.r[UNWIND_PC] = function(2);
	u.r[UNWIND_LR] = behind_call(5);
	assert_true(unwind_up(&u) && !u.guessed);
	assert_int_equal(u.r[UNWIND_PC], function(5) + CALL);
	assert_int_equal(u.r[UNWIND_SP], STACK);
	u = begin_in(2, STACK);
	u.r[UNWIND_PC] = 0;
	u.r[UNWIND_LR] = behind_call(5);
	assert_true(unwind_up(&u) && !u.guessed);
	assert_int_equal(u.r[UNWIND_PC], function(5) + CALL);
}

/* A leaf that saves nothing; its caller has to move the stack pointer then. */
static void a_leaf(void **state UNUSED)
{
	struct unwind u;

	set_table(2, NULL, 0, true);
	set_table(5, NULL, 0, true);
	u = begin_in(2, STACK + SIZE - 4);
	u.r[UNWIND_LR] = behind_call(5);
	assert_true(unwind_up(&u) && !u.guessed);
	assert_int_equal(u.r[UNWIND_PC], function(5) + CALL);
	assert_false(unwind_up(&u));
}

/* The C library has no tables: LR if it may be one, then what looks like a return address. */
static void guesses(void **state UNUSED)
{
	struct unwind u = begin_in(2, STACK);

	*word_at(STACK + 40) = behind_call(7) + 2; /* not behind a call */
	*word_at(STACK + 44) = behind_call(7) - 1; /* nor in ARM state */
	*word_at(STACK + 48) = TEXT + SIZE + 4;
	*word_at(STACK + 52) = behind_call(7);
	u.r[UNWIND_LR] = behind_call(5);
	assert_true(unwind_up(&u) && u.guessed);
	assert_int_equal(u.r[UNWIND_PC], function(5) + CALL);
	assert_int_equal(u.r[UNWIND_SP], STACK);
	assert_true(unwind_up(&u) && u.guessed);
	assert_int_equal(u.r[UNWIND_PC], function(7) + CALL);
	assert_int_equal(u.r[UNWIND_SP], STACK + 56);
	assert_false(unwind_up(&u));
}

/* Every way to call that there is. */
static void calls(void **state UNUSED)
{
	static const struct {
		uint32_t first, second, returns, call;
	} cases[] = {
		{0xf7ff, 0xffff, 5, 0}, /* BL */
		{0xf000, 0xe800, 5, 0}, /* BLX to ARM */
		{0xbf00, 0x4798, 5, 2}, /* BLX r3 */
		{0xfffe, 0xebff, 4, 0}, /* ARM: BL */
		{0xfffe, 0xfbff, 4, 0}, /* ARM: BLX to Thumb */
		{0xff33, 0xe12f, 4, 0}, /* ARM: BLX r3 */
		{0xff33, 0xe12f, 5, 9}, /* none of them in the other state */
		{0xf7ff, 0xffff, 4, 9}, {0xbf00, 0x4718, 5, 9}, /* BX r3 */
		{0xff13, 0xe12f, 4, 9},                         /* ARM: BX r3 */
		{0xf000, 0x8000, 5, 9},                         /* a branch */
		{0xfffe, 0xeaff, 4, 9},                         /* ARM: a branch */
		{0xfffe, 0xebff, 6, 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t at = function(9) + CALL;
		struct unwind u;

		setup(NULL);
		set_halfword(at, cases[i].first);
		set_halfword(at + 2, cases[i].second);
		u = begin_in(2, STACK);
		u.r[UNWIND_PC] = 0;
		u.r[UNWIND_LR] = at + cases[i].returns;
		if (unwind_up(&u) != (cases[i].call != 9))
			fail_msg("case %zu", i);
		if (cases[i].call != 9)
			assert_int_equal(u.r[UNWIND_PC], at + cases[i].call);
	}
}

/* Whatever lies on the stack, in the tables and in the registers: it ends, and stays in the code.
 */
static void garbage(void **state UNUSED)
{
	struct rng r = rng_seeded(env_number("UNWIND_SEED", 1));
	unsigned found = 0;

	for (unsigned round = 0; round < 20000; round++) {
		uint32_t sp = STACK + rng_below(&r, WORDS) * 4 + (rng_below(&r, 8) ? 0 : 2);
		struct unwind u = begin_in(rng_below(&r, FUNCTIONS), sp);
		unsigned steps = 0;

		setup(NULL);
		for (unsigned n = 1; n < FUNCTIONS; n++) {
			uint8_t bytes[16];

			rng_fill(&r, bytes, sizeof(bytes));
			set_table(n, bytes, rng_below(&r, 16), true);
		}
		for (unsigned i = rng_below(&r, 20); i; i--)
			*word_at(INDEX + rng_below(&r, WORDS) * 4) = (uint32_t)rng_next(&r);
		for (unsigned i = 0; i < WORDS; i++)
			memory[3].words[i] = rng_below(&r, 4)
						     ? (uint32_t)rng_next(&r)
						     : behind_call(rng_below(&r, FUNCTIONS));
		if (!rng_below(&r, 4))
			rng_fill(&r, u.r, sizeof(u.r));
		for (sp = u.r[UNWIND_SP], reads = 0; unwind_up(&u); steps++) {
			assert_true(steps <= ARRAY_SIZE(memory) * WORDS);
			assert_true(!steps || u.r[UNWIND_SP] > sp);
			assert_in_range(u.r[UNWIND_PC], TEXT, TEXT + SIZE - 1);
			sp = u.r[UNWIND_SP];
		}
		assert_true(reads < 1000000);
		found += steps;
	}
	assert_true(found > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(instructions, setup),
		cmocka_unit_test_setup(chains, setup),
		cmocka_unit_test_setup(before_the_prologue, setup),
		cmocka_unit_test_setup(a_leaf, setup),
		cmocka_unit_test_setup(guesses, setup),
		cmocka_unit_test_setup(calls, setup),
		cmocka_unit_test_setup(garbage, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
