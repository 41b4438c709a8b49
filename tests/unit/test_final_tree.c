/* SPDX-License-Identifier: MIT */
/*
 * The tree that a payload gets, read by libfdt. Random trees are compared property by property with
 * what they were, and with the rules in boot/final_tree.h told once more.
 */
#include "boot/final_tree.h"
#include "tests/unit/boot_test.h"

#define TREES 3000U
#define TEXT_MAX (1U << 20)

static struct final_tree ask;
static void *made;
static const char *store_node; /* that gave the store its place */

/* Writes the tree of `ask` from boot.fdt into memory of exactly its room, so that a byte written
 * behind that is seen. */
static int write_tree(void)
{
	ask.from = boot.fdt;
	ask.store_node = store_node ? fdt_path_offset(boot.fdt, store_node) : -1;
	if (store_node)
		assert_int_equal(
			final_tree_node(boot.fdt, fdt_get_name(boot.fdt, ask.store_node, NULL)),
			ask.store_node);
	free(made);
	made = malloc(final_tree_room(&ask));
	assert_non_null(made);
	return final_tree_write(&ask, made);
}

static void write_good(void)
{
	assert_int_equal(write_tree(), 0);
	assert_true(fdt_totalsize(made) <= final_tree_room(&ask));
	assert_int_equal(fdt_check_full(made, fdt_totalsize(made)), 0);
}

static int setup(void **state)
{
	ask = (struct final_tree){.bootargs = "quiet"};
	store_node = NULL;
	return boot_test_setup(state);
}

static int teardown(void **state)
{
	free(made);
	made = NULL;
	return boot_test_teardown(state);
}

/* ---- what is in it -------------------------------------------------------------------------- */

static const uint8_t *bytes_of(const char *path, const char *name, int *len)
{
	int node = fdt_path_offset(made, path);
	const void *p;

	if (node < 0)
		print_error("%s: %s\n", path, fdt_strerror(node));
	assert_true(node >= 0);
	p = fdt_getprop(made, node, name, len);
	if (!p)
		print_error("%s: no %s\n", path, name);
	assert_non_null(p);
	return p;
}

static void assert_text(const char *path, const char *name, const char *text)
{
	int len;
	const uint8_t *p = bytes_of(path, name, &len);

	assert_int_equal(len, strlen(text) + 1);
	assert_string_equal((const char *)p, text);
}

static void assert_cells(const char *path, const char *name, const uint32_t *cells, int count)
{
	int len;
	const fdt32_t *p = (const void *)bytes_of(path, name, &len);

	assert_int_equal(len, count * 4);
	for (int i = 0; i < count; i++)
		assert_int_equal(fdt32_ld(p + i), cells[i]);
}

