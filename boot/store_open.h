/* SPDX-License-Identifier: MIT */
/* The board's store: opened in its region, and given to the cores. */
#ifndef CAIRN_BOOT_STORE_OPEN_H
#define CAIRN_BOOT_STORE_OPEN_H

#include "boot/boot.h"
#include "store/store.h"

/**
 * Opens S in B's region, which is mapped: with what a reset or a snapshot in flash left there, or
 * anew if there is nothing. A line says which, or lines say why it stays closed, and
 * b->store_problem does. *CONFIG is filled whenever there is a region, and has to stay; VERSION is
 * for a panic's report. To be called once, by core 0, after cores_start().
 */
void store_open_region(struct boot *b, struct store *s, struct store_config *config,
		       const char *version);

/** Lets the other cores use S, which is open, if there are any. */
void store_share_with_cores(struct store *s);

/** A number that differs from one format to the next: wall clock and counter, mixed. */
uint32_t store_salt(void);

#endif
