/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_place_test.h"

#include "boot/store_region.h"
#include "store/store.h"

#define CLOSED "the store stays closed"

static struct memblock_region before[INIT_MEMBLOCK_RESERVED_REGIONS];
struct memblock_type others_before;

int store_place_test_setup(void **state)
{
	boot_test_setup(state);
	MEMORY("/memory", 0x60000000, 0x20000000);
	return 0;
}

bool has_region(void)
{
	return boot.store_place != STORE_PLACE_NONE;
}

uint64_t placed_end(void)
{
	return (uint64_t)boot.store_base + boot.store_size;
}

/* What holds for a region wherever it came from. */
static void check_region(void)
{
	assert_int_equal(boot.store_base % STORE_REGION_ALIGN, 0);
	assert_int_equal(boot.store_size % STORE_REGION_ALIGN, 0);
	assert_in_range(boot.store_size, STORE_REGION_MIN, STORE_REGION_MAX);
	assert_string_equal(boot.store_problem, "");
	assert_not_said(CLOSED);
	assert_true(memblock_is_region_memory(boot.store_base, boot.store_size));
	assert_true(memblock_is_map_memory(boot.store_base)
			    ? list_covers(&memblock.reserved, boot.store_base, placed_end(), 0)
			    : list_covers(&memblock.memory, boot.store_base, placed_end(),
					  MEMBLOCK_NOMAP));
	assert_true(boot.store_base >= LOAD + 1 * MEBI || placed_end() <= LOAD);
	if (boot.store_place != STORE_PLACE_TREE)
		assert_false(
			memblock_overlaps_region(&others_before, boot.store_base, boot.store_size));
}

static void check_closed(void)
{
	assert_true(boot.store_problem[0] != '\0');
	assert_int_equal(log_count_holding(CLOSED), 1);
	assert_true(log_count_holding(boot.store_problem) >= 1);
}

void place_with(const char *cmdline)
{
	boot_scan_and_reserve(cmdline);
	others_before = memblock.reserved;
	memcpy(before, memblock.reserved.regions, sizeof(before));
	others_before.regions = before;
	store_region_place(&boot);
	list_check(&memblock.reserved);
	if (has_region())
		check_region();
	else
		check_closed();
}

void expect_placed(enum store_place place, uint64_t base, uint64_t size)
{
	assert_int_equal(boot.store_place, place);
	assert_int_equal(boot.store_base, base);
	assert_int_equal(boot.store_size, size);
}

void expect_closed(const char *why)
{
	assert_false(has_region());
	if (!strstr(boot.store_problem, why))
		print_error("\"%s\" is not in: %s\n", why, boot.store_problem);
	assert_true(strstr(boot.store_problem, why) != NULL);
}
