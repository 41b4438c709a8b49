/* SPDX-License-Identifier: MIT */
/*
 * The devices of this machine, found by the tree: each driver that is bound fills in what it
 * offers. What no driver offers is NULL, and the calls below say so.
 */
#ifndef CAIRN_DRIVERS_MACHINE_H
#define CAIRN_DRIVERS_MACHINE_H

#include "lib/types.h"

struct machine {
	/** Set by whoever binds: whether the CPU can reach ADDR; NULL: every address. */
	bool (*reachable)(uintptr_t addr);

	uint64_t (*microseconds)(void); /* monotonic, since it was bound */
	uint32_t (*ticks)(void);        /* a free-running counter that a reset does not clear */
	int64_t (*wall_seconds)(void);  /* since 1970 */
	/* 32 bits that a warm reset keeps, and that are 0 when the power came. */
	uint32_t (*kept_flags)(void);
	void (*set_kept_flags)(uint32_t flags);
	/* Where cores go on that a loader made wait for an interrupt and an address (SYS_FLAGS). */
	void (*set_start)(uint32_t address);
	int (*reset)(void);
	int (*poweroff)(void);
};

extern struct machine machine;

/** A serial port. OPS are the driver's; BASE is the address of its registers. */
struct uart {
	const struct uart_ops *ops;
	uintptr_t base;
};

/** A node of the tree that a driver is bound to. */
struct device {
	const void *fdt;
	int node;
	uintptr_t base; /**< the first address of its reg */
};

struct uart_ops {
	const char *compatible;
	/** Enables the port; 115200 baud, 8N1 unless a loader has it running already. */
	void (*init)(uintptr_t base);
	/** Sends one byte; -ETIMEDOUT if the port takes none for long (the byte is dropped). */
	int (*put)(uintptr_t base, uint8_t byte);
	/** A received byte, or -EAGAIN: none is waiting. */
	int (*get)(uintptr_t base);
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

/** The driver whose short name is NAME ("pl011"), for earlycon=; NULL: none. */
const struct uart_ops *machine_uart_driver(const char *name);

/** Wall clock in ms since 1970, 0 without a clock. CTX is ignored. */
int64_t machine_wall_ms(void *ctx);

/** Resets the board, or powers it off. Returns only if that fails: -ENODEV, -ETIMEDOUT or -EIO. */
int machine_reset(void);
int machine_poweroff(void);

#endif
