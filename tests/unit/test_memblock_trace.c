/* SPDX-License-Identifier: MIT */
/* memblock's trace and dump: Linux's words. */
#include "memblock_pictures.h"

#include <string.h>

#include "lib/log.h"
#include "lib/symbols.h"
#include "mm/memblock_dump.h"

#define STAMP "[    0.000000] "

static char logged[8192];

static void keep(void *ctx, const char *text, size_t len)
{
	char *to = ctx;
	size_t used = strlen(to);

	assert_true(used + len < sizeof(logged));
	memcpy(to + used, text, len);
	to[used + len] = '\0';
}

/* Makes each address of TEXT as wide as on the board: of 16 digits the last eight stay. */
static void narrow(char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	while (*text) {
		if (!strncmp(text, "0x", 2) && strspn(text + 2, digits) == 16) {
			*to++ = *text++;
			*to++ = *text++;
			text += 8;
		}
		*to++ = *text++;
	}
	*to = '\0';
}

/* What was logged, without the stamps that begin each line, with addresses as on the board. */
static const char *board_log(void)
{
	static char text[sizeof(logged)];
	const char *line = logged;

	for (text[0] = '\0'; *line; line = strchr(line, '\n') + 1) {
		assert_memory_equal(line, STAMP, strlen(STAMP));
		line += strlen(STAMP);
		strncat(text, line, strcspn(line, "\n") + 1);
	}
	narrow(text);
	return text;
}

/* A code area of two functions, for callers with known names. */
static const struct symbol two_symbols[] = {{0x60000100, 0}, {0x60000200, 10}, {0x60000240, 0}};
static const struct symbol_table two = {two_symbols, 3, "early_mem\0arm_add_memory"};

static int log_start(void **state UNUSED)
{
	reset();
	log_reset();
	logged[0] = '\0';
	log_set_console(keep, logged);
	return 0;
}

static int log_stop(void **state UNUSED)
{
	symbols_set(NULL);
	log_reset();
	reset();
	return 0;
}

/* Linux prints base + size - 1, whatever comes out, and the caller with Thumb bit as a symbol. */
static void trace_of_ranges(void **state UNUSED)
{
	static const char want[] =
		"memblock_remove: [0x60000000-0x9fffffff] early_mem+0x6c/0x100\n"
		"memblock_add: [0x60000000-0x983fffff] arm_add_memory+0x20/0x40\n"
		"memblock_add: [0x60000000-0x5fffffff] 0x60000240\n"
		"memblock_reserve: [0x00000000-0xffffffff] 0x0\n";

	symbols_set(&two);
	memblock_trace_start();
	memblock_tracer->range("memblock_remove", 0x60000000, 0x40000000, NULL, MEMBLOCK_NONE,
			       (void *)0x6000016dUL);
	memblock_tracer->range("memblock_add", 0x60000000, 0x38400000, NULL, MEMBLOCK_NONE,
			       (void *)0x60000220UL);
	memblock_tracer->range("memblock_add", 0x60000000, 0, NULL, MEMBLOCK_NONE,
			       (void *)0x60000240UL);
	memblock_tracer->range("memblock_reserve", 0, 0, NULL, MEMBLOCK_NONE, NULL);
	assert_string_equal(board_log(), want);
}

static void trace_of_allocations(void **state UNUSED)
{
	static const char want[] =
		"memblock_alloc_try_nid: 8192 bytes align=0x2000 nid=-1 from=0x00000000 "
		"max_addr=0x00000000 early_mem+0x2c/0x100\n"
		"memblock_phys_alloc_range: 4194304 bytes align=0x100000 from=0x70000000 "
		"max_addr=0x74000000 arm_add_memory+0x2c/0x40\n";
	const int nid = NUMA_NO_NODE;

	symbols_set(&two);
	memblock_trace_start();
	memblock_tracer->alloc("memblock_alloc_try_nid", 8192, 0x2000, &nid, 0, 0,
			       (void *)0x6000012cUL);
	memblock_tracer->alloc("memblock_phys_alloc_range", 4194304, 0x100000, NULL, 0x70000000,
			       0x74000000, (void *)0x6000022cUL);
	assert_string_equal(board_log(), want);
}

