/* SPDX-License-Identifier: MIT */
#include "mm/pgtable.h"

#include <errno.h>

#include "mm/pgtable_entry.h"

/* Bits of descriptors (B3.5.1), where a section has them. */
#define TYPE_PAGE 2U /* of a page; bit 0 is XN */
#define BIT_B (1U << 2)
#define BIT_C (1U << 3)
#define BIT_XN (1U << 4)
#define AP_WRITE (1U << 10) /* privileged accesses only: nothing runs unprivileged */
#define AP_READ (1U << 10 | 1U << 15)
#define TEX(x) ((x) << 12)
#define BIT_S (1U << 16)

/* TEX C B as in table B3-10, TEX remap off. */
#define DEVICE (BIT_B)
#define WRITE_BACK (TEX(1U) | BIT_C | BIT_B | BIT_S)
#define UNCACHED (TEX(1U) | BIT_S)

/* The bits of a section. */
static const uint32_t attributes[PGTABLE_ATTRS] = {
	[PGTABLE_DEVICE] = TYPE_SECTION | DEVICE | AP_WRITE | BIT_XN,
	[PGTABLE_RAM] = TYPE_SECTION | WRITE_BACK | AP_WRITE | BIT_XN,
	[PGTABLE_CONST] = TYPE_SECTION | WRITE_BACK | AP_READ | BIT_XN,
	[PGTABLE_TEXT] = TYPE_SECTION | WRITE_BACK | AP_READ,
	[PGTABLE_GUARDED] =
		TYPE_SECTION | WRITE_BACK | AP_READ | BIT_XN | DOMAIN(PGTABLE_DOMAIN_GUARDED),
	[PGTABLE_UNCACHED] = TYPE_SECTION | UNCACHED | AP_WRITE | BIT_XN,
	[PGTABLE_EARLY] = TYPE_SECTION | WRITE_BACK | AP_WRITE,
};

/* The bits of a page that does what a section with BITS does (B3.5.1): they lie elsewhere. */
static uint32_t page_bits(uint32_t bits)
{
	return bits ? TYPE_PAGE | (bits & (BIT_C | BIT_B)) | (bits >> 4 & 1) | (bits >> 6 & 0x7f0)
		    : 0;
}

uint32_t pgtable_page_bits(enum pgtable_attr attr)
{
	return page_bits(attributes[attr]);
}

void pgtable_init(struct pgtable *pt, uint32_t *memory, uint32_t at, unsigned leaves)
{
	pt->root = memory;
	pt->leaves = memory + ROOT_ENTRIES;
	pt->at = at;
	pt->room = leaves;
	pt->used = 0;
	pt->fresh = 0;
	pt->given_back = 0;
	pt->taken = 0;
	for (uint32_t i = 0; i < ROOT_ENTRIES; i++)
		pt->root[i] = 0;
}

/* The number of a table that nothing points to, or pt->room: there is none. */
static unsigned take_leaf(struct pgtable *pt)
{
	unsigned leaf = pt->fresh;

	if (pt->given_back) {
		leaf = pt->given_back - 1;
		pt->given_back = pt->leaves[leaf * LEAF_ENTRIES];
	} else if (pt->fresh < pt->room) {
		pt->fresh++;
	} else {
		return pt->room;
	}
	pt->used++;
	return leaf;
}

/* Makes the entry of section I, which is done with what it was, the value ENTRY. */
static void set_root(struct pgtable *pt, uint32_t i, uint32_t entry)
{
	uint32_t old = pt->root[i];

	pt->root[i] = entry;
	if ((old & TYPE_MASK) == TYPE_LEAF) {
		uint32_t *leaf = leaf_of(pt, old);

		*leaf = pt->given_back;
		pt->given_back = (uint32_t)(leaf - pt->leaves) / LEAF_ENTRIES + 1;
		pt->used--;
	}
}

static void map_section(struct pgtable *pt, uint32_t i, uint32_t bits)
{
	set_root(pt, i, bits ? i << SECTION_SHIFT | bits : 0);
}

/* The second-level table of section I, which does at first what the section did; NULL: no room. */
static uint32_t *make_leaf(struct pgtable *pt, uint32_t i)
{
	uint32_t old = pt->root[i], at = i << SECTION_SHIFT, *leaf;
	uint32_t bits = page_bits(old & ~(~0U << SECTION_SHIFT));
	unsigned n;

	if ((old & TYPE_MASK) == TYPE_LEAF)
		return leaf_of(pt, old);
	n = take_leaf(pt);
	if (n == pt->room)
		return NULL;
	leaf = pt->leaves + n * LEAF_ENTRIES;
	for (uint32_t p = 0; p < LEAF_ENTRIES; p++)
		leaf[p] = bits ? (at + (p << PAGE_SHIFT)) | bits : 0;
	pt->root[i] = (pt->at + PGTABLE_BYTES(n)) | DOMAIN(PGTABLE_DOMAIN) | TYPE_LEAF;
	return leaf;
}

