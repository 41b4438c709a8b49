/* SPDX-License-Identifier: MIT */
#include "boot/exception.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "boot/backtrace.h"
#include "boot/console.h"
#include "boot/cores.h"
#include "boot/fault.h"
#include "boot/layout.h"
#include "boot/mmu.h"
#include "boot/reset_cause.h"
#include "boot/shared.h"
#include "boot/uptime.h"
#include "drivers/cp15.h"
#include "drivers/gic.h"
#include "drivers/irq.h"
#include "drivers/machine.h"
#include "drivers/semihosting.h"
#include "lib/config.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/symbols.h"
#include "mm/arena.h"

#define CPSR_T (1u << 5)
#define STOP_SGI (GIC_SGIS - 1)
#define REPORT_SPINS 100000000 /* of a core that waits for another one's report: about a second */

static enum panic_end ends_by;
static struct store_media kept;
static char about[64];

static atomic_uint reporter; /* number of the core that reports, and 1 */
static volatile uint8_t faults[CORES_MAX];
static atomic_bool reported;

static char report[STORE_NOTE_MAX];
static uint32_t report_len;

void panic_ends_by(enum panic_end end)
{
	ends_by = end;
}

void panic_keep(const struct store_media *media, const char *text)
{
	kept = *media;
	snprintf(about, sizeof(about), "%s", text);
}

const struct store_media *panic_kept(void)
{
	return &kept;
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		irq_wait();
}

/* Not inlined: who looks finds every core that stopped here. */
static _Noreturn __attribute__((noinline)) void halt(void)
{
	gic_silence(); /* a pending interrupt, masked or not, would end each wait at once */
	sleep_for_ever();
}

static void stop_core(void *ctx)
{
	(void)ctx;
	halt();
}

void panic_stops_cores(void)
{
	gic_handle(STOP_SGI, stop_core, NULL);
}

/* Not one that waits in a loader's loop: that would take it as the word to start. */
static void stop_others(void)
{
	for (unsigned core = 0; core < CORES_MAX; core++)
		if (core != this_core() && core_is_up(core))
			gic_sgi(core, STOP_SGI);
}

/* SAY takes a line that is ready. It may be all that still works. */
static _Noreturn void end(void (*say)(const char *line))
{
	int err;

	if (ends_by == PANIC_EXIT) {
		ends_by =
			PANIC_HALT; /* where nobody answers, the call comes back as an exception */
		semihosting_exit();
	}
	if (ends_by == PANIC_RESET) {
		ends_by = PANIC_HALT;
		err = machine_reset();
		say("the reset failed:");
		say(error_text(err));
	}
	say("halted");
	reported = true;
	halt();
}

static void say_to_log(const char *line)
{
	log_printf(LOG_EMERG, "%s", line);
}

static void say_past_log(const char *line)
{
	console_panic_text(line);
	console_panic_text("\n");
}

/* A line of the report, to the log and to what will be the note. */
static void PRINTF_LIKE(1, 2) line(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_to_log(text);
	len = snprintf(report + report_len, sizeof(report) - report_len, "%s\n", text);
	report_len += (uint32_t)len;
	if (report_len >= sizeof(report))
		report_len = sizeof(report) - 1;
}

