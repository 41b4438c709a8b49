/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tools/memmap/output.h"
#include "tools/memmap/svg_layout.h"

#define WIDTH 800
#define MARGIN 16
#define BAR_WIDTH 90
#define BAR_RIGHT (MARGIN + BAR_WIDTH)
#define LEADER_RIGHT (BAR_RIGHT + 62)
#define SWATCH 9
#define TEXT_LEFT (LEADER_RIGHT + SWATCH + 8)
#define MAP_TOP 104        /* below title and legend */
#define BREAK_TWO_EDGES 12 /* pixels of height of a gap with room for them */
#define OUTLINE_FROM 4     /* pixels of height; less has no outline */
#define THIN_HEIGHT 1.5    /* of what would be thinner */
#define CHAR_WIDTH 6.7     /* of the fixed-width font at its 11 pixels, a little more than it has */
#define SIZE_COLUMNS 11    /* "1023.9 MiB" and a space */
#define TITLE_COLUMNS 84   /* of the larger font */
#define TEXT_COLUMNS 112   /* of a line of text */
#define NAMES_MAX 256      /* bytes of names, before they are cut to what fits */

/* Told apart with any kind of colour vision. */
static const char *const colours[SEGMENT_KINDS] = {
	[SEGMENT_FREE] = "#cdeac0",  [SEGMENT_HOTPLUG] = "#f0e442", [SEGMENT_RESERVED] = "#e69f00",
	[SEGMENT_NOMAP] = "#5b6470", [SEGMENT_STORE] = "#0072b2",   [SEGMENT_GAP] = "#ffffff",
};

/* ---- title and legend ----------------------------------------------------------------------- */

/* A line of text, cut to COLUMNS_MAX. ATTRIBUTES go into the element. */
static void print_line(FILE *f, double x, double y, const char *attributes, const char *text,
		       size_t columns_max)
{
	char cut[4 * TEXT_COLUMNS + 4];

	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
	print_xml(f, cut_to_columns(cut, sizeof(cut), text, columns_max));
	fputs("</text>\n", f);
}

static void print_title(FILE *f, const struct map *map, const struct segments *segments,
			const struct svg_title *title, double bytes_per_pixel)
{
	char memory_text[SIZE_TEXT_MAX], free_text[SIZE_TEXT_MAX], pixel_text[SIZE_TEXT_MAX];
	uint64_t memory, free_bytes;
	struct text line = {0};

	segments_total(segments, &memory, &free_bytes);
	text_printf(&line, "%s%s%s", title->file, title->model ? ": " : "",
		    title->model ? title->model : "");
	print_line(f, MARGIN, 26, " font-size=\"14\" font-weight=\"bold\"", line.s, TITLE_COLUMNS);
	line.len = 0;
	if (memory)
		text_printf(&line, "%s of memory from 0x%08" PRIx64 " on, %s of it free; ",
			    size_text(memory_text, memory), map->ram_start,
			    size_text(free_text, free_bytes));
	else
		text_printf(&line, "no memory; ");
	text_printf(&line, "%u-bit addresses", title->bits);
	if (bytes_per_pixel >= 1)
		text_printf(&line, "; a pixel is %s",
			    size_text(pixel_text, (uint64_t)bytes_per_pixel));
	print_line(f, MARGIN, 46, "", line.s, TEXT_COLUMNS);
	line.len = 0;
	text_printf(&line, "command line: %s", map->cmdline.len ? map->cmdline.s : "(none)");
	print_line(f, MARGIN, 62, "", line.s, TEXT_COLUMNS);
	free(line.s);
}

static void print_swatch(FILE *f, double x, double middle, const char *colour)
{
	fprintf(f,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"%s\" "
		"stroke=\"#333\" stroke-width=\"0.6\"/>\n",
		x, middle - SWATCH / 2.0, SWATCH, SWATCH, colour);
}

static void print_legend(FILE *f)
{
	double x = MARGIN;

	for (int kind = 0; kind < SEGMENT_KINDS; kind++) {
		const char *name = segment_kind_name((enum segment_kind)kind);

		print_swatch(f, x, 82, colours[kind]);
		print_line(f, x + SWATCH + 5, 86, "", name, TEXT_COLUMNS);
		x += SWATCH + 5 + CHAR_WIDTH * (double)strlen(name) + 18;
	}
}

/* ---- the map -------------------------------------------------------------------------------- */

static void print_broken_edge(FILE *f, double y, int rise)
{
	fprintf(f, "<path d=\"M%d %.1f", MARGIN, y);
	for (int x = MARGIN; x < BAR_RIGHT; x += 10)
		fprintf(f, "l5 %dl5 %d", rise, -rise);
	fputs("\" fill=\"none\" stroke=\"#333\" stroke-width=\"0.8\"/>\n", f);
}

/* A gap that is longer than it looks: two broken edges, or one where there is no room for two. */
static void print_break(FILE *f, double top, double bottom)
{
	if (bottom - top < BREAK_TWO_EDGES) {
		print_broken_edge(f, (top + bottom) / 2 - 1, 2);
		return;
	}
	print_broken_edge(f, top, 3);
	print_broken_edge(f, bottom, -3);
}