/* Fails unless the log is the lines of WANT, each followed by a caller that is not looked at. */
static void expect_trace(const char *const *want)
{
	const char *line = board_log();

	for (; *want; want++) {
		assert_memory_equal(line, *want, strlen(*want));
		assert_memory_equal(line + strlen(*want), " 0x", 3);
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	assert_string_equal(line, "");
}

/* One line for each call that Linux traces, none for the others, in the order of the calls. */
static void trace_of_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_add: [0x60000000-0x6000ffff]",
		"memblock_remove: [0x6000f000-0x6000ffff]",
		"memblock_reserve: [0x60000000-0x60000001]",
		"memblock_phys_free: [0x60000000-0x60000000]",
		"memblock_phys_free: [0x60000001-0x60000001]",
		"memblock_add_node: [0x70000000-0x70000fff] nid=1 flags=1",
		NULL,
	};

	memblock_add(0x70000000, 0x1000);
	memblock_remove(0x70000000, 0x1000);
	memblock_trace_start();
	assert_true(memblock_trace_enabled());
	memblock_add(0x60000000, 0x10000);
	memblock_remove(0x6000f000, 0x1000);
	memblock_reserve(0x60000000, 2);
	memblock_phys_free(0x60000000, 1);
	memblock_free((void *)0x60000001UL, 1);
	memblock_add_node(0x70000000, 0x1000, 1, MEMBLOCK_HOTPLUG);
	memblock_mark_nomap(0x60000000, 0x1000);
	memblock_cap_memory_range(0x60000000, 0x8000);
	memblock_trim_memory(0x2000);
	memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, 1, 1);
	memblock_is_memory(0x60000000);
	expect_trace(want);
}

/* An allocation is two lines, the second from inside; retries add none, a failure has the first. */
static void trace_of_allocation_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_phys_alloc_range: 256 bytes align=0x100 from=0x00000000 "
		"max_addr=0x00000000",
		"memblock_reserve: [0x6000ff00-0x6000ffff]",
		"memblock_alloc_try_nid_raw: 4096 bytes align=0x1000 nid=-1 from=0x6000f000"
		" max_addr=0xffffffff",
		"memblock_reserve: [0x6000e000-0x6000efff]",
		"memblock_alloc_try_nid: 1048576 bytes align=0x0 nid=3 from=0x00000000"
		" max_addr=0x00000000",
		NULL,
	};

	memblock_add(0x60000000, 0x10000);
	memblock_trace_start();
	memblock_phys_alloc(0x100, 0x100);
	memblock_alloc_try_nid_raw(0x1000, 0x1000, 0x6000f000, MEMBLOCK_ALLOC_ANYWHERE,
				   NUMA_NO_NODE);
	assert_null(memblock_alloc_try_nid(0x100000, 0, 0, 0, 3));
	expect_trace(want);
}

/* An exact node has a line of its own; the functions that Linux does not trace show by reserving.
 */
static void trace_of_node_calls(void **state UNUSED)
{
	static const char *const want[] = {
		"memblock_alloc_exact_nid_raw: 4096 bytes align=0x1000 nid=0 from=0x60000000"
		" max_addr=0x60008000",
		"memblock_reserve: [0x60007000-0x60007fff]",
		"memblock_reserve: [0x6000f000-0x6000ffff]",
		"memblock_reserve: [0x6000e000-0x6000efff]",
		NULL,
	};

	memblock_add_node(0x60000000, 0x10000, 0, MEMBLOCK_NONE);
	memblock_trace_start();
	memblock_alloc_exact_nid_raw(0x1000, 0x1000, 0x60000000, 0x60008000, 0);
	memblock_phys_alloc_try_nid(0x1000, 0x1000, 0);
	memblock_alloc_range_nid(0x1000, 0x1000, 0, 0, 0, true);
	memblock_set_node(0x60000000, 0x1000, &memblock.memory, 1);
	memblock_mark_mirror(0x60000000, 0x1000);
	memblock_clear_hotplug(0x60000000, 0x1000);
	memblock_enforce_memory_limit(0x8000);
	memblock_mem_limit_remove_map(0x4000);
	expect_trace(want);
}

/* What the last call was, and what the lists held when its trace came. */
static struct {
	const void *caller;
	phys_addr_t memory, reserved;
} seen;

static void see_range(const char *call UNUSED, phys_addr_t base UNUSED, phys_addr_t size UNUSED,
		      const int *nid UNUSED, enum memblock_flags flags UNUSED, const void *caller)
{
	seen.caller = caller;
	seen.memory = memblock_phys_mem_size();
	seen.reserved = memblock_reserved_size();
}

static void see_alloc(const char *call UNUSED, phys_addr_t size UNUSED, phys_addr_t align UNUSED,
		      const int *nid UNUSED, phys_addr_t from UNUSED, phys_addr_t max_addr UNUSED,
		      const void *caller)
{
	see_range(NULL, 0, 0, NULL, MEMBLOCK_NONE, caller);
}

static const struct memblock_tracer watcher = {.range = see_range, .alloc = see_alloc};

/* The trace comes before the call does anything. */
static void trace_comes_first(void **state UNUSED)
{
	assert_false(memblock_trace_enabled());
	memblock_tracer = &watcher;
	assert_true(memblock_trace_enabled());
	memblock_add(MIDDLE, PG(3));
	assert_int_equal(seen.memory, 0);
	memblock_remove(MIDDLE, PG(1));
	assert_int_equal(seen.memory, PG(3));
	memblock_add_node(MIDDLE, PG(1), NUMA_NO_NODE, MEMBLOCK_NONE);
	assert_int_equal(seen.memory, PG(2));
	memblock_reserve(MIDDLE, PG(1));
	assert_int_equal(seen.reserved, 0);
	memblock_phys_free(MIDDLE, PG(1));
	assert_int_equal(seen.reserved, PG(1));
}

