/* SPDX-License-Identifier: MIT */
/* The store's health: what is wrong with it, what can be done about that, and how to grow it. */
#include "lib/errors.h"
#include "lib/log.h"
#include "shell/command.h"

static void show_finding(void *ctx, bool problem, uint32_t off, const char *text)
{
	shell_printf(ctx, "%s: offset %" PRIu32 ": %s\n", problem ? "problem" : "note", off, text);
}

/* Tells why NAME can do nothing with the region. Returns -1. */
static int nothing_to_look_at(struct shell_env *env, const char *name, int err)
{
	shell_printf(env, "%s: %s: %s\n", name,
		     err == -EBADMSG ? "both copies of the superblock are damaged"
				     : error_text(err),
		     shell_has_store(env)
			     ? "what is open can be read until the next reset, and not opened again"
			     : "nothing can be repaired, and store format --yes starts afresh");
	return -1;
}

/* Shows what is found in the region, and counts it in *C. 0, or -1 after a line of NAME. */
static int look(struct shell_env *env, const char *name, struct store_checkup *c)
{
	int err;

	*c = (struct store_checkup){.line = show_finding, .ctx = env};
	err = store_check(&env->store_config->media, c);
	if (err)
		return nothing_to_look_at(env, name, err);
	if (!shell_has_store(env) || c->records == store_size(env->store))
		return 0;
	c->problems++;
	shell_printf(env,
		     "problem: records in the region %" PRIu32
		     ", entries of the open store %" PRIu32 "\n",
		     c->records, store_size(env->store));
	return 0;
}

int store_check_command(struct shell_env *env, bool yes)
{
	static const char name[] = "store check";
	struct store_checkup c;

	(void)yes;
	if (look(env, name, &c))
		return -1;
	shell_printf(env,
		     "%s: records %" PRIu32 ", free slots %" PRIu32 ", kept aside %" PRIu32
		     ", problems %" PRIu32 ", notes %" PRIu32 ": %s\n",
		     name, c.records, c.free_slots, c.kept_aside, c.problems, c.notes,
		     c.problems     ? "damaged"
		     : c.kept_aside ? "sound but for what is kept aside"
				    : "sound");
	return c.problems ? -1 : 0;
}

/* Recovery mends. It tells so in the log, which is shown here whatever the console's level. */
static int open_again(struct shell_env *env, const char *name)
{
	int level, err;

	store_close(env->store);
	level = log_set_console_level(LOG_DEBUG + 1);
	err = shell_open_store(env, name);
	log_set_console_level(level);
	return err;
}

struct plan {
	struct shell_env *env;
	const char *name, *verb;
	bool first_only;
	uint32_t off; /* of the last slot that was shown */
};

static int show_damage(void *ctx, const struct store_damage *d)
{
	struct plan *p = ctx;
	uintptr_t at = (uintptr_t)p->env->store_config->media.base + d->off;

	shell_printf(p->env,
		     "%s: %s the slot at offset %" PRIu32 ", %" PRIu32 " bytes at 0x%" PRIxPTR
		     ", key %s",
		     p->name, p->verb, d->off, d->size, at, d->key);
	if (d->view.key_len)
		shell_printf(p->env, ", value of %" PRIu32 " bytes", d->view.data_len);
	shell_printf(p->env, "\n");
	p->off = d->off;
	return p->first_only;
}

/* Drops the slots that are kept aside, one by one; how many, or an errno value. */
static int drop_all(struct shell_env *env, const char *name)
{
	struct plan p = {.env = env, .name = name, .verb = "drops", .first_only = true};
	int dropped = 0, more;

	while ((more = store_each_damaged(env->store, show_damage, &p)) > 0) {
		int err = store_drop(env->store, p.off);

		if (err)
			return err;
		dropped++;
	}
	return more ? more : dropped;
}

static int repair(struct shell_env *env, const char *name, bool mend)
{
	struct store_checkup c;
	int dropped;

	if (mend) {
		shell_printf(env, "%s: opens the store again\n", name);
		if (open_again(env, name))
			return -1;
	}
	dropped = drop_all(env, name);
	if (dropped < 0)
		return shell_failed(env, name, dropped);
	if (look(env, name, &c))
		return -1;
	shell_printf(env, "%s: %s; entries %" PRIu32 ", slots dropped %d\n", name,
		     c.problems || c.notes ? "this is left" : "done", store_size(env->store),
		     dropped);
	return c.problems || c.notes ? -1 : 0;
}

int store_repair_command(struct shell_env *env, bool yes)
{
	static const char name[] = "store repair";
	struct plan p = {.env = env, .name = name, .verb = "would drop"};
	struct store_checkup c;
	bool mend;

	if (look(env, name, &c))
		return -1;
	/* What is kept aside is a note each, and stays that when the store is opened again. */
	mend = c.problems || c.notes > c.kept_aside || !shell_has_store(env);
	if (!mend && !c.notes) {
		shell_printf(env, "%s: there is nothing to repair\n", name);
		return 0;
	}
	if (yes)
		return repair(env, name, mend);
	if (mend)
		shell_printf(env,
			     "%s: would open the store again, which mends what can be mended, and "
			     "drop what is damaged\n",
			     name);
	if (shell_has_store(env))
		store_each_damaged(env->store, show_damage, &p);
	shell_printf(env, "%s: nothing was done yet: store repair --yes does it\n", name);
	return -1;
}

int store_grow_command(struct shell_env *env, bool yes)
{
	static const char name[] = "store grow";
	struct store_stats before, after;
	int err;

	(void)yes;
	if (!shell_need_store(env, name))
		return -1;
	store_stat(env->store, &before);
	err = store_grow(env->store, env->store_config->media.size);
	if (err)
		return shell_failed(env, name, err);
	store_stat(env->store, &after);
	if (after.end == before.end) {
		shell_printf(env, "%s: the store takes all of its region already\n", name);
		return 0;
	}
	shell_printf(env, "%s: %" PRIu32 " bytes more; the store takes all of its region\n", name,
		     after.end - before.end);
	return 0;
}
