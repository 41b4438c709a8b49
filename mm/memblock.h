/* SPDX-License-Identifier: MIT */
/*
 * memblock: which memory there is and which of it is taken, before any other allocator exists.
 *
 * Names and semantics are Linux's (6.1, mm/memblock.c), so that what is known of the one holds for
 * the other; docs/memblock.md lists each difference. There are two lists, `memory` and `reserved`,
 * each a dense array of disjoint regions sorted by address; what lies in `memory` and not in
 * `reserved` is free. The arrays and the fields below are the whole state of the lists: no index
 * hides behind them, and tests may reset them from outside.
 *
 * Rules that hold for every call:
 *  - ranges are [base, base + size); a size that would pass the last address is cut to
 *    PHYS_ADDR_MAX - base, so the very last byte of the address space is never covered;
 *  - size 0 changes nothing and succeeds, except in an allocation, which it makes fail;
 *  - an alignment is a power of two; 0 stands for SMP_CACHE_BYTES;
 *  - regions that touch and agree in flags (and node) are one region;
 *  - an empty list is cnt == 1 with regions[0] = {0, 0};
 *  - a call whose result has more regions than the array holds makes the array larger if it may
 *    (memblock_allow_resize()); else it returns -ENOMEM and both lists are as they were, though
 *    `reserved` may have got a larger array. What it needs on the way does not count.
 *
 * Physical and virtual addresses are the same here. None of this is safe against interrupts or
 * other cores: whoever has them takes a lock around it (mm/memory_lock.h).
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
#ifndef MAX_NUMNODES
#define MAX_NUMNODES 1
#endif
#ifndef ARCH_LOW_ADDRESS_LIMIT
#define ARCH_LOW_ADDRESS_LIMIT 0xffffffffUL /**< end of what memblock_alloc_low() takes from */
#endif
#ifndef PFN_UP
#define PFN_UP(addr) (((addr) >> PAGE_SHIFT) + (((addr) & (PAGE_SIZE - 1)) != 0))
#endif
#ifndef PFN_DOWN
#define PFN_DOWN(addr) ((addr) >> PAGE_SHIFT)
#endif

/** Ends of a search: the whole address space, or up to memblock.current_limit. */
#define MEMBLOCK_ALLOC_ANYWHERE (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE 0
#define MEMBLOCK_ALLOC_NOLEAKTRACE 1 /**< as _ACCESSIBLE: there is no leak detector to keep out */
#define MEMBLOCK_LOW_LIMIT 0

enum memblock_flags {
	MEMBLOCK_NONE = 0x0,
	MEMBLOCK_HOTPLUG = 0x1, /**< marked hotpluggable by the tree; allocated as any other */
	MEMBLOCK_MIRROR = 0x2,  /**< allocated first */
	MEMBLOCK_NOMAP = 0x4,   /**< memory that must not be mapped and is never allocated */
	MEMBLOCK_DRIVER_MANAGED = 0x8, /**< belongs to a driver and is never allocated */
};

struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
	enum memblock_flags flags;
#ifdef CONFIG_NUMA
	int nid; /**< NUMA_NO_NODE: none was given */
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
	/**
	 * CALL names the function, for [base, base + size) as the caller gave it. NID is NULL for
	 * calls that take no node and no flags.
	 */
	void (*range)(const char *call, phys_addr_t base, phys_addr_t size, const int *nid,
		      enum memblock_flags flags, const void *caller);
	/** An allocation; NID is NULL for calls that take none. */
	void (*alloc)(const char *call, phys_addr_t size, phys_addr_t align, const int *nid,
		      phys_addr_t from, phys_addr_t max_addr, const void *caller);
	/** TYPE has become an array of type->max regions in [base, base + size). */
	void (*doubled)(const struct memblock_type *type, phys_addr_t base, phys_addr_t size);
};
extern const struct memblock_tracer *memblock_tracer;

/**
 * Receives what a caller should hear of in any case; NULL (the default): nobody does. WHAT is a
 * constant sentence, CALLER the return address of the function that complains.
 */
extern void (*memblock_complain)(const char *what, const void *caller);

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
 * array is full.
 */
int memblock_phys_free(phys_addr_t base, phys_addr_t size);

/**
 * memblock_phys_free() of the SIZE bytes at PTR, a pointer that memblock_alloc*() gave, or NULL.
 * Does not touch them.
 */
