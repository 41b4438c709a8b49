/* SPDX-License-Identifier: MIT */
/* The command that ends Cairn for something else. */
#include <errno.h>

#include "shell/command.h"

int cmd_boot(struct shell_env *env, int argc, char *argv[])
{
	if (!env->boot)
		return shell_failed(env, argv[0], -ENODEV);
	shell_printf(env, "boot: %s\n", env->boot(argc == 2 ? argv[1] : NULL));
	return -1;
}
