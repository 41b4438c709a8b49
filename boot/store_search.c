/* SPDX-License-Identifier: MIT */
#include "boot/store_search.h"

#include <stdio.h>

#include "boot/store_region.h"
#include "lib/log.h"
#include "mm/memblock.h"
#include "store/probe.h"
#include "store/store.h"

/* Stores that are not opened are kept if that costs at most this part of all memory. */
#define KEPT_PART 4

#define FOUND_MAX 8

struct found {
	phys_addr_t base;
	struct store_identity id;
	const char *kept; /* whether it is, in words */
};

struct search {
	struct boot *b;
	const void *(*readable)(phys_addr_t base, phys_addr_t size);
	uint64_t behind; /* the last one that was found */
	struct found found[FOUND_MAX];
	unsigned count;
	bool more;        /* than there is room for */
	phys_addr_t kept; /* bytes */
};

/* Whether the region is where it is only because nobody said where. */
static bool placed_by_map(const struct boot *b)
{
	return b->store_place == STORE_PLACE_DEFAULT ||
	       (b->store_place == STORE_PLACE_CMDLINE && !b->store_at);
}

static bool region_has_trace(const struct search *f)
{
	const void *page = f->readable(f->b->store_base, f->b->store_size);

	/* A probe does not write. */
	return page && store_probe(&(struct store_media){
			       .base = (void *)(uintptr_t)page,
			       .size = (uint32_t)f->b->store_size,
		       }) != STORE_NOTHING;
}

/* ---- to find it ----------------------------------------------------------------------------- */

/*
 * Looks at the multiples of STEP in [from, end) that are in R and not in a region that was found.
 * What lies inside of a region belongs to it, whatever it looks like: neither a value nor what a
 * smaller region left there is mistaken for a store.
 */
static void search_range(struct search *f, const struct memblock_region *r, uint64_t from,
			 uint64_t end, uint32_t step)
{
	uint64_t r_end = (uint64_t)r->base + r->size, at = from > r->base ? from : r->base;
	struct store_identity id;

	if (end > r_end - STORE_REGION_MIN + 1)
		end = r_end - STORE_REGION_MIN + 1; /* one that begins behind has no room */
	/* What wraps at the end of the address space is below the region. */
	for (at = ROUND_UP(at > f->behind ? at : f->behind, step);
	     at >= r->base && at < end && !f->more; at += step) {
		const uint8_t *start = f->readable((phys_addr_t)at, (phys_addr_t)(r_end - at));
		const uint8_t *page = NULL;

		if (start)
			page = store_seek(start, step,
					  (uint32_t)((phys_addr_t)(end - at - 1) / step + 1));
		if (!page)
			return;
		at += (uint64_t)(page - start);
		if (!store_identify(page, &id) || id.place != at)
			continue;
		f->more = f->count == FOUND_MAX;
		if (f->more)
			return;
		f->found[f->count++] = (struct found){.base = (phys_addr_t)at, .id = id};
		f->behind = at + id.size;
		at = ROUND_UP(f->behind, step) - step;
	}
}

/* The new region is looked at closely: to format it would be the end of what lies in it. */
static void find_all(struct search *f)
{
	const struct memblock_region *r;
	uint64_t own = f->b->store_base, own_end = own + f->b->store_size;
	uint32_t step = (own | own_end) % MIB(1) ? STORE_REGION_ALIGN : MIB(1);

	for_each_mem_region (r) {
		if (r->flags & MEMBLOCK_NOMAP || r->size < STORE_REGION_MIN)
			continue;
		search_range(f, r, 0, own, step);
		search_range(f, r, own, own_end, STORE_REGION_ALIGN);
		search_range(f, r, own_end, UINT64_MAX, step);
	}
}

/* ---- what becomes of it --------------------------------------------------------------------- */

/* Whether somebody has a part of [base, base + size), the region that was placed anew aside. */
static bool taken(const struct boot *b, phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = base + size, own = b->store_base, own_end = own + b->store_size;
	phys_addr_t before = end < own ? end : own, after = base > own_end ? base : own_end;

	return (base < before && store_region_taken(base, before - base)) ||
	       (after < end && store_region_taken(after, end - after));
}

/* Who it is. The region that was placed anew was noted last. */
static const char *holder(const struct boot *b, phys_addr_t base, phys_addr_t size)
{
	for (const struct boot_reservation *r = b->named; r < b->named + b->named_count; r++)
		if (memblock_addrs_overlap(r->base, r->size, base, size))
			return r->name;
	return "another reservation";
}

