/* SPDX-License-Identifier: MIT */
#include "mm/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/oom.h"
#include "mm/overcommit.h"
#include "mm/pgtable_lend.h"

/* Slots of memblock's list for what others reserve while there are arenas. */
#define OTHERS_SLOTS 32U

struct arena {
	struct holding holding;
	struct task *task;
	char owner[TASK_NAME_MAX]; /* the task's name, for when it is gone */
	uint32_t number;           /* later ones have higher ones; 0: never used */
	bool live;
	uint32_t base, pages;  /* promised */
	uint32_t held, tables; /* pages of memory that are mapped, and of tables */
	unsigned long slots;   /* of memblock's list, for this one and those before it */
};

/* Not in .bss: faults come before that is cleared. */
struct arenas_reach arenas_reach __attribute__((section(".data")));

static const struct arena_env *env;
static struct arena arenas[ARENAS_MAX];
static uint32_t last_number;
static unsigned long slots_before; /* of memblock's list, without arenas */
static uint32_t next;              /* where the search for address space goes on */

void arenas_start(const struct arena_env *with)
{
	uint64_t end = ROUND_UP((uint64_t)memblock_end_of_DRAM(), PGTABLE_SECTION);

	env = with;
	memset(arenas, 0, sizeof(arenas));
	last_number = 0;
	next = end < PGTABLE_SPACE ? (uint32_t)end : (uint32_t)(PGTABLE_SPACE - PGTABLE_SECTION);
	arenas_reach.base = next;
	arenas_reach.size = 0;
}

static uint64_t bytes_of(const struct arena *a)
{
	return (uint64_t)a->pages << PAGE_SHIFT;
}

/* What the arena takes of the address space. */
static uint64_t span_of(const struct arena *a)
{
	return ROUND_UP(bytes_of(a), PGTABLE_SECTION);
}

static uint64_t end_of(const struct arena *a)
{
	return a->base + bytes_of(a);
}

/* Whether A is the arena that had NUMBER, still. */
static bool is(const struct arena *a, uint32_t number)
{
	return a->live && a->number == number;
}

static struct arena *arena_at(uintptr_t address)
{
	for (struct arena *a = arenas; a < arenas + ARENAS_MAX; a++)
		if (a->live && address >= a->base && address < end_of(a))
			return a;
	return NULL;
}

static bool any_live(void)
{
	for (size_t i = 0; i < ARENAS_MAX; i++)
		if (arenas[i].live)
			return true;
	return false;
}

/* ---- slots of memblock's list ---- */

/* PAGES and the pages of tables that they need, at most. */
static uint64_t with_tables(uint64_t pages)
{
	return pages + pages / (PGTABLE_SPAN / PAGE_SIZE) + 1;
}

/*
 * How many slots of memblock's list all arenas need, together with one of PAGES more.
 *
 * Each page of memory that they hold may split a region when it goes, and each that they will get
 * may be a region of its own. These are never more than there are, but may come when those have
 * gone.
 */
static unsigned long slots_needed(uint32_t pages)
{
	uint64_t held = 0, coming = with_tables(pages);
	uint64_t memory = memblock_phys_mem_size() >> PAGE_SHIFT;

	for (const struct arena *a = arenas; a < arenas + ARENAS_MAX; a++) {
		if (!a->live)
			continue;
		held += a->held + a->tables;
		coming += with_tables(a->pages) - a->held - a->tables;
	}
	return (unsigned long)(held + (coming < memory ? coming : memory)) + OTHERS_SLOTS;
}

/* With memory_lock(), of A, which is to be. */
static int reserve_slots(struct arena *a)
{
	int err;

	if (!any_live())
		slots_before = memblock.reserved.max;
	err = memblock_reserve_slots(slots_needed(a->pages));
	a->slots = memblock.reserved.max;
	return err;
}

/*
 * With memory_lock(). The list as it would be without the arena that has just gone: with what the
 * others had before, unless somebody else has taken that meanwhile.
 */
static void release_slots(void)
{
	unsigned long slots = slots_before;

	for (const struct arena *a = arenas; a < arenas + ARENAS_MAX; a++)
		if (a->live && a->slots > slots)
			slots = a->slots;
	if (memblock.reserved.cnt + slots_needed(0) - OTHERS_SLOTS <= slots)
		memblock_release_slots(slots);
}

/* ---- giving back ---- */

static void count(const struct holding *h, struct task_use *use)
{
	const struct arena *a = (const struct arena *)h;

	use->total_vm += a->pages;
	use->rss += a->held;
	use->pgtables += a->tables;
}

/* Frees what [at, end) holds, which one page of tables maps. */
static void free_span(uint64_t at, uint64_t end)
{
	uint32_t tables = pgtable_lent(env->pt, (uint32_t)at);

	if (!tables)
		return;
	for (; at < end; at += PAGE_SIZE) {
		uint32_t page = pgtable_place(env->pt, (uint32_t)at);

		if (page)
			memblock_phys_free(page, PAGE_SIZE);
	}
	memblock_phys_free(tables, PAGE_SIZE);
}

static void give_up(struct arena *a)
{
	uint64_t end = end_of(a);

	pgtable_cut_off(env->pt, a->base, span_of(a));
	env->unmade();
	for (uint64_t at = a->base; at < end; at += PGTABLE_SPAN)
		free_span(at, end - at < PGTABLE_SPAN ? end : at + PGTABLE_SPAN);
	pgtable_leave(env->pt, a->base, span_of(a));
	a->live = false;
	release_slots();
}

