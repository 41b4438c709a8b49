/* SPDX-License-Identifier: MIT */
#include "mm/oom.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/spin.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"

/*
 * How often one search goes back to memblock because notifiers say that they gave something back;
 * Linux retries as often (MAX_RECLAIM_RETRIES). One that says so and does not must not stop it.
 */
#define NOTIFIED_MAX 16

#define REPORT_LINE_MAX 192 /* enough for the largest numbers, too */

static const struct oom_env *env;
static struct oom_settings settings;
static struct oom_notifier *notifiers;
static uint32_t searches; /* so far: numbers them */

static struct {
	char text[OOM_REPORT_MAX];
	size_t len;
} report;

/* A search for a page. */
struct search {
	struct task *t;
	uint32_t pid; /* T's; if it has another one now it is gone */
	uint32_t number;
	unsigned notified;
	bool atomic;
	struct task_pages pages; /* in this round */
};

void oom_start(const struct oom_env *with, const struct oom_settings *as)
{
	env = with;
	settings = *as;
	notifiers = NULL;
}

void oom_add_notifier(struct oom_notifier *n)
{
	struct oom_notifier **at = &notifiers;

	while (*at)
		at = &(*at)->next;
	n->next = NULL;
	*at = n;
}

/* A line of the log, and of the report: what is not whole there is not in it. */
static void PRINTF_LIKE(2, 3) say(enum log_level level, const char *fmt, ...)
{
	char line[REPORT_LINE_MAX];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	log_printf(level, "%s", line);
	len = strlen(line);
	line[len++] = '\n';
	if (len > OOM_REPORT_MAX - report.len)
		return;
	memcpy(report.text + report.len, line, len);
	report.len += len;
}

static unsigned long kilobytes(uint32_t pages)
{
	return (unsigned long)pages * (PAGE_SIZE / 1024);
}

static void say_tasks(void)
{
	const struct task *t = NULL;

	say(LOG_INFO, "Tasks state (memory values in pages):");
	say(LOG_INFO, "[  pid  ] total_vm      rss pgtables_bytes oom_score_adj name");
	while ((t = task_next(t)) != NULL) {
		struct task_use use = task_use(t);

		say(LOG_INFO, "[%7lu] %8lu %8lu %8lu         %5d %s", (unsigned long)t->pid,
		    (unsigned long)use.total_vm, (unsigned long)use.rss,
		    (unsigned long)use.pgtables * PAGE_SIZE, t->oom_score_adj, t->name);
	}
}

/* The report as far as it does not depend on who the victim is. */
static void begin_report(const struct search *s)
{
	report.len = 0;
	say(LOG_WARNING, "%s invoked oom-killer: order=0, oom_score_adj=%d", s->t->name,
	    s->t->oom_score_adj);
	say(LOG_WARNING, "Mem-Info: %lu pages free of %lu", (unsigned long)s->pages.unused,
	    (unsigned long)s->pages.total);
	if (settings.oom_dump_tasks)
		say_tasks();
}

static void keep_report(const struct search *s)
{
	if (env->keep)
		env->keep(report.text, report.len, s->atomic);
}

/* Whether the one that asked is gone, or on its way. */
static bool is_over(const struct search *s)
{
	return s->t->pid != s->pid || s->t->dying;
}

static bool ask_notifiers(const struct search *s)
{
	bool some = false;

	for (struct oom_notifier *n = notifiers; n; n = n->next)
		if (n->give_back(n, s->atomic))
			some = true;
	return some;
}

/* The first task that is being removed, and is still worth waiting for. */
static struct task *find_dying(void)
{
	struct task *t = NULL;

	while ((t = task_next(t)) != NULL)
		if (t->dying && !t->passed)
			break;
	return t;
}

/* Lets others have the lock for a moment. */
static void rest(void)
{
	uint32_t taken = task_suspend();

	spin_rest();
	if (task_resume(taken))
		env->panic("Out of memory: the lock of the tasks cannot be had");
}

/* Until T is gone, or took too long; and who is himself told to go waits for nobody. */
static void wait_for(const struct search *s, struct task *t)
{
	struct deadline late = deadline_after(env->patience_ns);
	uint32_t pid = t->pid;

	while (t->pid == pid && !is_over(s)) {
		if (deadline_passed(&late)) {
			t->passed = true;
			pr_warn("Out of memory: process %lu (%s) is being removed and does not "
				"end: it is not waited for any more",
				(unsigned long)pid, t->name);
			return;
		}
		rest();
	}
}

/* To remove a task that has no memory would help nobody. */
static bool has_memory(const struct task *t)
{
	struct task_use use = task_use(t);

	return use.rss + use.pgtables > 0;
}

