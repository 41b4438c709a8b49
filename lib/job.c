/* SPDX-License-Identifier: MIT */
#include "lib/job.h"

#include <errno.h>

/*
 * Closed, until job_open(). Then idle -> claimed -> given -> done -> idle, each step by the giver
 * but that to done; or given -> forgotten -> idle, the latter by who runs the jobs. A job that runs
 * is one that was given.
 */
enum { CLOSED, IDLE, CLAIMED, GIVEN, DONE, FORGOTTEN };

static bool step(struct job *job, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong_explicit(&job->state, &from, to, memory_order_acq_rel,
						       memory_order_acquire);
}

static uint32_t state(const struct job *job)
{
	return atomic_load_explicit(&job->state, memory_order_acquire);
}

static void set_state(struct job *job, uint32_t to)
{
	atomic_store_explicit(&job->state, to, memory_order_release);
}

void job_open(struct job *job)
{
	set_state(job, IDLE);
}

bool job_is_open(const struct job *job)
{
	return state(job) != CLOSED;
}

bool job_waits(const struct job *job)
{
	uint32_t now = state(job);

	return now == GIVEN || now == FORGOTTEN;
}

bool job_run(struct job *job)
{
	if (!job_waits(job))
		return false;
	if (state(job) == GIVEN)
		job->result = job->fn(job->arg);
	if (!step(job, GIVEN, DONE))
		set_state(job, IDLE);
	return true;
}

int job_give(struct job *job, job_fn *fn, void *arg)
{
	if (!step(job, IDLE, CLAIMED))
		return job_is_open(job) ? -EBUSY : -ENODEV;
	job->fn = fn;
	job->arg = arg;
	set_state(job, GIVEN);
	return 0;
}

int job_result(struct job *job, long *result)
{
	if (state(job) != DONE)
		return -EAGAIN;
	*result = job->result;
	set_state(job, IDLE);
	return 0;
}

void job_forget(struct job *job)
{
	if (!step(job, GIVEN, FORGOTTEN))
		set_state(job, IDLE);
}
