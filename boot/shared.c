/* SPDX-License-Identifier: MIT */
#include "boot/shared.h"

#include <malloc.h>

#include "boot/console.h"
#include "boot/exception.h"
#include "drivers/cp15.h"
#include "drivers/gic.h"
#include "drivers/irq.h"
#include "lib/clock.h"
#include "lib/core_lock.h"
#include "lib/log.h"

#define SHOW_SGI 1 /* to core 0: there are lines to show */

static bool several; /* cores run */

static struct core_lock log_lock, malloc_lock;
static atomic_bool log_lock_broken;
static atomic_bool panicking;

static uint32_t enter_log(void)
{
	uint32_t was = irq_save();

	if (several && !log_lock_broken &&
	    core_lock_take(&log_lock, this_core(), LOG_PATIENCE_MS * NS_PER_MS))
		log_lock_broken = true;
	return was;
}

/* The lock is never taken again once it is broken: who has it need not give it. */
static void leave_log(uint32_t was)
{
	if (several && !log_lock_broken)
		core_lock_give(&log_lock);
	irq_restore(was);
}

static bool shown_here(bool must)
{
	if (panicking)
		return true;
	if (!this_core())
		return must || console_takes_line(); /* else its interrupt asks again */
	gic_sgi(0, SHOW_SGI);
	return false;
}

static void show(void *ctx)
{
	(void)ctx;
	log_show(false);
}

void shared_with_interrupts(void)
{
	log_set_guard(enter_log, leave_log);
	log_set_shown(shown_here);
}

void shared_with_cores(void)
{
	gic_handle(SHOW_SGI, show, NULL);
	several = true;
}

void shared_for_panic(void)
{
	panicking = true;
}

/* malloc itself asks for it, and calls itself inside. */
void __malloc_lock(struct _reent *unused)
{
	(void)unused;
	if (several && core_lock_take(&malloc_lock, this_core(), MALLOC_PATIENCE_MS * NS_PER_MS))
		panic("malloc: another core has been in it for %u ms", MALLOC_PATIENCE_MS);
}

void __malloc_unlock(struct _reent *unused)
{
	(void)unused;
	if (several)
		core_lock_give(&malloc_lock);
}
