/* SPDX-License-Identifier: MIT */
/* The rows. Addresses are numbers here: no memory lies behind them. */
#ifdef BENCH_LINUX
#include <linux/kernel.h>
#include <linux/memblock.h>
#else
#include "mm/memblock.h"
#endif
#include <string.h>

#include "tests/bench/bench_memblock.h"

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define BANK ((phys_addr_t)1 << 32) /* where the memory begins */
#else
#define BANK ((phys_addr_t)0x60000000)
#endif
#define SLOTS (INIT_MEMBLOCK_RESERVED_REGIONS)
#define REGIONS_MAX (SLOTS / 2)
#define ROOM ((phys_addr_t)0x10000000) /* free memory below the regions and above them */
#define STRIDE ((phys_addr_t)0x10000)  /* from one region to the next */
#define RESERVED ((phys_addr_t)0x1000) /* of that is reserved; the rest is a hole */
#define SMALL ((phys_addr_t)64)        /* fits into a hole */
#define LARGE STRIDE                   /* does not */
#define QUESTIONS_MAX 4096ul           /* calls in a pass of is_reserved_cold */
#define ALLOCATIONS 256ul              /* and in one of alloc_top and alloc_walk */
#define CALLS_MAX (REGIONS_MAX > QUESTIONS_MAX ? REGIONS_MAX : QUESTIONS_MAX)

typedef int change_fn(phys_addr_t base, phys_addr_t size);
typedef bool question_fn(phys_addr_t addr);
typedef phys_addr_t alloc_fn(phys_addr_t size, phys_addr_t align, phys_addr_t start,
			     phys_addr_t end);

/* The calls to make, one address each. */
static struct {
	phys_addr_t addr[CALLS_MAX];
	unsigned long count;
} calls;

/* The state that each pass begins with: of the regions only those that a pass changes. */
static struct {
	struct memblock_region regions[REGIONS_MAX];
	unsigned long first, changed, cnt;
	phys_addr_t total_size;
} start;

static phys_addr_t answers; /* of the last pass, summed up */

static uint64_t random_state; /* the same at the beginning of each row */

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

static void shuffle(void)
{
	for (unsigned long i = calls.count; i > 1; i--) {
		unsigned long j = random_below((uint32_t)i);
		phys_addr_t addr = calls.addr[i - 1];

		calls.addr[i - 1] = calls.addr[j];
		calls.addr[j] = addr;
	}
}

static phys_addr_t nth(unsigned long i)
{
	return BANK + ROOM + STRIDE * i;
}

/* Empties `reserved` as Linux's own tests do: the arrays are the whole state. */
static void empty_reserved(void)
{
	struct memblock_type *type = &memblock.reserved;

	memset(type->regions, 0, sizeof(*type->regions) * type->cnt);
	type->cnt = 1;
	type->total_size = 0;
}

static void reserve_all(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		memblock_reserve(nth(i), RESERVED);
}

/* What is in `reserved` now is where each pass begins; it changes CHANGED regions from FIRST on. */
static void start_here(unsigned long first, unsigned long changed)
{
	const struct memblock_type *type = &memblock.reserved;

	start.first = first;
	start.changed = changed;
	start.cnt = type->cnt;
	start.total_size = type->total_size;
	memcpy(start.regions, type->regions + first, sizeof(*type->regions) * changed);
}

static inline void go_to_start(void)
{
	struct memblock_type *type = &memblock.reserved;

	memcpy(type->regions + start.first, start.regions, sizeof(*type->regions) * start.changed);
	type->cnt = start.cnt;
	type->total_size = start.total_size;
}

static void prepare_reserve_asc(unsigned long n)
{
	for (calls.count = 0; calls.count < n; calls.count++)
		calls.addr[calls.count] = nth(calls.count);
	start_here(0, 1);
}

static void prepare_reserve_desc(unsigned long n)
{
	for (calls.count = 0; calls.count < n; calls.count++)
		calls.addr[calls.count] = nth(n - 1 - calls.count);
	start_here(0, 1);
}

static void prepare_reserve_random(unsigned long n)
{
	prepare_reserve_asc(n);
	shuffle();
}

/* One region in 16, so that there are about N of them all the while. */
static void prepare_free_random(unsigned long n)
{
	unsigned long count = n < 32 ? 2 : n / 16, step = n / count;

	for (calls.count = 0; calls.count < count; calls.count++)
		calls.addr[calls.count] = nth(calls.count * step + step / 2);
	shuffle();
	reserve_all(n);
	start_here(0, n);
}

/* Any region; every second address lies in it, the others in the hole behind it. */
static void prepare_questions(unsigned long n, unsigned long count)
{
	for (calls.count = 0; calls.count < count; calls.count++)
		calls.addr[calls.count] = nth(random_below((uint32_t)n)) +
					  (calls.count % 2 ? RESERVED : 0) +
					  random_below((uint32_t)RESERVED);
	shuffle();
	reserve_all(n);
	start_here(0, 0);
}

