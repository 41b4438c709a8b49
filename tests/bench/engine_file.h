/* SPDX-License-Identifier: MIT */
/*
 * A file in memory, for the engines that need one; nothing of it is left when the program ends.
 * To be included first.
 */
#ifndef CAIRN_TESTS_BENCH_ENGINE_FILE_H
#define CAIRN_TESTS_BENCH_ENGINE_FILE_H

#define _GNU_SOURCE /* memfd_create() */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int engine_file = -1;

/** The file's name. */
static inline const char *engine_file_name(void)
{
	static char name[32];

	if (engine_file < 0)
		engine_file = memfd_create("bench-store", 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", engine_file);
	return name;
}

/** Removes the file. */
static inline void engine_file_remove(void)
{
	close(engine_file);
	engine_file = -1;
}

#endif
