/* SPDX-License-Identifier: MIT */
/* Handing the machine over to a zImage, such as Linux: see docs/linux.md. */
#ifndef CAIRN_BOOT_PAYLOAD_H
#define CAIRN_BOOT_PAYLOAD_H

#include "boot/boot.h"
#include "store/store.h"

/**
 * Hands the machine over to the payload at WHERE, an address or "flash", of which it is the
 * partition "payload"; NULL: where cairn.boot= says. The command line is the entry boot/args of S,
 * if that is open and has one. Returns only if it is refused: a sentence that says why; nothing is
 * changed then, but free memory may hold a copy of what is in flash, and cores that were left where
 * the loader had them are started.
 */
const char *payload_boot(const struct boot *b, struct store *s, const char *where);

/** payload_boot() if cairn.boot= is there, after the time of cairn.bootdelay=, unless a key is hit.
 * A line says why not. */
void payload_boot_by_itself(const struct boot *b, struct store *s);

#endif
