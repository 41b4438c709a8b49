/* SPDX-License-Identifier: MIT */
/*
 * Addresses that are not mapped to themselves: sections are taken out of what is not mapped, and
 * get second-level tables and pages from somebody's memory, piece by piece.
 *
 * Tables are lent by the page, that is four of them, for the sections of a span: PGTABLE_SPAN bytes
 * from the address on where those that were taken begin, and so on; the last span may be shorter. A
 * page of tables lies where the tables themselves could: root - at is the same for all of them.
 *
 * The tables may be live. What is mapped counts behind a dsb(); before memory is used for something
 * else after it was unmapped, the caller invalidates every TLB.
 */
#ifndef CAIRN_MM_PGTABLE_LEND_H
#define CAIRN_MM_PGTABLE_LEND_H

#include "mm/pgtable.h"

#define PGTABLE_SPAN (4 * PGTABLE_SECTION) /**< what a page of second-level tables maps */

/**
 * Takes SIZE bytes, a multiple of PGTABLE_SECTION and not 0: the first that lie at or above FROM
 * where nothing is mapped or taken, neither there nor in the sections before and behind.
 * pgtable_map() leaves them alone from now on, and an access faults. 0 and *BASE, or -ENOSPC.
 */
int pgtable_take(struct pgtable *pt, uint32_t from, uint64_t size, uint32_t *base);

/**
 * Ends the walks of all tables that were lent for [base, base + size), which was taken: nothing is
 * mapped there. pgtable_lent() and pgtable_place() still answer as before.
 */
void pgtable_cut_off(struct pgtable *pt, uint32_t base, uint64_t size);

/** [base, base + size), which was taken and of which no table is walked, is nobody's any more. */
void pgtable_leave(struct pgtable *pt, uint32_t base, uint64_t size);

/**
 * Lends the page of tables at TABLES for the span that begins at SPAN and, if that is shorter, ends
 * at END. They must map nothing: all zero, and written before the caller's last dsb().
 */
void pgtable_lend(struct pgtable *pt, uint32_t span, uint64_t end, uint32_t tables);

/** The page of tables that was lent for ADDRESS, which was taken; 0: none was. */
uint32_t pgtable_lent(const struct pgtable *pt, uint32_t address);

/** Maps the page at ADDRESS, for which tables were lent, to the page of memory AT. */
void pgtable_put(struct pgtable *pt, uint32_t address, uint32_t at);

/** Where the page at ADDRESS, which was taken, lies in memory; 0: it is not mapped. */
uint32_t pgtable_place(const struct pgtable *pt, uint32_t address);

#endif
