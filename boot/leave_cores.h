/* SPDX-License-Identifier: MIT */
/* The other cores' part in leaving the machine to a payload. */
#ifndef CAIRN_BOOT_LEAVE_CORES_H
#define CAIRN_BOOT_LEAVE_CORES_H

/**
 * Whether all further cores could leave Cairn: NULL, or a sentence that says why not. Those that
 * were left where the loader had them are started for that. From then on none is at work.
 */
const char *cores_may_leave(void);

/**
 * Has each further core wait, with its caches and MMU off and outside of Cairn's memory, for what
 * comes after Cairn: for an address in SYS_FLAGS and an SGI, as Linux expects it. To be called
 * right after cores_may_leave() had no objection. NULL, or a sentence: it cannot be taken back.
 */
const char *cores_leave(void);

#endif
