/* SPDX-License-Identifier: MIT */
/*
 * Counts instructions on the board, by the Cortex-A9's global timer under QEMU's -icount, where
 * time passes with instructions. It stands in boot/main.c's place; entry.S, the MMU, the exceptions
 * and the serial port are the image's own. Prints "done" at the end; leaves QEMU with status 0, or
 * 1 after a panic.
 */
#include <stdio.h>
#include <string.h>

#include "boot/exception.h"
#include "drivers/mmio.h"
#include "drivers/pl011.h"
#include "early_uart.h" /* made by the build from the board's tree */
#include "tests/bench/board.h"

/* The global timer (ARM DDI 0407, chapter 4), at this distance from the CPU's private registers. */
#define TIMER 0x200
#define TIMER_LOW (TIMER + 0x0)
#define TIMER_HIGH (TIMER + 0x4)
#define TIMER_CONTROL (TIMER + 0x8)
#define TIMER_ENABLE 1u

#define CALIBRATION_LOOPS 1000000u

/* Semihosting (ARM DUI 0203). */
#define SYS_EXIT 0x18
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

int main(void); /* which only entry.S calls */

static uint64_t tenths_in_tick;

static uintptr_t private_registers(void)
{
	uint32_t base;

	__asm__ volatile("mrc p15, 4, %0, c15, c0, 0" : "=r"(base)); /* CBAR */
	return base;
}

uint64_t board_ticks(void)
{
	uintptr_t base = private_registers();
	uint32_t high, low;

	do {
		high = mmio_read(base + TIMER_HIGH);
		low = mmio_read(base + TIMER_LOW);
	} while (mmio_read(base + TIMER_HIGH) != high);
	return (uint64_t)high << 32 | low;
}

/* The ticks of LOOPS times two instructions, and of what is around them. */
static uint64_t ticks_of_loop(uint32_t loops)
{
	uint64_t began = board_ticks();

	__asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(loops) : : "cc");
	return board_ticks() - began;
}

/* Tenths of an instruction in a tick. */
static uint64_t calibrate(void)
{
	uint64_t once = ticks_of_loop(CALIBRATION_LOOPS);
	uint64_t thrice = ticks_of_loop(3 * CALIBRATION_LOOPS);

	if (thrice <= once)
		panic("bench: the global timer does not run: expected QEMU's -icount shift=0");
	return (10 * 4 * CALIBRATION_LOOPS + (thrice - once) / 2) / (thrice - once);
}

uint64_t board_tenths(uint64_t ticks)
{
	return ticks * tenths_in_tick;
}

void board_print(const char *text)
{
	while (*text)
		text += pl011_ops.put(EARLY_UART_BASE, text, strlen(text));
}

static void leave(void)
{
	register uint32_t call __asm__("r0") = SYS_EXIT;
	register uint32_t reason __asm__("r1") = ADP_STOPPED_APPLICATION_EXIT;

	__asm__ volatile("svc 0xab" ::"r"(call), "r"(reason) : "memory");
}

int main(void)
{
	char line[64];

	panic_ends_by(PANIC_EXIT);
	pl011_ops.init(EARLY_UART_BASE);
	mmio_write(private_registers() + TIMER_CONTROL, TIMER_ENABLE);
	tenths_in_tick = calibrate();
	snprintf(line, sizeof(line), "tick %lu.%lu\n", (unsigned long)(tenths_in_tick / 10),
		 (unsigned long)(tenths_in_tick % 10));
	board_print(line);
	bench_board();
	board_print("done\n");
	leave();
	return 0;
}
