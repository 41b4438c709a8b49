/* SPDX-License-Identifier: MIT */
#include "mm/loaded.h"

#include <errno.h>
#include <string.h>

#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/task.h"

#define HEAD 64 /* bytes: in them is what an image is known by */

/* Changed with the lock of the tasks. */
static struct {
	struct holding h;
	phys_addr_t base, size; /* size 0: nothing */
} loaded;

static void count(const struct holding *h, struct task_use *use)
{
	phys_addr_t first = ROUND_DOWN(loaded.base, PAGE_SIZE);
	uint32_t pages = (uint32_t)(PFN_UP(loaded.base + loaded.size - first));

	(void)h;
	use->total_vm += pages;
	use->rss += pages;
}

static int release(struct holding *h, bool atomic)
{
	int err = memory_lock();

	(void)h;
	(void)atomic;
	if (err)
		return -EAGAIN;
	err = memblock_phys_free(loaded.base, loaded.size);
	if (!err) /* others may write to the rest of it: nobody takes it for whole any more */
		memset((void *)(uintptr_t)loaded.base, 0, loaded.size < HEAD ? loaded.size : HEAD);
	memory_unlock();
	if (err)
		return -EAGAIN; /* no room in the list for the hole */
	loaded.size = 0;
	return 0;
}

static int keep(phys_addr_t base, phys_addr_t size)
{
	struct task *t;
	int err = task_create(LOADED_TASK, NULL, 0, &t);

	if (err)
		return err;
	loaded.h = (struct holding){.count = count, .release = release};
	loaded.base = base;
	loaded.size = size;
	task_hold(t, &loaded.h);
	return 0;
}

int loaded_keep(phys_addr_t base, phys_addr_t size)
{
	int err = task_lock();

	if (err)
		return err;
	err = keep(base, size);
	task_unlock();
	return err;
}

int loaded_drop(void)
{
	int err = task_lock();

	if (err)
		return err;
	if (loaded.size)
		err = task_remove(task_find(LOADED_TASK), false);
	task_unlock();
	return err;
}

phys_addr_t loaded_range(phys_addr_t *base)
{
	*base = loaded.base;
	return loaded.size;
}

static bool reserved(phys_addr_t base, phys_addr_t end)
{
	return base < end && memblock_is_region_reserved(base, end - base);
}

bool loaded_or_free(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = base + size, low = loaded.base, high = low + loaded.size;

	if (!loaded.size || end <= low || base >= high)
		return !reserved(base, end);
	return !reserved(base, low) && !reserved(high, end);
}
