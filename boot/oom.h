/* SPDX-License-Identifier: MIT */
/*
 * The boot's own part in what happens when memory runs out: its tasks, and who gives some back.
 *
 *  boot     the image and the heap; never a victim
 *  store    what the heap could give back
 *  log      the backlog of log_buf_len=
 *  payload  what was loaded: mm/loaded.h
 */
#ifndef CAIRN_BOOT_OOM_H
#define CAIRN_BOOT_OOM_H

#include "boot/boot.h"

/** Tasks may be made from now on, by hand and by loaded_keep(). To be called once. */
void oom_begin_tasks(void);

/**
 * Makes the tasks above and goes by what the command line says about them; S is the store, open or
 * not, for as long as Cairn runs. To be called once, after oom_begin_tasks(), with the heap there
 * and the cores started.
 */
void oom_begin(struct boot *b, struct store *s);

#endif
