/* SPDX-License-Identifier: MIT */
/* The level 1 caches of a Cortex-A9, and what keeps those of several cores coherent. */
#ifndef CAIRN_DRIVERS_CACHE_H
#define CAIRN_DRIVERS_CACHE_H

/**
 * Turns the snoop control unit on, if this core has one and it is off, and what works around its
 * erratum 764369: once, by the first core, with the MMU and the caches off.
 */
void cache_start_scu(void);

/**
 * Writes every line of this core's data cache that memory does not have back, by set and way, and
 * waits for it. Other cores' lines stay where they are. What a reset is to keep has to be there.
 */
void cache_clean_all(void);

#endif
