/* SPDX-License-Identifier: MIT */
/* The maps, the lists against them, and the calls that change a range. */
#include "tests/unit/memblock_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct model model;

/* ---- granules and addresses ---- */

phys_addr_t address(unsigned granule)
{
	if (granule == GRANULES && model.stage.at_top)
		return PHYS_ADDR_MAX;
	return (phys_addr_t)(model.stage.origin + ((phys_addr_t)granule << model.stage.granule));
}

unsigned coverable(unsigned granule)
{
	bool short_of_it = model.stage.at_top && !model.stage.granule && granule == GRANULES;

	return short_of_it ? GRANULES - 1 : granule;
}

unsigned granule_at(phys_addr_t addr)
{
	phys_addr_t offset = (phys_addr_t)(addr - model.stage.origin);

	if (model.stage.at_top && addr == PHYS_ADDR_MAX)
		return coverable(GRANULES);
	if (offset >> model.stage.granule > GRANULES ||
	    offset & (((phys_addr_t)1 << model.stage.granule) - 1))
		return GRANULES + 1;
	return (unsigned)(offset >> model.stage.granule);
}

phys_addr_t size_of(const struct call *c)
{
	return c->beyond ? PHYS_ADDR_MAX : (phys_addr_t)(c->hi - c->lo) << model.stage.granule;
}

int nid_of(uint8_t tag)
{
#ifdef CONFIG_NUMA
	return (tag >> 4 & 7) - 1;
#else
	(void)tag;
	return 0;
#endif
}

/* ---- a list against its map ---- */

bool is_run(const uint8_t *map, unsigned lo, unsigned hi, uint8_t tag)
{
	return lo >= hi || (map[lo] == tag && !memcmp(map + lo, map + lo + 1, hi - lo - 1));
}

static uint8_t tag_of(const struct memblock_region *r)
{
#ifdef CONFIG_NUMA
	return TAG(r->nid, r->flags);
#else
	return TAG(NUMA_NO_NODE, r->flags);
#endif
}

/* What is wrong with R, or NULL; the list was right up to *pos, which becomes the end of R. */
static const char *region_differs(const struct memblock_region *r, const uint8_t *map,
				  unsigned *pos)
{
	unsigned lo = granule_at(r->base), hi = granule_at((phys_addr_t)(r->base + r->size));

	if (!r->size)
		return "a region of size 0";
	if (lo > GRANULES || hi > GRANULES || lo >= hi)
		return "a region that nobody asked for";
	if (lo < *pos)
		return "regions out of order";
	if (!is_run(map, *pos, lo, 0))
		return "something is missing";
	if (!is_run(map, lo, hi, tag_of(r)))
		return "a region too large or with wrong flags";
	if (lo && map[lo - 1] == map[lo])
		return "neighbours not merged";
	*pos = hi;
	return NULL;
}

static const char *list_differs(const struct memblock_type *type, const uint8_t *map)
{
	const struct memblock_region *r = type->regions;
	const char *wrong = NULL;
	phys_addr_t total = 0;
	unsigned pos = 0;

	if (type->cnt < 1 || type->cnt > type->max)
		return "cnt not in 1..max";
	if (type->cnt == 1 && !r->size) {
		if (r->base || r->flags || type->total_size)
			return "empty, but not {0, 0}";
		return is_run(map, 0, GRANULES, 0) ? NULL : "everything is missing";
	}
	for (unsigned long i = 0; i < type->cnt && !wrong; i++) {
		wrong = region_differs(&r[i], map, &pos);
		total += r[i].size;
	}
	if (!wrong && total != type->total_size)
		wrong = "total_size is not the sum";
	if (!wrong && !is_run(map, pos, GRANULES, 0))
		wrong = "something is missing at the end";
	return wrong;
}

/* ---- changes of one range in one list ---- */

static unsigned starts_in(const uint8_t *map, unsigned lo, unsigned hi)
{
	unsigned n = 0;
	uint8_t before = lo ? map[lo - 1] : 0;

	for (unsigned i = lo; i <= hi; i++) {
		n += map[i] && map[i] != before;
		before = map[i];
	}
	return n;
}

unsigned long regions_of(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size ? 0 : type->cnt;
}

void begin(struct change *ch, const struct memblock_type *type, unsigned lo, unsigned hi)
{
	ch->type = type;
	ch->map = type == &memblock.memory ? model.memory : model.reserved;
	ch->lo = lo;
	ch->hi = lo < coverable(hi) ? coverable(hi) : lo;
	ch->regions = regions_of(type);
	ch->max = type->max;
	ch->starts = starts_in(ch->map, ch->lo, ch->hi);
	memcpy(ch->saved, ch->map + ch->lo, ch->hi - ch->lo);
}

