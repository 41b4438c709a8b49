/* SPDX-License-Identifier: MIT */
#include "mm/memory_lock.h"

static struct lock lock;
static lock_clock_fn *lock_clock;
static uint32_t lock_patience;

void memory_lock_start(lock_clock_fn *clock, uint32_t patience)
{
	lock_patience = patience;
	lock_clock = clock;
}

int memory_lock(void)
{
	return lock_clock ? lock_take(&lock, lock_clock, lock_patience) : 0;
}

void memory_unlock(void)
{
	if (lock_clock)
		lock_give(&lock);
}
