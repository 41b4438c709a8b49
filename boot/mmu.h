/* SPDX-License-Identifier: MIT */
/*
 * The MMU and the caches: the first table, made before there is any C library; the tables that the
 * map of memory gives, from then on; and the window through which the store writes.
 */
#ifndef CAIRN_BOOT_MMU_H
#define CAIRN_BOOT_MMU_H

#include "boot/boot.h"
#include "lib/types.h"
#include "mm/pgtable.h"

/**
 * Builds the first table and turns the MMU and the caches on: all devices, but page 0's section (a
 * fault), and the image and the first section of its RAM as normal memory. Called by entry.S before
 * any C library code, which makes unaligned accesses.
 */
void mmu_start(void);

/**
 * Gives the core that calls it the tables, domains and caches that the first core has now. What
 * another core does first, with its level 1 data cache invalidated and a stack of its own of which
 * no other core's cache holds a line; unaligned accesses may follow. Changes of the tables later on
 * reach every core by themselves.
 */
void mmu_join(void);

/** Makes every 1 MiB section of the first table that holds a byte of [base, base + size) memory. */
void mmu_map_normal(uintptr_t base, size_t size);

/**
 * Notes that a driver uses the registers in [base, base + size), which stay mapped; with
 * mmu_protect() done they are mapped now. If that cannot be, a line says so.
 */
void mmu_claim(uintptr_t base, size_t size);

/**
 * Allocates tables from memblock, makes them of what B and memblock's lists know (boot/map.h) and
 * goes over to them: once, before other cores are started. If there is no memory for them, the
 * first table stays, and a line says so; so does one if the store's region cannot be guarded.
 */
void mmu_protect(struct boot *b);

/** From now on there can be arenas (mm/arena.h) in the tables that mmu_protect() made, if it did.
 */
void mmu_start_arenas(void);

/** The tables in use. */
const struct pgtable *mmu_tables(void);

/** What the page that holds ADDR is mapped as. */
enum pgtable_attr mmu_attr(uintptr_t addr);

/** Whether an access to ADDR would not fault for want of a mapping. */
bool mmu_mapped(uintptr_t addr);

/**
 * Lets the core that calls it write to the store's region (OPEN), or no longer. CTX is ignored:
 * this is struct store_media's window(). No effect if the region is not guarded.
 */
void mmu_store_window(void *ctx, bool open);

#endif
