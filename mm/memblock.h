/* SPDX-License-Identifier: MIT */
/*
 * memblock: which memory there is and which of it is taken, before any other allocator exists.
 *
 * Names and semantics are Linux's (6.1, mm/memblock.c), so that what is known of the one holds for
 * the other. There are two lists, `memory` and `reserved`, each a dense array of disjoint regions
 * sorted by address; what lies in `memory` and not in `reserved` is free. The arrays and the fields
 * below are the whole state: no index hides behind them, and tests may reset them from outside.
 *
 * Rules that hold for every call:
 *  - ranges are [base, base + size); a size that would pass the last address is cut to
 *    PHYS_ADDR_MAX - base, so the very last byte of the address space is never covered;
 *  - size 0 changes nothing and succeeds;
 *  - regions that touch and agree in flags (and node) are one region;
 *  - an empty list is cnt == 1 with regions[0] = {0, 0};
 *  - a call that needs more regions than the array holds, if only on the way to its result, returns
 *    -ENOMEM and changes nothing.
 */
#ifndef CAIRN_MM_MEMBLOCK_H
#define CAIRN_MM_MEMBLOCK_H

#include "../lib/types.h"

#ifndef INIT_MEMBLOCK_REGIONS
#define INIT_MEMBLOCK_REGIONS 128 /**< regions that `memory` holds */
#endif
#ifndef INIT_MEMBLOCK_RESERVED_REGIONS
#define INIT_MEMBLOCK_RESERVED_REGIONS INIT_MEMBLOCK_REGIONS /**< regions that `reserved` holds */
#endif
#ifndef SMP_CACHE_BYTES
#define SMP_CACHE_BYTES 64 /**< the alignment that align 0 means; Linux's for an ARMv7 kernel */
#endif
#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif

/** Ends of a search: the whole address space, or up to memblock.current_limit. */
#define MEMBLOCK_ALLOC_ANYWHERE (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE 0
#define MEMBLOCK_LOW_LIMIT 0

enum memblock_flags {
	MEMBLOCK_NONE = 0x0,
	MEMBLOCK_HOTPLUG = 0x1, /**< marked hotpluggable by the tree */
	MEMBLOCK_MIRROR = 0x2,
	MEMBLOCK_NOMAP = 0x4, /**< memory that must not be mapped and is never allocated */
	MEMBLOCK_DRIVER_MANAGED = 0x8,
};

struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
	enum memblock_flags flags;
#ifdef CONFIG_NUMA
	int nid;
#endif
};

struct memblock_type {
	unsigned long cnt;
	unsigned long max;
	phys_addr_t total_size; /**< sum of all sizes */
	struct memblock_region *regions;
	const char *name;
};

struct memblock {
	bool bottom_up; /**< allocate from the lowest free address instead of the highest */
	phys_addr_t current_limit;
	struct memblock_type memory;
	struct memblock_type reserved;
};

extern struct memblock memblock;

/**
 * Receives each call that Linux's memblock=debug traces, before the call does anything. NULL (the
 * default): no trace. CALLER is the return address of the traced function.
 */
struct memblock_tracer {
	/** CALL names the function, for [base, base + size) as the caller gave it. */
	void (*range)(const char *call, phys_addr_t base, phys_addr_t size, const void *caller);
	/** An allocation: nid is NUMA_NO_NODE for any, and has_nid false for calls that take none.
	 */
	void (*alloc)(const char *call, phys_addr_t size, phys_addr_t align, bool has_nid, int nid,
		      phys_addr_t from, phys_addr_t max_addr, const void *caller);
};
extern const struct memblock_tracer *memblock_tracer;

/** Adds [base, base + size) to `memory`. 0 or -ENOMEM. */
int memblock_add(phys_addr_t base, phys_addr_t size);

/** memblock_add() with a node (kept under CONFIG_NUMA) and flags for what is new in it. */
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);

/** Takes [base, base + size) out of `memory`; what is not in it is no error. 0 or -ENOMEM. */
int memblock_remove(phys_addr_t base, phys_addr_t size);

/** Adds [base, base + size) to `reserved`, in memory or not, reserved already or not. 0 or -ENOMEM.
 */
int memblock_reserve(phys_addr_t base, phys_addr_t size);

/**
 * Takes [base, base + size) out of `reserved`. 0, or -ENOMEM when it would split a region and the
 * array is full; a free that needs no slot always works (Linux demands two spare ones).
 */
