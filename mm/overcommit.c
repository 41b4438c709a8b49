/* SPDX-License-Identifier: MIT */
#include "mm/overcommit.h"

#include <errno.h>

#include "lib/log.h"
#include "mm/task.h"

static enum overcommit policy = OVERCOMMIT_GUESS;
static unsigned percent = OVERCOMMIT_RATIO;
static uint64_t promised; /* pages */

void overcommit_set(enum overcommit new_policy, unsigned ratio)
{
	policy = new_policy;
	percent = ratio;
}

static uint64_t limit_of(uint32_t total)
{
	return (uint64_t)total * percent / 100;
}

uint64_t overcommit_limit(void)
{
	return limit_of(task_total_pages());
}

uint64_t overcommit_promised(void)
{
	return promised;
}

static unsigned long long kilobytes(uint64_t pages)
{
	return (unsigned long long)pages * (PAGE_SIZE / 1024);
}

/* Whether PAGES more may be promised where there are TOTAL; says why not. */
static bool enough(const char *name, uint32_t pages, uint32_t total)
{
	if (policy == OVERCOMMIT_GUESS && pages > total) {
		pr_warn("overcommit: %s: %llu kB are refused: all of memory is %llu kB", name,
			kilobytes(pages), kilobytes(total));
		return false;
	}
	if (policy == OVERCOMMIT_NEVER && promised + pages >= limit_of(total)) {
		pr_warn("overcommit: %s: %llu kB are refused: %llu kB are promised, and all "
			"promises have to stay below %llu kB",
			name, kilobytes(pages), kilobytes(promised), kilobytes(limit_of(total)));
		return false;
	}
	return true;
}

int overcommit_promise(const char *name, uint32_t pages)
{
	if (policy != OVERCOMMIT_ALWAYS) {
		struct task_pages all;
		int err = task_count_pages(&all);

		if (err)
			return err;
		if (!enough(name, pages, all.total))
			return -ENOMEM;
	}
	promised += pages;
	return 0;
}

void overcommit_forget(uint32_t pages)
{
	promised -= pages;
}
