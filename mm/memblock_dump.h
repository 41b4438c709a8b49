/* SPDX-License-Identifier: MIT */
/* What memblock holds and does, in the words of Linux's log. */
#ifndef CAIRN_MM_MEMBLOCK_DUMP_H
#define CAIRN_MM_MEMBLOCK_DUMP_H

#include "mm/memblock.h"

/** Logs what memblock complains of from now on, as warnings. */
void memblock_complain_to_log(void);

/** Logs each memblock call from now on, as Linux does from memblock=debug on. */
void memblock_trace_start(void);

/** Whether the trace is on. */
bool memblock_trace_enabled(void);

/** Logs both lists under "MEMBLOCK configuration:", with inclusive ends. */
void memblock_dump_all(void);

#endif
