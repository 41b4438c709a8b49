/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "shell/command.h"

int cmd_crash(struct shell_env *env, int argc, char *argv[])
{
	int err;

	(void)argc;
	err = env->crash(argv[1]);
	if (err == -EINVAL)
		shell_printf(env, "crash: expected one of %s\n", env->crash_kinds);
	else if (err)
		return shell_failed(env, argv[0], err);
	else
		shell_printf(env,
			     "crash: nothing came of it: this board does not guard against it\n");
	return -1;
}
