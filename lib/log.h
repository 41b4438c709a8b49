/* SPDX-License-Identifier: MIT */
/*
 * The log: a ring of the last LOG_RING_SIZE bytes of messages, with Linux's levels and time stamps.
 *
 * Every line goes to the ring. It also goes to the console if one is set and the line's level is
 * below the console level (Linux: loglevel=). Lines from before the console exists come out when it
 * is set. Nothing here allocates.
 *
 * The ring is neither loaded nor cleared by a boot, and goes on where the boot before stopped. So
 * the log of a boot that ended without a warning is there in the next one, up to its last line, and
 * nothing has to be written anywhere while it runs. The lines of the boot before are the first to
 * go when there is no room. If the ring is not there (power was lost, or another image lies
 * elsewhere) it starts empty; a line that was damaged is left out. This needs no call: the first
 * line of a boot takes the ring up.
 */
#ifndef CAIRN_LIB_LOG_H
#define CAIRN_LIB_LOG_H

#include <stdarg.h>

#include "lib/types.h"

enum log_level {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

#define LOG_RING_SIZE 65536
#define LOG_LINE_MAX 1152 /**< bytes of one message; what is longer is cut, and ends in "..." */
#define LOG_DEFAULT_CONSOLE_LEVEL 7
#define LOG_QUIET_CONSOLE_LEVEL 4

/** Takes LEN bytes of finished text; CTX is what log_set_console() was given. */
typedef void log_sink_fn(void *ctx, const char *text, size_t len);

/** Microseconds since the boot began; never goes backward. */
typedef uint64_t log_clock_fn(void);

/**
 * Logs one line at LEVEL. The message has no newline at its end: the log adds it. Control
 * characters in it (a command line may hold any) are kept as \xNN, so that one message stays one
 * line.
 */
void log_printf(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** log_printf() for a va_list. */
void log_vprintf(enum log_level level, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/**
 * From now on ENTER is called before each look at the ring or change of it, and LEAVE with what
 * ENTER returned behind it: for who else may log meanwhile, such as interrupts and other cores. The
 * console gets its text inside, and an ENTER may come between another one and its LEAVE.
 */
void log_set_guard(uint32_t (*enter)(void), void (*leave)(uint32_t was));

/**
 * From now on HERE is asked, inside of the guard, before a line goes to the console: whether it may
 * now. If not the line waits in the ring, and HERE sees to it that log_show() is called by who may.
 * With MUST the line would be lost: HERE lets it go even if that takes long, if it can at all.
 */
void log_set_shown(bool (*here)(bool must));

/**
 * Sends to the console what waits for it: ALL of it, or until HERE says no. What others log
 * meanwhile waits on. ENTER and LEAVE are called for each line.
 */
void log_show(bool all);

/** Time stamps are taken from CLOCK from now on; without one they are 0. */
void log_set_clock(log_clock_fn *clock);

/**
 * Sends lines to SINK from now on and first those of the ring that it has not had, so that nothing
 * from before the console is lost. NULL stops the output; the lines missed then come with the next
 * sink.
 */
void log_set_console(log_sink_fn *sink, void *ctx);

/** Whether a console is set. */
bool log_has_console(void);

/** Lines with a level below LEVEL (0..8) go to the console, from the next one on; returns the level
 * before. */
int log_set_console_level(int level);

#define LOG_BACKLOG_MIN 4096 /**< more than a line takes */

/**
 * Lines of this boot that leave the ring go to the SIZE bytes at MEMORY from now on, until they are
 * the oldest of those as well; SIZE is a power of two, LOG_BACKLOG_MIN..2^30. log_dump() shows them
 * first. A reset forgets them. With NULL (and a SIZE of 0) the backlog is given up with what it
 * holds, and its memory is the caller's again.
 */
void log_backlog(void *memory, uint32_t size);

/** What ring and backlog hold of this boot, oldest line first, to SINK (dmesg). */
void log_dump(log_sink_fn *sink, void *ctx);

/** What the ring still holds of the boot before this one, oldest line first, to SINK. */
void log_dump_before(log_sink_fn *sink, void *ctx);

/** Forgets every line, the clock and the console: for tests. */
void log_reset(void);

#define pr_emerg(...) log_printf(LOG_EMERG, __VA_ARGS__)
#define pr_err(...) log_printf(LOG_ERR, __VA_ARGS__)
#define pr_warn(...) log_printf(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...) log_printf(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...) log_printf(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) log_printf(LOG_DEBUG, __VA_ARGS__)

#endif
