/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of the system under it. There are no files and no processes, so all of it says
 * no; memory comes from mm/heap.c.
 */
#include <errno.h>
#include <sys/stat.h>

#include "boot/exception.h"

int _close(int fd);
int _fstat(int fd, struct stat *st);
int _isatty(int fd);
int _lseek(int fd, int offset, int whence);
int _read(int fd, char *buf, int len);
int _write(int fd, const char *buf, int len);
int _getpid(void);
int _kill(int pid, int sig);
void _exit(int status);
void __stack_chk_fail(void);

int _close(int fd)
{
	(void)fd;
	errno = EBADF;
	return -1;
}

int _fstat(int fd, struct stat *st)
{
	(void)st;
	return _close(fd);
}

int _isatty(int fd)
{
	_close(fd);
	return 0;
}

int _lseek(int fd, int offset, int whence)
{
	(void)offset;
	(void)whence;
	return _close(fd);
}

int _read(int fd, char *buf, int len)
{
	(void)buf;
	(void)len;
	return _close(fd);
}

int _write(int fd, const char *buf, int len)
{
	(void)buf;
	(void)len;
	return _close(fd);
}

int _getpid(void)
{
	return 1;
}

int _kill(int pid, int sig)
{
	(void)pid;
	panic("abort (signal %d)", sig);
}

void _exit(int status)
{
	panic("exit (status %d)", status);
}
