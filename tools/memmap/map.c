/* SPDX-License-Identifier: MIT */
#include "tools/memmap/map.h"

#include <stdlib.h>
#include <string.h>

#include "mm/memblock.h"

void map_add(struct map_list *list, uint64_t base, uint64_t size, unsigned flags, const char *name)
{
	struct map_range *r;

	if (list->count == list->room) {
		list->room = 2 * list->room + 16;
		list->at = grow(list->at, list->room, sizeof(*list->at));
	}
	r = &list->at[list->count++];
	*r = (struct map_range){.base = base, .size = size, .flags = flags};
	if (name)
		r->name = strcpy(grow(NULL, strlen(name) + 1, 1), name);
}

static void list_free(struct map_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i].name);
	free(list->at);
}

void map_free(struct map *map)
{
	list_free(&map->memory);
	list_free(&map->reserved);
	list_free(&map->holders);
	free(map->cmdline.s);
	free(map->log.s);
	free(map->dump.s);
}

static uint64_t end_of(const struct map_range *r)
{
	return r->base + r->size;
}

/* ---- names ---------------------------------------------------------------------------------- */

static int by_address(const void *va, const void *vb)
{
	const struct map_range *a = va, *b = vb;

	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* For each holder whether one of the same name has been joined already, without comparing them all.
 */
struct joiner {
	const struct map_list *holders;
	size_t *name_of;  /* holder -> number of its name */
	size_t *taken_by; /* name -> the last result that it went into */
	size_t result;
};

static int by_name(const void *va, const void *vb)
{
	const struct map_range *const *a = va, *const *b = vb;

	return strcmp((*a)->name, (*b)->name);
}

static void joiner_start(struct joiner *j, const struct map_list *holders)
{
	const struct map_range **sorted = grow(NULL, holders->count, sizeof(*sorted));
	size_t name = 0;

	*j = (struct joiner){.holders = holders,
			     .name_of = grow(NULL, holders->count, sizeof(*j->name_of)),
			     .taken_by = grow(NULL, holders->count, sizeof(*j->taken_by))};
	for (size_t i = 0; i < holders->count; i++) {
		sorted[i] = &holders->at[i];
		j->taken_by[i] = 0;
	}
	qsort(sorted, holders->count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < holders->count; i++) {
		name += i && by_name(&sorted[i - 1], &sorted[i]) != 0;
		j->name_of[sorted[i] - holders->at] = name;
	}
	free(sorted);
}

static void joiner_end(struct joiner *j)
{
	free(j->name_of);
	free(j->taken_by);
}

/* Adds the name of holder I to TEXT, once for each result. */
static void join(struct joiner *j, struct text *text, size_t i)
{
	size_t *taken_by = &j->taken_by[j->name_of[i]];

	if (*taken_by == j->result)
		return;
	*taken_by = j->result;
	text_printf(text, "%s%s", text->len ? ", " : "", j->holders->at[i].name);
}

void map_name(struct map *map)
{
	struct map_list *holders = &map->holders;
	struct joiner j;

	if (!holders->count)
		return;
	qsort(holders->at, holders->count, sizeof(*holders->at), by_address);
	joiner_start(&j, holders);
	for (size_t r = 0; r < map->reserved.count; r++) {
		struct map_range *region = &map->reserved.at[r];
		struct text text = {0};

		j.result++;
		for (size_t i = 0; i < holders->count; i++)
			if (holders->at[i].base < end_of(region) &&
			    end_of(&holders->at[i]) > region->base)
				join(&j, &text, i);
		region->name = text.s;
	}
	joiner_end(&j);
}

/* Adds to OUT one range for each run of holders that overlap each other, under all of their names.
 */
static void cluster(const struct map_list *holders, struct map_list *out)
{
	struct joiner j;

	if (!holders->count)
		return;
	joiner_start(&j, holders);
	for (size_t i = 0; i < holders->count;) {
		uint64_t base = holders->at[i].base, end = base;
		struct text text = {0};

		j.result++;
		do {
			if (end_of(&holders->at[i]) > end)
				end = end_of(&holders->at[i]);
			join(&j, &text, i++);
		} while (i < holders->count && holders->at[i].base < end);
		map_add(out, base, end - base, 0, text.s);
		free(text.s);
	}
	joiner_end(&j);
}

/* ---- segments ------------------------------------------------------------------------------- */

/* A walk through a list of disjoint ranges in the order of the addresses. */
struct walk {
	const struct map_list *list;
	size_t i;
};

/* The range of the list that holds AT, or NULL; *END is brought down to where that changes. */
static const struct map_range *walk_to(struct walk *w, uint64_t at, uint64_t *end)
{
	const struct map_range *r;
	bool holds;

	while (w->i < w->list->count && end_of(&w->list->at[w->i]) <= at)
		w->i++;
	if (w->i == w->list->count)
		return NULL;
	r = &w->list->at[w->i];
	holds = r->base <= at;
	if (*end > (holds ? end_of(r) : r->base))
		*end = holds ? end_of(r) : r->base;
	return holds ? r : NULL;
}

static void append(struct segments *s, struct segment new)
{
	struct segment *last = s->count ? &s->at[s->count - 1] : NULL;

	if (last && last->kind == new.kind &&
	    last->in_memory == new.in_memory &&strcmp(last->name, new.name) == 0) {
		last->size += new.size;
		return;
	}
	if (s->count == s->room) {
		s->room = 2 * s->room + 16;
		s->at = grow(s->at, s->room, sizeof(*s->at));
	}
	s->at[s->count++] = new;
}

static enum segment_kind kind_of(const struct map *map, uint64_t at, const struct map_range *memory,
				 const struct map_range *reserved)
{
	if (map->store_size && at >= map->store_base && at - map->store_base < map->store_size)
		return SEGMENT_STORE;
	if (memory && memory->flags & MEMBLOCK_NOMAP)
		return SEGMENT_NOMAP;
	if (reserved)
		return SEGMENT_RESERVED;
	if (!memory)
		return SEGMENT_GAP;
	return memory->flags & MEMBLOCK_HOTPLUG ? SEGMENT_HOTPLUG : SEGMENT_FREE;
}

static bool is_held(enum segment_kind kind)
{
	return kind == SEGMENT_RESERVED || kind == SEGMENT_NOMAP || kind == SEGMENT_STORE;
}

void map_segments(const struct map *map, struct segments *out)
{
	struct walk memory = {.list = &map->memory}, reserved = {.list = &map->reserved};
	struct walk held = {.list = &out->names};
	uint64_t at = UINT64_MAX, end;

	*out = (struct segments){0};
	cluster(&map->holders, &out->names);
	if (map->memory.count)
		at = map->memory.at[0].base;
	if (map->reserved.count && map->reserved.at[0].base < at)
		at = map->reserved.at[0].base;
	for (; at != UINT64_MAX; at = end) {
		const struct map_range *m, *r, *h;
		struct segment s = {.base = at, .name = ""};

		end = UINT64_MAX;
		m = walk_to(&memory, at, &end);
		r = walk_to(&reserved, at, &end);
		if (end == UINT64_MAX && !m && !r)
			break;
		h = walk_to(&held, at, &end);
		s.size = end - at;
		s.kind = kind_of(map, at, m, r);
		s.in_memory = m != NULL;
		if (h && is_held(s.kind))
			s.name = h->name;
		append(out, s);
	}
}

void segments_free(struct segments *segments)
{
	list_free(&segments->names);
	free(segments->at);
}

const char *segment_kind_name(enum segment_kind kind)
{
	static const char *const names[] = {
		[SEGMENT_FREE] = "free",         [SEGMENT_HOTPLUG] = "hotpluggable",
		[SEGMENT_RESERVED] = "reserved", [SEGMENT_NOMAP] = "no-map",
		[SEGMENT_STORE] = "store",       [SEGMENT_GAP] = "no memory",
	};

	return names[kind];
}

void segments_total(const struct segments *segments, uint64_t *memory, uint64_t *free_bytes)
{
	*memory = *free_bytes = 0;
	for (const struct segment *s = segments->at; s < segments->at + segments->count; s++) {
		if (s->in_memory)
			*memory += s->size;
		if (s->kind == SEGMENT_FREE || s->kind == SEGMENT_HOTPLUG)
			*free_bytes += s->size;
	}
}

int segments_digits(const struct segments *segments)
{
	const struct segment *last;
	int digits = 8;

	if (!segments->count)
		return digits;
	last = &segments->at[segments->count - 1];
	while (digits < 16 && (last->base + last->size - 1) >> (4 * digits))
		digits++;
	return digits;
}