static int release(struct holding *h, bool atomic)
{
	struct arena *a = (struct arena *)h;

	(void)atomic;
	if (memory_lock())
		return -EAGAIN; /* it is as it was, and may be asked again */
	give_up(a);
	memory_unlock();
	overcommit_forget(a->pages);
	return 0;
}

/* ---- promising ---- */

/* The place that was free for the longest time, or NULL. */
static struct arena *free_place(void)
{
	struct arena *oldest = NULL;

	for (struct arena *a = arenas; a < arenas + ARENAS_MAX; a++)
		if (!a->live && (!oldest || a->number < oldest->number))
			oldest = a;
	return oldest;
}

static int set_slots_aside(struct arena *a)
{
	int err = memory_lock();

	if (err)
		return err;
	err = reserve_slots(a);
	memory_unlock();
	return err;
}

static int take_addresses(struct arena *a)
{
	if (pgtable_take(env->pt, next, span_of(a), &a->base) &&
	    pgtable_take(env->pt, arenas_reach.base, span_of(a), &a->base))
		return -ENOSPC;
	next = (uint32_t)(a->base + span_of(a));
	if (next - arenas_reach.base > arenas_reach.size)
		arenas_reach.size = next - arenas_reach.base;
	return 0;
}

/* Gets A, whose pages are known, all that it needs. */
static int provide(struct arena *a)
{
	int err = overcommit_promise(a->owner, a->pages);

	if (err)
		return err;
	err = take_addresses(a);
	if (!err) {
		err = set_slots_aside(a);
		if (err)
			pgtable_leave(env->pt, a->base, span_of(a));
	}
	if (err)
		overcommit_forget(a->pages);
	return err;
}

static int create(struct task *t, uint64_t bytes, struct arena **made)
{
	uint64_t pages = (bytes >> PAGE_SHIFT) + !!(bytes & (PAGE_SIZE - 1));
	struct arena *a = free_place(),
		     new = {
			     .holding = {.count = count, .release = release},
			     .task = t,
			     .number = last_number + 1,
			     .live = true,
			     .pages = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX,
		     };
	int err;

	if (!bytes || t->dying || (t->flags & TASK_STAYS))
		return -EINVAL;
	if (!env || !a)
		return -ENOSPC;
	snprintf(new.owner, sizeof(new.owner), "%s", t->name);
	err = provide(&new);
	if (err)
		return err;
	*a = new;
	last_number = new.number;
	task_hold(t, &a->holding);
	*made = a;
	return 0;
}

int arena_create(struct task *t, uint64_t bytes, struct arena **made)
{
	int err = task_lock();

	if (err)
		return err;
	err = create(t, bytes, made);
	task_unlock();
	return err;
}

uintptr_t arena_base(const struct arena *a)
{
	return a->base;
}

uint64_t arena_size(const struct arena *a)
{
	return bytes_of(a);
}

struct arena *arena_of(const struct task *t)
{
	for (struct arena *a = arenas; a < arenas + ARENAS_MAX; a++)
		if (a->live && a->task == t)
			return a;
	return NULL;
}

const char *arena_owner(uintptr_t address, bool *removed)
{
	const struct arena *found = NULL;

	for (const struct arena *a = arenas; a < arenas + ARENAS_MAX; a++)
		if (address >= a->base && address < end_of(a) &&
		    (!found || a->number > found->number))
			found = a;
	if (!found)
		return NULL;
	*removed = !found->live;
	return found->owner;
}

/* ---- keeping the promise ---- */

static void give_page_back(phys_addr_t at)
{
	if (memory_lock())
		return;
	memblock_phys_free(at, PAGE_SIZE);
	memory_unlock();
}

/* Uses the page of memory AT for what the page at ADDRESS of A lacks: tables first. */
static void use_page(struct arena *a, uint32_t address, phys_addr_t at)
{
	memset(env->memory(at), 0, PAGE_SIZE);
	env->barrier();
	if (!pgtable_lent(env->pt, address)) {
		uint32_t within = (address - a->base) % PGTABLE_SPAN;

		pgtable_lend(env->pt, address - within, a->base + span_of(a), (uint32_t)at);
		a->tables++;
	} else {
		pgtable_put(env->pt, address, (uint32_t)at);
		a->held++;
	}
	env->barrier();
}

/* oom_alloc_page() may give up the lock: all may be different behind it. */
static int bring(uint32_t address, bool atomic)
{
	struct arena *a = arena_at(address);
	uint32_t number;

	if (!a)
		return -EFAULT;
	number = a->number;
	while (is(a, number) && !pgtable_place(env->pt, address)) {
		phys_addr_t at = oom_alloc_page(a->task, atomic);
		bool wanted = is(a, number) && !pgtable_place(env->pt, address);

		if (at && wanted)
			use_page(a, address, at);
		else if (at)
			give_page_back(at);
		else if (wanted)
			return -ETIMEDOUT;
	}
	return is(a, number) ? 0 : -ENOMEM;
}

int arena_fault(uintptr_t address, bool atomic)
{
	int err = task_lock();

	if (err)
		return err;
	err = bring(ROUND_DOWN((uint32_t)address, PAGE_SIZE), atomic);
	task_unlock();
	return err;
}

int arena_touch(struct arena *a, uint64_t bytes)
{
	uint32_t number;
	uint64_t at, end;
	int err = task_lock();

	if (err)
		return err;
	number = a->number;
	at = a->base;
	end = at + bytes;
	if (!a->live)
		err = -ENOMEM;
	else if (bytes > bytes_of(a))
		err = -EINVAL;
	task_unlock();
	for (; !err && at < end; at += PAGE_SIZE)
		if (env->probe((uintptr_t)at))
			err = is(a, number) ? -ETIMEDOUT : -ENOMEM;
	return err;
}
