/* SPDX-License-Identifier: MIT */
#include "boot/reset_cause.h"

#include "drivers/machine.h"

/*
 * What the flags hold: the mark, and a bit if more is known. Flags change bit by bit, so a reset
 * between two of them leaves the mark with or without its bit, and never another bit.
 */
#define MARK 0xca1f0000U
#define COMMAND_BIT 1U
#define PANIC_BIT 2U

static uint32_t flags_of(enum reset_cause cause)
{
	return MARK | (cause == RESET_COMMAND ? COMMAND_BIT : cause == RESET_PANIC ? PANIC_BIT : 0);
}

enum reset_cause reset_cause_take(void)
{
	uint32_t flags;

	if (!machine.kept_flags)
		return RESET_UNKNOWN;
	flags = machine.kept_flags();
	reset_cause_leave(RESET_WARM);
	if (!flags)
		return RESET_POWER;
	if (flags == flags_of(RESET_PANIC))
		return RESET_PANIC;
	return flags == flags_of(RESET_COMMAND) ? RESET_COMMAND : RESET_WARM;
}

void reset_cause_leave(enum reset_cause cause)
{
	if (machine.set_kept_flags)
		machine.set_kept_flags(flags_of(cause));
}

const char *reset_cause_text(enum reset_cause cause)
{
	static const char *const texts[] = {
		[RESET_UNKNOWN] = "unknown", [RESET_POWER] = "power",
		[RESET_WARM] = "warm",       [RESET_COMMAND] = "warm (reset command)",
		[RESET_PANIC] = "panic",
	};

	return texts[cause];
}
