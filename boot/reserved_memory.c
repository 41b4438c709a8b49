/* SPDX-License-Identifier: MIT */
#include "boot/reserved_memory.h"

#include "boot/store_region.h"

#include <libfdt.h>
#include <stdio.h>

#include "lib/dt.h"
#include "lib/log.h"
#include "mm/memblock.h"

/* What Debian's Linux demands of an area that its contiguous allocator may share: a pageblock. */
#define CMA_ALIGN (MIB(8))

static const char *name_of(const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);

	return name ? name : "?";
}

static bool has(const void *fdt, int node, const char *property)
{
	return fdt_getprop(fdt, node, property, NULL) != NULL;
}

static bool is_store(const void *fdt, int node)
{
	return fdt_node_check_compatible(fdt, node, "cairn,store") == 0;
}

/* Marks a range no-map, as Linux does: not if it is memory that something else holds. */
static bool mark_nomap(struct boot *b, int node, uint64_t base, uint64_t size)
{
	const char *name = name_of(b->fdt, node);

	if (memblock_overlaps_region(&memblock.memory, (phys_addr_t)base, (phys_addr_t)size) &&
	    memblock_is_region_reserved((phys_addr_t)base, (phys_addr_t)size)) {
		boot_complain(b, LOG_ERR,
			      "reserved-memory: %s: 0x%" PRIx64 "-0x%" PRIx64
			      " is no-map, but part of it is reserved already: ignored",
			      name, base, base + size - 1);
		return false;
	}
	if (memblock_mark_nomap((phys_addr_t)base, (phys_addr_t)size)) {
		boot_complain(
			b, LOG_ERR,
			"reserved-memory: %s: 0x%" PRIx64 "-0x%" PRIx64
			" could not be marked no-map: the list holds %lu regions: reserved instead",
			name, base, base + size - 1, memblock.memory.max);
		boot_reserve(b, (phys_addr_t)base, (phys_addr_t)size, name);
		return true;
	}
	boot_note(b, (phys_addr_t)base, (phys_addr_t)size, name, true);
	return true;
}

struct cells {
	int address, size;
};

static int pair_bytes(const struct cells *c)
{
	return 4 * (c->address + c->size);
}

/* Whether LEN bytes of a property, which are not negative, are whole pairs. */
static bool are_pairs(int len, const struct cells *c)
{
	return (unsigned)len % (unsigned)pair_bytes(c) == 0;
}

/* The reg of a child: its length if it is whole pairs, 0 if there is none, -1 and a line if not. */
static int reg_of(struct boot *b, int node, const struct cells *c, const uint8_t **reg)
{
	int len = 0;

	*reg = fdt_getprop(b->fdt, node, "reg", &len);
	if (!*reg)
		return 0;
	if (are_pairs(len, c))
		return len;
	boot_complain(
		b, LOG_ERR,
		"reserved-memory: %s: reg has %d bytes, expected pairs of %d: the node is skipped",
		name_of(b->fdt, node), len, pair_bytes(c));
	return -1;
}

/* The child before NODE with a range that [base, base + size) overlaps, or -1. */
static int overlapped_child(const void *fdt, int parent, int node, const struct cells *c,
			    uint64_t base, uint64_t size)
{
	int other;

	fdt_for_each_subnode (other, fdt, parent) {
		int len = 0;
		const uint8_t *reg;

		if (other == node)
			return -1;
		reg = fdt_getprop(fdt, other, "reg", &len);
		if (!reg || !dt_available(fdt, other) || !are_pairs(len, c))
			continue;
		for (; len > 0; len -= pair_bytes(c), reg += pair_bytes(c)) {
			uint64_t at, n;

			dt_pair(reg, c->address, c->size, &at, &n);
			if (n && (at < base ? base - at < n : at - base < size))
				return other;
		}
	}
	return -1;
}

