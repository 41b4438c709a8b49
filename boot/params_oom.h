/* SPDX-License-Identifier: MIT */
/* Parameters for when memory runs out, and for who holds much of it. What is wrong is a line, and
 * the default, or what came before, stays. VALUE may be NULL. */
#ifndef CAIRN_BOOT_PARAMS_OOM_H
#define CAIRN_BOOT_PARAMS_OOM_H

#include "boot/boot.h"

/** What holds if nobody says otherwise. */
void params_oom_defaults(struct boot *b);

/** cairn.overcommit=0|1|2 */
void params_overcommit(struct boot *b, const char *value);

/** cairn.overcommit_ratio=PERCENT */
void params_overcommit_ratio(struct boot *b, const char *value);

/** cairn.panic_on_oom=0|1|2 */
void params_panic_on_oom(struct boot *b, const char *value);

/** cairn.oom_kill_allocating_task=0|1 */
void params_oom_kill_allocating_task(struct boot *b, const char *value);

/** cairn.oom_dump_tasks=0|1 */
void params_oom_dump_tasks(struct boot *b, const char *value);

/** log_buf_len=SIZE, made a power of two as Linux does */
void params_log_buf_len(struct boot *b, const char *value);

/** cairn.store_entries=N */
void params_store_entries(struct boot *b, const char *value);

/** cairn.store_policy=lru|sieve */
void params_store_policy(struct boot *b, const char *value);

#endif
