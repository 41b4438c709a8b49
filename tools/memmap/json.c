/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/memmap/output.h"

static void print_list(FILE *f, const char *name, const struct map_list *list, bool names)
{
	fprintf(f, "\t\"%s\": [", name);
	for (const struct map_range *r = list->at; r < list->at + list->count; r++) {
		fprintf(f,
			"%s\n\t\t{\"base\": \"0x%" PRIx64 "\", \"size\": \"0x%" PRIx64
			"\", \"flags\": \"0x%x\"",
			r == list->at ? "" : ",", r->base, r->size, r->flags);
		if (names) {
			fputs(", \"name\": ", f);
			print_json_string(f, r->name ? r->name : "", r->name ? strlen(r->name) : 0);
		}
		fputc('}', f);
	}
	fputs(list->count ? "\n\t]" : "]", f);
}

/* Each line of LOG is "[seconds] message\n". */
static void print_messages(FILE *f, const struct text *log)
{
	const char *line = log->s, *end;

	fputs("\t\"messages\": [", f);
	for (; line && (end = strchr(line, '\n')); line = end + 1) {
		const char *message = strchr(line, ']') + 2;

		fputs(line == log->s ? "\n\t\t" : ",\n\t\t", f);
		print_json_string(f, message, (size_t)(end - message));
	}
	fputs(log->len ? "\n\t]" : "]", f);
}

void json_print(FILE *f, const struct map *map)
{
	fputs("{\n", f);
	print_list(f, "memory", &map->memory, false);
	fputs(",\n", f);
	print_list(f, "reserved", &map->reserved, true);
	fputs(",\n", f);
	print_messages(f, &map->log);
	fputs("\n}\n", f);
}
