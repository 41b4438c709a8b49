/* SPDX-License-Identifier: MIT */
/* The test of RAM, on memory that is simulated with the faults that boards have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "mm/memtest.h"

#define WORDS 4096U
#define BASE 0x1000000U /* at which a word is index 0 */

/* Memory of WORDS words, whose lines a test damages. */
static struct {
	uint32_t words[WORDS];
	uint32_t stuck_high, stuck_low; /* data lines */
	uint32_t address_low;           /* address lines, as bits of an index, that are always 0 */
	uint32_t shorted;               /* two of those: each is high only if both are */
	uint32_t address_high;          /* and that are always 1 */
	uint32_t bad_word, bad_bits;    /* bits of one word that are always 0 */
	uint32_t victim;                /* a data line that the others pull up, if they all are */
	bool missing;                   /* bad_word is not there: the lines keep what they had */
	uint32_t both_word, both_with;  /* reading one opens the other, too: only ones of both */
	uint32_t lines;                 /* what the data lines had last */
} memory;

static struct memtest_fault first;
static unsigned faults, looks, stop_after;

static size_t index_of(phys_addr_t addr)
{
	uint32_t index;

	assert_true(addr >= BASE && addr < BASE + WORDS * 4 && addr % 4 == 0);
	index = (uint32_t)(addr - BASE) / 4;
	if ((index & memory.shorted) != memory.shorted)
		index &= ~memory.shorted;
	return (index | memory.address_high) & ~memory.address_low;
}

static void write_memory(void *ctx, phys_addr_t addr, const uint32_t *words, size_t count)
{
	(void)ctx;
	assert_in_range(count, 1, MEMTEST_BLOCK);
	for (size_t i = 0; i < count; i++) {
		size_t index = index_of(addr + (phys_addr_t)i * 4);

		memory.lines = words[i];
		if (!memory.missing || index != memory.bad_word)
			memory.words[index] = words[i];
	}
}

static void read_memory(void *ctx, phys_addr_t addr, uint32_t *words, size_t count)
{
	(void)ctx;
	assert_in_range(count, 1, MEMTEST_BLOCK);
	for (size_t i = 0; i < count; i++) {
		size_t index = index_of(addr + (phys_addr_t)i * 4);

		words[i] = (memory.words[index] | memory.stuck_high) & ~memory.stuck_low;
		if (memory.bad_bits && index == memory.bad_word)
			words[i] &= ~memory.bad_bits;
		if (memory.missing && index == memory.bad_word)
			words[i] = memory.lines;
		if (memory.both_with && index == memory.both_word)
			words[i] &= memory.words[memory.both_with];
		if (memory.victim && (words[i] | memory.victim) == UINT32_MAX)
			words[i] = UINT32_MAX;
		memory.lines = words[i];
	}
}

static void take_fault(void *ctx, const struct memtest_fault *f)
{
	(void)ctx;
	assert_int_not_equal(f->written, f->read);
	if (!faults++)
		first = *f;
}

static bool stop(void *ctx)
{
	(void)ctx;
	return stop_after && ++looks > stop_after;
}

static const struct memtest test = {
	.write = write_memory,
	.read = read_memory,
	.fault = take_fault,
	.stop = stop,
};

static int setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	faults = looks = stop_after = 0;
	return 0;
}

static int run(void)
{
	return memtest_run(&test, BASE, WORDS * 4);
}

/* Sound memory of every size and place is found sound, and nothing else is touched. */
static void sound(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 70; at += 3) {
		for (unsigned n = 0; n < 300; n++) {
			memset(memory.words, 0x5a, sizeof(memory.words));
			assert_int_equal(memtest_run(&test, BASE + at * 4, n * 4), 0);
			for (unsigned i = 0; i < 400; i++)
				if (i < at || i >= at + n)
					assert_int_equal(memory.words[i], 0x5a5a5a5a);
		}
	}
	assert_int_equal(run(), 0);
	assert_int_equal(faults, 0);
}

