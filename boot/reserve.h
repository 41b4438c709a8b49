/* SPDX-License-Identifier: MIT */
/* What must not be handed out: reservations in Linux's order. */
#ifndef CAIRN_BOOT_RESERVE_H
#define CAIRN_BOOT_RESERVE_H

#include "boot/boot.h"

/** Reserves the place of the tree itself, if it has one of its own. To be called before the command
 * line is read. */
void reserve_tree(struct boot *b);

/** Sets the initrd from the tree or the ATAGs; reserve_initrd_param() may replace it. */
void reserve_find_initrd(struct boot *b);

/** initrd=START,SIZE and initrdmem=START,SIZE; malformed: a line, and the tree's stays. VALUE may
 * be NULL. */
void reserve_initrd_param(struct boot *b, const char *value);

/**
 * Reserves, in this order: image (if it has a size), initrd (refused with a line if it is not in
 * memory or overlaps what is reserved), /memreserve/ entries, /reserved-memory (no-map children are
 * marked in memory instead; children with a size are placed after all fixed ones, top-down). A
 * child compatible with "cairn,store" gives the store its place.
 */
void reserve_all(struct boot *b);

#endif
