/* SPDX-License-Identifier: MIT */
/* The images in flash: which there are, that the one that runs is good, which is tried first. */
#include <errno.h>
#include <string.h>

#include "shell/command.h"

#define IMAGE_TEXT_MAX 256

static int failed(struct shell_env *env, const char *what, const char *why)
{
	shell_printf(env, "boot %s: %s\n", what, why);
	return -1;
}

static int status(struct shell_env *env)
{
	char text[IMAGE_TEXT_MAX];
	unsigned i;

	for (i = 0; env->images->describe(i, text, sizeof(text)); i++) {
		shell_printf(env, "image %c", 'A' + (char)i);
		shell_text_line(env, ": ", text);
	}
	return i ? 0 : failed(env, "status", "no images are known");
}

static int confirm(struct shell_env *env)
{
	const char *why = env->images->confirm();

	if (why)
		return failed(env, "confirm", why);
	shell_printf(env, "this image is confirmed\n");
	return 0;
}

static int select_image(struct shell_env *env, const char *name)
{
	const char *why;

	if (strcmp(name, "A") != 0 && strcmp(name, "B") != 0)
		return COMMAND_USAGE;
	why = env->images->select(*name == 'B');
	if (why)
		return failed(env, "select", why);
	shell_printf(env, "image %s is tried first from now on\n", name);
	return 0;
}

int cmd_images(struct shell_env *env, int argc, char *argv[])
{
	if (!env->images)
		return shell_failed(env, argv[0], -ENODEV);
	if (argc == 2 && !strcmp(argv[1], "status"))
		return status(env);
	if (argc == 2 && !strcmp(argv[1], "confirm"))
		return confirm(env);
	if (argc == 3 && !strcmp(argv[1], "select"))
		return select_image(env, argv[2]);
	return COMMAND_USAGE;
}
