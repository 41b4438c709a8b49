/* SPDX-License-Identifier: MIT */
/* The store across power loss: its snapshots in flash, by whom they are made and who loads them. */
#ifndef CAIRN_BOOT_SNAPSHOTS_H
#define CAIRN_BOOT_SNAPSHOTS_H

#include "store/store.h"

/**
 * store_open(); if power has left no store in the region, the newest snapshot in flash that is
 * whole is written there first, with a line. Damaged traces of a store count as none only if the
 * power was gone: else they may be all that there is. *WHY is NULL; or there is a snapshot that
 * this boot cannot load, and it is a sentence: then nothing was written, and the result is that of
 * store_open().
 */
int snapshots_open(struct store *s, const struct store_config *config, const char **why);

/** Saves from now on go by S; every SECONDS by themselves, or never if 0. */
void snapshots_start(struct store *s, uint32_t seconds);

/** Saves the store. 0 or a negative errno value, and TEXT, of SIZE bytes, says what came of it. */
int snapshots_save(char *text, size_t size);

/** To be called while core 0 has nothing to do: saves the store if it is time for that and
 * something was written since the last save. */
void snapshots_idle(void);

#endif