#define assert_has(path, name, ...)                               \
	assert_cells(path, name, (const uint32_t[]){__VA_ARGS__}, \
		     sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void assert_lacks(const char *path, const char *name)
{
	int node = fdt_path_offset(made, path);

	if (name)
		assert_null(fdt_getprop(made, node, name, NULL));
	else
		assert_int_equal(node, -FDT_ERR_NOTFOUND);
}

static void assert_empty(const char *path, const char *name)
{
	int len;

	bytes_of(path, name, &len);
	assert_int_equal(len, 0);
}

static void test_memory_as_found(void **state)
{
	(void)state;
	tree_new(2, 2);
	MEMORY("/memory@60000000", 0x60000000, 0x1000000);
	MEMORY("/other", 0x70000000, 0x1000000);
	boot_scan("mem=512M");
	memblock_mark_nomap(0x61000000, 0x100000);
	write_good();
	assert_has("/memory@60000000", "reg", 0, 0x60000000, 0, 0x1000000, 0, 0x61000000, 0,
		   0x100000, 0, 0x61100000, 0, 0x1ef00000);
	assert_text("/memory@60000000", "device_type", "memory");
	assert_lacks("/other", NULL);
}

/* The last page is whole again. */
static void test_memory_to_the_end(void **state)
{
	(void)state;
	if (WIDE)
		return;
	tree_new(1, 1);
	MEMORY("/memory", 0x60000000, 0xa0000000);
	boot_scan("");
	write_good();
	assert_has("/memory@60000000", "reg", 0x60000000, 0xa0000000);
}

static void test_chosen(void **state)
{
	(void)state;
	tree_new(1, 1);
	tree_string("/chosen", "bootargs", "old");
	tree_string("/chosen", "stdout-path", "serial0");
	CELLS("/chosen", "linux,initrd-start", 1);
	CELLS("/chosen", "linux,initrd-end", 2);
	CELLS("/chosen", "linux,usable-memory-range", 3, 4);
	tree_string("/chosen/child", "bootargs", "kept");
	MEMORY("/memory", 0x60000000, 0x1000000);
	boot_scan("");
	write_good();
	assert_text("/chosen", "bootargs", "quiet");
	assert_text("/chosen", "stdout-path", "serial0");
	assert_text("/chosen/child", "bootargs", "kept");
	assert_lacks("/chosen", "linux,initrd-start");
	assert_lacks("/chosen", "linux,initrd-end");
	assert_lacks("/chosen", "linux,usable-memory-range");
	assert_lacks("/reserved-memory", NULL);
	ask.initrd_start = 0x61000000;
	ask.initrd_end = 0x61000123;
	write_good();
	assert_has("/chosen", "linux,initrd-start", 0, 0x61000000);
	assert_has("/chosen", "linux,initrd-end", 0, 0x61000123);
}

static void test_without_chosen(void **state)
{
	(void)state;
	tree_new(0, 0);
	tree_done();
	write_good();
	assert_text("/chosen", "bootargs", "quiet");
}

static void test_new_store(void **state)
{
	(void)state;
	tree_new(2, 1);
	tree_done();
	ask.store_base = 0x6ff00000;
	ask.store_size = 0x100000;
	write_good();
	assert_has("/reserved-memory", "#address-cells", 2);
	assert_has("/reserved-memory", "#size-cells", 1);
	assert_empty("/reserved-memory", "ranges");
	assert_has("/reserved-memory/store@6ff00000", "reg", 0, 0x6ff00000, 0x100000);
	assert_text("/reserved-memory/store@6ff00000", "compatible", "cairn,store");
	assert_empty("/reserved-memory/store@6ff00000", "no-map");
}

/* Beside the children that are there, of which one may look like it. */
static void test_new_store_among_others(void **state)
{
	(void)state;
	tree_new(1, 1);
	tree_reserved_memory();
	PAIRS("/reserved-memory/a", "reg", 0x61000000, 0x1000);
	tree_string("/reserved-memory/b", "compatible", "cairn,store");
	PAIRS("/reserved-memory/b", "reg", 0x62000000, 0x1000);
	tree_done();
	ask.store_base = 0x6ff00000;
	ask.store_size = 0x100000;
	write_good();
	assert_has("/reserved-memory/a", "reg", 0x61000000, 0x1000);
	assert_lacks("/reserved-memory/b", "no-map");
	assert_has("/reserved-memory/store@6ff00000", "reg", 0x6ff00000, 0x100000);
}

/* The node that was there becomes no-map, if it is not. */
static void test_store_of_the_tree(void **state)
{
	(void)state;
	tree_new(1, 1);
	tree_reserved_memory();
	tree_string("/reserved-memory/s@0", "compatible", "cairn,store");
	tree_string("/reserved-memory/s@0", "status", "disabled");
	PAIRS("/reserved-memory/s@0", "reg", 0x61000000, 0x2000);
	tree_string("/reserved-memory/s@1", "compatible", "cairn,store");
	PAIRS("/reserved-memory/s@1", "reg", 0x61000000, 0x2000);
	tree_flag("/reserved-memory/s@1", "reusable");
	CELLS("/reserved-memory/s@1", "phandle", 7);
	tree_done();
	store_node = "/reserved-memory/s@1";
	ask.store_base = 0x61000000;
	ask.store_size = 0x2000;
	write_good();
	assert_has("/reserved-memory/s@1", "reg", 0x61000000, 0x2000);
	assert_empty("/reserved-memory/s@1", "no-map");
	assert_lacks("/reserved-memory/s@1", "reusable");
	assert_has("/reserved-memory/s@1", "phandle", 7);
	assert_lacks("/reserved-memory/s@0", "no-map");
	assert_lacks("/reserved-memory/store@61000000", NULL);
}

/* One that asked for a size gets the place that it was given. */
static void test_store_of_the_tree_by_size(void **state)
{
	(void)state;
	tree_new(2, 2);
	tree_reserved_memory();
	tree_string("/reserved-memory/s", "compatible", "cairn,store");
	PAIRS("/reserved-memory/s", "alloc-ranges", 0x61000000, 0x1000000);
	CELLS("/reserved-memory/s", "size", 0, 0x2000);
	CELLS("/reserved-memory/s", "alignment", 0, 0x1000);
	tree_flag("/reserved-memory/s", "no-map");
	tree_done();
	store_node = "/reserved-memory/s";
	ask.store_base = 0x61ffe000;
	ask.store_size = 0x2000;
	write_good();
	assert_has("/reserved-memory/s", "reg", 0, 0x61ffe000, 0, 0x2000);
	assert_empty("/reserved-memory/s", "no-map");
	assert_lacks("/reserved-memory/s", "size");
	assert_lacks("/reserved-memory/s", "alignment");
	assert_lacks("/reserved-memory/s", "alloc-ranges");
}

/* Linux would not read it, and so not spare the store. */
static void test_reserved_memory_is_not_read(void **state)
{
	(void)state;
	tree_new(1, 1);
	tree_node("/reserved-memory");
	tree_done();
	write_good();
	ask.store_base = 0x61000000;
	ask.store_size = 0x2000;
	assert_int_not_equal(write_tree(), 0);
	tree_new(1, 1);
	tree_reserved_memory();
	CELLS("/reserved-memory", "#size-cells", 2);
	tree_done();
	assert_int_not_equal(write_tree(), 0);
}

static void test_cells_that_cannot_hold_it(void **state)
{
	(void)state;
	tree_new(3, 1);
	tree_done();
	assert_int_not_equal(write_tree(), 0);
	if (!WIDE)
		return;
	tree_new(1, 1);
	tree_done();
	memblock_add((phys_addr_t)(4 * GIB), 0x1000);
	assert_int_not_equal(write_tree(), 0);
}

/* ---- random trees --------------------------------------------------------------------------- */

/* All of a tree as text, a line for each node and each property, in a buffer of TEXT_MAX. */
struct text {
	char *at;
	size_t len;
};

static void PRINTF_LIKE(2, 3) say(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->at + t->len, TEXT_MAX - t->len, fmt, ap);
	va_end(ap);
	assert_true(t->len < TEXT_MAX);
}

