/* SPDX-License-Identifier: MIT */
/* What the fault status registers and an undefined instruction say, in words. Touches no CPU. */
#ifndef CAIRN_BOOT_FAULT_H
#define CAIRN_BOOT_FAULT_H

#include "lib/types.h"

#define FAULT_TEXT_MAX 128 /**< enough for any text that is made here */

/**
 * Writes what a data abort was, STATUS being DFSR in the short-descriptor format and ADDRESS DFAR,
 * to TEXT: "write to 00000000: translation fault, section". The address is left out where DFAR does
 * not have it, the domain where DFSR does not. Returns TEXT.
 */
const char *fault_data(char *text, size_t size, uint32_t status, uint32_t address);

/** The same for a prefetch abort, with IFSR and IFAR: "fetch from ...". */
const char *fault_fetch(char *text, size_t size, uint32_t status, uint32_t address);

/** Whether DFAR or IFAR holds the address, after a fault with STATUS. */
bool fault_has_address(uint32_t status);

/**
 * Writes the instruction whose first 4 bytes, as a little-endian word, are WORD to TEXT: a word in
 * ARM state; in Thumb state a halfword, or two. Returns TEXT.
 */
const char *fault_instruction(char *text, size_t size, bool thumb, uint32_t word);

/** What the processor calls the mode of CPSR's low five bits, in lower case. */
const char *fault_mode(uint32_t cpsr);

#endif
