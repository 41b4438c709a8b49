/* SPDX-License-Identifier: MIT */
/* What the boot found, for the person who reads the log. */
#ifndef CAIRN_BOOT_SUMMARY_H
#define CAIRN_BOOT_SUMMARY_H

#include "boot/boot.h"

/** The board's model as the tree names it; "unnamed board" if it does not. Never NULL. */
const char *summary_model(const struct boot *b);

/** Logs the memory, and what is reserved and why, in the order of the addresses. */
void summary_log(const struct boot *b);

#endif