/* Whether the property NAME of NODE is one that is written anew. */
static bool is_replaced(const void *fdt, int node, const char *name)
{
	static const char *const chosen[] = {"bootargs", "linux,initrd-start", "linux,initrd-end",
					     "linux,usable-memory-range"};
	bool is_chosen = node == fdt_path_offset(fdt, "/chosen");

	for (size_t i = 0; is_chosen && i < ARRAY_SIZE(chosen); i++)
		if (!strcmp(name, chosen[i]))
			return true;
	return false;
}

static bool is_memory_node(const void *fdt, int node)
{
	int len;
	const char *type = fdt_getprop(fdt, node, "device_type", &len);

	return type && len == 7 && !memcmp(type, "memory", 7);
}

/* NODE and all below it, but for memory and what is written anew. */
static void say_node(struct text *t, const void *fdt, int node, int depth)
{
	int property, child;

	say(t, "%*s%s {\n", depth, "", fdt_get_name(fdt, node, NULL));
	fdt_for_each_property_offset (property, fdt, node) {
		int len;
		const char *name;
		const uint8_t *value = fdt_getprop_by_offset(fdt, property, &name, &len);

		if (is_replaced(fdt, node, name))
			continue;
		say(t, "%*s%s =", depth + 1, "", name);
		for (int i = 0; i < len; i++)
			say(t, " %02x", value[i]);
		say(t, "\n");
	}
	fdt_for_each_subnode (child, fdt, node) {
		if (depth || !is_memory_node(fdt, child))
			say_node(t, fdt, child, depth + 1);
	}
	say(t, "%*s}\n", depth, "");
}

static void say_tree(struct text *t, const void *fdt)
{
	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		uint64_t base, size;

		assert_int_equal(fdt_get_mem_rsv(fdt, i, &base, &size), 0);
		say(t, "%llx %llx\n", (unsigned long long)base, (unsigned long long)size);
	}
	say(t, "cpu %u\n", fdt_boot_cpuid_phys(fdt));
	say_node(t, fdt, 0, 0);
}

static const char *random_name(void)
{
	static const char *const names[] = {"reg",    "a",          "b",      "bootargs", "no-map",
					    "ranges", "compatible", "reg-io", "status",   "size"};

	return names[random_below(ARRAY_SIZE(names))];
}

static void random_property(const char *path)
{
	uint8_t bytes[40];
	size_t len = random_below(sizeof(bytes));

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)random_below(256);
	tree_bytes(path, random_name(), bytes, len);
}

static void random_nodes(const char *path, unsigned depth)
{
	char child[48];

	for (unsigned i = 0; i < random_below(4); i++)
		random_property(path[0] ? path : "/");
	for (unsigned i = 0; depth && i < random_below(4); i++) {
		snprintf(child, sizeof(child), "%s/n%u", path, i);
		tree_node(child);
		random_nodes(child, depth - 1);
	}
}

static void random_tree(void)
{
	tree_new(1 + (int)random_below(2), 1 + (int)random_below(2));
	if (random_below(2))
		tree_memreserve(random_below(1000) * 4096ULL, 4096);
	if (random_below(2))
		MEMORY("/memory@1", 0x60000000, 0x1000000);
	random_nodes("", 3);
	if (random_below(2)) {
		tree_string("/chosen", "bootargs", "some of the words that were there before");
		CELLS("/chosen", "linux,initrd-end", 7);
		random_nodes("/chosen", 2);
	}
	if (random_below(2))
		MEMORY("/memory@2", 0x70000000, 0x1000000);
	tree_done();
}