static const char *kind_name(enum exception_kind kind)
{
	static const char *const names[] = {
		[EXCEPTION_UNDEFINED] = "undefined instruction",
		[EXCEPTION_SVC] = "supervisor call",
		[EXCEPTION_PREFETCH_ABORT] = "prefetch abort",
		[EXCEPTION_DATA_ABORT] = "data abort",
		[EXCEPTION_FIQ] = "fast interrupt",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown exception";
}

static void say_nothing(const char *line)
{
	(void)line;
}

/*
 * A fault while this core reports: the C library and the log may be what is broken, and in the
 * third one the console, or there is no MMU for what they do.
 */
static _Noreturn void fault_within(unsigned number, const char *what, uint32_t pc)
{
	static char hex[] = " 00000000\n";

	if (number > 3)
		sleep_for_ever();
	if (number == 3 || !(read_sctlr() & SCTLR_M))
		end(say_nothing);
	for (unsigned i = 0; i < 8; i++)
		hex[8 - i] = "0123456789abcdef"[pc >> 4 * i & 0xf];
	console_panic_text("\nexception inside the exception handler: ");
	console_panic_text(what);
	console_panic_text(" at");
	console_panic_text(hex);
	end(say_past_log);
}

/* Another core reports: a line behind its report, if that has an end. */
static _Noreturn void fault_beside(const char *what, uint32_t pc)
{
	char at[SYMBOL_TEXT_MAX];

	for (unsigned i = 0; i < REPORT_SPINS && !reported; i++)
		;
	log_printf(LOG_EMERG, "core %u: %s at %08lx %s", this_core(), what, (unsigned long)pc,
		   symbol_format(at, sizeof(at), pc));
	halt();
}

/* The C library makes unaligned accesses. Where core 0 is not there yet, no other core is. */
static void use_mmu(void)
{
	if (this_core())
		mmu_join();
	else
		mmu_start();
}

/* Returns on the one core that has a report to make, with a console and everything. */
static void begin(const char *what, uint32_t pc)
{
	unsigned core = this_core(), none = 0;

	if (++faults[core] > 1)
		fault_within(faults[core], what, pc);
	if (!(read_sctlr() & SCTLR_M))
		use_mmu();
	if (!atomic_compare_exchange_strong(&reporter, &none, core + 1))
		fault_beside(what, pc);
	shared_for_panic();
	stop_others();
	reset_cause_leave(RESET_PANIC);
	symbols_set(&image_symbols);
	console_for_panic();
}

static void say_where(void)
{
	uint64_t us = uptime_us();

	line("core %u, %lu.%06lu s%s%s", this_core(), (unsigned long)(us / 1000000),
	     (unsigned long)(us % 1000000), about[0] ? ", " : "", about);
}

static _Noreturn void finish(const uint32_t registers[16])
{
	backtrace(registers, line);
	if (kept.base && store_note_write(&kept, report, report_len) == 0)
		say_to_log("the store keeps this report for the next boot");
	end(say_to_log);
}

void panic(const char *fmt, ...)
{
	uint32_t registers[16];
	char text[LOG_LINE_MAX];
	va_list ap;

	backtrace_here(registers);
	begin("panic", registers[15]);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line("panic: %s", text);
	say_where();
	finish(registers);
}

/* A stack that ran over has met the guard page below it. */
static void say_stack(uint32_t address)
{
	uint32_t at = address - (uint32_t)stacks, below_main = GUARD_SIZE + EXCEPTION_STACK_SIZE;
	uint32_t in_core = at % STACKS_OF_A_CORE;

	if (at < sizeof(stacks) && (in_core < GUARD_SIZE || in_core - below_main < GUARD_SIZE))
		line("%08lx is right below core %u's %s stack, which was too small",
		     (unsigned long)address, (unsigned)(at / STACKS_OF_A_CORE),
		     in_core < GUARD_SIZE ? "exception" : "main");
}

/* An access that was not translated, where an arena lies or lay. */
static void say_arena(uint32_t address)
{
	bool removed;
	const char *owner = arena_owner(address, &removed);

	if (owner && removed)
		line("%08lx was in an arena of task %s, which was removed", (unsigned long)address,
		     owner);
	else if (owner)
		line("%08lx is in an arena of task %s", (unsigned long)address, owner);
}

static void say_place(uint32_t address)
{
	if (address < PAGE_SIZE)
		line("%08lx is in the first page: a null pointer", (unsigned long)address);
	if (address - (uintptr_t)kept.base < kept.size)
		line("%08lx is in the store's region", (unsigned long)address);
	say_stack(address);
	if (CONFIG_OOM)
		say_arena(address);
}

static void say_instruction(const struct exception_frame *f)
{
	uint32_t word;
	char text[FAULT_TEXT_MAX];

	if (backtrace_word(f->pc, &word))
		line("%s", fault_instruction(text, sizeof(text), f->cpsr & CPSR_T, word));
}

static void say_cause(enum exception_kind kind, const struct exception_frame *f)
{
	bool data = kind == EXCEPTION_DATA_ABORT;
	uint32_t status = data ? read_dfsr() : read_ifsr();
	uint32_t address = data ? read_dfar() : read_ifar();
	char text[FAULT_TEXT_MAX];

	if (kind == EXCEPTION_UNDEFINED)
		say_instruction(f);
	if (!data && kind != EXCEPTION_PREFETCH_ABORT)
		return;
	line("%s (%s %08lx)",
	     data ? fault_data(text, sizeof(text), status, address)
		  : fault_fetch(text, sizeof(text), status, address),
	     data ? "DFSR" : "IFSR", (unsigned long)status);
	if (fault_has_address(status))
		say_place(address);
}

static void say_registers(const struct exception_frame *f)
{
	char at[SYMBOL_TEXT_MAX];

	line("pc  %08lx %s", (unsigned long)f->pc, symbol_format(at, sizeof(at), f->pc));
	line("lr  %08lx %s", (unsigned long)f->lr, symbol_format(at, sizeof(at), f->lr));
	line("sp  %08lx cpsr %08lx (mode %02lx %s, %s)", (unsigned long)f->sp,
	     (unsigned long)f->cpsr, (unsigned long)f->cpsr & 0x1f, fault_mode(f->cpsr),
	     f->cpsr & CPSR_T ? "Thumb" : "ARM");
	for (int i = 0; i < 12; i += 4)
		line("r%-2d %08lx r%-2d %08lx r%-2d %08lx r%-2d %08lx", i, (unsigned long)f->r[i],
		     i + 1, (unsigned long)f->r[i + 1], i + 2, (unsigned long)f->r[i + 2], i + 3,
		     (unsigned long)f->r[i + 3]);
	line("r12 %08lx", (unsigned long)f->r[12]);
}

void exception_report(enum exception_kind kind, const struct exception_frame *frame)
{
	uint32_t registers[16];

	begin(kind_name(kind), frame->pc);
	line("exception: %s", kind_name(kind));
	say_where();
	say_cause(kind, frame);
	say_registers(frame);
	for (int i = 0; i < 13; i++)
		registers[i] = frame->r[i];
	registers[13] = frame->sp;
	registers[14] = frame->lr;
	registers[15] = frame->pc;
	finish(registers);
}
