/* SPDX-License-Identifier: MIT */
/* What runs before the image is where it is linked to be: nothing but this and what it calls. */
#ifndef CAIRN_BOOT_EARLY_H
#define CAIRN_BOOT_EARLY_H

#include "lib/types.h"

/**
 * Called by entry.S with what the loader handed over, wherever the image lies; LINK is where it has
 * to be. Fills in boot_registers, and moves the boot data that is in the way. Returns false if the
 * image cannot start, after a line on the port that it was built for.
 */
bool early_start(uint32_t r1, uint32_t r2, uint32_t link);

#endif
