/* SPDX-License-Identifier: MIT */
#include "tools/memmap/svg_layout.h"

#include <stdlib.h>

#define HEIGHT_MIN 360.0   /* of all that is not a gap */
#define RUN_MIN 8.0        /* of what lies between two breaks, however small it is */
#define BREAK_MAX 26.0     /* of a gap; a longer one is broken */
#define BREAK_MIN 6.0      /* of a gap, where there are many */
#define BREAKS_ROOM 400.0  /* for all gaps together, if that is possible */
#define ALL_LABELS_MAX 40  /* segments; if there are more, some get no label */
#define FREE_LABEL_PART 40 /* small is less than this part of the whole */

static bool is_gap(const struct segment *s)
{
	return s->kind == SEGMENT_GAP;
}

/* ---- which labels there are ----------------------------------------------------------------- */

/* Bytes of all segments but the gaps. */
static double content_of(const struct segments *segments)
{
	double bytes = 0;

	for (size_t i = 0; i < segments->count; i++)
		if (!is_gap(&segments->at[i]))
			bytes += (double)segments->at[i].size;
	return bytes;
}

static bool is_held(const struct segment *s)
{
	return s->kind != SEGMENT_FREE && s->kind != SEGMENT_HOTPLUG && !is_gap(s);
}

/* Where it is crowded, gaps and small free segments beside held ones follow from their neighbours.
 */
static bool wants_label(const struct segments *segments, size_t i, double content)
{
	const struct segment *s = &segments->at[i];
	bool beside_held = (i > 0 && is_held(s - 1)) || (i + 1 < segments->count && is_held(s + 1));

	if (segments->count <= ALL_LABELS_MAX || is_held(s))
		return true;
	return !is_gap(s) && (!beside_held || (double)s->size >= content / FREE_LABEL_PART);
}

/*
 * Joins neighbours as long as all that a label is about spans at most SPAN bytes. Returns how many
 * labels are left, and writes them to OUT unless that is NULL. IN and OUT may be the same.
 */
static size_t join_labels(const struct segments *segments, const struct svg_label *in, size_t count,
			  uint64_t span, struct svg_label *out)
{
	struct svg_label label = {0};
	size_t joined = 0;
	uint64_t base = 0;

	for (size_t i = 0; i < count; i++) {
		const struct segment *last = &segments->at[in[i].last];

		if (i && last->base + last->size - base <= span) {
			label.last = in[i].last;
			label.count += in[i].count;
			label.bytes += in[i].bytes;
		} else {
			label = in[i];
			base = segments->at[label.first].base;
			joined++;
		}
		if (out)
			out[joined - 1] = label;
	}
	return joined;
}

/* Joins neighbours, no more of them than it takes, until there are at most SVG_LABELS_MAX labels.
 */
static void limit_labels(const struct segments *segments, struct svg_layout *l)
{
	uint64_t low = 0, high = UINT64_MAX;

	if (l->label_count <= SVG_LABELS_MAX)
		return;
	while (low < high) {
		uint64_t span = low + (high - low) / 2;

		if (join_labels(segments, l->labels, l->label_count, span, NULL) <= SVG_LABELS_MAX)
			high = span;
		else
			low = span + 1;
	}
	l->label_count = join_labels(segments, l->labels, l->label_count, low, l->labels);
}

static void make_labels(const struct segments *segments, struct svg_layout *l)
{
	double content = content_of(segments);

	l->labels = grow(NULL, segments->count, sizeof(*l->labels));
	l->named = grow(NULL, segments->count, sizeof(*l->named));
	l->label_count = 0;
	for (size_t i = 0; i < segments->count; i++) {
		l->named[i] = wants_label(segments, i, content);
		if (l->named[i])
			l->labels[l->label_count++] = (struct svg_label){
				.first = i, .last = i, .count = 1, .bytes = segments->at[i].size};
	}
	limit_labels(segments, l);
}

/* ---- where the segments go ------------------------------------------------------------------ */

static double gap_height_max(const struct segments *segments)
{
	size_t gaps = 0;
	double height;

	for (size_t i = 0; i < segments->count; i++)
		gaps += is_gap(&segments->at[i]);
	height = gaps ? BREAKS_ROOM / (double)gaps : BREAK_MAX;
	return height > BREAK_MAX ? BREAK_MAX : height < BREAK_MIN ? BREAK_MIN : height;
}

