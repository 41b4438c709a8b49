/* SPDX-License-Identifier: MIT */
/*
 * What happens when something goes wrong for good: a report on the console, in the log and in the
 * store's region (store_note_write()), and the end of the boot.
 *
 * The first core that gets here reports. For another one, and for a fault inside of the report, one
 * line has to do.
 */
#ifndef CAIRN_BOOT_EXCEPTION_H
#define CAIRN_BOOT_EXCEPTION_H

#include "lib/types.h"
#include "store/store.h"

/** What an exception interrupted, as vectors.S lays it down. */
struct exception_frame {
	uint32_t cpsr, sp, lr;
	uint32_t r[13];
	uint32_t pc;
};

/** What kind of exception it was, as vectors.S numbers them. */
enum exception_kind {
	EXCEPTION_UNDEFINED = 1,
	EXCEPTION_SVC = 2,
	EXCEPTION_PREFETCH_ABORT = 3,
	EXCEPTION_DATA_ABORT = 4,
	EXCEPTION_FIQ = 7,
};

/** Reports an exception and ends the boot as panic() does. One inside of it is one line. */
_Noreturn void exception_report(enum exception_kind kind, const struct exception_frame *frame);

/**
 * Reports "panic: " and the message, with a backtrace, and ends the boot. A console is made if
 * there is none yet.
 */
_Noreturn void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** How a boot ends. What cannot be done is a line, and PANIC_HALT takes its place. */
enum panic_end {
	PANIC_HALT,  /**< the core waits for ever */
	PANIC_EXIT,  /**< QEMU ends with a status of 1, by semihosting: on a board that would be one
			exception more */
	PANIC_RESET, /**< machine_reset() */
};

/** From now on a panic ends so. */
void panic_ends_by(enum panic_end end);

/** From now on a panic halts each core, not only its own, as soon as that one takes interrupts.
 * Needs the interrupt controller; without one it does nothing. */
void panic_stops_cores(void);

/** Reports are written to the store of MEDIA, too, from now on, with ABOUT (which boot of which
 * version this is) among their first lines. Both are copied. */
void panic_keep(const struct store_media *media, const char *about);

/** The region of panic_keep(); its base is NULL if there is none. */
const struct store_media *panic_kept(void);

#endif
