/* SPDX-License-Identifier: MIT */
/*
 * The rows of the store on the board: prints "KIND ROW N fixed ENGINE VALUE" as the host does, with
 * the KINDs insn, barriers and lines, and for what is not the store's an ENGINE called loop.
 */
#include <stdio.h>
#include <string.h>

#include "boot/exception.h"
#include "boot/layout.h"
#include "boot/mmu.h"
#include "drivers/cp15.h"
#include "mm/heap.h"
#include "mm/memblock.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/board.h"

#define RAM_SIZE 0x8000000u /* as much as the board has without -m */
#define HEAP_SIZE 0x2000000u

static uint64_t began;
static const char *engine_name;

void bench_fail(const char *what)
{
	panic("bench-store: %s: %s", engine_name, what);
}

void bench_clean(const void *ptr, size_t len)
{
	clean_dcache(ptr, len);
}

void bench_barrier(void)
{
	dsb();
}

void bench_window(bool open)
{
	mmu_store_window(NULL, open);
}

static void begin(void)
{
	began = board_ticks();
}

/* Prints TENTHS / OPS tenths. */
static void print(const char *kind, const char *row, uint64_t tenths, uint32_t ops)
{
	unsigned long each = (unsigned long)((tenths + ops / 2) / ops);
	char line[96];

	snprintf(line, sizeof(line), "%s %s %d fixed %s %lu.%lu\n", kind, row, BENCH_BOARD_ENTRIES,
		 engine_name, each / 10, each % 10);
	board_print(line);
}

static void end(const char *row, uint32_t ops, struct engine_cost cost)
{
	uint64_t ticks = board_ticks() - began;

	print("insn", row, board_tenths(ticks), ops);
	if (!cost.barriers)
		return;
	print("barriers", row, cost.barriers * 10, ops);
	print("lines", row, cost.lines * 10, ops);
}

static void ignore(void)
{
}

static void ignore_end(const char *row, uint32_t ops, struct engine_cost cost)
{
	(void)row;
	(void)ops;
	(void)cost;
}

static void make_heap(void)
{
	uintptr_t image = (uintptr_t)__image_start;

	memblock_add(RAM_OF(image), RAM_SIZE);
	memblock_reserve(RAM_OF(image), (uintptr_t)__image_end - RAM_OF(image));
	mmu_map_normal(RAM_OF(image), RAM_SIZE);
	if (heap_init(HEAP_SIZE) != HEAP_SIZE)
		panic("bench: there is no memory for the heap");
}

void bench_board(void)
{
	const struct bench_meter none = {.begin = ignore, .end = ignore_end};
	const struct bench_meter meter = {.begin = begin, .end = end};

	make_heap();
	bench_store_prepare(BENCH_BOARD_ENTRIES, BENCH_FIXED);
	engine_name = "loop";
	bench_store_loop(&meter);
	for (const struct engine *engine = engines; engine->name; engine++) {
		engine_name = engine->name;
		bench_store_cycle(engine, &none); /* as on the host */
		bench_store_cycle(engine, &meter);
	}
}
