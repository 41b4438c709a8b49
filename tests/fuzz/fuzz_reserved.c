/* SPDX-License-Identifier: MIT */
/* What tree, loader and command line want spared, told once more: all of it is, and nothing else.
 */
#include <libfdt.h>

#include "tests/fuzz/fuzz_boot.h"
#include "tests/fuzz/fuzz_dt.h"

#define ASKED_MAX 512 /* what an input asks for beyond that is not compared */

/* Something that is to be spared, [base, end). */
struct asked {
	uint64_t base, end;
	const char *name;
	bool nomap;
};

static struct asked asked[ASKED_MAX];
static unsigned asked_count;

static void ask(uint64_t base, uint64_t end, const char *name, bool nomap)
{
	if (end > PHYS_ADDR_MAX)
		end = PHYS_ADDR_MAX;
	if (base < end && asked_count < ASKED_MAX)
		asked[asked_count++] = (struct asked){base, end, name, nomap};
}

/* ---- who asks ------------------------------------------------------------------------------- */

static void ask_for_boot(const struct boot *b)
{
	uint64_t tree = (uintptr_t)b->fdt;

	ask(b->image_base, (uint64_t)b->image_base + b->image_size, "image", false);
	if (b->fdt_size)
		ask(tree, tree + fdt_totalsize(b->fdt), "tree", false);
}

static void ask_for_memreserve(const void *fdt)
{
	uint64_t base, size;

	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++)
		if (!fdt_get_mem_rsv(fdt, i, &base, &size))
			ask(base, fuzz_sum(base, size), "memreserve", false);
}

static void ask_for_pairs(const void *fdt, int node, unsigned ac, unsigned sc)
{
	bool nomap = fdt_getprop(fdt, node, "no-map", NULL) != NULL;
	int len, pair = (int)(4 * (ac + sc));
	const uint8_t *p = fdt_getprop(fdt, node, "reg", &len);

	for (; len > 0 && len % pair == 0; p += pair, len -= pair) {
		uint64_t base = fuzz_cells(p, ac);

		ask(base, fuzz_sum(base, fuzz_cells(p + 4 * ac, sc)), fdt_get_name(fdt, node, NULL),
		    nomap);
	}
}

/* Whether [base, end) lies in one of the alloc-ranges of NODE; if it has none, anywhere. */
static bool in_alloc_ranges(const void *fdt, int node, unsigned ac, unsigned sc, uint64_t base,
			    uint64_t end)
{
	int len, pair = (int)(4 * (ac + sc));
	const uint8_t *p = fdt_getprop(fdt, node, "alloc-ranges", &len);

	if (!p)
		return true;
	for (; len >= pair; p += pair, len -= pair) {
		uint64_t start = fuzz_cells(p, ac);

		if (base >= start && end <= fuzz_sum(start, fuzz_cells(p + 4 * ac, sc)))
			return true;
	}
	return false;
}

/* A number that NODE has, or 0. */
static uint64_t number(const void *fdt, int node, const char *name, unsigned cells)
{
	int len;
	const uint8_t *p = fdt_getprop(fdt, node, name, &len);

	return p && len == (int)(4 * cells) ? fuzz_cells(p, cells) : 0;
}

/* A child without a place has been given one, or not: the note tells, which has its name. */
static void ask_for_dynamic(const struct boot *b, int node, unsigned ac, unsigned sc)
{
	const char *name = fdt_get_name(b->fdt, node, NULL);
	uint64_t align = number(b->fdt, node, "alignment", ac);

	for (unsigned i = 0; i < b->named_count; i++) {
		const struct boot_reservation *n = &b->named[i];
		uint64_t end = (uint64_t)n->base + n->size;

		if (n->name != name)
			continue;
		CHECK(n->size == number(b->fdt, node, "size", sc) &&
			      n->base % (align ? align : 1) == 0,
		      "%s: it is not of its size and alignment", name);
		CHECK(in_alloc_ranges(b->fdt, node, ac, sc, n->base, end),
		      "%s: 0x%" PRIx64 "-0x%" PRIx64 " is in none of its alloc-ranges", name,
		      (uint64_t)n->base, end - 1);
		ask(n->base, end, name, n->nomap);
	}
}