/* So few that the CPU comes to know the way to each of them. */
static void prepare_is_reserved(unsigned long n)
{
	prepare_questions(n, 256);
}

/* So many that it does not. */
static void prepare_is_reserved_cold(unsigned long n)
{
	prepare_questions(n, QUESTIONS_MAX);
}

static void prepare_alloc(unsigned long n, phys_addr_t size)
{
	for (calls.count = 0; calls.count < ALLOCATIONS; calls.count++)
		calls.addr[calls.count] = size;
	reserve_all(n);
}

/* All free memory lies above the regions; what is allocated becomes one with the last of them. */
static void prepare_alloc_top(unsigned long n)
{
	prepare_alloc(n - 1, SMALL);
	memblock_reserve(nth(n) + ROOM - RESERVED, RESERVED);
	memblock_set_current_limit(nth(n) + ROOM);
	start_here(n - 1, 1);
}

/* N holes, that above the last region included, and room below the first, which grows. */
static void prepare_alloc_walk(unsigned long n)
{
	prepare_alloc(n, LARGE);
	memblock_set_current_limit(nth(n));
	start_here(0, 1);
}

/* noipa: the loop must be the same code for memblock's function and for the empty one. */
static __attribute__((noipa)) phys_addr_t change(change_fn *fn)
{
	phys_addr_t sum = 0;

	go_to_start();
	for (unsigned long i = 0; i < calls.count; i++)
		sum += (phys_addr_t)fn(calls.addr[i], RESERVED);
	return sum;
}

static __attribute__((noipa)) phys_addr_t ask(question_fn *fn)
{
	phys_addr_t sum = 0;

	go_to_start();
	for (unsigned long i = 0; i < calls.count; i++)
		sum += fn(calls.addr[i]);
	return sum;
}

static __attribute__((noipa)) phys_addr_t allocate(alloc_fn *fn)
{
	phys_addr_t sum = 0;

	go_to_start();
	for (unsigned long i = 0; i < calls.count; i++)
		sum += fn(calls.addr[i], SMALL, MEMBLOCK_LOW_LIMIT, MEMBLOCK_ALLOC_ACCESSIBLE);
	return sum;
}

static int change_nothing(phys_addr_t base, phys_addr_t size)
{
	(void)base;
	(void)size;
	return 0;
}

static bool ask_nothing(phys_addr_t addr)
{
	(void)addr;
	return false;
}

static phys_addr_t allocate_nothing(phys_addr_t size, phys_addr_t align, phys_addr_t from,
				    phys_addr_t to)
{
	(void)size;
	(void)align;
	(void)from;
	(void)to;
	return 0;
}

static phys_addr_t pass_reserve(bool empty)
{
	return change(empty ? change_nothing : memblock_reserve);
}

static phys_addr_t pass_free(bool empty)
{
	return change(empty ? change_nothing : memblock_phys_free);
}

static phys_addr_t pass_is_reserved(bool empty)
{
	return ask(empty ? ask_nothing : memblock_is_reserved);
}

static phys_addr_t pass_alloc(bool empty)
{
	return allocate(empty ? allocate_nothing : memblock_phys_alloc_range);
}

const struct bench_row bench_rows[] = {
	{"reserve_asc", prepare_reserve_asc, pass_reserve},
	{"reserve_desc", prepare_reserve_desc, pass_reserve},
	{"reserve_random", prepare_reserve_random, pass_reserve},
	{"is_reserved", prepare_is_reserved, pass_is_reserved},
	{"is_reserved_cold", prepare_is_reserved_cold, pass_is_reserved},
	{"free_random", prepare_free_random, pass_free},
	{"alloc_top", prepare_alloc_top, pass_alloc},
	{"alloc_walk", prepare_alloc_walk, pass_alloc},
	{NULL, NULL, NULL},
};

void bench_prepare(const struct bench_row *row, unsigned long n)
{
	random_state = n;
	empty_reserved();
	memblock_remove(0, PHYS_ADDR_MAX);
	memblock_add(BANK, nth(n) + ROOM - BANK);
	memblock_set_current_limit(MEMBLOCK_ALLOC_ANYWHERE);
	row->prepare(n);
}

unsigned long bench_calls(void)
{
	return calls.count;
}

void bench_pass(const struct bench_row *row, bool empty)
{
	answers = row->pass(empty);
}

uint64_t bench_checksum(void)
{
	const struct memblock_type *type = &memblock.reserved;
	uint64_t sum = answers;

	for (unsigned long i = 0; i < type->cnt; i++)
		sum = (sum ^ type->regions[i].base) * 1099511628211u + type->regions[i].size;
	return (sum ^ type->total_size) + type->cnt;
}
