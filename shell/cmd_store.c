/* SPDX-License-Identifier: MIT */
/* Commands on the store. Keys and values are the bytes of the words, without the NUL. */
#include <string.h>

#include "lib/config.h"
#include "lib/errors.h"
#include "shell/command.h"
#include "store/probe.h"

#define MS_PER_SECOND 1000

static const char *entries_word(uint32_t n)
{
	return n == 1 ? "entry" : "entries";
}

static const char *bytes_word(uint32_t n)
{
	return n == 1 ? "byte" : "bytes";
}

bool shell_has_store(const struct shell_env *env)
{
	return env->store && env->store_config && !env->store_closed;
}

/* Whether a format would lose a store; also one that only another version, or a dump, can read. */
static bool holds_store(const struct shell_env *env)
{
	return store_probe(&env->store_config->media) != STORE_NOTHING;
}

bool shell_need_store(struct shell_env *env, const char *name)
{
	if (shell_has_store(env))
		return true;
	shell_printf(env, "%s: the store is not open: ", name);
	shell_word(env, env->store_closed ? env->store_closed : "there is no region for it");
	if (env->store_config)
		shell_printf(env, " (store format%s starts afresh)",
			     holds_store(env) ? " --yes" : "");
	shell_printf(env, "\n");
	return false;
}

/*
 * The length of the key in ARGV, for a command that needs the store, too. 0 after a line that says
 * why it cannot be.
 */
static uint32_t get_key(struct shell_env *env, char *argv[])
{
	size_t len = strlen(argv[1]);

	if (!shell_need_store(env, argv[0]))
		return 0;
	if (len >= 1 && len <= STORE_KEY_MAX)
		return (uint32_t)len;
	shell_printf(env, "%s: the key has %lu bytes: 1 to %u were expected\n", argv[0],
		     (unsigned long)len, STORE_KEY_MAX);
	return 0;
}

/* Says what ERR was about the key in ARGV. */
static int key_failed(struct shell_env *env, char *argv[], int err)
{
	if (err != -ENOENT)
		return shell_failed(env, argv[0], err);
	shell_printf(env, "%s: no such key", argv[0]);
	shell_text_line(env, ": ", argv[1]);
	return -1;
}

/* When WORD seconds from now are over, in *EXPIRY; false after a line that says why not. */
static bool get_expiry(struct shell_env *env, const char *word, int64_t *expiry)
{
	uint64_t seconds;
	int64_t now;

	if (!env->now) {
		shell_printf(env, "put: there is no clock that could end SECONDS\n");
		return false;
	}
	now = env->now(NULL);
	if (now < 0)
		now = 0;
	if (!shell_number(env, "SECONDS", word, 1, (uint64_t)(INT64_MAX - now) / MS_PER_SECOND,
			  &seconds))
		return false;
	*expiry = now + (int64_t)seconds * MS_PER_SECOND;
	return true;
}

static int put_failed(struct shell_env *env, int err, uint32_t content)
{
	struct store_stats stats;

	if (err != -ENOSPC && err != -E2BIG)
		return shell_failed(env, "put", err);
	store_stat(env->store, &stats);
	shell_printf(env,
		     "put: %s: key and value have %" PRIu32 " %s, %" PRIu32 " bytes are free and "
		     "%" PRIu32 " fit now\n",
		     error_text(err), content, bytes_word(content), stats.free_bytes,
		     stats.largest);
	return -1;
}

int cmd_put(struct shell_env *env, int argc, char *argv[])
{
	uint32_t key_len = get_key(env, argv), data_len = (uint32_t)strlen(argv[2]);
	int64_t expiry = STORE_NEVER;
	int err;

	if (!key_len || (argc == 4 && !get_expiry(env, argv[3], &expiry)))
		return -1;
	err = store_put(env->store, argv[1], key_len, argv[2], data_len, NULL, 0, expiry);
	if (err)
		return put_failed(env, err, key_len + data_len);
	shell_printf(env, "put: ");
	shell_word(env, argv[1]);
	shell_printf(env, ", %" PRIu32 " %s\n", data_len, bytes_word(data_len));
	return 0;
}

int cmd_get(struct shell_env *env, int argc, char *argv[])
{
	uint32_t key_len = get_key(env, argv);
	struct store_view view;
	int err;

	(void)argc;
	if (!key_len)
		return -1;
	err = store_get(env->store, argv[1], key_len, &view);
	if (err)
		return key_failed(env, argv, err);
	shell_escaped(env, view.data, view.data_len);
	shell_printf(env, "\n");
	store_release(env->store, &view);
	return 0;
}

int cmd_del(struct shell_env *env, int argc, char *argv[])
{
	uint32_t key_len = get_key(env, argv);
	int err;

	(void)argc;
	if (!key_len)
		return -1;
	err = store_delete(env->store, argv[1], key_len);
	if (err)
		return key_failed(env, argv, err);
	shell_text_line(env, "del: ", argv[1]);
	return 0;
}

struct listing {
	struct shell_env *env;
	int64_t now;
	uint32_t entries;
	uint64_t bytes;
};

