/* SPDX-License-Identifier: MIT */
/* Arenas: a task that has address space, and memory behind what was touched of it. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/errors.h"
#include "mm/arena.h"
#include "mm/task.h"
#include "shell/command.h"

#define TOUCH_MS 60000 /* for another core that touches all of memory */
#define TOLD 1         /* in an error's place: a line has said why */

static int list(struct shell_env *env)
{
	unsigned count = 0;

	for (struct task *t = task_next(NULL); t; t = task_next(t)) {
		const struct arena *a = arena_of(t);
		struct task_use use = task_use(t);

		if (!a)
			continue;
		count++;
		shell_printf(env, "0x%08lx..0x%08lx %8llu kB, %lu kB touched, tables %lu kB  %s\n",
			     (unsigned long)arena_base(a),
			     (unsigned long)(arena_base(a) + (arena_size(a) - 1)),
			     (unsigned long long)arena_size(a) / 1024,
			     (unsigned long)use.rss * (PAGE_SIZE / 1024),
			     (unsigned long)use.pgtables * (PAGE_SIZE / 1024), t->name);
	}
	if (!count)
		shell_printf(env, "arena: there are none\n");
	return 0;
}

/* Why there is no arena for T, which goes with it. */
static int not_made(struct shell_env *env, struct task *t, int err)
{
	char name[TASK_NAME_MAX];

	strcpy(name, t->name);
	task_remove(t, false);
	shell_printf(env, "arena new: %s: %s\n", name,
		     err == -ENOMEM ? "so much cannot be promised: dmesg says why"
		     : err == -ENOSPC
			     ? "there is no address space for it, or there are too many arenas"
			     : error_text(err));
	return -1;
}

static int make(struct shell_env *env, int argc, char *argv[])
{
	struct task *parent = NULL, *t;
	struct arena *a;
	uint64_t bytes;
	int err;

	if (!shell_size(env, "SIZE", argv[3], &bytes))
		return -1;
	if (argc == 5) {
		parent = shell_find_task(env, "arena new", argv[4]);
		if (!parent)
			return -1;
	}
	err = task_create(argv[2], parent, 0, &t);
	if (err) {
		shell_printf(env, "arena new: ");
		shell_word(env, argv[2]);
		shell_printf(env, ": %s\n",
			     err == -EINVAL   ? "a name has 1 to 15 printable characters, no spaces"
			     : err == -ENOSPC ? "there are too many tasks"
					      : error_text(err));
		return -1;
	}
	err = arena_create(t, bytes, &a);
	if (err)
		return not_made(env, t, err);
	shell_printf(env, "arena new: %s, %llu bytes at 0x%08lx\n", t->name,
		     (unsigned long long)arena_size(a), (unsigned long)arena_base(a));
	return 0;
}

/* The arena of the task NAME for ACTION, or NULL after a line. */
static struct arena *find(struct shell_env *env, const char *action, const char *name)
{
	const struct task *t = shell_find_task(env, action, name);
	struct arena *a = t ? arena_of(t) : NULL;

	if (t && !a)
		shell_printf(env, "%s: %s has no arena\n", action, t->name);
	return a;
}

static int drop(struct shell_env *env, char *argv[])
{
	if (!find(env, "arena free", argv[2]))
		return -1;
	return shell_remove_task(env, "arena free", task_find(argv[2]));
}

/* What other cores are to touch. Static, since one that is late goes on with it. */
static struct {
	struct arena *a;
	uint64_t bytes;
	_Atomic uint32_t at_it; /* a bit for each core that may still be */
} there;

static long touch_there(void *arg)
{
	long err = arena_touch(there.a, there.bytes);

	atomic_fetch_and(&there.at_it, ~(1U << (uintptr_t)arg));
	return err;
}

/* Has CORE touch it. 0, or -EBUSY, or another error: it is not online. */
static int give(const struct shell_env *env, unsigned core)
{
	int err;

	atomic_fetch_or(&there.at_it, 1U << core);
	err = env->cores->give(core, touch_there, (void *)(uintptr_t)core);
	if (err)
		atomic_fetch_and(&there.at_it, ~(1U << core));
	return err;
}

