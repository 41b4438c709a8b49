/* SPDX-License-Identifier: MIT */
/* The boot's own part in what happens when memory runs out: its tasks, and who gives some back. */
#ifndef CAIRN_BOOT_OOM_H
#define CAIRN_BOOT_OOM_H

#include "boot/boot.h"

/** Makes the tasks that the boot has. To be called once, with the heap there and the cores started.
 */
void oom_begin(const struct boot *b);

#endif
