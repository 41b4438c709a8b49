/* SPDX-License-Identifier: MIT */
/*
 * Arenas: address space without memory behind it. The first access to a page faults; the handler of
 * the fault takes a page from memblock, cleared, and maps it there. So a promise may be more than
 * there is, and what fails is not the promise but the access (mm/overcommit.h, mm/oom.h).
 *
 * The address space is what the tables do not map above the end of memory. A section that is not
 * mapped lies before and behind each arena, and what was one is used again as late as can be. An
 * arena's tables are memory of its task as well: a page of them for each 4 MiB of it in which
 * something was touched.
 *
 * Nothing that a fault's handler needs may lie in an arena: neither a stack nor a lock, nor what
 * notifiers and holdings work on.
 */
#ifndef CAIRN_MM_ARENA_H
#define CAIRN_MM_ARENA_H

#include "mm/pgtable.h"
#include "mm/task.h"

#define ARENAS_MAX 32

/** What arenas are made with. */
struct arena_env {
	struct pgtable *pt;                /**< the live tables */
	void *(*memory)(phys_addr_t base); /**< where the page of memory at BASE is accessed */
	/** What was written before it is there for every table walk of what is written behind it.
	 */
	void (*barrier)(void);
	/** Entries were cleared: when it returns no TLB has what they were. */
	void (*unmade)(void);
	/**
	 * Reads the byte at ADDRESS and writes it back. 0; -EFAULT: arena_fault() failed, which it
	 * called with ATOMIC false.
	 */
	int (*probe)(uintptr_t address);
};

/**
 * Where arenas lie or lay: the fault of an access elsewhere need not be asked about. Grows only.
 * Read by boot/irq.S.
 */
extern struct arenas_reach {
	uint32_t base, size;
} arenas_reach;

/** Begins with no arenas; ENV stays the caller's. Called while one core alone runs, all memory
 * known. */
void arenas_start(const struct arena_env *env);

/** One of ARENAS_MAX. The pointer stays valid; what it is may be another arena later on. */
struct arena;

/**
 * Promises BYTES (1 or more, rounded up to pages) to T, which holds the arena from now on; it goes
 * with T. 0 and *MADE. -ENOMEM: the promise is refused, or memblock's list of reservations cannot
 * be made large enough for all the pages to be given back one by one, whatever happens. -ENOSPC:
 * there is no room in the address space, or there are ARENAS_MAX. -EINVAL: BYTES is 0, or T is
 * dying or has TASK_STAYS: an arena is given back as a whole. -ETIMEDOUT.
 */
int arena_create(struct task *t, uint64_t bytes, struct arena **made);

/** The arena's address, and its bytes. */
uintptr_t arena_base(const struct arena *a);
uint64_t arena_size(const struct arena *a);

/** The first arena of task T, or NULL. With the lock (mm/task.h). */
struct arena *arena_of(const struct task *t);

/**
 * Has this core access each page of the first BYTES of A; what they hold stays. 0; -EINVAL: that is
 * beyond its end; -ENOMEM: its task is gone, removed to make room or before; -ETIMEDOUT: a lock
 * could not be had. Not with the lock.
 */
int arena_touch(struct arena *a, uint64_t bytes);

/**
 * A page is not mapped that ADDRESS was accessed in. 0: it is now, and the access may be tried
 * again. -EFAULT: no arena lies there; -ENOMEM: one did, and its task was removed meanwhile;
 * -ETIMEDOUT: a lock could not be had. ATOMIC: see oom_alloc_page().
 */
int arena_fault(uintptr_t address, bool atomic);

/**
 * The name of the task whose arena lies at ADDRESS, or, with *REMOVED, lay there last; NULL: none
 * is known. For the report of a fault: takes no lock.
 */
const char *arena_owner(uintptr_t address, bool *removed);

#endif
