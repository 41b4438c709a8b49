/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MAP_FIXED_NOREPLACE */
#include "tests/fuzz/fuzz_boot.h"

#include <libfdt.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/bootdata.h"
#include "boot/memory.h"
#include "boot/params.h"
#include "boot/reserve.h"
#include "boot/store_region.h"
#include "lib/log.h"
#include "mm/memblock_dump.h"
#include "store/store.h"

#define ROOM ((size_t)BOOT_FDT_MAX)
#define WORDS_READ (2 * sizeof(uint32_t)) /* before the boot maps more */
#define TRACE_PREFIX "memblock_"
#define STAMP_LEN 15  /* "[    0.000000] " */
#define LINES_MAX 200 /* whatever the input is: those of each step, and the complaints */

static struct boot boot;
static struct memblock pristine;
static struct {
	uint8_t *bytes;
	size_t used; /* bytes that are not zero, or not poisoned */
} arena;
static unsigned long inputs, boots, lines;

/* Leaks are not looked for: nothing under test allocates. Without llvm's symbolizer, binutils'. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:allow_addr2line=1";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/* ---- what fails ----------------------------------------------------------------------------- */

static void print_text(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

static void print_list(const struct memblock_type *type)
{
	for (unsigned long i = 0; i < type->cnt && i < type->max; i++)
		fprintf(stderr, "  %s[%lu] 0x%" PRIx64 "+0x%" PRIx64 " flags %x\n", type->name, i,
			(uint64_t)type->regions[i].base, (uint64_t)type->regions[i].size,
			(unsigned)type->regions[i].flags);
}

void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	log_dump(print_text, stderr);
	print_list(&memblock.memory);
	print_list(&memblock.reserved);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

/* ---- what the loader left ------------------------------------------------------------------- */

static void print_totals(void)
{
	fprintf(stderr, "stat::boots: %lu of %lu inputs\n", boots, inputs);
}

/*
 * At a fixed address, so that an input does the same whenever it is run, and a low one, so that the
 * tree lies in the memory that it describes and 32 bits hold its address.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	void *at = mmap((void *)(uintptr_t)FUZZ_AT, ROOM, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)argc;
	(void)argv;
	if (at != (void *)(uintptr_t)FUZZ_AT) {
		fprintf(stderr, "no %zu bytes can be mapped at 0x%x: nothing can be fuzzed\n", ROOM,
			FUZZ_AT);
		exit(1);
	}
	arena.bytes = at;
	ASAN_POISON_MEMORY_REGION(arena.bytes, ROOM);
	pristine = memblock;
	atexit(print_totals);
	return 0;
}

/* What the boot maps it may read, to the byte. */
static void map(uintptr_t base, size_t size)
{
	CHECK(base == FUZZ_AT && size <= ROOM, "the boot maps 0x%lx+0x%zx", (unsigned long)base,
	      size);
	ASAN_UNPOISON_MEMORY_REGION(arena.bytes, size);
	if (arena.used < size)
		arena.used = size;
}

static bool readable(uintptr_t addr)
{
	return addr >= FUZZ_AT && addr - FUZZ_AT < ROOM;
}

void fuzz_put(const void *data, size_t size, bool repeat)
{
	ASAN_UNPOISON_MEMORY_REGION(arena.bytes, arena.used);
	memset(arena.bytes, 0, arena.used);
	if (size > ROOM)
		size = ROOM;
	arena.used = size < WORDS_READ ? WORDS_READ : size;
	if (repeat && size && arena.used < ATAGS_MAX_BYTES)
		arena.used = ATAGS_MAX_BYTES;
	ASAN_UNPOISON_MEMORY_REGION(arena.bytes, arena.used);
	memcpy(arena.bytes, data, size);
	for (size_t at = size; repeat && size && at < arena.used; at++)
		arena.bytes[at] = arena.bytes[at - size];
	ASAN_POISON_MEMORY_REGION(arena.bytes, arena.used);
	ASAN_UNPOISON_MEMORY_REGION(arena.bytes, WORDS_READ);
}

/* ---- numbers -------------------------------------------------------------------------------- */

uint32_t fuzz_hash(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint32_t hash = 0x811c9dc5;

	while (size-- > 0)
		hash = (hash ^ *p++) * 0x01000193;
	return hash;
}

uint32_t fuzz_below(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((*state >> 32) * n >> 32);
}

/* ---- the boot ------------------------------------------------------------------------------- */

/* Counts what is not the trace, which is as long as it is. */
static void count_lines(void *ctx, const char *text, size_t len)
{
	bool trace = memblock_trace_enabled() && len > STAMP_LEN + strlen(TRACE_PREFIX) &&
		     memcmp(text + STAMP_LEN, TRACE_PREFIX, strlen(TRACE_PREFIX)) == 0;

	(void)ctx;
	lines += len && text[len - 1] == '\n' && !trace;
}

static void reset(void)
{
	memblock = pristine;
	memset(memblock.memory.regions, 0, memblock.memory.max * sizeof(struct memblock_region));
	memset(memblock.reserved.regions, 0,
	       memblock.reserved.max * sizeof(struct memblock_region));
	memblock_tracer = NULL;
	memset(&boot, 0, sizeof(boot));
	log_reset();
	log_set_console_level(8);
	log_set_console(count_lines, NULL);
	lines = 0;
}

/* How many reservations that the summary names [base, base + size) meets. */
static unsigned owners(const struct boot *b, uint64_t base, uint64_t size)
{
	unsigned count = 0;

	for (unsigned i = 0; i < b->named_count; i++)
		count += b->named[i].base < base + size &&
			 (uint64_t)b->named[i].base + b->named[i].size > base;
	return count;
}

/* Whether all memory in [base, end) is no-map. */
static bool is_nomap(uint64_t base, uint64_t end)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		if (r->base < end && fuzz_end(r) > base && !(r->flags & MEMBLOCK_NOMAP))
			return false;
	}
	return true;
}

