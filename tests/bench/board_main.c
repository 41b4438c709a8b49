/* SPDX-License-Identifier: MIT */
/*
 * The rows on the board: instructions for a call, by the Cortex-A9's global timer under QEMU's
 * -icount, where time passes with instructions. It stands in boot/main.c's place; entry.S, the MMU,
 * the exceptions and the serial port are the image's own. Prints "insn ROW N VALUE CHECKSUM" and,
 * at the end, "done"; leaves QEMU with status 0, or 1 after a panic.
 */
#include <stdio.h>
#include <string.h>

#include "boot/exception.h"
#include "boot/layout.h"
#include "drivers/mmio.h"
#include "drivers/pl011.h"
#include "early_uart.h" /* made by the build from the board's tree */
#include "tests/bench/bench_memblock.h"

/* The global timer (ARM DDI 0407, chapter 4), at this distance from the CPU's private registers. */
#define TIMER 0x200
#define TIMER_LOW (TIMER + 0x0)
#define TIMER_HIGH (TIMER + 0x4)
#define TIMER_CONTROL (TIMER + 0x8)
#define TIMER_ENABLE 1u

#define CALIBRATION_LOOPS 1000000u
#define CALLS_MIN 2048u /* in a measurement: a tick more or less is nothing then */

/* Semihosting (ARM DUI 0203). */
#define SYS_EXIT 0x18
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

int main(void); /* which only entry.S calls */

struct boot_registers boot_registers;

static uintptr_t private_registers(void)
{
	uint32_t base;

	__asm__ volatile("mrc p15, 4, %0, c15, c0, 0" : "=r"(base)); /* CBAR */
	return base;
}

static uint64_t ticks(void)
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
	uint64_t began = ticks();

	__asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(loops) : : "cc");
	return ticks() - began;
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

static uint64_t ticks_of_passes(const struct bench_row *row, unsigned long passes, bool empty)
{
	uint64_t began = ticks();

	for (unsigned long i = 0; i < passes; i++)
		bench_pass(row, empty);
	return ticks() - began;
}

static void print(const char *text)
{
	for (; *text; text++)
		pl011_ops.put(EARLY_UART_BASE, (uint8_t)*text);
}

static void count_row(const struct bench_row *row, unsigned long n, uint64_t tenths_in_tick)
{
	unsigned long passes, calls;
	uint64_t loop, whole, tenths, sum;
	char line[96];

	bench_prepare(row, n);
	passes = CALLS_MIN / bench_calls() + 1;
	calls = passes * bench_calls();
	loop = ticks_of_passes(row, passes, true);
	whole = ticks_of_passes(row, passes, false);
	sum = bench_checksum();
	tenths = ((whole - loop) * tenths_in_tick + calls / 2) / calls;
	snprintf(line, sizeof(line), "insn %s %lu %lu.%lu %08lx%08lx\n", row->name, n,
		 (unsigned long)(tenths / 10), (unsigned long)(tenths % 10),
		 (unsigned long)(sum >> 32), (unsigned long)sum);
	print(line);
}

static void leave(void)
{
	register uint32_t call __asm__("r0") = SYS_EXIT;
	register uint32_t reason __asm__("r1") = ADP_STOPPED_APPLICATION_EXIT;

	__asm__ volatile("svc 0xab" ::"r"(call), "r"(reason) : "memory");
}

int main(void)
{
	static const unsigned long sizes[] = {BENCH_BOARD_SIZES};
	uint64_t tenths_in_tick;
	char line[64];

	panic_may_exit();
	pl011_ops.init(EARLY_UART_BASE);
	mmio_write(private_registers() + TIMER_CONTROL, TIMER_ENABLE);
	tenths_in_tick = calibrate();
	snprintf(line, sizeof(line), "tick %lu.%lu\n", (unsigned long)(tenths_in_tick / 10),
		 (unsigned long)(tenths_in_tick % 10));
	print(line);
	for (const struct bench_row *row = bench_rows; row->name; row++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
			count_row(row, sizes[i], tenths_in_tick);
	print("done\n");
	leave();
	return 0;
}
