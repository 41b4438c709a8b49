/* SPDX-License-Identifier: MIT */
/*
 * What was loaded into memory and has to stay there until it is used: a task "payload" holds it, so
 * that nobody else gets that memory, and gives it up when memory runs out. Its first bytes are
 * cleared then: what is left of an image is none.
 */
#ifndef CAIRN_MM_LOADED_H
#define CAIRN_MM_LOADED_H

#include "lib/types.h"

#define LOADED_TASK "payload"

/**
 * From now on the task holds the SIZE bytes at BASE, at least 1, which the caller has reserved in
 * memblock. There is nothing loaded before: see loaded_drop(). 0; or what task_create() says, and
 * the memory stays the caller's.
 */
int loaded_keep(phys_addr_t base, phys_addr_t size);

/** Removes the task, and frees its memory. 0, also if there is none; else what task_remove() says.
 */
int loaded_drop(void);

/** What is loaded: its bytes, and where in *BASE; 0: nothing. */
phys_addr_t loaded_range(phys_addr_t *base);

/** Whether every byte of [base, base + size) is free in memblock, or loaded. */
bool loaded_or_free(phys_addr_t base, phys_addr_t size);

#endif
