/* SPDX-License-Identifier: MIT */
/*
 * Translation tables of the short-descriptor format (ARM DDI 0406C, B3.5): a first-level table of
 * 1 MiB sections, and second-level tables of 4 KiB pages where a section will not do. Everything is
 * mapped to itself, but for what mm/pgtable_lend.h makes of addresses at which nothing is.
 *
 * This is plain work on memory: it touches no coprocessor. Nothing in it calls the C library, and
 * it is built without unaligned accesses, since it runs before the MMU is on.
 */
#ifndef CAIRN_MM_PGTABLE_H
#define CAIRN_MM_PGTABLE_H

#include "lib/types.h"

#define PGTABLE_ALIGN 16384U     /**< of the memory that the tables are in */
#define PGTABLE_LEAF_BYTES 1024U /**< a second-level table */
/** The memory of a first-level table and LEAVES second-level ones. */
#define PGTABLE_BYTES(leaves) (16384U + (leaves)*PGTABLE_LEAF_BYTES)

#define PGTABLE_SECTION MIB(1)
#define PGTABLE_SPACE (1ULL << 32) /**< bytes that the tables map */

#define PGTABLE_DOMAIN 0U         /**< of everything but PGTABLE_GUARDED */
#define PGTABLE_DOMAIN_GUARDED 1U /**< of that: its DACR bits open the window to write */

/** What an access may do, and how it is done. Only PGTABLE_TEXT and PGTABLE_EARLY are executable,
 * and PGTABLE_GUARDED while its domain is a manager's (DDI 0406C, B3.7.3). */
enum pgtable_attr {
	PGTABLE_FAULT,  /**< not mapped: every access faults */
	PGTABLE_DEVICE, /**< shareable device memory */
	PGTABLE_RAM,   /**< shareable write-back write-allocate memory, as all below but UNCACHED */
	PGTABLE_CONST, /**< never written */
	PGTABLE_TEXT,  /**< never written, executable */
	PGTABLE_GUARDED,  /**< written while its domain is a manager's; sections only */
	PGTABLE_UNCACHED, /**< shareable memory that no cache has a line of */
	PGTABLE_EARLY,    /**< written and executed */
	PGTABLE_ATTRS,    /**< how many there are */
};

/** Tables. Private but for reading; one instance may be live while another is built. */
struct pgtable {
	uint32_t *root;      /**< the first-level table, */
	uint32_t at;         /**< and its physical address: what TTBR0 gets */
	uint32_t *leaves;    /* the second-level tables, behind root */
	unsigned room, used; /**< second-level tables: in all, and in use */
	unsigned fresh;      /* the first that was never used */
	uint32_t given_back; /* a list by their first words, of numbers + 1 */
	unsigned taken;      /* sections (mm/pgtable_lend.h) */
};

/**
 * Makes tables that map nothing in the PGTABLE_BYTES(leaves) bytes at MEMORY, whose physical
 * address is AT, a multiple of PGTABLE_ALIGN.
 */
void pgtable_init(struct pgtable *pt, uint32_t *memory, uint32_t at, unsigned leaves);

/**
 * Maps [base, base + size) with ATTR, whatever it was before; both are multiples of PAGE_SIZE, for
 * PGTABLE_GUARDED of PGTABLE_SECTION (what is left of a section of that is PGTABLE_CONST). Sections
 * are made of whatever then can be one, and tables that this empties are used again. 0; -EINVAL (no
 * such multiples, or beyond 4 GiB) or -EBUSY (some of it is taken, mm/pgtable_lend.h): nothing was
 * done; -ENOMEM (there is no second-level table left): what lies before where it was needed is
 * mapped.
 *
 * If the tables are live the caller invalidates the TLB.
 */
int pgtable_map(struct pgtable *pt, uint32_t base, uint64_t size, enum pgtable_attr attr);

/** What the page that holds ADDRESS is mapped as. */
enum pgtable_attr pgtable_attr(const struct pgtable *pt, uint32_t address);

/** Neighbours with the same attributes. */
struct pgtable_run {
	uint32_t base;
	uint64_t size;
	enum pgtable_attr attr; /**< never PGTABLE_FAULT */
	bool lent; /**< not mapped to themselves, but to other pages (mm/pgtable_lend.h) */
	uint32_t sections, pages;
};

/** The first run at *AT (0 to begin with) or behind it; *AT moves behind it. False: no more. */
bool pgtable_next(const struct pgtable *pt, uint64_t *at, struct pgtable_run *run);

#endif
