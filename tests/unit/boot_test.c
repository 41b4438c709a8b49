/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "tests/unit/boot_test.h"

#include "boot/memory.h"
#include "boot/params.h"
#include "boot/reserve.h"

#define TREE_ROOM (1U << 18)
#define NODES_MAX 256
#define PROPERTIES_MAX 1024
#define CELLS_MAX 1024
#define LOG_ROOM (1U << 20)
#define SEED 20240601

struct boot boot;

static struct memblock pristine;
static uint64_t tree_buffer[TREE_ROOM / 8];
static void *packed;
static char logged[LOG_ROOM];
static size_t logged_len;

static void sink(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_true(logged_len + len < sizeof(logged));
	memcpy(logged + logged_len, text, len);
	logged_len += len;
	logged[logged_len] = '\0';
}

static void empty_list(struct memblock_type *type)
{
	memset(type->regions, 0, type->max * sizeof(*type->regions));
}

void boot_test_again(void)
{
	const void *fdt = boot.fdt;

	if (!pristine.memory.regions)
		pristine = memblock;
	memblock = pristine;
	empty_list(&memblock.memory);
	empty_list(&memblock.reserved);
	memblock_tracer = NULL;
	log_reset();
	logged_len = 0;
	logged[0] = '\0';
	log_set_console_level(8);
	log_set_console(sink, NULL);
	memset(&boot, 0, sizeof(boot));
	boot.fdt = fdt;
}

void boot_params(const char *cmdline)
{
	assert_true(strlen(cmdline) < sizeof(boot.cmdline));
	strcpy(boot.cmdline, cmdline);
	params_memory(&boot);
}

void boot_scan(const char *cmdline)
{
	tree_done();
	if (!boot.image_base)
		boot.image_base = LOAD;
	boot.image_size = 1 * MEBI;
	memory_scan(&boot, boot.image_base);
	reserve_find_initrd(&boot);
	boot_params(cmdline);
}

void boot_scan_and_reserve(const char *cmdline)
{
	boot_scan(cmdline);
	reserve_all(&boot);
}

