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

/** The number of the core that calls it. */
unsigned cores_self(void);

/** Cores that the tree names, core 0 included; their numbers are below CORES_MAX. */
unsigned cores_named(void);

/** Whether CORE has come up: it takes interrupts, or will. */
bool core_is_up(unsigned core);

/**
 * Gives core CORE the job FN with ARG, without waiting for it. 0, -EINVAL: no such core, or the one
 * that calls; -ENODEV: it is not running, -EBUSY: it has a job. One core at a time may give jobs.
 */
int core_give(unsigned core, job_fn *fn, void *arg);

/**
 * Waits for the job that core CORE was given, for at most MS milliseconds. 0 and *RESULT, or
 * -ETIMEDOUT: it still runs (with its argument), and core_give() is -EBUSY until it is done.
 */
int core_wait(unsigned core, uint32_t ms, long *result);

/** core_give() and core_wait() for CORES_JOB_MS; on the core that calls it, a call of FN. */
int on_core(unsigned core, job_fn *fn, void *arg, long *result);

/** Writes what CORE, below CORES_MAX, is doing to TEXT, SIZE bytes; false if the tree names no such
 * core. */
bool core_describe(unsigned core, char *text, size_t size);

/**
 * Whether all further cores could leave Cairn: NULL, or a sentence that says why not. Those that
 * were left where the loader had them are started for that. From then on none is at work.
 */
const char *cores_may_leave(void);

/**
 * Has each further core wait, with its caches and MMU off and outside of Cairn's memory, for what
 * comes after Cairn: for an address in SYS_FLAGS and an SGI, as Linux expects it. To be called
 * right after cores_may_leave() had no objection. NULL, or a sentence: it cannot be taken back.
 */
const char *cores_leave(void);

/** What the shell is to know of it. */
extern const struct shell_cores cores_for_shell;

/** Where entry.S sends each further core, with its stacks and the MMU on. CORE is its number. */
_Noreturn void core_main(unsigned core);

#endif
