/* SPDX-License-Identifier: MIT */
/* Faults on purpose, on this core or on another. */
#include <errno.h>
#include <stdio.h>

#include "shell/command.h"

#define KIND_MAX 16

/* What another core is to do. Static, since one that is late goes on with it. */
static struct {
	int (*crash)(const char *kind);
	char kind[KIND_MAX];
} there;

static long crash_there(void *unused)
{
	(void)unused;
	return there.crash(there.kind);
}

/* Has CORE make the fault: what crash() says there in *ERR; false after a line that says why not.
 */
static bool crash_on(struct shell_env *env, unsigned core, const char *kind, int *err)
{
	long result;
	int failed;

	there.crash = env->crash;
	snprintf(there.kind, sizeof(there.kind), "%s", kind);
	failed = env->cores->run(core, crash_there, NULL, &result);
	if (!failed)
		*err = (int)result;
	else if (failed == -ETIMEDOUT)
		shell_printf(env, "crash: core %u gave no answer in time: it is still at it\n",
			     core);
	else if (failed == -EBUSY)
		shell_printf(env, "crash: core %u is still busy with the work of before\n", core);
	else
		shell_printf(env, "crash: core %u is not online\n", core);
	return !failed;
}

int cmd_crash(struct shell_env *env, int argc, char *argv[])
{
	uint64_t core = 0;
	int err = 0;

	if (argc == 3 &&
	    !shell_number(env, "CORE", argv[2], 0, env->cores ? env->cores->max - 1 : 0, &core))
		return -1;
	if (!core)
		err = env->crash(argv[1]);
	else if (!crash_on(env, (unsigned)core, argv[1], &err))
		return -1;
	if (err == -EINVAL)
		shell_printf(env, "crash: expected one of %s\n", env->crash_kinds);
	else if (err)
		return shell_failed(env, argv[0], err);
	else
		shell_printf(env,
			     "crash: nothing came of it: this board does not guard against it\n");
	return -1;
}
