/* SPDX-License-Identifier: MIT */
/*
 * The devices of this machine, found by the tree: each driver that is bound fills in what it
 * offers. What no driver offers is NULL, and the calls below say so. Clocks go to lib/clock.h.
 */
#ifndef CAIRN_DRIVERS_MACHINE_H
#define CAIRN_DRIVERS_MACHINE_H

#include "lib/dt.h"
#include "lib/flash.h"
#include "lib/types.h"

struct machine {
	/** Set by whoever binds: whether the CPU can reach ADDR; NULL: every address. */
	bool (*reachable)(uintptr_t addr);
	/** Set by the same, and told of the registers [base, base + size) that a driver will use,
	 * so that they stay mapped; may be NULL. */
	void (*claim)(uintptr_t base, size_t size);

	uint32_t (*ticks)(void); /* a free-running counter that a reset does not clear */
	/* Has FN called some ten times a second, from an interrupt on this core. 0, or -ENOSPC. */
	int (*start_tick)(void (*fn)(void));
	/* 32 bits that a warm reset keeps, and that are 0 when the power came. */
	uint32_t (*kept_flags)(void);
	void (*set_kept_flags)(uint32_t flags);
	/* Where cores go on that a loader made wait for an interrupt and an address (SYS_FLAGS). */
	void (*set_start)(uint32_t address);
	uintptr_t start_flags;   /* the register that holds this address; 0: none */
	uintptr_t sram;          /* 4 KiB beside all memory, for code; 0: none */
	void (*stop_tick)(void); /* ends what start_tick() began */
	int (*reset)(void);
	int (*poweroff)(void);
	struct flash *flash; /* where the machine keeps things without power */
};

extern struct machine machine;

#define UART_OVERRUN 0x100
#define UART_FIFO 16 /**< bytes that a port takes at once, at least */

/** A serial port. OPS are the driver's; BASE is the address of its registers. */
struct uart {
	const struct uart_ops *ops;
	uintptr_t base;
	int interrupt; /**< as gic_interrupt() gives it; negative: none */
};

/** A node of the tree that a driver is bound to. */
struct device {
	const void *fdt;
	struct dt_path path;
	uintptr_t base; /**< the first address of its reg */
};

struct uart_ops {
	const char *compatible;
	/** Enables the port; 115200 baud, 8N1 unless a loader has it running already. */
	void (*init)(uintptr_t base);
	/** Sends up to LEN bytes, as many as there is room for; returns how many. */
	size_t (*put)(uintptr_t base, const void *bytes, size_t len);
	/** A received byte, or -EAGAIN: none is waiting. With UART_OVERRUN, some are lost before
	 * it.
	 */
	int (*get)(uintptr_t base);
	/** Whether all that was sent has left the port. */
	bool (*idle)(uintptr_t base);
	/** From now on its interrupt comes when bytes were received, and when there is room again.
	 * That is told once; so if there is something to send, there must be no room. */
	void (*interrupts)(uintptr_t base, bool received, bool room);
};

/** Binds a driver to each available node of FDT that it is compatible with; the first of a kind
 * wins. */
void machine_bind(const void *fdt);

/** The port that NODE of FDT describes. 0, -ENODEV (no driver for it) or -EINVAL (no address). */
int machine_uart(const void *fdt, int node, struct uart *uart);

/** The first available serial port of FDT. 0 or -ENODEV. */
int machine_first_uart(const void *fdt, struct uart *uart);

/** Whether a device's registers may lie at BASE: aligned, not wrapping, and all within reach. */
bool machine_base_usable(uint64_t base);

/** Claims the registers at BASE for a driver. False: machine_base_usable() does not hold. */
bool machine_claim(uint64_t base);

/** The driver whose short name is NAME ("pl011"), for earlycon=; NULL: none. */
const struct uart_ops *machine_uart_driver(const char *name);

/** Resets the board, or powers it off. Returns only if that fails: -ENODEV, -ETIMEDOUT or -EIO. */
int machine_reset(void);
int machine_poweroff(void);

#endif