void memblock_free(void *ptr, size_t size);

/**
 * From now on a full array is doubled: the new one comes from free memory below current_limit and
 * outside of the range that is being changed, and is written to and reserved; the old one is freed
 * unless it is the first. To be called
 * once everything is reserved that must not be given away. Where there is no room for an array, the
 * call that needs it fails with -ENOMEM and a complaint.
 */
void memblock_allow_resize(void);

/**
 * Not in Linux. Makes the array of `reserved` hold SLOTS regions more than there are, so that as
 * many frees which split one succeed when there is no memory for a larger array any more. The array
 * grows as memblock_allow_resize() says, once, to just that size. 0 or -ENOMEM. Whatever is
 * reserved later takes of these slots as of any.
 */
int memblock_reserve_slots(unsigned long slots);

/**
 * Not in Linux. Makes the array of `reserved`, if it has more, one of MAX slots, as it was before
 * memblock_reserve_slots(): the first one where that has as many (MAX is its own then), else one of
 * free memory; and frees the one that there is. Nothing changes if the regions would not fit, with
 * the slots that this takes itself, or if there is no memory for the smaller array beside it.
 */
void memblock_release_slots(unsigned long max);

/**
 * Reserves SIZE free bytes at a multiple of ALIGN inside [start, end): the highest such place, or
 * the lowest with bottom_up. END may be MEMBLOCK_ALLOC_ACCESSIBLE or _ANYWHERE and is not cut to
 * current_limit otherwise. NID is the node to take them from (NUMA_NO_NODE: any); if it has no
 * room, any other serves unless EXACT_NID. Mirrored memory is taken first, if there is some.
 * No-map and driver-managed memory and page 0 are never given. Returns the address, or 0: no room,
 * array full, or SIZE 0, which is a complaint, too.
 */
phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid);

/** memblock_alloc_range_nid() on any node. */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);

/** memblock_phys_alloc_range() below current_limit. */
static inline phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, MEMBLOCK_LOW_LIMIT,
					 MEMBLOCK_ALLOC_ACCESSIBLE);
}

/** memblock_phys_alloc() on node NID if it has room, else on any. */
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);

/**
 * Allocates SIZE zeroed bytes in [min_addr, max_addr), max_addr cut to current_limit (0: it), on
 * node NID if possible. If that fails min_addr is dropped. Returns the memory, which is the
 * caller's until memblock_free(), or NULL: as memblock_alloc_range_nid().
 */
void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid);

/** memblock_alloc_try_nid() that leaves the memory's contents as they are. */
void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid);

/** memblock_alloc_try_nid_raw() on no node but NID. */
void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
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

/** memblock_alloc() below ARCH_LOW_ADDRESS_LIMIT. */
static inline void *memblock_alloc_low(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, ARCH_LOW_ADDRESS_LIMIT,
				      NUMA_NO_NODE);
}

/** memblock_alloc() on node NID if it has room, else on any. */
static inline void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_try_nid(size, align, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE,
				      nid);
}

/** Where memblock_phys_alloc_range() would allocate, without reserving it; 0: nowhere. */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);

/**
 * Mark (or clear) the parts of `memory` in [base, base + size), splitting and joining regions. 0 or
 * -ENOMEM.
 */
int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_mark_mirror(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);

/**
 * Under CONFIG_NUMA, gives what of [base, base + size) lies in TYPE to node NID. 0 or -ENOMEM;
 * without nodes 0.
 */
int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid);

/** Rounds each memory region inward to multiples of the power of two ALIGN; empty ones go. */
void memblock_trim_memory(phys_addr_t align);

/**
 * Keeps of `memory` only what lies in [base, base + size), and no-map regions; of `reserved` only
 * what lies in it. Size 0: nothing. No memory yet: nothing, and a complaint.
 */
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);

/**
 * Keeps the first LIMIT bytes of memory, counted from the lowest address, and cuts both lists off
 * above them. 0, or more than there is: nothing.
 */
void memblock_enforce_memory_limit(phys_addr_t limit);

/** memblock_enforce_memory_limit() that spares no-map regions. */
void memblock_mem_limit_remove_map(phys_addr_t limit);

/** Sets the end of MEMBLOCK_ALLOC_ACCESSIBLE searches. */
void memblock_set_current_limit(phys_addr_t limit);

