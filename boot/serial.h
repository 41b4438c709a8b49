/* SPDX-License-Identifier: MIT */
/*
 * The console's port, with a queue each way: by interrupt, if the port has one, or by looking at
 * it. What is written comes out in order, whoever writes.
 */
#ifndef CAIRN_BOOT_SERIAL_H
#define CAIRN_BOOT_SERIAL_H

#include "drivers/machine.h"

#define SERIAL_SEND_MAX 4096 /**< bytes that wait to be sent; more wait for these */
/** Bytes received that nobody has asked for; more stay in the port, as long as it has room. */
#define SERIAL_RECEIVE_MAX 4096

/** Goes by UART from now on, without interrupts. What waited to be sent is dropped. */
void serial_open(const struct uart *uart);

/** Whether serial_open() was called. */
bool serial_is_open(void);

/** Goes by interrupts from now on, if the port has one; they must still be masked. 0, -ENODEV (it
 * has none), -EINVAL or -ENOSPC (gic_handle()). */
int serial_use_interrupts(void);

/** Whether LEN bytes, at most half of SERIAL_SEND_MAX, can be written without a wait for the port;
 * it is as if they could where there is no interrupt that tells when. */
bool serial_takes(size_t len);

/** FN is called by the port's interrupt whenever half of SERIAL_SEND_MAX is free. */
void serial_when_room(void (*fn)(void));

/** Masks interrupts on this core, sends what waits, and from now on sends all text at once and
 * receives none: for when little else can be relied on. */
void serial_alone(void);

/**
 * Writes LEN bytes behind those that wait, '\n' as "\r\n". It waits only for room, and without
 * interrupts until all is sent. A port that takes nothing for 50 ms loses what waits for it.
 */
void serial_write(const char *text, size_t len);

/** Waits until everything that was written has left the port. 0, or -ETIMEDOUT: it takes nothing.
 */
int serial_flush(void);

/** A received byte, or -EAGAIN: none is waiting. */
int serial_read(void);

/** Waits until a byte may be there for serial_read(), or something else has interrupted. Returns at
 * once without interrupts. */
void serial_wait(void);

/** How often bytes were lost, since they came quicker than the port was looked at. */
unsigned serial_overruns(void);

#endif
