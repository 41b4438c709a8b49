/* SPDX-License-Identifier: MIT */
/* The superblock: two checksummed copies, of which the newest valid one counts. */
#ifndef CAIRN_STORE_SUPER_H
#define CAIRN_STORE_SUPER_H

#include "store/probe.h"

/** Whether base and size of the region will do. */
bool super_usable(const struct store_media *media);

/**
 * Reads the newest valid copy to *SB. Sets *COPIES to how many copies are valid and of that
 * generation. What else it found when none is valid is the result; then *SB is not touched.
 */
enum store_found super_read(const struct store_door *d, struct store_super *sb, int *copies);

/**
 * Makes both copies SB with the next generation, the older or invalid one first, so that one of
 * them is valid at any moment. Returns when both are durable.
 */
void super_write(struct store_door *d, struct store_super *sb);

#endif
