/* SPDX-License-Identifier: MIT */
#include "boot/oom.h"

#include "drivers/cp15.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "mm/task.h"

#define PATIENCE_NS (10 * NS_PER_S)

static const struct boot *boot;

static uint32_t self(void)
{
	return this_core();
}

static uint32_t pages_of(phys_addr_t size)
{
	return (uint32_t)PFN_UP(size);
}

/* What the boot has is there for all: image and heap, but for what the heap could give back. */
static void count_boot(const struct holding *h, struct task_use *use)
{
	uint32_t pages =
		pages_of(boot->image_size) + pages_of((phys_addr_t)heap_size()) - heap_unused();

	(void)h;
	use->total_vm += pages;
	use->rss += pages;
}

/* Makes a task NAME that holds H. */
static void make_task(const char *name, unsigned flags, struct holding *h)
{
	struct task *t;
	int err = task_create(name, NULL, flags, &t);

	if (err)
		pr_err("no task %s: %s", name, error_text(err));
	else
		task_hold(t, h);
}

void oom_begin(const struct boot *b)
{
	static const struct task_env tasks = {.self = self, .patience_ns = PATIENCE_NS};
	static struct holding own = {.count = count_boot}; /* never released */

	boot = b;
	tasks_start(&tasks);
	make_task("boot", TASK_UNKILLABLE, &own);
}