void undo(const struct change *ch)
{
	memcpy(ch->map + ch->lo, ch->saved, ch->hi - ch->lo);
}

unsigned long regions_after(const struct change *ch)
{
	return ch->regions - ch->starts + starts_in(ch->map, ch->lo, ch->hi);
}

const char *refuse(const struct change *ch)
{
	bool fits = regions_after(ch) <= ch->max;
	bool room = model.stage.grows && grow_has_room(ch);

	undo(ch);
	model.refused++;
	model.complaints_due = model.stage.grows;
	/* Room for an array of `memory` does not help if there is none to note it down. */
	model.complaints_open = model.stage.grows && ch->type == &memblock.memory;
	if (fits)
		return "should have succeeded";
	return room ? "should have found room for an array" : NULL;
}

const char *settle(struct change *ch, int err)
{
	if (err && err != -ENOMEM)
		return "neither 0 nor -ENOMEM";
	if (err && grow_events()) {
		/* That of `reserved` comes first, for that of `memory`, which found no room. */
		const char *wrong = ch->type->max == ch->max && ch->type == &memblock.memory
					    ? grow_settle(ch)
					    : "failed, but an array has moved";

		if (wrong)
			return wrong;
	}
	if (err)
		return refuse(ch);
	if (regions_after(ch) <= ch->max)
		return grow_events() ? "an array has grown without need" : NULL;
	return ch->type->max > ch->max ? grow_settle(ch) : "should have been -ENOMEM";
}

/* ---- calls that change a range ---- */

static const char *do_add(const struct call *c)
{
	bool node = c->op == ADD_NODE;
	struct memblock_type *type = c->op == RESERVE ? &memblock.reserved : &memblock.memory;
	uint8_t tag = PLAIN;
	struct change ch;
	int err;

	if (node)
		tag = TAG(c->nid, c->flags);
	begin(&ch, type, c->lo, c->hi);
	if (node)
		err = memblock_add_node(address(c->lo), size_of(c), c->nid, c->flags);
	else if (c->op == RESERVE)
		err = memblock_reserve(address(c->lo), size_of(c));
	else
		err = memblock_add(address(c->lo), size_of(c));
	for (unsigned i = ch.lo; i < ch.hi; i++)
		if (!ch.map[i])
			ch.map[i] = tag;
	return settle(&ch, err);
}

static const char *do_cut(const struct call *c)
{
	struct change ch;
	int err;

	if (c->op == FREE && grow_holds(c->lo, c->hi)) {
		model.skipped++; /* nobody frees what is not his */
		return NULL;
	}
	begin(&ch, c->op == FREE ? &memblock.reserved : &memblock.memory, c->lo, c->hi);
	if (c->op == FREE)
		err = memblock_phys_free(address(c->lo), size_of(c));
	else
		err = memblock_remove(address(c->lo), size_of(c));
	memset(ch.map + ch.lo, 0, ch.hi - ch.lo);
	return settle(&ch, err);
}

static const char *do_mark(const struct call *c)
{
	static const struct {
		int (*call)(phys_addr_t base, phys_addr_t size);
		uint8_t flag;
		bool set;
	} marks[] = {
		[MARK_HOTPLUG - MARK_HOTPLUG] = {memblock_mark_hotplug, MEMBLOCK_HOTPLUG, true},
		[CLEAR_HOTPLUG - MARK_HOTPLUG] = {memblock_clear_hotplug, MEMBLOCK_HOTPLUG, false},
		[MARK_MIRROR - MARK_HOTPLUG] = {memblock_mark_mirror, MEMBLOCK_MIRROR, true},
		[MARK_NOMAP - MARK_HOTPLUG] = {memblock_mark_nomap, MEMBLOCK_NOMAP, true},
		[CLEAR_NOMAP - MARK_HOTPLUG] = {memblock_clear_nomap, MEMBLOCK_NOMAP, false},
	};
	unsigned mark = (unsigned)(c->op - MARK_HOTPLUG);
	struct change ch;
	int err;

	begin(&ch, &memblock.memory, c->lo, c->hi);
	err = marks[mark].call(address(c->lo), size_of(c));
	for (unsigned i = ch.lo; i < ch.hi; i++) {
		if (ch.map[i] && marks[mark].set)
			ch.map[i] |= marks[mark].flag;
		else if (ch.map[i])
			ch.map[i] = (uint8_t)(ch.map[i] & ~marks[mark].flag);
	}
	return settle(&ch, err);
}