static void check_no_store(const struct boot *b, const struct fuzz_lists *before)
{
	CHECK(b->store_problem[0], "there is no store and no reason");
	CHECK(fuzz_same_lists(before), "a store that was refused changed the lists");
}

static void check_store(const struct boot *b, const struct fuzz_lists *before)
{
	uint64_t base = b->store_base, size = b->store_size;

	if (b->store_place == STORE_PLACE_NONE) {
		check_no_store(b, before);
		return;
	}
	CHECK(!b->store_problem[0], "there is a store, but: %s", b->store_problem);
	CHECK(base % STORE_REGION_ALIGN == 0 && size % STORE_REGION_ALIGN == 0 &&
		      size >= STORE_REGION_MIN && size <= STORE_REGION_MAX,
	      "store 0x%" PRIx64 "+0x%" PRIx64 ": no such place can be", base, size);
	CHECK(fuzz_covers(&memblock.memory, base, base + size), "the store is not in memory");
	CHECK(b->named_count == BOOT_NAMED_MAX || owners(b, base, size) == 1,
	      "store 0x%" PRIx64 "+0x%" PRIx64 ": %u reservations hold it", base, size,
	      owners(b, base, size));
	if (b->store_place == STORE_PLACE_TREE) {
		CHECK(fuzz_same_lists(before), "a store that has its place changed the lists");
		CHECK(fuzz_covers(&memblock.reserved, base, base + size) ||
			      is_nomap(base, base + size),
		      "the store's node is not reserved");
	} else {
		CHECK(fuzz_covers(&memblock.reserved, base, base + size),
		      "the store is not reserved");
		CHECK(!fuzz_was_reserved(before, base, base + size) &&
			      !fuzz_meets(&memblock.memory, base, base + size, MEMBLOCK_NOMAP),
		      "the store lies over something else");
	}
}

/* Of what an input can repeat only a parameter brings lines: two at most in five bytes. */
static void check_lines(const struct boot *b)
{
	size_t limit = LINES_MAX + strlen(b->cmdline) / 2;

	CHECK(lines <= limit, "%lu lines were logged, the trace not counted: expected %zu", lines,
	      limit);
}

static void find_bootdata(struct boot *b)
{
	const struct bootdata_places places = {
		.r2 = FUZZ_AT, .linked_in = fuzz_fixed_tree, .readable = readable, .map = map};

	b->image_base = FUZZ_IMAGE;
	b->image_size = MIB(1);
	bootdata_find(b, &places);
	params_early(b);
}

/* What main() does about memory, with checks between the steps. */
static void survey_memory(struct boot *b)
{
	struct fuzz_lists before;

	memory_scan(b, b->image_base);
	fuzz_check_lists();
	reserve_tree(b);
	reserve_find_initrd(b);
	params_memory(b);
	fuzz_check_lists();
	fuzz_check_memory(b);
	CHECK(memchr(b->init, '\0', sizeof(b->init)), "cairn.init= is too long");
	reserve_all(b);
	fuzz_check_lists();
	fuzz_check_reserved(b);
	fuzz_keep_lists(&before);
	store_region_place(b);
	fuzz_check_lists();
	check_store(b, &before);
	check_lines(b);
	if (memblock_trace_enabled())
		memblock_dump_all();
}

void fuzz_boot(uint32_t seed)
{
	inputs++;
	reset();
	find_bootdata(&boot);
	if (!boot.fdt_size && !boot.atags.present)
		return;
	fuzz_check_handed(&boot);
	survey_memory(&boot);
	fuzz_check_allocations(seed);
	boots++;
}