/* Gives up the region that was placed anew, the last reservation that was noted. */
static void release_region(struct boot *b)
{
	unsigned last = b->named_count - 1; /* there may be none, or no room for it in the list */

	if (!memblock_phys_free(b->store_base, b->store_size) && b->named_count &&
	    b->named[last].base == b->store_base && b->named[last].size == b->store_size)
		b->named_count = last;
}

static void adopt(struct boot *b, const struct found *f)
{
	pr_warn("store: " PRIpa "+" PRIpa
		": found there, where another map had placed it: used, and not a new one "
		"at " PRIpa,
		f->base, (phys_addr_t)f->id.size, b->store_base);
	release_region(b);
	b->store_base = f->base;
	b->store_size = f->id.size;
	boot_reserve(b, b->store_base, b->store_size, "store");
}

/* Reserves what is in memory of *F, so that a later boot may find it as it is. */
static void keep(struct search *s, struct found *f)
{
	const struct memblock_region *r;
	uint64_t end = (uint64_t)f->base + f->id.size;

	f->kept = "too much of it to be kept: it is overwritten as others need it";
	if (f->id.size > memblock_phys_mem_size() / KEPT_PART - s->kept)
		return;
	f->kept = "what is free of that is kept until then";
	s->kept += f->id.size;
	for_each_mem_region (r) {
		phys_addr_t from = r->base > f->base ? r->base : f->base;
		uint64_t r_end = (uint64_t)r->base + r->size, to = r_end < end ? r_end : end;

		if (from < to && !(r->flags & MEMBLOCK_NOMAP))
			boot_reserve(s->b, from, (phys_addr_t)(to - from), "old store");
	}
}

/* Keeps what was found, and places the new region once more, beside it. */
static void keep_all(struct search *s)
{
	release_region(s->b);
	for (struct found *f = s->found; f < s->found + s->count; f++)
		keep(s, f);
	store_region_allocate(s->b);
}

static void say_new_place(const struct boot *b)
{
	if (b->store_place == STORE_PLACE_NONE)
		pr_err("store: there is no room for a new one");
	else
		pr_err("store: to do without, \"store format\" makes a new one at " PRIpa "+" PRIpa,
		       b->store_base, b->store_size);
}

/* To format a new one unasked would be the end of the old one, for whoever has no other plan. */
static void leave_closed(struct search *s, const char *why, const char *who)
{
	const struct found *f = s->found;
	phys_addr_t size = f->id.size;
	struct boot *b = s->b;

	keep_all(s);
	snprintf(b->store_problem, sizeof(b->store_problem),
		 "there is one at " PRIpa "+" PRIpa ", %s%.60s", f->base, size, why, who);
	pr_err("store: %s: neither it nor a new one is opened", b->store_problem);
	pr_err("store: to have it back, give it its memory again (%s): it will be found, or ask "
	       "for it by cairn.store=0x%" PRIx64 "@0x%" PRIx64,
	       f->kept, (uint64_t)size, (uint64_t)f->base);
	say_new_place(b);
}

/*
 * No superblock tells which of several was used last: one that was abandoned long ago may have had
 * more updates than the one that took its place.
 */
static void leave_all_closed(struct search *s)
{
	struct boot *b = s->b;

	keep_all(s);
	snprintf(b->store_problem, sizeof(b->store_problem),
		 "there are %s%u, and nobody says which one it is", s->more ? "more than " : "",
		 s->count);
	pr_err("store: %s: neither one of them nor a new one is opened", b->store_problem);
	for (const struct found *f = s->found; f < s->found + s->count; f++)
		pr_err("store: cairn.store=0x%" PRIx64 "@0x%" PRIx64
		       " asks for the one with %lu updates (%s)",
		       (uint64_t)f->id.size, (uint64_t)f->base, (unsigned long)f->id.generation,
		       f->kept);
	say_new_place(b);
}

void store_search(struct boot *b, const void *(*readable)(phys_addr_t base, phys_addr_t size))
{
	struct search s = {.b = b, .readable = readable};
	const struct found *f = s.found;

	if (!placed_by_map(b) || region_has_trace(&s))
		return;
	find_all(&s);
	if (!s.count)
		return;
	if (s.count > 1)
		leave_all_closed(&s);
	else if (f->id.size > PHYS_ADDR_MAX - f->base ||
		 !memblock_is_region_memory(f->base, f->id.size))
		leave_closed(&s, "which is not all in memory", "");
	else if (taken(b, f->base, f->id.size))
		leave_closed(&s, "parts of which are taken by ", holder(b, f->base, f->id.size));
	else
		adopt(b, f);
}
