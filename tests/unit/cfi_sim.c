/* SPDX-License-Identifier: MIT */
#include "tests/unit/cfi_sim.h"

#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_MMIO_H /* these instead */

static uint32_t mmio_read(uintptr_t address);
static void mmio_write(uintptr_t address, uint32_t value);

#include "drivers/cfi_flash.c"

#define HZ 100000000U
#define NS_PER_TICK 10U

struct sim sim;
struct machine machine;

static uint64_t ticks(void)
{
	return sim.ns / NS_PER_TICK;
}

static uint32_t random32(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8 ^ *seed << 16;
}

/* ---- a chip --------------------------------------------------------------------------------- */

/* The words of the erase block that holds WORD. */
static void block_of(uint32_t word, uint32_t *first, uint32_t *words)
{
	uint32_t start = 0;

	for (unsigned i = 0; i < sim.geometry.region_count; i++) {
		uint32_t size = sim.geometry.regions[i].size / 2,
			 all = sim.geometry.regions[i].count * size;

		if (word < start + all) {
			*first = word - (word - start) % size;
			*words = size;
			return;
		}
		start += all;
	}
	fail_msg("word 0x%x is in no block", word);
}

static bool *lock_of(struct sim_chip *c, uint32_t word)
{
	uint32_t first, words;

	block_of(word, &first, &words);
	return &c->unlocked[first / 64];
}

static bool may_change(struct sim_chip *c, uint32_t word)
{
	bool locked = sim.geometry.locks && !*lock_of(c, word);

	c->status |= (uint16_t)((c->no_voltage ? 0x08 : 0) | (locked ? 0x02 : 0));
	return !c->no_voltage && !locked;
}

static void begin(struct sim_chip *c)
{
	c->state = SIM_IDLE;
	c->mode = SIM_STATUS;
	c->busy = sim.take + (c == &sim.chips[1] ? 2 : 0);
	c->status &= (uint16_t)~0x80;
}

/* Programs what the buffer or the word command has; of each bit only what MASK says is reached. */
static void program_cells(struct sim_chip *c, uint32_t *seed)
{
	bool may = may_change(c, c->first);

	for (uint32_t i = 0; i < c->count; i++) {
		uint16_t miss = seed ? (uint16_t)random32(seed) : 0;

		if (c->first + i == c->bad_program)
			c->status |= c->silent ? 0 : 0x10;
		else if (may)
			c->cells[c->first + i] &= (uint16_t)(c->data[i] | miss);
	}
	if (!may)
		c->status |= 0x10;
}

/* An erase that is cut leaves anything: chips program all bits to 0 first. */
static void erase_cells(struct sim_chip *c, uint32_t *seed)
{
	uint32_t first, words;

	block_of(c->block, &first, &words);
	if (!may_change(c, c->block) || (c->bad_erase >= first && c->bad_erase - first < words)) {
		c->status |= 0x20;
		return;
	}
	for (uint32_t i = 0; i < words; i++)
		c->cells[first + i] = seed ? (uint16_t)random32(seed) : 0xffff;
}

static void confirm_with(struct sim_chip *c, uint16_t value, uint32_t *seed)
{
	uint32_t first, words, other;

	block_of(c->block, &first, &other);
	words = other;
	if (value != 0xd0) {
		c->status |= 0x30;
	} else if (c->state == SIM_ERASE) {
		erase_cells(c, seed);
	} else if (c->state == SIM_LOCK) {
		*lock_of(c, c->block) = c->locked_down - first >= words;
	} else {
		assert_int_equal(c->taken, c->count);
		program_cells(c, seed);
	}
	begin(c);
}

static void command(struct sim_chip *c, uint32_t word, uint16_t value)
{
	c->block = word;
	switch (value) {
	case 0xff:
		c->mode = SIM_ARRAY;
		return;
	case 0x98:
		assert_int_equal(word, 0x55);
		c->mode = SIM_QUERY;
		return;
	case 0x50:
		c->status &= 0x80;
		return;
	case 0x20:
		c->state = SIM_ERASE;
		break;
	case 0x60:
		assert_true(sim.geometry.locks);
		c->state = SIM_LOCK;
		break;
	case 0x40:
		c->state = SIM_WORD;
		break;
	case 0xe8:
		assert_true(sim.geometry.buffer);
		c->state = SIM_COUNT;
		break;
	default:
		fail_msg("no command: 0x%x at word 0x%x", value, word);
	}
	c->mode = SIM_STATUS;
}

static void take_word(struct sim_chip *c, uint32_t word, uint16_t value)
{
	uint32_t first, words;

	block_of(c->block, &first, &words);
	assert_in_range(word, first, first + words - 1);
	if (!c->taken++) {
		c->first = word;
		memset(c->data, 0xff, c->count * sizeof(c->data[0]));
	}
	assert_in_range(word, c->first, c->first + c->count - 1);
	/* The buffer's room is aligned. */
	assert_int_equal(word >> (sim.geometry.buffer - 1), c->first >> (sim.geometry.buffer - 1));
	c->data[word - c->first] = value;
	if (c->taken == c->count)
		c->state = SIM_FULL;
}

