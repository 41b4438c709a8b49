/* SPDX-License-Identifier: MIT */
/* Where the parts of an SVG go. Distances are pixels, y grows downward, as addresses do. */
#ifndef CAIRN_TOOLS_MEMMAP_SVG_LAYOUT_H
#define CAIRN_TOOLS_MEMMAP_SVG_LAYOUT_H

#include "tools/memmap/map.h"

#define SVG_LINE 15.0     /**< from one label to the next, at least */
#define SVG_LABELS_MAX 64 /**< with more, neighbours share one */

/** A label, and the segments [first, last] that it spans. */
struct svg_label {
	size_t first, last;
	size_t count;       /**< how many of these it speaks for: see named */
	uint64_t bytes;     /**< in all that it speaks for */
	double top, bottom; /**< of the segments */
	double y;           /**< the middle of the label itself */
};

struct svg_layout {
	double *top;  /**< of each segment, and of the end: the height of all */
	bool *broken; /**< whether the segment is a gap that is drawn shorter than it is */
	bool *named; /**< whether a label speaks for the segment, or it follows from those beside it
		      */
	double bytes_per_pixel;
	struct svg_label *labels;
	size_t label_count;
};

/** Lays SEGMENTS, of which there are some, out below y = 0. */
void svg_layout(const struct segments *segments, struct svg_layout *out);

/** Frees what hangs on the layout. */
void svg_layout_free(struct svg_layout *layout);

#endif
