/* SPDX-License-Identifier: MIT */
/*
 * The other cores: started by core 0, then each waits for jobs.
 *
 * A job runs on its core's own stack. Of interrupts it gets those between cores: the one of a panic
 * ends it. It may use what is made for several
 * cores: lib/lock.h, memblock between memory_lock() and memory_unlock(), the log and malloc
 * (boot/shared.h), and the store, which the boot shares among them. The console and the shell are
 * core 0's. errno is one for all cores, so nobody goes by it: what fails returns its error.
 */
#ifndef CAIRN_BOOT_CORES_H
#define CAIRN_BOOT_CORES_H

#include "boot/boot.h"
#include "lib/job.h"
#include "shell/shell.h"

/** The milliseconds that a core has to come up, and that a job may take in on_core(). */
#define CORES_START_MS 1000
#define CORES_JOB_MS 2000

/**
 * Starts every core that the available nodes below B's tree's /cpus name, up to b->cores_max in
 * all, and waits until each is there or late: a late one is a line, and a core again when it comes.
 * From then on memblock has its lock. To be called once, by core 0, with memory mapped.
 */
void cores_start(const struct boot *b);

/** Cores that the processor has, core 0 included: a tree is often that of the board with all of
 * them. */
unsigned cores_present(void);

/** Whether CORE has come up: it takes interrupts, or will. */
bool core_is_up(unsigned core);

/** Whether core 0 is the only one that was started: one that is late may come at any time. */
bool cores_alone(void);

/**
 * Gives core CORE the job FN with ARG, without waiting for it. 0, -EINVAL: no such core, or the one
 * that calls; -ENODEV: it is not running, -EBUSY: it has a job. One core at a time may give jobs.
 */
int core_give(unsigned core, job_fn *fn, void *arg);

/**
 * core_give(), and 0 and *RESULT of the job; -ETIMEDOUT after CORES_JOB_MS: it still runs (with its
 * argument), and core_give() is -EBUSY until it is done. On the core that calls it, a call of FN.
 */
int on_core(unsigned core, job_fn *fn, void *arg, long *result);

/**
 * Starts the cores that were left where the loader had them, whether the tree names them or not. A
 * bit for each further core that takes jobs then, and core_give() serves every one of them.
 */
uint32_t cores_rouse(void);

/** What the shell is to know of it. */
extern const struct shell_cores cores_for_shell;

/** Where entry.S sends each further core, with its stacks and the MMU on. CORE is its number. */
_Noreturn void core_main(unsigned core);

#endif
