/* SPDX-License-Identifier: MIT */
/*
 * The shell: commands for the person at the console.
 *
 * It knows no device: how to read a key, write text, reset and so on comes in struct shell_env,
 * which boot fills in. A line is split into commands at ';' and into words as a POSIX shell does
 * (single quotes, double quotes, backslash). Each command is a function in a cmd_*.c file.
 */
#ifndef CAIRN_SHELL_SHELL_H
#define CAIRN_SHELL_SHELL_H

#include "lib/flash.h"
#include "lib/types.h"
#include "mm/pgtable.h"
#include "store/store.h"

#define SHELL_LINE_MAX 512 /**< longest line, without its end */
#define SHELL_WORDS_MAX 32 /**< words in one command, the command's name included */
#define SHELL_HISTORY 16   /**< lines that the up arrow finds again */

/** The cores and what they do for the shell; see boot/cores.h. */
struct shell_cores {
	unsigned max; /**< core numbers are below */
	/** Writes what CORE is doing to TEXT; false if there is none of that number. */
	bool (*describe)(unsigned core, char *text, size_t size);
	/** Gives CORE a job. 0, or a negative errno value: it takes none. */
	int (*give)(unsigned core, long (*fn)(void *arg), void *arg);
	/** Waits at most MS milliseconds for the job's result. 0 or -ETIMEDOUT. */
	int (*wait)(unsigned core, uint32_t ms, long *result);
	/** Has CORE, or this core itself, run FN and waits for its *RESULT. 0, or as above. */
	int (*run)(unsigned core, long (*fn)(void *arg), void *arg, long *result);
};

/** Images A and B of the flash, as 0 and 1; see boot/images.h. */
struct shell_images {
	/** Writes what is known of IMAGE to TEXT; false if there is none of that number. */
	bool (*describe)(unsigned image, char *text, size_t size);
	/** Marks that the one that runs has come up. NULL, or a clause that says why not. */
	const char *(*confirm)(void);
	/** Has IMAGE tried first from now on. NULL, or a clause that says why not. */
	const char *(*select)(unsigned image);
	/** Whether the board starts from the partition NAME: the selector's, or that of the image
	 * that runs. */
	bool (*starts_board)(const char *name);
};

/** What the shell works on. Pointers stay the caller's and must outlive the shell. */
struct shell_env {
	/** Writes LEN bytes to the console; '\n' is written as is (the console adds '\r'). */
	void (*write)(void *ctx, const char *text, size_t len);
	/** Waits until all that was written is to be seen. NULL: it always is. */
	void (*drain)(void *ctx);
	/** Waits for a byte from the console and returns it (0..255); -1: no more will come. */
	int (*read)(void *ctx);
	/** A byte that has come, else a negative value: it does not wait. */
	int (*typed)(void *ctx);
	void *ctx;

	const char *version;    /**< of Cairn, one line */
	const char *model;      /**< of the board */
	const char *bootargs;   /**< the command line as it came */
	const void *fdt;        /**< the device tree, checked; NULL: none */
	const char *fdt_source; /**< where it was found, in words */

	struct store *store;                     /**< open or not */
	const struct store_config *store_config; /**< NULL: there is no region for a store */
	const char *store_closed; /**< why it is not open, one sentence; NULL if it is */
	/** Called with a store that was opened, so that other cores may use it. May be NULL. */
	void (*share)(struct store *s);
	uint32_t (*salt)(void);    /**< a number that differs each time, for a format */
	int64_t (*now)(void *ctx); /**< wall clock in ms, called with NULL; NULL: none */

	/** Hands the machine over to the payload at WHERE, an address or "flash", or, if that is
	 * NULL, to the one that the command line names. Returns only if it is refused: a sentence
	 * that says why.
	 */
	const char *(*boot)(const char *where);
	/** Both return only if they fail, with a negative errno value. */
	int (*reset)(void);
	int (*poweroff)(void);
	/** Makes a fault of KIND: comes back with 0 if nothing came of it, -EINVAL if it is none of
	 * CRASH_KINDS, a text for people, or another negative errno value. */
	int (*crash)(const char *kind);
	const char *crash_kinds;
	/** 0, or a negative errno value: whether a 32-bit read or write of ADDR may be tried. */
	int (*may_access)(uintptr_t addr, bool write);
	const struct pgtable *pgtable; /**< the translation tables in use; NULL: none */
	/** Writes LEN bytes at PTR back from the caches and drops them there; NULL: no caches. */
	void (*flush)(const void *ptr, size_t len);
	/** Who has memory in [base, base + size), which is reserved, in words; NULL: unknown. */
	const char *(*holder)(phys_addr_t base, phys_addr_t size);
	const struct shell_cores *cores; /**< NULL: there is one core, and nothing known of it */
	/** Saves the store in flash. 0 or a negative errno value, and TEXT, of SIZE bytes, says
	 * what came of it. NULL: it cannot be. */
	int (*save)(char *text, size_t size);
	struct flash *flash;               /**< NULL: there is none */
	const struct shell_images *images; /**< NULL: there are none */
	/** Bytes of the heap in use and in all, for meminfo. NULL: no heap. */
	size_t (*heap_used)(void);
	size_t (*heap_size)(void);
};

/**
 * Runs every command in LINE, which may be longer than SHELL_LINE_MAX if no one command of it is.
 * Returns 0, or -1 after a sentence on the console: if quotes or words are wrong anywhere in the
 * line nothing of it is run; if a command is not known or fails, what is behind it is not.
 */
int shell_run(struct shell_env *env, const char *line);

/**
 * Prompts, reads lines and runs them until env->read() returns -1. There is one line editor: one
 * call at a time.
 */
void shell_loop(struct shell_env *env);

#endif
