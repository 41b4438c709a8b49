/* SPDX-License-Identifier: MIT */
/*
 * Generic interrupt controller, architecture version 1 as in the Cortex-A9 (ARM IHI 0048, ARM DDI
 * 0407 chapter 3). Shared interrupts go to the core that bound it; numbers below 32 each core has
 * of its own, and of these the first 16 are what cores send each other.
 */
#ifndef CAIRN_DRIVERS_GIC_H
#define CAIRN_DRIVERS_GIC_H

#include "drivers/machine.h"

#define GIC_SGIS 16 /**< interrupts that cores send each other are below */

/** Called on the core that took the interrupt, with interrupts masked. */
typedef void gic_handler_fn(void *ctx);

/** Takes the controller at DEVICE, with every interrupt off, and prepares the core it runs on. */
void gic_bind(const struct device *device);

/** Whether there is one. Without, what follows fails or does nothing, and gic_dispatch() is not to
 * be called. */
bool gic_bound(void);

/** To be called on each further core before it unmasks interrupts. */
void gic_init_core(void);

/**
 * The first interrupt that DEVICE's node names, for gic_handle(). -ENOENT: it has none, or one of
 * another controller; -EINVAL: it is none that the controller can have.
 */
int gic_interrupt(const struct device *device);

/**
 * From now on HANDLER is called with CTX when INTERRUPT comes, and it is turned on: one below 32 on
 * the calling core only. 0, -EINVAL, or -ENOSPC: too many
 * have handlers.
 */
int gic_handle(int interrupt, gic_handler_fn *handler, void *ctx);

/** Turns INTERRUPT on; one below 32 on the calling core only. */
void gic_enable(int interrupt);

/** Keeps every interrupt from the core that calls it, so that none ends its wait: to halt it. */
void gic_silence(void);

/** Sends interrupt N, below GIC_SGIS, to CORE: all memory that was written before is seen by it.
 * 0 or -EINVAL. */
int gic_sgi(unsigned core, unsigned n);

/**
 * Turns every interrupt off that can be turned off, forgets the pending ones, and closes the
 * interface of the core that calls it. What cores send each other still reaches the others.
 */
void gic_quiesce(void);

/**
 * Runs the handlers of all pending interrupts, for the vector. One that nobody handles is turned
 * off, with a line.
 */
void gic_dispatch(void);

#endif
