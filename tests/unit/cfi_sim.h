/* SPDX-License-Identifier: MIT */
/*
 * Two 16-bit flash chips side by side, as chips are and not as QEMU's model: programming only makes
 * bits 0, each chip has a state machine, a status and locks of its own, takes its time, can fail or
 * hang by itself, and the power can go at any write on the bus. drivers/cfi_flash.c is built with
 * these for its registers. A command that a chip would not expect fails the test.
 */
#ifndef CAIRN_TESTS_CFI_SIM_H
#define CAIRN_TESTS_CFI_SIM_H

#include <setjmp.h>

#include "drivers/cfi_flash.h"

#define SIM_BASE 0x40000000U
#define SIM_ROOM 0x100000U /* bytes of addresses */
#define SIM_NONE UINT32_MAX

/* What the chips are; each entry is one chip's. */
struct sim_geometry {
	uint16_t command_set;
	unsigned power;  /* 2^n bytes */
	unsigned buffer; /* 2^n bytes; 0: there is none */
	bool locks;      /* blocks come up locked */
	unsigned region_count;
	struct {
		uint32_t count, size;
	} regions[8];
	uint8_t word_time, buffer_time, erase_time, most;
};

struct sim_chip {
	uint8_t query[0x60];
	uint16_t cells[SIM_ROOM / 4];
	bool unlocked[SIM_ROOM / 4 / 64]; /* by 128 bytes of the chip */
	enum { SIM_ARRAY, SIM_STATUS, SIM_QUERY } mode;
	enum { SIM_IDLE, SIM_WORD, SIM_COUNT, SIM_DATA, SIM_FULL, SIM_ERASE, SIM_LOCK } state;
	uint32_t block;               /* of the operation: a word in it */
	uint32_t first, count, taken; /* of a buffer, in words */
	uint16_t data[SIM_ROOM / 4];  /* which it is to become, from FIRST on */
	uint16_t status;
	unsigned busy; /* reads of the status until it is done */

	/* To be set by a test: the word at which a program or an erase of its block fails, a block
	 * that cannot be unlocked (SIM_NONE: none), and whether operations ever end. */
	uint32_t bad_program, bad_erase, locked_down;
	bool stuck, no_voltage;
	bool silent; /* BAD_PROGRAM is not told */
};

struct sim {
	struct sim_geometry geometry;
	struct sim_chip chips[2];
	unsigned take;     /* reads until an operation is done: chip 1 takes two more */
	uint64_t ns, step; /* the time, and what an access takes */
	uint32_t writes;   /* on the bus */

	/* The power goes at write CUT (from 1 on): what that would have begun is done to a part
	 * that SEED decides, 0: not at all. Then OFF is jumped to. */
	uint32_t cut, seed;
	jmp_buf off;
};

extern struct sim sim;

/* Makes the chips of *GEOMETRY, erased, and the clock. */
void sim_start(const struct sim_geometry *geometry);

/* What power-on does: the cells stay. */
void sim_power_on(void);

/* The byte at OFF of both chips together, and what it is made to be. */
uint8_t sim_byte(uint32_t off);
void sim_set_byte(uint32_t off, uint8_t value);

/* Whether both chips read as memory. */
bool sim_readable(void);

#endif
