/* SPDX-License-Identifier: MIT */
/*
 * The input is a device tree. Changes of single bytes mostly leave no tree, so three of four are
 * made to nodes, properties and reservations, and the tree is a whole one again.
 */
#include <libfdt.h>
#include <string.h>

#include "tests/fuzz/fuzz_boot.h"

#define ROOM 65536 /* of a tree while it is changed */
#define VALUE_MAX 1024
#define FDT_FIRST_NAMES 16 /* the version that libfdt can check, see boot/bootdata.c */

/** libFuzzer's own: changes SIZE bytes at DATA as it likes, to at most MAX; returns the new size.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
/** libFuzzer's own: what it calls instead, with a SEED. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static const char *const names[] = {
	"device_type",
	"reg",
	"linux,usable-memory",
	"hotpluggable",
	"status",
	"linux,usable-memory-range",
	"ranges",
	"no-map",
	"reusable",
	"size",
	"alignment",
	"alloc-ranges",
	"compatible",
	"bootargs",
	"linux,initrd-start",
	"#size-cells",
	"#address-cells",
	"linux,initrd-end",
};

#define TEXT(s) s, sizeof(s)
static const struct {
	const char *bytes;
	size_t len;
} texts[] = {
	{TEXT("memory")},   {TEXT("okay")},
	{TEXT("disabled")}, {TEXT("cairn,store")},
	{TEXT("")},         {TEXT("shared-dma-pool")},
	{TEXT("mem=64M")},  {TEXT("cairn.store=1M@0x65000000")},
};

static const uint32_t numbers[] = {
	0,          1,          2,          0x800,      0x1000,     0x2000,
	0x100000,   0x10000000, 0x60000000, 0x60010000, 0x60800000, 0x64000000,
	0x68000000, 0x70000000, 0x80000000, 0xf0000000, 0xfffff000, 0xffffffff,
};

static uint64_t rnd, tree[ROOM / 8];

static uint32_t below(size_t n)
{
	return fuzz_below(&rnd, (uint32_t)n);
}

/* ---- changes; each returns 0, or libfdt's error and the tree as it was ---------------------- */

static int random_node(void)
{
	int node = 0, chosen = 0, depth = 0;

	for (unsigned n = 1; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth))
		if (below(n++) == 0)
			chosen = node;
	return chosen;
}

/* A property of NODE, or an error. */
static int random_property(int node)
{
	int p, chosen = -FDT_ERR_NOTFOUND;
	unsigned n = 1;

	fdt_for_each_property_offset (p, tree, node) {
		if (below(n++) == 0)
			chosen = p;
	}
	return chosen;
}

static uint64_t random_number(void)
{
	uint64_t v = numbers[below(ARRAY_SIZE(numbers))];

	return below(4) ? v : v + 0x1000 * below(0x10000) - below(3);
}

/* Some cells of numbers; their length. */
static size_t random_cells(uint8_t *value)
{
	size_t count = 1 + below(below(8) ? 4 : 48);

	for (size_t i = 0; i < count; i++) {
		fdt32_t v = cpu_to_fdt32((uint32_t)random_number());

		memcpy(value + 4 * i, &v, 4);
	}
	return 4 * count;
}

static int set_property(int node)
{
	const char *name = names[below(ARRAY_SIZE(names))];
	uint8_t value[VALUE_MAX];
	size_t n = below(ARRAY_SIZE(texts));

	if (below(3))
		return fdt_setprop(tree, node, name, value, (int)random_cells(value));
	return fdt_setprop(tree, node, name, texts[n].bytes, (int)texts[n].len);
}

/* Changes a property's bytes, or one cell of them. */
static int change_property(int node)
{
	int len, p = random_property(node);
	const char *name;
	const void *old = fdt_getprop_by_offset(tree, p, &name, &len);
	uint8_t value[VALUE_MAX];
	size_t size;

	if (!old || len > VALUE_MAX)
		return -FDT_ERR_NOTFOUND;
	memcpy(value, old, (size_t)len);
	size = (size_t)len;
	if (len >= 4 && below(2)) {
		fdt32_t v = cpu_to_fdt32((uint32_t)random_number());

		memcpy(value + 4 * below(size / 4), &v, 4);
	} else {
		size = LLVMFuzzerMutate(value, size, VALUE_MAX);
	}
	return fdt_setprop(tree, node, name, value, (int)size);
}

static int delete_something(int node)
{
	const char *name;

	if (below(8) == 0)
		return fdt_del_node(tree, node);
	if (!fdt_getprop_by_offset(tree, random_property(node), &name, NULL))
		return -FDT_ERR_NOTFOUND;
	return fdt_delprop(tree, node, name);
}

/* A new child with a reg, of the root (memory) or of /reserved-memory. */
static int add_node(void)
{
	int parent = below(2) ? 0 : fdt_path_offset(tree, "/reserved-memory"), node;
	static const char digits[] = "0123456789abcdef";
	char name[] = "n@00";
	uint8_t value[VALUE_MAX];

	name[2] = digits[below(16)];
	name[3] = digits[below(16)];
	node = fdt_add_subnode(tree, parent, name);
	if (node < 0)
		return node;
	if (!parent)
		fdt_setprop_string(tree, node, "device_type", "memory");
	return fdt_setprop(tree, node, below(4) || !parent ? "reg" : "size", value,
			   (int)random_cells(value));
}

static int change_memreserve(void)
{
	int count = fdt_num_mem_rsv(tree);

	if (count > 0 && below(4) == 0)
		return fdt_del_mem_rsv(tree, (int)below((size_t)count));
	return fdt_add_mem_rsv(tree, random_number(), random_number());
}

static int change(void)
{
	switch (below(8)) {
	case 0:
		return add_node();
	case 1:
		return change_memreserve();
	case 2:
		return delete_something(random_node());
	case 3:
	case 4:
		return set_property(random_node());
	default:
		return change_property(random_node());
	}
}

/* ---- libFuzzer ------------------------------------------------------------------------------ */

/* Copies what is a good tree, to be changed; false if it is none. */
static bool open_tree(const uint8_t *data, size_t size)
{
	return size >= sizeof(struct fdt_header) && fdt_version(data) >= FDT_FIRST_NAMES &&
	       !fdt_check_full(data, size) && !fdt_open_into(data, tree, ROOM);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	rnd = seed;
	if (below(4) == 0 || !open_tree(data, size))
		return LLVMFuzzerMutate(data, size, max);
	for (uint32_t n = 1 + below(4); n > 0; n--)
		change();
	if (fdt_pack(tree) || fdt_totalsize(tree) > max)
		return LLVMFuzzerMutate(data, size, max);
	memcpy(data, tree, fdt_totalsize(tree));
	return fdt_totalsize(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_put(data, size, false);
	fuzz_boot(fuzz_hash(data, size));
	return 0;
}
