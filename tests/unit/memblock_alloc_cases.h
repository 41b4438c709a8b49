/* SPDX-License-Identifier: MIT */
/* Cases of test_memblock_alloc.c that are pictures: one row is one test. */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_ALLOC_CASES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_ALLOC_CASES_H

#include "memblock_pictures.h"

/** An allocation; DOWN and UP are the reservations after it by direction, NULL if it is refused. */
struct alloc_case {
	const char *name;
	struct {
		unsigned pages;
		unsigned align; /* in pages */
	} size;
	const char *memory;
	const char *reserved;
	const char *down;
	const char *up;
};

static const struct alloc_case alloc_cases[] = {
	{
		"alloc from free memory",
		{2, 1},
		".######.",
		"........",
		".....##.",
		".##.....",
	},
	{
		"alloc of everything",
		{6, 1},
		".######.",
		"........",
		".######.",
		".######.",
	},
	{
		"alloc next to a reservation",
		{1, 1},
		".######.",
		".#....#.",
		".#...##.",
		".##...#.",
	},
	{
		"alloc of an exact gap merges",
		{2, 1},
		".######.",
		".##..##.",
		".######.",
		".######.",
	},
	{
		"alloc skips gaps that are too small",
		{2, 1},
		".##########.",
		".#.##...#.#.",
		".#.##.###.#.",
		".#.####.#.#.",
	},
	/* The first place in the direction, not the one that fits best. */
	{
		"alloc is first fit",
		{2, 1},
		".###########.",
		".#...#..#...#",
		".#...#..#.###",
		".###.#..#...#",
	},
	{
		"alloc takes the first region that fits",
		{2, 1},
		".#.###.###.#.",
		".............",
		"........##...",
		"...##........",
	},
	{
		"alloc never crosses regions (1)",
		{4, 1},
		".###hh###.",
		"..........",
		NULL,
		NULL,
	},
	{
		"alloc never crosses regions (2)",
		{2, 1},
		".#hh#.",
		"......",
		"..##..",
		"..##..",
	},
	{
		"alloc never runs out of memory into the hole before a reservation",
		{4, 1},
		".###....",
		"......#.",
		NULL,
		NULL,
	},
	{
		"alloc skips no-map (1)",
		{2, 1},
		".nn##nn.",
		"........",
		"...##...",
		"...##...",
	},
	{
		"alloc never runs out of memory into the hole before a reservation",
		{4, 1},
		".###....",
		"......#.",
		NULL,
		NULL,
	},
	{
		"alloc skips no-map (2)",
		{2, 1},
		".nn#bnn.",
		"........",
		NULL,
		NULL,
	},
	{
		"alloc skips driver managed",
		{1, 1},
		".dd##dd.",
		"........",
		"....#...",
		"...#....",
	},
	/* Hotpluggable memory is memory like any other. */
	{
		"alloc from hotplug",
		{1, 1},
		".hh##hh.",
		"........",
		"......#.",
		".#......",
	},
	{
		"alloc aligns the address (1)",
		{1, 4},
		".############.",
		"..............",
		"............#.",
		"....#.........",
	},
	{
		"alloc aligns the address (2)",
		{2, 4},
		".#########.",
		"....#...#..",
		NULL,
		NULL,
	},
	{
		"alloc aligns the address (3)",
		{4, 4},
		"...#######...",
		".............",
		"....####.....",
		"....####.....",
	},
	/* The alignment can push a block out of a gap that is large enough. */
	{
		"alloc goes on where alignment does not fit (1)",
		{3, 4},
		".##########.",
		"......#.....",
		"......#.###.",
		"......#.###.",
	},
	{
		"alloc goes on where alignment does not fit (2)",
		{3, 4},
		"#######.",
		"#......#",
		"#...####",
		"#...####",
	},
	{
		"alloc refuses what is too large (1)",
		{5, 1},
		".####.",
		"......",
		NULL,
		NULL,
	},
	{
		"alloc refuses what is too large (2)",
		{3, 1},
		".####.",
		"..#...",
		NULL,
		NULL,
	},
	{
		"alloc refuses what is too large (3)",
		{1, 1},
		".####.",
		".####.",
		NULL,
		NULL,
	},
	{
		"alloc refuses what is too large (4)",
		{1, 1},
		"......",
		"......",
		NULL,
		NULL,
	},
	/* Reservations need not lie in memory: what hangs over only shortens it. */
	{
		"alloc beside reservations outside (1)",
		{1, 1},
		"..####..#.",
		"###..#####",
		"###.######",
		"####.#####",
	},
	{
		"alloc beside reservations outside (2)",
		{1, 1},
		"..####..#.",
		"#.#..##.##",
		"#.#.###.##",
		"#.##.##.##",
	},
};