/* Says which other child a range of NODE overlaps, if it is one. Each search is a walk over all. */
static void report_overlap(struct boot *b, int parent, int node, const struct cells *c,
			   uint64_t base, uint64_t size)
{
	int other;

	if (b->overlap_searches++ >= BOOT_OVERLAP_SEARCHES_MAX)
		return;
	other = overlapped_child(b->fdt, parent, node, c, base, size);
	if (other >= 0)
		boot_complain(b, LOG_WARNING,
			      "reserved-memory: %s: 0x%" PRIx64 "+0x%" PRIx64 " overlaps %s",
			      name_of(b->fdt, node), base, size, name_of(b->fdt, other));
}

/* Reserves one range of a child, or marks it no-map; NULL, or why it is no place for a store. */
static const char *fix_range(struct boot *b, int parent, int node, const struct cells *c,
			     uint64_t base, uint64_t size)
{
	const char *name = name_of(b->fdt, node);
	bool taken = store_region_taken((phys_addr_t)base, (phys_addr_t)size);

	if (taken)
		report_overlap(b, parent, node, c, base, size);
	if (!has(b->fdt, node, "no-map"))
		reserve_range(b, base, size, name);
	else if (!mark_nomap(b, node, base, size))
		return "could not be marked no-map";
	return taken ? "overlaps what is reserved already" : NULL;
}

/* A child with a fixed place. The store lies in the first range of its node. */
static void fixed_child(struct boot *b, int parent, int node, const struct cells *c)
{
	const uint8_t *reg;
	int len = reg_of(b, node, c, &reg);
	bool store = is_store(b->fdt, node);

	for (; len > 0; len -= pair_bytes(c), reg += pair_bytes(c)) {
		uint64_t base, size;
		const char *why;

		dt_pair(reg, c->address, c->size, &base, &size);
		if (!size)
			boot_complain(b, LOG_WARNING,
				      "reserved-memory: %s: 0x%" PRIx64
				      " with a size of 0: ignored",
				      name_of(b->fdt, node), base);
		if (!size || !reserve_cap(b, base, &size, name_of(b->fdt, node)))
			continue;
		why = fix_range(b, parent, node, c, base, size);
		if (store)
			store_region_from_tree(b, (phys_addr_t)base, (phys_addr_t)size,
					       name_of(b->fdt, node), why);
		store = false;
	}
}

/* Looks in each of the alloc-ranges, or everywhere if there are none; 0: no room. */
static phys_addr_t find_place(struct boot *b, int node, const struct cells *c, phys_addr_t size,
			      phys_addr_t align)
{
	int len = 0;
	const uint8_t *p = fdt_getprop(b->fdt, node, "alloc-ranges", &len);

	if (!p)
		return memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ANYWHERE);
	if (!are_pairs(len, c)) {
		boot_complain(
			b, LOG_ERR,
			"reserved-memory: %s: alloc-ranges has %d bytes, expected pairs of %d",
			name_of(b->fdt, node), len, pair_bytes(c));
		return 0;
	}
	for (; len > 0; len -= pair_bytes(c), p += pair_bytes(c)) {
		uint64_t start, room;
		phys_addr_t found;

		dt_pair(p, c->address, c->size, &start, &room);
		if (start > PHYS_ADDR_MAX || !room)
			continue;
		if (room > PHYS_ADDR_MAX - start)
			room = PHYS_ADDR_MAX - start;
		if (start + room <= PAGE_SIZE) /* is never given; an end of 1 means no end */
			continue;
		found = memblock_phys_alloc_range(size, align, (phys_addr_t)start,
						  (phys_addr_t)(start + room));
		if (found)
			return found;
	}
	return 0;
}

/* A number property of exactly CELLS cells. False and a line if it has another length. */
static bool number_property(struct boot *b, int node, const char *name, int cells, uint64_t *value)
{
	int len;
	const void *p = fdt_getprop(b->fdt, node, name, &len);

	if (!p)
		return true;
	if (len != 4 * cells) {
		boot_complain(
			b, LOG_ERR,
			"reserved-memory: %s: %s has %d bytes, expected %d: the node is skipped",
			name_of(b->fdt, node), name, len, 4 * cells);
		return false;
	}
	*value = dt_number(p, cells);
	return true;
}