/* Gives what of the range is there to a node. */
static const char *do_set_node(const struct call *c)
{
	/* An array that grows would be in the range or not, as it happens to. */
	bool memory = c->size & 1 || model.stage.grows;
	struct memblock_type *type = memory ? &memblock.memory : &memblock.reserved;
	struct change ch;
	int err;

	begin(&ch, type, c->lo, c->hi);
	err = memblock_set_node(address(c->lo), size_of(c), type, c->nid);
#ifdef CONFIG_NUMA
	for (unsigned i = ch.lo; i < ch.hi; i++)
		if (ch.map[i])
			ch.map[i] = TAG(c->nid, ch.map[i] & 0xf);
#endif
	return settle(&ch, err);
}

/* ---- calls that cut the lists off ---- */

/* Whether what lies outside of [lo, hi) may be cut off the reservations. */
static bool can_cut_off(unsigned lo, unsigned hi)
{
	if (!grow_holds(0, lo) && !grow_holds(hi, GRANULES))
		return true;
	model.skipped++;
	return false;
}

/* Empties both lists outside of [lo, hi), but for no-map memory if that is spared. */
static void cut_off(unsigned lo, unsigned hi, bool spare)
{
	for (unsigned i = 0; i < GRANULES; i++) {
		if (i >= lo && i < hi)
			continue;
		if (!spare || !(model.memory[i] & MEMBLOCK_NOMAP))
			model.memory[i] = 0;
		model.reserved[i] = 0;
	}
}

static const char *do_cap(const struct call *c)
{
	unsigned hi = coverable(c->hi);
	bool memory = regions_of(&memblock.memory);

	if (!can_cut_off(c->lo, hi))
		return NULL;
	memblock_cap_memory_range(address(c->lo), size_of(c));
	model.complaints_due = !memory && c->lo < hi;
	if (memory && c->lo < hi)
		cut_off(c->lo, hi, true);
	return NULL;
}

/* Behind the granule with which N are in `memory`; GRANULES + 1: so many there are not. */
static unsigned end_of_first(unsigned n)
{
	unsigned last = GRANULES;

	for (unsigned i = 0; i < GRANULES; i++) {
		if (!model.memory[i] || !n)
			continue;
		last = i;
		n--;
	}
	/* The last page is a byte too short to be a page. */
	if (n || (model.stage.at_top && model.stage.granule && last == GRANULES - 1))
		return GRANULES + 1;
	return last + 1;
}

/* From nothing to one more than there is. */
static const char *do_limit_memory(const struct call *c)
{
	unsigned present = 0, n, end;

	for (unsigned i = 0; i < GRANULES; i++)
		present += model.memory[i] != 0;
	n = c->beyond ? present : c->hi % (present + 2);
	end = end_of_first(n);
	if (n && end <= GRANULES && !can_cut_off(0, end))
		return NULL;
	if (c->op == ENFORCE)
		memblock_enforce_memory_limit((phys_addr_t)n << model.stage.granule);
	else
		memblock_mem_limit_remove_map((phys_addr_t)n << model.stage.granule);
	if (n && end <= GRANULES)
		cut_off(0, end, c->op == REMOVE_MAP);
	return NULL;
}

static const char *do_trim(const struct call *c)
{
	unsigned shift = c->shift == ALIGN_ZERO ? 0 : c->shift, mask = (1u << shift) - 1, hi;

	memblock_trim_memory((phys_addr_t)1 << (model.stage.granule + shift));
	for (unsigned lo = 0; lo < GRANULES; lo = hi) {
		uint8_t tag = model.memory[lo];
		unsigned from = (lo + mask) & ~mask, to;

		for (hi = lo + 1; model.memory[hi] == tag && hi < GRANULES;)
			hi++;
		to = model.stage.at_top && model.stage.granule && hi == GRANULES ? hi - 1 : hi;
		to &= ~mask;
		memset(model.memory + lo, 0, hi - lo);
		if (from < to)
			memset(model.memory + from, tag, to - from);
	}
	return NULL;
}

