/* SPDX-License-Identifier: MIT */
#include "lib/core_lock.h"

/*
 * A core that reads its own number in owner wrote it there, and nobody else changes it before it
 * gives the lock. What it reads else may be old, and is another core's in any case.
 */
int core_lock_take(struct core_lock *lock, uint32_t core, uint64_t ns)
{
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) != core + 1) {
		int err = lock_take(&lock->lock, ns);

		if (err)
			return err;
		atomic_store_explicit(&lock->owner, core + 1, memory_order_relaxed);
	}
	lock->taken++;
	return 0;
}

void core_lock_give(struct core_lock *lock)
{
	if (--lock->taken)
		return;
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	lock_give(&lock->lock);
}