__attribute__((noinline)) static int calls_reserve(void)
{
	return memblock_reserve(MIDDLE, PG(1)) + 1; /* no tail call */
}

__attribute__((noinline)) static phys_addr_t calls_alloc(void)
{
	return memblock_phys_alloc_range(1, 1, 0, 0) + 1;
}

/* The caller is who called the traced function. */
static void trace_names_the_caller(void **state UNUSED)
{
	memblock_tracer = &watcher;
	assert_int_equal(calls_reserve(), 1);
	assert_in_range((uintptr_t)seen.caller, (uintptr_t)calls_reserve + 1,
			(uintptr_t)calls_reserve + 256);
	assert_int_equal(calls_alloc(), 1);
	assert_in_range((uintptr_t)seen.caller, (uintptr_t)calls_alloc + 1,
			(uintptr_t)calls_alloc + 256);
}

/* The dump of a tree with a no-map child, as Linux logs it; a tab after the index. */
static void dump_of_both_lists(void **state UNUSED)
{
	static const char want[] =
		"MEMBLOCK configuration:\n"
		" memory size = 0x20000000 reserved size = 0x00004000\n"
		" memory.cnt  = 0x3\n"
		" memory[0x0]\t[0x60000000-0x73ffffff], 0x14000000 bytes flags: 0x0\n"
		" memory[0x1]\t[0x74000000-0x743fffff], 0x00400000 bytes flags: 0x4\n"
		" memory[0x2]\t[0x74400000-0x7fffffff], 0x0bc00000 bytes flags: 0x0\n"
		" reserved.cnt  = 0x1\n"
		" reserved[0x0]\t[0x60204000-0x60207fff], 0x00004000 bytes flags: 0x0\n";

	memblock_add(0x60000000, 0x20000000);
	memblock_mark_nomap(0x74000000, 0x00400000);
	memblock_reserve(0x60204000, 0x4000);
	memblock_dump_all();
	assert_string_equal(board_log(), want);
}

/* The list that ends the address space, one byte short; and Linux's picture of an empty one. */
static void dump_at_the_top(void **state UNUSED)
{
	const char *text;

	memblock_add(LAST_PAGE, PAGE_SIZE);
	memblock_dump_all();
	text = board_log();
	assert_non_null(strstr(text, "[0xfffff000-0xfffffffe], 0x00000fff bytes flags: 0x0\n"));
	assert_non_null(strstr(text, " reserved.cnt  = 0x1\n"
				     " reserved[0x0]\t[0x00000000-0xffffffff], 0x00000000 bytes"));
}

/* Addresses and sizes are printed as wide as phys_addr_t is. */
static void dump_is_as_wide_as_phys_addr_t(void **state UNUSED)
{
	memblock_add(LAST_PAGE, PAGE_SIZE);
	memblock_dump_all();
	if (sizeof(phys_addr_t) == 8)
		assert_non_null(strstr(logged, "[0xfffffffffffff000-0xfffffffffffffffe], "
					       "0x0000000000000fff bytes"));
	else
		assert_non_null(strstr(logged, "[0xfffff000-0xfffffffe], 0x00000fff bytes"));
}

/* Indexes and counts are hexadecimal. */
static void dump_counts_in_hex(void **state UNUSED)
{
	lay(&memblock.memory, "#.#.#.#.#.#.#.#.#.#.#.#");
	memblock_dump_all();
	assert_non_null(strstr(logged, " memory.cnt  = 0xc\n"));
	assert_non_null(strstr(logged, " memory[0xb]\t["));
}

#ifdef CONFIG_NUMA
static void dump_of_nodes(void **state UNUSED)
{
	memblock_add_node(0x60000000, 0x1000, 3, MEMBLOCK_HOTPLUG);
	memblock_dump_all();
	assert_non_null(strstr(board_log(), "0x00001000 bytes on node 3 flags: 0x1\n"));
}
#endif

#define TRACE(f) cmocka_unit_test_setup_teardown(f, log_start, log_stop)

static const struct CMUnitTest trace_tests[] = {
	TRACE(trace_of_ranges),        TRACE(trace_of_allocations),
	TRACE(trace_of_calls),         TRACE(trace_of_allocation_calls),
	TRACE(trace_of_node_calls),    TRACE(trace_comes_first),
	TRACE(trace_names_the_caller), TRACE(dump_of_both_lists),
	TRACE(dump_at_the_top),        TRACE(dump_is_as_wide_as_phys_addr_t),
	TRACE(dump_counts_in_hex),
#ifdef CONFIG_NUMA
	TRACE(dump_of_nodes),
#endif
};

int main(void)
{
	return cmocka_run_group_tests_name("memblock trace", trace_tests, at_middle, NULL);
}
