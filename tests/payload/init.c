/* SPDX-License-Identifier: MIT */
/*
 * The first process of a Linux that has nothing else: runs the commands of its parameter
 * cairn_test=ARG,ARG;ARG,ARG each with the file /fcs, says how each ended, and resets the board.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16

/* Runs /fcs with the words in LINE, which commas separate. Its exit status. */
static int run(char *line)
{
	char name[] = "/fcs", *argv[ARGS_MAX + 1] = {name};
	int status = -1;
	pid_t child;

	for (int i = 1; i < ARGS_MAX && line; i++)
		argv[i] = strsep(&line, ",");
	child = fork();
	if (!child) {
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	/* Linux makes parameters that it does not know variables of this process. */
	char *commands = getenv("cairn_test"), *command;

	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL))
		perror("init: /dev");
	while (commands && (command = strsep(&commands, ";"))) {
		printf("init: %s\n", command);
		fflush(stdout);
		printf("init: ended with %d\n", run(command));
	}
	printf("init: done\n");
	fflush(stdout);
	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