static void print_segment(FILE *f, const struct segment *s, double top, double bottom)
{
	double height = bottom - top;

	fprintf(f, "<rect x=\"%d\" y=\"%.2f\" width=\"%d\" height=\"%.2f\" fill=\"%s\"", MARGIN,
		top, BAR_WIDTH, height < THIN_HEIGHT ? THIN_HEIGHT : height, colours[s->kind]);
	if (height >= OUTLINE_FROM)
		fprintf(f, " stroke=\"#333\" stroke-width=\"0.6\"%s",
			s->in_memory ? "" : " stroke-dasharray=\"3 2\"");
	fputs("/>\n", f);
}

/* The thin ones come last, or their neighbours' outlines would hide them. */
static void print_bar(FILE *f, const struct segments *segments, const struct svg_layout *l)
{
	for (int thin = 0; thin <= 1; thin++) {
		for (size_t i = 0; i < segments->count; i++) {
			double top = MAP_TOP + l->top[i], bottom = MAP_TOP + l->top[i + 1];

			if ((bottom - top < OUTLINE_FROM) != thin)
				continue;
			if (l->broken[i])
				print_break(f, top, bottom);
			else
				print_segment(f, &segments->at[i], top, bottom);
		}
	}
}

/* ---- labels --------------------------------------------------------------------------------- */

/* Who holds a segment, and what is special about it. */
static void describe(struct text *out, const struct segment *s)
{
	const char *kind = segment_kind_name(s->kind);
	bool outside = !s->in_memory && s->kind != SEGMENT_GAP;

	text_printf(out, "%s", s->name[0] ? s->name : kind);
	if (s->name[0] && s->kind != SEGMENT_RESERVED && strcmp(s->name, kind) != 0)
		text_printf(out, " (%s)", kind);
	if (outside)
		text_printf(out, " (not in memory)");
}

/* "12 regions: " and as many of their names as there may be room for. */
static void describe_group(struct text *out, const struct segments *segments,
			   const struct svg_layout *l, const struct svg_label *label)
{
	const char *separator = ": ", *last = "";

	text_printf(out, "%zu regions", label->count);
	for (size_t i = label->first; i <= label->last && out->len < NAMES_MAX; i++) {
		const struct segment *s = &segments->at[i];
		const char *name = s->name[0] ? s->name : segment_kind_name(s->kind);

		if (l->named[i] && strcmp(name, last) != 0) {
			text_printf(out, "%s%s", separator, name);
			separator = ", ";
			last = name;
		}
	}
}

static void print_leader(FILE *f, const struct svg_label *label, double middle, double y)
{
	if (label->count > 1)
		fprintf(f, "<path d=\"M%d %.1fh4V%.1fh-4\" fill=\"none\" stroke=\"#333\"/>\n",
			BAR_RIGHT + 2, MAP_TOP + label->top, MAP_TOP + label->bottom);
	fprintf(f,
		"<path d=\"M%d %.1fh6L%d %.1fh6\" fill=\"none\" stroke=\"#888\" "
		"stroke-width=\"0.7\"/>\n",
		BAR_RIGHT + (label->count > 1 ? 6 : 1), middle, LEADER_RIGHT - 8, y);
}

static void print_label(FILE *f, const struct segments *segments, const struct svg_layout *l,
			const struct svg_label *label, int digits)
{
	const struct segment *first = &segments->at[label->first];
	const struct segment *last = &segments->at[label->last];
	double y = MAP_TOP + label->y, x = TEXT_LEFT;
	char range[48], size[SIZE_TEXT_MAX];
	bool group = label->count > 1;
	struct text what = {0};

	print_leader(f, label, MAP_TOP + (label->top + label->bottom) / 2, y);
	if (!group)
		print_swatch(f, LEADER_RIGHT, y, colours[first->kind]);
	snprintf(range, sizeof(range), "0x%0*" PRIx64 "-0x%0*" PRIx64, digits, first->base, digits,
		 last->base + last->size - 1);
	size_text(size, label->bytes);
	if (group)
		describe_group(&what, segments, l, label);
	else
		describe(&what, first);
	print_line(f, x, y + 4, "", range, TEXT_COLUMNS);
	x += CHAR_WIDTH * (double)(strlen(range) + SIZE_COLUMNS);
	print_line(f, x, y + 4, " text-anchor=\"end\"", size, TEXT_COLUMNS);
	x += 2 * CHAR_WIDTH;
	print_line(f, x, y + 4, group ? " font-style=\"italic\"" : "", what.s,
		   (size_t)((WIDTH - MARGIN - x) / CHAR_WIDTH));
	free(what.s);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void print_map(FILE *f, const struct segments *segments, const struct svg_layout *l)
{
	int digits = segments_digits(segments);

	if (!segments->count)
		print_line(f, MARGIN, MAP_TOP + 12, "",
			   "There is no memory, and nothing is reserved.", TEXT_COLUMNS);
	print_bar(f, segments, l);
	for (size_t i = 0; i < l->label_count; i++)
		print_label(f, segments, l, &l->labels[i], digits);
}

void svg_print(FILE *f, const struct map *map, const struct segments *segments,
	       const struct svg_title *title)
{
	struct svg_layout l = {0};
	double height = 0;

	if (segments->count) {
		svg_layout(segments, &l);
		height = l.top[segments->count];
	}
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
		"font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"11\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, MAP_TOP + height + MARGIN);
	print_title(f, map, segments, title, l.bytes_per_pixel);
	print_legend(f);
	print_map(f, segments, &l);
	fputs("</svg>\n", f);
	svg_layout_free(&l);
}
