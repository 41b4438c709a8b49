/* SPDX-License-Identifier: MIT */
/* What must hold of memblock's lists, and of what is allocated from them. */
#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz_boot.h"

#define BLOCKS 12
#define KNOWN_FLAGS (MEMBLOCK_HOTPLUG | MEMBLOCK_NOMAP)

static struct memblock_type *const types[2] = {&memblock.memory, &memblock.reserved};

uint64_t fuzz_end(const struct memblock_region *r)
{
	return (uint64_t)r->base + r->size;
}

static bool is_empty(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size;
}

bool fuzz_meets(const struct memblock_type *type, uint64_t base, uint64_t end, unsigned flags)
{
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		if (r->base < end && fuzz_end(r) > base && (!flags || r->flags & flags))
			return true;
	}
	return false;
}

bool fuzz_covers(const struct memblock_type *type, uint64_t base, uint64_t end)
{
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		if (r->base <= base && fuzz_end(r) > base)
			base = fuzz_end(r);
	}
	return base >= end;
}

static void check_list(const struct memblock_type *type)
{
	uint64_t total = 0;

	CHECK(type->cnt >= 1 && type->cnt <= type->max, "%s.cnt is %lu", type->name, type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		CHECK(r->size || is_empty(type), "%s[%lu] is empty", type->name, i);
		CHECK(r->size <= PHYS_ADDR_MAX - r->base, "%s[%lu] wraps", type->name, i);
		CHECK(!(r->flags & ~(type == &memblock.memory ? KNOWN_FLAGS : 0U)),
		      "%s[%lu] has flags %x", type->name, i, (unsigned)r->flags);
		total += r->size;
		if (i == 0)
			continue;
		CHECK(r->base >= fuzz_end(r - 1), "%s[%lu] is not above the one before it",
		      type->name, i);
		CHECK(r->base > fuzz_end(r - 1) || r->flags != r[-1].flags,
		      "%s[%lu] is one with the one before it", type->name, i);
	}
	CHECK(type->total_size == total, "%s.total_size is 0x%" PRIx64 ", the sum 0x%" PRIx64,
	      type->name, (uint64_t)type->total_size, total);
}

void fuzz_check_lists(void)
{
	check_list(&memblock.memory);
	check_list(&memblock.reserved);
}

void fuzz_keep_lists(struct fuzz_lists *now)
{
	for (int t = 0; t < 2; t++) {
		now->count[t] = types[t]->cnt;
		memcpy(now->regions[t], types[t]->regions,
		       types[t]->cnt * sizeof(*types[t]->regions));
	}
}

bool fuzz_was_reserved(const struct fuzz_lists *then, uint64_t base, uint64_t end)
{
	for (unsigned long i = 0; i < then->count[1]; i++)
		if (then->regions[1][i].base < end && fuzz_end(&then->regions[1][i]) > base)
			return true;
	return false;
}

static bool same_region(const struct memblock_region *a, const struct memblock_region *b)
{
	return a->base == b->base && a->size == b->size && a->flags == b->flags;
}

bool fuzz_same_lists(const struct fuzz_lists *then)
{
	for (int t = 0; t < 2; t++) {
		if (then->count[t] != types[t]->cnt)
			return false;
		for (unsigned long i = 0; i < types[t]->cnt; i++)
			if (!same_region(&then->regions[t][i], &types[t]->regions[i]))
				return false;
	}
	return true;
}

/* ---- allocations ---------------------------------------------------------------------------- */

/* What is asked for. */
struct request {
	uint64_t size, align, start, end;
	bool bottom_up;
};

/* The place for the request in the gap [lo, hi), or 0. */
static uint64_t place_in_gap(const struct request *q, uint64_t lo, uint64_t hi)
{
	uint64_t place;

	if (lo >= hi || hi - lo < q->size)
		return 0;
	place = q->bottom_up ? (lo + q->align - 1) / q->align * q->align
			     : (hi - q->size) / q->align * q->align;
	return place >= lo && place <= hi - q->size ? place : 0;
}

/* The better of two places, either of which may be none. */
static uint64_t better(const struct request *q, uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : (a < b) == q->bottom_up ? a : b;
}

/* Where the request belongs, by looking at every gap in all of memory; 0: nowhere. */
static uint64_t right_place(const struct request *q)
{
	uint64_t place = 0;

	for (unsigned long m = 0; m < memblock.memory.cnt; m++) {
		const struct memblock_region *mem = &memblock.memory.regions[m];
		uint64_t lo = mem->base, end = fuzz_end(mem) < q->end ? fuzz_end(mem) : q->end;

		if (mem->flags & MEMBLOCK_NOMAP)
			continue;
		lo = lo < PAGE_SIZE ? PAGE_SIZE : lo; /* page 0 is never given */
		lo = lo < q->start ? q->start : lo;
		for (unsigned long r = 0; r < memblock.reserved.cnt; r++) {
			const struct memblock_region *held = &memblock.reserved.regions[r];

			if (!held->size)
				continue;
			place = better(q, place,
				       place_in_gap(q, lo, held->base < end ? held->base : end));
			lo = fuzz_end(held) > lo ? fuzz_end(held) : lo;
		}
		place = better(q, place, place_in_gap(q, lo, end));
	}
	return place;
}