/* SEED: the power goes meanwhile. */
static void chip_write(struct sim_chip *c, uint32_t word, uint16_t value, uint32_t *seed)
{
	if (c->stuck && c->busy)
		return; /* it hears nothing any more */
	assert_int_equal(c->busy, 0);
	switch (c->state) {
	case SIM_IDLE:
		command(c, word, value);
		return;
	case SIM_WORD:
		c->first = word;
		c->count = 1;
		c->data[0] = value;
		program_cells(c, seed);
		begin(c);
		return;
	case SIM_COUNT:
		assert_true(value < 1U << (sim.geometry.buffer - 1));
		c->count = value + 1U;
		c->taken = 0;
		c->state = SIM_DATA;
		return;
	case SIM_DATA:
		take_word(c, word, value);
		return;
	case SIM_FULL:
	case SIM_ERASE:
	case SIM_LOCK:
		confirm_with(c, value, seed);
		return;
	}
}

static uint16_t chip_read(struct sim_chip *c, uint32_t word)
{
	uint16_t status;

	switch (c->mode) {
	case SIM_ARRAY:
		return c->cells[word];
	case SIM_QUERY:
		return word < sizeof(c->query) ? c->query[word] : 0;
	case SIM_STATUS:
		break;
	}
	status = c->status;
	if (c->busy && !c->stuck && !--c->busy)
		c->status |= 0x80;
	return status;
}

/* ---- the bus -------------------------------------------------------------------------------- */

static uint32_t mmio_read(uintptr_t address)
{
	uint32_t word = (uint32_t)(address - SIM_BASE) / 4;

	assert_true(address % 4 == 0 && address - SIM_BASE < SIM_ROOM);
	sim.ns += sim.step;
	return chip_read(&sim.chips[0], word) | (uint32_t)chip_read(&sim.chips[1], word) << 16;
}

static void mmio_write(uintptr_t address, uint32_t value)
{
	uint32_t word = (uint32_t)(address - SIM_BASE) / 4, seed = sim.seed;
	bool cut = ++sim.writes == sim.cut;

	assert_true(address % 4 == 0 && address - SIM_BASE < SIM_ROOM);
	sim.ns += sim.step;
	for (int i = 0; i < 2; i++)
		if (!cut || sim.seed)
			chip_write(&sim.chips[i], word, (uint16_t)(value >> 16 * i),
				   cut ? &seed : NULL);
	if (cut)
		longjmp(sim.off, 1);
}

static void make_query(uint8_t q[0x60], const struct sim_geometry *g)
{
	memset(q, 0, 0x60);
	memcpy(q + 0x10, "QRY", 3);
	q[0x13] = (uint8_t)g->command_set;
	q[0x14] = (uint8_t)(g->command_set >> 8);
	q[0x15] = 0x50;
	q[0x1f] = g->word_time;
	q[0x20] = g->buffer_time;
	q[0x21] = g->erase_time;
	q[0x23] = q[0x24] = q[0x25] = g->most;
	q[0x27] = (uint8_t)g->power;
	q[0x2a] = (uint8_t)g->buffer;
	q[0x2c] = (uint8_t)g->region_count;
	for (unsigned i = 0; i < g->region_count; i++) {
		uint8_t *p = q + 0x2d + 4 * i;
		uint32_t count = g->regions[i].count - 1, units = g->regions[i].size / 256;

		p[0] = (uint8_t)count;
		p[1] = (uint8_t)(count >> 8);
		p[2] = (uint8_t)units;
		p[3] = (uint8_t)(units >> 8);
	}
	memcpy(q + 0x50, "PRI11", 5);
	q[0x55] = g->locks ? 0x20 : 0;
}

void sim_power_on(void)
{
	for (int i = 0; i < 2; i++) {
		struct sim_chip *c = &sim.chips[i];

		c->mode = SIM_ARRAY;
		c->state = SIM_IDLE;
		c->status = 0x80;
		c->busy = 0;
		memset(c->unlocked, 0, sizeof(c->unlocked));
	}
	sim.cut = 0;
	sim.writes = 0;
}

void sim_start(const struct sim_geometry *geometry)
{
	static const struct clock_counter counter = {.read = ticks, .hz = HZ};

	memset(&sim, 0, sizeof(sim));
	sim.geometry = *geometry;
	sim.take = 3;
	sim.step = 100;
	for (int i = 0; i < 2; i++) {
		struct sim_chip *c = &sim.chips[i];

		make_query(c->query, geometry);
		memset(c->cells, 0xff, sizeof(c->cells));
		c->bad_program = c->bad_erase = c->locked_down = SIM_NONE;
	}
	sim_power_on();
	clock_reset();
	clock_add(&counter);
}

uint8_t sim_byte(uint32_t off)
{
	return (uint8_t)(sim.chips[off / 2 % 2].cells[off / 4] >> 8 * (off % 2));
}

void sim_set_byte(uint32_t off, uint8_t value)
{
	uint16_t *cell = &sim.chips[off / 2 % 2].cells[off / 4];
	unsigned shift = 8 * (off % 2);

	*cell = (uint16_t)((*cell & ~(0xff << shift)) | value << shift);
}

bool sim_readable(void)
{
	return sim.chips[0].mode == SIM_ARRAY && sim.chips[1].mode == SIM_ARRAY;
}