static int list_entry(void *ctx, const struct store_view *view)
{
	struct listing *l = ctx;

	l->entries++;
	l->bytes += view->data_len;
	shell_escaped(l->env, view->key, view->key_len);
	shell_printf(l->env, "  %" PRIu32 " %s", view->data_len, bytes_word(view->data_len));
	if (view->expiry > 0) {
		int64_t ms = view->expiry > l->now ? view->expiry - l->now : 0;

		shell_printf(l->env, "  expires in %lld s",
			     (long long)(ms / MS_PER_SECOND + (ms % MS_PER_SECOND != 0)));
	}
	shell_printf(l->env, "\n");
	return 0;
}

int cmd_ls(struct shell_env *env, int argc, char *argv[])
{
	const char *prefix = argc == 2 ? argv[1] : "";
	struct listing l = {.env = env};
	struct store_walk walk = {
		.prefix = prefix,
		.prefix_len = (uint32_t)strlen(prefix),
		.visit = list_entry,
		.ctx = &l,
	};
	int err;

	if (!shell_need_store(env, argv[0]))
		return -1;
	l.now = env->now ? env->now(NULL) : 0;
	if (l.now < 0)
		l.now = 0;
	err = store_process(env->store, &walk);
	if (err)
		return shell_failed(env, argv[0], err);
	shell_printf(env, "%" PRIu32 " %s, %llu %s\n", l.entries, entries_word(l.entries),
		     (unsigned long long)l.bytes, l.bytes == 1 ? "byte" : "bytes");
	return 0;
}

int cmd_stat(struct shell_env *env, int argc, char *argv[])
{
	struct store_stats s;
	int err;

	(void)argc;
	if (!shell_need_store(env, argv[0]))
		return -1;
	err = store_stat(env->store, &s);
	if (err)
		return shell_failed(env, argv[0], err);
	shell_printf(env, "region:       %" PRIu32 " bytes\n", env->store_config->media.size);
	shell_printf(env, "entries:      %" PRIu32 "\n", s.entries);
	shell_printf(env, "used:         %" PRIu32 " bytes\n", s.used_bytes);
	shell_printf(env, "free:         %" PRIu32 " bytes in %" PRIu32 " slots\n", s.free_bytes,
		     s.free_slots);
	shell_printf(env, "largest put:  %" PRIu32 " bytes, key and value together\n", s.largest);
	shell_printf(env, "damaged:      %" PRIu32 " slots kept aside\n", s.quarantined);
	shell_printf(env, "opened:       %" PRIu32 " times since its format\n", s.boots);
	shell_printf(env, "next number:  %llu\n", (unsigned long long)s.next_seq);
	return 0;
}

int cmd_clear(struct shell_env *env, int argc, char *argv[])
{
	uint32_t entries;
	int err;

	(void)argc;
	if (!shell_need_store(env, argv[0]))
		return -1;
	entries = store_size(env->store);
	err = store_clear(env->store);
	if (err)
		return shell_failed(env, argv[0], err);
	shell_printf(env, "clear: %" PRIu32 " %s removed\n", entries, entries_word(entries));
	return 0;
}

int shell_open_store(struct shell_env *env, const char *name)
{
	int err = store_open(env->store, env->store_config);

	/* There was a store a moment ago: the only way to find nothing. */
	env->store_closed = err == -ENODATA
				    ? "its memory does not keep what is written there: is it RAM?"
			    : err ? error_text(err)
				  : NULL;
	if (err) {
		shell_printf(env, "%s: %s\n", name, env->store_closed);
		return -1;
	}
	if (env->share)
		env->share(env->store);
	return 0;
}

static int format(struct shell_env *env)
{
	int err;

	store_close(env->store);
	err = store_format(&env->store_config->media, env->salt());
	if (err) {
		env->store_closed = error_text(err);
		return shell_failed(env, "store format", err);
	}
	if (shell_open_store(env, "store format"))
		return -1;
	shell_printf(env, "store format: the store is open and empty\n");
	return 0;
}

static int format_command(struct shell_env *env, bool yes)
{
	uint32_t entries = store_size(env->store); /* waits for nobody, so it cannot fail */

	if (yes || (!entries && (shell_has_store(env) || !holds_store(env))))
		return format(env);
	shell_printf(env, "store format: not done, ");
	if (entries)
		shell_printf(env, "%" PRIu32 " %s", entries, entries_word(entries));
	else
		shell_printf(env, "there is a store that could not be opened, and its entries");
	shell_printf(env, " would be lost: store format --yes does it all the same\n");
	return -1;
}

int cmd_store(struct shell_env *env, int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(struct shell_env *env, bool yes);
		bool takes_yes;
	} actions[] = {
		{"check", store_check_command, false},
		{"repair", store_repair_command, true},
		{"grow", store_grow_command, false},
		{"format", format_command, true},
#if CONFIG_STAGE
		{"save", store_save_command, false},
#endif
	};
	bool yes = argc == 3;
	size_t i = 0;

	while (i < ARRAY_SIZE(actions) && strcmp(argv[1], actions[i].name))
		i++;
	if (i == ARRAY_SIZE(actions) ||
	    (yes && (!actions[i].takes_yes || strcmp(argv[2], "--yes"))))
		return COMMAND_USAGE;
	if (!env->store || !env->store_config)
		return shell_need_store(env, argv[0]) ? 0 : -1;
	return actions[i].run(env, yes);
}
