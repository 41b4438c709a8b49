/* SPDX-License-Identifier: MIT */
/* What the commands share: private to shell/. */
#ifndef CAIRN_SHELL_COMMAND_H
#define CAIRN_SHELL_COMMAND_H

#include "shell/shell.h"

struct task; /* mm/task.h */

/** A command says this, besides 0 and -1, to have its usage line printed; the outcome is -1 then.
 */
#define COMMAND_USAGE 1

struct command {
	const char *name;
	const char *arguments; /**< for the usage line; "" if it takes none */
	const char *help;      /**< one line */
	int min, max;          /**< words it takes behind its name */
	/** argv[0] is the name, argv[argc] NULL; min < argc and argc <= max + 1 hold. */
	int (*run)(struct shell_env *env, int argc, char *argv[]);
};

/** The table of all commands, in the order in which help shows them. */
extern const struct command shell_commands[];
extern const size_t shell_commands_count;

/** The command called NAME, or NULL. */
const struct command *shell_find(const char *name);

/** Writes "usage: NAME ARGUMENTS" and a newline. */
void shell_usage(struct shell_env *env, const struct command *command);

/** Says that there is no command NAME. Returns -1. */
int shell_unknown(struct shell_env *env, const char *name);

#define SHELL_PRINTF_MAX 256 /**< bytes of one shell_printf(); what is longer is cut */

