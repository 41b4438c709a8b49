/* SPDX-License-Identifier: MIT */
#include "mm/memory_lock.h"

#include "lib/lock.h"

static struct lock lock;
static uint64_t patience_ns; /* 0: one core alone runs */

void memory_lock_start(uint64_t ns)
{
	patience_ns = ns;
}

int memory_lock(void)
{
	return patience_ns ? lock_take(&lock, patience_ns) : 0;
}

void memory_unlock(void)
{
	if (patience_ns)
		lock_give(&lock);
}
