/* SPDX-License-Identifier: MIT */
/* The cases of test_memblock.c that are pictures: one row is one test. */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_CASES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_CASES_H

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

typedef int change_fn(phys_addr_t base, phys_addr_t size);

/** A call that changes flags of what is there. */
struct flag_case {
	const char *name;
	change_fn *change;
	const char *before;
	const char *x;
	const char *after;
};

static const struct flag_case flag_cases[] = {
	{
		"no-map splits in three",
		memblock_mark_nomap,
		".######.",
		"...xx...",
		".##nn##.",
	},
	{
		"clear no-map merges again",
		memblock_clear_nomap,
		".##nn##.",
		"...xx...",
		".######.",
	},
	{
		"no-map of a whole region",
		memblock_mark_nomap,
		"#.###.#.",
		"..xxx...",
		"#.nnn.#.",
	},
	{
		"no-map marks memory only",
		memblock_mark_nomap,
		".##..##.",
		"..xxxx..",
		".#n..n#.",
	},
	{
		"no-map of no memory",
		memblock_mark_nomap,
		".##...##",
		"...xxx..",
		".##...##",
	},
	{
		"no-map next to no-map merges (1)",
		memblock_mark_nomap,
		".nn####.",
		"...xx...",
		".nnnn##.",
	},
	{
		"no-map next to no-map merges (2)",
		memblock_mark_nomap,
		".####nn.",
		"...xx...",
		".##nnnn.",
	},
	{
		"no-map twice is no-map",
		memblock_mark_nomap,
		".nnnnnn.",
		"...xx...",
		".nnnnnn.",
	},
	{
		"clear no-map inside splits",
		memblock_clear_nomap,
		".nnnnnn.",
		"...xx...",
		".nn##nn.",
	},
	{
		"clear no-map of plain memory",
		memblock_clear_nomap,
		".##..##.",
		"..xxxx..",
		".##..##.",
	},
	{
		"hotplug marks",
		memblock_mark_hotplug,
		".######.",
		"xxx.....",
		".hh####.",
	},
	{
		"clear hotplug merges again",
		memblock_clear_hotplug,
		".##hh##.",
		"xxxxxxxx",
		".######.",
	},
	{
		"clear hotplug inside splits",
		memblock_clear_hotplug,
		".hhhhh.#",
		"..xx....",
		".h##hh.#",
	},
	{
		"mirror marks",
		memblock_mark_mirror,
		".####.##.",
		"...xxxx..",
		".##mm.m#.",
	},
	{
		"mirror next to mirror merges",
		memblock_mark_mirror,
		".mm##mm.",
		"...xx...",
		".mmmmmm.",
	},
	/* A mark adds its flag to those that are there; clearing takes away only that one. */
	{
		"marks leave other flags (1)",
		memblock_mark_hotplug,
		".##nn##.",
		"..xxxx..",
		".#hbbh#.",
	},
	{
		"marks leave other flags (2)",
		memblock_clear_nomap,
		".#hbbh#.",
		"...xx...",
		".#hhhh#.",
	},
	{
		"marks leave other flags (3)",
		memblock_mark_mirror,
		".#hhMM#.",
		"..xx....",
		".#MMMM#.",
	},
	{
		"marks leave other flags (4)",
		memblock_clear_hotplug,
		".#hbMmd.",
		"xxxxxxxx",
		".##nmmd.",
	},
};

/** memblock_add_node() of a region of the kind C: flags and nodes keep neighbours apart. */
struct kind_case {
	const char *name;
	char c;
	const char *before;
	const char *x;
	const char *after;
};

static const struct kind_case kind_cases[] = {
	{
		"unlike neighbours stay apart",
		'h',
		".##..##.",
		"...xx...",
		".##hh##.",
	},
	{
		"alike neighbours with flags merge",
		'h',
		".hh..hh.",
		"...xx...",
		".hhhhhh.",
	},
	{
		"what is there keeps its flags",
		'#',
		"...nn...",
		".xxxxxx.",
		".##nn##.",
	},
	{
		"unlike add inside changes nothing",
		'h',
		".#####..",
		"..xxx...",
		".#####..",
	},
	{
		"unlike add fills only the gaps",
		'h',
		".#..n..#.h",
		".xxxxxxxxx",
		".#hhnhh#hh",
	},
	{
		"mixed add merges with the alike side (1)",
		'#',
		".nn..##.",
		"...xx...",
		".nn####.",
	},
	{
		"mixed add merges with the alike side (2)",
		'#',
		".##..nn.",
		"...xx...",
		".####nn.",
	},
	{
		"mixed add over alike and unlike",
		'#',
		".#.n.#...",
		"xxxxxxxx.",
		"###n####.",
	},
#ifdef CONFIG_NUMA
	{
		"nodes stay apart",
		'2',
		".00..11.",
		"...xx...",
		".002211.",
	},
	{
		"same node merges",
		'3',
		".33..33.",
		"...xx...",
		".333333.",
	},
#endif
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
