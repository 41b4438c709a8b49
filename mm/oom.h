/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: who gives some back, and in which order they are asked. As in Linux 6.1
 * (mm/oom_kill.c), and for the children of a victim as in older kernels:
 *
 *  1. the notifiers, who can give back what nobody needs; if there is some, nothing else happens;
 *  2. a task that is being removed already is waited for, but not for ever;
 *  3. panic_on_oom: the boot ends;
 *  4. oom_kill_allocating_task: the task that asked, if it may be a victim;
 *  5. else the one with the highest oom_badness(), of equals the later one;
 *  6. nobody is left: the boot ends.
 *
 * In place of a victim of 4 or 5 the worst of its children goes, if one may be a victim. Then the
 * page is tried for again, and all of it begins anew.
 */
#ifndef CAIRN_MM_OOM_H
#define CAIRN_MM_OOM_H

#include "mm/task.h"

/** Who can give memory back without losing anything that is needed. */
struct oom_notifier {
	struct oom_notifier *next; /* private */
	/**
	 * Gives pages back to memblock and returns how many. Called with the lock, which it may
	 * suspend to wait for another core. ATOMIC: see oom_alloc_page().
	 */
	uint32_t (*give_back)(struct oom_notifier *n, bool atomic);
};

/** What Linux has under /proc/sys/vm. */
struct oom_settings {
	unsigned panic_on_oom; /**< 0, 1 or 2; without cpusets and memory groups 1 and 2 differ in
				  words only */
	bool oom_kill_allocating_task; /**< the one that asked, and not the worst */
	bool oom_dump_tasks;           /**< the table of the tasks is part of the report */
};

/** Bytes of a report at most: the largest numbers there are, in a table of TASKS_MAX and around it.
 */
#define OOM_REPORT_MAX 3072

/** What this needs of the boot; both are called with the lock, but for a panic for want of that. */
struct oom_env {
	/** Ends the boot, for the reason WHY; with the lock keep() was called before. Must not
	 * return. */
	void (*panic)(const char *why);
	/**
	 * Gets the whole REPORT, LEN bytes of lines, at most OOM_REPORT_MAX, after a victim was
	 * asked or before a panic: once for each. It is valid for as long as the lock is held; this
	 * may suspend that. May be NULL.
	 */
	void (*keep)(const char *report, size_t len, bool atomic);
	uint64_t patience_ns; /**< how long a task that is being removed is waited for */
};

/** Begins with SETTINGS and without notifiers, behind tasks_start(); ENV stays the caller's. */
void oom_start(const struct oom_env *env, const struct oom_settings *settings);

/** Notifiers are asked in the order in which they came; N stays the caller's. With the lock. */
void oom_add_notifier(struct oom_notifier *n);

/**
 * A page of memory for task T, aligned, not cleared, from memblock; if there is none, somebody
 * gives one back or is removed first. Returns its address; or 0: T was removed or is being, the
 * lock or memblock cannot be had.
 *
 * ATOMIC: the caller is within a fault at any instruction, one of the store or of malloc included,
 * so nobody may be asked who would have to change what that instruction works on.
 *
 * T must be there when the call begins: whoever looked it up still has the lock. The call may give
 * the lock up in between as task_suspend() does, and what was read of any task or arena before it
 * has to be read again behind it.
 */
phys_addr_t oom_alloc_page(struct task *t, bool atomic);

#endif
