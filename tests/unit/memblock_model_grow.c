/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow: where a new one may lie, and that nothing else is written to. The arena is real
 * memory, so a granule of it is small: 32 bytes, of which every array is a multiple.
 */
#include "tests/unit/memblock_model.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)GRANULES << GROW_GRANULE)
#define GUARD ((size_t)4 * PAGE_SIZE)
#define PAGE_GRANULES ((unsigned)PAGE_SIZE >> GROW_GRANULE)
#define EVENTS_MAX 16

enum { MEMORY, RESERVED };

/* An array that has grown, in the arena; one with hi == 0 is the first and lies elsewhere. */
struct array {
	unsigned lo, hi;
};

static uint8_t *arena, pattern[ARENA_SIZE];
static struct memblock_region *first[2];
static unsigned long first_max[2];
static struct array live[2];
static struct {
	const struct memblock_type *type;
	phys_addr_t base, size;
	unsigned long max;
} events[EVENTS_MAX];
static unsigned n_events;
static uint8_t reserved_before[GRANULES + 1]; /* the call whose arrays are looked at */

static int index_of(const struct memblock_type *type)
{
	return type == &memblock.memory ? MEMORY : RESERVED;
}

phys_addr_t grow_arena(void)
{
	void *hint = (void *)(uintptr_t)0x40000000; /* wanted, not forced: see the check */
	uint8_t *map;

	if (arena)
		return (phys_addr_t)(uintptr_t)arena;
	map = mmap(hint, ARENA_SIZE + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || (uintptr_t)map + ARENA_SIZE + 2 * GUARD > PHYS_ADDR_MAX ||
	    mprotect(map + GUARD, ARENA_SIZE, PROT_READ | PROT_WRITE))
		return 0;
	for (size_t i = 0; i < ARENA_SIZE; i++)
		pattern[i] = (uint8_t)(i * 37 + (i >> 8) + 1);
	memcpy(map + GUARD, pattern, ARENA_SIZE);
	arena = map + GUARD;
	first[MEMORY] = memblock.memory.regions;
	first[RESERVED] = memblock.reserved.regions;
	first_max[MEMORY] = memblock.memory.max;
	first_max[RESERVED] = memblock.reserved.max;
	return (phys_addr_t)(uintptr_t)arena;
}

/* ---- what memblock tells ---- */

static void on_doubled(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	if (n_events < EVENTS_MAX) {
		events[n_events].type = type;
		events[n_events].base = base;
		events[n_events].size = size;
		events[n_events].max = type->max;
	}
	n_events++;
}

static void on_range(const char *call, phys_addr_t base, phys_addr_t size, const int *nid,
		     enum memblock_flags flags, const void *caller)
{
	(void)call, (void)base, (void)size, (void)nid, (void)flags, (void)caller;
}

static void on_alloc(const char *call, phys_addr_t size, phys_addr_t align, const int *nid,
		     phys_addr_t from, phys_addr_t max_addr, const void *caller)
{
	(void)call, (void)size, (void)align, (void)nid;
	(void)from, (void)max_addr, (void)caller;
}

static const struct memblock_tracer watch = {on_range, on_alloc, on_doubled};

/* Gives memory that an array has left its contents back. */
static void restore(unsigned lo, unsigned hi)
{
	memcpy(arena + ((size_t)lo << GROW_GRANULE), pattern + ((size_t)lo << GROW_GRANULE),
	       (size_t)(hi - lo) << GROW_GRANULE);
}

void grow_reset(void)
{
	struct memblock_type *types[] = {&memblock.memory, &memblock.reserved};

	restore(0, GRANULES);
	for (int i = 0; i < 2; i++) {
		live[i] = (struct array){0, 0};
		memset(first[i], 0, first_max[i] * sizeof(*first[i]));
		types[i]->regions = first[i];
		types[i]->max = first_max[i];
	}
	model.stage.memory_max = first_max[MEMORY];
	model.stage.reserved_max = first_max[RESERVED];
	memblock_tracer = &watch;
}

void grow_begin(void)
{
	n_events = 0;
}

unsigned grow_events(void)
{
	return n_events;
}

bool grow_holds(unsigned lo, unsigned hi)
{
	for (int i = 0; i < 2; i++)
		if (live[i].hi && lo < live[i].hi && live[i].lo < hi)
			return true;
	return false;
}

