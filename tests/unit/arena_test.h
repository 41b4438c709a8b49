/* SPDX-License-Identifier: MIT */
/*
 * The board of oom_test.h with real memory at MEMORY_BASE, and with an MMU: it walks the tables as
 * the architecture does, keeps what it found in a TLB until it is told to forget it, and a fault
 * goes to arena_fault().
 *
 * It fails if memory is freed that a TLB still knows, and if a page is mapped, or a page of tables
 * lent, that is not clear.
 */
#ifndef CAIRN_TESTS_UNIT_ARENA_TEST_H
#define CAIRN_TESTS_UNIT_ARENA_TEST_H

#include "mm/arena.h"
#include "mm/pgtable_lend.h"
#include "tests/unit/oom_test.h"

#define PAGE 4096U

/** The board's tables. */
extern struct pgtable tables;

/** A board of PAGES, at most 16384, of which the first few are taken. SETTINGS may be NULL. */
void start_arenas(uint32_t pages, const struct oom_settings *settings);

/** A task NAME with an arena of BYTES. */
struct arena *add_arena(const char *name, uint64_t bytes);

/** Accesses of a program. 0, or what arena_fault() said. */
int load(uintptr_t address, uint8_t *value);
int store(uintptr_t address, uint8_t value);

/** What is there; fails if it cannot be read. */
uint8_t byte_at(uintptr_t address);

/** Whether a walk of the tables for ADDRESS ends at a page. */
bool is_mapped(uintptr_t address);

/** Whether the order of clearing and mapping is looked at, from start_arenas() on: not where two
 * pages come at once. */
extern bool check_order;

/** Called before each probe, if not NULL. */
extern void (*on_probe)(uintptr_t address);

/** The lists of memblock, for same_lists() later on. */
void note_lists(void);

/** Fails unless both lists are what they were, and the array where it was. */
void same_lists(void);

#endif
