/* SPDX-License-Identifier: MIT */
/*
 * Tasks: whoever holds memory and can be told to give it up. The table of them, what each holds,
 * and how bad each is when memory runs out.
 *
 * A task is not a thread of execution: it is a name for memory. An arena's owner is one, and so are
 * the store's spare memory, the log's backlog and a loaded payload.
 *
 * Tasks, and all of mm/overcommit, mm/oom and mm/arena, are behind one lock, that of task_lock().
 * "With the lock" in a comment is what the caller has to see to; all other calls take it by
 * themselves. It comes before the store's lock, malloc's and memory_lock(). Whoever has it does not
 * touch an arena's memory: the fault may have to give the lock up, see oom_alloc_page().
 */
#ifndef CAIRN_MM_TASK_H
#define CAIRN_MM_TASK_H

#include "lib/types.h"
#include "mm/badness.h"

#define TASKS_MAX 32
#define TASK_NAME_MAX 16 /**< bytes of a name with its NUL, as Linux's comm */

/** What a task has, in pages. */
struct task_use {
	uint32_t total_vm; /**< address space that was promised to it, or memory that it holds */
	uint32_t rss;      /**< memory that it would give back */
	uint32_t pgtables; /**< memory of its own page tables, given back with the rest */
};

/** Memory that is anybody's or could be, in pages. */
struct task_pages {
	uint32_t unused; /**< whole pages that memblock could give away */
	uint32_t total;  /**< those, and what all tasks but the unkillable have: Linux's totalram */
};

/** One thing that a task holds; part of whatever it is. */
struct holding {
	struct holding *next; /* private */
	/** Adds what it is to *USE. */
	void (*count)(const struct holding *h, struct task_use *use);
	/**
	 * Gives all of its memory back to memblock and does not use it any more. Called with the
	 * lock, which it keeps, after H was taken off the task's list; so it may be the end of H,
	 * too. 0; or -EAGAIN: not now. H is on the list again then, and whoever uses the memory
	 * still calls task_drop() when he has given it back; until then its task is being removed,
	 * and release() may be called again.
	 *
	 * The holding of a task with TASK_STAYS gives back what it can, and stays on the list in
	 * either case.
	 *
	 * ATOMIC: the caller is within a fault: see oom_alloc_page().
	 */
	int (*release)(struct holding *h, bool atomic);
};

/** How a task differs from others; bits. */
enum {
	TASK_UNKILLABLE = 1, /**< the boot itself: never a victim, whatever its oom_score_adj is */
	TASK_STAYS = 2,      /**< as a victim it gives back what it can, and is a task as before */
};

/** A task. Read, and its oom_score_adj written, with the lock. */
struct task {
	uint32_t pid; /**< from 1, never used twice; 0: this place is free */
	char name[TASK_NAME_MAX];
	struct task *parent; /**< or NULL */
	unsigned flags;
	int oom_score_adj; /**< OOM_SCORE_ADJ_MIN..OOM_SCORE_ADJ_MAX */
	bool dying;        /**< being removed: somebody is still to call task_drop() */
	struct holding *holdings;
	bool passed;    /* mm/oom: dying for so long that nobody waits for it any more */
	uint32_t asked; /* mm/oom: the search for memory in which it was a victim last */
};

/** Who calls and how long to wait, for tasks_start(). */
struct task_env {
	uint32_t (*self)(void); /**< number of the core that calls */
	uint64_t patience_ns;   /**< how long a call waits for other cores */
};

/** Forgets all tasks and begins; ENV stays the caller's. One core calls it, before all else. */
void tasks_start(const struct task_env *env);

/** 0 or -ETIMEDOUT. The same core may take it again; task_unlock() as often. */
int task_lock(void);
void task_unlock(void);

/**
 * Gives the lock, however often this core took it, so that other cores can have it, and returns how
 * often that was; 0: it does not have it, and nothing was done.
 */
uint32_t task_suspend(void);

/**
 * Takes the lock as often as a task_suspend() gave it, which returned TAKEN. Any task may be gone
 * then, or be another one in the same place: what a caller knew he finds again by its pid. 0; or
 * -ETIMEDOUT: it is not held.
 */
int task_resume(uint32_t taken);

/**
 * Makes a task NAME, child of PARENT (NULL: of nobody), whose oom_score_adj it begins with. 0 and
 * *MADE; -EINVAL (a name is 1..15 printable ASCII characters without spaces), -EEXIST (there is one
 * of that name), -ENOSPC (there are TASKS_MAX), -ETIMEDOUT. Any task may be removed where the lock
 * is not held: whoever looks PARENT up, or goes on to use *MADE, has it around all of that.
 */
int task_create(const char *name, struct task *parent, unsigned flags, struct task **made);

/** From now on T, which is not dying, holds H, too. With the lock. */
void task_hold(struct task *t, struct holding *h);

/**
 * T no longer holds H, which gave its memory back; a dying task whose last holding goes is gone.
 * With the lock.
 */
void task_drop(struct task *t, struct holding *h);

/**
 * Removes T: releases all that it holds. 0: it is gone, its children have no parent any more, and
 * its place may be another's; or, with TASK_STAYS, it gave back what it could. -EAGAIN: not all of
 * it came, and it is dying, or stays. -EPERM: it is unkillable. -ETIMEDOUT.
 */
int task_remove(struct task *t, bool atomic);

/** The task called NAME, or NULL. With the lock. */
struct task *task_find(const char *name);

/** The task with the lowest pid above that of T (NULL: the first), or NULL. With the lock. */
struct task *task_next(const struct task *t);

/** What T has. With the lock. */
struct task_use task_use(const struct task *t);

/**
 * How much memory there is to go round, in *PAGES. Takes memory_lock(). 0 or -ETIMEDOUT. With the
 * lock.
 */
int task_count_pages(struct task_pages *pages);

/** The total of task_count_pages(), or 0. With the lock. */
uint32_t task_total_pages(void);

/**
 * oom_points() of T with all its memory, where there are TOTAL pages in all. OOM_NEVER if it is
 * unkillable, at -1000, or being removed already. With the lock.
 */
long oom_badness(const struct task *t, uint32_t total);

#endif