/** An allocation of PAGES between the first x and the last. */
struct range_case {
	const char *name;
	unsigned pages;
	const char *x;
	const char *memory;
	const char *reserved;
	const char *down;
	const char *up;
};

/** memblock_phys_alloc_range(): never outside. */
static const struct range_case range_cases[] = {
	{
		"range inside memory",
		1,
		"..xxxx..",
		".######.",
		"........",
		".....#..",
		"..#.....",
	},
	{
		"range around memory",
		1,
		"xxxxxxxx",
		"..####..",
		"........",
		".....#..",
		"..#.....",
	},
	{
		"range over regions",
		3,
		"..xxxxxxx.",
		".###.#####",
		"..........",
		"......###.",
		".....###..",
	},
	{
		"range is never left (1)",
		2,
		"...xx...",
		".######.",
		"...#....",
		NULL,
		NULL,
	},
	{
		"range is never left (2)",
		1,
		"......xx",
		".#####..",
		"........",
		NULL,
		NULL,
	},
	{
		"range is never left (3)",
		1,
		"xx......",
		"..#####.",
		"........",
		NULL,
		NULL,
	},
};

/** memblock_alloc_try_nid_raw(): the start is a wish and the end is not. */
static const struct range_case wish_cases[] = {
	{
		"min address that can be met",
		2,
		"..xxxxxx",
		".######.",
		"........",
		".....##.",
		"..##....",
	},
	{
		"min address that cannot is dropped (1)",
		2,
		"...xxx..",
		".######.",
		"...#.#..",
		".###.#..",
		".###.#..",
	},
	{
		"min address that cannot is dropped (2)",
		2,
		"......xx",
		".######.",
		"........",
		".....##.",
		".##.....",
	},
	{
		"min address above memory is dropped",
		1,
		"......xx",
		".###....",
		"........",
		"...#....",
		".#......",
	},
	{
		"max address is never dropped (1)",
		1,
		"..xx....",
		".######.",
		".###....",
		NULL,
		NULL,
	},
	{
		"max address is never dropped (2)",
		1,
		"xx......",
		"..####..",
		"........",
		NULL,
		NULL,
	},
};

#ifdef CONFIG_NUMA
/** An allocation that also wishes for a node. */
struct node_case {
	const char *name;
	struct {
		unsigned pages;
		int nid;
	} size;
	const char *x;
	const char *memory;
	const char *reserved;
	const char *down;
	const char *up;
};

static const struct node_case node_cases[] = {
	{
		"node comes first",
		{1, 1},
		"xxxxxxxx",
		".001122.",
		"........",
		"....#...",
		"...#....",
	},
	{
		"any node in the range comes second (1)",
		{1, 1},
		".xxxxxx.",
		".001122.",
		"...##...",
		"...##.#.",
		".#.##...",
	},
	{
		"any node in the range comes second (2)",
		{1, 0},
		"...xxxx.",
		".001122.",
		"........",
		"......#.",
		"...#....",
	},
	{
		"node below the range comes third",
		{2, 0},
		"......x.",
		".000011.",
		"......#.",
		"...##.#.",
		".##...#.",
	},
	{
		"any node below the range comes last",
		{2, 1},
		"......x.",
		".002211.",
		"......#.",
		"...##.#.",
		".##...#.",
	},
	{
		"a node's block never crosses regions",
		{3, 1},
		"xxxxxxxx",
		".001122.",
		"........",
		NULL,
		NULL,
	},
};
#endif

#endif