/* The end of the run of segments from FIRST on that has no broken gap in it. */
static size_t run_end(const struct segments *segments, const struct svg_layout *l, size_t first)
{
	while (first < segments->count && !l->broken[first])
		first++;
	return first;
}

/* Puts the run [first, end) below y; returns its lower end. */
static double place_run(const struct segments *segments, struct svg_layout *l, size_t first,
			size_t end, double y)
{
	double bytes = 0, height, before = 0;

	for (size_t i = first; i < end; i++)
		bytes += (double)segments->at[i].size;
	height = bytes / l->bytes_per_pixel;
	if (height < RUN_MIN)
		height = RUN_MIN;
	for (size_t i = first; i < end; i++) {
		l->top[i] = y + height * before / bytes;
		before += (double)segments->at[i].size;
	}
	return y + height;
}

static void place_segments(const struct segments *segments, struct svg_layout *l)
{
	double gap_max = gap_height_max(segments), y = 0, height;

	height = SVG_LINE * (double)l->label_count;
	if (height < HEIGHT_MIN)
		height = HEIGHT_MIN;
	l->bytes_per_pixel = content_of(segments) / height;
	l->top = grow(NULL, segments->count + 1, sizeof(*l->top));
	l->broken = grow(NULL, segments->count, sizeof(*l->broken));
	for (size_t i = 0; i < segments->count; i++)
		l->broken[i] = is_gap(&segments->at[i]) &&
			       (double)segments->at[i].size / l->bytes_per_pixel > gap_max;
	for (size_t i = 0; i < segments->count;) {
		size_t end = run_end(segments, l, i);

		if (end > i) {
			y = place_run(segments, l, i, end, y);
			i = end;
		} else {
			l->top[i++] = y;
			y += gap_max;
		}
	}
	l->top[segments->count] = y;
}

/* ---- where the labels go -------------------------------------------------------------------- */

/* Labels that touch, as one block. */
struct block {
	double wanted; /* where its first label's middle should be, the mean over its labels */
	size_t count;
};

static double clamp(double y, double low, double high)
{
	return y > high ? high : y < low ? low : y;
}

/*
 * Spreads the labels so that each is as near to its segments as the others let it: a label that
 * would overlap the block above becomes part of it, and the block moves to the mean of what its
 * labels want.
 */
static void place_labels(struct svg_layout *l, double height)
{
	struct block *blocks = grow(NULL, l->label_count, sizeof(*blocks));
	size_t n = 0, label = 0;

	for (size_t i = 0; i < l->label_count; i++) {
		struct block b = {.wanted = (l->labels[i].top + l->labels[i].bottom) / 2,
				  .count = 1};

		b.wanted = clamp(b.wanted, SVG_LINE / 2, height - SVG_LINE / 2);
		while (n &&
		       blocks[n - 1].wanted + SVG_LINE * (double)blocks[n - 1].count > b.wanted) {
			const struct block *above = &blocks[--n];
			double count = (double)(above->count + b.count);

			b.wanted =
				(above->wanted * (double)above->count +
				 (b.wanted - SVG_LINE * (double)above->count) * (double)b.count) /
				count;
			b.count += above->count;
			b.wanted = clamp(b.wanted, SVG_LINE / 2,
					 height - SVG_LINE * ((double)b.count - 0.5));
		}
		blocks[n++] = b;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < blocks[i].count; k++)
			l->labels[label++].y = blocks[i].wanted + SVG_LINE * (double)k;
	free(blocks);
}

void svg_layout(const struct segments *segments, struct svg_layout *out)
{
	*out = (struct svg_layout){0};
	make_labels(segments, out);
	place_segments(segments, out);
	for (size_t i = 0; i < out->label_count; i++) {
		out->labels[i].top = out->top[out->labels[i].first];
		out->labels[i].bottom = out->top[out->labels[i].last + 1];
	}
	place_labels(out, out->top[segments->count]);
}

void svg_layout_free(struct svg_layout *layout)
{
	free(layout->top);
	free(layout->broken);
	free(layout->named);
	free(layout->labels);
}
