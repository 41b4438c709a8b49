/* SPDX-License-Identifier: MIT */
#include "mm/memtest.h"

#include <errno.h>

#define WORD ((phys_addr_t)sizeof(uint32_t))
#define STOP_ASKED KIB(64) /* bytes between two looks for a stop */

struct run {
	const struct memtest *t;
	phys_addr_t base, end;
	bool faulty;
};

static void put(const struct run *r, phys_addr_t addr, uint32_t word)
{
	r->t->write(r->t->ctx, addr, &word, 1);
}

/* Reads ADDR, where WRITTEN should be; whether it is. */
static bool expect(struct run *r, const char *test, phys_addr_t addr, uint32_t written)
{
	struct memtest_fault f = {.test = test, .addr = addr, .written = written};

	r->t->read(r->t->ctx, addr, &f.read, 1);
	if (f.read == written)
		return true;
	r->faulty = true;
	r->t->fault(r->t->ctx, &f);
	return false;
}

/*
 * One bit set, then one bit clear, at each place. In between the lines carry the complement, read
 * from the next word if there is one: what lingers on them must not pass for what was kept.
 */
static void test_data_lines(struct run *r)
{
	phys_addr_t other = r->base + WORD < r->end ? r->base + WORD : r->base;

	for (unsigned i = 0; i < 64; i++) {
		uint32_t word = i < 32 ? 1u << i : ~(1u << (i - 32)), complement;

		put(r, other, ~word);
		put(r, r->base, word);
		r->t->read(r->t->ctx, other, &complement, 1);
		expect(r, "data lines", r->base, word);
	}
}

/* The address in the range with the most zeros at its end: most lines can be tried from there. */
static phys_addr_t roundest(const struct run *r)
{
	phys_addr_t at = r->base;

	for (phys_addr_t bit = WORD; bit; bit <<= 1) {
		phys_addr_t next = ROUND_UP(at, bit);

		if (next < at || next >= r->end)
			break;
		at = next;
	}
	return at;
}

/*
 * Words whose addresses differ in one bit from PIVOT's get a number each, PIVOT another one, last
 * of all; then each must have its own. A line that is stuck or missing makes PIVOT and its
 * neighbour one word, two that touch make one of two neighbours.
 */
static void test_address_lines(struct run *r)
{
	const char *const test = "address lines";
	phys_addr_t pivot = roundest(r);

	for (unsigned pass = 0; pass < 2; pass++) {
		uint32_t flip = pass ? UINT32_MAX : 0;

		for (unsigned n = 2; n < 8 * sizeof(pivot); n++) {
			phys_addr_t at = pivot ^ (phys_addr_t)1 << n;

			if (at >= r->base && at < r->end)
				put(r, at, (0x01010101u * n) ^ flip);
		}
		put(r, pivot, 0xa5a5a5a5u ^ flip);
		expect(r, test, pivot, 0xa5a5a5a5u ^ flip);
		for (unsigned n = 2; n < 8 * sizeof(pivot); n++) {
			phys_addr_t at = pivot ^ (phys_addr_t)1 << n;

			if (at >= r->base && at < r->end)
				expect(r, test, at, (0x01010101u * n) ^ flip);
		}
	}
}

/* The number for the word at ADDR: no two words within 16 GiB have the same. */
static uint32_t number_of(phys_addr_t addr, uint32_t flip)
{
	return (uint32_t)(addr / WORD) * 0x9e3779b1u ^ flip;
}

static size_t block_at(const struct run *r, phys_addr_t addr)
{
	phys_addr_t words = (r->end - addr) / WORD;

	return words < MEMTEST_BLOCK ? (size_t)words : MEMTEST_BLOCK;
}

/* Whether to stop, asked at every so many bytes. */
static bool stop_at(const struct run *r, phys_addr_t addr)
{
	return (addr - r->base) % STOP_ASKED == 0 && r->t->stop(r->t->ctx);
}

static void check_block(struct run *r, phys_addr_t addr, size_t count, uint32_t flip)
{
	uint32_t words[MEMTEST_BLOCK];

	r->t->read(r->t->ctx, addr, words, count);
	for (size_t i = 0; i < count; i++) {
		struct memtest_fault f = {.test = "pattern", .addr = addr + (phys_addr_t)i * WORD};

		f.written = number_of(f.addr, flip);
		f.read = words[i];
		if (f.read == f.written)
			continue;
		r->faulty = true;
		r->t->fault(r->t->ctx, &f);
	}
}

/* Fills everything, then looks at everything: a word that another one lies on is overwritten. */
static int test_pattern(struct run *r, uint32_t flip)
{
	uint32_t words[MEMTEST_BLOCK];
	phys_addr_t addr;
	size_t count;

	for (addr = r->base; addr < r->end; addr += (phys_addr_t)count * WORD) {
		if (stop_at(r, addr))
			return -ECANCELED;
		count = block_at(r, addr);
		for (size_t i = 0; i < count; i++)
			words[i] = number_of(addr + (phys_addr_t)i * WORD, flip);
		r->t->write(r->t->ctx, addr, words, count);
	}
	for (addr = r->base; addr < r->end; addr += (phys_addr_t)count * WORD) {
		if (stop_at(r, addr))
			return -ECANCELED;
		count = block_at(r, addr);
		check_block(r, addr, count, flip);
	}
	return 0;
}

int memtest_run(const struct memtest *t, phys_addr_t base, phys_addr_t size)
{
	struct run r = {.t = t, .base = base, .end = base + size};

	if (!size)
		return 0;
	test_data_lines(&r);
	test_address_lines(&r);
	if (test_pattern(&r, 0) || test_pattern(&r, UINT32_MAX))
		return -ECANCELED;
	return r.faulty ? -EIO : 0;
}
