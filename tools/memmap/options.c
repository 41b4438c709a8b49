/* SPDX-License-Identifier: MIT */
#include "tools/memmap/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/cmdline.h"

#define DTB_ALIGN 8 /* a tree that lies otherwise is refused at boot */
#define HINT "; see memmap --help"

static const char help[] =
	"usage: memmap [options] FILE.dtb\n"
	"\n"
	"Shows what Cairn's early allocator makes of a device tree and a command line: what the "
	"boot\n"
	"would say, both lists of memblock, and the map as a picture. Nothing is reserved but what "
	"the\n"
	"tree and the options ask for.\n"
	"\n"
	"  --bootargs S         the command line, in place of the tree's\n"
	"  --phys 32|64         bits of an address (default 64)\n"
	"  --load-addr ADDR     the image is loaded here, which decides where RAM starts (default: "
	"RAM\n"
	"                       starts with the lowest bank)\n"
	"  --image BASE,SIZE    reserve the image\n"
	"  --dtb-at ADDR        reserve the tree, which lies here\n"
	"  --initrd START,END   the loader's initrd; END is the first byte behind it\n"
	"  --atags FILE         a list of ATAGs, at most 16 KiB\n"
	"  --store SIZE[@ADDR]  reserve a store, unless tree or command line say where it goes\n"
	"  --trace              show every call of memblock, as memblock=debug does\n"
	"  --json               print lists and messages as JSON instead of text\n"
	"  --svg OUT            write a picture to the file OUT, too\n"
	"  --help               this text\n"
	"\n"
	"Numbers are decimal, 0x hexadecimal or 0 octal, with K M G T P E behind them (powers of "
	"1024).\n"
	"Exit status: 0; 1 if the tree or another file cannot be used; 2 for wrong usage.\n";

