/* SPDX-License-Identifier: MIT */
/*
 * The commands of fcs. Each returns the exit status, with its output in stdout, or ends the program
 * with a line and a status. args of *O has what its usage says, in the number that it says.
 */
#ifndef CAIRN_TOOLS_FCS_COMMANDS_H
#define CAIRN_TOOLS_FCS_COMMANDS_H

#include "tools/fcs/file.h"
#include "tools/fcs/options.h"
#include "tools/fcs/text.h"

/** The options of "run". */
#define RUN_OPTIONS (RUN_LINE_OPTIONS | OPTION_FILE | OPTION_AT | OPTION_RAM_BASE)

/** Those that it accepts in the first line of its script: what a store is like, and not where it
 * is. */
#define RUN_LINE_OPTIONS \
	(OPTION_MAX_ENTRIES | OPTION_FRAG | OPTION_POLICY | OPTION_CLASSIC | OPTION_SIZE)

/** Runs a script. ARGC and ARGV are those that *O comes from: they count once more, after it. */
int cmd_run(struct options *o, int argc, char *argv[]);

/** A line for each entry that is not expired. */
int cmd_ls(const struct options *o);

/** The value of a key. */
int cmd_get(const struct options *o);

/** Writes an entry. */
int cmd_put(const struct options *o);

/** Removes an entry. */
int cmd_del(const struct options *o);

/** Moves all that is free to the end. */
int cmd_compact(const struct options *o);

/** What there is to say about a file. */
int cmd_info(const struct options *o);

/** Looks at every byte that means something, without recovery. */
int cmd_check(const struct options *o);

/** Mends what can be mended and drops what cannot, or says what it would do. */
int cmd_repair(const struct options *o);

/** Everything as JSON lines, or as a plain .dat. */
int cmd_export(const struct options *o);

/** Takes JSON lines, or all of another store, into one. */
int cmd_import(const struct options *o);

/** Ends the program after the store has refused WHAT with ERR. */
_Noreturn void die_store(const struct store *s, const char *path, const char *what, int err);

/** The key or value that the argument WORD is: its bytes, or with --hex what its digits say. */
struct bytes argument(const struct options *o, const char *word);

/** Milliseconds since 1970, as they were when it was first asked. */
const int64_t *wall_clock(void);

#endif
