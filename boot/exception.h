/* SPDX-License-Identifier: MIT */
/* What happens when something goes wrong for good. */
#ifndef CAIRN_BOOT_EXCEPTION_H
#define CAIRN_BOOT_EXCEPTION_H

#include "lib/types.h"

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
	EXCEPTION_IRQ = 6,
	EXCEPTION_FIQ = 7,
};

/** Reports an exception and ends the boot as panic() does. One inside of it is one line. */
_Noreturn void exception_report(enum exception_kind kind, const struct exception_frame *frame);

/**
 * Logs "panic: " and the message and ends the boot: QEMU with a status of 1 if panic_may_exit() was
 * called, else this core waits for ever. A console is made if there is none yet.
 */
_Noreturn void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** From now on a panic ends QEMU by semihosting (which on a board would be one exception more). */
void panic_may_exit(void);

#endif