/* ---- where a new array may lie ---- */

/* Whether [lo, hi) is memory of one region that may be given. */
static bool is_givable(unsigned lo, unsigned hi)
{
	uint8_t tag = model.memory[lo];

	return lo < hi && hi <= model.limit && tag &&
	       !(tag & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)) &&
	       is_run(model.memory, lo, hi, tag);
}

/* Whether it is free, too, and neither part of CH's range nor of an array that came in this call.
 */
static bool is_place(const struct change *ch, unsigned lo, unsigned hi)
{
	for (unsigned i = 0; i < n_events; i++)
		if (address(lo) < events[i].base + events[i].size && events[i].base < address(hi))
			return false;
	return is_givable(lo, hi) && is_run(reserved_before, lo, hi, 0) &&
	       (hi <= ch->lo || ch->hi <= lo);
}

/* Whether whole pages have a place between LO and HI, in memory with FLAGS. */
static bool has_place(const struct change *ch, unsigned lo, unsigned hi, unsigned granules,
		      uint8_t flags)
{
	lo = ROUND_UP(lo, PAGE_GRANULES);
	for (; lo + granules <= hi; lo += PAGE_GRANULES)
		if (is_place(ch, lo, lo + granules) && (model.memory[lo] & flags) == flags)
			return true;
	return false;
}

static unsigned pages_for(unsigned long slots)
{
	size_t size = ROUND_UP(slots * sizeof(struct memblock_region), PAGE_SIZE);

	return (unsigned)(size >> GROW_GRANULE);
}

/* The pages that are enough for CH: of one array, or of all that one after the other may need. */
static unsigned pages_needed(const struct change *ch)
{
	bool in_reserved = ch->type == &memblock.reserved;
	unsigned long slots = ch->type->max;

	/* A new array of `reserved` is a region of its own, and the old one may leave two. */
	if (regions_after(ch) + 2 * in_reserved <= 2 * slots &&
	    (in_reserved || memblock.reserved.cnt + 2 <= memblock.reserved.max))
		return pages_for(2 * slots);
	while (slots < regions_after(ch) + 3)
		slots *= 2;
	return 2 * pages_for(slots) + 2 * pages_for(4 * memblock.reserved.max);
}

bool grow_has_room(const struct change *ch)
{
	unsigned need = pages_needed(ch);
	struct change after = *ch;
	bool room;

	memcpy(after.saved, ch->map + ch->lo, ch->hi - ch->lo);
	undo(ch);
	memcpy(reserved_before, model.reserved, sizeof(reserved_before));
	room = has_place(ch, 0, model.limit, need, 0);
	undo(&after);
	return room;
}

/* Whether [lo, hi) is the first place of the direction between FROM and TO, as far as is known. */
static bool is_first(const struct change *ch, unsigned lo, unsigned hi, unsigned from, unsigned to)
{
	uint8_t mirror = model.memory[lo] & MEMBLOCK_MIRROR;

	if (memblock.bottom_up)
		return !has_place(ch, from, hi - 1, hi - lo, mirror);
	return !has_place(ch, lo + 1, to, hi - lo, mirror);
}

/*
 * Whether a new array in [lo, hi) lies where it should: in the first place of all, or, as
 * in Linux, in the first above the range of the call, and only else below it.
 */
static bool is_due(const struct change *ch, unsigned lo, unsigned hi)
{
	if (is_first(ch, lo, hi, 0, model.limit))
		return true;
	if (lo >= ch->hi)
		return is_first(ch, lo, hi, ch->hi, model.limit);
	return !has_place(ch, ch->hi, model.limit, hi - lo, 0) && is_first(ch, lo, hi, 0, ch->lo);
}

/* What is wrong with the place [lo, hi) of a new array, in the maps as they are; or NULL. */
static const char *place_differs(const struct change *ch, unsigned lo, unsigned hi)
{
	if (hi > model.limit)
		return "an array above current_limit";
	if (!is_run(model.reserved, lo, hi, 0))
		return "an array in what is reserved";
	if (lo < ch->hi && ch->lo < hi)
		return "an array in the range of the call that needs it";
	if (!is_givable(lo, hi))
		return "an array outside of memory that may be given";
	if (!is_due(ch, lo, hi))
		return "an array not in the first place of the direction";
	return NULL;
}

