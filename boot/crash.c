/* SPDX-License-Identifier: MIT */
#include "boot/crash.h"

#include <errno.h>
#include <string.h>

#include "boot/exception.h"
#include "boot/layout.h"
#include "drivers/cp15.h"
#include "drivers/irq.h"
#include "lib/clock.h"
#include "lib/log.h"

const char crash_kinds[] = "undefined svc prefetch null read write alignment text execute stack "
			   "store panic nested stuck";

#define NOT_NULL 0x1000 /* an address that is not mapped, and in no first page */
#define STUCK_NS 3000000000u
#define FRAME 256 /* bytes of stack that one call of recurse() takes at least */

static int undefined(void)
{
	__asm__ volatile("udf #0");
	return 0;
}

static int svc(void)
{
	__asm__ volatile("svc #0");
	return 0;
}

static int prefetch(void)
{
	__asm__ volatile("blx %0" ::"r"(NOT_NULL | 1) : "lr", "memory");
	return 0;
}

static int load(uintptr_t address)
{
	__asm__ volatile("ldr r3, [%0]" ::"r"(address) : "r3", "memory");
	return 0;
}

static int null(void)
{
	return load(0);
}

static int read(void)
{
	return load(NOT_NULL);
}

static int write(void)
{
	__asm__ volatile("str %0, [%0]" ::"r"(NOT_NULL) : "memory");
	return 0;
}

/* Of several registers at once: whatever SCTLR.A says. */
static int alignment(void)
{
	uint32_t words[3] = {0};

	__asm__ volatile("ldm %0, {r2, r3}" ::"r"((uintptr_t)words + 1) : "r2", "r3", "memory");
	return 0;
}

/* Writes what is there. */
static int write_back(const void *word)
{
	__asm__ volatile("ldr r3, [%0]\n\tstr r3, [%0]" ::"r"(word) : "r3", "memory");
	return 0;
}

static int text(void)
{
	return write_back(__image_start);
}

static int execute(void)
{
	static uint16_t code[] = {0x4770}; /* bx lr */

	__asm__ volatile("blx %0" ::"r"((uintptr_t)code | 1) : "lr", "memory");
	return 0;
}

/* Until the main stack ends: at the guard page, or on that of exceptions, where none is now. */
static __attribute__((noipa)) unsigned recurse(uintptr_t stop)
{
	volatile char frame[FRAME];

	frame[0] = (char)stop;
	if ((uintptr_t)frame < stop)
		return 0;
	return recurse(stop) + (unsigned)frame[0];
}

static int stack(void)
{
	recurse((uintptr_t)stacks[this_core()] + GUARD_SIZE + EXCEPTION_STACK_SIZE);
	return 0;
}

static int store(void)
{
	const struct store_media *media = panic_kept();

	if (!media->base)
		return -ENODATA;
	return write_back((uint32_t *)media->base + media->size / sizeof(uint32_t) - 1);
}

static int plain_panic(void)
{
	panic("somebody asked for it");
}

/* The report's first line asks for the time. */
static int nested(void)
{
	log_set_clock((log_clock_fn *)(NOT_NULL | 1));
	return undefined();
}

/* No fault, and no interrupt gets through: another core that waits for this one gives up. */
static int stuck(void)
{
	struct deadline late = deadline_after(STUCK_NS);
	uint32_t was = irq_save();

	while (!deadline_passed(&late))
		;
	irq_restore(was);
	return 0;
}

int crash(const char *kind)
{
	static int (*const kinds[])(void) = {undefined, svc,         prefetch, null,    read,
					     write,     alignment,   text,     execute, stack,
					     store,     plain_panic, nested,   stuck};
	const char *name = crash_kinds;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strcspn(name, " ");

		if (strlen(kind) == len && !memcmp(kind, name, len))
			return kinds[i]();
		name += len + 1;
	}
	return -EINVAL;
}
