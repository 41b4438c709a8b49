/* SPDX-License-Identifier: MIT */
#include "tests/unit/arena_test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/memory_lock.h"
#include "mm/overcommit.h"

#define MEMORY_PAGES 16384U
#define LEAVES 4U
#define SPACE_PAGES (PGTABLE_SPACE / PAGE)

struct pgtable tables;
bool check_order;
void (*on_probe)(uintptr_t address);

static uint32_t tlb[SPACE_PAGES];   /* where a page lies; 0: not known */
static uint32_t known[SPACE_PAGES]; /* the pages that are, of which there are */
static unsigned known_count;
static uint8_t *mapped; /* the board's memory */
static struct {
	struct memblock_region regions[2][2 * INIT_MEMBLOCK_REGIONS];
	struct memblock_type types[2];
} noted;

static void make_memory(void)
{
	void *hint = (void *)(uintptr_t)MEMORY_BASE;

	if (!mapped)
		mapped = mmap(hint, PG(MEMORY_PAGES), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(mapped, hint);
	memset(mapped, 0xa5, PG(MEMORY_PAGES));
}

static uint32_t word_at(uint32_t at)
{
	assert_in_range(at, MEMORY_BASE, MEMORY_BASE + PG(MEMORY_PAGES) - 4);
	return *(uint32_t *)(uintptr_t)at;
}

/* Where the page of ADDRESS lies, by a walk (ARM DDI 0406C, B3.5.1); 0: nowhere. */
static uint32_t walk(uint32_t address)
{
	uint32_t entry = word_at(tables.at + (address >> 20) * 4);

	if ((entry & 3) == 0)
		return 0;
	assert_int_equal(entry & 0x3ff, 1);
	assert_true(memblock_is_reserved(entry & ~0x3ffU)); /* tables that are somebody's */
	entry = word_at((entry & ~0x3ffU) + (address >> 12 & 0xff) * 4);
	if ((entry & 3) == 0)
		return 0;
	assert_int_equal(entry & 0xfff, 0x45f); /* memory, written, not executed */
	assert_true(memblock_is_reserved(entry & ~0xfffU));
	return entry & ~0xfffU;
}

bool is_mapped(uintptr_t address)
{
	return walk((uint32_t)address) != 0;
}

/* ---- what an arena's maker has to do in order ---- */

static struct {
	uint32_t address;    /* of the access that faulted */
	unsigned step;       /* the next barrier is that of */
	phys_addr_t cleared; /* the page that was asked for last, to be cleared */
} making;

static void *in_memory(phys_addr_t base)
{
	making.cleared = base;
	return (void *)(uintptr_t)base;
}

static bool is_clear(phys_addr_t at)
{
	const uint8_t *byte = (const uint8_t *)(uintptr_t)at;

	return !byte[0] && !memcmp(byte, byte + 1, PAGE - 1);
}

/* Tables are clear, then lent; then a page is clear, then mapped. */
static void barrier(void)
{
	uint32_t lent = pgtable_lent(&tables, making.address), page = walk(making.address);

	assert_true(is_clear(making.cleared));
	if (!check_order)
		return;
	assert_int_equal(lent, making.step == 0 ? 0 : making.step == 1 ? making.cleared : lent);
	assert_int_equal(page, making.step < 3 ? 0 : making.cleared);
	making.step++;
}

static void begin_making(uintptr_t address)
{
	making.address = (uint32_t)address;
	making.step = pgtable_lent(&tables, making.address) ? 2 : 0;
}

static void unmade(void)
{
	while (known_count)
		tlb[known[--known_count]] = 0;
}

/* Nobody's TLB has what is freed. */
static void on_range(const char *call, phys_addr_t base, phys_addr_t size UNUSED,
		     const int *nid UNUSED, enum memblock_flags flags UNUSED,
		     const void *caller UNUSED)
{
	if (strcmp(call, "memblock_phys_free"))
		return;
	for (unsigned i = 0; i < known_count; i++)
		assert_int_not_equal(tlb[known[i]], base);
}

static void on_alloc(const char *call UNUSED, phys_addr_t size UNUSED, phys_addr_t align UNUSED,
		     const int *nid UNUSED, phys_addr_t from UNUSED, phys_addr_t max UNUSED,
		     const void *caller UNUSED)
{
}

static void on_doubled(const struct memblock_type *type UNUSED, phys_addr_t base UNUSED,
		       phys_addr_t size UNUSED)
{
}

/* ---- accesses ---- */

/* The byte at ADDRESS, or NULL and *ERR. */
static uint8_t *translate(uintptr_t address, bool atomic, int *err)
{
	uint32_t page = (uint32_t)address / PAGE;

	while (!tlb[page]) {
		tlb[page] = walk((uint32_t)address);
		if (tlb[page]) {
			known[known_count++] = page;
			break;
		}
		begin_making(address);
		*err = arena_fault(address, atomic);
		if (*err)
			return NULL;
		assert_true(is_mapped(address)); /* or the access would fault again and again */
	}
	*err = 0;
	return (uint8_t *)(uintptr_t)(tlb[page] + address % PAGE);
}

int load(uintptr_t address, uint8_t *value)
{
	int err;
	const uint8_t *at = translate(address, true, &err);

	if (at)
		*value = *at;
	return err;
}

int store(uintptr_t address, uint8_t value)
{
	int err;
	uint8_t *at = translate(address, true, &err);

	if (at)
		*at = value;
	return err;
}

uint8_t byte_at(uintptr_t address)
{
	uint8_t value = 0;

	assert_int_equal(load(address, &value), 0);
	return value;
}

static int probe(uintptr_t address)
{
	int err;

	if (on_probe)
		on_probe(address);
	return translate(address, false, &err) ? 0 : -EFAULT;
}

/* ---- a board ---- */

void start_arenas(uint32_t pages, const struct oom_settings *settings)
{
	static struct memblock_region *first;
	static const struct memblock_tracer tracer = {on_range, on_alloc, on_doubled};
	static const struct arena_env env = {.pt = &tables,
					     .memory = in_memory,
					     .barrier = barrier,
					     .unmade = unmade,
					     .probe = probe};
	uint64_t mib = ROUND_UP(PG(pages), MIB(1));

	if (!first)
		first = memblock.reserved.regions;
	memblock.reserved.regions = first;
	make_memory();
	unmade();
	check_order = true;
	on_probe = NULL;
	memory_lock_start(0);
	start_board(pages, settings);
	memblock_tracer = &tracer;
	memblock_allow_resize();
	overcommit_set(OVERCOMMIT_ALWAYS, OVERCOMMIT_RATIO);
	assert_int_equal(memblock_reserve(MEMORY_BASE, ROUND_UP(PGTABLE_BYTES(LEAVES), PAGE)), 0);
	pgtable_init(&tables, in_memory(MEMORY_BASE), MEMORY_BASE, LEAVES);
	assert_int_equal(pgtable_map(&tables, MEMORY_BASE, mib, PGTABLE_RAM), 0);
	arenas_start(&env);
}

struct arena *add_arena(const char *name, uint64_t bytes)
{
	struct arena *a = NULL;
	struct task *t;

	assert_int_equal(task_create(name, NULL, 0, &t), 0);
	assert_int_equal(arena_create(t, bytes, &a), 0);
	assert_ptr_equal(arena_of(t), a);
	return a;
}

static void note(unsigned i, const struct memblock_type *type)
{
	assert_true(type->cnt <= 2 * INIT_MEMBLOCK_REGIONS);
	noted.types[i] = *type;
	memcpy(noted.regions[i], type->regions, type->cnt * sizeof(*type->regions));
}

void note_lists(void)
{
	note(0, &memblock.memory);
	note(1, &memblock.reserved);
}

static void same_list(unsigned i, const struct memblock_type *type)
{
	assert_int_equal(type->cnt, noted.types[i].cnt);
	assert_int_equal(type->max, noted.types[i].max);
	assert_int_equal(type->total_size, noted.types[i].total_size);
	assert_ptr_equal(type->regions, noted.types[i].regions);
	assert_memory_equal(type->regions, noted.regions[i], type->cnt * sizeof(*type->regions));
}

void same_lists(void)
{
	same_list(0, &memblock.memory);
	same_list(1, &memblock.reserved);
}
