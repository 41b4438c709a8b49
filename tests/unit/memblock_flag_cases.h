/* SPDX-License-Identifier: MIT */
/* The same for flags and nodes. */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_FLAG_CASES_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_FLAG_CASES_H

#include "memblock_pictures.h"

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

#endif