static struct array freed[EVENTS_MAX]; /* by the events of a call; none: empty */

/* The freed arrays get their contents back, where no array of the same call lies now. */
static void restore_freed(void)
{
	for (unsigned i = 0; i < n_events; i++)
		for (unsigned at = freed[i].lo; at < freed[i].hi; at++)
			if (!grow_holds(at, at + 1))
				restore(at, at + 1);
}

/* The event I: a new array becomes reserved in the map, and the one before it free. */
static const char *settle_event(const struct change *ch, unsigned i, unsigned long *max)
{
	unsigned lo = granule_at(events[i].base);
	unsigned hi = granule_at((phys_addr_t)(events[i].base + events[i].size));
	struct array *array = &live[index_of(events[i].type)];
	phys_addr_t least = (phys_addr_t)(events[i].max * sizeof(struct memblock_region));
	const char *wrong;

	if (lo >= hi || hi > GRANULES)
		return "an array outside of the arena";
	if (events[i].max != 2 * *max)
		return "an array not of twice the size";
	if (events[i].size < least || events[i].size - least >= PAGE_SIZE)
		return "an array of another size than its regions need";
	wrong = place_differs(ch, lo, hi);
	if (wrong)
		return wrong;
	*max = events[i].max;
	memset(model.reserved + lo, PLAIN, hi - lo);
	memset(model.reserved + array->lo, 0, array->hi - array->lo);
	freed[i] = *array;
	*array = (struct array){lo, hi};
	model.doubled++;
	return NULL;
}

/* What is wrong with the live arrays now that the call is over, or NULL. */
static const char *arrays_differ(void)
{
	const struct memblock_type *types[] = {&memblock.memory, &memblock.reserved};

	for (int i = 0; i < 2; i++) {
		phys_addr_t at = (phys_addr_t)(uintptr_t)types[i]->regions;

		if (live[i].hi && granule_at(at) != live[i].lo)
			return "regions are not where the trace says";
		if (live[i].hi && !is_run(model.reserved, live[i].lo, live[i].hi, PLAIN))
			return "an array that is not reserved";
	}
	return NULL;
}

const char *grow_settle(struct change *ch)
{
	unsigned long max[2];
	struct change after = *ch;
	const char *wrong = NULL;

	max[MEMORY] = memblock.memory.max;
	max[RESERVED] = memblock.reserved.max;
	if (n_events > EVENTS_MAX)
		return "arrays grow without an end";
	for (unsigned i = n_events; i-- > 0;)
		max[index_of(events[i].type)] = events[i].max / 2;
	/* The arrays were placed in what was free before the call. */
	memcpy(after.saved, ch->map + ch->lo, ch->hi - ch->lo);
	undo(ch);
	memcpy(reserved_before, model.reserved, sizeof(reserved_before));
	for (unsigned i = 0; i < n_events && !wrong; i++)
		wrong = ch->type == &memblock.reserved && events[i].type != ch->type
				? "an array has grown without need"
				: settle_event(ch, i, &max[index_of(events[i].type)]);
	if (!wrong)
		restore_freed();
	undo(&after);
	return wrong ? wrong : arrays_differ();
}

/* ---- what is written to ---- */

static bool is_untouched(unsigned lo, unsigned hi)
{
	size_t at = (size_t)lo << GROW_GRANULE;

	return lo >= hi || !memcmp(arena + at, pattern + at, (size_t)(hi - lo) << GROW_GRANULE);
}

const char *grow_differs(void)
{
	struct array a = live[MEMORY], b = live[RESERVED];

	if (!model.stage.grows)
		return NULL;
	if (a.hi > b.hi) {
		struct array swap = a;

		a = b;
		b = swap;
	}
	if (is_untouched(0, a.lo) && is_untouched(a.hi, b.lo) && is_untouched(b.hi, GRANULES))
		return NULL;
	return "memory was written to that is no array";
}

const char *grow_zeroed(unsigned lo, unsigned hi)
{
	for (size_t i = (size_t)lo << GROW_GRANULE; i < (size_t)hi << GROW_GRANULE; i++)
		if (arena[i])
			return "a block that is not zeroed";
	restore(lo, hi);
	return NULL;
}