static void ask_for_children(const struct boot *b)
{
	int parent = fdt_path_offset(b->fdt, "/reserved-memory"), node;
	unsigned ac, sc, root_ac, root_sc;

	if (parent < 0 || !fuzz_cell_counts(b->fdt, 0, &root_ac, &root_sc) ||
	    !fuzz_cell_counts(b->fdt, parent, &ac, &sc) || ac != root_ac || sc != root_sc ||
	    !fdt_getprop(b->fdt, parent, "#address-cells", NULL) ||
	    !fdt_getprop(b->fdt, parent, "#size-cells", NULL) ||
	    !fdt_getprop(b->fdt, parent, "ranges", NULL))
		return;
	fdt_for_each_subnode (node, b->fdt, parent) {
		if (!fuzz_is_enabled(b->fdt, node))
			continue;
		if (fdt_getprop(b->fdt, node, "reg", NULL))
			ask_for_pairs(b->fdt, node, ac, sc);
		else if (fdt_getprop(b->fdt, node, "size", NULL))
			ask_for_dynamic(b, node, ac, sc);
	}
}

/* Also: it lies in memory, and over nothing that was reserved before it. */
static void ask_for_initrd(const struct boot *b)
{
	uint64_t start = b->initrd_start / PAGE_SIZE * PAGE_SIZE, end;

	if (!b->has_initrd)
		return;
	end = (b->initrd_start + b->initrd_size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	CHECK(end > start && end - 1 <= PHYS_ADDR_MAX, "the initrd has no place");
	CHECK(fuzz_covers(&memblock.memory, start, end > PHYS_ADDR_MAX ? PHYS_ADDR_MAX : end),
	      "the initrd is not in memory");
	for (unsigned i = 0; i < asked_count; i++)
		CHECK(asked[i].base >= end || asked[i].end <= start, "the initrd lies over the %s",
		      asked[i].name);
	ask(start, end, "initrd", false);
}

/* ---- what came of it ------------------------------------------------------------------------ */

static void check_spared(uint64_t base, uint64_t end, const char *name)
{
	CHECK(fuzz_covers(&memblock.reserved, base, end),
	      "%s: 0x%" PRIx64 "-0x%" PRIx64 " is not reserved", name, base, end - 1);
}

/* What is no-map is so in all of memory: then nothing of it can be allocated. */
static void check_nomap(uint64_t base, uint64_t end, const char *name)
{
	for (unsigned long i = 0; i < memblock.memory.cnt; i++) {
		const struct memblock_region *r = &memblock.memory.regions[i];

		CHECK(r->base >= end || fuzz_end(r) <= base || r->flags & MEMBLOCK_NOMAP,
		      "%s: 0x%" PRIx64 "-0x%" PRIx64 " is not no-map", name, base, end - 1);
	}
}

/* What was reserved before any child was looked at has not become no-map. */
static void check_not_nomap(void)
{
	for (unsigned i = 0; i < asked_count; i++)
		CHECK(!fuzz_meets(&memblock.memory, asked[i].base, asked[i].end, MEMBLOCK_NOMAP),
		      "the %s is no-map", asked[i].name);
}

/* No-map does not count for what something else holds, and where it cannot be marked. */
static void check_asked(void)
{
	for (unsigned i = 0; i < asked_count; i++) {
		const struct asked *a = &asked[i];

		if (!a->nomap)
			check_spared(a->base, a->end, a->name);
		else if (!fuzz_meets(&memblock.reserved, a->base, a->end, 0))
			check_nomap(a->base, a->end, a->name);
	}
}

static void check_notes(const struct boot *b)
{
	for (unsigned i = 0; i < b->named_count; i++) {
		const struct boot_reservation *n = &b->named[i];
		uint64_t end = (uint64_t)n->base + n->size;

		if (n->nomap)
			check_nomap(n->base, end, n->name);
		else
			check_spared(n->base, end, n->name);
	}
}

static bool is_asked(uint64_t addr)
{
	for (unsigned i = 0; i < asked_count; i++)
		if (asked[i].base <= addr && addr < asked[i].end)
			return true;
	return false;
}

static void check_not_more(uint64_t base, uint64_t end)
{
	CHECK(is_asked(base) && is_asked(end - 1),
	      "nothing asked for all of 0x%" PRIx64 "-0x%" PRIx64 ", which is reserved", base,
	      end - 1);
}

void fuzz_check_reserved(const struct boot *b)
{
	const struct memblock_region *r;

	asked_count = 0;
	ask_for_boot(b);
	ask_for_initrd(b);
	ask_for_memreserve(b->fdt);
	check_not_nomap();
	ask_for_children(b);
	check_asked();
	check_notes(b);
	if (asked_count >= INIT_MEMBLOCK_REGIONS) /* the list may have been full */
		return;
	for_each_reserved_mem_region (r)
		check_not_more(r->base, fuzz_end(r));
	for (unsigned i = 0; i < b->named_count; i++)
		check_not_more(b->named[i].base, (uint64_t)b->named[i].base + b->named[i].size);
}
