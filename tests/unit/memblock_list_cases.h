/* SPDX-License-Identifier: MIT */
/* Cases of test_memblock.c that are pictures: one row is one test. */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_LIST_CASES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_LIST_CASES_H

#include "memblock_pictures.h"

/** BEFORE, and a call for the range from the first x of X to the last, make AFTER. */
struct list_case {
	const char *name;
	const char *before;
	const char *x;
	const char *after;
};

/** memblock_add() to `memory`, memblock_reserve() to `reserved`. */
static const struct list_case add_cases[] = {
	{
		"add to nothing",
		"........",
		"..xxx...",
		"..###...",
	},
	{
		"add below",
		"....###.",
		".xx.....",
		".##.###.",
	},
	{
		"add above",
		".###....",
		".....xx.",
		".###.##.",
	},
	{
		"add between",
		".#.....#.",
		"...xx....",
		".#.##..#.",
	},
	{
		"add over the end of a region",
		"..###...",
		"...xxxx.",
		"..#####.",
	},
	{
		"add over the start of a region",
		"...###..",
		".xxxx...",
		".#####..",
	},
	{
		"add inside a region",
		".#####..",
		"..xxx...",
		".#####..",
	},
	{
		"add around a region",
		"...##...",
		".xxxxxx.",
		".######.",
	},
	{
		"add what is there",
		"..###...",
		"..xxx...",
		"..###...",
	},
	{
		"add that touches the end",
		".##.....",
		"...xx...",
		".####...",
	},
	{
		"add that touches the start",
		".....##.",
		"...xx...",
		"...####.",
	},
	{
		"add that fills a gap",
		".##..##.",
		"...xx...",
		".######.",
	},
	{
		"add over a gap and both sides",
		".##..##.",
		"..xxxx..",
		".######.",
	},
	{
		"add over many regions",
		"#.#.#.#.#",
		".xxxxx...",
		"#######.#",
	},
	{
		"add from the first page",
		"..#.....",
		"x.......",
		"#.#.....",
	},
};

/** memblock_remove() from `memory`, memblock_phys_free() from `reserved`. */
static const struct list_case cut_cases[] = {
	{
		"cut of nothing",
		"........",
		"..xxx...",
		"........",
	},
	{
		"cut of what is absent",
		"#...#...",
		".xxx....",
		"#...#...",
	},
	{
		"cut of the only region",
		"..###...",
		"..xxx...",
		"........",
	},
	{
		"cut of more than the only region",
		"..###...",
		"xxxxxxx.",
		"........",
	},
	{
		"cut of the first of two",
		".##..##.",
		".xx.....",
		".....##.",
	},
	{
		"cut of the last of two",
		".##..##.",
		".....xx.",
		".##.....",
	},
	{
		"cut inside splits",
		".#####.#",
		"..xxx...",
		".#...#.#",
	},
	{
		"cut of the start",
		"..####..",
		".xxx....",
		"....##..",
	},
	{
		"cut of the end",
		"..####..",
		"....xxx.",
		"..##....",
	},
	{
		"cut across two",
		".###.###",
		"...xxx..",
		".##...##",
	},
	{
		"cut across many",
		"##.#.#.##",
		".xxxxxxx.",
		"#.......#",
	},
};

/** memblock_cap_memory_range() to the x's. */
struct cap_case {
	const char *name;
	const char *x;
	const char *memory;
	const char *memory_after;
	const char *reserved;
	const char *reserved_after;
};

static const struct cap_case cap_cases[] = {
	{
		"cap keeps what lies inside",
		"...xxx....",
		"##.####.##",
		"...###....",
		"..########",
		"...###....",
	},
	{
		"cap keeps no-map outside",
		"....xx.....",
		"#nn####nnn#",
		".nn.##.nnn.",
		"#.........#",
		"...........",
	},
	{
		"cap keeps no-map on its border whole",
		"....xxxx.....",
		"##nnnn####nn#",
		"..nnnn##..nn.",
		"#############",
		"....####.....",
	},
	{
		"cap to where nothing is",
		"..xxx...",
		"##...##.",
		"........",
		"#..#..#.",
		"...#....",
	},
	{
		"cap around everything",
		"xxxxxxx",
		".##h.#.",
		".##h.#.",
		"...##..",
		"...##..",
	},
	{
		"cap removes what has other flags",
		"...xx..",
		"hm####d",
		"...##..",
		".......",
		".......",
	},
	{
		"cap without memory does nothing to the reservations either",
		"..xxx..",
		".......",
		".......",
		"##..##.",
		"##..##.",
	},
};

/** memblock_trim_memory() to multiples of ALIGN pages. */
struct trim_case {
	const char *name;
	unsigned align;
	const char *before;
	const char *after;
};

static const struct trim_case trim_cases[] = {
	{
		"trim of aligned memory",
		4,
		"....####....nnnn",
		"....####....nnnn",
	},
	{
		"trim moves a base up",
		4,
		"####.###########",
		"####....########",
	},
	{
		"trim moves an end down",
		4,
		"####....#######.",
		"####....####....",
	},
	{
		"trim removes what gets empty (1)",
		4,
		"####.##.###.####",
		"####........####",
	},
	{
		"trim removes what gets empty (2)",
		4,
		"####.......#####",
		"####........####",
	},
	{
		"trim removes what gets empty (3)",
		4,
		".##.",
		"....",
	},
	{
		"trim of unlike neighbours (1)",
		4,
		"#####nnnnnn#####",
		"####........####",
	},
	{
		"trim of unlike neighbours (2)",
		4,
		"#####nnnnnnn####",
		"####....nnnn####",
	},
};

/** The free ranges that FLAGS pick are, in this order, the runs of letters in FREE. */
struct free_case {
	const char *name;
	enum memblock_flags flags;
	const char *memory;
	const char *reserved;
	const char *free;
};

static const struct free_case free_cases[] = {
	{
		"free ranges without reservations",
		MEMBLOCK_NONE,
		".##..#.",
		".......",
		".aa..b.",
	},
	{
		"free ranges between reservations",
		MEMBLOCK_NONE,
		"##########",
		".##.#..##.",
		"a..b.cc..d",
	},
	{
		"free ranges under reservations (1)",
		MEMBLOCK_NONE,
		".##..##.##.",
		"##..####.#.",
		"..a.....b..",
	},
	{
		"free ranges under reservations (2)",
		MEMBLOCK_NONE,
		"..##.##..",
		"#########",
		".........",
	},
	/* A range never crosses from one region into the next. */
	{
		"free ranges end with their region",
		MEMBLOCK_NONE,
		".##hh##.",
		"..#.....",
		".a.bbcc.",
	},
	{
		"free ranges that nothing picks",
		MEMBLOCK_NONE,
		"##nn##.nn.hb",
		"#....#......",
		".a..b.....c.",
	},
	{
		"free ranges with no-map",
		MEMBLOCK_NOMAP,
		"nhbd#m.n",
		"........",
		"abc.de.f",
	},
	{
		"free ranges with driver-managed",
		MEMBLOCK_DRIVER_MANAGED | MEMBLOCK_HOTPLUG,
		"nhbd#m.d",
		".......#",
		".a.bcd..",
	},
	{
		"free ranges of mirrored memory",
		MEMBLOCK_MIRROR,
		"nhbm#mmd",
		".....#..",
		"...a..b.",
	},
};

#endif