_Noreturn void die(int status, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("memmap: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

uint64_t last_address(unsigned bits)
{
	return bits == 32 ? UINT32_MAX : UINT64_MAX;
}

/* "A<separator>B"; whatever else it is ends the program. */
static void parse_pair(const char *option, const char *text, char separator, const char *expected,
		       uint64_t *a, uint64_t *b)
{
	const char *end;

	if (!cmdline_size(text, a, &end) || *end != separator || !cmdline_size(end + 1, b, &end) ||
	    *end)
		die(2, "--%s %s: expected %s" HINT, option, text, expected);
}

static uint64_t parse_number(const char *option, const char *text, const char *expected)
{
	uint64_t value;
	const char *end;

	if (!cmdline_size(text, &value, &end) || *end)
		die(2, "--%s %s: expected %s" HINT, option, text, expected);
	return value;
}

/* Ends the program unless the address that OPTION gives is one. */
static void check_address(const struct options *o, const char *option, uint64_t address)
{
	if (address > last_address(o->bits))
		die(2, "--%s: 0x%" PRIx64 " is beyond the last address of %u bits, 0x%" PRIx64 HINT,
		    option, address, o->bits, last_address(o->bits));
}

static void check_range(const struct options *o, const char *option, uint64_t base, uint64_t size)
{
	check_address(o, option, base);
	if (!size)
		die(2, "--%s: expected a size above 0" HINT, option);
	if (size - 1 > last_address(o->bits) - base)
		die(2,
		    "--%s: 0x%" PRIx64 " bytes at 0x%" PRIx64
		    " pass the last address of %u bits, 0x%" PRIx64 HINT,
		    option, size, base, o->bits, last_address(o->bits));
}

/* The boot reads the text itself; here it only has to be a size and a place. */
static void check_store(const struct options *o)
{
	uint64_t size, base = 0;
	const char *end;
	bool ok = cmdline_size(o->store, &size, &end);

	if (ok && *end == '@')
		ok = cmdline_size(end + 1, &base, &end);
	if (!ok || *end)
		die(2, "--store %s: expected SIZE[@ADDR] such as 1M@0x9ff00000" HINT, o->store);
	check_range(o, "store", base, size);
}

static void set_image(struct options *o, const char *value)
{
	parse_pair("image", value, ',', "BASE,SIZE such as 0x60010000,256K", &o->image_base,
		   &o->image_size);
	if (!o->image_size)
		die(2, "--image %s: expected a size above 0" HINT, value);
}

static void set_dtb_at(struct options *o, const char *value)
{
	o->dtb_at = parse_number("dtb-at", value, "an address");
	o->has_dtb_at = true;
	if (o->dtb_at % DTB_ALIGN)
		die(2, "--dtb-at %s: expected a multiple of %d, no other is used at boot" HINT,
		    value, DTB_ALIGN);
}

static void set_initrd(struct options *o, const char *value)
{
	parse_pair("initrd", value, ',', "START,END such as 0x62000000,0x62400000",
		   &o->initrd_start, &o->initrd_end);
	o->has_initrd = true;
	if (o->initrd_end <= o->initrd_start)
		die(2, "--initrd %s: expected an end above the start" HINT, value);
}

static void set_load(struct options *o, const char *value)
{
	o->load = parse_number("load-addr", value, "an address");
}

static void set_phys(struct options *o, const char *value)
{
	if (strcmp(value, "32") != 0 && strcmp(value, "64") != 0)
		die(2, "--phys %s: expected 32 or 64" HINT, value);
	o->bits = value[0] == '3' ? 32 : 64;
}

static void set_bootargs(struct options *o, const char *value)
{
	o->bootargs = value;
}

static void set_atags(struct options *o, const char *value)
{
	o->atags = value;
}

static void set_store(struct options *o, const char *value)
{
	o->store = value;
}

static void set_svg(struct options *o, const char *value)
{
	o->svg = value;
}

static void set_trace(struct options *o, const char *value)
{
	(void)value;
	o->trace = true;
}

static void set_json(struct options *o, const char *value)
{
	(void)value;
	o->json = true;
}

static void print_help(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	fputs(help, stdout);
	exit(fflush(stdout) ? 1 : 0);
}

static void (*const setters[])(struct options *o, const char *value) = {
	set_bootargs, set_phys,  set_load, set_image, set_dtb_at, set_initrd,
	set_atags,    set_store, set_svg,  set_trace, set_json,   print_help,
};

/* Each with its place in `setters`, counted from 1: getopt_long() takes equal numbers for synonyms.
 */
static const struct option table[] = {
	{"bootargs", required_argument, NULL, 1},
	{"phys", required_argument, NULL, 2},
	{"load-addr", required_argument, NULL, 3},
	{"image", required_argument, NULL, 4},
	{"dtb-at", required_argument, NULL, 5},
	{"initrd", required_argument, NULL, 6},
	{"atags", required_argument, NULL, 7},
	{"store", required_argument, NULL, 8},
	{"svg", required_argument, NULL, 9},
	{"trace", no_argument, NULL, 10},
	{"json", no_argument, NULL, 11},
	{"help", no_argument, NULL, 12},
	{NULL, 0, NULL, 0},
};

/* They may come in any order, so what depends on the width is looked at when all are known. */
static void check(const struct options *o)
{
	check_address(o, "load-addr", o->load);
	check_address(o, "dtb-at", o->dtb_at);
	if (o->image_size)
		check_range(o, "image", o->image_base, o->image_size);
	if (o->has_initrd)
		check_range(o, "initrd", o->initrd_start, o->initrd_end - o->initrd_start);
	if (o->store)
		check_store(o);
}

void options_parse(struct options *o, int argc, char *argv[])
{
	int c;

	*o = (struct options){.bits = 64};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (c == ':')
			die(2, "%s needs an argument" HINT, argv[optind - 1]);
		if (c == '?' && optopt >= ' ') /* a letter */
			die(2, "-%c: there is no such option" HINT, optopt);
		if (c == '?')
			die(2, "%s: no option, or one that takes no argument" HINT,
			    argv[optind - 1]);
		setters[c - 1](o, optarg);
	}
	if (optind == argc)
		die(2, "expected the file of a device tree" HINT);
	if (optind + 1 < argc)
		die(2, "%s: expected one file only" HINT, argv[optind + 1]);
	o->file = argv[optind];
	check(o);
}
