/* SPDX-License-Identifier: MIT */
/* fcs: a store in a file, on the desk. See docs/fcs.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fcs/commands.h"

static const char help[] =
	"usage: fcs COMMAND [options] ...\n"
	"\n"
	"  run [options] OPS       runs a script of operations, from standard input if OPS is -\n"
	"  ls FILE [PREFIX]        lists entries: bytes, bytes of metadata, expiry, key\n"
	"  get FILE KEY            prints a value\n"
	"  put FILE KEY VALUE|-    writes an entry; -: the value is standard input\n"
	"  del FILE KEY            removes an entry\n"
	"  check FILE              looks for damage, and changes nothing\n"
	"  repair FILE             says what would mend it, or with --yes does it\n"
	"  compact FILE            makes one free slot of all\n"
	"  export FILE             prints all entries as JSON lines\n"
	"  import FILE [FROM|-]    takes in JSON lines, or another store\n"
	"  info FILE               says what FILE is\n"
	"\n"
	"FILE is a plain .dat of Infinispan's single-file store, an image of a region, or a dump "
	"of "
	"RAM\n"
	"that has a region in it. Only run and import make files.\n"
	"\n"
	"Of run:\n"
	"  --file FILE             the store is in this file (default: in memory only)\n"
	"  --max-entries N         the most entries; -1: as many as fit (default)\n"
	"  --policy lru|sieve      which entry goes then (default lru)\n"
	"  --frag F                a free slot is split for a record of at most this part of it\n"
	"                          (default 0.75)\n"
	"Of run and import, where a file is made:\n"
	"  --size BYTES            of the region (default 1M); K M G follow a number\n"
	"  --classic               make a plain .dat\n"
	"Of all, where a file is read:\n"
	"  --classic               a plain .dat, whatever it begins with\n"
	"  --ram-base ADDR         FILE is a dump of RAM from this address on\n"
	"  --at ADDR               the address of the region in it, or its offset\n"
	"Of all but run and import, instead of FILE:\n"
	"  --phys ADDR             the region is in the memory of this computer, through /dev/mem\n"
	"Of single commands:\n"
	"  --hex                   ls, get, put, del: keys and values are hex digits\n"
	"  --meta HEX              put: metadata\n"
	"  --expires MS            put: when it expires, in milliseconds since 1970\n"
	"  --fcs1 OUT              export: write a plain .dat to the file OUT instead\n"
	"  --yes                   repair: do it\n"
	"  --save DIR              repair: what is dropped goes to the folder DIR, and as JSON "
	"lines\n"
	"                          to standard output\n"
	"\n"
	"Exit status: 0; 1 if there is no such entry, if check found problems, or if repair has "
	"more to\n"
	"do; 2 for wrong usage or bad input; 3 if a file or a store cannot be used.\n";

#define WHERE_IN_FILE (OPTION_CLASSIC | OPTION_RAM_BASE | OPTION_AT)
#define WHERE (WHERE_IN_FILE | OPTION_PHYS)

static const struct command {
	const char *name, *args;
	int (*run)(const struct options *o);
	int args_min, args_max;
	unsigned options;
} commands[] = {
	{"ls", "FILE [PREFIX]", cmd_ls, 1, 2, WHERE | OPTION_HEX},
	{"get", "FILE KEY", cmd_get, 2, 2, WHERE | OPTION_HEX},
	{"put", "FILE KEY VALUE|-", cmd_put, 3, 3,
	 WHERE | OPTION_HEX | OPTION_META | OPTION_EXPIRES},
	{"del", "FILE KEY", cmd_del, 2, 2, WHERE | OPTION_HEX},
	{"check", "FILE", cmd_check, 1, 1, WHERE},
	{"repair", "FILE", cmd_repair, 1, 1, WHERE | OPTION_YES | OPTION_SAVE},
	{"compact", "FILE", cmd_compact, 1, 1, WHERE},
	{"export", "FILE", cmd_export, 1, 1, WHERE | OPTION_FCS1},
	{"import", "FILE [FROM|-]", cmd_import, 1, 2, WHERE_IN_FILE | OPTION_SIZE},
	{"info", "FILE", cmd_info, 1, 1, WHERE},
	{"run", "[options] OPS", NULL, 1, 1, RUN_OPTIONS},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	die(STATUS_USAGE, "%s: there is no such command; see fcs --help", clip(name));
}

/* The file is the computer's memory. Options come before arguments by now, so there is a place for
 * one more. */
static void take_physical(struct options *o)
{
	static char memory[] = "/dev/mem";

	if (o->given & WHERE_IN_FILE)
		die(STATUS_USAGE,
		    "--phys: neither --at, --ram-base nor --classic goes with it; see "
		    "fcs --help");
	*--o->args = memory;
	o->arg_count++;
}

/* ARGV has the options and arguments of COMMAND, from 1 on. */
static int run_command(const struct command *command, int argc, char *argv[])
{
	struct options o;

	options_init(&o);
	options_parse(&o, command->options, "", argc, argv);
	if (o.given & OPTION_PHYS)
		take_physical(&o);
	if (o.arg_count < command->args_min || o.arg_count > command->args_max)
		die(STATUS_USAGE, "expected \"fcs %s %s\"; see fcs --help", command->name,
		    command->args);
	return command->run ? command->run(&o) : cmd_run(&o, argc, argv);
}

int main(int argc, char *argv[])
{
	int status = STATUS_OK;

	if (argc < 2)
		die(STATUS_USAGE, "expected a command; see fcs --help");
	if (!strcmp(argv[1], "--help"))
		fputs(help, stdout);
	else
		status = run_command(find_command(argv[1]), argc - 1, argv + 1);
	if (ferror(stdout) | fflush(stdout))
		die(STATUS_ERROR, "standard output: %s", strerror(errno));
	return status;
}