static const char *do_set(const struct call *c)
{
	phys_addr_t to = c->lo == GRANULES ? MEMBLOCK_ALLOC_ANYWHERE : address(c->lo);

	if (c->op == DIRECTION) {
		memblock_set_bottom_up(c->lo & 1);
		return memblock_bottom_up() == (c->lo & 1) ? NULL : "not the direction set";
	}
	model.limit = c->lo;
	memblock_set_current_limit(to);
	return memblock_get_current_limit() == to ? NULL : "not the limit set";
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	const char *(*run)(const struct call *c);
	unsigned weight;
} ops[OPS] = {
	[ADD] = {"add", do_add, 10},
	[ADD_NODE] = {"add_node", do_add, 14},
	[RESERVE] = {"reserve", do_add, 18},
	[REMOVE] = {"remove", do_cut, 8},
	[FREE] = {"phys_free", do_cut, 10},
	[MARK_HOTPLUG] = {"mark_hotplug", do_mark, 3},
	[CLEAR_HOTPLUG] = {"clear_hotplug", do_mark, 3},
	[MARK_MIRROR] = {"mark_mirror", do_mark, 2},
	[MARK_NOMAP] = {"mark_nomap", do_mark, 4},
	[CLEAR_NOMAP] = {"clear_nomap", do_mark, 4},
	[SET_NODE] = {"set_node", do_set_node, 3},
	[ALLOC] = {"phys_alloc", model_alloc, 3},
	[ALLOC_RANGE] = {"phys_alloc_range", model_alloc, 4},
	[ALLOC_RANGE_NID] = {"alloc_range_nid", model_alloc, 3},
	[ALLOC_PHYS_NID] = {"phys_alloc_try_nid", model_alloc, 1},
	[ALLOC_TRY] = {"alloc_try_nid_raw", model_alloc, 4},
	[ALLOC_EXACT] = {"alloc_exact_nid_raw", model_alloc, 3},
	[ALLOC_ZEROED] = {"alloc_try_nid", model_alloc, 2},
	[FIND] = {"find_in_range", model_alloc, 2},
	[CAP] = {"cap_memory_range", do_cap, 1},
	[ENFORCE] = {"enforce_memory_limit", do_limit_memory, 1},
	[REMOVE_MAP] = {"mem_limit_remove_map", do_limit_memory, 1},
	[TRIM] = {"trim_memory", do_trim, 1},
	[DIRECTION] = {"set_bottom_up", do_set, 1},
	[LIMIT] = {"set_current_limit", do_set, 1},
	[ASK] = {"is_..., ...overlaps, ends", model_ask, 4},
	[RANGES] = {"__next_mem_range", model_ranges, 4},
	[PAGES] = {"__next_mem_pfn_range", model_pages, 2},
};

const char *model_name(enum op op)
{
	return ops[op].name;
}

unsigned model_weight(enum op op)
{
	return ops[op].weight;
}

/* Whether the call at hand complained as often as it should. */
static const char *complaints_differ(void)
{
	if (model.complaints < model.complaints_due)
		return "no complaint";
	if (model.complaints > model.complaints_due && !model.complaints_open)
		return "a complaint too many";
	return NULL;
}

const char *model_play(const struct call *c)
{
	const char *wrong;

	model.complaints = model.complaints_due = 0;
	model.complaints_open = false;
	grow_begin();
	wrong = ops[c->op].run(c);
	if (!wrong)
		wrong = list_differs(&memblock.memory, model.memory);
	if (!wrong)
		wrong = list_differs(&memblock.reserved, model.reserved);
	if (!wrong)
		wrong = complaints_differ();
	if (!wrong)
		wrong = grow_differs();
	return wrong;
}

/* ---- stages ---- */

static void hear(const char *what, const void *caller)
{
	model.complaints += what && caller;
}

/* Empty arrays that end where their memory ends. */
static void fixed_arrays(void)
{
	memblock.memory.max = model.stage.memory_max;
	memblock.reserved.max = model.stage.reserved_max;
	memblock.memory.regions = calloc(model.stage.memory_max, sizeof(struct memblock_region));
	memblock.reserved.regions =
		calloc(model.stage.reserved_max, sizeof(struct memblock_region));
}

void model_reset(void)
{
	memset(model.memory, 0, sizeof(model.memory));
	memset(model.reserved, 0, sizeof(model.reserved));
	model.limit = GRANULES;
	memblock.memory.cnt = memblock.reserved.cnt = 1;
	memblock.memory.total_size = memblock.reserved.total_size = 0;
	memblock.current_limit = MEMBLOCK_ALLOC_ANYWHERE;
	memblock.bottom_up = false;
	memblock_complain = hear;
	if (model.stage.grows)
		grow_reset();
	else
		fixed_arrays();
}

void model_release(void)
{
	if (model.stage.grows)
		return;
	free(memblock.memory.regions);
	free(memblock.reserved.regions);
}
