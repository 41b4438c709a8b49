/* SPDX-License-Identifier: MIT */
/* What one boot knows: filled in step by step in main(), read by the steps after. */
#ifndef CAIRN_BOOT_BOOT_H
#define CAIRN_BOOT_BOOT_H

#include "boot/atags.h"
#include "boot/tree_scan.h"
#include "lib/log.h"
#include "lib/types.h"
#include "mm/memblock.h"
#include "mm/oom.h"
#include "store/store.h"

#define BOOT_INIT_MAX 512      /**< bytes of cairn.init= kept, with the NUL */
#define BOOT_COMPLAINTS_MAX 64 /**< lines about memory and reservations that are logged */
#define BOOT_OVERLAP_SEARCHES_MAX 256
#define BOOT_NAMED_MAX 64          /**< reservations that the summary can name */
#define BOOT_FDT_MAX TREE_SCAN_MAX /**< a larger tree is refused, as Linux cannot map one */

/** A reservation and why it is there, for the summary. */
struct boot_reservation {
	phys_addr_t base, size;
	const char *name; /**< a constant, or a node's name in the tree */
	bool nomap;
};

/** How the place of the store was decided. */
enum store_place {
	STORE_PLACE_DEFAULT, /**< nothing was said: the default size, allocated */
	STORE_PLACE_CMDLINE, /**< cairn.store= */
	STORE_PLACE_TREE,    /**< a reserved-memory node, already reserved */
	STORE_PLACE_NONE,    /**< cairn.store=0, or what was asked for was refused */
};

/** Where a zImage to boot is. */
struct payload_place {
	enum { PAYLOAD_NONE, PAYLOAD_AT, PAYLOAD_FLASH } kind;
	phys_addr_t at; /**< with PAYLOAD_AT */
};

#define PAYLOAD_DELAY 3 /**< seconds, if cairn.bootdelay does not say */
#define PAYLOAD_DELAY_MAX 3600

struct boot {
	/* Boot data. */
	const void *fdt;        /**< checked; never NULL after bootdata_find() */
	const char *fdt_source; /**< where it was found, in words */
	phys_addr_t fdt_base;   /**< what reserve_tree() reserves; a size of 0: */
	uint32_t fdt_size;      /**< nothing, since the tree is part of the image */
	struct atags atags;
	char cmdline[CMDLINE_MAX]; /**< as it came, cut */
	const char *cmdline_source;
	uint32_t machine_number; /**< what the loader says the board is; 0: nothing */

	/* Memory. */
	phys_addr_t image_base, image_size;
	struct {
		unsigned long count;
		struct memblock_region regions[INIT_MEMBLOCK_REGIONS];
	} described;        /**< memory as it was before the first mem= */
	uint64_t ram_start; /**< mem= counts from here; what lies below is not used */
	bool mem_seen;      /**< a usable mem= came: the tree's memory has been replaced */
	bool has_initrd;
	uint64_t initrd_start, initrd_size;

	/* What the command line asks for. */
	bool exit_on_panic;                 /**< cairn.semihosting */
	bool halt_on_panic, reset_on_panic; /**< cairn.panic, which counts before it */
	char init[BOOT_INIT_MAX];
	uint32_t autosave;  /**< seconds between two snapshots of the store; 0: none by itself */
	unsigned cores_max; /**< cores to be used at most; 0: all */
	struct payload_place payload; /**< cairn.boot */
	uint32_t payload_delay;       /**< cairn.bootdelay, in seconds */
	char image;            /**< 'A' or 'B': which image of the flash this is; 0: none of them */
	bool confirm_manually; /**< it came up when a person says so */
	uint32_t log_buf_len;  /**< a power of two; 0: the log has its ring only */
	uint32_t store_entries; /**< in the store, at most; 0: as many as fit */
	enum store_policy store_policy;

	/* Memory that runs out. */
	uint32_t overcommit;       /**< a policy of mm/overcommit.h */
	uint32_t overcommit_ratio; /**< percent */
	struct oom_settings oom;

	/* The store's region. */
	enum store_place store_place;
	bool store_at;          /**< store_base was given, too */
	const char *store_node; /**< the node's name in the tree, with STORE_PLACE_TREE */
	phys_addr_t store_base, store_size;
	/** Why there is no region, or one in which no store is made: a sentence; else empty. */
	char store_problem[160];

	unsigned overlap_searches; /**< for the names of overlapping children */
	unsigned complaints;       /**< lines about reservations so far: see boot_complain() */
	struct boot_reservation named[BOOT_NAMED_MAX];
	unsigned named_count;
	unsigned asked_count; /**< of them, those before Cairn allocated for itself */
	/** Told of each reservation that is noted, whether `named` has room or not; NULL: nobody.
	 */
	void (*noted)(void *ctx, const struct boot_reservation *r);
	void *noted_ctx;
};

/** Notes the reservation of [base, base + size) for NAME, which is made already, for the summary.
 */
void boot_note(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name, bool nomap);

/** The name of the first reservation noted in B that has a byte of [base, base + size), or NULL. */
const char *boot_holder(const struct boot *b, phys_addr_t base, phys_addr_t size);

/**
 * Logs a line about memory or a reservation at LEVEL, unless there were BOOT_COMPLAINTS_MAX of
 * them; one more says so.
 */
void boot_complain(struct boot *b, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/**
 * Reserves [base, base + size), for which the list has no slot: the nearest region is widened over
 * it, with a line that names NAME. More is reserved then than was asked for, never less.
 */
void boot_reserve_full(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name);

/**
 * Reserves [base, base + size), cut at the end of the address space, for NAME and notes it.
 * Inlined, so that the trace names the caller.
 */
static inline __attribute__((always_inline)) void boot_reserve(struct boot *b, phys_addr_t base,
							       phys_addr_t size, const char *name)
{
	if (memblock_reserve(base, size))
		boot_reserve_full(b, base, size, name);
	boot_note(b, base, size, name, false);
}

#endif
