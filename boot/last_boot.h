/* SPDX-License-Identifier: MIT */
/*
 * What a boot finds out about the one before it, as entries of the store that are read with get:
 *
 *   cairn/boots   boots so far, this one included, since the store is there
 *   cairn/reset   the cause of the last reset: power, warm, warm (reset command), panic or unknown
 *   cairn/uptime  how long the boot before had been running, as "12.345 s" (boot/uptime.h: how
 *                 precise that is)
 *   cairn/log     the log of the boot before, which dmesg -1 shows
 *   cairn/panic   the report of the last panic or exception, which dmesg -p shows: not only of the
 *                 boot before, it stays until there is another one (which boot it was it says)
 *
 * They are written once, right after the store was opened, from what the board and its memory kept
 * (boot/reset_cause.h, boot/uptime.h, lib/log.h). So nothing is written while a boot runs, and its
 * end needs no warning. What is not known has no entry: it would be that of another boot. A log
 * takes at most an eighth of the region; of a longer one the oldest lines are left out.
 *
 * An entry that finds no room is put in the place of its former value instead of beside it; a reset
 * in between loses that entry, and no other.
 */
#ifndef CAIRN_BOOT_LAST_BOOT_H
#define CAIRN_BOOT_LAST_BOOT_H

#include "store/store.h"

/** Looks at what was kept, with a line in the log; to be called once the devices are bound, before
 * uptime_us(). */
void last_boot_look(void);

/** Whether this boot came with the power, as far as that is known. */
bool last_boot_was_power_off(void);

/** Writes the entries to S, if it is open. What fails is a line, and nothing else happens. */
void last_boot_write(struct store *s);

/** machine_reset(), and the next boot knows that it was asked for. */
int last_boot_reset(void);

#endif
