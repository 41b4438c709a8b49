/* SPDX-License-Identifier: MIT */
/*
 * The files that hold a store, of three kinds that are told apart by looking: a plain .dat as the
 * Java class writes it, a region image, and a dump of RAM that has a region somewhere.
 *
 * A region is mapped: what the store writes is in the file at once, in the order that keeps it
 * whole when fcs is killed. A .dat is loaded, and replaced as a whole by file_save(). To read, the
 * mapping is a private one: recovery works, and the file stays as it is.
 *
 * What goes wrong ends the program with a line and a status of 3.
 */
#ifndef CAIRN_TOOLS_FCS_FILE_H
#define CAIRN_TOOLS_FCS_FILE_H

#include "store/store.h"
#include "tools/fcs/options.h"

enum file_kind {
	FILE_CLASSIC, /**< a plain .dat */
	FILE_REGION,  /**< a region from the first byte on */
	FILE_DUMP,    /**< RAM */
};

struct file {
	const char *path; /**< NULL: in memory only */
	enum file_kind kind;
	uint8_t *base;      /**< of the .dat or the region */
	uint32_t size;      /**< of the region; how large the .dat may become */
	uint32_t file_size; /**< of the .dat */
	uint64_t offset;    /**< of the region in the file */
	uint64_t address;   /**< of the region: offset and --ram-base */
	bool change;        /**< whether it is open to be changed */
	bool quiet;         /**< lines of the store are not shown */

	/* Private. */
	const int64_t *clock;
	int fd;
	uint64_t place; /* of what is mapped, in what FD has */
	bool is_memory; /* of the computer: what is written is there at once */
	void *map;
	size_t map_size;
	unsigned mode;
	char *target; /* the path without symbolic links */
	char *temp;   /* the name that it has until file_save() */
};

/**
 * Opens PATH and finds the store in it, of which O says more: ram_base, at, classic. To CHANGE it,
 * or to read; with o->phys, of the region there, and PATH is /dev/mem. Nobody else has it open to
 * change it then, as far as they ask (flock).
 */
void file_open(struct file *f, const char *path, const struct options *o, bool change);

/**
 * Makes *COPY of *F, a region, as it is now: what is done there does not reach the file. It must be
 * closed before *F is changed. QUIET: lines of the store are not shown.
 */
void file_copy(struct file *copy, const struct file *f, bool quiet);

/**
 * A new store of O's size and kind, in memory if PATH is NULL. There is no file of that name before
 * file_save().
 */
void file_new(struct file *f, const char *path, const struct options *o);

/** file_open() to change if there is such a file, else file_new(). */
void file_open_or_new(struct file *f, const char *path, const struct options *o);

/**
 * What is in memory goes to the file, whose size is FILE_SIZE from now on if it is a .dat. A new
 * file gets its name now: that there is one by then is an error.
 */
void file_save(struct file *f, uint32_t file_size);

/** Ends the use of *F. What is only in memory is lost. */
void file_close(struct file *f);

/** Whether PATH is a file with a store, as file_open() would find it. */
bool file_holds_store(const char *path, const struct options *o);

/** "plain .dat", "region image", "RAM dump". */
const char *file_kind_name(const struct file *f);

/**
 * Opens the store in *F with the bounds of O. The time is *CLOCK, in ms since 1970; nothing expires
 * if CLOCK is NULL. Lines of the store go to stderr, those about a copy with a word of it. What
 * store_open() returns.
 */
int file_open_store(struct store *s, struct file *f, const struct options *o, const int64_t *clock);

/** file_open_store(), or the end of the program. */
void file_must_open_store(struct store *s, struct file *f, const struct options *o,
			  const int64_t *clock);

#endif
