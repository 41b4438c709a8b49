/* SPDX-License-Identifier: MIT */
/*
 * What the files of memblock share, and nobody else needs.
 *
 * What is C99's `inline` here is part of its caller where that is compiled for speed, and one
 * function in memblock.c where it is compiled for size.
 */
#ifndef CAIRN_MM_MEMBLOCK_INTERNAL_H
#define CAIRN_MM_MEMBLOCK_INTERNAL_H

#include "memblock.h"

/* Out of line: the trace names callers by return address. */
#define TRACED __attribute__((noinline))
#define CALLER __builtin_return_address(0)
#define TRACING __builtin_expect(memblock_tracer != NULL, false)

/** Some memory was marked mirrored: worth a search of its own. */
extern bool memblock_has_mirror;

/** Tells the hook, if there is one, WHAT is wrong with a call that CALLER made. */
void memblock_wrong(const char *what, const void *caller);

/** What the list of reservations begins with. */
extern struct memblock_region memblock_first_reserved[INIT_MEMBLOCK_RESERVED_REGIONS];

/**
 * Gives TYPE an array of MAX regions, at least two more than it has, outside of [base, end), which
 * the caller is about to change. 0 or -ENOMEM.
 */
int memblock_double_array(struct memblock_type *type, unsigned long max, phys_addr_t base,
			  phys_addr_t end);

/** The lower one of two addresses. */
static inline phys_addr_t min_addr_of(phys_addr_t a, phys_addr_t b)
{
	return a < b ? a : b;
}

/** The end of [base, base + size), cut one short of the top of the address space. */
static inline phys_addr_t capped_end(phys_addr_t base, phys_addr_t size)
{
	return base + min_addr_of(size, PHYS_ADDR_MAX - base);
}

/** The end of a region. */
inline phys_addr_t memblock_region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

/** How many regions TYPE has: an empty list holds one of size 0. */
inline unsigned long memblock_count(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size ? 0 : type->cnt;
}

/** Behind the last region of TYPE. */
inline struct memblock_region *memblock_list_end(const struct memblock_type *type)
{
	return type->regions + memblock_count(type);
}

/** The last region that begins at or below ADDR; the first, if none does. */
inline struct memblock_region *memblock_last_from(const struct memblock_type *type,
						  phys_addr_t addr)
{
	struct memblock_region *r = type->regions;

	for (unsigned long n = type->cnt, half; (half = n / 2) > 0; n -= half) {
		struct memblock_region *mid = r + half;

		r = mid->base <= addr ? mid : r; /* a conditional move, no jump to guess */
	}
	return r;
}

/**
 * The first region that ends above ADDR (there, or after it), or memblock_list_end() if there is
 * none. With jumps to guess: what has just been changed is not waited for.
 */
inline struct memblock_region *memblock_first_above(const struct memblock_type *type,
						    phys_addr_t addr)
{
	unsigned long lo = 0, hi = memblock_count(type);

	/* Memory is given from the top: mostly it is the last region, or behind it. */
	if (hi > 1 && memblock_region_end(&type->regions[hi - 2]) <= addr)
		lo = hi - 1;
	while (lo < hi) {
		unsigned long mid = (lo + hi) / 2;

		if (memblock_region_end(&type->regions[mid]) > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return type->regions + lo;
}

/*
 * What regions must agree in to be one: the flags and, under CONFIG_NUMA, the node above them. A
 * gap has the flag NOTHING, which no region has; it fits the smallest type of an enum.
 */
#define NOTHING 0x80U

#ifdef CONFIG_NUMA
typedef uint32_t attr_t;
#else
typedef uint8_t attr_t;
#endif

/** The attributes of a region with these flags on node NID. */
static inline attr_t attributes(int nid, unsigned flags)
{
#ifdef CONFIG_NUMA
	return (attr_t)(nid + 1) << 8 | flags;
#else
	(void)nid;
	return (attr_t)flags;
#endif
}

/** What becomes of a range: of a region in it, and of a gap. */
struct memblock_change {
	attr_t spare; /**< a region with one of these attributes stays as it is */
	attr_t keep;  /**< of a region's attributes */
	attr_t set;   /**< in them; NOTHING removes it */
	attr_t gap;   /**< the attributes of what fills a gap */
};

/** Removes what there is. */
extern const struct memblock_change memblock_clear;

/**
 * Makes the change C of [base, base + size), whose end is capped. 0, or -ENOMEM if the result does
 * not fit: nothing has changed then.
 */
int memblock_change(phys_addr_t base, phys_addr_t size, struct memblock_type *type,
		    const struct memblock_change *c);

#endif
