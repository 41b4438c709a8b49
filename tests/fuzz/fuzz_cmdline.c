/* SPDX-License-Identifier: MIT */
/* The input is the command line in the fixed tree. */
#include <libfdt.h>
#include <string.h>

#include "tests/fuzz/fuzz_boot.h"

#define ROOM 65536

static uint64_t tree[ROOM / 8];
static char text[ROOM / 2];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err = fdt_open_into(fuzz_fixed_tree, tree, ROOM);

	if (size > sizeof(text) - 1)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!err)
		err = fdt_setprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", text,
				  (int)size + 1);
	CHECK(!err && !fdt_pack(tree), "the fixed tree has no /chosen: %s", fdt_strerror(err));
	fuzz_put(tree, fdt_totalsize(tree), false);
	fuzz_boot(fuzz_hash(data, size));
	return 0;
}
