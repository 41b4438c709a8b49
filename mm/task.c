/* SPDX-License-Identifier: MIT */
#include "mm/task.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/core_lock.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"

static const struct task_env *env;
static struct core_lock lock;
static struct task tasks[TASKS_MAX];
static uint32_t last_pid;

void tasks_start(const struct task_env *with)
{
	env = with;
	memset(&lock, 0, sizeof(lock));
	memset(tasks, 0, sizeof(tasks));
	last_pid = 0;
}

int task_lock(void)
{
	return core_lock_take(&lock, env->self(), env->patience_ns);
}

void task_unlock(void)
{
	core_lock_give(&lock);
}

uint32_t task_suspend(void)
{
	bool ours = atomic_load_explicit(&lock.owner, memory_order_relaxed) == env->self() + 1;
	uint32_t taken = ours ? lock.taken : 0;

	for (uint32_t i = 0; i < taken; i++)
		task_unlock();
	return taken;
}

int task_resume(uint32_t taken)
{
	for (uint32_t i = 0; i < taken; i++) {
		int err = task_lock();

		if (err)
			return err; /* of the first: whoever has it takes it again at once */
	}
	return 0;
}

static bool valid_name(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++)
		if (len == TASK_NAME_MAX - 1 || name[len] <= ' ' || name[len] > '~')
			return false;
	return len > 0;
}

static struct task *free_place(void)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (!tasks[i].pid)
			return &tasks[i];
	return NULL;
}

static int create(const char *name, struct task *parent, unsigned flags, struct task **made)
{
	struct task *t = free_place();

	if (task_find(name))
		return -EEXIST;
	if (!t)
		return -ENOSPC;
	*t = (struct task){
		.pid = ++last_pid,
		.parent = parent,
		.flags = flags,
		.oom_score_adj = parent ? parent->oom_score_adj : 0,
	};
	strcpy(t->name, name);
	*made = t;
	return 0;
}

int task_create(const char *name, struct task *parent, unsigned flags, struct task **made)
{
	int err;

	if (!valid_name(name))
		return -EINVAL;
	err = task_lock();
	if (err)
		return err;
	err = create(name, parent, flags, made);
	task_unlock();
	return err;
}

void task_hold(struct task *t, struct holding *h)
{
	h->next = t->holdings;
	t->holdings = h;
}

/* T is gone: nobody's parent, and its place is free. */
static void forget(struct task *t)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (tasks[i].parent == t)
			tasks[i].parent = NULL;
	memset(t, 0, sizeof(*t));
}

void task_drop(struct task *t, struct holding *h)
{
	struct holding **at = &t->holdings;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	if (t->dying && !t->holdings)
		forget(t);
}

/* Empties T's list, but for what does not come now. */
static int release_all(struct task *t, bool atomic)
{
	struct holding **at = &t->holdings, *h;

	while ((h = *at) != NULL) {
		*at = h->next;
		if (h->release(h, atomic)) {
			*at = h;
			at = &h->next;
		}
	}
	return t->holdings ? -EAGAIN : 0;
}

/* release_all() that leaves the list as it is. */
static int release_spare(struct task *t, bool atomic)
{
	int err = 0;

	for (struct holding *h = t->holdings; h; h = h->next)
		if (h->release(h, atomic))
			err = -EAGAIN;
	return err;
}

static int remove_task(struct task *t, bool atomic)
{
	int err;

	if (t->flags & TASK_UNKILLABLE)
		return -EPERM;
	if (t->flags & TASK_STAYS)
		return release_spare(t, atomic);
	t->dying = true;
	err = release_all(t, atomic);
	if (!err)
		forget(t);
	return err;
}

int task_remove(struct task *t, bool atomic)
{
	int err = task_lock();

	if (err)
		return err;
	err = remove_task(t, atomic);
	task_unlock();
	return err;
}

struct task *task_find(const char *name)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (tasks[i].pid && !strcmp(tasks[i].name, name))
			return &tasks[i];
	return NULL;
}

struct task *task_next(const struct task *t)
{
	uint32_t pid = t ? t->pid : 0;
	struct task *next = NULL;

	for (size_t i = 0; i < TASKS_MAX; i++)
		if (tasks[i].pid > pid && (!next || tasks[i].pid < next->pid))
			next = &tasks[i];
	return next;
}

struct task_use task_use(const struct task *t)
{
	struct task_use use = {0, 0, 0};

	for (const struct holding *h = t->holdings; h; h = h->next)
		h->count(h, &use);
	return use;
}

/* How many whole pages of [start, end) lie below LIMIT. */
static phys_addr_t whole_pages(phys_addr_t start, phys_addr_t end, phys_addr_t limit)
{
	start = (start >> PAGE_SHIFT) + !!(start & (PAGE_SIZE - 1));
	end = (end < limit ? end : limit) >> PAGE_SHIFT;
	return end > start ? end - start : 0;
}

static int count_unused(uint32_t *pages)
{
	phys_addr_t start, end, sum = 0;
	int err = memory_lock();
	uint64_t i;

	if (err)
		return err;
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		sum += whole_pages(start, end, memblock.current_limit);
	memory_unlock();
	*pages = (uint32_t)sum;
	return 0;
}

int task_count_pages(struct task_pages *pages)
{
	const struct task *t = NULL;
	int err = count_unused(&pages->unused);

	if (err)
		return err;
	pages->total = pages->unused;
	while ((t = task_next(t)) != NULL) {
		struct task_use use = task_use(t);

		if (!(t->flags & TASK_UNKILLABLE))
			pages->total += use.rss + use.pgtables;
	}
	return 0;
}

uint32_t task_total_pages(void)
{
	struct task_pages pages;

	return task_count_pages(&pages) ? 0 : pages.total;
}

long oom_badness(const struct task *t, uint32_t total)
{
	struct task_use use = task_use(t);
	uint64_t pages = (uint64_t)use.rss + use.pgtables;

	if ((t->flags & TASK_UNKILLABLE) || t->dying)
		return OOM_NEVER;
	return oom_points(pages, t->oom_score_adj, total);
}
