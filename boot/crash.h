/* SPDX-License-Identifier: MIT */
/* Faults on purpose: each kind that the machine reports, for people and tests to see. */
#ifndef CAIRN_BOOT_CRASH_H
#define CAIRN_BOOT_CRASH_H

/** The kinds that crash() knows, with spaces between. */
extern const char crash_kinds[];

/**
 * Does what ends in a report of KIND. Nothing is changed where nothing stops it. Comes back with 0
 * if nothing came of it, or -EINVAL (no such kind) or -ENODATA (there is no store to protect).
 */
int crash(const char *kind);

#endif
