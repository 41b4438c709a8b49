/* SPDX-License-Identifier: MIT */
/*
 * The report of the last time that memory ran out, with the end of the log, as the entry cairn/oom.
 *
 * It comes with the lock of the tasks, and perhaps in the midst of a call of the store, so it is
 * only noted then. Core 0 writes it when it has nothing else to do, before it leaves for another
 * boot, and before a panic for want of memory.
 */
#ifndef CAIRN_BOOT_OOM_REPORT_H
#define CAIRN_BOOT_OOM_REPORT_H

#include "store/store.h"

/** Notes REPORT, LEN bytes of lines, at most OOM_REPORT_MAX, in the place of the one that may be
 * waiting. See keep() in mm/oom.h. */
void oom_report_keep(const char *report, size_t len, bool atomic);

/** Puts the report that waits, if there is one, into S; a line if that cannot be. Not with the lock
 * of the tasks, nor within a call of the store. */
void oom_report_write(struct store *s);

/** Whether a report waits that came from within a fault, so that the store may be in use. */
bool oom_report_is_atomic(void);

#endif
