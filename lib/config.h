/* SPDX-License-Identifier: MIT */
/*
 * What can be left out of the image ("make STAGE=n OOM=n", docs/parts.md). Code that belongs to a
 * part is called, or stands in a table, only if the part is there; what nobody calls is not linked.
 */
#ifndef CAIRN_LIB_CONFIG_H
#define CAIRN_LIB_CONFIG_H

/** The boot stage: flash, images A and B, snapshots of the store, receiving and starting a program.
 */
#ifndef CONFIG_STAGE
#define CONFIG_STAGE 1
#endif

/** What is done when memory runs out: tasks, promises, arenas, the order of victims. */
#ifndef CONFIG_OOM
#define CONFIG_OOM 1
#endif

#endif