/** The end of MEMBLOCK_ALLOC_ACCESSIBLE searches. */
phys_addr_t memblock_get_current_limit(void);

/** Sets the direction of allocation: true from the lowest address up. */
static inline void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}

/** The direction of allocation. */
static inline bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

/** Whether ADDR lies in `memory`. */
bool memblock_is_memory(phys_addr_t addr);

/** Whether ADDR lies in memory that may be mapped (not no-map). */
bool memblock_is_map_memory(phys_addr_t addr);

/** Whether [base, base + size) lies wholly in one region of `memory`. */
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);

/** Whether ADDR is reserved. */
bool memblock_is_reserved(phys_addr_t addr);

/** Whether any byte of [base, base + size) is reserved; for size 0 as memblock_overlaps_region().
 */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);

/**
 * Whether a region of TYPE has a byte in [base, base + size); for size 0, whether BASE lies inside
 * one, behind its first byte.
 */
bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base, phys_addr_t size);

/**
 * The node of the memory region that holds page PFN, whose first page and end go to *START_PFN and
 * *END_PFN; -1: no region does, and they stay as they are. Without CONFIG_NUMA the node is 0.
 */
int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn);

/** The lowest address of `memory`; 0 if there is none. */
phys_addr_t memblock_start_of_DRAM(void);

/** The end of the last memory region; 0 if there is none. */
phys_addr_t memblock_end_of_DRAM(void);

/** Bytes of memory. */
phys_addr_t memblock_phys_mem_size(void);

/** Bytes of reservations, in memory or not. */
phys_addr_t memblock_reserved_size(void);

/** Whether the two ranges have a byte in common; neither may pass the end of the address space. */
static inline unsigned long memblock_addrs_overlap(phys_addr_t base1, phys_addr_t size1,
						   phys_addr_t base2, phys_addr_t size2)
{
	return base1 < base2 + size2 && base2 < base1 + size1;
}

/** What a region is marked as. */
static inline bool memblock_is_hotpluggable(const struct memblock_region *r)
{
	return r->flags & MEMBLOCK_HOTPLUG;
}
static inline bool memblock_is_mirror(const struct memblock_region *r)
{
	return r->flags & MEMBLOCK_MIRROR;
}
static inline bool memblock_is_nomap(const struct memblock_region *r)
{
	return r->flags & MEMBLOCK_NOMAP;
}
static inline bool memblock_is_driver_managed(const struct memblock_region *r)
{
	return r->flags & MEMBLOCK_DRIVER_MANAGED;
}

/** The node of R; 0 without CONFIG_NUMA. */
static inline int memblock_get_region_node(const struct memblock_region *r)
{
#ifdef CONFIG_NUMA
	return r->nid;
#else
	(void)r;
	return 0;
#endif
}

/** Sets the node of R, under CONFIG_NUMA. Joins nothing: memblock_set_node() does. */
static inline void memblock_set_region_node(struct memblock_region *r, int nid)
{
#ifdef CONFIG_NUMA
	r->nid = nid;
#else
	(void)r;
	(void)nid;
#endif
}

/** The whole pages in a region of memory, and the pages that a reservation touches. */
static inline unsigned long memblock_region_memory_base_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_UP(r->base);
}
static inline unsigned long memblock_region_memory_end_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_DOWN(r->base + r->size);
}
static inline unsigned long memblock_region_reserved_base_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_DOWN(r->base);
}
static inline unsigned long memblock_region_reserved_end_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_UP(r->base + r->size);
}

/**
 * Whether R, a region of `memory`, is on node NID (NUMA_NO_NODE: whichever) and FLAGS pick it:
 * no-map and driver-managed regions only if their flag is given; with MEMBLOCK_MIRROR only mirrored
 * ones.
 */
bool memblock_region_picked(const struct memblock_region *r, int nid, enum memblock_flags flags);

/** What an iterator's index is at the end. */
#define MEMBLOCK_ITER_END UINT64_MAX

/**
 * One step of the iterators below: the next range of TYPE_A (for `memory`, of the regions that
 * memblock_region_picked() lets pass) that is not in TYPE_B (NULL: no such list), in ascending
 * (descending) order. Goes on from *IDX, 0 (MEMBLOCK_ITER_END) at first, and leaves there how far
 * it has come; the lists must not change in between. Each of *OUT_START, *OUT_END and *OUT_NID is
 * set if its pointer is not NULL. At the end *IDX is MEMBLOCK_ITER_END and the others stay as they
 * are.
 */