/* The worst of all tasks, or of those with PARENT, that may be a victim now; of equals the last. */
static struct task *find_worst(const struct search *s, const struct task *parent)
{
	struct task *t = NULL, *worst = NULL;
	long most = OOM_NEVER;

	while ((t = task_next(t)) != NULL) {
		long points = oom_badness(t, s->pages.total);

		if ((parent && t->parent != parent) || t->asked == s->number ||
		    points == OOM_NEVER || points < most || !has_memory(t))
			continue;
		worst = t;
		most = points;
	}
	return worst;
}

/* Whether the task that asked is to go, and may. */
static bool kills_allocating(const struct search *s)
{
	return settings.oom_kill_allocating_task && !(s->t->flags & TASK_UNKILLABLE) &&
	       s->t->oom_score_adj != OOM_SCORE_ADJ_MIN && s->t->asked != s->number;
}

/* WHY: as Linux begins the line. */
static void remove_victim(const struct search *s, struct task *victim, const char *why)
{
	struct task *child = find_worst(s, victim);
	struct task_use use;

	begin_report(s);
	if (child) {
		say(LOG_ERR, "%s: Kill process %lu (%s) score %u or sacrifice child", why,
		    (unsigned long)victim->pid, victim->name,
		    oom_score(oom_badness(victim, s->pages.total), s->pages.total));
		victim = child;
	}
	use = task_use(victim);
	say(LOG_ERR,
	    "%s: %s process %lu (%s) total-vm:%lukB, anon-rss:%lukB, pgtables:%lukB "
	    "oom_score_adj:%d",
	    why, victim->flags & TASK_STAYS ? "Emptied" : "Killed", (unsigned long)victim->pid,
	    victim->name, kilobytes(use.total_vm), kilobytes(use.rss), kilobytes(use.pgtables),
	    victim->oom_score_adj);
	victim->asked = s->number;
	task_remove(victim, s->atomic); /* what it holds back is waited for in the next round */
	keep_report(s);
}

/* Ends the boot for the reason WHY; a line SAID, if not NULL, comes before it. */
static void end_boot(const struct search *s, const char *said, const char *why)
{
	begin_report(s);
	if (said)
		say(LOG_WARNING, "%s", said);
	keep_report(s);
	env->panic(why);
}

static void ask_victim(const struct search *s)
{
	struct task *worst;

	if (kills_allocating(s)) {
		remove_victim(s, s->t, "Out of memory (oom_kill_allocating_task)");
		return;
	}
	worst = find_worst(s, NULL);
	if (worst)
		remove_victim(s, worst, "Out of memory");
	else
		end_boot(s, "Out of memory and no killable processes...",
			 "System is deadlocked on memory");
}

/* Whether somebody gave something back without losing anything, so often as that is believed. */
static bool notified(struct search *s)
{
	if (s->notified == NOTIFIED_MAX || !ask_notifiers(s))
		return false;
	s->notified++;
	return true;
}

/* Somebody has to go. 0, and it is worth trying again, or -ETIMEDOUT: memblock cannot be had. */
static int out_of_memory(struct search *s)
{
	struct task *dying = find_dying();
	int err;

	if (dying) {
		wait_for(s, dying);
		return 0;
	}
	err = task_count_pages(&s->pages);
	if (err)
		return err;
	if (settings.panic_on_oom)
		end_boot(s, NULL,
			 settings.panic_on_oom == 2
				 ? "Out of memory: compulsory panic_on_oom is enabled"
				 : "Out of memory: system-wide panic_on_oom is enabled");
	ask_victim(s);
	return 0;
}

/* 0 and *PAGE; -ENOMEM; -ETIMEDOUT. */
static int take_page(phys_addr_t *page)
{
	int err = memory_lock();

	if (err)
		return err;
	*page = memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
	memory_unlock();
	return *page ? 0 : -ENOMEM;
}

/* Whether the search goes on: there is no page, and somebody still wants one. */
static bool is_wanted(const struct search *s, phys_addr_t *page)
{
	return !is_over(s) && take_page(page) == -ENOMEM;
}

/*
 * A notifier may let others have the lock, and one of them may have had somebody removed: so behind
 * the notifiers there is another try before somebody has to go, as in Linux.
 */
static phys_addr_t search(struct search *s)
{
	phys_addr_t page = 0;

	while (is_wanted(s, &page))
		if (!notified(s) && (!is_wanted(s, &page) || out_of_memory(s)))
			break;
	return page;
}

phys_addr_t oom_alloc_page(struct task *t, bool atomic)
{
	struct search s = {.t = t, .atomic = atomic};
	phys_addr_t page;

	if (task_lock())
		return 0;
	s.pid = t->pid;
	s.number = ++searches;
	page = search(&s);
	task_unlock();
	return page;
}
