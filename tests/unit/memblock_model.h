/* SPDX-License-Identifier: MIT */
/*
 * A model of memblock: a map with one byte per granule for each list.
 *
 * The maps cover a window of 4096 granules, wherever the stage puts it. They are the independent
 * oracle: what a call does to them is written from the words of mm/memblock.h, granule by granule,
 * and after each call the lists must be the runs of equal bytes in the maps, in order.
 *
 * A sequence of calls plays on a stage: in arrays that stay as small as they are, or in ones that
 * grow, in real memory (memblock_model_grow.c).
 */
#ifndef CAIRN_TESTS_UNIT_MEMBLOCK_MODEL_H
#define CAIRN_TESTS_UNIT_MEMBLOCK_MODEL_H

#include "mm/memblock.h"

#define GRANULES 4096u
#define ALIGN_ZERO 15u /**< the shift that stands for align 0 */

enum op {
	ADD,
	ADD_NODE,
	RESERVE,
	REMOVE,
	FREE,
	MARK_HOTPLUG,
	CLEAR_HOTPLUG,
	MARK_MIRROR,
	MARK_NOMAP,
	CLEAR_NOMAP,
	SET_NODE,
	ALLOC,
	ALLOC_RANGE,
	ALLOC_RANGE_NID,
	ALLOC_PHYS_NID,
	ALLOC_TRY,
	ALLOC_EXACT,
	ALLOC_ZEROED,
	FIND,
	CAP,
	ENFORCE,
	REMOVE_MAP,
	TRIM,
	DIRECTION,
	LIMIT,
	ASK,
	RANGES,
	PAGES,
	OPS,
};

/** One call. What a kind of call has no use for is random and ignored. */
struct call {
	enum op op;
	unsigned lo, hi; /**< granules [lo, hi); for allocations lo may be at or above hi */
	bool beyond;     /**< the size goes on to PHYS_ADDR_MAX; hi is GRANULES then */
	unsigned size;   /**< granules to allocate; or which of its forms the call takes */
	unsigned shift;  /**< of the alignment, in granules; or ALIGN_ZERO */
	int nid;
	enum memblock_flags flags;
};

/** Where a sequence plays, and in arrays of which sizes. */
struct stage {
	phys_addr_t origin; /**< the address of granule 0 */
	unsigned granule;   /**< bytes of one, as a shift */
	bool at_top;        /**< granule 4095 ends the address space and lacks its last byte */
	bool grows;         /**< in the first arrays, which grow, and in memory that is there */
	unsigned long memory_max, reserved_max;
};

/** A granule that is present; absent ones are 0. The byte after a map's end is always 0. */
#define TAG(nid, flags) ((uint8_t)(0x80 | ((nid) + 1) << 4 | (int)(flags)))
#define PLAIN TAG(NUMA_NO_NODE, MEMBLOCK_NONE)

struct model {
	struct stage stage;
	uint8_t memory[GRANULES + 1], reserved[GRANULES + 1];
	unsigned limit;      /**< current_limit as a granule; GRANULES: MEMBLOCK_ALLOC_ANYWHERE */
	unsigned complaints; /**< that the call at hand made; reset before each */
	unsigned complaints_due;
	bool complaints_open; /**< more than complaints_due are right, too */
	unsigned long refused, allocated, doubled, skipped;
};
extern struct model model;

/** Empty lists on model.stage. */
void model_reset(void);

/** Frees what model_reset() allocated. */
void model_release(void);

/** Makes the call, here and there; what is wrong then, or NULL. */
const char *model_play(const struct call *c);

/** What a call is called. */
const char *model_name(enum op op);

/** How often a kind of call comes, in relation to the others. */
unsigned model_weight(enum op op);

/** Whether OP is an allocation or a search for one. */
static inline bool is_alloc(enum op op)
{
	return op >= ALLOC && op <= FIND;
}

/* ---- granules and addresses ---- */

/** The address of a granule, and of the window's end. */
phys_addr_t address(unsigned granule);

/** The granules that can be covered: one byte of the address space never is. */
unsigned coverable(unsigned granule);

/** The granule that begins at ADDR (or, with GRANULES, ends there); more if there is none. */
unsigned granule_at(phys_addr_t addr);

/** The size that the call names. */
phys_addr_t size_of(const struct call *c);

/** The node in a granule's tag; 0 without CONFIG_NUMA, as memblock_get_region_node(). */
int nid_of(uint8_t tag);

/** Whether [lo, hi) of MAP is all TAG. */
bool is_run(const uint8_t *map, unsigned lo, unsigned hi, uint8_t tag);

/* ---- changes of one range in one list ---- */

struct change {
	const struct memblock_type *type;
	uint8_t *map;
	unsigned lo, hi;
	unsigned long regions; /**< of the whole list before it */
	unsigned long max;     /**< that the array held before it */
	unsigned starts;       /**< of regions in [lo, hi], before it */
	uint8_t saved[GRANULES];
};

/** Notes how [lo, hi) of TYPE is, before the call and before the map changes. */
void begin(struct change *ch, const struct memblock_type *type, unsigned lo, unsigned hi);

/** Takes the change back in the map. */
void undo(const struct change *ch);

/** How many regions the map has with the change. */
unsigned long regions_after(const struct change *ch);

/** How many regions TYPE has: none if it is empty. */
unsigned long regions_of(const struct memblock_type *type);

/**
 * What is wrong with the answer ERR, or NULL; the map has the change already. It is -ENOMEM if and
 * only if the result does not fit into an array that cannot grow, and changes nothing then.
 */
const char *settle(struct change *ch, int err);

/** Takes the change back, which found no slot; what is wrong with that, or NULL. */
const char *refuse(const struct change *ch);

/* ---- arrays that grow: memblock_model_grow.c ---- */

/** The arena, where memory is real: GRANULES << GROW_GRANULE bytes at grow_arena(). */
#define GROW_GRANULE 5u

/** The address of the arena, which is mapped at first; 0 if it cannot be. */
phys_addr_t grow_arena(void);

/** The first arrays, empty, in an arena that nobody has written to; and a watch on doubling. */
void grow_reset(void);

/** Before a call: nothing was doubled yet. */
void grow_begin(void);

/** Whether a live array has a granule in [lo, hi). */
bool grow_holds(unsigned lo, unsigned hi);

/** How many arrays have grown since grow_begin(). */
unsigned grow_events(void);

/**
 * What is wrong with how the arrays grew for the change CH, which is in the map if it was made; or
 * NULL. Moves the reservations of arrays in the map.
 */
const char *grow_settle(struct change *ch);

/** Whether there is, without any doubt, room for what the change CH needs. */
bool grow_has_room(const struct change *ch);

/** What has been written to that nobody may write to, or NULL: all but live arrays. */
const char *grow_differs(void);

/** Fails unless [lo, hi) is all 0 now; makes it as it was. */
const char *grow_zeroed(unsigned lo, unsigned hi);

/* ---- one file for each kind of call ---- */

const char *model_alloc(const struct call *c);  /**< every allocation: memblock_model_alloc.c */
const char *model_ask(const struct call *c);    /**< questions: memblock_model_ask.c */
const char *model_ranges(const struct call *c); /**< the iterators over ranges */
const char *model_pages(const struct call *c);  /**< what counts in pages */

#endif
