/* SPDX-License-Identifier: MIT */
#include "boot/exception.h"

#include <stdarg.h>
#include <stdio.h>

#include "boot/console.h"
#include "boot/layout.h"
#include "boot/mmu.h"
#include "boot/reset_cause.h"
#include "drivers/cp15.h"
#include "lib/log.h"
#include "lib/symbols.h"

#define CPSR_T (1u << 5)

/* Semihosting (ARM DUI 0203): SYS_EXIT with any reason but "application exit" is status 1. */
#define SYS_EXIT 0x18
#define ADP_STOPPED_RUNTIME_ERROR 0x20023

static bool may_exit;
static bool reporting;

void panic_may_exit(void)
{
	may_exit = true;
}

static _Noreturn void panic_end(void)
{
	if (may_exit) {
		register uint32_t call __asm__("r0") = SYS_EXIT;
		register uint32_t reason __asm__("r1") = ADP_STOPPED_RUNTIME_ERROR;

		may_exit = false; /* where nobody answers, the SVC comes back as an exception */
		__asm__ volatile("svc 0xab" ::"r"(call), "r"(reason) : "memory");
	}
	log_printf(LOG_EMERG, "halted");
	for (;;)
		__asm__ volatile("wfi");
}

void panic(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	reset_cause_leave(RESET_PANIC);
	console_for_panic();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_printf(LOG_EMERG, "panic: %s", text);
	panic_end();
}

static const char *kind_name(enum exception_kind kind)
{
	static const char *const names[] = {
		[EXCEPTION_UNDEFINED] = "undefined instruction",
		[EXCEPTION_SVC] = "supervisor call",
		[EXCEPTION_PREFETCH_ABORT] = "prefetch abort",
		[EXCEPTION_DATA_ABORT] = "data abort",
		[EXCEPTION_IRQ] = "interrupt",
		[EXCEPTION_FIQ] = "fast interrupt",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown exception";
}

static void report_registers(const struct exception_frame *f)
{
	char at[SYMBOL_TEXT_MAX], from[SYMBOL_TEXT_MAX];

	log_printf(LOG_EMERG, "pc  %08lx %s", (unsigned long)f->pc,
		   symbol_format(at, sizeof(at), f->pc));
	log_printf(LOG_EMERG, "lr  %08lx %s", (unsigned long)f->lr,
		   symbol_format(from, sizeof(from), f->lr));
	log_printf(LOG_EMERG, "sp  %08lx cpsr %08lx (mode %02lx, %s)", (unsigned long)f->sp,
		   (unsigned long)f->cpsr, (unsigned long)f->cpsr & 0x1f,
		   f->cpsr & CPSR_T ? "Thumb" : "ARM");
	for (int i = 0; i < 12; i += 4)
		log_printf(LOG_EMERG, "r%-2d %08lx r%-2d %08lx r%-2d %08lx r%-2d %08lx", i,
			   (unsigned long)f->r[i], i + 1, (unsigned long)f->r[i + 1], i + 2,
			   (unsigned long)f->r[i + 2], i + 3, (unsigned long)f->r[i + 3]);
	log_printf(LOG_EMERG, "r12 %08lx", (unsigned long)f->r[12]);
}

void exception_report(enum exception_kind kind, const struct exception_frame *frame)
{
	if (reporting) {
		console_panic_text("\nexception inside the exception handler\n");
		panic_end();
	}
	reporting = true;
	if (!(read_sctlr() & SCTLR_M))
		mmu_start(); /* the C library makes unaligned accesses */
	reset_cause_leave(RESET_PANIC);
	symbols_set(&image_symbols);
	console_for_panic();
	log_printf(LOG_EMERG, "exception: %s", kind_name(kind));
	if (kind == EXCEPTION_DATA_ABORT)
		log_printf(LOG_EMERG, "address %08lx, status (DFSR) %08lx",
			   (unsigned long)read_dfar(), (unsigned long)read_dfsr());
	if (kind == EXCEPTION_PREFETCH_ABORT)
		log_printf(LOG_EMERG, "address %08lx, status (IFSR) %08lx",
			   (unsigned long)read_ifar(), (unsigned long)read_ifsr());
	report_registers(frame);
	panic_end();
}