/* Maps the pages [first, end) of section I, and makes it a section if all its pages are alike. */
static int map_pages(struct pgtable *pt, uint32_t i, uint32_t first, uint32_t end, uint32_t bits)
{
	uint32_t at = i << SECTION_SHIFT, small = page_bits(bits), *leaf, p;

	if (pt->root[i] == (bits ? at | bits : 0))
		return 0; /* the whole section is mapped so already */
	leaf = make_leaf(pt, i);
	if (!leaf)
		return -ENOMEM;
	for (p = first; p < end; p++)
		leaf[p] = bits ? (at + (p << PAGE_SHIFT)) | small : 0;
	for (p = 0; p < LEAF_ENTRIES; p++)
		if ((leaf[p] & (PAGE_SIZE - 1)) != small)
			return 0;
	map_section(pt, i, bits);
	return 0;
}

/* Whether a section that holds a byte of [base, end) is taken. */
static bool any_taken(const struct pgtable *pt, uint32_t base, uint64_t end)
{
	for (uint64_t i = base >> SECTION_SHIFT; pt->taken && i << SECTION_SHIFT < end; i++)
		if (is_taken(pt, pt->root[i]))
			return true;
	return false;
}

int pgtable_map(struct pgtable *pt, uint32_t base, uint64_t size, enum pgtable_attr attr)
{
	uint64_t end = base + size,
		 multiple = attr == PGTABLE_GUARDED ? PGTABLE_SECTION : PAGE_SIZE;
	uint32_t bits = attributes[attr];

	if ((base | size) % multiple || end < size || end > PGTABLE_SPACE)
		return -EINVAL;
	if (any_taken(pt, base, end))
		return -EBUSY;
	for (uint64_t at = base, next; at < end; at = next) {
		uint32_t i = (uint32_t)(at >> SECTION_SHIFT);
		uint64_t start = (uint64_t)i << SECTION_SHIFT;
		int err;

		next = start + PGTABLE_SECTION < end ? start + PGTABLE_SECTION : end;
		if (next - at == PGTABLE_SECTION) {
			map_section(pt, i, bits);
			continue;
		}
		err = map_pages(pt, i, (uint32_t)(at - start) >> PAGE_SHIFT,
				(uint32_t)(next - start) >> PAGE_SHIFT, bits);
		if (err)
			return err;
	}
	return 0;
}

enum pgtable_attr pgtable_attr(const struct pgtable *pt, uint32_t address)
{
	uint32_t entry = pt->root[address >> SECTION_SHIFT], bits;
	bool page = (entry & TYPE_MASK) == TYPE_LEAF;
	unsigned attr = PGTABLE_FAULT;

	if (!(entry & TYPE_MASK))
		return PGTABLE_FAULT;
	if (page)
		bits = leaf_of(pt, entry)[address >> PAGE_SHIFT & (LEAF_ENTRIES - 1)] &
		       (PAGE_SIZE - 1);
	else
		bits = entry & (PGTABLE_SECTION - 1);
	while (attr < PGTABLE_ATTRS - 1 &&
	       bits != (page ? page_bits(attributes[attr]) : attributes[attr]))
		attr++;
	return (enum pgtable_attr)attr;
}

bool pgtable_next(const struct pgtable *pt, uint64_t *at, struct pgtable_run *run)
{
	run->size = 0;
	while (*at < PGTABLE_SPACE) {
		uint32_t address = (uint32_t)*at, entry = pt->root[address >> SECTION_SHIFT];
		bool page = (entry & TYPE_MASK) == TYPE_LEAF;
		uint32_t step = page ? PAGE_SIZE : PGTABLE_SECTION;
		enum pgtable_attr attr = pgtable_attr(pt, address);

		if (run->size && attr != run->attr)
			break;
		*at += step;
		if (attr == PGTABLE_FAULT)
			continue;
		if (!run->size) {
			run->base = address;
			run->attr = attr;
			run->lent = is_taken(pt, entry);
			run->sections = run->pages = 0;
		}
		run->size += step;
		run->sections += !page;
		run->pages += page;
	}
	return run->size;
}