/* An address at or near an edge of a region, or any. */
static phys_addr_t random_address(uint64_t *rnd)
{
	const struct memblock_type *type = types[fuzz_below(rnd, 2)];
	const struct memblock_region *r = &type->regions[fuzz_below(rnd, (uint32_t)type->cnt)];
	phys_addr_t edge = fuzz_below(rnd, 2) ? r->base : r->base + r->size;

	switch (fuzz_below(rnd, 4)) {
	case 0:
		return edge + fuzz_below(rnd, 3) - 1;
	case 1:
		return edge - fuzz_below(rnd, 1U << fuzz_below(rnd, 32));
	case 2:
		return edge + fuzz_below(rnd, 1U << fuzz_below(rnd, 32));
	default:
		return r->base + r->size / 2;
	}
}

static struct request random_request(uint64_t *rnd)
{
	struct request q = {.size = 1 + fuzz_below(rnd, 1U << fuzz_below(rnd, 32)),
			    .align = 1U << fuzz_below(rnd, 32),
			    .end = PHYS_ADDR_MAX,
			    .bottom_up = fuzz_below(rnd, 2)};

	if (fuzz_below(rnd, 4) == 0)
		q.size = memblock.memory.regions[0].size / (1 + fuzz_below(rnd, 3));
	if (fuzz_below(rnd, 2))
		q.align = 1U << fuzz_below(rnd, 13);
	if (fuzz_below(rnd, 2))
		q.start = random_address(rnd);
	if (fuzz_below(rnd, 2))
		q.end = random_address(rnd);
	if (q.end <= 1) /* which has a meaning of its own, as in Linux */
		q.end = PHYS_ADDR_MAX;
	return q;
}

/* Allocates; false if there is no room. The size is 0 then. */
static bool allocate(struct request *q)
{
	uint64_t right = q->size ? right_place(q) : 0, got;
	struct fuzz_lists before;

	fuzz_keep_lists(&before);
	memblock_set_bottom_up(q->bottom_up);
	got = memblock_phys_alloc_range((phys_addr_t)q->size, (phys_addr_t)q->align,
					(phys_addr_t)q->start, (phys_addr_t)q->end);
	fuzz_check_lists();
	if (!got) {
		CHECK(!right || memblock.reserved.cnt == memblock.reserved.max,
		      "0x%" PRIx64 " bytes at a multiple of 0x%" PRIx64 " in 0x%" PRIx64
		      "-0x%" PRIx64 ", bottom_up %d: there is room at 0x%" PRIx64,
		      q->size, q->align, q->start, q->end, q->bottom_up, right);
		CHECK(fuzz_same_lists(&before), "an allocation that failed changed the lists");
		return false;
	}
	CHECK(got == right,
	      "0x%" PRIx64 " bytes at a multiple of 0x%" PRIx64 " in 0x%" PRIx64 "-0x%" PRIx64
	      ", bottom_up %d: at 0x%" PRIx64 " instead of 0x%" PRIx64,
	      q->size, q->align, q->start, q->end, q->bottom_up, got, right);
	CHECK(got % q->align == 0 && got >= q->start && got + q->size <= q->end,
	      "the block lies elsewhere");
	CHECK(fuzz_covers(&memblock.memory, got, got + q->size), "the block is not in memory");
	CHECK(!fuzz_meets(&memblock.memory, got, got + q->size, MEMBLOCK_NOMAP),
	      "the block is no-map");
	CHECK(!fuzz_was_reserved(&before, got, got + q->size), "the block is given twice");
	CHECK(fuzz_covers(&memblock.reserved, got, got + q->size), "the block is not reserved");
	q->start = got;
	return true;
}

/*
 * Frees them, a block in the middle of a region later if the list is full: then one at an edge is
 * left, or the region would hold more regions of before than the list has room for.
 */
static void free_all(struct request *blocks, unsigned count, uint64_t *rnd)
{
	unsigned refused = 0;

	while (count > 0) {
		unsigned i = (fuzz_below(rnd, count) + refused) % count;
		int err = memblock_phys_free((phys_addr_t)blocks[i].start,
					     (phys_addr_t)blocks[i].size);

		fuzz_check_lists();
		if (err) {
			CHECK(err == -ENOMEM && memblock.reserved.cnt == memblock.reserved.max,
			      "a free fails (%d), but the list has room", err);
			CHECK(refused++ < 100 * BLOCKS, "no block can be freed");
			continue;
		}
		CHECK(!fuzz_meets(&memblock.reserved, blocks[i].start,
				  blocks[i].start + blocks[i].size, 0),
		      "a block that was freed is reserved");
		blocks[i] = blocks[--count];
		refused = 0;
	}
}

void fuzz_check_allocations(uint32_t seed)
{
	struct request blocks[BLOCKS];
	struct fuzz_lists before;
	uint64_t rnd = seed;
	unsigned count = 0;

	fuzz_keep_lists(&before);
	for (int i = 0; i < BLOCKS; i++) {
		blocks[count] = random_request(&rnd);
		count += allocate(&blocks[count]);
	}
	free_all(blocks, count, &rnd);
	CHECK(fuzz_same_lists(&before), "after all was freed the lists are not as before");
}
