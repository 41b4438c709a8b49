/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/memmap/output.h"

#define BAR_MAX 32      /* characters of the longest bar */
#define SCALE_MIN 4096  /* bytes that a character stands for, at least */
#define NAME_COLUMNS 72 /* of a name; what is longer is cut */

static const char bar_chars[SEGMENT_KINDS] = {
	[SEGMENT_FREE] = '-',  [SEGMENT_HOTPLUG] = '+', [SEGMENT_RESERVED] = '#',
	[SEGMENT_NOMAP] = 'x', [SEGMENT_STORE] = 's',   [SEGMENT_GAP] = ':',
};

/* The least power of two of bytes a character with which every bar fits. Gaps have no bar. */
static uint64_t scale_for(const struct segments *segments)
{
	uint64_t scale = SCALE_MIN;

	for (const struct segment *s = segments->at; s < segments->at + segments->count; s++)
		while (s->kind != SEGMENT_GAP && s->size / scale > BAR_MAX)
			scale *= 2;
	return scale;
}

/* A bar in the character of the segment's kind, a dot if it is less than one. */
static const char *bar_text(char bar[BAR_MAX + 1], const struct segment *s, uint64_t scale)
{
	size_t n = s->kind == SEGMENT_GAP ? 1 : (size_t)(s->size / scale);

	memset(bar, bar_chars[s->kind], n);
	bar[n] = '\0';
	return n ? bar : ".";
}

static void print_head(FILE *f, const struct map *map, const struct segments *segments,
		       uint64_t scale)
{
	char memory_text[SIZE_TEXT_MAX], free_text[SIZE_TEXT_MAX], scale_text[SIZE_TEXT_MAX];
	uint64_t memory, free_bytes;

	segments_total(segments, &memory, &free_bytes);
	if (!memory)
		fputs("Map: no memory\n", f);
	else
		fprintf(f, "Map: %s of memory from 0x%08" PRIx64 " on, %s of it free\n",
			size_text(memory_text, memory), map->ram_start,
			size_text(free_text, free_bytes));
	if (!segments->count)
		return;
	fprintf(f, "Bars: %s a character, a dot is less;", size_text(scale_text, scale));
	for (int kind = 0; kind < SEGMENT_KINDS; kind++)
		fprintf(f, "%s %c %s", kind ? "," : "", bar_chars[kind],
			segment_kind_name((enum segment_kind)kind));
	fputc('\n', f);
}

/* The bar, and in a column behind it who holds the segment. */
static void print_bar(FILE *f, const struct segment *s, uint64_t scale)
{
	bool outside = !s->in_memory && s->kind != SEGMENT_GAP;
	char bar[BAR_MAX + 1], name[4 * NAME_COLUMNS];

	fprintf(f, "%-*s", s->name[0] || outside ? BAR_MAX + 1 : 0, bar_text(bar, s, scale));
	cut_to_columns(name, sizeof(name), s->name, NAME_COLUMNS);
	print_plain(f, name, strlen(name));
	if (outside)
		fputs(s->name[0] ? " (not in memory)" : "(not in memory)", f);
	fputc('\n', f);
}

void picture_print(FILE *f, const struct map *map, const struct segments *segments)
{
	uint64_t scale = scale_for(segments);
	int digits;

	print_head(f, map, segments, scale);
	digits = segments_digits(segments);
	for (const struct segment *s = segments->at; s < segments->at + segments->count; s++) {
		char size[SIZE_TEXT_MAX];

		fprintf(f, "0x%0*" PRIx64 "-0x%0*" PRIx64 " %12s  %-12s  ", digits, s->base, digits,
			s->base + s->size - 1, size_text(size, s->size),
			segment_kind_name(s->kind));
		print_bar(f, s, scale);
	}
}
