/* SPDX-License-Identifier: MIT */
/* Data aborts that are handled and returned from: the first access to a page of an arena. */
#ifndef CAIRN_BOOT_PAGE_FAULT_H
#define CAIRN_BOOT_PAGE_FAULT_H

#include "lib/types.h"

/** What irq.S saved of what was interrupted. To write to it changes that. */
struct interrupted {
	uint32_t r[4];
	uint32_t r12, lr, pc, cpsr;
};

/**
 * Called by irq.S in SVC mode with interrupts masked, for an access that was not translated, where
 * arenas lie or lay. True: go on at i->pc. False: it is a fault indeed; DFSR and DFAR are its.
 */
bool page_fault(struct interrupted *i);

/**
 * Reads the byte at ADDRESS and writes it back, in one, so that it stays whatever other cores
 * write. 0; -EFAULT: there is no page, and none is to be had (arena_fault()). In irq.S.
 */
int arena_probe(uintptr_t address);

/** Where an access of arena_probe() goes on that page_fault() cannot help: it returns r0. */
extern char arena_probe_failed[];

#endif