int memblock_phys_free(phys_addr_t base, phys_addr_t size);

/** memblock_phys_free() of the SIZE bytes at PTR, a pointer that memblock_alloc*() gave. */
void memblock_free(void *ptr, size_t size);

/**
 * Reserves SIZE free bytes at a multiple of ALIGN (a power of two; 0: SMP_CACHE_BYTES) inside
 * [start, end): the highest such place, or the lowest with bottom_up. END may be
 * MEMBLOCK_ALLOC_ACCESSIBLE or _ANYWHERE and is not cut to current_limit otherwise. No-map and
 * driver-managed memory and page 0 are never given. Returns the address, or 0: no room, array full,
 * or SIZE 0.
 */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);

/** memblock_phys_alloc_range() below current_limit. */
static inline phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, MEMBLOCK_LOW_LIMIT,
					 MEMBLOCK_ALLOC_ACCESSIBLE);
}

/**
 * Allocates SIZE zeroed bytes in [min_addr, max_addr), max_addr cut to current_limit (0: it), on
 * node NID if possible. If that fails min_addr is dropped. Returns the memory (physical and virtual
 * addresses are the same) or NULL.
 */
void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid);

/** memblock_alloc_try_nid() that leaves the memory's contents as they are. */
void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid);

/** SIZE zeroed bytes below current_limit on any node, or NULL. */
static inline void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE,
				      NUMA_NO_NODE);
}

/** memblock_alloc() without zeroing. */
static inline void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid_raw(size, align, MEMBLOCK_LOW_LIMIT,
					  MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE);
}

/** memblock_alloc() at or above MIN_ADDR if there is room, else anywhere. */
static inline void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr)
{
	return memblock_alloc_try_nid(size, align, min_addr, MEMBLOCK_ALLOC_ACCESSIBLE,
				      NUMA_NO_NODE);
}

/** Where memblock_phys_alloc_range() would allocate, without reserving it; 0: nowhere. */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);

/** Marks (or clears) the parts of `memory` in [base, base + size), splitting regions. 0 or -ENOMEM.
 */
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);
int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);

/**
 * Keeps of `memory` only what lies in [base, base + size), and no-map regions; of `reserved` only
 * what lies in it. Size 0 or no memory: nothing.
 */
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);

/** Rounds each memory region inward to multiples of the power of two ALIGN; empty ones go. */
void memblock_trim_memory(phys_addr_t align);

/** Sets the highest address + 1 of MEMBLOCK_ALLOC_ACCESSIBLE searches. */
void memblock_set_current_limit(phys_addr_t limit);

/** Sets the direction of allocation: true from the lowest address up. */
void memblock_set_bottom_up(bool enable);

/** The direction of allocation. */
bool memblock_bottom_up(void);

/** Whether ADDR lies in `memory`. */
bool memblock_is_memory(phys_addr_t addr);

/** Whether ADDR lies in memory that may be mapped (not no-map). */
bool memblock_is_map_memory(phys_addr_t addr);

/** Whether [base, base + size) lies wholly in one region of `memory`. */
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);

/** Whether ADDR is reserved. */
bool memblock_is_reserved(phys_addr_t addr);

/** Whether any byte of [base, base + size) is reserved. */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);

/** Whether [base, base + size), or with size 0 the gap before base, lies in part in the list TYPE.
 */
bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size);

/** The lowest address of `memory`; 0 if there is none. */
phys_addr_t memblock_start_of_DRAM(void);

/** The end of the last memory region; 0 if there is none. */
phys_addr_t memblock_end_of_DRAM(void);

/** Bytes of memory, and of reservations. */
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);

/**
 * Steps through the free ranges in ascending order: start with *idx = 0; each call that returns
 * true sets [*start, *end) to the next range of `memory` without any of FLAGS that is not reserved.
 */
bool memblock_next_free_range(uint64_t *idx, enum memblock_flags without, phys_addr_t *start,
			      phys_addr_t *end);

/** Steps R through the regions of a list; an empty list has none. */
#define for_each_region(type, r)    \
	for ((r) = (type)->regions; \
	     (r) < (type)->regions + (type)->cnt && ((type)->cnt > 1 || (r)->size); (r)++)
#define for_each_mem_region(r) for_each_region(&memblock.memory, r)
#define for_each_reserved_mem_region(r) for_each_region(&memblock.reserved, r)

#endif
