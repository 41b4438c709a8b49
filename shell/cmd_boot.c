/* SPDX-License-Identifier: MIT */
/* The command that ends Cairn for something else. */
#include <errno.h>
#include <string.h>

#include "shell/command.h"

/* Whether WORD says something about the images in flash, and is no place. */
static bool about_images(const char *word)
{
	return !strcmp(word, "status") || !strcmp(word, "confirm") || !strcmp(word, "select");
}

int cmd_boot(struct shell_env *env, int argc, char *argv[])
{
	if (argc > 1 && about_images(argv[1]))
		return cmd_images(env, argc, argv);
	if (argc == 3)
		return COMMAND_USAGE;
	if (!env->boot)
		return shell_failed(env, argv[0], -ENODEV);
	shell_printf(env, "boot: %s\n", env->boot(argc == 2 ? argv[1] : NULL));
	return -1;
}
