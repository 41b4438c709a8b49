/* SPDX-License-Identifier: MIT */
#include "boot/final_tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "boot/reserved_memory.h"
#include "lib/be.h"
#include "lib/dt.h"
#include "mm/memblock.h"

#define STORE "cairn,store"
#define HEADER 40 /* bytes */
#define NAME_AT 4 /* of a node, behind its tag */
#define VERSION 17
#define VERSION_COMPATIBLE 16 /* for who knows this one */
#define RESERVED_ENTRY 16
#define NODES 400   /* bytes of the nodes and properties that are added, without the next two */
#define PAIR_MAX 16 /* bytes of an address and a size */
#define NODE_NAME_MAX 40

/* The names of properties that are written or replaced, as they come behind the strings of the tree
 * that was there. */
static const char names[] =
	"bootargs\0linux,initrd-start\0linux,initrd-end\0linux,usable-memory-range\0"
	"no-map\0reusable\0size\0alignment\0alloc-ranges\0"
	"device_type\0reg\0compatible\0#address-cells\0#size-cells\0ranges";

enum name {
	BOOTARGS,
	INITRD_START,
	INITRD_END,
	USABLE,
	OF_CHOSEN_LAST = USABLE,
	NO_MAP,
	REUSABLE,
	SIZE,
	ALIGNMENT,
	ALLOC_RANGES,
	OF_STORE_LAST = ALLOC_RANGES,
	DEVICE_TYPE,
	REG,
	COMPATIBLE,
	ADDRESS_CELLS,
	SIZE_CELLS,
	RANGES,
};

/* A tree on its way: read from the front to the back, and written so. */
struct writer {
	const struct final_tree *t;
	uint8_t *p;                  /* where the next word comes */
	int chosen, reserved, store; /* offsets of these nodes, or negative: there is none */
	bool store_moves;            /* its node asked for a size only */
	bool too_large;              /* an address did not fit */
	int address_cells, size_cells;
};

/* ---- words ---------------------------------------------------------------------------------- */

static const char *name_of(enum name n)
{
	const char *name = names;

	while (n--)
		name += strlen(name) + 1;
	return name;
}

static void word(struct writer *w, uint32_t v)
{
	be32_store(w->p, v);
	w->p += 4;
}

/* LEN bytes, and up to a whole word. */
static void bytes(struct writer *w, const void *from, size_t len)
{
	memcpy(w->p, from, len);
	for (w->p += len; len % 4; len++)
		*w->p++ = 0;
}

static void begin(struct writer *w, const char *name)
{
	word(w, FDT_BEGIN_NODE);
	bytes(w, name, strlen(name) + 1);
}

/* "NAME@BASE". */
static void begin_at(struct writer *w, const char *name, phys_addr_t base)
{
	char text[NODE_NAME_MAX];

	snprintf(text, sizeof(text), "%s@%" PRIx64, name, (uint64_t)base);
	begin(w, text);
}

static void end(struct writer *w)
{
	word(w, FDT_END_NODE);
}

/* What comes before a value of LEN bytes. */
static void property(struct writer *w, enum name n, size_t len)
{
	word(w, FDT_PROP);
	word(w, (uint32_t)len);
	word(w, fdt_size_dt_strings(w->t->from) + (uint32_t)(name_of(n) - names));
}

static void string(struct writer *w, enum name n, const char *text)
{
	size_t len = strlen(text) + 1;

	property(w, n, len);
	bytes(w, text, len);
}

static void number(struct writer *w, phys_addr_t value, int cells)
{
	uint32_t high = (uint32_t)((uint64_t)value >> 32);

	if (cells == 2)
		word(w, high);
	else
		w->too_large |= high != 0;
	word(w, (uint32_t)value);
}

static size_t pair_bytes(const struct writer *w)
{
	return 4 * (size_t)(w->address_cells + w->size_cells);
}

static void pair(struct writer *w, phys_addr_t base, phys_addr_t size)
{
	number(w, base, w->address_cells);
	number(w, size, w->size_cells);
}

/* ---- what is added -------------------------------------------------------------------------- */

/* A node with all memory; none if there is none. */
static void write_memory(struct writer *w)
{
	const struct memblock_region *r;

	if (!memblock.memory.total_size)
		return;
	begin_at(w, "memory", memblock.memory.regions[0].base);
	string(w, DEVICE_TYPE, "memory");
	property(w, REG, memblock.memory.cnt * pair_bytes(w));
	for_each_mem_region (r) {
		/* The last byte of the address space, which no list has, makes a page whole. */
		bool last = r->base && r->base + r->size == PHYS_ADDR_MAX;

		pair(w, r->base, r->size + last);
	}
	end(w);
}

static void write_chosen(struct writer *w)
{
	string(w, BOOTARGS, w->t->bootargs);
	if (w->t->initrd_start == w->t->initrd_end)
		return;
	property(w, INITRD_START, 8);
	number(w, w->t->initrd_start, 2);
	property(w, INITRD_END, 8);
	number(w, w->t->initrd_end, 2);
}

static void write_reg(struct writer *w)
{
	property(w, REG, pair_bytes(w));
	pair(w, w->t->store_base, w->t->store_size);
}

static void write_new_store(struct writer *w)
{
	begin_at(w, "store", w->t->store_base);
	string(w, COMPATIBLE, STORE);
	write_reg(w);
	property(w, NO_MAP, 0);
	end(w);
}

