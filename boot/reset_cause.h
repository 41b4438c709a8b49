/* SPDX-License-Identifier: MIT */
/*
 * Why the board was started, as far as its flags (machine.kept_flags) tell: they are 0 when the
 * power came, and otherwise as the boot before left them. So each boot leaves a mark as soon as it
 * can, and another one when its end is known beforehand.
 */
#ifndef CAIRN_BOOT_RESET_CAUSE_H
#define CAIRN_BOOT_RESET_CAUSE_H

enum reset_cause {
	RESET_UNKNOWN, /**< the machine has no such flags */
	RESET_POWER,   /**< power came */
	RESET_WARM,    /**< a reset without a warning: a button, a watchdog */
	RESET_COMMAND, /**< a reset that the boot before asked for */
	RESET_PANIC,   /**< a reset after the boot before had ended in a panic or an exception */
};

/** The cause of this start; to be called once, when the devices are bound. From then on a reset
 * counts as one without a warning. */
enum reset_cause reset_cause_take(void);

/** A reset from now on has CAUSE, which is one of the last three. */
void reset_cause_leave(enum reset_cause cause);

/** CAUSE for people; the first word is one of unknown, power, warm and panic. */
const char *reset_cause_text(enum reset_cause cause);

#endif
