/* SPDX-License-Identifier: MIT */
/*
 * Files that take their name when they are complete, so that there is the old file or the new one
 * whatever happens. What goes wrong ends the program with a line and a status of 3.
 */
#ifndef CAIRN_TOOLS_FCS_REPLACE_H
#define CAIRN_TOOLS_FCS_REPLACE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Makes a file beside TARGET; returns its descriptor, and its name in *TEMP. It is removed if the
 * program ends before temp_finish(), also by Ctrl-C; there is at most one such file at a time.
 */
int temp_open(const char *target, unsigned mode, char **temp);

/** Writes LEN bytes to FD; messages are about PATH. */
void temp_write(int fd, const void *data, size_t len, const char *path);

/**
 * The file behind FD takes the name TARGET instead of *TEMP, which is freed. A file of that name is
 * replaced, or without REPLACE it is an error if there is one by now.
 */
void temp_finish(int fd, char **temp, const char *target, bool replace);

/** Removes the file *TEMP and frees the name; no effect if it is NULL. */
void temp_drop(char **temp);

/** Writes the LEN bytes at DATA to the file PATH, through such a file. */
void write_whole_file(const char *path, const void *data, size_t len);

/** The same, but something that has this name already is an error. */
void write_new_file(const char *path, const void *data, size_t len);

/** Whether the file PATH is there, and has the LEN bytes at DATA and no others. */
bool file_has(const char *path, const void *data, size_t len);

/** PATH without symbolic links, which a rename would replace; to be freed. */
char *resolve_path(const char *path);

/** Whether both are names of one file that is there. */
bool same_file(const char *a, const char *b);

/** The permissions of a new file. */
unsigned default_mode(void);

#endif