/* The cores of MASK, but this one, that took the work; of ALL those that are not online need not.
 */
static uint32_t give_all(struct shell_env *env, uint32_t mask, bool all, int *told)
{
	uint32_t given = 0;

	for (unsigned core = 1; mask >> core; core++) {
		int err = mask >> core & 1 ? give(env, core) : -ENODEV;

		if (!err)
			given |= 1U << core;
		else if (mask >> core & 1 && (!all || err == -EBUSY)) {
			shell_printf(env, "arena touch: core %u %s\n", core,
				     err == -EBUSY ? "is still busy with the work of before"
						   : "is not online");
			*told = TOLD;
		}
	}
	return given;
}

/* Waits for CORE: what arena_touch() said there, or TOLD. */
static int await(struct shell_env *env, unsigned core)
{
	long result = 0;

	if (!env->cores->wait(core, TOUCH_MS, &result))
		return (int)result;
	shell_printf(env, "arena touch: core %u gave no answer in time: it is still at it\n", core);
	return TOLD;
}

/* Has the cores of MASK touch it at once; this one is core 0. 0, or what was wrong first. */
static int touch_by(struct shell_env *env, uint32_t mask, bool all)
{
	int first = 0;
	uint32_t given = give_all(env, mask, all, &first);

	if (mask & 1 && !first)
		first = arena_touch(there.a, there.bytes);
	for (unsigned core = 1; given >> core; core++) {
		int err = given >> core & 1 ? await(env, core) : 0;

		first = first ? first : err;
	}
	return first;
}

/* The cores that WORD, a number or "all", means: a bit for each; 0 after a line. */
static uint32_t cores_of(struct shell_env *env, const char *word)
{
	unsigned max = env->cores ? env->cores->max : 1;
	uint64_t core = 0;

	if (!strcmp(word, "all"))
		return (1U << max) - 1;
	return shell_number(env, "CORE", word, 0, max - 1, &core) ? 1U << core : 0;
}

static int touch(struct shell_env *env, char *argv[])
{
	uint32_t mask = argv[4] ? cores_of(env, argv[4]) : 1;
	uint64_t bytes;
	int err;

	if (!mask || !shell_size(env, "BYTES", argv[3], &bytes))
		return -1;
	if (atomic_load(&there.at_it)) {
		shell_printf(env, "arena touch: a core is still at the work of before\n");
		return -1;
	}
	if (!shell_lock_tasks(env, "arena touch"))
		return -1;
	there.a = find(env, "arena touch", argv[2]);
	there.bytes = bytes;
	task_unlock();
	if (!there.a)
		return -1;
	err = touch_by(env, mask, mask & (mask - 1));
	if (!err) {
		shell_printf(env, "arena touch: %s, %llu bytes\n", argv[2],
			     (unsigned long long)bytes);
		return 0;
	}
	if (err != TOLD)
		shell_printf(env, "arena touch: %s: %s\n", argv[2],
			     err == -EINVAL   ? "it is not as large"
			     : err == -ENOMEM ? "removed to make room: dmesg has the report"
					      : error_text(err));
	return -1;
}

/* All but a touch, with the lock. */
static int act(struct shell_env *env, int argc, char *argv[])
{
	if (argc == 1)
		return list(env);
	if (!strcmp(argv[1], "new") && argc >= 4)
		return make(env, argc, argv);
	if (!strcmp(argv[1], "free") && argc == 3)
		return drop(env, argv);
	return COMMAND_USAGE;
}

int cmd_arena(struct shell_env *env, int argc, char *argv[])
{
	int outcome;

	if (argc >= 4 && !strcmp(argv[1], "touch"))
		return touch(env, argv);
	if (!shell_lock_tasks(env, argv[0]))
		return -1;
	outcome = act(env, argc, argv);
	task_unlock();
	return outcome;
}
