/* SPDX-License-Identifier: MIT */
#include "boot/map.h"

#include "mm/memblock.h"

#define SPARE_LEAVES 8 /* devices lie together in a few sections */

/* The pages of a range that are mapped, [base, end). */
struct pages {
	uint32_t base;
	uint64_t end;
};

/* All pages that hold a byte of [base, base + size) below 4 GiB. */
static struct pages pages_of(uint64_t base, uint64_t size)
{
	uint64_t end = base + size < PGTABLE_SPACE ? base + size : PGTABLE_SPACE;

	if (!size || base >= PGTABLE_SPACE)
		return (struct pages){0, 0};
	return (struct pages){(uint32_t)ROUND_DOWN(base, PAGE_SIZE), ROUND_UP(end, PAGE_SIZE)};
}

static int map_pages(struct pgtable *pt, uint64_t base, uint64_t size, enum pgtable_attr attr)
{
	struct pages p = pages_of(base, size);

	return pgtable_map(pt, p.base, p.end - p.base, attr);
}

/* How many sections have only some of their pages in a range. */
static unsigned parts(uint64_t base, uint64_t size)
{
	struct pages p = pages_of(base, size);

	return (p.base % PGTABLE_SECTION ? 1U : 0) + (p.end % PGTABLE_SECTION ? 1U : 0);
}

static bool has_store(const struct boot *b)
{
	return b->store_place != STORE_PLACE_NONE;
}

bool map_guards_store(const struct boot *b)
{
	return has_store(b) && (b->store_base | b->store_size) % PGTABLE_SECTION == 0;
}

unsigned map_leaves(const struct map *m)
{
	const struct boot *b = m->boot;
	const struct memblock_region *r;
	unsigned leaves = SPARE_LEAVES + 1 + parts(b->fdt_base, b->fdt_size); /* 1: page 0 */

	for_each_mem_region (r) {
		if (!(r->flags & MEMBLOCK_NOMAP))
			leaves += parts(r->base, r->size);
	}
	if (has_store(b))
		leaves += parts(b->store_base, b->store_size);
	for (unsigned i = 0; i < m->image_count; i++)
		leaves += (m->image[i].base + m->image[i].size) / PGTABLE_SECTION -
			  m->image[i].base / PGTABLE_SECTION;
	return leaves + 1; /* the section in which the image begins */
}

int map_device(struct pgtable *pt, const struct map_range *device)
{
	return map_pages(pt, device->base, device->size, PGTABLE_DEVICE);
}

static int map_memory(struct pgtable *pt)
{
	const struct memblock_region *r;
	int err = 0;

	for_each_mem_region (r) {
		if (!err && !(r->flags & MEMBLOCK_NOMAP))
			err = map_pages(pt, r->base, r->size, PGTABLE_RAM);
	}
	return err;
}

int map_build(struct pgtable *pt, const struct map *m)
{
	const struct boot *b = m->boot;
	int err = 0;

	for (unsigned i = 0; i < m->device_count && !err; i++)
		err = map_device(pt, &m->devices[i]);
	if (!err)
		err = map_memory(pt);
	if (!err)
		err = map_pages(pt, b->fdt_base, b->fdt_size, PGTABLE_RAM);
	if (!err && has_store(b))
		err = map_pages(pt, b->store_base, b->store_size,
				map_guards_store(b) ? PGTABLE_GUARDED : PGTABLE_RAM);
	if (!err)
		err = pgtable_map(pt, 0, PAGE_SIZE, PGTABLE_FAULT);
	for (unsigned i = 0; i < m->image_count && !err; i++)
		err = map_pages(pt, m->image[i].base, m->image[i].size, m->image[i].attr);
	return err;
}
