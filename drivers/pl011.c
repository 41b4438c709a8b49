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

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_H_FEN (1u << 4)
#define LCR_H_8BIT (3u << 5)
#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)

/* 24 MHz / (16 * 115200) = 13 + 1/64 */
#define DIVISOR_WHOLE 13
#define DIVISOR_64TH 1

/* Reads of FR while it is full: 16 bytes at 9600 baud take 17 ms, a read over 10 ns. */
#define PUT_TRIES 4000000u

static void init(uintptr_t base)
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

static int put(uintptr_t base, uint8_t byte)
{
	for (uint32_t tries = PUT_TRIES; mmio_read(base + FR) & FR_TXFF; tries--)
		if (!tries)
			return -ETIMEDOUT;
	mmio_write(base + DR, byte);
	return 0;
}

static int get(uintptr_t base)
{
	if (mmio_read(base + FR) & FR_RXFE)
		return -EAGAIN;
	return (int)(mmio_read(base + DR) & 0xff);
}

const struct uart_ops pl011_ops = {
	.compatible = "arm,pl011",
	.init = init,
	.put = put,
	.get = get,
};