/** printf to the console. What a person or a loader gave goes through shell_escaped() instead. */
void shell_printf(struct shell_env *env, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * Writes LEN bytes of any kind: printable ASCII as it is but '\' as "\\", all else as \xNN, so that
 * it neither moves the cursor nor can be taken for something else.
 */
void shell_escaped(struct shell_env *env, const void *data, size_t len);

/** shell_escaped() for a string; NULL is written as "". */
void shell_word(struct shell_env *env, const char *text);

/** Writes BEFORE as it is, TEXT as shell_word() does, and a newline. */
void shell_text_line(struct shell_env *env, const char *before, const char *text);

/** Writes "NAME: " and what ERR (a negative errno value) means. Returns -1. */
int shell_failed(struct shell_env *env, const char *name, int err);

/**
 * Reads WORD as a number (decimal, 0x and hexadecimal, 0 and octal) from MIN to MAX into *VALUE.
 * Returns false after a sentence about WHAT if it is no number or not in that range.
 */
bool shell_number(struct shell_env *env, const char *what, const char *word, uint64_t min,
		  uint64_t max, uint64_t *value);

/** The same for a size, which a K, M or G may follow as in mem=; at least 1. */
bool shell_size(struct shell_env *env, const char *what, const char *word, uint64_t *value);

/** shell_number() for numbers that may have a '-' in front of them. */
bool shell_signed(struct shell_env *env, const char *what, const char *word, int64_t min,
		  int64_t max, int64_t *value);

/** Says that NAME could not have memory_lock(). */
void shell_lists_in_use(struct shell_env *env, const char *name);

/**
 * Takes memory_lock() for NAME, which is about to walk memblock's lists; memory_unlock() ends it.
 * False after a line of NAME if it cannot be had.
 */
bool shell_lock_memory(struct shell_env *env, const char *name);

/** Takes task_lock() for NAME; task_unlock() ends it. False after a line of NAME if it cannot be
 * had. */
bool shell_lock_tasks(struct shell_env *env, const char *name);

/** The task called WORD, or NULL after a line of NAME. With that lock. */
struct task *shell_find_task(struct shell_env *env, const char *name, const char *word);

/** Removes T, and says what came of it as NAME. 0 or -1. With that lock. */
int shell_remove_task(struct shell_env *env, const char *name, struct task *t);

#define SHELL_ROW 4 /**< words that one shell_row() can show */

/** One line: COUNT words from ADDR on, and their bytes in the order in which they lie there. */
void shell_row(struct shell_env *env, uintptr_t addr, const uint32_t *words, int count);

/**
 * Reserves [base, base + size) for a command. 0, -EFAULT (not all of it is memory that is mapped),
 * -EBUSY (someone has a part of it), -ENOMEM, or -ETIMEDOUT (the lists are in use).
 */
int shell_take_memory(phys_addr_t base, phys_addr_t size);

/** Frees for NAME what shell_take_memory() has reserved; if that cannot be, a line says so. */
void shell_give_back_memory(struct shell_env *env, const char *name, phys_addr_t base,
			    phys_addr_t size);

/** Says that NAME does not use [base, base + size): ERR is why, and who has it. */
void shell_not_taken(struct shell_env *env, const char *name, phys_addr_t base, phys_addr_t size,
		     int err);

/** Whether the store is open. */
bool shell_has_store(const struct shell_env *env);

/** Whether the store may be used; if not, a line of NAME has said why. */
bool shell_need_store(struct shell_env *env, const char *name);

/** Opens the store, which is closed. 0, or -1 after a line of NAME; commands tell why from then on.
 */
int shell_open_store(struct shell_env *env, const char *name);

/*
 * The commands, as struct command has them. All return 0, -1 after a line that says why, or
 * COMMAND_USAGE.
 */
/** Lists all commands, or the usage and help of argv[1]. */
int cmd_help(struct shell_env *env, int argc, char *argv[]);
/** Version, board and where the device tree was found, a line each. */
int cmd_version(struct shell_env *env, int argc, char *argv[]);
/** The log of this boot; with "-1" that of the last one, which is the entry cairn/log; with "-p"
 * the report of the last panic, cairn/panic; with "-o" that of memory that ran out, cairn/oom. */
int cmd_dmesg(struct shell_env *env, int argc, char *argv[]);
/** env->bootargs, escaped. */
int cmd_bootargs(struct shell_env *env, int argc, char *argv[]);
/** argv[2] 32-bit words from argv[1] on, asking env->may_access() before each. */
int cmd_md(struct shell_env *env, int argc, char *argv[]);
/** One 32-bit write, if env->may_access() lets it. */
int cmd_mw(struct shell_env *env, int argc, char *argv[]);
/** env->boot() with argv[1] or NULL, which returns only if it is refused; or cmd_images(). */
int cmd_boot(struct shell_env *env, int argc, char *argv[]);
/** "boot status|confirm|select A|B": the images in flash, that this one is good, which one is
 * first. */
int cmd_images(struct shell_env *env, int argc, char *argv[]);
/** env->crash() with argv[1], on the core argv[2] if that is given. */
int cmd_crash(struct shell_env *env, int argc, char *argv[]);
/** env->reset(), which returns only if it fails. */
int cmd_reset(struct shell_env *env, int argc, char *argv[]);
/** env->poweroff(), which returns only if it fails. */
int cmd_poweroff(struct shell_env *env, int argc, char *argv[]);

/** memblock_dump_all() whatever the console level; or the list argv[1], as Linux's debugfs shows
 * it. */
int cmd_memblock(struct shell_env *env, int argc, char *argv[]);
/** Sums in kB; MemTotal is MemReserved + MemFree + NoMap. */
int cmd_meminfo(struct shell_env *env, int argc, char *argv[]);

/** The tasks and what they hold; the score of one, its oom_score_adj; has it give up what it holds.
 */
int cmd_oom(struct shell_env *env, int argc, char *argv[]);
/** Lists arenas; makes one, with a task for it; touches its pages, on other cores as well; frees
 * it. */
int cmd_arena(struct shell_env *env, int argc, char *argv[]);

/** What the flash is; shows, erases or writes a part of it. "--force" at the end: also where the
 * partitions say no. */
int cmd_flash(struct shell_env *env, int argc, char *argv[]);

/** Tests all free memory, or argv[2] bytes of it at argv[1], and says which words are faulty. */
int cmd_memtest(struct shell_env *env, int argc, char *argv[]);

/** Receives a file by YMODEM over the console to free memory at argv[1], and says how much came. */
int cmd_loady(struct shell_env *env, int argc, char *argv[]);

/** A line for each core; with "test" all of them allocate and free memory at once. */
int cmd_cores(struct shell_env *env, int argc, char *argv[]);
/** What env->pgtable maps, merged by attributes. */
int cmd_pgtable(struct shell_env *env, int argc, char *argv[]);

/** The node at argv[1] (the root) in dtc's words: its properties and its children's names. */
int cmd_dt(struct shell_env *env, int argc, char *argv[]);

/** Stores argv[1] = argv[2], for argv[3] seconds or for ever. */
int cmd_put(struct shell_env *env, int argc, char *argv[]);
/** The value of argv[1], escaped; -1 if there is none. */
int cmd_get(struct shell_env *env, int argc, char *argv[]);
/** Removes argv[1]; -1 if it is not there. */
int cmd_del(struct shell_env *env, int argc, char *argv[]);
/** Keys that start with argv[1], their sizes and expiry, and a total. */
int cmd_ls(struct shell_env *env, int argc, char *argv[]);
/** store_stat(), a line for each number. */
int cmd_stat(struct shell_env *env, int argc, char *argv[]);
/** Removes every entry and says how many. */
int cmd_clear(struct shell_env *env, int argc, char *argv[]);
/** One of those below, or store format: an empty store, with --yes also where entries may be
 * lost. */
int cmd_store(struct shell_env *env, int argc, char *argv[]);

/**
 * Checks what an earlier run left under stress/ and goes on from there, for argv[1] steps or until
 * a byte comes; with "check" it only checks. Each step that was acknowledged is its number on a
 * line.
 */
int cmd_stress(struct shell_env *env, int argc, char *argv[]);

/*
 * Actions of cmd_store(); there is a region. YES: whether --yes was given.
 */
/** What is wrong with the region, a line each, and a verdict; -1 also if there are problems. */
int store_check_command(struct shell_env *env, bool yes);
/** What a repair would do, or with YES the repair; -1 also if there is something left to do. */
int store_repair_command(struct shell_env *env, bool yes);
/** Makes the store as large as its region. */
int store_grow_command(struct shell_env *env, bool yes);
/** env->save() of the open store, and what came of it. */
int store_save_command(struct shell_env *env, bool yes);

#endif
