/* SPDX-License-Identifier: MIT */
/* ARM PrimeCell UART (PL011), ARM DDI 0183. */
#ifndef CAIRN_DRIVERS_PL011_H
#define CAIRN_DRIVERS_PL011_H

#include "drivers/machine.h"

/** The driver's calls, for any port of this kind. */
extern const struct uart_ops pl011_ops;

/** Two of them, for code that runs before the image is where the pointers to them say. */
void pl011_init(uintptr_t base);
size_t pl011_put(uintptr_t base, const void *bytes, size_t len);

#endif
