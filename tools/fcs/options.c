/* SPDX-License-Identifier: MIT */
#include "tools/fcs/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/cmdline.h"

#define HINT "; see fcs --help"

_Noreturn void die(int status, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("fcs: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

bool parse_signed(const char *text, int64_t *value)
{
	char *end;
	long long n;

	/* strtoll() would skip white space. */
	if (*text != '-' && (*text < '0' || *text > '9'))
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	*value = n;
	return end != text && !*end && !errno;
}

static uint64_t parse_number(const char *where, const char *option, const char *text,
			     const char *expected)
{
	uint64_t value;
	const char *end;

	if (!cmdline_size(text, &value, &end) || *end)
		die(STATUS_USAGE, "%s--%s %s: expected %s" HINT, where, option, text, expected);
	return value;
}

static void set_file(struct options *o, const char *where, const char *value)
{
	(void)where;
	o->file = value;
}

static void set_max_entries(struct options *o, const char *where, const char *value)
{
	int64_t n;

	if (!parse_signed(value, &n) || n < -1 || n == 0 || n > STORE_ENTRIES_MAX)
		die(STATUS_USAGE,
		    "%s--max-entries %s: expected 1 to %u, or -1 for as many as fit" HINT, where,
		    value, STORE_ENTRIES_MAX);
	o->max_entries = n < 0 ? 0 : (uint32_t)n;
}

static void set_frag(struct options *o, const char *where, const char *value)
{
	char *end;

	o->frag = strtof(value, &end);
	if (end == value || *end || !(o->frag > 0) || o->frag > 1)
		die(STATUS_USAGE, "%s--frag %s: expected a number above 0, at most 1" HINT, where,
		    value);
}

static void set_policy(struct options *o, const char *where, const char *value)
{
	if (strcmp(value, "lru") != 0 && strcmp(value, "sieve") != 0)
		die(STATUS_USAGE, "%s--policy %s: expected lru or sieve" HINT, where, value);
	o->policy = value[0] == 'l' ? STORE_LRU : STORE_SIEVE;
}

static void set_classic(struct options *o, const char *where, const char *value)
{
	(void)where;
	(void)value;
	o->classic = true;
}

static void set_size(struct options *o, const char *where, const char *value)
{
	uint64_t size = parse_number(where, "size", value, "a size such as 1M");

	if (size < STORE_REGION_MIN || size > STORE_REGION_MAX || size % STORE_REGION_ALIGN)
		die(STATUS_USAGE, "%s--size %s: expected a multiple of 4K from 8K to 1G" HINT,
		    where, value);
	o->size = (uint32_t)size;
}

static void set_ram_base(struct options *o, const char *where, const char *value)
{
	o->ram_base = parse_number(where, "ram-base", value, "an address");
	if (o->ram_base % STORE_REGION_ALIGN)
		die(STATUS_USAGE, "%s--ram-base %s: expected a multiple of 4096" HINT, where,
		    value);
}

static void set_at(struct options *o, const char *where, const char *value)
{
	o->at = parse_number(where, "at", value, "an address, or an offset in the file");
}

static void set_hex(struct options *o, const char *where, const char *value)
{
	(void)where;
	(void)value;
	o->hex = true;
}

static void set_meta(struct options *o, const char *where, const char *value)
{
	(void)where;
	o->meta = value;
}

static void set_expires(struct options *o, const char *where, const char *value)
{
	if (!parse_signed(value, &o->expires))
		die(STATUS_USAGE, "%s--expires %s: expected milliseconds since 1970" HINT, where,
		    value);
}

static void set_fcs1(struct options *o, const char *where, const char *value)
{
	(void)where;
	o->fcs1 = value;
}

static void set_yes(struct options *o, const char *where, const char *value)
{
	(void)where;
	(void)value;
	o->yes = true;
}

static void set_save(struct options *o, const char *where, const char *value)
{
	(void)where;
	o->save = value;
}

static void set_phys(struct options *o, const char *where, const char *value)
{
	o->phys = parse_number(where, "phys", value, "an address");
	if (o->phys % STORE_REGION_ALIGN)
		die(STATUS_USAGE, "%s--phys %s: expected a multiple of 4096" HINT, where, value);
}

/* In the order of their OPTION_ bits. */
static void (*const setters[])(struct options *o, const char *where, const char *value) = {
	set_file,    set_max_entries, set_frag, set_policy, set_classic,
	set_size,    set_ram_base,    set_at,   set_hex,    set_meta,
	set_expires, set_fcs1,        set_yes,  set_save,   set_phys,
};

/* Each with its place in `setters`, counted from 1: 0 would be a flag of getopt_long() to set. */
static const struct option table[] = {
	{"file", required_argument, NULL, 1},
	{"max-entries", required_argument, NULL, 2},
	{"frag", required_argument, NULL, 3},
	{"policy", required_argument, NULL, 4},
	{"classic", no_argument, NULL, 5},
	{"size", required_argument, NULL, 6},
	{"ram-base", required_argument, NULL, 7},
	{"at", required_argument, NULL, 8},
	{"hex", no_argument, NULL, 9},
	{"meta", required_argument, NULL, 10},
	{"expires", required_argument, NULL, 11},
	{"fcs1", required_argument, NULL, 12},
	{"yes", no_argument, NULL, 13},
	{"save", required_argument, NULL, 14},
	{"phys", required_argument, NULL, 15},
	{NULL, 0, NULL, 0},
};

void options_init(struct options *o)
{
	*o = (struct options){.frag = 0.75F, .size = MIB(1), .expires = STORE_NEVER};
}

void options_parse(struct options *o, unsigned allowed, const char *where, int argc, char *argv[])
{
	int c;

	opterr = 0;
	optind = 0; /* from the start, whatever was parsed before */
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (c == ':')
			die(STATUS_USAGE, "%s%s needs an argument" HINT, where, argv[optind - 1]);
		if (c == '?' && optopt >= ' ') /* a letter */
			die(STATUS_USAGE, "%s-%c: there is no such option" HINT, where, optopt);
		if (c == '?')
			die(STATUS_USAGE, "%s%s: no option, or one that takes no argument" HINT,
			    where, argv[optind - 1]);
		if (!(allowed & 1U << (c - 1)))
			die(STATUS_USAGE, "%s--%s: not an option here" HINT, where,
			    table[c - 1].name);
		setters[c - 1](o, where, optarg);
		o->given |= 1U << (c - 1);
	}
	o->args = argv + optind;
	o->arg_count = argc - optind;
}