void __next_mem_range(uint64_t *idx, int nid, enum memblock_flags flags,
		      struct memblock_type *type_a, struct memblock_type *type_b,
		      phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid);

/** The same, downward. */
void __next_mem_range_rev(uint64_t *idx, int nid, enum memblock_flags flags,
			  struct memblock_type *type_a, struct memblock_type *type_b,
			  phys_addr_t *out_start, phys_addr_t *out_end, int *out_nid);

/**
 * One step of for_each_mem_pfn_range(): *IDX is the region to go on behind, -1 at first and at the
 * end. NID may be MAX_NUMNODES or NUMA_NO_NODE for all nodes.
 */
void __next_mem_pfn_range(int *idx, int nid, unsigned long *out_start_pfn,
			  unsigned long *out_end_pfn, int *out_nid);

/* Steps I (uint64_t) through ranges of TYPE_A outside of TYPE_B: see __next_mem_range(). */
#define __for_each_mem_range(i, type_a, type_b, nid, flags, p_start, p_end, p_nid)               \
	for ((i) = 0, __next_mem_range(&(i), nid, flags, type_a, type_b, p_start, p_end, p_nid); \
	     (i) != MEMBLOCK_ITER_END;                                                           \
	     __next_mem_range(&(i), nid, flags, type_a, type_b, p_start, p_end, p_nid))
#define __for_each_mem_range_rev(i, type_a, type_b, nid, flags, p_start, p_end, p_nid)     \
	for ((i) = MEMBLOCK_ITER_END,                                                      \
	    __next_mem_range_rev(&(i), nid, flags, type_a, type_b, p_start, p_end, p_nid); \
	     (i) != MEMBLOCK_ITER_END;                                                     \
	     __next_mem_range_rev(&(i), nid, flags, type_a, type_b, p_start, p_end, p_nid))

/* Steps through memory that may be mapped, reserved or not. */
#define for_each_mem_range(i, p_start, p_end)                                                    \
	__for_each_mem_range (i, &memblock.memory, NULL, NUMA_NO_NODE,                           \
			      (enum memblock_flags)(MEMBLOCK_HOTPLUG | MEMBLOCK_DRIVER_MANAGED), \
			      p_start, p_end, NULL)
#define for_each_mem_range_rev(i, p_start, p_end)                                                  \
	__for_each_mem_range_rev (                                                                 \
		i, &memblock.memory, NULL, NUMA_NO_NODE,                                           \
		(enum memblock_flags)(MEMBLOCK_HOTPLUG | MEMBLOCK_DRIVER_MANAGED), p_start, p_end, \
		NULL)

/* Steps through the reservations. */
#define for_each_reserved_mem_range(i, p_start, p_end)                                           \
	__for_each_mem_range (i, &memblock.reserved, NULL, NUMA_NO_NODE, MEMBLOCK_NONE, p_start, \
			      p_end, NULL)

/* Steps through what can be allocated on node NID from regions that FLAGS pick. */
#define for_each_free_mem_range(i, nid, flags, p_start, p_end, p_nid)                              \
	__for_each_mem_range (i, &memblock.memory, &memblock.reserved, nid, flags, p_start, p_end, \
			      p_nid)
#define for_each_free_mem_range_reverse(i, nid, flags, p_start, p_end, p_nid)                   \
	__for_each_mem_range_rev (i, &memblock.memory, &memblock.reserved, nid, flags, p_start, \
				  p_end, p_nid)

/* Steps I (int) through the whole pages of each memory region. */
#define for_each_mem_pfn_range(i, nid, p_start, p_end, p_nid)                            \
	for ((i) = -1, __next_mem_pfn_range(&(i), nid, p_start, p_end, p_nid); (i) >= 0; \
	     __next_mem_pfn_range(&(i), nid, p_start, p_end, p_nid))

/* Steps R through the regions of a list; an empty list has none. */
#define for_each_region(type, r)    \
	for ((r) = (type)->regions; \
	     (r) < (type)->regions + (type)->cnt && ((type)->cnt > 1 || (r)->size); (r)++)
#define for_each_mem_region(r) for_each_region (&memblock.memory, r)
#define for_each_reserved_mem_region(r) for_each_region (&memblock.reserved, r)

#endif
