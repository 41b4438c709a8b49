/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* asprintf(), renameat2() */
#include "tools/fcs/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fcs/options.h"
#include "tools/fcs/text.h"

static char *volatile unfinished; /* the name of a file to be removed if the program ends */

static void remove_unfinished(void)
{
	if (unfinished)
		unlink(unfinished);
}

static void remove_at_signal(int number)
{
	remove_unfinished();
	signal(number, SIG_DFL);
	raise(number);
}

static void remove_at_end(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

	atexit(remove_unfinished);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signal(signals[i], remove_at_signal) == SIG_IGN)
			signal(signals[i], SIG_IGN); /* as nohup wants it */
}

int temp_open(const char *target, unsigned mode, char **temp)
{
	static bool registered;
	int fd;

	if (!registered)
		remove_at_end();
	registered = true;
	if (asprintf(temp, "%s.XXXXXX", target) < 0)
		die(STATUS_ERROR, "%s: %s", target, strerror(errno));
	fd = mkstemp(*temp);
	if (fd < 0)
		die(STATUS_ERROR, "%s: cannot write a new file beside it: %s", target,
		    strerror(errno));
	unfinished = *temp;
	if (fchmod(fd, mode))
		die(STATUS_ERROR, "%s: %s", target, strerror(errno));
	return fd;
}

/* Renames FROM to TO, which must not be there. 0, or -1 and errno. */
static int rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL) /* it is what NFS, among others, says to the flag */
		return -1;
	return link(from, to) ? -1 : unlink(from);
}

void temp_finish(int fd, char **temp, const char *target, bool replace)
{
	char *copy = strcpy(grow(NULL, strlen(target) + 1), target);
	int dir;

	if (fsync(fd) || (replace ? rename : rename_new)(*temp, target))
		die(STATUS_ERROR, "%s: %s", target,
		    errno == EEXIST ? "something has this name by now, and stays as it is"
				    : strerror(errno));
	unfinished = NULL;
	free(*temp);
	*temp = NULL;
	dir = open(dirname(copy), O_RDONLY | O_DIRECTORY);
	if (dir >= 0) { /* some file systems cannot do it, and need not */
		fsync(dir);
		close(dir);
	}
	free(copy);
}

void temp_write(int fd, const void *data, size_t len, const char *path)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			die(STATUS_ERROR, "%s: %s", path, strerror(errno));
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

unsigned default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

char *resolve_path(const char *path)
{
	char *resolved = realpath(path, NULL);

	return resolved ? resolved : strcpy(grow(NULL, strlen(path) + 1), path);
}

bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool file_has(const char *path, const void *data, size_t len)
{
	struct bytes b = {0};
	struct stat st;
	FILE *f;
	bool same;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size != len)
		return false;
	f = fopen(path, "r");
	same = f && bytes_read(&b, f) && b.len == len && !memcmp(b.at, data, len);
	if (f)
		fclose(f);
	bytes_free(&b);
	return same;
}

static void write_file(const char *path, const void *data, size_t len, bool replace)
{
	char *target = resolve_path(path), *temp;
	int fd = temp_open(target, default_mode(), &temp);

	temp_write(fd, data, len, path);
	temp_finish(fd, &temp, target, replace);
	close(fd);
	free(target);
}

void write_whole_file(const char *path, const void *data, size_t len)
{
	write_file(path, data, len, true);
}

void write_new_file(const char *path, const void *data, size_t len)
{
	write_file(path, data, len, false);
}

void temp_drop(char **temp)
{
	if (!*temp)
		return;
	unlink(*temp);
	unfinished = NULL;
	free(*temp);
	*temp = NULL;
}
