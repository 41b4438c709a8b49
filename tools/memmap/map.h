/* SPDX-License-Identifier: MIT */
/*
 * What one boot made of its tree: the lists of memblock with who holds what, and the same as
 * segments in the order of the addresses, for pictures. Addresses have 64 bits here, whatever the
 * boot had.
 */
#ifndef CAIRN_TOOLS_MEMMAP_MAP_H
#define CAIRN_TOOLS_MEMMAP_MAP_H

#include "lib/types.h"
#include "tools/memmap/text.h"

/** [base, base + size). `name` is who holds it, or NULL; the map owns it. */
struct map_range {
	uint64_t base, size;
	unsigned flags; /**< of a region of memory: enum memblock_flags */
	char *name;
};

struct map_list {
	struct map_range *at;
	size_t count, room;
};

struct map {
	uint64_t ram_start;
	struct map_list memory, reserved; /**< as memblock ends up with them */
	struct map_list holders;          /**< each reservation or no-map range, and for whom */
	uint64_t store_base, store_size;  /**< size 0: no store */
	bool store_unused;                /**< --store did not count */
	struct text cmdline;              /**< the one that counted */
	struct text log, dump;            /**< lines with time stamps, as the target prints them */
};

/** What a segment of the map is, by what matters most about it. */
enum segment_kind {
	SEGMENT_FREE,
	SEGMENT_HOTPLUG, /**< free, and marked hotpluggable */
	SEGMENT_RESERVED,
	SEGMENT_NOMAP,
	SEGMENT_STORE,
	SEGMENT_GAP, /**< between two others, and neither memory nor reserved */
	SEGMENT_KINDS,
};

struct segment {
	uint64_t base, size;
	enum segment_kind kind;
	bool in_memory;
	const char *name; /**< who holds it, "" if nobody does or nobody knows */
};

struct segments {
	struct segment *at;
	size_t count, room;
	struct map_list names; /**< owns the names */
};

/** Appends a range to LIST; NAME (which may be NULL) is copied. */
void map_add(struct map_list *list, uint64_t base, uint64_t size, unsigned flags, const char *name);

/** Sorts the holders and names the reserved regions after those that hold a byte of them, joined by
 * ", ". To be called when the map has all of them. */
void map_name(struct map *map);

/** The map without holes from its lowest to its highest address, with neighbours that are alike in
 * one; regions that several hold are split between them as far as they do not overlap. */
void map_segments(const struct map *map, struct segments *out);

/** What people call KIND: "free", "no-map". */
const char *segment_kind_name(enum segment_kind kind);

/** Bytes of memory, and of that part that is free, in all segments. */
void segments_total(const struct segments *segments, uint64_t *memory, uint64_t *free_bytes);

/** Hexadecimal digits that every address in SEGMENTS has room in; 8 or more. */
int segments_digits(const struct segments *segments);

/** Frees what hangs on the map or the segments. */
void map_free(struct map *map);
void segments_free(struct segments *segments);

#endif