/* Makes some nodes and properties NOPs, as an overlay or a loader leaves them. */
static void random_nops(void)
{
	void *fdt = (void *)(uintptr_t)boot.fdt;

	for (unsigned i = 0; i < random_below(3); i++) {
		int node = fdt_next_node(fdt, 0, NULL);

		for (unsigned n = random_below(10); n && node >= 0; n--)
			node = fdt_next_node(fdt, node, NULL);
		if (node > 0 && random_below(2))
			fdt_nop_node(fdt, node);
		else if (node > 0 && fdt_first_property_offset(fdt, node) > 0)
			fdt_nop_property(fdt, node, "a");
	}
}

static void random_memory(void)
{
	uint64_t at = 0x60000000;

	boot_test_again();
	for (unsigned i = 0; i < random_below(6); i++) {
		at += 4096ULL * random_below(1000);
		memblock_add((phys_addr_t)at, 4096 * (1 + random_below(1000)));
		at += 0x1000000;
	}
}

static char *random_args(void)
{
	static char args[1024];
	size_t len = random_below(random_below(2) ? 1024 : 20);

	memset(args, 'x', len);
	args[len] = '\0';
	return args;
}

/* The tree has what memblock has, one pair for each region. */
static void check_memory(void)
{
	const struct memblock_region *r;
	int ac = fdt_address_cells(made, 0), sc = fdt_size_cells(made, 0);
	int count = 0, node, memory = -1, len = 0;
	const uint8_t *p;

	fdt_for_each_subnode (node, made, 0) {
		if (is_memory_node(made, node)) {
			count++;
			memory = node;
		}
	}
	assert_int_equal(count, memblock_phys_mem_size() ? 1 : 0);
	if (!count)
		return;
	p = fdt_getprop(made, memory, "reg", &len);
	assert_int_equal(len, 4 * (ac + sc) * (int)memblock.memory.cnt);
	for_each_mem_region (r) {
		uint64_t base = 0, size = 0;

		for (int i = 0; i < 4 * ac; i++)
			base = base << 8 | *p++;
		for (int i = 0; i < 4 * sc; i++)
			size = size << 8 | *p++;
		assert_true(base == r->base && size == r->size);
	}
}

/* All that can be added, with the longest names and numbers: the room is enough for it. */
static void test_room(void **state)
{
	const phys_addr_t high = (phys_addr_t)0xfedcba9876000000;

	(void)state;
	for (int cells = WIDE ? 2 : 1; cells <= 2; cells++)
		for (unsigned regions = 1; regions <= 100; regions++) {
			tree_new(cells, cells);
			tree_done();
			boot_test_again();
			for (unsigned i = 0; i < regions; i++)
				memblock_add(high + i * 0x2000, 0x1000);
			ask.bootargs = random_args();
			ask.initrd_start = high;
			ask.initrd_end = high + 1;
			ask.store_base = high;
			ask.store_size = 0x1000;
			write_good();
			check_memory();
		}
}

static void test_random_trees(void **state)
{
	struct text before = {malloc(TEXT_MAX), 0}, after = {malloc(TEXT_MAX), 0};

	(void)state;
	assert_non_null(before.at);
	assert_non_null(after.at);
	for (unsigned i = 0; i < TREES; i++) {
		bool had_chosen;

		random_tree();
		random_nops();
		random_memory();
		ask.bootargs = random_args();
		ask.store_size = random_below(2) * 0x2000;
		ask.store_base = 0x6ff00000;
		write_good();
		had_chosen = fdt_path_offset(boot.fdt, "/chosen") >= 0;
		assert_text("/chosen", "bootargs", ask.bootargs);
		if (ask.store_size)
			assert_empty("/reserved-memory/store@6ff00000", "no-map");
		check_memory();
		if (!had_chosen)
			fdt_nop_node(made, fdt_path_offset(made, "/chosen"));
		if (ask.store_size)
			fdt_nop_node(made, fdt_path_offset(made, "/reserved-memory"));
		before.len = after.len = 0;
		say_tree(&before, boot.fdt);
		say_tree(&after, made);
		assert_string_equal(after.at, before.at);
	}
	printf("boot: %u random trees kept all that is not replaced\n", TREES);
	free(before.at);
	free(after.at);
}

int main(void)
{
#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_memory_as_found),
		TREE_TEST(test_memory_to_the_end),
		TREE_TEST(test_chosen),
		TREE_TEST(test_without_chosen),
		TREE_TEST(test_new_store),
		TREE_TEST(test_new_store_among_others),
		TREE_TEST(test_store_of_the_tree),
		TREE_TEST(test_store_of_the_tree_by_size),
		TREE_TEST(test_reserved_memory_is_not_read),
		TREE_TEST(test_cells_that_cannot_hold_it),
		TREE_TEST(test_room),
		TREE_TEST(test_random_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