static bool shared_with_cma(const void *fdt, int node)
{
	return has(fdt, node, "reusable") && !has(fdt, node, "no-map") &&
	       fdt_node_check_compatible(fdt, node, "shared-dma-pool") == 0;
}

/* A child that asks for a size only. */
static void dynamic_child(struct boot *b, int node, const struct cells *c)
{
	const char *name = name_of(b->fdt, node);
	bool nomap = has(b->fdt, node, "no-map");
	uint64_t size = 0, align = SMP_CACHE_BYTES;
	phys_addr_t base;

	if (!number_property(b, node, "size", c->size, &size) ||
	    !number_property(b, node, "alignment", c->address, &align))
		return;
	if (!size) {
		boot_complain(b, LOG_ERR, "reserved-memory: %s: size is 0: the node is skipped",
			      name);
		return;
	}
	if (!align)
		align = SMP_CACHE_BYTES;
	if (align & (align - 1)) {
		boot_complain(b, LOG_ERR,
			      "reserved-memory: %s: alignment 0x%" PRIx64
			      " is not a power of two: the node is skipped",
			      name, align);
		return;
	}
	if (shared_with_cma(b->fdt, node) && align < CMA_ALIGN)
		align = CMA_ALIGN;
	base = size > PHYS_ADDR_MAX || align > PHYS_ADDR_MAX
		       ? 0
		       : find_place(b, node, c, (phys_addr_t)size, (phys_addr_t)align);
	if (!base) {
		boot_complain(b, LOG_ERR,
			      "reserved-memory: %s: no room for 0x%" PRIx64
			      " bytes: it is left out",
			      name, size);
		if (is_store(b->fdt, node))
			store_region_from_tree(b, 0, 0, name, "found no room");
		return;
	}
	if (nomap && memblock_mark_nomap(base, (phys_addr_t)size)) {
		boot_complain(b, LOG_ERR,
			      "reserved-memory: %s: could not be marked no-map: the list holds %lu "
			      "regions",
			      name, memblock.memory.max);
		nomap = false;
	}
	boot_note(b, base, (phys_addr_t)size, name, nomap);
	if (is_store(b->fdt, node))
		store_region_from_tree(b, base, (phys_addr_t)size, name, NULL);
}

bool reserved_memory_is_read(const void *fdt, int parent)
{
	int ac, sc, root_ac, root_sc;

	return !dt_cells(fdt, 0, &root_ac, &root_sc) && !dt_cells(fdt, parent, &ac, &sc) &&
	       has(fdt, parent, "#address-cells") && has(fdt, parent, "#size-cells") &&
	       ac == root_ac && sc == root_sc && has(fdt, parent, "ranges");
}

/* A store's node that was skipped, for whatever reason, must not send the store elsewhere. */
static void refuse_skipped_store(struct boot *b, int parent)
{
	int node;

	fdt_for_each_subnode (node, b->fdt, parent) {
		if (b->store_place != STORE_PLACE_TREE && dt_available(b->fdt, node) &&
		    is_store(b->fdt, node))
			store_region_from_tree(b, 0, 0, name_of(b->fdt, node),
					       "gives no place that could be used");
	}
}

void reserved_memory(struct boot *b)
{
	const void *fdt = b->fdt;
	int node, parent = fdt_path_offset(fdt, "/reserved-memory");
	struct cells c;

	if (parent < 0)
		return;
	if (!reserved_memory_is_read(fdt, parent)) {
		pr_err("reserved-memory: expected ranges and the root's #address-cells and "
		       "#size-cells: all of it is ignored");
	} else {
		dt_cells(fdt, 0, &c.address, &c.size);
		fdt_for_each_subnode (node, fdt, parent) {
			if (dt_available(fdt, node))
				fixed_child(b, parent, node, &c);
		}
		fdt_for_each_subnode (node, fdt, parent) {
			if (dt_available(fdt, node) && !has(fdt, node, "reg") &&
			    has(fdt, node, "size"))
				dynamic_child(b, node, &c);
		}
	}
	refuse_skipped_store(b, parent);
}