static void stuck_data_lines(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		setup(NULL);
		memory.stuck_high = 1u << i;
		assert_int_equal(run(), -EIO);
		assert_string_equal(first.test, "data lines");
		assert_int_equal(first.written ^ first.read, 1u << i);
		setup(NULL);
		memory.stuck_low = 1u << i;
		assert_int_equal(run(), -EIO);
		assert_string_equal(first.test, "data lines");
		assert_int_equal(first.written ^ first.read, 1u << i);
	}
}

static void missing_address_lines(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit < WORDS; bit <<= 1) {
		setup(NULL);
		memory.address_low = bit;
		assert_int_equal(run(), -EIO);
		assert_string_equal(first.test, "address lines");
	}
}

static void shorted_address_lines(void **state)
{
	(void)state;
	for (uint32_t a = 1; a < WORDS; a <<= 1) {
		for (uint32_t b = a << 1; b < WORDS; b <<= 1) {
			setup(NULL);
			memory.shorted = a | b;
			assert_int_equal(run(), -EIO);
			assert_string_equal(first.test, "address lines");
		}
	}
}

/* One bit of one word: its address and the bit are told, and nothing else. */
static void one_bad_bit(void **state)
{
	(void)state;
	for (uint32_t word = 5; word < WORDS; word += 97) {
		for (unsigned bit = 0; bit < 32; bit += 5) {
			setup(NULL);
			memory.bad_word = word;
			memory.bad_bits = 1u << bit;
			assert_int_equal(run(), -EIO);
			assert_int_equal(faults, 1);
			assert_true(first.addr == BASE + word * 4);
			assert_int_equal(first.written ^ first.read, 1u << bit);
		}
	}
}

static void line_pulled_up_by_all_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		setup(NULL);
		memory.victim = 1u << i;
		assert_int_equal(run(), -EIO);
		assert_string_equal(first.test, "data lines");
		assert_int_equal(first.read, UINT32_MAX);
		assert_int_equal(first.written, ~(1u << i));
	}
}

/* What lingers on the lines is not what was kept. */
static void missing_memory(void **state)
{
	(void)state;
	memory.missing = true;
	assert_int_equal(run(), -EIO);
	assert_string_equal(first.test, "data lines");
}

static void stuck_address_lines(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit < WORDS; bit <<= 1) {
		setup(NULL);
		memory.address_high = bit;
		assert_int_equal(run(), -EIO);
		assert_string_equal(first.test, "address lines");
	}
}

/* All of it from word 100 on, where another word than the first one is the pivot. */
static void at_the_pivot(void **state)
{
	(void)state;
	memory.bad_word = WORDS / 2;
	memory.bad_bits = UINT32_MAX;
	assert_int_equal(memtest_run(&test, BASE + 400, WORDS * 4 - 400), -EIO);
	assert_string_equal(first.test, "address lines");
	assert_true(first.addr == BASE + WORDS / 2 * 4);
}

/* Words that differ in one address line, of which reading one opens both: the pattern of bits that
 * hides it in one pass does not in the other. */
static void opened_at_once(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit < WORDS / 2; bit <<= 1) {
		setup(NULL);
		memory.both_word = WORDS / 2 | bit;
		memory.both_with = WORDS / 2;
		assert_int_equal(memtest_run(&test, BASE + 400, WORDS * 4 - 400), -EIO);
		assert_string_equal(first.test, "address lines");
	}
}

static void stopped(void **state)
{
	(void)state;
	stop_after = 1;
	assert_int_equal(run(), -ECANCELED);
	assert_int_equal(looks, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound, setup),
		cmocka_unit_test_setup(stuck_data_lines, setup),
		cmocka_unit_test_setup(missing_address_lines, setup),
		cmocka_unit_test_setup(shorted_address_lines, setup),
		cmocka_unit_test_setup(one_bad_bit, setup),
		cmocka_unit_test_setup(line_pulled_up_by_all_others, setup),
		cmocka_unit_test_setup(missing_memory, setup),
		cmocka_unit_test_setup(stuck_address_lines, setup),
		cmocka_unit_test_setup(at_the_pivot, setup),
		cmocka_unit_test_setup(opened_at_once, setup),
		cmocka_unit_test_setup(stopped, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
