/* SPDX-License-Identifier: MIT */
/*
 * Promises of memory, and how many may be made: vm.overcommit_memory of Linux 6.1
 * (Documentation/mm/overcommit-accounting.rst, __vm_enough_memory()), without swap and without
 * reserves for an administrator or for the one who asks.
 */
#ifndef CAIRN_MM_OVERCOMMIT_H
#define CAIRN_MM_OVERCOMMIT_H

#include "lib/types.h"

enum overcommit {
	OVERCOMMIT_GUESS,  /**< 0: one promise larger than all of memory is refused */
	OVERCOMMIT_ALWAYS, /**< 1: none is */
	OVERCOMMIT_NEVER,  /**< 2: all of them together stay below overcommit_limit() */
};

#define OVERCOMMIT_RATIO 50 /**< percent, if nobody says */
#define OVERCOMMIT_RATIO_MAX 1000

/**
 * Goes by POLICY, and RATIO percent (0..OVERCOMMIT_RATIO_MAX), from now on; promises that were made
 * stay. Until then it is OVERCOMMIT_GUESS and OVERCOMMIT_RATIO. With the lock (mm/task.h), or while
 * one core alone runs.
 */
void overcommit_set(enum overcommit policy, unsigned ratio);

/**
 * Promises PAGES to the task NAME. 0; -ENOMEM, and a line that says what was asked for and what the
 * limit is; -ETIMEDOUT: there is no telling how much memory there is. Under OVERCOMMIT_NEVER a
 * promise that would reach the limit is refused as well, as in Linux. With the lock.
 */
int overcommit_promise(const char *name, uint32_t pages);

/** Takes back PAGES that were promised. With the lock. */
void overcommit_forget(uint32_t pages);

/**
 * CommitLimit, in pages: task_total_pages() * ratio / 100, whatever the policy is. Takes
 * memory_lock(); 0 if that cannot be had. With the lock.
 */
uint64_t overcommit_limit(void);

/** Committed_AS, in pages. With the lock. */
uint64_t overcommit_promised(void);

#endif
