/* SPDX-License-Identifier: MIT */
/*
 * The boot on the desk. survey.c and all sources of the image that it needs are built twice, with
 * addresses of 64 and of 32 bits; the build hides all names but the one function of each.
 */
#ifndef CAIRN_TOOLS_MEMMAP_SURVEY_H
#define CAIRN_TOOLS_MEMMAP_SURVEY_H

#include "tools/memmap/input.h"
#include "tools/memmap/map.h"
#include "tools/memmap/options.h"

/** Takes IN through the boot, up to where the image would allocate for itself, and fills *MAP,
 * which is all zero. To be called once. */
typedef void survey_fn(const struct input *in, const struct options *o, struct map *map);

extern survey_fn survey_64, survey_32;

#endif
