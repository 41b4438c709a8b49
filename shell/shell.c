/* SPDX-License-Identifier: MIT */
#include "shell/shell.h"

#include <string.h>

#include "lib/config.h"
#include "shell/command.h"
#include "shell/line.h"
#include "shell/words.h"

/* What is said only of an image that has the part. */
#if CONFIG_STAGE
#define WITH_STAGE(text) text
#else
#define WITH_STAGE(text) ""
#endif
#if CONFIG_OOM
#define WITH_OOM(text) text
#else
#define WITH_OOM(text) ""
#endif

const struct command shell_commands[] = {
	{"help", "[COMMAND]", "lists the commands, or says what one does", 0, 1, cmd_help},
	{"version", "", "which Cairn, on which board, with which device tree", 0, 0, cmd_version},
	{"dmesg", "[-1|-p" WITH_OOM("|-o") "]",
	 "the log; the last boot's; last panic" WITH_OOM(", out of memory"), 0, 1, cmd_dmesg},
	{"bootargs", "", "shows the command line that Cairn was started with", 0, 0, cmd_bootargs},
	{"memblock", "[memory|reserved]", "logs all regions, or lists those of one kind", 0, 1,
	 cmd_memblock},
	{"meminfo", "", "how much memory there is, taken and free", 0, 0, cmd_meminfo},
#if CONFIG_OOM
	{"oom", "tasks|score NAME|adj NAME [V]|score_adj NAME [V]|kill NAME",
	 "who holds memory, and who goes first", 1, 3, cmd_oom},
	{"arena", "[new NAME SIZE [PARENT]|touch NAME BYTES [CORE|all]|free NAME]",
	 "memory that is promised, and comes at a touch", 0, 4, cmd_arena},
#endif
	{"pgtable", "", "what the translation tables map, and how", 0, 0, cmd_pgtable},
	{"memtest", "[ADDR SIZE]", "tests memory that is free, until a key is hit", 0, 2,
	 cmd_memtest},
#if CONFIG_STAGE
	{"loady", "ADDR", "receives a file by YMODEM to free memory", 1, 1, cmd_loady},
#endif
	{"cores", "[test]", "shows the cores, or has all of them use memblock", 0, 1, cmd_cores},
	{"dt", "[PATH|ALIAS]", "shows a node of the device tree", 0, 1, cmd_dt},
	{"md", "ADDR [N]", "shows N 32-bit words of memory (16)", 1, 2, cmd_md},
	{"mw", "ADDR VALUE", "writes a 32-bit word to memory", 2, 2, cmd_mw},
#if CONFIG_STAGE
	{"flash", "info|read ADDR LEN|erase ADDR LEN|write ADDR SRC LEN [--force]",
	 "shows or changes what is in flash", 1, 5, cmd_flash},
#endif
	{"put", "KEY VALUE [SECONDS]", "stores a value, for ever or for some seconds", 2, 3,
	 cmd_put},
	{"get", "KEY", "shows the value of a key", 1, 1, cmd_get},
	{"del", "KEY", "removes a key and its value", 1, 1, cmd_del},
	{"ls", "[PREFIX]", "lists the keys, or those that start with PREFIX", 0, 1, cmd_ls},
	{"stat", "", "how full the store is", 0, 0, cmd_stat},
	{"clear", "", "removes every entry of the store", 0, 0, cmd_clear},
	{"store", "check|repair [--yes]|grow|" WITH_STAGE("save|") "format [--yes]",
	 "finds, mends damage; grows" WITH_STAGE(", saves") "; starts afresh", 1, 2, cmd_store},
	{"stress", "[N|check]", "writes numbered entries until a key is hit", 0, 1, cmd_stress},
#if CONFIG_STAGE
	{"boot", "[ADDR|flash]|status|confirm|select A|B",
	 "enters a zImage; shows, confirms, selects images", 0, 2, cmd_boot},
#endif
	{"crash", "KIND [CORE]", "makes a fault, to see its report", 1, 2, cmd_crash},
	{"reset", "", "starts the board again", 0, 0, cmd_reset},
	{"poweroff", "", "turns the board off", 0, 0, cmd_poweroff},
};
const size_t shell_commands_count = ARRAY_SIZE(shell_commands);

const struct command *shell_find(const char *name)
{
	for (size_t i = 0; i < shell_commands_count; i++)
		if (!strcmp(shell_commands[i].name, name))
			return &shell_commands[i];
	return NULL;
}

static int complain(struct shell_env *env, const char *error)
{
	shell_printf(env, "%s\n", error);
	return -1;
}

/* A line that is wrong anywhere does nothing: its first half alone is not what was meant. */
static int check(struct shell_env *env, const char *line)
{
	struct words w;

	while (*line) {
		const char *error = words_split(&w, &line);

		if (error)
			return complain(env, error);
	}
	return 0;
}

/* 0, or another value after a line that says why. */
static int run_command(struct shell_env *env, struct words *w)
{
	const struct command *command = shell_find(w->word[0]);
	int outcome;

	if (!command)
		return shell_unknown(env, w->word[0]);
	if (w->count <= command->min || w->count > command->max + 1)
		outcome = COMMAND_USAGE;
	else
		outcome = command->run(env, w->count, w->word);
	if (outcome == COMMAND_USAGE)
		shell_usage(env, command);
	return outcome;
}

int shell_run(struct shell_env *env, const char *line)
{
	struct words w;

	if (check(env, line))
		return -1;
	while (*line) {
		const char *error = words_split(&w, &line);

		if (error)
			return complain(env, error);
		if (w.count && run_command(env, &w))
			return -1;
	}
	return 0;
}

void shell_loop(struct shell_env *env)
{
	static struct line line; /* with its history too large for a stack */

	line_init(&line, env->read, env->write, env->ctx);
	while (line_read(&line, "cairn> ") >= 0)
		shell_run(env, line.text);
}
