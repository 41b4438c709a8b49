/* SPDX-License-Identifier: MIT */
/* Devicetree Specification v0.4, chapter 5. */
#include "boot/tree_scan.h"

#define MAGIC 0xd00dfeed
#define HEADER_BYTES 40

#define BEGIN_NODE 1
#define END_NODE 2
#define PROP 3
#define NOP 4

#define IN_TOP 2 /* the depth of the nodes below the root */

/* Words of the header. */
enum { TOTALSIZE = 1, OFF_STRUCT, OFF_STRINGS };

/* A walk through one tree. Where it is are counts of words but for names, which are of bytes. */
struct scan {
	const uint32_t *fdt;
	uint32_t words; /* of the tree */
	uint32_t at;    /* in the structure block */
	uint32_t depth;
	uint32_t top;              /* the name of the node below the root */
	uint32_t name, value, len; /* the property */
};

static uint32_t word(const struct scan *s, uint32_t at)
{
	return __builtin_bswap32(s->fdt[at]);
}

bool tree_scan_claim(uint32_t at, uint32_t *size)
{
	const volatile uint32_t *fdt = (const volatile uint32_t *)(uintptr_t)at;

	if (at % 4 || __builtin_bswap32(fdt[0]) != MAGIC)
		return false;
	*size = __builtin_bswap32(fdt[1]);
	return true;
}

uint32_t tree_scan_size(uint32_t at)
{
	uint32_t size;

	return tree_scan_claim(at, &size) && size >= HEADER_BYTES && size <= TREE_SCAN_MAX ? size
											   : 0;
}

/* Whether the string that begins OFFSET bytes into the tree is TEXT. */
static bool is(const struct scan *s, uint32_t offset, const char *text)
{
	const char *bytes = (const char *)s->fdt;

	for (; offset < s->words * 4 && bytes[offset] == *text; offset++, text++)
		if (!*text)
			return true;
	return false;
}

/* Whether the property is called NAME. */
static bool named(const struct scan *s, const char *name)
{
	uint32_t strings = word(s, OFF_STRINGS);

	return s->name <= s->words * 4 && strings <= s->words * 4 && is(s, strings + s->name, name);
}

/* Goes behind the name of the node that begins. */
static void enter(struct scan *s)
{
	const char *bytes = (const char *)s->fdt;
	uint32_t offset = s->at * 4;

	if (++s->depth == IN_TOP)
		s->top = offset;
	while (offset < s->words * 4 && bytes[offset])
		offset++;
	s->at = offset / 4 + 1;
}

/* Goes on to the next property; false: there is none, or the structure is broken. */
static bool next_property(struct scan *s)
{
	while (s->at < s->words) {
		uint32_t token = word(s, s->at++);

		if (token == BEGIN_NODE) {
			enter(s);
		} else if (token == END_NODE) {
			s->depth--;
		} else if (token == PROP && s->words - s->at > 2) {
			s->len = word(s, s->at);
			s->name = word(s, s->at + 1);
			s->value = s->at + 2;
			if (s->len > (s->words - s->value) * 4)
				return false;
			s->at = s->value + (s->len + 3) / 4;
			return true;
		} else if (token != NOP) {
			return false;
		}
	}
	return false;
}

/* A number of one cell, or of two; what has more than 32 bits is cut to the largest that has not.
 */
static uint32_t number(const struct scan *s, uint32_t at, uint32_t cells)
{
	if (cells == 1)
		return word(s, at);
	return word(s, at) ? UINT32_MAX : word(s, at + 1);
}

struct tree_range tree_scan_initrd(uint32_t at)
{
	struct scan s = {.fdt = (const uint32_t *)(uintptr_t)at};
	uint32_t start = 0, end = 0;

	s.words = word(&s, TOTALSIZE) / 4;
	s.at = word(&s, OFF_STRUCT) / 4;
	while (next_property(&s)) {
		if (s.depth != IN_TOP || (s.len != 4 && s.len != 8) || !is(&s, s.top, "chosen"))
			continue;
		if (named(&s, "linux,initrd-start"))
			start = number(&s, s.value, s.len / 4);
		if (named(&s, "linux,initrd-end"))
			end = number(&s, s.value, s.len / 4);
	}
	return (struct tree_range){start, end > start ? end - start : 0};
}