uint32_t random_below(uint32_t n)
{
	static uint64_t random_state = SEED;

	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((random_state >> 33) * n >> 31);
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* Nodes and properties as the test adds them, so that they come in that order. */
static struct {
	struct node {
		char path[48];
	} nodes[NODES_MAX];
	struct property {
		size_t node, len;
		const char *name;
		uint8_t *bytes;
	} properties[PROPERTIES_MAX];
	struct {
		uint64_t base, size;
	} memreserve[NODES_MAX];
	size_t node_count, property_count, memreserve_count;
	int cells[2];
} tree;

static void tree_free(void)
{
	for (size_t i = 0; i < tree.property_count; i++)
		free(tree.properties[i].bytes);
	free(packed);
	packed = NULL;
	memset(&tree, 0, sizeof(tree));
}

void tree_new(int address_cells, int size_cells)
{
	tree_free();
	boot.fdt = NULL;
	tree.cells[0] = address_cells ? address_cells : 1;
	tree.cells[1] = size_cells ? size_cells : 1;
	tree.node_count = 1; /* the root's path is "" */
	if (address_cells)
		CELLS("/", "#address-cells", (uint32_t)address_cells);
	if (size_cells)
		CELLS("/", "#size-cells", (uint32_t)size_cells);
}

static size_t find_node(const char *path)
{
	size_t i = 0;

	if (strcmp(path, "/") == 0)
		return 0;
	while (i < tree.node_count && strcmp(tree.nodes[i].path, path) != 0)
		i++;
	return i;
}

void tree_node(const char *path)
{
	assert_true(tree.node_count < NODES_MAX && find_node(path) == tree.node_count);
	assert_true(strlen(path) < sizeof(tree.nodes[0].path));
	strcpy(tree.nodes[tree.node_count++].path, path);
}

void tree_bytes(const char *path, const char *name, const void *bytes, size_t n)
{
	size_t node = find_node(path), i = 0;
	struct property *p;

	if (node == tree.node_count)
		tree_node(path);
	while (i < tree.property_count &&
	       (tree.properties[i].node != node || strcmp(tree.properties[i].name, name) != 0))
		i++;
	p = &tree.properties[i];
	if (i == tree.property_count) {
		assert_true(tree.property_count++ < PROPERTIES_MAX);
		*p = (struct property){.node = node, .name = name};
	}
	free(p->bytes);
	p->bytes = malloc(n + 1);
	assert_non_null(p->bytes);
	memcpy(p->bytes, bytes, n);
	p->len = n;
}

void tree_cells(const char *path, const char *name, const uint32_t *cells, size_t n)
{
	uint32_t be[CELLS_MAX];

	assert_true(n <= CELLS_MAX);
	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	tree_bytes(path, name, be, 4 * n);
}

void tree_pairs(const char *path, const char *name, const uint64_t *numbers, size_t n)
{
	uint32_t cells[CELLS_MAX];
	size_t count = 0;

	assert_true(2 * n <= CELLS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (tree.cells[i % 2] == 2)
			cells[count++] = (uint32_t)(numbers[i] >> 32);
		else
			assert_int_equal(numbers[i] >> 32, 0);
		cells[count++] = (uint32_t)numbers[i];
	}
	tree_cells(path, name, cells, count);
}

void tree_string(const char *path, const char *name, const char *text)
{
	tree_bytes(path, name, text, strlen(text) + 1);
}

void tree_flag(const char *path, const char *name)
{
	tree_bytes(path, name, "", 0);
}

void tree_memreserve(uint64_t base, uint64_t size)
{
	assert_true(tree.memreserve_count < NODES_MAX);
	tree.memreserve[tree.memreserve_count].base = base;
	tree.memreserve[tree.memreserve_count++].size = size;
}

void tree_reserved_memory(void)
{
	CELLS("/reserved-memory", "#address-cells", (uint32_t)tree.cells[0]);
	CELLS("/reserved-memory", "#size-cells", (uint32_t)tree.cells[1]);
	tree_flag("/reserved-memory", "ranges");
}

static bool is_child(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	return strncmp(path, parent, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

static void write_node(size_t node)
{
	const char *path = tree.nodes[node].path;

	assert_int_equal(fdt_begin_node(tree_buffer, node ? strrchr(path, '/') + 1 : ""), 0);
	for (size_t i = 0; i < tree.property_count; i++) {
		const struct property *p = &tree.properties[i];

		if (p->node == node)
			assert_int_equal(fdt_property(tree_buffer, p->name, p->bytes, (int)p->len),
					 0);
	}
	for (size_t i = 1; i < tree.node_count; i++)
		if (is_child(tree.nodes[i].path, path))
			write_node(i);
	assert_int_equal(fdt_end_node(tree_buffer), 0);
}

const void *tree_done(void)
{
	size_t size;

	assert_int_equal(fdt_create(tree_buffer, TREE_ROOM), 0);
	for (size_t i = 0; i < tree.memreserve_count; i++)
		fdt_add_reservemap_entry(tree_buffer, tree.memreserve[i].base,
					 tree.memreserve[i].size);
	assert_int_equal(fdt_finish_reservemap(tree_buffer), 0);
	write_node(0);
	assert_int_equal(fdt_finish(tree_buffer), 0);
	size = fdt_totalsize(tree_buffer);
	free(packed);
	packed = malloc(size);
	assert_non_null(packed);
	memcpy(packed, tree_buffer, size);
	assert_int_equal(fdt_check_full(packed, size), 0);
	boot.fdt = packed;
	return packed;
}

int boot_test_setup(void **state)
{
	(void)state;
	boot_test_again();
	tree_new(1, 1);
	return 0;
}

int boot_test_teardown(void **state)
{
	(void)state;
	memblock_tracer = NULL;
	tree_free();
	return 0;
}

/* ---- the log -------------------------------------------------------------------------------- */

/* Counts the lines that are TEXT (WHOLE), or hold it; with no TEXT, all. */
static unsigned count_lines(const char *text, bool whole)
{
	unsigned count = 0;

	for (const char *line = logged, *end; *line; line = end + 1) {
		const char *body = strstr(line, "] ") + 2;
		size_t len;

		end = strchr(line, '\n');
		len = (size_t)(end - body);
		if (!text)
			count++;
		else if (whole)
			count += len == strlen(text) && memcmp(body, text, len) == 0;
		else
			count += memmem(body, len, text, strlen(text)) != NULL;
	}
	return count;
}

unsigned log_count_lines(const char *text)
{
	return count_lines(text, true);
}

unsigned log_count_holding(const char *text)
{
	return count_lines(text, false);
}

unsigned log_count(void)
{
	return count_lines(NULL, false);
}

void log_expect(unsigned count, unsigned wanted, const char *text, const char *file, int line)
{
	if (count == wanted)
		return;
	print_error("%u of \"%s\" in the log, expected %u:\n%s", count, text, wanted, logged);
	_fail(file, line);
}

/* ---- the lists ------------------------------------------------------------------------------ */

static uint64_t end_of(const struct memblock_region *r)
{
	return (uint64_t)r->base + r->size;
}

static bool is_empty(const struct memblock_type *type)
{
	return type->cnt == 1 && !type->regions[0].size;
}

static bool same_list(const struct memblock_type *type, const struct range *wanted, size_t n)
{
	if ((is_empty(type) ? 0 : type->cnt) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct memblock_region *r = &type->regions[i];

		if (r->base != wanted[i].base || end_of(r) != wanted[i].end ||
		    (unsigned)r->flags != wanted[i].flags)
			return false;
	}
	return true;
}

void list_expect(const struct memblock_type *type, const struct range *wanted, size_t n,
		 const char *file, int line)
{
	list_check(type);
	if (same_list(type, wanted, n))
		return;
	for (size_t i = 0; i < n; i++)
		print_error("expected [0x%" PRIx64 ", 0x%" PRIx64 ") flags %x\n", wanted[i].base,
			    wanted[i].end, wanted[i].flags);
	for (size_t i = 0; i < type->cnt; i++)
		print_error("%s[%zu] = [0x%" PRIx64 ", 0x%" PRIx64 ") flags %x\n", type->name, i,
			    (uint64_t)type->regions[i].base, end_of(&type->regions[i]),
			    (unsigned)type->regions[i].flags);
	print_error("%s", logged);
	_fail(file, line);
}

bool list_covers(const struct memblock_type *type, uint64_t base, uint64_t end, unsigned flags)
{
	for (size_t i = 0; i < type->cnt && base < end; i++) {
		const struct memblock_region *r = &type->regions[i];

		if (r->base <= base && base < end_of(r) && (unsigned)r->flags == flags)
			base = end_of(r);
	}
	return base >= end;
}

void list_check(const struct memblock_type *type)
{
	uint64_t total = 0;

	for (size_t i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		assert_true(is_empty(type) || r->size);
		assert_true(r->size <= PHYS_ADDR_MAX - r->base);
		assert_true(i == 0 || r->base >= end_of(r - 1));
		assert_true(i == 0 || r->base > end_of(r - 1) || r->flags != r[-1].flags);
		total += r->size;
	}
	assert_int_equal(type->total_size, total);
}
