/* SPDX-License-Identifier: MIT */
/* The end of a log, to be kept. */
#ifndef CAIRN_BOOT_LOG_TAIL_H
#define CAIRN_BOOT_LOG_TAIL_H

#include "lib/log.h"

/** Shows a log, as log_dump() and log_dump_before() do. */
typedef void log_dump_fn(log_sink_fn *sink, void *ctx);

/** How many bytes DUMP shows. */
size_t log_length(log_dump_fn *dump);

/**
 * Copies the end of what DUMP shows to TEXT, whole lines only and at most ROOM bytes; returns how
 * many. What is logged meanwhile may be left out.
 */
size_t log_tail(log_dump_fn *dump, char *text, size_t room);

#endif
