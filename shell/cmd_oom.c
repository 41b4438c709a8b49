/* SPDX-License-Identifier: MIT */
/* Tasks: who holds memory, and who has to give it up first. */
#include <errno.h>
#include <string.h>

#include "lib/errors.h"
#include "mm/task.h"
#include "shell/command.h"

static unsigned long kilobytes(uint32_t pages)
{
	return (unsigned long)pages * (PAGE_SIZE / 1024);
}

bool shell_lock_tasks(struct shell_env *env, const char *name)
{
	if (!task_lock())
		return true;
	shell_printf(env, "%s: another core has been busy with the tasks for too long\n", name);
	return false;
}

struct task *shell_find_task(struct shell_env *env, const char *name, const char *word)
{
	struct task *t = task_find(word);

	if (!t) {
		shell_printf(env, "%s: there is no task \"", name);
		shell_word(env, word);
		shell_printf(env, "\": oom tasks lists those that there are\n");
	}
	return t;
}

static int tasks(struct shell_env *env)
{
	struct task_pages pages;

	if (task_count_pages(&pages)) {
		shell_lists_in_use(env, "oom");
		return -1;
	}
	shell_printf(env, "  pid  ppid  total_vm kB     rss kB  pgtables kB  oom_score_adj  "
			  "oom_score  name\n");
	for (const struct task *t = task_next(NULL); t; t = task_next(t)) {
		struct task_use use = task_use(t);

		shell_printf(env, "%5lu %5lu %12lu %10lu %12lu %14d %10u  %s%s\n",
			     (unsigned long)t->pid, (unsigned long)(t->parent ? t->parent->pid : 0),
			     kilobytes(use.total_vm), kilobytes(use.rss), kilobytes(use.pgtables),
			     t->oom_score_adj, oom_score(oom_badness(t, pages.total), pages.total),
			     t->name,
			     t->dying                     ? " (being removed)"
			     : t->flags & TASK_UNKILLABLE ? " (never removed)"
							  : "");
	}
	shell_printf(env, "%lu kB are free or would be given back, %lu kB are free\n",
		     kilobytes(pages.total), kilobytes(pages.unused));
	return 0;
}

static int score(struct shell_env *env, struct task *t)
{
	uint32_t total = task_total_pages();

	shell_printf(env, "oom_score %u\n", oom_score(oom_badness(t, total), total));
	return 0;
}

/* Either of the two values, as they read back. */
static int show_adj(struct shell_env *env, const struct task *t)
{
	shell_printf(env, "oom_adj %d oom_score_adj %d\n", oom_adj_of(t->oom_score_adj),
		     t->oom_score_adj);
	return 0;
}

static int adj(struct shell_env *env, struct task *t, const char *word)
{
	int64_t value;

	if (!shell_signed(env, "V", word, OOM_ADJ_DISABLE, OOM_ADJ_MAX, &value))
		return -1;
	t->oom_score_adj = oom_score_adj_of((int)value);
	return show_adj(env, t);
}

static int score_adj(struct shell_env *env, struct task *t, const char *word)
{
	int64_t value;

	if (!shell_signed(env, "V", word, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX, &value))
		return -1;
	t->oom_score_adj = (int)value;
	return show_adj(env, t);
}

int shell_remove_task(struct shell_env *env, const char *name, struct task *t)
{
	struct task_use use = task_use(t);
	bool stays = t->flags & TASK_STAYS;
	char who[TASK_NAME_MAX];
	int err;

	strcpy(who, t->name);
	err = task_remove(t, false);
	if (err) {
		shell_printf(env, "%s: %s: %s\n", name, who, error_text(err));
		return -1;
	}
	shell_printf(env, "%s: %s%s, %lu kB given back\n", name, who, stays ? " stays" : " is gone",
		     kilobytes(use.rss + use.pgtables));
	return 0;
}

/* What is done with one task, with the lock. */
static int act(struct shell_env *env, int argc, char *argv[])
{
	struct task *t;

	if (!strcmp(argv[1], "tasks"))
		return argc == 2 ? tasks(env) : COMMAND_USAGE;
	if (argc == 2)
		return COMMAND_USAGE;
	t = shell_find_task(env, argv[0], argv[2]);
	if (!t)
		return -1;
	if (argc == 4)
		return !strcmp(argv[1], "adj")         ? adj(env, t, argv[3])
		       : !strcmp(argv[1], "score_adj") ? score_adj(env, t, argv[3])
						       : COMMAND_USAGE;
	return !strcmp(argv[1], "score")  ? score(env, t)
	       : !strcmp(argv[1], "kill") ? shell_remove_task(env, "oom kill", t)
	       : !strcmp(argv[1], "adj") || !strcmp(argv[1], "score_adj") ? show_adj(env, t)
									  : COMMAND_USAGE;
}

int cmd_oom(struct shell_env *env, int argc, char *argv[])
{
	int outcome;

	if (!shell_lock_tasks(env, argv[0]))
		return -1;
	outcome = act(env, argc, argv);
	task_unlock();
	return outcome;
}
