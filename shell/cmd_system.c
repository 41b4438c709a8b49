/* SPDX-License-Identifier: MIT */
/* Commands about the machine as a whole, and raw memory. */
#include <errno.h>
#include <string.h>

#include "lib/config.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "shell/command.h"

#define MD_DEFAULT 16
#define MD_MAX 65536
#define HELP_COLUMN 28 /* where the list of commands has its explanations */

static void help_line(struct shell_env *env, const struct command *c)
{
	int name = (int)strlen(c->name), room = HELP_COLUMN - name - 2;

	shell_printf(env, "%s %-*s", c->name, room, c->arguments);
	if ((int)strlen(c->arguments) > room)
		shell_printf(env, "\n%*s", HELP_COLUMN - 1, "");
	shell_printf(env, " %s\n", c->help);
}

int cmd_help(struct shell_env *env, int argc, char *argv[])
{
	const struct command *c;

	if (argc == 2) {
		c = shell_find(argv[1]);
		if (!c)
			return shell_unknown(env, argv[1]);
		shell_usage(env, c);
		shell_printf(env, "%s\n", c->help);
		return 0;
	}
	for (size_t i = 0; i < shell_commands_count; i++)
		help_line(env, &shell_commands[i]);
	shell_printf(env, "';' stands between commands; '...', \"...\" and \\ quote as in sh\n");
	return 0;
}

int cmd_version(struct shell_env *env, int argc, char *argv[])
{
	(void)argc;
	(void)argv;
	shell_text_line(env, "", env->version);
	shell_text_line(env, "board: ", env->model ? env->model : "unknown");
	shell_text_line(env, "device tree: ", env->fdt ? env->fdt_source : "none");
	return 0;
}

/* Text of several lines; what else could move the cursor is escaped, as the log does it. */
static void show_lines(struct shell_env *env, const char *text, size_t len)
{
	for (const char *end = text + len; text < end;) {
		size_t n = 0;

		while (text + n < end && (text[n] == '\n' || text[n] == '\t' ||
					  ((unsigned char)text[n] >= ' ' && text[n] != 0x7f)))
			n++;
		if (n)
			env->write(env->ctx, text, n);
		text += n;
		if (text < end)
			shell_escaped(env, text++, 1);
	}
}

static int show_entry(struct shell_env *env, const char *key, const char *missing)
{
	struct store_view view;
	int err;

	if (!shell_need_store(env, "dmesg"))
		return -1;
	err = store_get(env->store, key, (uint32_t)strlen(key), &view);
	if (err == -ENOENT) {
		shell_printf(env, "dmesg: %s: %s is not there\n", missing, key);
		return -1;
	}
	if (err)
		return shell_failed(env, "dmesg", err);
	show_lines(env, view.data, view.data_len);
	if (!view.data_len || ((const char *)view.data)[view.data_len - 1] != '\n')
		env->write(env->ctx, "\n", 1); /* it was not the boot that put it there */
	store_release(env->store, &view);
	return 0;
}

int cmd_dmesg(struct shell_env *env, int argc, char *argv[])
{
	if (argc == 1)
		log_dump(env->write, env->ctx);
	else if (!strcmp(argv[1], "-1"))
		return show_entry(env, "cairn/log", "nothing is left of the last boot's log");
	else if (!strcmp(argv[1], "-p"))
		return show_entry(env, "cairn/panic", "no panic was reported");
	else if (CONFIG_OOM && !strcmp(argv[1], "-o"))
		return show_entry(env, "cairn/oom", "memory never ran out");
	else
		return COMMAND_USAGE;
	return 0;
}

int cmd_bootargs(struct shell_env *env, int argc, char *argv[])
{
	(void)argc;
	(void)argv;
	shell_text_line(env, "", env->bootargs);
	return 0;
}

/* Reads WORD as the address of a 32-bit word. */
static bool get_address(struct shell_env *env, const char *word, uintptr_t *addr)
{
	uint64_t value;

	if (!shell_number(env, "ADDR", word, 0, UINTPTR_MAX, &value))
		return false;
	if (value % 4) {
		shell_printf(env, "ADDR is 0x%llx: a multiple of 4 was expected\n",
			     (unsigned long long)value);
		return false;
	}
	*addr = (uintptr_t)value;
	return true;
}

static int refuse_access(struct shell_env *env, const char *name, uintptr_t addr, int err)
{
	shell_printf(env, "%s: not 0x%0*" PRIxPTR ": %s\n", name, (int)sizeof(addr) * 2, addr,
		     error_text(err));
	return -1;
}

void shell_row(struct shell_env *env, uintptr_t addr, const uint32_t *words, int count)
{
	char text[SHELL_ROW * 4 + 1];

	shell_printf(env, "%0*" PRIxPTR ":", (int)sizeof(addr) * 2, addr);
	for (int i = 0; i < SHELL_ROW; i++) {
		if (i < count)
			shell_printf(env, " %08" PRIx32, words[i]);
		else
			shell_printf(env, "%9s", "");
	}
	for (int i = 0; i < count * 4; i++) {
		char c = (char)(words[i / 4] >> i % 4 * 8);

		text[i] = c >= ' ' && c < 0x7f ? c : '.';
	}
	text[count * 4] = '\0';
	shell_printf(env, "  %s\n", text);
}

int cmd_md(struct shell_env *env, int argc, char *argv[])
{
	uint32_t words[SHELL_ROW];
	uint64_t limit, left;
	uintptr_t addr;
	int err = 0;

	if (!get_address(env, argv[1], &addr))
		return -1;
	limit = (UINTPTR_MAX - addr) / 4 + 1; /* words up to the end of the address space */
	if (limit > MD_MAX)
		limit = MD_MAX;
	left = limit < MD_DEFAULT ? limit : MD_DEFAULT;
	if (argc == 3 && !shell_number(env, "N", argv[2], 1, limit, &left))
		return -1;
	while (left && !err) {
		uintptr_t row = addr;
		int count = 0;

		for (; count < SHELL_ROW && left; addr += 4, left--) {
			err = env->may_access(addr, false);
			if (err)
				break;
			words[count++] = *(volatile uint32_t *)addr;
		}
		if (count)
			shell_row(env, row, words, count);
	}
	return err ? refuse_access(env, argv[0], addr, err) : 0;
}

int cmd_mw(struct shell_env *env, int argc, char *argv[])
{
	uintptr_t addr;
	uint64_t value;
	int err;

	(void)argc;
	if (!get_address(env, argv[1], &addr) ||
	    !shell_number(env, "VALUE", argv[2], 0, UINT32_MAX, &value))
		return -1;
	err = env->may_access(addr, true);
	if (err)
		return refuse_access(env, argv[0], addr, err);
	*(volatile uint32_t *)addr = (uint32_t)value;
	return 0;
}

int cmd_reset(struct shell_env *env, int argc, char *argv[])
{
	(void)argc;
	return shell_failed(env, argv[0], env->reset());
}

int cmd_poweroff(struct shell_env *env, int argc, char *argv[])
{
	(void)argc;
	return shell_failed(env, argv[0], env->poweroff());
}
