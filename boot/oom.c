/* SPDX-License-Identifier: MIT */
#include "boot/oom.h"

#include <errno.h>

#include "boot/exception.h"
#include "boot/oom_report.h"
#include "drivers/cp15.h"
#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "mm/memory_lock.h"
#include "mm/overcommit.h"
#include "mm/task.h"

#define PATIENCE_NS (10 * NS_PER_S) /* for the lock, and for a task that is being removed */
#define HEAP_KEEP 32                /* pages of the heap that stay: the store has to go on */
#define BACKLOG_SHARE 8 /* the part of memory that log_buf_len= may have: one in so many */
#define SHED_SHARE 8    /* and the part of the store's entries that go at a time */

static const struct boot *boot;
static struct store *store;

static uint32_t self(void)
{
	return this_core();
}

static uint32_t pages_of(phys_addr_t size)
{
	return (uint32_t)PFN_UP(size);
}

static void count_pages(struct task_use *use, uint32_t pages)
{
	use->total_vm += pages;
	use->rss += pages;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

/* Image and heap, but for what is the store's. */
static void count_boot(const struct holding *h, struct task_use *use)
{
	(void)h;
	count_pages(use, pages_of(boot->image_size) + pages_of((phys_addr_t)heap_size()) -
				 heap_unused(HEAP_KEEP));
}

static void count_store(const struct holding *h, struct task_use *use)
{
	(void)h;
	count_pages(use, heap_unused(HEAP_KEEP));
}

static int release_store(struct holding *h, bool atomic)
{
	(void)h;
	heap_give_back(!atomic, HEAP_KEEP);
	return 0;
}

static phys_addr_t backlog; /* of b->log_buf_len bytes */

static void count_log(const struct holding *h, struct task_use *use)
{
	(void)h;
	count_pages(use, pages_of(boot->log_buf_len));
}

static int release_log(struct holding *h, bool atomic)
{
	int err = memory_lock();

	(void)h;
	(void)atomic;
	if (err)
		return -EAGAIN;
	log_backlog(NULL, 0);
	err = memblock_phys_free(backlog, boot->log_buf_len);
	memory_unlock();
	return err ? -EAGAIN : 0;
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

/* Gives the log the memory that was asked for; false if it has none. */
static bool make_backlog(struct boot *b)
{
	phys_addr_t most = memblock_phys_mem_size() / BACKLOG_SHARE;

	if (b->log_buf_len <= LOG_RING_SIZE)
		return false;
	if (b->log_buf_len > most) {
		pr_warn("log_buf_len=: %lu bytes are more than an eighth of memory: ignored",
			(unsigned long)b->log_buf_len);
		return false;
	}
	backlog = heap_find(b->log_buf_len, PAGE_SIZE);
	if (!backlog || memblock_reserve(backlog, b->log_buf_len)) {
		pr_warn("log_buf_len=: no %lu bytes of memory are left: ignored",
			(unsigned long)b->log_buf_len);
		return false;
	}
	boot_note(b, backlog, b->log_buf_len, "log", false);
	log_backlog((void *)(uintptr_t)backlog, b->log_buf_len);
	return true;
}

/* Whether this core may call the store, which by itself knows one core alone. */
static bool store_is_ours(void)
{
	return store->open && (store->share || !this_core());
}

/* ---- who gives something back --------------------------------------------------------------- */

/*
 * Expired entries go, and of a store with a limit the next ones by its policy: the index is smaller
 * then. Another core may be writing and, in a fault, wait for the lock of the tasks: it gets it.
 */
static bool shed_entries(void)
{
	uint32_t taken = task_suspend();
	int purged = store_purge(store, NULL, NULL), shed;

	shed = store_shed(store, (store_size(store) + SHED_SHARE - 1) / SHED_SHARE);
	if (task_resume(taken))
		panic("Out of memory: the lock of the tasks cannot be had");
	if (purged > 0 || shed > 0)
		pr_notice("store: memory runs out: %d entries purged, %d evicted",
			  purged > 0 ? purged : 0, shed > 0 ? shed : 0);
	return purged > 0 || shed > 0;
}

/* In the midst of malloc or the store only what neither of them knows of may go. */
static uint32_t give_back(struct oom_notifier *n, bool atomic)
{
	uint32_t pages = heap_give_back(!atomic, HEAP_KEEP);

	(void)n;
	if (pages || atomic || !store_is_ours() || !shed_entries())
		return pages;
	return heap_give_back(true, HEAP_KEEP);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void end_boot(const char *why)
{
	/* Without the lock this may be within a fault, and the report of another one. */
	if (!oom_report_is_atomic() && store_is_ours() && task_suspend())
		oom_report_write(store);
	panic("%s", why);
}

void oom_begin_tasks(void)
{
	static const struct task_env tasks = {.self = self, .patience_ns = PATIENCE_NS};

	tasks_start(&tasks);
}

void oom_begin(struct boot *b, struct store *s)
{
	static const struct oom_env env = {
		.panic = end_boot, .keep = oom_report_keep, .patience_ns = PATIENCE_NS};
	static struct oom_notifier heap_and_store = {.give_back = give_back};
	static struct holding own = {.count = count_boot}; /* never released */
	static struct holding spare = {.count = count_store, .release = release_store};
	static struct holding log = {.count = count_log, .release = release_log};

	boot = b;
	store = s;
	oom_start(&env, &b->oom);
	overcommit_set((enum overcommit)b->overcommit, b->overcommit_ratio);
	make_task("boot", TASK_UNKILLABLE, &own);
	make_task("store", TASK_STAYS, &spare);
	if (make_backlog(b))
		make_task("log", 0, &log);
	oom_add_notifier(&heap_and_store);
}
