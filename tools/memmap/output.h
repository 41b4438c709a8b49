/* SPDX-License-Identifier: MIT */
/* The forms in which memmap shows a map. */
#ifndef CAIRN_TOOLS_MEMMAP_OUTPUT_H
#define CAIRN_TOOLS_MEMMAP_OUTPUT_H

#include <stdio.h>

#include "tools/memmap/map.h"

/** The lists of memblock and what the boot said, without time stamps, as one JSON object. */
void json_print(FILE *f, const struct map *map);

/** One line a segment, with a bar to scale. */
void picture_print(FILE *f, const struct map *map, const struct segments *segments);

/** What an SVG says about where its map comes from. */
struct svg_title {
	const char *file;
	const char *model; /**< may be NULL */
	unsigned bits;     /**< of an address */
};

/** A picture of 800 pixels width. */
void svg_print(FILE *f, const struct map *map, const struct segments *segments,
	       const struct svg_title *title);

#endif