static void write_new_reserved(struct writer *w)
{
	begin(w, "reserved-memory");
	property(w, ADDRESS_CELLS, 4);
	word(w, (uint32_t)w->address_cells);
	property(w, SIZE_CELLS, 4);
	word(w, (uint32_t)w->size_cells);
	property(w, RANGES, 0);
	write_new_store(w);
	end(w);
}

/* What is put into NODE, right behind its name. */
static void write_into(struct writer *w, int node)
{
	if (node == w->chosen)
		write_chosen(w);
	if (node != w->store)
		return;
	property(w, NO_MAP, 0);
	if (w->store_moves)
		write_reg(w);
}

/* What comes before the end of the root, or else of /reserved-memory. */
static void write_missing(struct writer *w, bool root)
{
	bool store_missing = w->t->store_size && w->store < 0;

	if (!root) {
		if (store_missing)
			write_new_store(w);
		return;
	}
	write_memory(w);
	if (w->chosen < 0) {
		begin(w, "chosen");
		write_chosen(w);
		end(w);
	}
	if (store_missing && w->reserved < 0)
		write_new_reserved(w);
}

/* ---- the copy ------------------------------------------------------------------------------- */

/* Whether the property at OFFSET of NODE is left out, since another is there in its place. */
static bool is_replaced(const struct writer *w, int node, int offset)
{
	enum name n = node == w->chosen ? BOOTARGS : NO_MAP;
	enum name last = node == w->chosen ? OF_CHOSEN_LAST : OF_STORE_LAST;
	const char *name;

	if ((node != w->chosen && node != w->store) ||
	    !fdt_getprop_by_offset(w->t->from, offset, &name, NULL))
		return false;
	for (; n <= last; n++)
		if (!strcmp(name, name_of(n)))
			return true;
	return false;
}

static bool is_memory(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");

	return type && !strcmp(type, "memory");
}

/* Where the copy is. */
struct place {
	int node; /* that has begun last */
	int depth;
	bool skips, in_reserved; /* the node of depth 2 */
};

/* Copies the part of the tree between two offsets, which is a TAG and what belongs to it. */
static void copy(struct writer *w, struct place *at, uint32_t tag, int from, int to)
{
	const char *structure = (const char *)w->t->from + fdt_off_dt_struct(w->t->from);

	if (tag == FDT_BEGIN_NODE) {
		at->node = from;
		if (++at->depth == 2) {
			at->skips = is_memory(w->t->from, from);
			at->in_reserved = from == w->reserved;
		}
	}
	if (tag == FDT_END_NODE && (at->depth == 1 || (at->depth == 2 && at->in_reserved)))
		write_missing(w, at->depth == 1);
	if (!at->skips && tag != FDT_NOP && (tag != FDT_PROP || !is_replaced(w, at->node, from)))
		bytes(w, structure + from, (size_t)(to - from));
	if (tag == FDT_BEGIN_NODE)
		write_into(w, from);
	if (tag == FDT_END_NODE && at->depth-- == 2)
		at->skips = false;
}

static void copy_structure(struct writer *w)
{
	struct place at = {.node = -1};
	int offset = 0, next;
	uint32_t tag;

	do {
		tag = fdt_next_tag(w->t->from, offset, &next);
		copy(w, &at, tag, offset, next);
		offset = next;
	} while (tag != FDT_END);
}

int final_tree_node(const void *fdt, const char *name)
{
	return (int)(name - (const char *)fdt) - (int)fdt_off_dt_struct(fdt) - NAME_AT;
}

size_t final_tree_room(const struct final_tree *t)
{
	return fdt_totalsize(t->from) + HEADER + NODES + sizeof(names) + strlen(t->bootargs) +
	       PAIR_MAX * memblock.memory.cnt;
}

/* The parts in their order: header, reservations, structure, strings. */
static void write_parts(struct writer *w, uint8_t *to)
{
	const uint8_t *from = w->t->from;
	uint32_t old_names = fdt_size_dt_strings(from), size, structure, strings;

	w->p = to + HEADER;
	bytes(w, from + fdt_off_mem_rsvmap(from),
	      (size_t)(fdt_num_mem_rsv(from) + 1) * RESERVED_ENTRY);
	structure = (uint32_t)(w->p - to);
	copy_structure(w);
	strings = (uint32_t)(w->p - to);
	memcpy(w->p, from + fdt_off_dt_strings(from), old_names);
	w->p += old_names;
	bytes(w, names, sizeof(names));
	size = (uint32_t)(w->p - to);

	w->p = to;
	word(w, FDT_MAGIC);
	word(w, size);
	word(w, structure);
	word(w, strings);
	word(w, HEADER);
	word(w, VERSION);
	word(w, VERSION_COMPATIBLE);
	word(w, fdt_boot_cpuid_phys(from));
	word(w, old_names + (uint32_t)sizeof(names));
	word(w, strings - structure);
}

int final_tree_write(const struct final_tree *t, void *to)
{
	struct writer w = {.t = t};

	w.chosen = fdt_path_offset(t->from, "/chosen");
	w.reserved = fdt_path_offset(t->from, "/reserved-memory");
	if (dt_cells(t->from, 0, &w.address_cells, &w.size_cells) ||
	    (t->store_size && w.reserved >= 0 && !reserved_memory_is_read(t->from, w.reserved)))
		return -EINVAL;
	w.store = t->store_node;
	w.store_moves = w.store >= 0 && !fdt_getprop(t->from, w.store, "reg", NULL);
	write_parts(&w, to);
	return w.too_large ? -EINVAL : 0;
}
