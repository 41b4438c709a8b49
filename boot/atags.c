/* SPDX-License-Identifier: MIT */
#include "boot/atags.h"

#include <string.h>

#include "lib/log.h"

/* A tag: its size in words with these two, its kind, then data. */
struct tag {
	uint32_t size, kind;
	uint32_t data[];
};
#define TAG_WORDS 2

bool atags_begin(const void *list)
{
	const struct tag *t = list;

	return (t->size == 2 || t->size == 5) && t->kind == ATAG_CORE;
}

static void take_mem(const struct tag *t, struct atags *out)
{
	if (!t->data[0])
		return;
	if (out->mem_count == ATAGS_MEM_MAX) {
		if (!out->mem_left_out++)
			pr_warn("ATAGs: more than %u memory ranges: those from 0x%08lx+0x%08lx on "
				"are left out",
				ATAGS_MEM_MAX, (unsigned long)t->data[1],
				(unsigned long)t->data[0]);
		return;
	}
	out->mem[out->mem_count].size = t->data[0];
	out->mem[out->mem_count++].start = t->data[1];
}

static void take_cmdline(const struct tag *t, struct atags *out)
{
	const char *text = (const char *)t->data;
	size_t len = strnlen(text, (t->size - TAG_WORDS) * sizeof(uint32_t));

	if (len > CMDLINE_MAX - 1) {
		pr_warn("command line: %lu characters in the ATAGs, cut at %u", (unsigned long)len,
			CMDLINE_MAX - 1);
		len = CMDLINE_MAX - 1;
	}
	memcpy(out->cmdline, text, len);
	out->cmdline[len] = '\0';
	out->has_cmdline = true;
}

/* The words of data that a tag of KIND must have. */
static uint32_t words_needed(uint32_t kind)
{
	return kind == ATAG_MEM || kind == ATAG_INITRD2 ? 2 : 0;
}

static void take(const struct tag *t, struct atags *out)
{
	switch (t->kind) {
	case ATAG_MEM:
		take_mem(t, out);
		break;
	case ATAG_CMDLINE:
		take_cmdline(t, out);
		break;
	case ATAG_INITRD2:
		out->initrd_start = t->data[0];
		out->initrd_size = t->data[1];
		out->has_initrd = true;
		break;
	default:
		break;
	}
}

bool atags_parse(const void *list, size_t limit, struct atags *out)
{
	const uint32_t *words = list;
	size_t count = limit / sizeof(*words), at = 0;

	memset(out, 0, sizeof(*out));
	if (count < TAG_WORDS || !atags_begin(list))
		return false;
	out->present = true;
	while (at + TAG_WORDS <= count) {
		const struct tag *t = (const struct tag *)(words + at);

		if (t->kind == ATAG_NONE)
			return true;
		if (t->size < TAG_WORDS + words_needed(t->kind) || t->size > count - at) {
			pr_warn("ATAGs: the tag 0x%08lx at byte %lu has a size of %lu words, "
				"expected %lu to %lu: the list ends here",
				(unsigned long)t->kind, (unsigned long)(at * sizeof(*words)),
				(unsigned long)t->size,
				(unsigned long)(TAG_WORDS + words_needed(t->kind)),
				(unsigned long)(count - at));
			return true;
		}
		take(t, out);
		at += t->size;
	}
	pr_warn("ATAGs: no end mark in %lu bytes: the list ends here", (unsigned long)limit);
	return true;
}
