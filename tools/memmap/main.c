/* SPDX-License-Identifier: MIT */
/* memmap: what Cairn's early allocator makes of a device tree. See docs/memmap.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/dt.h"
#include "tools/memmap/input.h"
#include "tools/memmap/map.h"
#include "tools/memmap/options.h"
#include "tools/memmap/output.h"
#include "tools/memmap/survey.h"

/* Nothing is written over what was read. */
static void refuse_same_file(const char *svg, const char *read)
{
	struct stat a, b;

	if (read && !stat(svg, &a) && !stat(read, &b) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		die(2, "--svg %s: this is %s, which it would overwrite", svg, read);
}

static void write_svg(const struct options *o, const struct input *in, const struct map *map,
		      const struct segments *segments)
{
	const char *slash = strrchr(o->file, '/');
	const struct svg_title title = {
		.file = slash ? slash + 1 : o->file,
		.model = dt_string(in->fdt, 0, "model"),
		.bits = o->bits,
	};
	FILE *f = fopen(o->svg, "w");

	if (f)
		svg_print(f, map, segments, &title);
	if (!f || ferror(f) | fclose(f))
		die(1, "%s: %s", o->svg, strerror(errno));
}

static void print_text(const struct map *map, const struct segments *segments)
{
	print_plain(stdout, map->log.s, map->log.len);
	print_plain(stdout, map->dump.s, map->dump.len);
	picture_print(stdout, map, segments);
}

int main(int argc, char *argv[])
{
	struct map map = {0};
	struct segments segments;
	struct options o;
	struct input in;

	options_parse(&o, argc, argv);
	input_read(&in, &o);
	(o.bits == 32 ? survey_32 : survey_64)(&in, &o, &map);
	map_segments(&map, &segments);
	if (o.svg) {
		refuse_same_file(o.svg, o.file);
		refuse_same_file(o.svg, o.atags);
		write_svg(&o, &in, &map, &segments);
	}
	if (o.json)
		json_print(stdout, &map);
	else
		print_text(&map, &segments);
	if (map.store_unused)
		fputs("memmap: --store does not count: the tree or its command line says where the "
		      "store goes\n",
		      stderr);
	segments_free(&segments);
	map_free(&map);
	input_free(&in);
	if (ferror(stdout) | fflush(stdout))
		die(1, "standard output: %s", strerror(errno));
	return 0;
}
