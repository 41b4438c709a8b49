/* SPDX-License-Identifier: MIT */
/* The store across the loss of power: a snapshot of it in flash. */
#include <errno.h>

#include "shell/command.h"

int store_save_command(struct shell_env *env, bool yes)
{
	char text[SHELL_PRINTF_MAX - 16] = "this machine has no place for it";
	int err;

	(void)yes;
	if (!shell_need_store(env, "store save"))
		return -1;
	err = env->save ? env->save(text, sizeof(text)) : -ENODEV;
	shell_printf(env, "store save: %s\n", text);
	return err ? -1 : 0;
}
