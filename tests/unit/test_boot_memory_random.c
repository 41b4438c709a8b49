/* SPDX-License-Identifier: MIT */
/*
 * Random trees and random lists of mem= against a map of pages that is filled by the rules and
 * nothing else.
 */
#include "tests/unit/boot_test.h"

#define ROUNDS 1500

/* ---- random, against a map of pages --------------------------------------------------------- */

#define PAGES 512u /* of the window that banks lie in */
#define BANKS_MAX 12u

/* A window of pages around the start of RAM, or up to the end of 32 bits. */
struct window {
	uint64_t base;
	uint64_t load;
};

static const struct window windows[] = {
	{0x5ff00000, 0x60010000},
	{0x60000000, 0x60010000},
	{0xffe00000, 0xf8010000},
	{0, 0x8000},
	{0x100000000 - 0x100000, 0xf8000000},
};

struct bank {
	uint64_t base, size;
	bool hotplug;
};

/* What is expected: for each page of the window 0, or 1 + flags. */
static uint8_t map[PAGES];
static uint64_t origin, ram_start;

/* Any range of the window; whole pages for one that will be marked. */
static bool random_bank(struct bank *bank, bool hotplug)
{
	uint64_t mask = hotplug || random_below(3) == 0 ? 0xfff : 0;
	uint64_t from = random_below(PAGES * 4096) & ~mask, to = random_below(PAGES * 4096) & ~mask;

	if (from > to) {
		uint64_t swap = from;

		from = to;
		to = swap;
	}
	if (random_below(4) == 0 && to - from > 0x4000)
		to = from + (random_below(0x4000) & ~mask);
	*bank = (struct bank){.base = origin + from, .size = to - from, .hotplug = hotplug};
	return bank->size > 0;
}

/* Sets the pages that lie wholly in [base, end), at or above the start of RAM, up to LAST. */
static void map_range(uint64_t base, uint64_t end, uint64_t last, bool hotplug)
{
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t page = origin + 4096ULL * i;

		if (page < base || page + 4096 > end || page < ram_start || page + 4096 > last)
			continue;
		map[i] |= (uint8_t)(hotplug ? 3 : 1);
	}
}

static void compare_map(void)
{
	uint64_t total = 0;

	list_check(&memblock.memory);
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t page = origin + 4096ULL * i, end = page + 4096;

		if (end - 1 >= PHYS_ADDR_MAX)
			end = PHYS_ADDR_MAX;
		if (!map[i])
			continue;
		total += end - page;
		if (!list_covers(&memblock.memory, page, end, map[i] >> 1))
			print_error("page 0x%" PRIx64 " is not there\n", page);
		assert_true(list_covers(&memblock.memory, page, end, map[i] >> 1));
	}
	assert_int_equal(memblock.memory.total_size, total);
}

/* Makes a tree of N random banks, some to a node; its cells are as small as its numbers allow. */
static unsigned random_tree(struct bank *banks)
{
	unsigned n = 1 + random_below(BANKS_MAX), made = 0;
	char path[32];

	tree_new(origin + PAGES * 4096ULL > 0xffffffff ? 2 : 1 + (int)random_below(2),
		 1 + (int)random_below(2));
	for (unsigned node = 0; made < n; node++) {
		uint64_t reg[2 * BANKS_MAX];
		bool hotplug = random_below(4) == 0;
		unsigned count = 0;

		snprintf(path, sizeof(path), "/memory@%x", node);
		do {
			if (!random_bank(&banks[made], hotplug))
				continue;
			reg[2 * count] = banks[made].base;
			reg[2 * count++ + 1] = banks[made].size;
			made++;
		} while (made < n && random_below(2));
		tree_string(path, "device_type", "memory");
		tree_pairs(path, "reg", reg, 2 * count);
		if (hotplug)
			tree_flag(path, "hotpluggable");
	}
	return n;
}

/* The start of RAM by its rule: 128 MiB around the load address if a bank is there. */
static uint64_t start_by_rule(const struct bank *banks, unsigned n, uint64_t load)
{
	uint64_t wanted = load - load % (128 * MEBI), lowest = UINT64_MAX;

	for (unsigned i = 0; i < n; i++) {
		if (banks[i].base <= wanted && wanted < banks[i].base + banks[i].size)
			return wanted;
		lowest = banks[i].base < lowest ? banks[i].base : lowest;
	}
	return lowest;
}

static void scan_random(void)
{
	const struct window *w = &windows[random_below(ARRAY_SIZE(windows))];
	struct bank banks[BANKS_MAX];
	unsigned n;

	boot_test_again();
	origin = w->base;
	do { /* one bank at least is in the address space */
		n = random_tree(banks);
		ram_start = start_by_rule(banks, n, w->load);
	} while (ram_start > PHYS_ADDR_MAX);
	memset(map, 0, sizeof(map));
	for (unsigned i = 0; i < n; i++)
		map_range(banks[i].base, banks[i].base + banks[i].size,
			  WIDE ? UINT64_MAX : 0x100000000, banks[i].hotplug);
	boot.image_base = (phys_addr_t)(w->load);
	boot_scan("");
	assert_true(boot.ram_start == ram_start);
}

static void test_random_trees(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		scan_random();
		compare_map();
	}
	printf("boot: %u random trees as a map of pages\n", ROUNDS);
}

static int size_text(char *to, uint64_t v)
{
	static const char *const formats[] = {"%" PRIu64, "0x%" PRIx64, "0%" PRIo64};

	if (v && v % 1024 == 0 && random_below(2))
		return sprintf(to, "%" PRIu64 "%c", v / 1024, "kK"[random_below(2)]);
	return sprintf(to, formats[random_below(3)], v);
}

/* A word of the command line, good or not, and what it does to the map. */
static int random_mem(char *to, bool *seen)
{
	static const char *const others[] = {"mem=junk",       "mem=0",   "mem=",   "mem=16E",
					     "x=\"mem=1M y\"", "memx=1M", "mem=5Z", "\"a mem=1M\""};
	struct bank bank;
	bool at;
	int n;

	if (random_below(4) == 0)
		return sprintf(to, "%s ", others[random_below(ARRAY_SIZE(others))]);
	if (!random_bank(&bank, false))
		return 0;
	at = random_below(4) || ram_start + bank.size > origin + PAGES * 4096ULL;
	n = sprintf(to, "mem=");
	n += size_text(to + n, bank.size);
	if (at) {
		to[n++] = '@';
		n += size_text(to + n, bank.base);
	} else {
		bank.base = ram_start;
	}
	if ((bank.base + 0xfff) / 4096 < (bank.base + bank.size) / 4096) {
		if (!*seen)
			memset(map, 0, sizeof(map));
		*seen = true;
		map_range(bank.base, bank.base + bank.size, WIDE ? UINT64_MAX : 0xfffff000, false);
	}
	return n + sprintf(to + n, " ");
}

static void test_random_mem(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		char cmdline[1024] = "";
		unsigned words = random_below(8);
		bool seen = false;
		int n = 0;

		scan_random();
		while (words-- > 0)
			n += random_mem(cmdline + n, &seen);
		if (random_below(4) == 0)
			strcpy(cmdline + n, "-- mem=3M@0x60000000");
		boot_params(cmdline);
		assert_int_equal(boot.mem_seen, seen);
		compare_map();
	}
	printf("boot: %u random mem= lists as a map of pages\n", ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_random_trees),
		BOOT_TEST(test_random_mem),
	};

	return cmocka_run_group_tests_name("boot_memory_random", tests, NULL, NULL);
}
