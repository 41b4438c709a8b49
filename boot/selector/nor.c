/* SPDX-License-Identifier: MIT */
#include "boot/selector/nor.h"

#include <errno.h>

#include "boot/selector/timer.h"
#include "drivers/mmio.h"

#define BOTH(chip) ((chip) << 16 | (chip)) /* the same for each of the two chips */

#define PROGRAM BOTH(0x40U)
#define CLEAR_STATUS BOTH(0x50U)
#define LOCKING BOTH(0x60U)
#define CONFIRM BOTH(0xd0U)
#define READ_ARRAY BOTH(0xffU)

#define READY BOTH(0x80U)
#define PROGRAM_ERROR BOTH(0x10U)
#define NO_VOLTAGE BOTH(0x08U)
#define LOCKED BOTH(0x02U)

/* Waits until both chips are ready; their status goes to *STATUS. */
static int wait_ready(uintptr_t address, uint32_t *status)
{
	uint32_t start = timer_ticks();

	do {
		*status = mmio_read(address);
		if ((*status & READY) == READY)
			return 0;
	} while (!timer_passed(start));
	return -ETIMEDOUT;
}

static int program_once(uintptr_t address, uint32_t word)
{
	uint32_t status;
	int err;

	mmio_write(address, CLEAR_STATUS);
	mmio_write(address, PROGRAM);
	mmio_write(address, word);
	err = wait_ready(address, &status);
	if (!err && status & LOCKED)
		err = -EACCES;
	if (!err && status & (PROGRAM_ERROR | NO_VOLTAGE))
		err = -EIO;
	mmio_write(address, CLEAR_STATUS);
	mmio_write(address, READ_ARRAY);
	return err;
}

static int unlock(uintptr_t address)
{
	uint32_t status;
	int err;

	mmio_write(address, LOCKING);
	mmio_write(address, CONFIRM);
	err = wait_ready(address, &status);
	mmio_write(address, CLEAR_STATUS);
	mmio_write(address, READ_ARRAY);
	return err;
}

int nor_program(uintptr_t address, uint32_t word)
{
	int err = program_once(address, word);

	if (err != -EACCES)
		return err;
	err = unlock(address);
	return err ? err : program_once(address, word);
}
