/* SPDX-License-Identifier: MIT */
/*
 * Where one core leaves work for another: one job at a time, with a result.
 *
 * One core runs jobs; any other may give them. What the giver wrote before job_give() is seen by
 * the job, and what the job wrote is seen by the giver after job_result() was 0.
 */
#ifndef CAIRN_LIB_JOB_H
#define CAIRN_LIB_JOB_H

#include <stdatomic.h>

#include "../lib/types.h"

/** A job: runs on the other core and returns its result. */
typedef long job_fn(void *arg);

/** All zero: nobody runs jobs here yet. */
struct job {
	_Atomic uint32_t state;
	job_fn *fn;
	void *arg;
	long result;
};

/** The core that calls it runs the jobs of JOB from now on. */
void job_open(struct job *job);

/** Whether job_open() was called. */
bool job_is_open(const struct job *job);

/** Whether job_run() has something to do: asked before a sleep that a giver ends. */
bool job_waits(const struct job *job);

/** Runs the job that was given, if there is one: whether there was. By the core of job_open(). */
bool job_run(struct job *job);

/**
 * Gives FN with ARG to be run. 0, -ENODEV: nobody runs jobs here, or -EBUSY: there is one whose
 * result nobody has taken, or that still runs.
 */
int job_give(struct job *job, job_fn *fn, void *arg);

/** Takes the result of the job that the caller gave. 0, or -EAGAIN: it is not done. */
int job_result(struct job *job, long *result);

/**
 * The caller no longer wants the result of the job that it gave. If it runs already, it runs to its
 * end, with the argument that it got, and JOB is free then; if not, it does not run.
 */
void job_forget(struct job *job);

#endif
