/* SPDX-License-Identifier: MIT */
/*
 * Images A and B of the flash, seen from the one that runs: which it is, that it has come up, which
 * is tried first. What the selector makes of it is told in boot/selection.h.
 */
#ifndef CAIRN_BOOT_IMAGES_H
#define CAIRN_BOOT_IMAGES_H

#include "boot/boot.h"
#include "lib/flash.h"
#include "shell/shell.h"
#include "store/store.h"

/**
 * Says in the log which image of FLASH (NULL: none was found) runs, and confirms it unless the
 * command line says that somebody else does, or the store S did not open. Without a word if it came
 * from elsewhere. The entry boot/confirm of S is obeyed, and cairn/image written.
 */
void images_came_up(const struct boot *b, struct flash *flash, struct store *s);

/** What the shell does with them, after images_came_up(). */
extern const struct shell_images images_for_shell;

#endif
