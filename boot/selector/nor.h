/* SPDX-License-Identifier: MIT */
/*
 * As much of NOR flash as the selector needs: a word of two interleaved 16-bit chips with Intel's
 * command set. Only from code that does not run from flash.
 */
#ifndef CAIRN_BOOT_SELECTOR_NOR_H
#define CAIRN_BOOT_SELECTOR_NOR_H

#include "lib/types.h"

/**
 * Programs WORD at ADDRESS, both chips at once, and unlocks the block if that is what is in the
 * way. 0, -ETIMEDOUT, -EACCES (it stays locked) or -EIO. The flash can be read again afterwards.
 */
int nor_program(uintptr_t address, uint32_t word);

#endif
