/* SPDX-License-Identifier: MIT */
#include "drivers/pl011.h"

#include <errno.h>

#include "drivers/mmio.h"

#define DR 0x00
#define FR 0x18
#define IBRD 0x24
#define FBRD 0x28
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38

#define DR_OE (1u << 11) /* bytes were lost: the next one after them has it */
#define FR_BUSY (1u << 3)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_H_FEN (1u << 4)
#define LCR_H_8BIT (3u << 5)
#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RX_TIMEOUT (1u << 6) /* fewer than half the FIFO, and no more came */

/* 24 MHz / (16 * 115200) = 13 + 1/64 */
#define DIVISOR_WHOLE 13
#define DIVISOR_64TH 1

void pl011_init(uintptr_t base)
{
	const uint32_t on = CR_UARTEN | CR_TXE | CR_RXE;

	if ((mmio_read(base + CR) & on) == on)
		return;
	mmio_write(base + CR, 0);
	mmio_write(base + IBRD, DIVISOR_WHOLE);
	mmio_write(base + FBRD, DIVISOR_64TH);
	mmio_write(base + LCR_H, LCR_H_8BIT | LCR_H_FEN);
	mmio_write(base + CR, on);
}

size_t pl011_put(uintptr_t base, const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;
	size_t n;

	for (n = 0; n < len && !(mmio_read(base + FR) & FR_TXFF); n++)
		mmio_write(base + DR, byte[n]);
	return n;
}

static int get(uintptr_t base)
{
	uint32_t data;

	if (mmio_read(base + FR) & FR_RXFE)
		return -EAGAIN;
	data = mmio_read(base + DR);
	return (int)(data & 0xff) | (data & DR_OE ? UART_OVERRUN : 0);
}

static bool idle(uintptr_t base)
{
	return !(mmio_read(base + FR) & FR_BUSY);
}

static void interrupts(uintptr_t base, bool received, bool room)
{
	mmio_write(base + IMSC, (received ? INT_RX | INT_RX_TIMEOUT : 0) | (room ? INT_TX : 0));
}

const struct uart_ops pl011_ops = {
	.compatible = "arm,pl011",
	.init = pl011_init,
	.put = pl011_put,
	.get = get,
	.idle = idle,
	.interrupts = interrupts,
};
