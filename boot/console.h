/* SPDX-License-Identifier: MIT */
/* Which serial port people are at. */
#ifndef CAIRN_BOOT_CONSOLE_H
#define CAIRN_BOOT_CONSOLE_H

#include "boot/boot.h"
#include "drivers/machine.h"

/**
 * Opens the console: console=ttyAMAn (by the tree's aliases), else /chosen stdout-path, else
 * earlycon=NAME,ADDRESS, else the first serial port of the tree, else that of the tree the image
 * was built with. Takes loglevel= and quiet, too. The log so far comes out.
 */
void console_open(struct boot *b);

/**
 * Has bytes come and go by interrupt, if the port has one: what is written is sent in the
 * background, and what is typed is kept until it is read. They must still be masked.
 */
void console_use_interrupts(void);

/** Waits until all text has left the port: before the machine is handed over or turned off, and for
 * the shell. CTX is ignored. */
void console_drain(void *ctx);

/**
 * Masks interrupts and sends all text at once from now on, what waits first; all levels are shown.
 * If no console is open, it makes one of the port that the image was built for.
 */
void console_for_panic(void);

/** Writes TEXT past the log, for when the log itself may be broken. */
void console_panic_text(const char *text);

/** Whether a line of the log can be written without a wait; if not, the log is shown once it can.
 */
bool console_takes_line(void);

/** For the shell: writes, behind all that was logged before, with '\n' as "\r\n"; waits for a byte.
 * CTX is ignored. */
void console_write(void *ctx, const char *text, size_t len);
int console_read(void *ctx);

/** FN is called again and again while console_read() waits. */
void console_on_idle(void (*fn)(void));

/** For the shell: a byte that has come, or a negative errno value: none is waiting. CTX is ignored.
 */
int console_typed(void *ctx);

#endif
